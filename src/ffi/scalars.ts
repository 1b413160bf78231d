/** Converts numbers to C and back; values that do not fit are refused with an explanation. */

import { type Format, parseFormat } from '../memory/format.js';
import { EwaldError } from '../util/errors.js';
import { kindOf, nearest } from '../util/options.js';
import { type ScalarLayout, scalarLayout } from './header/scalar-types.js';
import { type CType, type DataModel, type FunctionTable, typeText } from './header/types.js';

/**
 * A scalar in the form in which it is passed to C and to the memory codec: bigints for 8-byte integers, numbers for the
 * rest.
 */
export type Bits = number | bigint;

/** Names a value in messages: `approximate_pi_c: argument 1 (num_points)`. */
export type ArgumentName = () => string;

/** The conversion of a scalar. */
export interface Scalar {
  readonly layout: ScalarLayout;
  /** How its bits are read and written in memory. */
  readonly format: Format;
  /** Checks a value and returns its bits. @throws `Argument`. */
  in(value: unknown, place: ArgumentName): Bits;
  /** The same check for a fixed place, as a function of the value only, for calls in loops. */
  into(place: ArgumentName): (value: unknown) => Bits;
  /** The JavaScript value of bits returned by C. */
  out(bits: Bits): number | bigint | boolean;
  /** The type in TypeScript. */
  readonly typescript: 'number' | 'bigint' | 'boolean';
}

/**
 * Types with the word size of the target are numbers in JavaScript, since sizes and indices rarely reach 2⁵³, and
 * bigints only beyond it: `(size_t)-1` is 18446744073709551615n. Other 8-byte types are always bigints.
 */
const words = new Set(['long', 'unsigned long', 'size_t', 'ssize_t', 'ptrdiff_t', 'intptr_t', 'uintptr_t']);

/** The conversion of a scalar or enum; undefined for other types. */
export function scalarOf(type: CType, model: DataModel, table: Pick<FunctionTable, 'enums'>): Scalar | undefined {
  if (type.kind === 'enum') {
    const known = table.enums[type.tag];
    if (!known) return undefined;
    const { values } = known;
    const layout = scalarLayout(known.type, model);
    const base = integerScalar(type, layout, true);
    const check = (value: unknown, place: ArgumentName): Bits =>
      base.in(typeof value === 'string' ? enumValue(value, values, type, place) : value, place);
    return { ...base, in: check, into: (place) => (value) => check(value, place) };
  }
  if (type.kind !== 'scalar') return undefined;
  const layout = scalarLayout(type.name, model);
  if (layout.kind === 'float') return floatScalar(type, layout);
  if (layout.kind === 'bool') return boolScalar(type, layout);
  // The signedness of plain char differs between machines, so values of both are accepted.
  if (type.name === 'char') return charScalar(type, integerScalar(type, layout, false, -128, 255));
  return integerScalar(type, layout, words.has(type.name));
}

/**
 * A `char` is a number, or one character of ASCII: 'N'. It is passed with the sign that it has in C, since code of wasm
 * takes an integer as it comes.
 */
function charScalar(type: CType, base: Scalar): Scalar {
  const check = (value: unknown, place: ArgumentName): Bits => {
    if (typeof value !== 'string') return base.out(base.in(value, place)) as number;
    const code = value.length === 1 ? value.charCodeAt(0) : Number.NaN;
    if (code < 128) return code;
    throw wrong(value, type, 'a number, or one character of ASCII', place);
  };
  return { ...base, in: check, into: (place) => (value) => check(value, place) };
}

/** The format of a layout in `ewald/memory`. */
function formatOf({ kind, size }: ScalarLayout): Format {
  if (kind === 'float') return parseFormat(size === 4 ? 'f' : 'd');
  if (kind === 'bool') return parseFormat('?');
  const letter = { 1: 'b', 2: 'h', 4: 'i', 8: 'q' }[size];
  return parseFormat(kind === 'signed' ? letter : letter.toUpperCase());
}

/** A scalar from its conversions; those that calls in loops use have a check of their own for a fixed place. */
const scalar = (
  layout: ScalarLayout,
  typescript: Scalar['typescript'],
  conversions: Pick<Scalar, 'in' | 'out'> & Partial<Pick<Scalar, 'into'>>,
): Scalar => ({
  layout,
  format: formatOf(layout),
  typescript,
  into: (place) => (value) => conversions.in(value, place),
  ...conversions,
});

