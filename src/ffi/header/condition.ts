/** The expressions of `#if`: evaluated in the widest integers, as the standard requires, with undefined names as 0. */
import { evaluate, truthy } from './expression.js';
import { int } from './integer.js';
import { badToken, describe, type Token } from './lexer.js';
import type { Expander } from './macros.js';
import { headerError } from './source.js';
import { TokenStream } from './stream.js';

/** Layout attributes that this parser applies; `__has_attribute` denies all others, which have no effect here. */
const followed = /^(?:gnu::)?_{0,2}(?:packed|aligned|mode)_{0,2}$/;

/** Questions that `#if` may ask. */
interface Questions {
  /** Whether `#include` with these words after it would find a file. */
  included(tokens: readonly Token[]): boolean;
}

/** Decides an `#if` or `#elif`; `end` is the end of its line. */
export function decide(word: Token, rest: readonly Token[], end: Token, expander: Expander, ask: Questions): boolean {
  if (rest.length === 0) throw headerError(word, `#${word.text} needs an expression`);
  const bad = rest.find(({ kind }) => kind === 'bad');
  if (bad) throw headerError(bad, badToken(bad));
  // Handled both before and after expansion: `defined` may also come out of a macro, and its name stays then, too.
  const named = (_: string, before: readonly Token[]): boolean =>
    (before.at(-1)?.text === '(' ? before.at(-2) : before.at(-1))?.text === 'defined';
  const tokens = answered(expander.all(answered(rest, expander, ask), named), expander, ask);
  tokens.push({ ...end, kind: 'newline', text: '\n' });
  const stream = new TokenStream(tokens);
  const value = evaluate(stream, {
    longBits: 64,
    sizeBits: 64,
    widest: true,
    name: (token) => int(token.text === 'true' ? 1n : 0n, 64),
  });
  const left = stream.peek();
  if (left.kind !== 'newline') throw headerError(left, `found ${describe(left)} after the expression of #${word.text}`);
  return truthy(value);
}

/** Replaces `defined` and `__has_…` by numbers. */
function answered(rest: readonly Token[], expander: Expander, ask: Questions): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < rest.length; i++) {
    const token = rest[i] as Token;
    const called = rest[i + 1]?.text === '(' && rest[i + 1]?.kind === 'punctuator';
    if (token.kind === 'name' && token.text === 'defined') {
      const name = rest[i + (called ? 2 : 1)];
      if (name?.kind !== 'name') throw headerError(name ?? token, '"defined" needs a name');
      if (called && rest[i + 3]?.text !== ')') throw headerError(name, `expected ")" after defined(${name.text}`);
      tokens.push(answer(token, expander.defines(name.text)));
      i += called ? 3 : 1;
    } else if (token.kind === 'name' && called && /^__has_\w+$/.test(token.text) && !expander.macros.has(token.text)) {
      const words: Token[] = [];
      let depth = 1;
      for (i += 2; i < rest.length; i++) {
        const inner = rest[i] as Token;
        if (inner.text === '(') depth++;
        if (inner.text === ')' && --depth === 0) break;
        words.push(inner);
      }
      const named = words.map(({ text }) => text).join('');
      const yes = token.text.startsWith('__has_include')
        ? ask.included(words)
        : token.text === '__has_attribute' && followed.test(named);
      tokens.push(answer(token, yes));
    } else {
      tokens.push(token);
    }
  }
  return tokens;
}

const answer = (token: Token, yes: boolean): Token => ({ ...token, kind: 'number', text: yes ? '1' : '0' });
