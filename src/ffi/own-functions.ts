/** Functions of open libraries as what they are to C: pointers, which it calls without JavaScript. */

import type { Pointer } from './pointer.js';

const pointers = new WeakMap<object, () => Pointer | undefined>();

/** Says which pointer a function of a library is; it is made when it is needed. */
export function isFunctionOfC(bound: object, pointer: () => Pointer | undefined): void {
  pointers.set(bound, pointer);
}

/** The pointer that a function of a library is; undefined for other functions, and where the library has no place for it. */
export const pointerOf = (value: unknown): Pointer | undefined =>
  typeof value === 'function' ? pointers.get(value)?.() : undefined;
