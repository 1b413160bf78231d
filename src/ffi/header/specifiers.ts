/** Declaration specifiers: storage, qualifiers, and the base type with structs and enums defined in place. */
import { type ExpressionWorld, evaluate } from './expression.js';
import { type Constant, int } from './integer.js';
import { placeFields } from './layout.js';
import type { Token } from './lexer.js';
import { type OpenStruct, type Scope, unsupported } from './scope.js';
import { headerError } from './source.js';
import { deepest, type TokenStream } from './stream.js';
import type { CField, CType, ScalarName } from './types.js';
import { typeText } from './types.js';

export interface Specifiers {
  readonly type: CType;
  readonly storage: 'typedef' | 'extern' | 'static' | undefined;
  readonly inline: boolean;
  readonly first: Token;
  /** Whether a struct, union or enum was declared: then no name has to follow. */
  readonly tagged: boolean;
}

/** What specifiers need of the declarator parser; the two call each other. */
export interface DeclaratorReader {
  declarator(
    base: CType,
    depth: number,
    where: 'field' | 'parameter' | 'declaration',
  ): { readonly name: Token | undefined; readonly type: CType; readonly length?: number | string };
  typeName(depth: number): CType;
}

/** What a word does among specifiers. */
type Role = 'base' | 'const' | 'volatile' | 'storage' | 'inline' | 'nothing' | 'tag' | 'alignment' | 'refused';
const roles = new Map<string, Role>();
const give = (role: Role, ...list: string[]): void => {
  for (const word of list) roles.set(word, role);
};
give(
  'base',
  'void',
  'char',
  'short',
  'int',
  'long',
  'float',
  'double',
  'signed',
  'unsigned',
  '_Bool',
  '__signed__',
  '__signed',
  '__int64',
);
give('const', 'const', '__const');
give('volatile', 'volatile', '__volatile__');
give('storage', 'typedef', 'extern', 'static');
give('inline', 'inline', '__inline', '__inline__', '__forceinline');
give('nothing', 'register', 'auto');
give('tag', 'struct', 'union', 'enum');
give('alignment', '_Alignas', 'alignas');
const refused: Record<string, [string, string]> = {
  _Complex: ['a complex number', 'pass real and imaginary part'],
  _Imaginary: ['an imaginary number', 'pass it as a double'],
  __int128: ['a 128-bit integer', 'pass two halves'],
  __float128: ['a 128-bit float', 'pass a double'],
  _Float16: ['a half-precision float', 'pass a uint16_t'],
  _Decimal64: ['a decimal float', 'pass a double'],
  _Atomic: ['an atomic', 'wrap it in functions'],
  _Thread_local: ['a thread-local variable', 'wrap it in functions'],
  __thread: ['a thread-local variable', 'wrap it in functions'],
  typeof: ['typeof', 'write the type out'],
  __typeof__: ['typeof', 'write the type out'],
  va_list: ['a va_list', 'give the library a function with fixed parameters'],
};
give('refused', ...Object.keys(refused));
const cxx = new Set([
  'class',
  'template',
  'namespace',
  'using',
  'public',
  'private',
  'constexpr',
  'virtual',
  'operator',
  'friend',
  'typename',
  'decltype',
]);

/** Whether a declaration can start with this token. */
export function startsType(token: Token, scope: Scope): boolean {
  if (token.kind !== 'name') return false;
  const role = roles.get(token.text);
  return role === undefined
    ? scope.type(token.text) !== undefined
    : role === 'base' || role === 'const' || role === 'volatile' || role === 'tag' || role === 'refused';
}

