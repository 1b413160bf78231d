/** Functions of open libraries as what they are to C: pointers, which it calls without JavaScript. */

import type { Pointer } from './pointer.js';

const pointer = Symbol('pointer');

interface OfC {
  [pointer]?: () => Pointer | undefined;
}

/** Says which pointer a function of a library is; it is made when it is needed. */
export function isFunctionOfC(bound: object, made: () => Pointer | undefined): void {
  Object.defineProperty(bound, pointer, { value: made });
}

/** The pointer that a function of a library is; undefined for other functions, and where the library has no place for it. */
export const pointerOf = (value: unknown): Pointer | undefined =>
  typeof value === 'function' ? (value as OfC)[pointer]?.() : undefined;
