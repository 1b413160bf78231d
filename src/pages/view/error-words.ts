import { kebab, messageOf, openRows, renameInMessage } from '../../entries/pages.js';
import type { AskedShape } from './protocol.js';

/** Errors as words for the user: what happened and what to do. A page has no options and no shell. */

/** What the page calls options of opening a file. */
const pageNames: Readonly<Record<string, string>> = {
  navShape: 'the shape of the scan',
  sigShape: 'the shape of a frame',
  dtype: 'the type of the numbers',
  offset: 'the place of the first frame',
};

/** What messages say to users of a shell or of JavaScript, and what a page says instead. */
const instead: readonly (readonly [RegExp, string])[] = [
  // Files that the server of the page offers have names, and their addresses concern nobody.
  [/ does not exist \(looked for by HTTP: \d+\)/, ' has vanished: it was moved, renamed or deleted'],
  [/; give geometry: FILE \(-g FILE\)(; in JavaScript.*)?$/, '; open it together with its .geom'],
  [/: give it as (?:geometry|one of the cells) \(-[gp]\), beside .*$/, ': open it together with its frames'],
  [/(has none of the known formats): [\w, ]+/, '$1'],
  [/lists of spots are inputs of ewald index, .*$/, 'a geometry and a cell are opened together with their frames'],
  [/; allowMissing \(--allow-missing\) reads the others/, '; open it together with the others'],
  [/; to read the data anyway, pass checksums: false \(--no-checksums\)/, ''],
  [/\. If the size is real, raise maxFrameBytes \(--max-frame-bytes\)/, ''],
  [/raise maxFrameBytes \(--max-frame-bytes\), or /, ''],
  [/ \(ewald convert\), or search Float32Array\.from\(frame, Number\)/, ' first'],
  [/; ewald convert writes them in order/, '; in a file that was converted they are in order'],
  [/, or what ewald calibrate wrote/, ', or a file that this page saved'],
  [/a state of ewald merge, which continues with it/, 'a state of a merge'],
  [/: ewald [a-z]+ .*$/, ''],
  [/ \(--?[a-z][\w-]*(?: [\w./-]+)*\)/g, ''],
];

/** A message or a remark in words of the page. */
export function wordsOnPage(text: string): string {
  const named = text.replace(/https?:\/\/\S*?\/files\/\d+\/([^\s/:;,]+)/g, (_, name: string) =>
    decodeURIComponent(name),
  );
  return instead.reduce((said, [pattern, words]) => said.replace(pattern, words), named);
}

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
