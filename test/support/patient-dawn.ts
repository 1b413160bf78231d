/**
 * While Dawn in Node waits for its device it asks for its events in every turn of the event loop. With a software GPU
 * the waiting thread would thus take a processor from the threads that compile and compute.
 */
export function askOncePerMillisecond(): void {
  const { setImmediate: next } = globalThis;
  /** Dawn looks the function up for each turn, and passes a native function without a name. */
  const isOfDawn = (call: unknown, rest: readonly unknown[]): boolean =>
    rest.length === 0 && typeof call === 'function' && call.name === '' && `${call}`.includes('[native code]');
  globalThis.setImmediate = Object.assign(
    (call: (...rest: unknown[]) => void, ...rest: unknown[]) =>
      isOfDawn(call, rest) ? setTimeout(call, 1) : next(call, ...rest),
    next,
  ) as typeof next;
}
