import type { IdentifierToken, MessageToken } from '../../contracts/ids.ts';
import type { RawIdentifier, ReceiptView } from '../../contracts/operations.ts';
import { messageToken } from '../../contracts/tokens.ts';
import { decodeWindow, isWithheld, messagePrefix } from '../3-profile/seen.ts';
import { tokensOf } from './customer.ts';
import type { ServePorts, SubjectStore } from './ports.ts';
import type { Answered, ServePolicy } from './setting.ts';

/**
 * `POST /v1/receipts/lookup`: how the event with this messageId ended. With the identifiers that the event carried, the
 * profile's own memory of messages is asked too, and `applied` is certain; it overrules an earlier refusal (the client
 * sent it again after consent, or it was replayed after repair).
 * @throws ThrottledError, TransientError
 */
export async function lookupReceipt(
  messageId: string,
  identifiers: readonly RawIdentifier[],
  policy: ServePolicy,
  ports: Pick<ServePorts, 'receipts' | 'subjects'>,
): Promise<Answered<ReceiptView>> {
  const tokens = tokensOf(identifiers, policy);
  if ('refusal' in tokens) return tokens;
  const message = messageToken(policy.secrets, messageId);
  const [records, isApplied] = await Promise.all([
    ports.receipts.find([message]),
    wasApplied(message, [...tokens.answer.keys()], ports.subjects),
  ]);
  if (isApplied) return { answer: { messageId, outcome: 'applied', reason: null, receivedAt: null } };
  const record = records.get(message);
  if (record === undefined) {
    return {
      refusal: {
        status: 404,
        title: 'No refusal on record',
        detail:
          'No refusal is recorded for it: it was applied, is a duplicate of one that was, or never arrived.',
      },
    };
  }
  const { outcome, reason, receivedAt, replayedAt } = record;
  return {
    answer: {
      messageId,
      outcome,
      reason,
      receivedAt: new Date(receivedAt).toISOString(),
      ...(replayedAt === undefined ? {} : { replayedAt: new Date(replayedAt).toISOString() }),
    },
  };
}

/** Whether one of the atoms has counted the message: in its window, or in a page of older ones. */
async function wasApplied(
  message: MessageToken,
  atoms: readonly IdentifierToken[],
  store: SubjectStore,
): Promise<boolean> {
  if (atoms.length === 0) return false;
  const prefix = messagePrefix(message);
  const { nodes } = await store.read(atoms, [], true);
  const paged: IdentifierToken[] = [];
  for (const { id, seen } of nodes.values()) {
    if (seen === null) continue;
    const window = decodeWindow(seen);
    if (window.entries.some((entry) => entry.message === prefix && !isWithheld(entry))) return true;
    if (window.floorMinute >= 0) paged.push(id);
  }
  const pages = await Promise.all(paged.map((id) => store.pagedMessages(id, 0)));
  return pages.some((messages) => messages.has(prefix));
}
