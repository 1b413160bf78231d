/** Checks for arguments that are easily confused with others; errors report what was found and what was expected. */
import { EwaldError } from './errors.js';
import { shown } from './options.js';

/** Throws `Argument` unless `ok`; `what` names the function and its argument. */
export function expects(ok: boolean, what: string, value: unknown, expected: string): void {
  if (!ok) throw new EwaldError('Argument', `${what} is ${shown(value)}; expected ${expected}`);
}

/** Checks for an object with these members. */
export function expectsMembers(what: string, value: unknown, members: readonly string[], expected: string): void {
  const has = typeof value === 'object' && value !== null && members.every((name) => name in value);
  expects(has, what, value, expected);
}

/** Checks for the text of a file, as opposed to its path. */
export const expectsText = (what: string, value: unknown): void =>
  expects(typeof value === 'string', what, value, 'the text of a file');

/** Checks for an array or typed array of numbers. */
export function expectsNumbers(what: string, value: unknown): void {
  const ok = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  expects(ok, what, value, 'an array of numbers');
}
