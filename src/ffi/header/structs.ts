/** Structs, unions and enums defined in place. */
import { readAttributes } from './attributes.js';
import { integerConstant } from './constant-expressions.js';
import { plain } from './integer.js';
import { type Member, namedFields, placeFields } from './layout.js';
import type { Token } from './lexer.js';
import type { Attributes, DeclaratorReader } from './reader.js';
import { type OpenStruct, passing, type Scope, unsupported } from './scope.js';
import { headerError } from './source.js';
import type { TokenStream } from './stream.js';
import { type CEnum, type CType, typeText } from './types.js';

/** Maximum size of a type in bytes; a larger one is considered a mistake. */
const largest = 2 ** 46;

/** The name from a typedef, directly after the closing brace. */
function typedefName(stream: TokenStream, isTypedef: boolean): string | undefined {
  const token = stream.peek();
  return isTypedef && token.kind === 'name' ? token.text : undefined;
}

/** Reads a struct or union from its keyword on. */
export function readStruct(reader: DeclaratorReader, depth: number, isTypedef: boolean): CType {
  const { stream, scope } = reader;
  const word = stream.next();
  const kind = word.text as 'struct' | 'union';
  const attributes = readAttributes(reader, depth);
  const name = stream.peek().kind === 'name' ? stream.next() : undefined;
  const known = name && scope.structs[name.text];
  if (name && known && known.kind !== kind) throw headerError(name, `${name.text} is a ${known.kind}, not a ${kind}`);
  if (!stream.is('{')) {
    if (!name) throw stream.unexpected(`a name or "{" after ${kind}`);
    scope.structs[name.text] ??= { tag: name.text, kind, ...scope.declared(name) };
    return { kind: 'struct', tag: name.text };
  }
  const open: OpenStruct = { tag: name?.text ?? '', kind, ...scope.declared(name ?? word, word.doc) };
  if (name) {
    if (known?.size !== undefined)
      throw headerError(name, `${kind} ${name.text} is defined twice, first in ${known.file}:${known.line}`);
    scope.structs[name.text] = open;
  }
  const members = readMembers(reader, depth, kind);
  const { pack } = stream;
  stream.expect('}', 'after the members');
  readAttributes(reader, depth, attributes);
  if (!name) open.tag = scope.anonymous(kind, typedefName(stream, isTypedef));
  if (attributes.packed) open.packed = true;
  if (pack !== undefined) open.pack = pack;
  if (attributes.lastAlign !== undefined) open.aligned = attributes.lastAlign;
  if (scope.model === 'llp64' && members.some(({ bits }) => bits !== undefined))
    throw passing(unsupported(name ?? word, 'a bit-field on Windows', 'use a whole integer and masks'));
  const { fields, size, align } = placeFields(members, open);
  if (size > largest) throw headerError(name ?? word, `this ${kind} has ${size} bytes; expected at most 2^46`);
  Object.assign(open, { fields, size, align });
  // The struct comes after everything it contains, wherever its name was first mentioned.
  delete scope.structs[open.tag];
  scope.structs[open.tag] = open;
  return { kind: 'struct', tag: open.tag };
}

