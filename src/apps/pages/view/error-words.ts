import { kebab, messageOf, renameInMessage } from '../../../entries/pages.js';

/** Errors as words for the user: what happened and what to do. */

/** The flag of an option of opening a file. */
const flagNameOf = (name: string): string => `--${kebab(name)}`;

/** Files that the server of the page offers, by their names instead of their addresses. */
const namedFiles = (text: string): string =>
  text
    .replace(/https?:\/\/\S*?\/files\/\d+\/([^\s/:;,]+)/g, (_, name: string) => decodeURIComponent(name))
    .replace(/; give geometry: FILE \(-g FILE\)(; in JavaScript.*)?$/, '; open it together with its .geom')
    .replace(/ does not exist \(looked for by HTTP: \d+\)/, ' has vanished: it was moved, renamed or deleted');

/** The message of an error; those of the browser itself are explained. */
export function errorWords(error: unknown): string {
  const text = namedFiles(messageOf(error));
  // The page has no options; a command takes them as flags and writes a file that the page opens.
  const inFlags = namedFiles(messageOf(renameInMessage(error, flagNameOf)));
  if (inFlags !== text)
    return (
      `${inFlags}: in a shell, "npx ewald convert FILE -o frames.h5" takes these flags and writes a file that this ` +
      'page opens'
    );
  if (error instanceof RangeError && /allocation failed|invalid (array|typed array) length|out of memory/i.test(text))
    return `There is not enough memory for this in a browser tab (${text}); close other tabs, or use the command line.`;
  if (error instanceof DOMException && error.name === 'NotReadableError')
    return 'The file cannot be read any more: it was changed, moved or unplugged since it was opened; open it again.';
  // Reading by address has been tried several times.
  if (/after \d+ attempts$/.test(text)) return `${text}; if ewald view has ended, start it again and reload this page`;
  return text;
}
