/** Calls under way at once, unless told otherwise. */
const LANES = 16;

/** Runs a call for each value, a few at a time. @returns the results in the order of the values */
export async function inTurns<T, R>(
  values: readonly T[],
  call: (value: T) => Promise<R>,
  lanes = LANES,
): Promise<R[]> {
  const results = new Array<R>(values.length);
  const turns = values.entries();
  const lane = async (): Promise<void> => {
    for (const [at, value] of turns) results[at] = await call(value);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, values.length) }, lane));
  return results;
}
