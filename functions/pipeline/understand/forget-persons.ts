import type { AtomId } from '../../contracts/ids.ts';
import type { SubjectKeyring } from '../../contracts/subject-keys.ts';
import { candidateToken, type JurisdictionSecrets } from '../../contracts/tokens.ts';
import { forget } from '../2-identify/probabilistic/forget.ts';
import type { CandidateStore } from '../2-identify/probabilistic/ports.ts';
import { recordOfPerson } from './acquaintances.ts';
import { openPersons } from './person.ts';
import type { ProfileStore } from './ports.ts';

/** Takes atoms out of the candidate index: their customer no longer allows matching, or is to be erased, or past their time.
 * Call it before the persons are removed and the secrets destroyed: where an atom stands follows from what its person says.
 * Safe to repeat.
 * @throws TransientError, ThrottledError */
export async function forgetPersons(
  atomIds: readonly AtomId[],
  ports: {
    readonly profiles: Pick<ProfileStore, 'storedPersons'>;
    readonly keyring: Pick<SubjectKeyring, 'read'>;
    readonly candidates: CandidateStore;
  },
  secrets: JurisdictionSecrets,
): Promise<void> {
  const [stored, keys] = await Promise.all([
    ports.profiles.storedPersons(atomIds),
    ports.keyring.read(atomIds),
  ]);
  const persons = await openPersons(stored, new Map(keys), ports.keyring);
  const records = new Map([...persons].map(([id, person]) => [id, recordOfPerson(person)]));
  if (records.size > 0) await forget(records, ports.candidates, (text) => candidateToken(secrets, text));
}
