/** Attributes that move fields or rename symbols are applied; other attributes that change a layout are refused. */

import { wordTable } from '../../util/word-table.js';
import { integerConstant } from './constant-expressions.js';
import type { Attributes, DeclaratorReader } from './reader.js';
import { headerError } from './source.js';
import type { TokenStream } from './stream.js';
import { type CType, type ScalarName, typeText } from './types.js';

/** The meaning of `aligned` without a number: the largest alignment of any C type. */
const maxAligned = 16;

const decorations = new Set(
  (
    '__extension__ __cdecl _cdecl __stdcall __fastcall __restrict __restrict__ restrict _Noreturn noreturn __THROW ' +
    '_Nonnull _Nullable'
  ).split(' '),
);
const refused = new Set(['scalar_storage_order', 'ms_struct', 'warn_if_not_aligned']);

/** Reads attributes, labels and words without effect here, and adds the relevant ones to `into`. */
export function readAttributes(reader: DeclaratorReader, depth: number, into: Attributes = {}): Attributes {
  const { stream } = reader;
  for (;;) {
    const { kind, text } = stream.peek();
    if (kind === 'name' && decorations.has(text)) stream.next();
    else if (kind === 'name' && (text === '__attribute__' || text === '__attribute')) {
      stream.next();
      stream.expect('(', `after ${text}`);
      stream.expect('(', `after ${text}(`);
      list(reader, depth, into);
      stream.expect(')', 'after the attributes');
    } else if (kind === 'name' && text === '__declspec') {
      stream.next();
      stream.expect('(', `after ${text}`);
      list(reader, depth, into);
    } else if (kind === 'name' && (text === '__asm__' || text === '__asm' || text === 'asm')) {
      stream.next();
      into.symbol = label(stream);
    } else if (kind === 'name' && (text === '_Alignas' || text === 'alignas')) {
      stream.next();
      alignment(reader, depth, into, true);
    } else if (kind === 'name' && text === '__nonnull' && stream.is('(', 1)) {
      stream.next();
      stream.skipGroup();
    } else if (stream.is('[') && stream.is('[', 1)) standard(stream);
    else return into;
  }
}

/** Reads the words between the parentheses of an attribute, including the closing one. */
function list(reader: DeclaratorReader, depth: number, into: Attributes): void {
  const { stream } = reader;
  while (!stream.take(')')) {
    if (stream.take(',')) continue;
    const word = stream.peek();
    if (word.kind !== 'name') throw stream.unexpected('the name of an attribute');
    stream.next();
    const name = word.text.replace(/^__(.*)__$/, '$1');
    if (refused.has(name))
      throw headerError(
        word,
        `the attribute "${word.text}" changes a layout in a way that this parser does not support; lay the fields ` +
          'out with explicit padding',
      );
    if (name === 'packed') into.packed = true;
    else if (name === 'aligned' || name === 'align') {
      if (stream.is('(')) alignment(reader, depth, into, false);
      else raise(into, maxAligned);
      continue;
    } else if (name === 'vector_size' || name === 'ext_vector_type') {
      stream.expect('(', `after ${word.text}`);
      const count = Number(integerConstant(reader, depth + 1));
      stream.expect(')', `after ${word.text}`);
      into.vector = { [name === 'vector_size' ? 'bytes' : 'elements']: count, place: word };
      continue;
    } else if (name === 'mode') {
      stream.expect('(', 'after mode');
      into.mode = stream.name('the name of a machine mode').text.replace(/^__(.*)__$/, '$1');
      stream.expect(')', 'after the machine mode');
      continue;
    }
    if (stream.is('(')) stream.skipGroup();
  }
}

/** Reads `(n)` or, for C's own `_Alignas`, `(type)`. */
function alignment(reader: DeclaratorReader, depth: number, into: Attributes, types: boolean): void {
  const { stream, scope } = reader;
  stream.expect('(', 'after the alignment');
  const place = stream.peek();
  let value: bigint;
  if (types && reader.startsType(place)) {
    const type = reader.typeName(depth + 1);
    const layout = scope.layout(type);
    if (!layout) throw headerError(place, 'the alignment of this type is unknown here');
    value = BigInt(layout.align);
  } else value = integerConstant(reader, depth + 1);
  stream.expect(')', 'after the alignment');
  if (types && value === 0n) return;
  if (value < 1n || value > 2n ** 28n || (value & (value - 1n)) !== 0n)
    throw headerError(place, `an alignment of ${value}; expected a power of two, 1 to 268435456`);
  raise(into, Number(value));
}

