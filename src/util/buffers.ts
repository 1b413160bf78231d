/**
 * The caller's typed arrays between a call and its execution: they may be transferred, resized or shrunk in the
 * meantime, by this thread or another.
 */
import { EwaldError } from './errors.js';

type View = ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };
type Resizable = { readonly resizable?: boolean; readonly growable?: boolean };

/**
 * The current length of an array; 0 if it was transferred. Does not use `length`: optimised code of V8 11.3 (Node 20)
 * that has seen resizable buffers returns the old length of a transferred array. `byteLength` is correct; delete this
 * with Node 20.
 */
export const lengthOf = (array: View): number => array.byteLength / array.BYTES_PER_ELEMENT;

/** Whether an array was transferred or its buffer shrunk below it, as opposed to being empty. */
export function isLost(array: View): boolean {
  if (array.byteLength > 0) return false;
  try {
    // Every method of such an array throws; this one has no other effect.
    (array as View & { keys(): unknown }).keys();
    return false;
  } catch {
    return true;
  }
}

/**
 * The array with its current length fixed. An array that tracks a resizable buffer could be longer when it is used;
 * this one keeps its length, or becomes out of bounds and empty.
 */
export function asItIs<T extends View>(array: T): T {
  // The array was transferred before the call: its buffer is unusable.
  const length = lengthOf(array);
  if (length === 0) return new (array.constructor as new () => T)();
  const { resizable, growable } = array.buffer as Resizable;
  if (!resizable && !growable) return array;
  const Same = array.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
  return new Same(array.buffer, array.byteOffset, length);
}

/** Throws `Shape` if an array is no longer as long as it was at the call. */
export function assertIntact(what: string, array: View, length: number, when: string): void {
  const found = lengthOf(array);
  if (found !== length)
    throw new EwaldError(
      'Shape',
      `${what} was detached or shrunk ${when}: it has ${found} of ${length} numbers; keep it until the promise settles`,
    );
}

/** The bytes of a file in memory, in place. Throws `Shape` if they were transferred away. */
export function bytesIn(what: string, bytes: Uint8Array | ArrayBuffer): Uint8Array {
  try {
    const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
    if (!isLost(view)) return view;
  } catch {
    // A buffer that can no longer be viewed.
  }
  throw new EwaldError(
    'Shape',
    `${what}: the bytes were detached, as by a transfer to another thread; pass a copy, or what holds them now`,
  );
}
