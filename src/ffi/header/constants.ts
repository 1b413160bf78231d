/** Object-like macros that have a value: integers, floats and strings. */

import { EwaldError } from '../../util/errors.js';
import { world } from './constant-expressions.js';
import { Declarators } from './declarator.js';
import { evaluate } from './expression.js';
import { type Constant, plain, textOfLiteral } from './integer.js';
import type { Token } from './lexer.js';
import type { Expander, Macro } from './macros.js';
import type { Scope } from './scope.js';
import { startsType } from './specifiers.js';
import { TokenStream } from './stream.js';
import type { CType } from './types.js';

/** Maximum number of steps for the value of one macro. */
const maxSteps = 4096;
/** Steps allowed for the values of all macros: a fixed number, plus some for each token of the header. */
const freeSteps = 1_000_000;
const stepsPerToken = 8;
/** Number of characters of text that count as one step. */
const charactersPerStep = 8;
/** Maximum number of characters of a text that is put together from others. */
const maxTextLength = 1e6;
/** Maximum nesting of macros whose names are made by `##`. */
const maxPasteDepth = 50;
/** Maximum number of words of a type: beyond, it is code. */
const maxTypeWords = 32;

/** The value of a macro. */
interface Value {
  readonly constant?: Constant | undefined;
  /** The text of a macro that is only strings, its own or those of other macros. */
  readonly text?: string | undefined;
  /** The name that it is, if that is not another macro's: `#define mpz_init __gmpz_init`. */
  readonly aliasOf?: string | undefined;
  /** The type that it is: `#define PCRE2_SIZE size_t`. */
  readonly type?: CType | undefined;
  /** Whether its expansion takes more than `maxSteps`. */
  readonly isOverBudget?: boolean;
}

const noValue: Value = { isOverBudget: false };

/** Adds the macros with a value to the scope's constants; the others (keywords, attributes, code) have none. */
export function readConstants(expander: Expander, scope: Scope): void {
  const reader = new ConstantReader(expander, scope);
  for (const { name, parameters, body, place } of expander.macros.values()) {
    if (parameters || body.length === 0 || place.file.foreign || place.file.name.startsWith('<')) continue;
    const { text, constant, aliasOf, type } = reader.valueOf(name);
    if (aliasOf !== undefined) addFunctionAlias(name, aliasOf, scope);
    if (type && !scope.type(name)) scope.typedefs[name] ??= { ...scope.declared(place), type };
    if (text !== undefined) scope.constants[name] = { ...scope.declared(place), kind: 'string', value: text };
    else if (constant && (constant.kind === 'int' || Number.isFinite(constant.value)))
      scope.constants[name] = {
        ...scope.declared(place),
        kind: constant.kind,
        value: plain(constant.value),
        ...(constant.kind === 'int' && constant.pointer && { type: constant.pointer }),
      };
  }
  if (reader.unread > 0)
    scope.warnings.push(
      `the values of ${reader.unread} macros are unknown: evaluating all takes more than ${reader.limit} steps`,
    );
}

/** A macro that is the name of a function is one more name of that function, as it is for C's programs. */
function addFunctionAlias(name: string, other: string, { functions, variables }: Scope): void {
  const fn = functions[other];
  if (fn && !functions[name] && !variables[name]) functions[name] = { ...fn, name, symbol: fn.symbol ?? fn.name };
}

/**
 * Values of macros. Each macro is read once, after the macros to which it refers, so that the work is proportional to
 * the length of the header, even with long chains of macros.
 */
class ConstantReader {
  readonly #expander: Expander;
  readonly #scope: Scope;
  readonly #values = new Map<string, Value>();
  readonly #closed = new Map<Macro, boolean>();
  readonly limit: number;
  #stepsLeft: number;
  #depth = 0;
  /** Macros that were not read because the steps had run out. */
  unread = 0;

  constructor(expander: Expander, scope: Scope) {
    this.#expander = expander;
    this.#scope = scope;
    this.limit = freeSteps + stepsPerToken * expander.tokens;
    this.#stepsLeft = this.limit;
  }