function raise(into: Attributes, align: number): void {
  into.align = Math.max(into.align ?? 1, align);
  into.lastAlign = align;
}

/** `[[…]]` is refused if it would move fields, since it occurs in other places than gcc's own attributes. */
function standard(stream: TokenStream): void {
  const from = stream.at;
  stream.skipGroup();
  const moving = stream.tokens
    .slice(from, stream.at)
    .find(({ text }) => /^_{0,2}(?:packed|aligned|mode|vector_size)_{0,2}$/.test(text));
  if (moving)
    throw headerError(
      moving,
      `[[${moving.text}]] changes a layout; this parser only supports __attribute__((${moving.text}))`,
    );
}

/** `("name")` after asm: strings that make up the name of a symbol. */
function label(stream: TokenStream): string {
  while (stream.is('volatile') || stream.is('__volatile__')) stream.next();
  const open = stream.peek();
  if (!stream.is('(')) throw stream.unexpected('"(" after asm');
  const from = stream.at;
  stream.skipGroup();
  const inside = stream.tokens.slice(from + 1, stream.at - 1);
  if (inside.length === 0 || inside.some(({ kind }) => kind !== 'string'))
    throw headerError(open, 'assembly code is not supported here; expected the name of a symbol');
  return inside.map(({ text }) => text.slice(1, -1)).join('');
}

const modes = wordTable<readonly [ScalarName, ScalarName] | undefined>({
  QI: ['int8_t', 'uint8_t'],
  byte: ['int8_t', 'uint8_t'],
  HI: ['int16_t', 'uint16_t'],
  SI: ['int32_t', 'uint32_t'],
  DI: ['int64_t', 'uint64_t'],
  word: ['intptr_t', 'uintptr_t'],
  pointer: ['intptr_t', 'uintptr_t'],
  SF: ['float', 'float'],
  DF: ['double', 'double'],
});

/** A type with `vector_size` applied: elements one after the other, aligned to their whole. */
export function vectorOf(type: CType, { vector }: Attributes, reader: DeclaratorReader): CType {
  if (!vector) return type;
  // What is declared with the attribute may be a pointer to vectors, or a function that returns one.
  if (type.kind === 'pointer') return { ...type, to: vectorOf(type.to, { vector }, reader) };
  if (type.kind === 'function') return { ...type, result: vectorOf(type.result, { vector }, reader) };
  if (type.kind === 'array') return { ...type, of: vectorOf(type.of, { vector }, reader) };
  const { scope } = reader;
  const size = (type.kind === 'scalar' || type.kind === 'opaque' ? scope.layout(type)?.size : undefined) ?? 0;
  const length = vector.elements ?? (vector.bytes ?? 0) / size;
  if (size === 0 || !Number.isInteger(Math.log2(length)))
    throw headerError(
      vector.place,
      `a vector of ${vector.bytes ?? vector.elements} ${vector.bytes ? 'bytes' : 'elements'} of ${typeText(type)} is not ` +
        'supported; expected a power of two of numbers',
    );
  const { const: isConst, ...of } = type;
  return { kind: 'array', of, length, vector: true, align: size * length, ...(isConst && { const: true }) };
}

/** A type with its attributes applied: `mode` changes its size. */
export function inMode(type: CType, { mode }: Attributes, { stream, scope }: DeclaratorReader): CType {
  if (mode === undefined) return type;
  if (mode === 'TI' && type.kind === 'scalar' && scope.scalarLayout(type.name).kind !== 'float') {
    const unsigned = scope.scalarLayout(type.name).kind === 'unsigned' ? 'unsigned ' : '';
    const wide = { kind: 'opaque', name: `${unsigned}__int128` } as const;
    return type.const ? { ...wide, const: true } : wide;
  }
  const found = modes[mode];
  const layout = type.kind === 'scalar' ? scope.scalarLayout(type.name) : undefined;
  if (!found || !layout || (layout.kind === 'float') !== /F$/.test(mode))
    throw headerError(stream.peek(), `the machine mode ${mode} is not supported; use a type of that size`);
  const name = found[layout.kind === 'unsigned' ? 1 : 0];
  return type.const ? { kind: 'scalar', name, const: true } : { kind: 'scalar', name };
}
