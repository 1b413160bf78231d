/** Constant expressions among declarations, where types, enums and sizes are known. */
import { type ExpressionWorld, evaluate } from './expression.js';
import { type Constant, int } from './integer.js';
import { namedFields } from './layout.js';
import type { Token } from './lexer.js';
import type { DeclaratorReader } from './reader.js';
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
    cast() {
      const token = stream.peek();
      if (!reader.startsType(token)) return undefined;
      const type = reader.typeName(depth + 1);
      return (value) => castTo(value, type, scope, token);
    },
  };
}

function castTo(value: Constant, type: CType, scope: Scope, place: Token): Constant {
  if (type.kind === 'scalar') {
    const { kind, size } = scope.scalarLayout(type.name);
    if (kind === 'float') {
      const number = Number(value.value);
      return size === 4
        ? { kind: 'float', value: Math.fround(number), single: true }
        : { kind: 'float', value: number };
    }
    if (kind === 'bool') return int(Number(value.value) === 0 ? 0n : 1n);
    if (value.kind === 'float' && !Number.isFinite(value.value))
      throw headerError(place, `${value.value} is not an integer`);
    const unsigned = kind === 'unsigned';
    const bits = BigInt(size * 8);
    // A float out of range has no integer value; compilers use the nearest one.
    const [low, high] = unsigned ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
    const near = (whole: bigint): bigint => (whole < low ? low : whole > high ? high : whole);
    const whole = value.kind === 'int' ? value.value : near(BigInt(Math.trunc(value.value)));
    const wrapped = unsigned ? BigInt.asUintN(size * 8, whole) : BigInt.asIntN(size * 8, whole);
    return int(wrapped, size === 8 ? 64 : 32, unsigned && size >= 4);
  }
  if (type.kind === 'enum' && value.kind === 'int') return int(value.value);
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