function readMembers(reader: DeclaratorReader, depth: number, kind: 'struct' | 'union'): Member[] {
  const { stream, scope } = reader;
  const brace = stream.next();
  const members: Member[] = [];
  const names = new Set<string>();
  const taken = (field: Token, text: string): void => {
    if (names.has(text)) throw headerError(field, `the field ${text} is declared twice`);
    names.add(text);
  };
  /** A member whose length is open must be the last. */
  let flexible: Token | undefined;
  while (!stream.is('}')) {
    if (stream.peek().kind === 'end') throw headerError(brace, 'this { is never closed');
    if (stream.take(';')) continue;
    if (stream.is('_Static_assert') || stream.is('static_assert')) {
      while (!stream.is(';') && !stream.is('}') && stream.peek().kind !== 'end') {
        if (stream.is('(')) stream.skipGroup();
        else stream.next();
      }
      continue;
    }
    const start = stream.peek();
    if (flexible)
      throw unsupported(flexible, 'a flexible array member before the last', 'keep the elements behind a pointer');
    const { type: base, tagged, attributes: shared } = reader.specifiers(depth + 1);
    if (stream.is(';')) {
      if (!tagged) throw unsupported(stream.peek(), 'a field without a name', 'give it a name');
      const inner = base.kind === 'struct' ? scope.structs[base.tag] : undefined;
      // Only a struct without a tag is a member; one with a tag is declared for later use.
      if (!inner?.fields || !inner.tag.startsWith('anonymous_')) continue;
      for (const field of namedFields(inner.fields, scope.structs)) taken(start, field.name);
      members.push(member(scope, start, '', base, shared, undefined));
      continue;
    }
    do {
      const attributes: Attributes = { ...shared };
      let field: Token | undefined;
      let type = base;
      if (!stream.is(':')) {
        const declared = reader.declarator(base, depth + 1, 'field', attributes);
        ({ name: field, type } = declared);
        if (declared.open) flexible = declared.open;
        if (!field) throw stream.unexpected('the name of a field');
        taken(field, field.text);
      }
      const colon = stream.peek();
      let bits: number | undefined;
      if (stream.take(':')) {
        bits = width(reader, depth, { type, named: field !== undefined, colon });
        readAttributes(reader, depth, attributes);
      }
      members.push(member(scope, field ?? colon, field?.text ?? '', type, attributes, bits));
    } while (stream.take(','));
    stream.expect(';', 'after the field');
  }
  if (flexible && kind === 'union')
    throw passing(unsupported(flexible, 'a flexible array member of a union', 'keep the elements behind a pointer'));
  return members;
}

function member(
  scope: Scope,
  place: Token,
  name: string,
  type: CType,
  { packed, align }: Attributes,
  bits: number | undefined,
): Member {
  if (type.kind === 'function') throw headerError(place, 'a field cannot be a function; a pointer to one can');
  const layout = scope.layout(type);
  if (!layout) throw headerError(place, `the field ${name} is ${typeText(type)}, whose size is unknown here`);
  scope.weigh(type, place);
  return {
    name,
    type,
    layout,
    ...(bits !== undefined && { bits }),
    ...(align !== undefined && { align }),
    ...(packed && { packed }),
  };
}

/** The width of a bit-field, after its colon. */
function width(
  reader: DeclaratorReader,
  depth: number,
  { type, named, colon }: { readonly type: CType; readonly named: boolean; readonly colon: Token },
): number {
  const { stream, scope } = reader;
  const place = stream.peek();
  const value = integerConstant(reader, depth + 1);
  const layout = type.kind === 'scalar' || type.kind === 'enum' ? scope.layout(type) : undefined;
  const float = type.kind === 'scalar' && scope.scalarLayout(type.name).kind === 'float';
  if (!layout || float) throw headerError(colon, `a bit-field of ${typeText(type)}; expected an integer`);
  const most = type.kind === 'scalar' && type.name === 'bool' ? 1 : layout.size * 8;
  if (value < 0n || value > BigInt(most) || (value === 0n && named))
    throw headerError(place, `a bit-field of ${value} bits; ${typeText(type)} has ${named ? 1 : 0} to ${most}`);
  return Number(value);
}

