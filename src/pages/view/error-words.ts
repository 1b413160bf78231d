import { kebab, messageOf, openRows, renameInMessage, wordsOnPage } from '../../entries/pages.js';
import type { AskedShape } from './protocol.js';

/** Errors as words for the user: what happened and what to do. A page has no options and no shell. */

/** What the page calls options of opening a file. */
const pageNames: Readonly<Record<string, string>> = {
  navShape: 'the shape of the scan',
  sigShape: 'the shape of a frame',
  dtype: 'the type of the numbers',
  offset: 'the place of the first frame',
};

/** The message of an error; those of the browser itself are explained. */
export function errorWords(error: unknown): string {
  let isOfOpening = false;
  const nameOnPage = (name: string): string => {
    if (Object.hasOwn(openRows, name)) isOfOpening = true;
    return pageNames[name] ?? kebab(name).replaceAll('-', ' ');
  };
  const text = wordsOnPage(messageOf(renameInMessage(error, nameOnPage)));
  // A form asks for it where the file is opened alone.
  if (askedShape(error))
    return `${text.replace(/\. If it holds plain numbers.*$|[,;] (?:pass|describe).*$/, '')}. If it holds plain numbers, open it alone`;
  if (isOfOpening) return `${text}; this page has no field for that: convert the file first (guide "Your data")`;
  if (error instanceof RangeError && /allocation failed|invalid (array|typed array) length|out of memory/i.test(text))
    return `There is not enough memory for this in a browser tab (${text}); close other tabs.`;
  if (error instanceof DOMException && error.name === 'NotReadableError')
    return 'The file cannot be read any more: it was changed, moved or unplugged since it was opened; open it again.';
  // Reading by address has been tried several times.
  if (/after \d+ attempts$/.test(text))
    return `${text}; if the server of this page has ended, start it again and reload this page`;
  return text;
}

/** What a file without a header asks for, with what its message suggests; undefined for other errors. */
export function askedShape(error: unknown): AskedShape | undefined {
  const text = messageOf(renameInMessage(error, (name) => `--${kebab(name)}`));
  if (!/--sig-shape/.test(text)) return undefined;
  const suggested = (flag: string): string | undefined => new RegExp(`--${flag} ([\\w,]+)`).exec(text)?.[1];
  return {
    bytes: /(\d+) bytes/.exec(text)?.[1],
    dtype: suggested('dtype'),
    navShape: suggested('nav-shape'),
    sigShape: suggested('sig-shape'),
  };
}
