/** Makes `Date` of this thread tell the region's time: `new Date()` and `Date.now()` are ahead of the machine's clock by
 * what `ahead` holds. Dates that are made from a value stay what they are.
 * @param ahead one number, ms, shared with the region */
export function tellRegionTime(ahead: Float64Array): void {
  const real = globalThis.Date;
  const now = (): number => real.now() + (ahead[0] ?? 0);
  globalThis.Date = new Proxy(real, {
    construct: (target, given: unknown[], newTarget) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as Date,
    apply: () => new real(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