function wrong(value: unknown, type: CType, needed: string, place: ArgumentName): EwaldError {
  return new EwaldError('Argument', `${place()} is ${shown(value)}; ${typeText(type)} needs ${needed}`, {
    detail: { value: typeof value === 'bigint' ? String(value) : value },
  });
}

/** The text of a value in messages. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return kindOf(value);
  return String(value);
}

function enumValue(
  name: string,
  values: Readonly<Record<string, number | string>>,
  type: CType,
  place: ArgumentName,
): number | bigint {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value !== undefined) return typeof value === 'string' ? BigInt(value) : value;
  const near = nearest(name, Object.keys(values));
  throw wrong(
    name,
    type,
    near ? `one of its constants; did you mean "${near}"?` : `one of ${Object.keys(values).slice(0, 12).join(', ')}`,
    place,
  );
}

function floatScalar(type: CType, layout: ScalarLayout): Scalar {
  return scalar(layout, 'number', {
    in(value, place) {
      if (typeof value === 'number') return value;
      throw wrong(value, type, 'a number', place);
    },
    into: (place) => (value) => {
      if (typeof value === 'number') return value;
      throw wrong(value, type, 'a number', place);
    },
    out: (bits) => bits as number,
  });
}

function boolScalar(type: CType, layout: ScalarLayout): Scalar {
  return scalar(layout, 'boolean', {
    in(value, place) {
      if (value === true || value === 1) return 1;
      if (value === false || value === 0) return 0;
      throw wrong(value, type, 'true or false', place);
    },
    out: (bits) => Boolean(bits),
  });
}

function integerScalar(type: CType, layout: ScalarLayout, word: boolean, least?: number, most?: number): Scalar {
  const signed = layout.kind === 'signed';
  const bits = layout.size * 8;
  if (layout.size < 8) {
    const low = least ?? (signed ? -(2 ** (bits - 1)) : 0);
    const high = most ?? (signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1);
    const wrap = signed
      ? (value: number) => (value << (32 - bits)) >> (32 - bits)
      : (value: number) => (value >>> 0) & (bits === 32 ? -1 : 2 ** bits - 1);
    const refuse = (value: unknown, place: ArgumentName): number => {
      if (typeof value === 'bigint' && value >= BigInt(low) && value <= BigInt(high)) return Number(value);
      if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
      const inside =
        typeof value === 'number' && !Number.isInteger(value) ? 'a whole number' : 'a whole number in range';
      throw wrong(value, type, `${inside}, ${low} to ${high}`, place);
    };
    const fits = low === -(2 ** 31);
    return scalar(layout, 'number', {
      in: fits
        ? (value, place) => (typeof value === 'number' && value === (value | 0) ? value : refuse(value, place))
        : (value, place) => refuse(value, place),
      into: fits
        ? (place) => (value) => (typeof value === 'number' && value === (value | 0) ? value : refuse(value, place))
        : (place) => (value) => refuse(value, place),
      out:
        bits === 32
          ? signed
            ? (value) => (value as number) | 0
            : (value) => (value as number) >>> 0
          : (value) => (signed ? wrap(value as number) : wrap(value as number) >>> 0),
    });
  }
  const low = signed ? -(2n ** 63n) : 0n;
  const high = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  const out = (value: Bits): bigint => (signed ? BigInt.asIntN(64, BigInt(value)) : BigInt.asUintN(64, BigInt(value)));
  const exactly = (value: unknown, place: ArgumentName): bigint => {
    let exact: bigint;
    if (typeof value === 'bigint') exact = value;
    else if (typeof value === 'number' && Number.isSafeInteger(value)) exact = BigInt(value);
    else
      throw wrong(
        value,
        type,
        typeof value === 'number'
          ? 'a whole number; beyond 2^53 a bigint'
          : word
            ? 'a whole number'
            : 'a bigint or a whole number',
        place,
      );
    if (exact < low || exact > high) throw wrong(value, type, `a whole number in range, ${low} to ${high}`, place);
    return exact;
  };
  if (!word) return scalar(layout, 'bigint', { in: exactly, out });
  // Native calls take and give numbers as well, and no module has words of 8 bytes.
  const isPlain = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && (signed || value >= 0);
  return scalar(layout, 'number', {
    in: exactly,
    into: (place) => (value) => (isPlain(value) ? value : exactly(value, place)),
    out(value) {
      if (isPlain(value)) return value;
      const exact = out(value);
      const number = Number(exact);
      return Number.isSafeInteger(number) ? number : exact;
    },
  });
}

/** The text of an array of char: UTF-8, up to the first zero. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.slice(0, end < 0 ? undefined : end));
}
