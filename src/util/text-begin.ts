/** What a file is that was to be a text, by its beginning: readers of all texts say it in the same words. */
import { EwaldError } from './errors.js';

const page = /^\s*<(?:!doctype html|html)\b/i;

/** What a beginning is instead of a plain text; undefined if it may be one. */
export function noPlainText(begin: string): string | undefined {
  const head = begin.slice(0, 4096);
  if (page.test(head)) return 'a page of HTML: a server may have answered a wrong address with it';
  const zeros = head.split('\0').length - 1;
  if (zeros === 0) return undefined;
  // Latin letters have a zero in each of their two bytes; decoded as UTF-8, its mark is no character.
  return zeros > head.length / 4 && /^(?:\ufffd\ufffd|\ufeff)?(?:\0?[\t\r\n -~]\0?)+/.test(head)
    ? 'a text in UTF-16, as some programs on Windows write it; save it as UTF-8'
    : 'not a text file';
}

/** Refuses a file that is no plain text. Throws `Format`. */
export function refuseNoText(begin: string, name: string, expected: string): void {
  const other = noPlainText(begin);
  if (other !== undefined)
    throw new EwaldError('Format', `${name} is ${other}; expected ${expected}`, { detail: { path: name } });
}
