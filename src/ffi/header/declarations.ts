/** The declarations of a header, one after the other. */
import { isEwaldError } from '../../util/errors.js';
import { world } from './constant-expressions.js';
import { Declarators } from './declarator.js';
import { evaluate, truthy } from './expression.js';
import { plain, unquote } from './integer.js';
import type { Token } from './lexer.js';
import { isUnsupported, type Scope } from './scope.js';
import { headerError } from './source.js';
import type { TokenStream } from './stream.js';
import type { CType } from './types.js';
import { partsOf } from './weight.js';

interface DeclarationOptions {
  readonly allowVarargs: boolean;
  readonly skipUnsupported: boolean;
}

/** Reads everything up to the end into the scope. */
export function readDeclarations(stream: TokenStream, scope: Scope, options: DeclarationOptions): void {
  const reader = new Declarators(stream, scope, options.allowVarargs);
  /** Braces of extern "C" that are open. */
  const linkage: Token[] = [];
  while (stream.peek().kind !== 'end') {
    if (stream.take(';')) continue;
    if (stream.is('}') && linkage.pop()) {
      stream.next();
      continue;
    }
    if (stream.is('extern') && stream.peek(1).kind === 'string') {
      stream.next();
      const language = stream.next();
      if (unquote(language.text) !== 'C')
        throw headerError(language, `extern ${language.text} uses other names for its functions; expected extern "C"`);
      if (stream.is('{')) linkage.push(stream.next());
      continue;
    }
    const start = stream.at;
    try {
      declaration(reader);
    } catch (error) {
      const { foreign } = (stream.tokens[start] as Token).file;
      const isPassed = options.skipUnsupported || foreign || isUnsupported(error);
      if (!isPassed || !isEwaldError(error, 'Format')) throw error;
      stream.at = start;
      skipDeclaration(stream);
      const names = declaredIn(stream.tokens.slice(start, stream.at));
      for (const name of names)
        if (!reader.startsType({ ...(stream.tokens[start] as Token), kind: 'name', text: name }))
          scope.passedNames.add(name);
      if (foreign) scope.passedOver++;
      else
        scope.warnings.push(
          `passed over ${names.join(', ')}: ${error.message.split('\n')[0]}`.replace('over :', 'over:'),
        );
    }
  }
  const open = linkage.at(-1);
  if (open) throw headerError(open, 'this { of extern "C" is never closed');
  passOverUndefinedEnums(scope);
}

/**
 * Passes over what takes or returns an enum that was never defined: gcc takes the declaration, but nobody can call it. A
 * pointer to one is a handle.
 */
function passOverUndefinedEnums(scope: Scope): void {
  const { forwardEnums, enums, functions, variables, warnings } = scope;
  if ([...forwardEnums.keys()].every((tag) => tag in enums)) return;
  const missing = (type: CType): string | undefined => {
    if (type.kind === 'enum') return type.tag in enums ? undefined : type.tag;
    if (type.kind === 'pointer' && type.to.kind === 'enum') return undefined;
    return partsOf(type).map(missing).find(Boolean);
  };
  const passOver = (from: Record<string, unknown>, name: string, tag: string | undefined): void => {
    if (tag === undefined) return;
    const place = forwardEnums.get(tag) as Token;
    const error = headerError(place, `enum ${tag}, which ${name} uses, is never defined`);
    warnings.push(`passed over: ${error.message.split('\n')[0]}`);
    delete from[name];
  };
  for (const [name, fn] of Object.entries(functions)) passOver(functions, name, missing({ ...fn, kind: 'function' }));
  for (const [name, { type }] of Object.entries(variables)) passOver(variables, name, missing(type));
}

