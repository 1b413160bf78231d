/**
 * Typed arrays of a caller between a call and its turn: they may be transferred, resized or shrunk meanwhile, by this
 * thread or another.
 */
import { EwaldError } from './errors.js';

type View = ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };
type Resizable = { readonly resizable?: boolean; readonly growable?: boolean };

/**
 * The numbers of an array now; 0 when it was transferred away. Not its `length`: optimised code of V8 11.3 (Node 20)
 * that has seen resizable buffers gives a transferred array its old one. `byteLength` is right; delete this with Node 20.
 */
export const lengthOf = (array: View): number => array.byteLength / array.BYTES_PER_ELEMENT;

/** Whether an array was transferred away or its buffer shrunk below it: it is not just empty, its numbers are gone. */
export function isLost(array: View): boolean {
  if (array.byteLength > 0) return false;
  try {
    // Every method of such an array throws; this one does nothing else.
    (array as View & { keys(): unknown }).keys();
    return false;
  } catch {
    return true;
  }
}

/**
 * The array as long as it is now. One that follows the length of a resizable buffer would be longer when its turn
 * comes; this one is as long, or out of bounds and empty.
 */
export function asItIs<T extends View>(array: T): T {
  // One that was transferred away before the call: nothing can be made of its buffer any more.
  const length = lengthOf(array);
  if (length === 0) return new (array.constructor as new () => T)();
  const { resizable, growable } = array.buffer as Resizable;
  if (!resizable && !growable) return array;
  const Same = array.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
  return new Same(array.buffer, array.byteOffset, length);
}

/** Throws `Shape` where an array is not as long any more as it was at the call. */
export function assertIntact(what: string, array: View, length: number, when: string): void {
  const found = lengthOf(array);
  if (found !== length)
    throw new EwaldError(
      'Shape',
      `${what} was detached or shrunk ${when}: it has ${found} of ${length} numbers; keep it until the promise settles`,
    );
}