/** Values of names in constant expressions of declarations. */
export function world(stream: TokenStream, scope: Scope, reader: DeclaratorReader, depth: number): ExpressionWorld {
  const typeAt = (cursor: { at: number }): CType => {
    stream.at = cursor.at;
    const type = reader.typeName(depth + 1);
    cursor.at = stream.at;
    return type;
  };
  return {
    longBits: scope.longBits,
    name: (token) =>
      scope.enumerator(token.text) ??
      (token.text === 'true'
        ? int(1n)
        : token.text === 'false' || token.text === 'NULL' || token.text === 'nullptr'
          ? int(0n)
          : undefined),
    typed(word, cursor) {
      stream.at = cursor.at;
      stream.expect('(', `behind ${word.text}`);
      if (!startsType(stream.peek(), scope)) throw stream.unexpected('a type');
      cursor.at = stream.at;
      const type = typeAt(cursor);
      let value: number | undefined;
      const layout = scope.layout(type);
      if (word.text.endsWith('offsetof')) {
        stream.expect(',', `behind the type of ${word.text}`);
        const field = stream.name('the name of a field');
        const fields = type.kind === 'struct' ? scope.structs[type.tag]?.fields : undefined;
        value = fields?.find(({ name }) => name === field.text)?.offset;
        if (value === undefined) throw headerError(field, `${typeText(type)} has no field ${field.text}`);
      } else {
        value = word.text === 'sizeof' ? layout?.size : layout?.align;
        if (value === undefined) throw headerError(word, `the size of ${typeText(type)} is not known`);
      }
      stream.expect(')', `behind ${word.text}`);
      cursor.at = stream.at;
      return BigInt(value);
    },
    cast(cursor) {
      const token = stream.tokens[cursor.at];
      if (!token || !startsType(token, scope)) return undefined;
      const type = typeAt(cursor);
      return (value) => castTo(value, type, scope, token);
    },
  };
}

function castTo(value: Constant, type: CType, scope: Scope, place: Token): Constant {
  const size = scope.layout(type)?.size;
  if (type.kind === 'scalar' && size !== undefined) {
    if (type.name === 'float' || type.name === 'double') return { kind: 'float', value: Number(value.value) };
    if (value.kind === 'float' && !Number.isFinite(value.value))
      throw headerError(place, `${value.value} is no integer`);
    const whole = value.kind === 'int' ? value.value : BigInt(Math.trunc(value.value));
    const unsigned = type.name.startsWith('u') || type.name === 'size_t' || type.name === 'bool';
    const wrapped = unsigned ? BigInt.asUintN(size * 8, whole) : BigInt.asIntN(size * 8, whole);
    return int(wrapped, size === 8 ? 64 : 32, unsigned && size >= 4);
  }
  if (type.kind === 'enum' && value.kind === 'int') return int(value.value);
  throw headerError(place, `a constant of type ${typeText(type)} is not read here`);
}

/** Reads one constant expression that must be an integer. */
export function integerConstant(stream: TokenStream, scope: Scope, reader: DeclaratorReader, depth: number): bigint {
  const place = stream.peek();
  const cursor = { tokens: stream.tokens, at: stream.at };
  const value = evaluate(cursor, world(stream, scope, reader, depth));
  stream.at = cursor.at;
  if (value.kind !== 'int') throw headerError(place, `${value.value} is no integer`);
  return value.value;
}

/** Reads the specifiers of a declaration. */
export function readSpecifiers(stream: TokenStream, scope: Scope, reader: DeclaratorReader, depth: number): Specifiers {
  const first = stream.peek();
  if (depth > deepest) throw headerError(first, `types are nested more than ${deepest} deep`);
  let storage: Specifiers['storage'];
  let inline = false;
  let isConst = false;
  let tagged = false;
  let base: CType | undefined;
  const basic: Token[] = [];
  reading: for (;;) {
    const token = stream.peek();
    const { text } = token;
    if (token.kind !== 'name') {
      if (!stream.is('[') || !stream.is('[', 1)) break;
      stream.skipAttributes();
      continue;
    }
    const role = roles.get(text);
    switch (role) {
      case 'base':
        if (base) throw headerError(token, `found "${text}" behind ${typeText(base)}, needed is a name`);
        basic.push(token);
        break;
      case 'const':
        isConst = true;
        break;
      case 'volatile':
      case 'nothing':
        break;
      case 'storage':
        if (storage !== undefined && storage !== text)
          throw headerError(token, `"${text}" stands behind "${storage}"; one of them is needed`);
        storage = text as 'typedef' | 'extern' | 'static';
        break;
      case 'inline':
        inline = true;
        break;
      case 'alignment':
        throw unsupported(token, text, 'lay the fields out with explicit padding');
      case 'refused': {
        const [what, instead] = refused[text] as [string, string];
        throw unsupported(token, what, instead);
      }
      case 'tag':
        if (base || basic.length > 0) throw headerError(token, `found "${text}" behind a type, needed is a name`);
        base =
          text === 'enum'
            ? readEnum(stream, scope, reader, depth, storage === 'typedef')
            : readStruct(stream, scope, reader, depth, storage === 'typedef');
        tagged = true;
        continue;
      default: {
        const before = stream.at;
        stream.skipAttributes();
        if (stream.at > before) continue;
        if (base || basic.length > 0) break reading;
        base = scope.type(text);
        if (!base) throw unknownType(token, scope);
      }
    }
    stream.at++;
  }
  const type = base ?? (basic.length > 0 ? basicType(basic) : undefined);
  if (!type) throw stream.unexpected('a type');
  return { type: isConst ? { ...type, const: true } : type, storage, inline, first, tagged };
}

