/**
 * Waits that a signal ends: for items of a source, a user's function or another process, any of which may never come.
 * A wait that is over leaves no listener on the signal.
 */
import { EwaldError, isEwaldError } from './errors.js';
import type { PlatformSignal } from './globals.js';

/** The error of work that its signal ended; a signal that fired because something was disposed has its own reason. */
export const abortError = ({ reason }: Pick<AbortSignal, 'reason'>, what = 'the work'): EwaldError =>
  isEwaldError(reason, 'Disposed')
    ? reason
    : new EwaldError('Aborted', `${what} was aborted by its signal`, { cause: reason });

/** What waits for each signal: one listener, since engines report more than ten on a signal as a leak. */
const waits = new WeakMap<PlatformSignal, Set<() => void>>();

/** Calls a function once the signal fires; returns what ends that. */
function onceAborted(signal: PlatformSignal, call: () => void): () => void {
  let calls = waits.get(signal);
  if (!calls) {
    calls = new Set();
    waits.set(signal, calls);
    signal.addEventListener('abort', fire, { once: true });
  }
  const all = calls.add(call);
  return () => {
    all.delete(call);
    if (all.size > 0 || waits.get(signal) !== all) return;
    waits.delete(signal);
    signal.removeEventListener('abort', fire);
  };
}

function fire(this: unknown): void {
  const signal = this as PlatformSignal;
  const calls = waits.get(signal);
  waits.delete(signal);
  for (const call of calls ?? []) call();
}

/** What `waited` becomes, or `Aborted` once the signal fires; whatever it becomes later is ignored. */
export function abortable<T>(waited: T | PromiseLike<T>, signal: PlatformSignal | undefined): Promise<T> {
  if (!signal) return Promise.resolve(waited);
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortError(signal));
    // A second rejection has no effect.
    const over = signal.aborted ? abort : onceAborted(signal, abort);
    Promise.resolve(waited).then(resolve, reject).then(over);
    if (signal.aborted) abort();
  });
}

/** The iterator of a source of items, which may be asynchronous; undefined for anything else. */
export function iteratorOf<T>(source: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> | undefined {
  const given = source as Partial<Iterable<T> & AsyncIterable<T>> | null | undefined;
  return given?.[Symbol.asyncIterator]?.() ?? given?.[Symbol.iterator]?.();
}

/** The items of a source, until the signal fires. */
export async function* abortableItems<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: PlatformSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const iterator = iteratorOf(source);
  let isOver = !iterator;
  try {
    while (iterator && !isOver) {
      const { done, value } = await abortable(iterator.next(), signal);
      if (done) isOver = true;
      // An iterable that is not asynchronous may hold promises, as in `for await`.
      else yield await abortable(value, signal);
    }
  } catch (error) {
    // A source that has failed is over.
    isOver = !signal?.aborted;
    throw error;
  } finally {
    if (!isOver) await closeIterator(iterator as AsyncIterator<T>);
  }
}

/**
 * Ends a source. One that is still waiting for its next item ends when that item arrives, which may be never; this
 * function does not wait for it.
 */
export async function closeIterator(source: Pick<AsyncIterator<unknown> | Iterator<unknown>, 'return'>): Promise<void> {
  const ended = (async () => source.return?.())().catch(() => undefined);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 0))]);
}
