/**
 * Typed arrays of a caller between a call and its turn: they may be transferred, resized or shrunk meanwhile, by this
 * thread or another.
 */
import { EwaldError } from './errors.js';

type View = ArrayBufferView & { readonly length: number };
type Resizable = { readonly resizable?: boolean; readonly growable?: boolean };

/**
 * The array as long as it is now. One that follows the length of a resizable buffer would be longer when its turn
 * comes; this one is as long, or out of bounds and empty.
 */
export function asItIs<T extends View>(array: T): T {
  // One that was transferred away before the call: nothing can be made of its buffer any more.
  if (array.length === 0) return new (array.constructor as new () => T)();
  const { resizable, growable } = array.buffer as Resizable;
  if (!resizable && !growable) return array;
  const Same = array.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
  return new Same(array.buffer, array.byteOffset, array.length);
}

/** Throws `Shape` where an array is not as long any more as it was at the call. */
export function assertIntact(what: string, array: { readonly length: number }, length: number, when: string): void {
  if (array.length !== length)
    throw new EwaldError(
      'Shape',
      `${what} was detached or shrunk ${when}: it has ${array.length} of ${length} numbers; keep it until the promise settles`,
    );
}
