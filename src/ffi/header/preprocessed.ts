/**
 * Reads what a compiler's preprocessor wrote (`cc -E -dD`): its line markers name the files and lines of the user, and
 * the macros that it left are recorded for the constants.
 */
import { systemNames } from './builtin.js';
import { unquote } from './integer.js';
import { badToken, type Token, tokenize } from './lexer.js';
import { Expander, isDirective, readMacro } from './macros.js';
import type { Include, Preprocessed } from './preprocess.js';
import { headerError, includesAlone, positionOf, type SourceFile } from './source.js';

/** `original` finds the text of a file that a marker names, for columns, comments and the line shown in errors. */
export function readPreprocessed(file: SourceFile, original: Include): Preprocessed {
  const expander = new Expander();
  const read: Token[] = [];
  const [files, foreign] = [new Set<string>(), new Set<string>()];
  const originals = new Originals(original);
  let end: Token | undefined;
  for (const part of partsOf(file, original)) {
    const tokens = tokenize(part);
    end = tokens.pop();
    expander.grant(tokens.length);
    if (!part.name.startsWith('<')) (part.foreign ? foreign : files).add(part.name);
    const placed = originals.place(tokens);
    for (let at = 0; at < tokens.length; at++) {
      const token = placed[at] as Token;
      if (token.kind === 'bad') throw headerError(token, badToken(token));
      if (token.kind === 'newline') continue;
      if (!isDirective(tokens, at)) {
        read.push(token);
        continue;
      }
      const from = at + 1;
      while (at + 1 < tokens.length && tokens[at + 1]?.kind !== 'newline') at++;
      const pragma = directive(placed.slice(from, at + 1), expander);
      if (pragma) read.push(pragma);
    }
  }
  return {
    tokens: [...read, end ?? { kind: 'end', text: '', file, offset: 0, spaced: false }],
    expander,
    warnings: [],
    files: [...files],
    foreign: [...foreign],
  };
}

/** Records a macro; a pragma is a token of the text. */
function directive([word, name, ...rest]: readonly Token[], { macros }: Expander): Token | undefined {
  if (!word || !name) return undefined;
  if (word.text === 'define') macros.set(name.text, readMacro(name, rest));
  else if (word.text === 'undef') macros.delete(name.text);
  else if (word.text === 'pragma')
    return { ...word, kind: 'pragma', text: [name, ...rest].map(({ text }) => text).join(' ') };
  return undefined;
}

/** The name that a program would include a system's file by. */
const withinInclude = (name: string): string =>
  name.replace(/^.*\/include(?:-fixed)?\/(?:[\w.]+-[\w.]+-[\w-]+\/)?/, '');

/** The parts of a text; of one that has nothing but headers of the C library, these are what it is. */
function partsOf(file: SourceFile, original: Include): SourceFile[] {
  const parts = segments(file, false);
  const isOwn = ({ name, foreign }: SourceFile): boolean => !foreign && name !== file.name && !name.startsWith('<');
  if (parts.some(isOwn) || !includesAlone(original(file.name, file.name)?.text ?? '')) return parts;
  return segments(file, true);
}

/** Splits a text by its line markers (`# 12 "name" 3`). `takesFirst`: whether the headers that it includes itself are its own. */
function segments(file: SourceFile, takesFirst: boolean): SourceFile[] {
  const parts: SourceFile[] = [];
  let from = 0;
  let now: Omit<SourceFile, 'text'> = { name: file.name };
  /** Whether each open file is foreign; flag 1 opens a file, flag 2 returns to the previous one. */
  const open: boolean[] = [];
  const close = (stop: number): void => void parts.push({ ...now, text: file.text.slice(from, stop) });
  for (const match of file.text.matchAll(/^#(?:line)? (\d+) "((?:\\.|[^"\\\n])*)"([ \d]*)$/gm)) {
    const [whole, line = '1', quotedName = '', flags = ''] = match;
    close(match.index);
    from = Math.min(file.text.length, match.index + whole.length + 1);
    const name = unquote(`"${quotedName}"`);
    const within = withinInclude(name);
    // Flag 3 is a header of the system.
    // The compiler's and the system's file of the header itself include each other (#include_next).
    const isOwn = /(?:^|\/)(?:include|include-fixed)\//.test(file.name) && within === withinInclude(file.name);
    if (flags.includes(' 1'))
      open.push(
        (open.at(-1) ?? false) ||
          (flags.includes(' 3') && systemNames.has(within) && !isOwn && !(takesFirst && open.length === 0)),
      );
    else if (flags.includes(' 2')) open.pop();
    now = { name, firstLine: Number(line), ...(open.at(-1) && { foreign: true }) };
  }
  close(file.text.length);
  return parts;
}

/** The files as the user wrote them: a preprocessor keeps lines, but neither columns nor comments. */
class Originals {
  readonly #find: Include;
  readonly #rows = new Map<string, ReadonlyMap<number, readonly Token[]>>();
  #last: readonly Token[] | undefined;

  constructor(find: Include) {
    this.#find = find;
  }

  /** The same tokens where the user wrote them; what a macro left is at the macro's name. */
  place(tokens: readonly Token[]): Token[] {
    let row: readonly Token[] = [];
    let at = 0;
    let isFirst = true;
    return tokens.map((token) => {
      if (isFirst) {
        [row, at] = [this.#rowsOf(token.file).get(positionOf(token).line) ?? [], 0];
      }
      // A macro may leave several declarations, of which the first is the documented one.
      const doc = isFirst && row !== this.#last ? row[0]?.doc : undefined;
      if (token.kind !== 'newline') this.#last = row;
      isFirst = token.kind === 'newline';
      const same = row[at]?.text === token.text || token.kind === 'punctuator' ? at : find(row, token.text, at);
      const place = row[same] ?? row.at(-1);
      if (place?.text === token.text) at = same + 1;
      if (!place || isFirst) return token;
      const moved = { ...token, file: place.file, offset: place.offset };
      return doc === undefined ? moved : { ...moved, doc };
    });
  }

  /** The tokens of a file by their lines. */
  #rowsOf({ name, foreign }: SourceFile): ReadonlyMap<number, readonly Token[]> {
    const key = `${foreign ?? false} ${name}`;
    const known = this.#rows.get(key);
    if (known) return known;
    const rows = new Map<number, Token[]>();
    const file = name.startsWith('<') ? undefined : this.#find(name, name);
    for (const token of file ? tokenize({ name, text: file.text, foreign }) : []) {
      if (token.kind === 'newline') continue;
      const { line } = positionOf(token);
      const row = rows.get(line);
      if (row) row.push(token);
      else rows.set(line, [token]);
    }
    this.#rows.set(key, rows);
    return rows;
  }
}

/** The next place of a word in a row; `from` if it is not there. */
function find(row: readonly Token[], text: string, from: number): number {
  const index = row.findIndex((token, i) => i >= from && token.text === text);
  return index < 0 ? from : index;
}