/** Reads an enum from its keyword on. */
export function readEnum(reader: DeclaratorReader, depth: number, isTypedef: boolean): CType {
  const { stream, scope } = reader;
  const word = stream.next();
  const attributes = readAttributes(reader, depth);
  const name = stream.peek().kind === 'name' ? stream.next() : undefined;
  const fixed = underlyingType(reader, depth);
  if (!stream.is('{')) {
    if (!name) throw stream.unexpected('a name or "{" after enum');
    if (fixed && stream.is(';')) {
      // Declared now, and defined later or never.
      scope.enums[name.text] ??= { tag: name.text, ...scope.declared(name), type: fixed.name, values: {} };
    }
    // gcc takes an enum before its definition, as it does structs.
    if (!(name.text in scope.enums)) scope.forwardEnums.set(name.text, scope.forwardEnums.get(name.text) ?? name);
    return { kind: 'enum', tag: name.text };
  }
  const known = name && scope.enums[name.text];
  if (name && known && Object.keys(known.values).length > 0)
    throw headerError(name, `enum ${name.text} is defined twice, first in ${known.file}:${known.line}`);
  const brace = stream.next();
  const values: Record<string, number | string> = Object.create(null);
  let count = 0;
  let value = 0n;
  let min = 0n;
  let max = 0n;
  while (!stream.take('}')) {
    if (stream.peek().kind === 'end') throw headerError(brace, 'this { is never closed');
    const constant = stream.name('the name of an enum constant');
    readAttributes(reader, depth);
    if (stream.take('=')) value = integerConstant(reader, depth);
    if (value < (fixed?.low ?? -(2n ** 63n)) || value > (fixed?.high ?? 2n ** 64n - 1n))
      throw headerError(
        constant,
        `${constant.text} is ${value}; expected ${fixed ? `${fixed.low} to ${fixed.high}, which ${fixed.name} holds` : '-2^63 to 2^64 - 1'}`,
      );
    min = value < min ? value : min;
    max = value > max ? value : max;
    scope.addEnumerator(constant, value);
    values[constant.text] = plain(value);
    count++;
    value++;
    if (!stream.take(',') && !stream.is('}')) throw stream.unexpected('"," or "}"');
  }
  if (count === 0) throw headerError(brace, 'this enum has no constants');
  readAttributes(reader, depth, attributes);
  if (attributes.align !== undefined || attributes.mode !== undefined)
    throw passing(unsupported(name ?? word, 'an enum with an alignment or a machine mode', 'give its typedef one'));
  const tag = name?.text ?? scope.anonymous('enum', typedefName(stream, isTypedef));
  const type = fixed?.name ?? integerOf(min, max, attributes.packed ?? false);
  scope.enums[tag] = { tag, ...scope.declared(name ?? word, word.doc), type, values };
  return { kind: 'enum', tag };
}

/** The type behind the colon of `enum e : type`; a bit-field has a width there. */
function underlyingType(
  reader: DeclaratorReader,
  depth: number,
): { readonly name: CEnum['type']; readonly low: bigint; readonly high: bigint } | undefined {
  const { stream, scope } = reader;
  if (!stream.is(':') || !reader.startsType(stream.peek(1))) return undefined;
  stream.next();
  const place = stream.peek();
  const { type } = reader.specifiers(depth + 1);
  const layout = type.kind === 'scalar' ? scope.scalarLayout(type.name) : undefined;
  if (!layout || layout.kind === 'float')
    throw headerError(place, `an enum of ${typeText(type)}; expected an integer type`);
  const bits = BigInt(layout.kind === 'bool' ? 1 : layout.size * 8);
  const isSigned = layout.kind === 'signed';
  const plainName = ({ 1: 'char', 2: 'short', 4: 'int', 8: 'long long' } as const)[layout.size];
  const name = isSigned
    ? layout.size === 1
      ? 'signed char'
      : (plainName as CEnum['type'])
    : (`unsigned ${plainName}` as CEnum['type']);
  return {
    name,
    low: isSigned ? -(1n << (bits - 1n)) : 0n,
    high: (1n << (isSigned ? bits - 1n : bits)) - 1n,
  };
}

/** The integer type that holds the constants: an int, or for a packed enum the smallest possible type. */
function integerOf(min: bigint, max: bigint, packed: boolean): CEnum['type'] {
  const signed = min < 0n;
  const fits = (bits: bigint): boolean =>
    signed ? min >= -(1n << (bits - 1n)) && max < 1n << (bits - 1n) : max < 1n << bits;
  if (packed && fits(8n)) return signed ? 'signed char' : 'unsigned char';
  if (packed && fits(16n)) return signed ? 'short' : 'unsigned short';
  if (fits(32n)) return signed ? 'int' : 'unsigned int';
  return signed ? 'long long' : 'unsigned long long';
}
