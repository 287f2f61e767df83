/**
 * How far files without duplicates overlap, as found so far.
 *
 * Two records of two such files that agree in all a home shares are of one person, or of two people of that home. In the
 * second case the person of neither record is in the other file: had it been, that would be the record to join. In the
 * first case nobody is missing. So the odds for one person are
 *
 *     prior odds * 1 / ((1 - a) (1 - b)),
 *
 * where `a` and `b` are the shares of people of either file who are in the other. They are estimated by the records
 * joined so far, with a uniform prior (Laplace's rule), as in the beta prior for bipartite matchings of Sadinle (2017,
 * "Bayesian estimation of bipartite matchings for record linkage", JASA 112). What has been missed makes them too low,
 * which errs on the side of keeping people apart.
 */
export class Overlap {
  readonly #records = new Map<number, number>();
  readonly #joined = new Map<number, number>();

  arrive(source: number): void {
    raise(this.#records, source, 1);
  }

  /** A record of the source has been joined with another's (1), or is alone again (-1). */
  join(source: number, by: 1 | -1): void {
    raise(this.#joined, source, by);
  }

  /** Bits by which the odds of one person, against two of one home, are higher than where files have duplicates. */
  bits(sourceA: number, sourceB: number): number {
    return -Math.log2(this.#absent(sourceA)) - Math.log2(this.#absent(sourceB));
  }

  /** Chance that a person of the source is in no other. */
  #absent(source: number): number {
    const records = this.#records.get(source) ?? 0;
    return (records - (this.#joined.get(source) ?? 0) + 1) / (records + 2);
  }
}

const raise = (counts: Map<number, number>, key: number, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};
