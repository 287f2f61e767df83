import type { Node } from 'constructs';
import cdk from '../cdk.json' with { type: 'json' };

/** What `cdk.json` sets, so that `node bin/app.ts` without the CLI makes the same stacks as with it. */
export const defaultContext: Readonly<Record<string, unknown>> = cdk.context;

/** How the streams are paid for. `on-demand` follows the load; `provisioned` is cheaper for a known, steady one. */
export type StreamCapacity =
  | { readonly mode: 'on-demand' }
  | { readonly mode: 'provisioned'; readonly shards: number };

/** What a deployer chooses at synthesis. */
export interface Settings {
  /** Codes of the enabled jurisdictions. */
  readonly jurisdictions: readonly string[];
  /** AWS account by jurisdiction code; a stack without one goes to the account of the credentials. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly streams: StreamCapacity;
}

/**
 * Reads the settings from CDK context: `jurisdictions` (comma-separated or a list), `accounts` (`{"eu": "111…"}`),
 * `streamMode` (`on-demand` or `provisioned`) and `shards`. On a command line (`-c`) everything is text, so lists and
 * maps may be JSON.
 * @throws Error naming the setting and what it may be
 */
export function settingsFrom(node: Node): Settings {
  return {
    jurisdictions: codesOf(node.tryGetContext('jurisdictions')),
    accounts: accountsOf(node.tryGetContext('accounts')),
    streams: streamsOf(node.tryGetContext('streamMode') ?? 'on-demand', node.tryGetContext('shards')),
  };
}

function codesOf(given: unknown): readonly string[] {
  const parts = Array.isArray(given) ? given.map(String) : String(given ?? '').split(',');
  return parts.map((part) => part.trim().toLowerCase()).filter((part) => part !== '');
}

function accountsOf(given: unknown): Readonly<Record<string, string>> {
  if (given === undefined) return {};
  const wrong = () =>
    new Error(
      'context "accounts" must map jurisdiction codes to 12-digit account ids: {"eu":"111122223333"}',
    );
  let accounts: unknown = given;
  if (typeof given === 'string') {
    try {
      accounts = JSON.parse(given);
    } catch {
      throw wrong();
    }
  }
  if (typeof accounts !== 'object' || accounts === null || Array.isArray(accounts)) throw wrong();
  for (const account of Object.values(accounts)) if (!/^\d{12}$/.test(String(account))) throw wrong();
  return Object.fromEntries(Object.entries(accounts).map(([code, account]) => [code, String(account)]));
}

function streamsOf(mode: unknown, shardsGiven: unknown): StreamCapacity {
  if (mode === 'on-demand') return { mode };
  if (mode !== 'provisioned') throw new Error('context "streamMode" must be "on-demand" or "provisioned"');
  const shards = Number(shardsGiven);
  if (!Number.isInteger(shards) || shards < 1)
    throw new Error(
      'context "shards" must be a whole number of at least 1 when "streamMode" is "provisioned"',
    );
  return { mode, shards };
}
