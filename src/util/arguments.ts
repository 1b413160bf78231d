/** Checks for arguments that are easily confused with others; errors report what was found and what was expected. */
import { EwaldError } from './errors.js';
import { inspect } from './options.js';

/** Throws `Argument` unless `ok`; `what` names the function and its argument. */
export function expects(ok: boolean, what: string, value: unknown, expected: string): void {
  if (!ok) throw new EwaldError('Argument', `${what} is ${inspect(value)}; expected ${expected}`);
}

/** Checks for an object with these members. */
export function expectsMembers(what: string, value: unknown, members: readonly string[], expected: string): void {
  const has = typeof value === 'object' && value !== null && members.every((name) => name in value);
  expects(has, what, value, expected);
}

/** The text of a file, as opposed to its path, from its text or its bytes (UTF-8). */
export function textOf(what: string, value: unknown): string {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return new TextDecoder().decode(value as Uint8Array);
  expects(typeof value === 'string', what, value, 'the text of a file, or its bytes');
  return value as string;
}

/** What `textOf` accepts. */
export type TextOrBytes = string | ArrayBufferView | ArrayBuffer;

/** Whether a value is an array of numbers or of booleans, or a typed array of numbers that are no bigints. */
export function isPlainNumbers(value: unknown): value is ArrayLike<number> {
  if (Array.isArray(value))
    // Holes are elements to `findIndex`, which `every` would skip.
    return value.findIndex((one) => typeof one !== 'number' && typeof one !== 'boolean') < 0;
  const isTyped = ArrayBuffer.isView(value) && !(value instanceof DataView);
  return isTyped && !(value instanceof BigInt64Array) && !(value instanceof BigUint64Array);
}

/** Checks for an array of numbers that can be copied into one of float64. */
export const expectsPlainNumbers = (what: string, value: unknown): void =>
  expects(isPlainNumbers(value), what, value, 'an array of numbers');

/** Checks for an array or typed array of numbers. */
export function expectsNumbers(what: string, value: unknown): void {
  const ok = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  expects(ok, what, value, 'an array of numbers');
}

/** Whether a value is an object with names, as in JSON. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
