/** The syntax of CIF: data blocks of items and loops. Hall, Allen & Brown 1991; IUCr, CIF 1.1. */
import { EwaldError } from '../../util/errors.js';

/** A loop: its item names in lower case, and its values row by row. */
export interface CifLoop {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A data block. */
export interface CifBlock {
  readonly name: string;
  /** Values of items outside of loops, by their names in lower case. */
  readonly items: ReadonlyMap<string, string>;
  readonly loops: readonly CifLoop[];
}

interface Token {
  readonly text: string;
  readonly line: number;
  /** Whether it was quoted, and so is a value whatever it looks like. */
  readonly isQuoted: boolean;
}

/** The words of a file; comments are left out. */
function* tokensOf(text: string, fail: (line: number, message: string) => never): Generator<Token> {
  const lines = text.split(/\r\n|\n|\r/);
  for (let at = 0; at < lines.length; at++) {
    let line = lines[at] as string;
    if (line.startsWith(';')) {
      const begin = at;
      const parts = [line.slice(1)];
      for (at++; at < lines.length && !(lines[at] as string).startsWith(';'); at++) parts.push(lines[at] as string);
      if (at >= lines.length) fail(begin, 'the text that begins with ";" has no end');
      yield { text: parts.join('\n'), line: begin, isQuoted: true };
      line = (lines[at] as string).slice(1);
    }
    // A quote ends where a blank follows.
    for (const [, comment, single, double, word] of line.matchAll(/(#.*)|'(.*?)'(?=\s|$)|"(.*?)"(?=\s|$)|(\S+)/g)) {
      if (comment !== undefined) continue;
      const quoted = single ?? double;
      yield { text: quoted ?? (word as string), line: at, isQuoted: quoted !== undefined };
    }
  }
}

/** Reads a file. Throws `Format` with the line. */
export function readCif(text: string, name = 'the CIF file'): CifBlock[] {
  const fail = (line: number, message: string): never => {
    throw new EwaldError('Format', `${name}:${line + 1}: ${message}`, { detail: { path: name } });
  };
  const blocks: { name: string; items: Map<string, string>; loops: CifLoop[] }[] = [];
  let names: string[] | undefined;
  let values: string[] = [];
  let pending: Token | undefined;
  let last = 0;
  const endLoop = (): void => {
    if (!names) return;
    const width = names.length;
    if (width === 0) fail(last, 'a loop has no items');
    if (values.length % width !== 0)
      fail(
        last,
        `the loop of ${names[0]} has ${values.length} values, no multiple of its ${width} items; it is incomplete`,
      );
    const rows = Array.from({ length: values.length / width }, (_, row) =>
      values.slice(row * width, (row + 1) * width),
    );
    blocks.at(-1)?.loops.push({ names, rows });
    [names, values] = [undefined, []];
  };
  for (const token of tokensOf(text, fail)) {
    const { text: word, line, isQuoted } = token;
    last = line;
    const lower = word.toLowerCase();
    if (pending && (isQuoted || !/^(_|data_|loop_$)/.test(lower))) {
      (blocks.at(-1) ?? fail(line, 'a value stands before the first data_ block')).items.set(
        pending.text.toLowerCase(),
        word,
      );
      pending = undefined;
    } else if (pending) fail(line, `${pending.text} has no value`);
    else if (isQuoted || !/^(_|data_|loop_$)/.test(lower)) {
      if (!names) fail(line, `"${word.slice(0, 40)}" belongs to no item`);
      values.push(word);
    } else if (lower.startsWith('data_')) {
      endLoop();
      blocks.push({ name: word.slice(5), items: new Map(), loops: [] });
    } else if (lower === 'loop_') {
      endLoop();
      names = [];
    } else if (names && values.length === 0) names.push(lower);
    else {
      endLoop();
      pending = token;
    }
  }
  endLoop();
  if (pending) fail(last, `${pending.text} has no value`);
  return blocks;
}

/** A value as it is written: quoted where that is needed, `?` if it is unknown. */
export function cifValue(value: string | number | undefined): string {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '?';
  const text = String(value);
  if (text === '') return '.';
  if (!/[\s'"#;]|^[_$[\]]|^(data|loop|save|stop|global)_/i.test(text) && text !== '?' && text !== '.') return text;
  if (!/'(\s|$)/.test(text)) return `'${text}'`;
  if (!/"(\s|$)/.test(text)) return `"${text}"`;
  return `\n;${text}\n;\n`;
}