function unknownType(token: Token, scope: Scope): Error {
  const { text } = token;
  if (cxx.has(text))
    return headerError(token, `"${text}" is C++; this parser reads C, so guard it with #ifdef __cplusplus`);
  const near = scope.nearestType(text);
  return headerError(
    token,
    `unknown type name "${text}"${near ? `; did you mean "${near}"?` : '; include the header that declares it, or define it (--define)'}`,
  );
}

const basicTypes = new Map<string, CType>();

/** The arithmetic type that a list of words spells, in any order. */
function basicType(list: readonly Token[]): CType {
  const spelled = list.length === 1 ? (list[0] as Token).text : list.map(({ text }) => text).join(' ');
  let type = basicTypes.get(spelled);
  if (!type) {
    type = spelledType(list, spelled);
    basicTypes.set(spelled, type);
  }
  return type;
}

function spelledType(list: readonly Token[], spelled: string): CType {
  const [first] = list as readonly [Token];
  const names = list.map(({ text }) => (text === '_Bool' ? 'bool' : text.startsWith('__signed') ? 'signed' : text));
  const count = (name: string): number => names.filter((word) => word === name).length;
  const longs = count('long') + 2 * count('__int64');
  const sign = count('unsigned') > 0 ? 'unsigned' : count('signed') > 0 ? 'signed' : '';
  const bases = names.filter((word) => !['long', 'unsigned', 'signed', 'int', 'short', '__int64'].includes(word));
  const wrong = (): Error => headerError(first, `"${spelled}" is no type`);
  if (
    bases.length > 1 ||
    count('int') > 1 ||
    count('short') > 1 ||
    longs > 2 ||
    count('unsigned') + count('signed') > 1
  )
    throw wrong();
  const [base] = bases;
  if (base !== undefined) {
    if (base === 'double' && longs === 1 && names.length === 2)
      throw unsupported(first, 'a long double', 'pass a double');
    if (longs > 0 || count('int') > 0 || count('short') > 0) throw wrong();
    if (base === 'char') return { kind: 'scalar', name: (sign ? `${sign} char` : 'char') as ScalarName };
    if (sign) throw wrong();
    return base === 'void' ? { kind: 'void' } : { kind: 'scalar', name: base as ScalarName };
  }
  if (longs > 0 && count('short') > 0) throw wrong();
  const size = count('short') > 0 ? 'short' : longs === 2 ? 'long long' : longs === 1 ? 'long' : 'int';
  return { kind: 'scalar', name: (sign === 'unsigned' ? `unsigned ${size}` : size) as ScalarName };
}

/** The name that a typedef will give: it stands directly behind the closing brace. */
function typedefName(stream: TokenStream, isTypedef: boolean): string | undefined {
  const token = stream.peek();
  return isTypedef && token.kind === 'name' ? token.text : undefined;
}