  valueOf(name: string): Value {
    const { macros } = this.#expander;
    // No recursion: a chain of macros may be as long as the header.
    const open: { readonly name: string; readonly body: readonly Token[]; at: number }[] = [];
    const enter = (next: string): void => {
      const macro = macros.get(next);
      if (!macro || this.#values.has(next)) return;
      // Recorded before it is read, since a macro that refers to itself has no value.
      this.#values.set(next, noValue);
      open.push({ name: next, body: macro.body, at: 0 });
    };
    enter(name);
    for (let top = open.at(-1); top; top = open.at(-1)) {
      const token = top.body[top.at++];
      if (token) {
        if (token.kind === 'name') enter(token.text);
        continue;
      }
      open.pop();
      this.#values.set(top.name, this.#read(macros.get(top.name) as Macro));
    }
    return this.#values.get(name) ?? noValue;
  }

  /** Reads the value of a macro whose references have been read. */
  #read(macro: Macro): Value {
    const { body, parameters } = macro;
    const [first] = body;
    if (parameters || !first) return noValue;
    if (this.#stepsLeft < 0) {
      this.unread++;
      return { isOverBudget: true };
    }
    const { macros } = this.#expander;
    const other = first.kind === 'name' && body.length === 1 ? macros.get(first.text) : undefined;
    // A macro that is just another macro's name has that macro's value.
    if (other && !other.parameters && other !== macro) {
      this.#stepsLeft--;
      return this.#values.get(first.text) ?? noValue;
    }
    if (first.kind === 'name' && body.length === 1 && !other) {
      // An enumerator, or true, false and NULL.
      const known = this.#constantOf(macro);
      return known.constant ? known : { aliasOf: first.text, type: this.#typeOf([first]) };
    }
    const text = this.#textOf(body);
    this.#stepsLeft -= 1 + (text?.length ?? 0) / charactersPerStep;
    if (text !== undefined || first.kind === 'string') return { text };
    return this.#containsOverBudget(body) ? { isOverBudget: true } : this.#constantOf(macro);
  }

  /** Whether the expansion of a body contains one that takes too many steps. */
  #containsOverBudget(body: readonly Token[]): boolean {
    return body.some(({ kind, text }) => {
      const macro = kind === 'name' ? this.#expander.macros.get(text) : undefined;
      return macro && !this.#isClosed(macro) && this.#values.get(text)?.isOverBudget;
    });
  }

  #constantOf({ body, place }: Macro): Value {
    const { macros } = this.#expander;
    const before = this.#expander.spent;
    let expanded: readonly Token[] = [];
    this.#depth++;
    try {
      if (this.#depth > maxPasteDepth) return noValue;
      // Macros that are a single value are not expanded again, so that long chains stay cheap; a cast has none.
      const isKnown = (name: string): boolean =>
        this.#isClosed(macros.get(name)) && this.#values.get(name)?.constant !== undefined;
      expanded = this.#expander.all(body, isKnown, maxSteps);
      const stream = new TokenStream([...expanded, { ...place, kind: 'end', text: '' }]);
      const inner = world(new Declarators(stream, this.#scope, true), 0);
      const value = evaluate(stream, {
        ...inner,
        name: (token) => this.valueOf(token.text).constant ?? inner.name(token),
      });
      return stream.peek().kind === 'end' ? { constant: value } : noValue;
    } catch (error) {
      if (!(error instanceof EwaldError)) throw error;
      const [only] = expanded;
      const type = this.#typeOf(expanded);
      if (type || (expanded.length === 1 && only?.kind === 'name')) return { aliasOf: only?.text, type };
      // Code, not a value.
      return { isOverBudget: this.#expander.spent - before > maxSteps };
    } finally {
      this.#depth--;
      this.#stepsLeft -= body.length + this.#expander.spent - before;
    }
  }

  /** The type that words are; undefined for anything else. */
  #typeOf(words: readonly Token[]): CType | undefined {
    const [first] = words;
    if (!first || !startsType(first, this.#scope) || words.length > maxTypeWords) return undefined;
    const stream = new TokenStream([...words, { ...first, kind: 'end', text: '' }]);
    try {
      const type = new Declarators(stream, this.#scope, true).typeName(0);
      return stream.peek().kind === 'end' ? type : undefined;
    } catch (error) {
      if (!(error instanceof EwaldError)) throw error;
      return undefined;
    }
  }

  /** Whether a macro is a single value in every context: a number, or an expression in parentheses. */
  #isClosed(macro: Macro | undefined): boolean {
    if (!macro || macro.parameters) return false;
    let closed = this.#closed.get(macro);
    if (closed === undefined) {
      closed = isClosedBody(macro.body);
      this.#closed.set(macro, closed);
    }
    return closed;
  }

  /** The text of a body that is a sequence of strings, its own or those of other macros. */
  #textOf(body: readonly Token[]): string | undefined {
    let text = '';
    for (const token of body) {
      const part = token.kind === 'string' ? textOfLiteral(token.text) : this.#values.get(token.text)?.text;
      if (part === undefined || text.length + part.length > maxTextLength) return undefined;
      text += part;
    }
    return text;
  }
}

function isClosedBody(body: readonly Token[]): boolean {
  if (body.length === 1) return body[0]?.kind === 'number' || body[0]?.kind === 'char';
  let depth = 0;
  return (
    body[0]?.text === '(' &&
    body.every(({ text }, i) => {
      if (text === '(') depth++;
      if (text === ')') depth--;
      return depth > 0 || i === body.length - 1;
    })
  );
}
