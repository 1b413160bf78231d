/** Constant expressions among declarations, where types, enums and sizes are known. */
import { type ExpressionWorld, evaluate } from './expression.js';
import { type Constant, int } from './integer.js';
import { namedFields } from './layout.js';
import type { Token } from './lexer.js';
import { fromLong, toLong } from './long-double.js';
import type { DeclaratorReader } from './reader.js';
import { type ScalarName, underlying } from './scalar-types.js';
import type { Scope } from './scope.js';
import { headerError } from './source.js';
import { type CType, typeText } from './types.js';

/** Values of names in constant expressions of declarations. */
export function world(reader: DeclaratorReader, depth: number): ExpressionWorld {
  const { stream, scope } = reader;
  return {
    longBits: scope.longBits,
    sizeBits: scope.model === 'wasm32' ? 32 : 64,
    name: (token) =>
      scope.enumerator(token.text) ??
      (token.text === 'true'
        ? int(1n)
        : token.text === 'false' || token.text === 'NULL' || token.text === 'nullptr'
          ? int(0n)
          : undefined),
    typed(word) {
      if (word.text === 'sizeof' && !(stream.is('(') && reader.startsType(stream.peek(1)))) return undefined;
      stream.expect('(', `after ${word.text}`);
      if (!reader.startsType(stream.peek())) throw stream.unexpected('a type');
      const type = reader.typeName(depth + 1);
      let value: number | undefined;
      const layout = scope.layout(type);
      if (word.text.endsWith('offsetof')) {
        stream.expect(',', `after the type of ${word.text}`);
        const field = stream.name('the name of a field');
        const fields = type.kind === 'struct' ? (scope.structs[type.tag]?.fields ?? []) : [];
        const found = namedFields(fields, scope.structs).find(({ name }) => name === field.text);
        if (!found || found.bits !== undefined)
          throw headerError(field, `${typeText(type)} has no field ${field.text} with an offset`);
        value = found.offset;
      } else {
        value = word.text === 'sizeof' ? layout?.size : layout?.align;
        if (value === undefined || value > Number.MAX_SAFE_INTEGER)
          throw headerError(word, `the size of ${typeText(type)} is unknown`);
      }
      stream.expect(')', `after ${word.text}`);
      return BigInt(value);
    },
    typeName: () => plainName(reader.typeName(depth + 1), scope),
    bytesOf: (name) => layoutOfName(name, scope),
    cast() {
      const token = stream.peek();
      if (!reader.startsType(token)) return undefined;
      const type = reader.typeName(depth + 1);
      return (value) => castTo(value, type, scope, token);
    },
  };
}

/** A type as `_Generic` compares it: with neither typedefs nor the names of stdint.h. */
const plainName = (type: CType, scope: Scope): string =>
  type.kind === 'scalar' && !type.const ? underlying(type.name, scope.model) : typeText({ ...type, alias: undefined });

/** Bytes of a plain arithmetic type. */
function layoutOfName(name: string, scope: Scope): number {
  if (name === 'long double') return scope.layout({ kind: 'opaque', name })?.size ?? 0;
  if (name.startsWith('enum ')) return scope.layout({ kind: 'enum', tag: name.slice(5) })?.size ?? 0;
  return scope.layout({ kind: 'scalar', name: name as ScalarName })?.size ?? 0;
}

function castTo(value: Constant, type: CType, scope: Scope, place: Token): Constant {
  if (type.kind === 'scalar') {
    const { kind, size } = scope.scalarLayout(type.name);
    if (kind === 'float') return fromLong(value, size === 4);
    const isInexact = value.kind === 'float' && value.inexact;
    if (isInexact && (value.inexact === 'unknown' || (kind !== 'bool' && Number.isInteger(value.value))))
      throw headerError(place, 'the value depends on digits of a long double that a double does not have');
    const name = { type: underlying(type.name, scope.model) };
    if (kind === 'bool') return { ...int(Number(value.value) === 0 ? 0n : 1n), ...name };
    if (value.kind === 'float' && !Number.isFinite(value.value))
      throw headerError(place, `${value.value} is not an integer`);
    const unsigned = kind === 'unsigned';
    const bits = BigInt(size * 8);
    // A float out of range has no integer value; compilers use the nearest one.
    const [low, high] = unsigned ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
    const near = (whole: bigint): bigint => (whole < low ? low : whole > high ? high : whole);
    const whole = value.kind === 'int' ? value.value : near(BigInt(Math.trunc(value.value)));
    const wrapped = unsigned ? BigInt.asUintN(size * 8, whole) : BigInt.asIntN(size * 8, whole);
    return { ...int(wrapped, size === 8 ? 64 : 32, unsigned && size >= 4), ...name };
  }
  const enumType = type.kind === 'enum' ? scope.enums[type.tag]?.type : undefined;
  if (type.kind === 'enum' && enumType)
    return { ...castTo(value, { kind: 'scalar', name: enumType }, scope, place), type: `enum ${type.tag}` };
  if (type.kind === 'opaque' && type.name === 'long double') return toLong(value);
  // A mark instead of an address, such as SQLITE_TRANSIENT.
  if (type.kind === 'pointer' && value.kind === 'int')
    return { ...(int(value.value, 64) as Constant & { kind: 'int' }), pointer: type };
  throw headerError(place, `a constant of type ${typeText(type)} is not supported here`);
}

/** Reads one constant expression that must be an integer. */
export function integerConstant(reader: DeclaratorReader, depth: number): bigint {
  const { stream } = reader;
  const place = stream.peek();
  const value = evaluate(stream, world(reader, depth));
  if (value.kind !== 'int') throw headerError(place, `${value.value} is not an integer`);
  return value.value;
}
