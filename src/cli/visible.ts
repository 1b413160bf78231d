/**
 * Makes text from files and names safe to print: terminal control characters are shown instead of sent.
 *
 * C0 and C1 controls, DEL, the marks that change the direction of writing, and lone surrogates become `\xNN` or
 * `\u{NNNN}`.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;

/** The text on one line, with line feeds and tabs made visible as well; for names, and for words from files. */
export const visible = (text: string): string => text.replace(steering, shown);

/** The text with its line breaks kept; for whole messages. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');

/** JSON of one line stays valid: characters that its own escapes do not cover become `\uNNNN`, line breaks too. */
export const visibleJson = (json: string): string =>
  json.replace(steering, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

function shown(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
