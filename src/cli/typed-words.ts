/**
 * What is typed in place of a flag or of its value: one dash before a long name, the dashes of a word processor, a flag
 * where a value belongs. A parser takes all of them, and writes a file of that name.
 */
import type { Command, Option } from 'commander';
import { nearest, type Parameter } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';
import { RowFlag } from './parameter-flags.js';

/** Hyphens, dashes and minus signs that word processors, browsers and PDF files put in the place of a hyphen. */
const dash = /[\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/;
/** A word that was meant to begin with a flag. */
const dashed = new RegExp(`^-*${dash.source}`);
/** Quotation marks and spaces of a word processor: a shell leaves them in the word. */
const quoted = /^[\u00a0\u00ab\u201a\u201c-\u201f\u2018\u2019\u2039]/;

/** What the values of files and folders are called in help. */
const ofFile = /^(file(\..+)?|folder|dir|geom|stream|cell|list|library|out(\.npy)?|page|path|table|name=file|hdf5)$/;

/** Whether a flag takes the name of a file or a folder. */
export const takesFile = (row: Parameter): boolean =>
  (row.kind === 'text' || row.kind === 'texts') && row.value !== undefined && ofFile.test(row.value);

/** Whether a flag takes words that mean something to another program, with any beginning. */
const takesWords = (row: Parameter): boolean => row.value?.endsWith('...') === true;

const rowOf = (option: Option): Parameter | undefined =>
  option instanceof RowFlag ? Object.values(option.rows)[0] : undefined;

/** The command of several that the words name. */
function leafOf(command: Command, words: readonly string[]): Command {
  const child = command.commands.find((one) => one.name() === words.find((word) => !word.startsWith('-')));
  return child === undefined ? command : leafOf(child, words.slice(words.indexOf(child.name()) + 1));
}

/** A word with its character that no keyboard has. */
const shown = (word: string): string => {
  const [mark = ''] = dash.exec(word) ?? [];
  const code = mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return `${word} has "${mark}" (U+${code}), which word processors put in the place of "-"`;
};

const plain = (word: string): string => word.replaceAll(new RegExp(dash, 'g'), '-');

/** What a word with such dashes was meant to be: one dash is what two of them became. */
function meantFlag(word: string, flags: readonly string[]): string {
  const bare = plain(word).replace(/^-+/, '');
  const name = bare.replace(/=.*$/s, '');
  return name.length > 1 && (flags.includes(`--${name}`) || flags.every((flag) => !flag.startsWith(`-${name[0]}`)))
    ? `--${bare}`
    : `-${bare}`;
}

/** How a file is named whose name is refused as it is. */
const otherwise = (isFile: boolean, value: string): string => (isFile ? `; a file of that name is ./${value}` : '');

/** Throws `Argument` for a value that was not meant: a flag, or what no name of a file begins with. */
function refuseValue(
  flag: string,
  value: string,
  row: Parameter,
  options: readonly Option[],
  isAttached: boolean,
): void {
  if (takesWords(row)) return;
  const isFile = takesFile(row);
  const isText = row.kind === 'text' || row.kind === 'texts';
  // What is attached to its flag was meant for it, and other words may begin in any way.
  if (isAttached && isText && !isFile) return;
  if (dashed.test(value))
    throw new EwaldError('Argument', `${flag}: ${shown(value)}; type ${plain(value)}${otherwise(isFile, value)}`);
  if (!isText) return;
  const first = value.replace(/=.*$/s, '');
  const isFlag = options.some(({ long, short }) => first === long || value === short);
  if (isFlag || value.startsWith('--') || (isFile && /^-./.test(value)))
    throw new EwaldError(
      'Argument',
      `${flag} needs a value, and "${value}" follows, which ${isFlag ? 'is a flag' : 'begins as a flag does'}; type ` +
        `${flag} <${row.value ?? row.kind}>${otherwise(isFile, value)}`,
    );
  if (value.startsWith('='))
    throw new EwaldError(
      'Argument',
      `${flag} is "${value}", which begins with "="; type ${flag} ${value.replace(/^=+/, '')}` +
        `${otherwise(isFile, value)}`,
    );
  if (!isFile) return;
  if (quoted.test(value))
    throw new EwaldError(
      'Argument',
      `${flag} is ${JSON.stringify(value)}, which begins with a quotation mark or a space of a word processor; type ` +
        `plain ones${otherwise(isFile, value)}`,
    );
  if (/^~[^/]*\/|^~$/.test(value))
    throw new EwaldError(
      'Argument',
      `${flag} is "${value}", and the shell replaces ~ only at the beginning of a word; type ` +
        `${flag} ${value} with a space, or "$HOME"${value.replace(/^~[^/]*/, '')}`,
    );
}

/** Refuses a long name behind one dash, which is a short flag with a strange value. Throws `Argument`. */
function refuseOneDash(word: string, command: Command): void {
  const [, name = '', rest = ''] = /^-([^=]*)(.*)$/s.exec(word) ?? [];
  if (!/^[a-zA-Z][a-zA-Z-]/.test(name)) return;
  const flags = command.options.flatMap(({ long }) => long ?? []);
  const own = command.options.find(({ short }) => short === `-${name[0]}`);
  const isBegun = (flag: string): boolean =>
    flag === own?.long &&
    (flag.startsWith(`--${name}`) || `--${name}`.startsWith(flag)) &&
    name.length > 2 &&
    flag.length > 3;
  const meant =
    flags.find((flag) => flag === `--${name}`) ??
    flags.find(isBegun) ??
    (/^[a-z][a-z-]{3,}$/.test(name) ? nearest(`--${name}`, flags) : undefined);
  if (meant === undefined) return;
  const read = own && (own.required || own.optional) ? `, and would be ${own.short} ${word.slice(2)}` : '';
  throw new EwaldError('Argument', `${word} has one dash${read}; did you mean ${meant}${rest}?`);
}

/**
 * The words of a command line as they were meant: `-y=mmm` is `-y mmm`. Throws `Argument` for words that a parser would
 * take for something else.
 */
export function meantWords(words: readonly string[], program: Command): string[] {
  const command = leafOf(program, words);
  const { options } = command;
  const flags = options.flatMap(({ long, short }) => [long ?? [], short ?? []].flat());
  const meant: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--') return [...meant, ...words.slice(i)];
    if (dashed.test(word) || (word.startsWith('-') && dash.test(word.replace(/=.*$/s, ''))))
      throw new EwaldError('Argument', `${shown(word)}; type ${meantFlag(word, flags)}${otherwise(true, word)}`);
    const [, long, attached] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const short = long === undefined && /^-[a-zA-Z]/.test(word) ? word.slice(0, 2) : undefined;
    if (short !== undefined && word.length > 2) refuseOneDash(word, command);
    const name = long ?? short;
    const option = options.find((one) => name !== undefined && (one.long === name || one.short === name));
    const row = option && rowOf(option);
    if (row === undefined || !option?.required) {
      meant.push(word);
      continue;
    }
    if (long === undefined && word.length > 2) {
      const value = word.slice(2).replace(/^=/, '');
      refuseValue(word.slice(0, 2), value, row, options, true);
      // An empty value is one of its own: the next word is not it.
      meant.push(word.slice(0, 2), value);
      continue;
    }
    meant.push(word);
    if (attached !== undefined) refuseValue(long as string, attached, row, options, true);
    else if (i + 1 < words.length) {
      const value = words[++i] as string;
      refuseValue(word, value, row, options, false);
      meant.push(value);
    }
  }
  return meant;
}
