/**
 * Text from outside (names of files, panels, datasets, results) that is written into files read line by line: text that
 * could end a line, or is not text at all, is refused rather than changed, so that no two names become equal and none
 * can inject a line.
 */
import { EwaldError } from './errors.js';

/** Control characters (C0, DEL, C1), the line separators of Unicode, and unpaired surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const breaking = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/u;
/** Marks that change the writing direction: a page would show a different text from the one it contains. */
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Whether the text can be written into one line of a file and read back unchanged. */
const isOneLine = (text: string): boolean => !breaking.test(text);

/** The text, which must fit into one line. Throws `Argument`; `what` names the text. */
export function oneLine(text: string, what: string): string {
  if (isOneLine(text)) return text;
  throw new EwaldError(
    'Argument',
    `${what} is ${quoted(text)}, which contains a line break or another control character; it cannot be written into ` +
      'one line of a file. Rename it',
    { detail: { what, text } },
  );
}

/** The text, which must be one word without the characters of `without`. Throws `Argument`; `what` names the text. */
export function oneWord(text: string, what: string, without = ''): string {
  if (text !== '' && !/\s/.test(oneLine(text, what)) && ![...without].some((letter) => text.includes(letter)))
    return text;
  throw new EwaldError(
    'Argument',
    `${what} is ${quoted(text)}; expected one word${without === '' ? '' : ` without ${[...without].join(' ')}`}, ` +
      'since ' +
      'readers of the file split its lines there',
    { detail: { what, text } },
  );
}

/** The text escaped for HTML or SVG, in an element or an attribute. */
export const htmlText = (text: unknown): string =>
  String(text)
    .replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, ' ')
    .replace(turning, '');

const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
