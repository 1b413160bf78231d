/** Object-like macros that have a value: integers, floats and strings. */

import { world } from './constant-expressions.js';
import { plain } from './declarations.js';
import { Declarators } from './declarator.js';
import { evaluate } from './expression.js';
import { type Constant, unquote } from './integer.js';
import type { Token } from './lexer.js';
import type { Expander, Macro } from './macros.js';
import type { Scope } from './scope.js';
import { TokenStream } from './stream.js';

/** Steps that the value of one macro may take. */
const mostSteps = 4096;

/** Adds the macros with a value to the scope's constants; the others (keywords, attributes, code) have none. */
export function readConstants(expander: Expander, scope: Scope): void {
  const { macros } = expander;
  const values = new Map<string, Constant | undefined>();
  const constantOf = (name: string): Constant | undefined => {
    if (values.has(name)) return values.get(name);
    // Marked before it is read: a macro that refers to itself has no value.
    values.set(name, undefined);
    const macro = macros.get(name);
    if (!macro || macro.parameters || macro.body.length === 0) return undefined;
    const [first] = macro.body as [Token];
    if (
      first.kind === 'string' ||
      (first.kind === 'name' && macro.body.length === 1 && !macros.has(first.text) && !scope.enumerator(first.text))
    )
      return undefined;
    try {
      // Macros that are a value of their own are not written out again, so that long chains stay cheap.
      const body = expander.all(macro.body, (other) => closed(macros.get(other)), mostSteps);
      const stream = new TokenStream([...body, { ...macro.place, kind: 'end', text: '' }]);
      const inner = world(stream, scope, new Declarators(stream, scope, true), 0);
      const cursor = { tokens: stream.tokens, at: 0 };
      const value = evaluate(cursor, { ...inner, name: (token) => constantOf(token.text) ?? inner.name(token) });
      if (stream.tokens[cursor.at]?.kind === 'end') values.set(name, value);
    } catch {
      // Code, not a value.
    }
    return values.get(name);
  };
  for (const { name, parameters, body, place } of macros.values()) {
    if (parameters || body.length === 0 || place.file.foreign || place.file.name.startsWith('<')) continue;
    const text = textOf(body, macros);
    if (text !== undefined) {
      scope.constants[name] = { ...scope.declared(place), kind: 'string', value: text };
      continue;
    }
    const value = constantOf(name);
    if (value) scope.constants[name] = { ...scope.declared(place), kind: value.kind, value: plain(value.value) };
  }
}

/** Whether a macro is one value wherever it stands: a number, or something in parentheses. */
function closed(macro: Macro | undefined): boolean {
  if (!macro || macro.parameters) return false;
  const { body } = macro;
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

/** The text of a macro that is strings one behind the other, its own or those of other macros. */
function textOf(body: readonly Token[], macros: ReadonlyMap<string, Macro>, depth = 0): string | undefined {
  let text = '';
  for (const token of body) {
    const inner = token.kind === 'name' && depth < 8 ? macros.get(token.text) : undefined;
    const part =
      token.kind === 'string'
        ? unquote(token.text)
        : inner && !inner.parameters && inner.body.length > 0
          ? textOf(inner.body, macros, depth + 1)
          : undefined;
    if (part === undefined || text.length > 1e6) return undefined;
    text += part;
  }
  return text;
}
