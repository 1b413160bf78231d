/**
 * Tokens of C: names, numbers, literals, punctuators and line ends, each with its place; comments become the
 * documentation of what follows.
 */
import type { Placed, SourceFile } from './source.js';

/**
 * `bad` is a character with which no token starts; it is refused only if it is used, since a skipped region may contain
 * any text.
 */
type TokenKind = 'name' | 'number' | 'string' | 'char' | 'punctuator' | 'pragma' | 'newline' | 'bad' | 'end';

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
export const tokenize = (file: SourceFile): Token[] => new Lexer(file).tokens();

/** The tokens of a short text, such as a type or a pragma, without line ends and the end. */
export const wordsOf = (name: string, text: string): Token[] =>
  tokenize({ name, text }).filter(({ kind }) => kind !== 'newline' && kind !== 'end');

class Lexer {
  readonly #file: SourceFile;
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #offset = 0;
  #spaced = false;
  #doc: string | undefined;
  /** Whether only white space and comments precede this on its line, and whether there is nothing at all. */
  #leads = true;
  #blank = true;

  constructor(file: SourceFile) {
    this.#file = file;
    this.#text = file.text;
  }

  tokens(): Token[] {
    while (this.#offset < this.#text.length) this.#readOne(this.#text.charCodeAt(this.#offset));
    this.#doc = undefined;
    this.#push('end', '');
    return this.#tokens;
  }

  /** Reads a token, a comment or white space; the first character says which. */
  #readOne(code: number): void {
    const next = this.#text.charCodeAt(this.#offset + 1);
    if (code === Sign.space || code === Sign.tab || code === Sign.return || code === 11 || code === 12) this.#skip(1);
    else if (code === Sign.newline) this.#lineEnd();
    else if (isLetter(code)) this.#word();
    else if (isDigit(code) || (code === Sign.point && isDigit(next))) this.#push('number', this.#found(numberPattern));
    else if (code === Sign.slash && next === Sign.slash) this.#comment(this.#found(lineCommentPattern));
    else if (code === Sign.slash && next === Sign.star) this.#blockComment();
    else if (code === Sign.doubleQuote || code === Sign.quote) this.#literal(code);
    else this.#sign(code);
  }

  /** The text that matches here; the empty text if none does. */
  #found(pattern: RegExp, offset = this.#offset): string {
    return match(pattern, this.#text, offset) ?? '';
  }

  #push(kind: TokenKind, text: string): void {
    const token = { kind, text, file: this.#file, offset: this.#offset, spaced: this.#spaced };
    this.#tokens.push(this.#doc === undefined ? token : { ...token, doc: this.#doc });
    this.#offset += text.length;
    this.#spaced = false;
    this.#doc = undefined;
    this.#leads = false;
    this.#blank = false;
  }

  #skip(characters: number): void {
    this.#offset += characters;
    this.#spaced = true;
  }

  #lineEnd(): void {
    // An empty line separates a comment from the next declaration.
    if (this.#blank) this.#doc = undefined;
    this.#tokens.push({ kind: 'newline', text: '\n', file: this.#file, offset: this.#offset, spaced: this.#spaced });
    this.#offset++;
    this.#spaced = false;
    this.#leads = true;
    this.#blank = true;
  }

  #comment(found: string): void {
    // A comment after a token belongs to that line, not to the next declaration.
    if (this.#leads) {
      const comment = words(found);
      this.#doc = this.#doc !== undefined && found.startsWith('//') ? `${this.#doc}\n${comment}` : comment;
    }
    this.#skip(found.length);
    this.#blank = false;
  }

  #blockComment(): void {
    const stop = this.#text.indexOf('*/', this.#offset + 2);
    if (stop < 0) this.#push('bad', this.#text.slice(this.#offset));
    else this.#comment(this.#text.slice(this.#offset, stop + 2));
  }

  /** A name, or a literal with a prefix: `L"text"`. */
  #word(): void {
    const name = this.#found(namePattern);
    const after = this.#offset + name.length;
    const quote = this.#text.charCodeAt(after);
    const prefixes = (quote === Sign.doubleQuote || quote === Sign.quote) && /^(?:L|u8?|U)$/.test(name);
    const wide = prefixes ? this.#found(quote === Sign.quote ? charPattern : stringPattern, after) : '';
    if (wide === '') this.#push('name', name);
    else this.#push(quote === Sign.quote ? 'char' : 'string', name + wide);
  }

  #literal(quote: Sign.doubleQuote | Sign.quote): void {
    const isString = quote === Sign.doubleQuote;
    const found = this.#found(isString ? stringPattern : charPattern);
    if (found !== '') {
      this.#push(isString ? 'string' : 'char', found);
      return;
    }
    const stop = this.#text.indexOf('\n', this.#offset);
    this.#push('bad', this.#text.slice(this.#offset, stop < 0 ? undefined : stop));
  }

  #sign(code: number): void {
    const continued = code === Sign.backslash ? this.#found(continuationPattern) : '';
    const found = this.#found(punctuatorPattern);
    if (continued !== '') this.#skip(continued.length);
    else if (found !== '') this.#push('punctuator', found);
    else this.#push('bad', String.fromCodePoint(this.#text.codePointAt(this.#offset) ?? 0));
  }
}

/** Describes a `bad` token. */
export function badToken({ text }: Token): string {
  if (text.startsWith('/*')) return 'this comment has no end; expected */';
  if (text.startsWith('"') || text.startsWith("'")) return `this literal has no end on its line; expected ${text[0]}`;
  if (text === '\\') return 'stray backslash; it continues a line only as its last character';
  return `unexpected character ${JSON.stringify(text)}`;
}

/** The text of a token in messages. */
export function describe(token: Token): string {
  if (token.kind === 'end') return 'the end of the header';
  if (token.kind === 'newline') return 'the end of the line';
  const text = token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text;
  return token.kind === 'string' || token.kind === 'char' ? text : `"${text}"`;
}
