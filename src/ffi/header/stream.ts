/** The parser's hold on the token list: looking ahead, expecting, skipping balanced brackets. */
import { describe } from './expression.js';
import { badToken, type Token } from './lexer.js';
import { headerError } from './source.js';

/** Nesting of declarators, structs and brackets; deeper is refused before the stack runs out. */
export const deepest = 100;

export class TokenStream {
  readonly tokens: readonly Token[];
  at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  /** The token `ahead` of the next one. */
  peek(ahead = 0): Token {
    return this.tokens[this.at + ahead] ?? (this.tokens.at(-1) as Token);
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.at++;
    return token;
  }

  /** Whether the next token is this punctuator or word. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && (token.kind === 'punctuator' || token.kind === 'name');
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  expect(text: string, where: string): Token {
    const token = this.peek();
    if (!this.take(text)) throw this.unexpected(`"${text}" ${where}`);
    return token;
  }

  name(what: string): Token {
    const token = this.peek();
    if (token.kind !== 'name') throw this.unexpected(what);
    return this.next();
  }

  /** The refusal of the next token. */
  unexpected(needed: string): Error {
    const token = this.peek();
    return headerError(token, token.kind === 'bad' ? badToken(token) : `found ${describe(token)}, needed is ${needed}`);
  }

  /** Passes over a bracketed group; the cursor stands on its opening bracket. */
  skipGroup(): void {
    const open = this.peek();
    let depth = 0;
    do {
      const token = this.next();
      if (token.kind === 'end') throw headerError(open, `this ${open.text} is never closed`);
      if (token.kind !== 'punctuator') continue;
      if ('([{'.includes(token.text)) depth++;
      else if (')]}'.includes(token.text)) depth--;
    } while (depth > 0);
  }

  /**
   * Passes over attributes, calling conventions and other words that change nothing here; `struct` says that layout
   * attributes would.
   */
  skipAttributes(struct = false): void {
    for (;;) {
      const token = this.peek();
      const from = this.at;
      if (token.kind === 'name' && decorations.has(token.text)) this.next();
      else if (token.kind === 'name' && attributes.has(token.text)) {
        this.next();
        if (!this.is('(')) throw this.unexpected(`"(" behind ${token.text}`);
        this.skipGroup();
      } else if (this.is('[') && this.is('[', 1)) this.skipGroup();
      else return;
      if (!struct) continue;
      const moving = this.tokens
        .slice(from, this.at)
        .find(({ text }) => /^(?:__)?(?:packed|aligned)(?:__)?$|^_?[Aa]lignas$/.test(text));
      if (moving)
        throw headerError(
          moving,
          `"${moving.text}" changes the layout of a struct, which this parser does not follow; lay the fields out with explicit padding`,
        );
    }
  }
}

const decorations = new Set([
  '__extension__',
  '__cdecl',
  '_cdecl',
  '__stdcall',
  '__fastcall',
  '__restrict',
  '__restrict__',
  'restrict',
  '_Noreturn',
  'noreturn',
  '__THROW',
]);
const attributes = new Set([
  '__attribute__',
  '__attribute',
  '__declspec',
  '__asm__',
  '__asm',
  'asm',
  '_Alignas',
  'alignas',
  '__nonnull',
]);
