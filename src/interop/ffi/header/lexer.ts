/**
 * Tokens of C: names, numbers, literals, punctuators and line ends, each with its place; comments become the
 * documentation of what follows.
 */
import type { Placed, SourceFile } from './source.js';

/**
 * `bad` is a character with which no token starts; it is refused only if it is used, since a skipped region may contain
 * any text.
 */
export type TokenKind = 'name' | 'number' | 'string' | 'char' | 'punctuator' | 'pragma' | 'newline' | 'bad' | 'end';

export interface Token extends Placed {
  readonly kind: TokenKind;
  readonly text: string;
  /** Whether white space or a comment precedes it: `#define F (x)` is not a macro with parameters. */
  readonly spaced: boolean;
  /** The comment directly before it. */
  readonly doc?: string;
  /** Whether it is the name of a macro that must not be expanded. */
  readonly painted?: boolean;
}

enum Sign {
  tab = 9,
  newline = 10,
  return = 13,
  space = 32,
  doubleQuote = 34,
  quote = 39,
  star = 42,
  point = 46,
  slash = 47,
  backslash = 92,
}

// Sticky patterns; the first character decides which of them is tried.
const namePattern = /[A-Za-z_$][\w$]*/y;
const numberPattern = /\.?\d(?:[eEpP][+-]|[\w.])*/y;
const stringPattern = /"(?:\\[\s\S]|[^"\\\n])*"/y;
const charPattern = /'(?:\\[\s\S]|[^'\\\n])+'/y;
const lineCommentPattern = /\/\/(?:\\\r?\n|[^\n])*/y;
const continuationPattern = /\\\r?\n/y;
const punctuatorPattern = /\.\.\.|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||##|->|\+\+|--|::|[-+*/%&|^~!=<>?:;,.(){}[\]#]/y;

function match(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.test(text) ? text.slice(offset, pattern.lastIndex) : undefined;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 36;

/** The text of a comment, without its delimiters. */
function words(comment: string): string {
  const body = comment.startsWith('//') ? comment.slice(2) : comment.slice(2, -2);
  return body
    .split('\n')
    .map((line) => line.replace(/^\s*(?:\*+(?!\/)|\/\/)?[*!<]?\s?/, '').trimEnd())
    .join('\n')
    .trim();
}

/** All tokens of a file, including a `newline` for each line end and a final `end`. */
export function tokenize(file: SourceFile): Token[] {
  const { text } = file;
  const tokens: Token[] = [];
  let spaced = false;
  let doc: string | undefined;
  let offset = 0;
  /** Whether only white space and comments precede this on its line, and whether there is nothing at all. */
  let leads = true;
  let blank = true;
  const push = (kind: TokenKind, value: string): void => {
    tokens.push(
      doc === undefined
        ? { kind, text: value, file, offset, spaced }
        : { kind, text: value, file, offset, spaced, doc },
    );
    offset += value.length;
    spaced = false;
    doc = undefined;
    leads = false;
    blank = false;
  };
  const comment = (found: string): void => {
    // A comment after a token belongs to that line, not to the next declaration.
    if (leads) {
      const comment = words(found);
      doc = doc !== undefined && found.startsWith('//') ? `${doc}\n${comment}` : comment;
    }
    offset += found.length;
    spaced = true;
    blank = false;
  };
  while (offset < text.length) {
    const code = text.charCodeAt(offset);
    if (code === Sign.space || code === Sign.tab || code === Sign.return || code === 11 || code === 12) {
      offset++;
      spaced = true;
      continue;
    }
    if (code === Sign.newline) {
      // An empty line separates a comment from the next declaration.
      if (blank) doc = undefined;
      tokens.push({ kind: 'newline', text: '\n', file, offset, spaced });
      offset++;
      spaced = false;
      leads = true;
      blank = true;
      continue;
    }
    let found: string | undefined;
    if (isLetter(code)) {
      found = match(namePattern, text, offset) as string;
      const next = text.charCodeAt(offset + found.length);
      if ((next === Sign.doubleQuote || next === Sign.quote) && /^(?:L|u8?|U)$/.test(found)) {
        const wide = match(next === Sign.quote ? charPattern : stringPattern, text, offset + found.length);
        if (wide !== undefined) {
          push(next === Sign.quote ? 'char' : 'string', found + wide);
          continue;
        }
      }
      push('name', found);
      continue;
    }
    const next = text.charCodeAt(offset + 1);
    if (isDigit(code) || (code === Sign.point && isDigit(next))) {
      push('number', match(numberPattern, text, offset) as string);
      continue;
    }
    if (code === Sign.slash && next === Sign.slash) {
      comment(match(lineCommentPattern, text, offset) as string);
      continue;
    }
    if (code === Sign.slash && next === Sign.star) {
      const stop = text.indexOf('*/', offset + 2);
      if (stop < 0) push('bad', text.slice(offset));
      else comment(text.slice(offset, stop + 2));
      continue;
    }
    if (code === Sign.doubleQuote || code === Sign.quote) {
      const isString = code === Sign.doubleQuote;
      found = match(isString ? stringPattern : charPattern, text, offset);
      if (found !== undefined) push(isString ? 'string' : 'char', found);
      else {
        const stop = text.indexOf('\n', offset);
        push('bad', text.slice(offset, stop < 0 ? undefined : stop));
      }
      continue;
    }
    if (code === Sign.backslash) {
      found = match(continuationPattern, text, offset);
      if (found !== undefined) {
        offset += found.length;
        spaced = true;
        continue;
      }
    }
    found = match(punctuatorPattern, text, offset);
    if (found !== undefined) push('punctuator', found);
    else push('bad', String.fromCodePoint(text.codePointAt(offset) ?? 0));
  }
  doc = undefined;
  push('end', '');
  return tokens;
}

/** Describes a `bad` token. */
export function badToken({ text }: Token): string {
  if (text.startsWith('/*')) return 'this comment has no end; expected */';
  if (text.startsWith('"') || text.startsWith("'")) return `this literal has no end on its line; expected ${text[0]}`;
  if (text === '\\') return 'stray backslash; it continues a line only as its last character';
  return `unexpected character ${JSON.stringify(text)}`;
}