function readStruct(
  stream: TokenStream,
  scope: Scope,
  reader: DeclaratorReader,
  depth: number,
  isTypedef: boolean,
): CType {
  const word = stream.next();
  const kind = word.text as 'struct' | 'union';
  stream.skipAttributes(true);
  const name = stream.peek().kind === 'name' ? stream.next() : undefined;
  if (!stream.is('{')) {
    if (!name) throw stream.unexpected(`a name or "{" behind ${kind}`);
    const known = scope.structs[name.text];
    if (known && known.kind !== kind) throw headerError(name, `${name.text} is a ${known.kind}, not a ${kind}`);
    scope.structs[name.text] ??= { tag: name.text, kind, ...scope.declared(name) };
    return { kind: 'struct', tag: name.text };
  }
  const open: OpenStruct = { tag: name?.text ?? '', kind, ...scope.declared(name ?? word, word.doc) };
  if (name) {
    const known = scope.structs[name.text];
    if (known?.size !== undefined)
      throw headerError(name, `${kind} ${name.text} is defined twice, first in ${known.file}:${known.line}`);
    if (known && known.kind !== kind) throw headerError(name, `${name.text} is a ${known.kind}, not a ${kind}`);
    scope.structs[name.text] = open;
  }
  const brace = stream.next();
  const fields: { name: Token; type: CType; size: number; align: number }[] = [];
  while (!stream.take('}')) {
    if (stream.peek().kind === 'end') throw headerError(brace, 'this { is never closed');
    if (stream.take(';')) continue;
    const { type: base, tagged } = readSpecifiers(stream, scope, reader, depth + 1);
    if (stream.is(';'))
      throw unsupported(stream.peek(), tagged ? 'an unnamed member' : 'a field without a name', 'give it a name');
    do {
      if (stream.is(':')) throw unsupported(stream.peek(), 'a bit-field', 'use a whole integer and masks');
      const { name: field, type } = reader.declarator(base, depth + 1, 'field');
      if (!field) throw stream.unexpected('the name of a field');
      if (stream.is(':')) throw unsupported(stream.peek(), 'a bit-field', 'use a whole integer and masks');
      if (fields.some(({ name: { text } }) => text === field.text))
        throw headerError(field, `the field ${field.text} is declared twice`);
      if (type.kind === 'function') throw headerError(field, 'a field cannot be a function; a pointer to one can');
      if (containsUnion(type, scope)) throw unsupported(field, 'a union inside a struct', 'keep it behind a pointer');
      const layout = scope.layout(type);
      if (!layout)
        throw headerError(field, `the field ${field.text} is ${typeText(type)}, whose size is not known here`);
      fields.push({ name: field, type, ...layout });
    } while (stream.take(','));
    stream.expect(';', 'behind the field');
  }
  stream.skipAttributes(true);
  if (!name) open.tag = scope.anonymous(kind, typedefName(stream, isTypedef));
  if (kind === 'struct') {
    const { offsets, size, align } = placeFields(fields);
    open.fields = fields.map(({ name: { text }, type }, i): CField => ({ name: text, type, offset: offsets[i] ?? 0 }));
    open.size = size;
    open.align = align;
  } else {
    open.align = Math.max(1, ...fields.map(({ align }) => align));
    open.size = Math.ceil(Math.max(0, ...fields.map(({ size }) => size)) / open.align) * open.align;
  }
  scope.structs[open.tag] = open;
  return { kind: 'struct', tag: open.tag };
}

function containsUnion(type: CType, scope: Scope): boolean {
  if (type.kind === 'array') return containsUnion(type.of, scope);
  return type.kind === 'struct' && scope.structs[type.tag]?.kind === 'union';
}

function readEnum(
  stream: TokenStream,
  scope: Scope,
  reader: DeclaratorReader,
  depth: number,
  isTypedef: boolean,
): CType {
  const word = stream.next();
  stream.skipAttributes();
  const name = stream.peek().kind === 'name' ? stream.next() : undefined;
  if (!stream.is('{')) {
    if (!name) throw stream.unexpected('a name or "{" behind enum');
    if (!(name.text in scope.enums)) throw headerError(name, `enum ${name.text} is used before it is defined`);
    return { kind: 'enum', tag: name.text };
  }
  const known = name && scope.enums[name.text];
  if (name && known)
    throw headerError(name, `enum ${name.text} is defined twice, first in ${known.file}:${known.line}`);
  const brace = stream.next();
  const values: Record<string, number> = Object.create(null);
  let value = 0n;
  let least = 0n;
  let most = 0n;
  while (!stream.take('}')) {
    if (stream.peek().kind === 'end') throw headerError(brace, 'this { is never closed');
    const constant = stream.name('the name of an enum constant');
    stream.skipAttributes();
    if (stream.take('=')) value = integerConstant(stream, scope, reader, depth);
    if (value < -(2n ** 31n) || value >= 2n ** 32n)
      throw headerError(
        constant,
        `${constant.text} is ${value}, which needs more than 32 bits; enums are 32 bits here`,
      );
    least = value < least ? value : least;
    most = value > most ? value : most;
    scope.addEnumerator(constant, value);
    values[constant.text] = Number(value);
    value++;
    if (!stream.take(',') && !stream.is('}')) throw stream.unexpected('"," or "}"');
  }
  if (Object.keys(values).length === 0) throw headerError(brace, 'this enum has no constants');
  if (least < 0n && most >= 2n ** 31n) throw headerError(brace, 'the constants of this enum need more than 32 bits');
  const tag = name?.text ?? scope.anonymous('enum', typedefName(stream, isTypedef));
  scope.enums[tag] = {
    tag,
    ...scope.declared(name ?? word, word.doc),
    type: least < 0n ? 'int' : 'unsigned int',
    values,
  };
  return { kind: 'enum', tag };
}
