/** Object-like macros that have a value: integers, floats and strings. */
import { plain } from './declarations.js';
import { Declarators } from './declarator.js';
import { evaluate } from './expression.js';
import { type Constant, unquote } from './integer.js';
import type { Token } from './lexer.js';
import type { Macro } from './preprocess.js';
import type { Scope } from './scope.js';
import { world } from './specifiers.js';
import { TokenStream } from './stream.js';

/** Adds the macros with a value to the scope's constants; the others (keywords, attributes, code) have none. */
export function readConstants(macros: ReadonlyMap<string, Macro>, scope: Scope): void {
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
    const stream = new TokenStream([...macro.body, { ...macro.place, kind: 'end', text: '' }]);
    const inner = world(stream, scope, new Declarators(stream, scope, true), 0);
    const cursor = { tokens: stream.tokens, at: 0 };
    try {
      const value = evaluate(cursor, { ...inner, name: (token) => constantOf(token.text) ?? inner.name(token) });
      if (stream.tokens[cursor.at]?.kind === 'end') values.set(name, value);
    } catch {
      // Code, not a value.
    }
    return values.get(name);
  };
  for (const { name, parameters, body, place } of macros.values()) {
    if (parameters || body.length === 0 || place.file.name.startsWith('<')) continue;
    if (body.every(({ kind }) => kind === 'string')) {
      scope.constants[name] = {
        ...scope.declared(place),
        kind: 'string',
        value: body.map(({ text }) => unquote(text)).join(''),
      };
      continue;
    }
    const value = constantOf(name);
    if (value) scope.constants[name] = { ...scope.declared(place), kind: value.kind, value: plain(value.value) };
  }
}
