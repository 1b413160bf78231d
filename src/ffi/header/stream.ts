/** The parser's view of the token list: looking ahead, expecting tokens, skipping balanced brackets. */
import { countWhile } from '../../util/count-while.js';
import { badToken, describe, type Token } from './lexer.js';
import type { PackChange } from './pack.js';
import { headerError } from './source.js';

/** Nesting of declarators, structs and brackets; deeper is refused before the stack runs out. */
export const deepest = 100;

export class TokenStream {
  readonly tokens: readonly Token[];
  at = 0;
  readonly #packs: readonly PackChange[];

  constructor(tokens: readonly Token[], packs: readonly PackChange[] = []) {
    this.tokens = tokens;
    this.#packs = packs;
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

  expect(text: string, where?: string): Token {
    const token = this.peek();
    if (!this.take(text)) throw this.unexpected(`"${text}"${where ? ` ${where}` : ''}`);
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
    return headerError(token, token.kind === 'bad' ? badToken(token) : `found ${describe(token)}, expected ${needed}`);
  }

  /** Skips a bracketed group, at whose opening bracket the cursor is. */
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

  /** The limit of `#pragma pack` at the next token. */
  get pack(): number | undefined {
    const packs = this.#packs;
    return packs[countWhile(packs.length, (i) => (packs[i] as PackChange).at <= this.at) - 1]?.pack;
  }
}
