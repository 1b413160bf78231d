/** Checks of arguments that are easily mistaken for others: an error says what was found and what is expected. */
import { EwaldError } from './errors.js';
import { shown } from './options.js';

/** Throws `Argument` unless `ok`; `what` names the function and its argument. */
export function expects(ok: boolean, what: string, value: unknown, expected: string): void {
  if (!ok) throw new EwaldError('Argument', `${what} is ${shown(value)}; expected ${expected}`);
}

/** An object that has these members. */
export function expectsMembers(what: string, value: unknown, members: readonly string[], expected: string): void {
  const has = typeof value === 'object' && value !== null && members.every((name) => name in value);
  expects(has, what, value, expected);
}

/** The text of a file, not its path. */
export const expectsText = (what: string, value: unknown): void =>
  expects(typeof value === 'string', what, value, 'the text of a file');

/** An array or a typed array of numbers. */
export function expectsNumbers(what: string, value: unknown): void {
  const ok = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  expects(ok, what, value, 'an array of numbers');
}
