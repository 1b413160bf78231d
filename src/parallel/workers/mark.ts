/** Marks the workers of executors, in which no further ones are started. */

/** A property of the global object, because the modules of users may import another copy of this one. */
const mark = Symbol.for('ewald.executors.worker');

export function markWorker(): void {
  Object.defineProperty(globalThis, mark, { value: true, configurable: true });
}

/** Whether this thread is a worker of an executor. */
export const isWorker = (): boolean => mark in globalThis;
