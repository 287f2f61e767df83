import type { IdentifierToken } from '../../contracts/ids.ts';
import type { IdentifierType } from '../../contracts/signal.ts';
import type { Decision } from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import type { Limit } from '../../registry/identifier-definition.ts';
import { type LinkPolicy, limitCode, windowOf } from './limits.ts';

/** Union–find with path halving. */
export class Partition {
  readonly #parent = new Map<IdentifierToken, IdentifierToken>();
  readonly #size = new Map<IdentifierToken, number>();

  root(node: IdentifierToken): IdentifierToken {
    let at = node;
    for (;;) {
      const parent = this.#parent.get(at);
      if (parent === undefined) return at;
      const grandparent = this.#parent.get(parent);
      if (grandparent === undefined) return parent;
      this.#parent.set(at, grandparent);
      at = grandparent;
    }
  }

  sizeOf(node: IdentifierToken): number {
    return this.#size.get(this.root(node)) ?? 1;
  }

  join(a: IdentifierToken, b: IdentifierToken): void {
    const [rootA, rootB] = [this.root(a), this.root(b)];
    if (rootA === rootB) return;
    this.#size.set(rootA, this.sizeOf(rootA) + this.sizeOf(rootB));
    this.#parent.set(rootB, rootA);
  }

  /** The nodes by the component they are in. */
  groups(nodes: Iterable<IdentifierToken>): readonly (readonly IdentifierToken[])[] {
    const groups = new Map<IdentifierToken, IdentifierToken[]>();
    for (const node of nodes) {
      const root = this.root(node);
      const group = groups.get(root);
      if (group === undefined) groups.set(root, [node]);
      else group.push(node);
    }
    return [...groups.values()];
  }
}

/** How many identifiers of a type a component has, by window of the type's limit. */
type Counts = ReadonlyMap<number, number>;

const add = (a: Counts, b: Counts): Counts => {
  const sum = new Map(a);
  for (const [window, count] of b) sum.set(window, (sum.get(window) ?? 0) + count);
  return sum;
};

/** A partition in which no component ever holds two identifiers that were told apart, nor (unless a person says so) more of
 * a type than one subject may have. Joining in a canonical order makes it a function of the sets alone. */
export class GuardedPartition {
  readonly #partition = new Partition();
  /** By root: identifiers that may not come in. */
  readonly #foes = new Map<IdentifierToken, readonly IdentifierToken[]>();
  readonly #limits = new Map<IdentifierType, Limit>();
  readonly #counts = new Map<IdentifierType, Map<IdentifierToken, Counts>>();

  /** @param firstDays when each node was first seen with another */
  constructor(
    nodes: ReadonlySet<IdentifierToken>,
    firstDays: ReadonlyMap<IdentifierToken, number>,
    decisions: Iterable<Decision>,
    { subjects }: LinkPolicy,
  ) {
    for (const { a, b, verdict } of decisions) {
      if (verdict !== 'different' || !nodes.has(a) || !nodes.has(b)) continue;
      this.#foes.set(a, [...(this.#foes.get(a) ?? []), b]);
      this.#foes.set(b, [...(this.#foes.get(b) ?? []), a]);
    }
    const byType = Map.groupBy(nodes, typeOfToken);
    for (const [type, own] of byType) {
      const limit = subjects[type];
      // Most components are far below any limit: then there is nothing to count.
      if (limit === undefined || own.length <= limit.max) continue;
      this.#limits.set(type, limit);
      const counts = own.map(
        (node) => [node, new Map([[windowOf(limit, firstDays.get(node) ?? 0), 1]])] as const,
      );
      this.#counts.set(type, new Map(counts));
    }
  }

  /** Joins the components of two identifiers, unless that may not be.
   * @param decided a person says they are one: limits do not count then
   * @returns what forbids it: `told-apart`, or a subject's limit; null when they are one now */
  join(a: IdentifierToken, b: IdentifierToken, decided: boolean): string | null {
    const [rootA, rootB] = [this.#partition.root(a), this.#partition.root(b)];
    if (rootA === rootB) return null;
    if (this.#foes.get(rootA)?.some((foe) => this.#partition.root(foe) === rootB) === true)
      return 'told-apart';
    const full = decided ? null : this.#limitBetween(rootA, rootB);
    if (full !== null) return full;
    this.#partition.join(rootA, rootB);
    const root = this.#partition.root(rootA);
    const foes = [...(this.#foes.get(rootA) ?? []), ...(this.#foes.get(rootB) ?? [])];
    if (foes.length > 0) this.#foes.set(root, foes);
    for (const counts of this.#counts.values())
      counts.set(root, add(counts.get(rootA) ?? new Map(), counts.get(rootB) ?? new Map()));
    return null;
  }

  #limitBetween(rootA: IdentifierToken, rootB: IdentifierToken): string | null {
    for (const [type, limit] of this.#limits) {
      const counts = this.#counts.get(type);
      const [own, other] = [counts?.get(rootA), counts?.get(rootB)];
      if (own === undefined || other === undefined || own.size === 0 || other.size === 0) continue;
      for (const count of add(own, other).values()) if (count > limit.max) return limitCode(type, limit);
    }
    return null;
  }

  groups(nodes: Iterable<IdentifierToken>): readonly (readonly IdentifierToken[])[] {
    return this.#partition.groups(nodes);
  }
}
