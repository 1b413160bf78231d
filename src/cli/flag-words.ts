/** Messages of the library in the words of the shell. */

import { flagOf, type NameOption, type Parameters, renameInMessage } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';

/** Names of JavaScript that no text contains by chance. */
const isOfJavaScript = (name: string): boolean => /[a-z][A-Z]/.test(name);
const inPattern = (text: string): string => text.replace(/[-.$]/g, '\\$&');

/**
 * An error whose message names flags as they were typed. Errors that name parameters themselves have been made by
 * `refusal`; in others, such as those of a worker, names are replaced in the text. Names in quotation marks and paths
 * are the user's.
 */
export function inFlags(error: unknown, rows: Parameters, nameOption: NameOption): unknown {
  const rename = renameInMessage(error, nameOption);
  if (!(rename instanceof EwaldError)) return rename;
  const message = wordsInFlags(rename.message, rows, nameOption);
  return message === rename.message
    ? rename
    : new EwaldError(rename.tag, message, { cause: error, detail: rename.detail });
}

/** A text of the library, such as a remark on a run, with flags in the place of options. */
export function wordsInFlags(text: string, rows: Parameters, nameOption: NameOption): string {
  let message = text;
  for (const [name, row] of Object.entries(rows)) {
    if (row.flag === null) continue;
    // `maxFrameBytes (--max-frame-bytes)`, `navShape, such as [2, 3] (--nav-shape 2,3)`: the flag alone.
    const flag = [flagOf(name, row), ...(row.short ? [`-${row.short}`] : [])].map(inPattern).join('|');
    const setting = isOfJavaScript(name) ? '(?:: [^\\s()]+|,? such as [^()]*)?' : ': [^\\s()]+';
    const explained = new RegExp(`\\b${name}${setting} \\(((?:${flag})\\b[^()]*?)(?: in the shell)?\\)`, 'g');
    message = message.replace(explained, '$1');
    if (row.kind === 'boolean')
      message = message.replace(new RegExp(`\\b${name}: ${row.fallback !== true}\\b`, 'g'), flagOf(name, row));
    if (isOfJavaScript(name))
      message = message.replace(
        new RegExp(`(?<![\\w./\\\\"'-]|In JavaScript, [^.]*)${name}(?![\\w/\\\\"'-]|\\.\\w)`, 'g'),
        nameOption(name),
      );
  }
  return message;
}