/** The names that a declaration, which could not be read, may declare: those before a comma, an array or its end. */
function declaredIn(tokens: readonly Token[]): string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [i, { kind, text }] of tokens.entries()) {
    if (kind === 'punctuator' && '([{'.includes(text)) depth++;
    else if (kind === 'punctuator' && ')]}'.includes(text)) depth--;
    if (kind !== 'name' || depth > 0) continue;
    const next = tokens[i + 1];
    const isParameters = next?.text === '(' && !/^_*(?:typeof|attribute|asm|alignas|declspec)_*$/i.test(text);
    if (isParameters || [',', ';', '[', '=', ':', '{'].includes(next?.text ?? '')) names.push(text);
  }
  return names;
}

/** Advances past the semicolon or body that ends a declaration. */
function skipDeclaration(stream: TokenStream): void {
  for (;;) {
    const token = stream.peek();
    if (token.kind === 'end') return;
    if ('([{'.includes(token.text) && token.kind === 'punctuator') {
      stream.skipGroup();
      if (token.text === '{' && !stream.is(';') && stream.peek().kind !== 'name' && !stream.is('*')) return;
      continue;
    }
    stream.next();
    if (token.text === ';') return;
  }
}

function declaration(reader: Declarators): void {
  const { stream, scope } = reader;
  if (stream.is('_Static_assert') || stream.is('static_assert')) {
    staticAssertion(reader);
    return;
  }
  if (stream.is('__extension__')) stream.next();
  const { type: base, storage, inline, first, tagged, attributes: shared } = reader.specifiers(0);
  if (stream.take(';')) {
    if (!tagged) throw headerError(first, 'this declares nothing; is a name missing?');
    return;
  }
  for (;;) {
    const attributes = { ...shared };
    const { name, type } = reader.declarator(base, 0, 'declaration', attributes);
    if (!name) throw stream.unexpected('the name of what is declared');
    const { doc } = first;
    const { lastAlign: align, symbol } = attributes;
    if (storage === 'typedef') scope.addTypedef(name, align === undefined ? type : { ...type, align }, doc);
    else if (type.kind === 'function') {
      const body = stream.is('{');
      // What is static or inline has no symbol in the library.
      if (storage !== 'static' && !inline) scope.addFunction(name, type, doc, symbol);
      if (body) {
        stream.skipGroup();
        return;
      }
    } else {
      if (type.kind === 'void') throw headerError(name, `${name.text} cannot be void; was a * meant?`);
      if (stream.take('=')) initialised(reader, name, type, doc);
      else if (storage !== 'static') scope.addVariable(name, type, doc);
    }
    if (!stream.take(',')) break;
  }
  if (stream.is('{')) throw headerError(stream.peek(), 'found "{", expected ";"');
  stream.expect(';', `after the declaration that starts with "${first.text}"`);
}

/** `static const int n = 3;` is a constant; other values are skipped. */
function initialised(reader: Declarators, name: Token, type: CType, doc: string | undefined): void {
  const { stream, scope } = reader;
  const start = stream.at;
  if (type.const && type.kind === 'scalar') {
    try {
      const value = evaluate(stream, world(reader, 0));
      if (stream.is(';') || stream.is(',')) {
        scope.constants[name.text] = { ...scope.declared(name, doc), kind: value.kind, value: plain(value.value) };
        return;
      }
    } catch {
      // The value cannot be determined here: it is a variable of the library.
    }
    stream.at = start;
  }
  scope.addVariable(name, type, doc);
  while (!stream.is(',') && !stream.is(';')) {
    const token = stream.peek();
    if (token.kind === 'end') throw headerError(name, `the initializer of ${name.text} is not terminated`);
    if (token.kind === 'punctuator' && '([{'.includes(token.text)) stream.skipGroup();
    else stream.next();
  }
}

function staticAssertion(reader: Declarators): void {
  const { stream, scope } = reader;
  const word = stream.next();
  stream.expect('(', `after ${word.text}`);
  const value = evaluate(stream, world(reader, 0));
  let message = '';
  if (stream.take(',')) {
    while (stream.peek().kind === 'string') message += unquote(stream.next().text);
  }
  stream.expect(')', `after ${word.text}`);
  if (!truthy(value))
    throw headerError(word, `this assertion fails for ${scope.model}${message ? `: ${message}` : ''}`);
  scope.assertions++;
}
