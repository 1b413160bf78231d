/** Arithmetic types that are more than one number of JavaScript: complex numbers, `long double`, 128-bit integers. */
import { EwaldError } from '../util/errors.js';
import type { CType, DataModel } from './header/types.js';
import { type ArgumentName, shown } from './scalars.js';

/** A complex number as C returns it; `[re, im]` and a number, whose imaginary part is 0, are accepted as well. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** The conversion of a type between its bytes and JavaScript. */
export interface Wide {
  read(view: DataView, offset: number): unknown;
  write(view: DataView, offset: number, value: unknown, place: ArgumentName): void;
  /** The type in TypeScript: given, and returned. */
  readonly given: string;
  readonly returned: string;
  /** Whether values read are rounded, so that a member that is not changed has to keep its bytes. */
  readonly isRounded: boolean;
}

/** The numbers of which a complex number consists, one after the other in memory; undefined for other types. */
export const partOf = (
  type: CType,
): { readonly bytes: 4 | 8; readonly array: 'Float32Array' | 'Float64Array' } | undefined =>
  type.kind !== 'opaque'
    ? undefined
    : type.name === 'double _Complex'
      ? { bytes: 8, array: 'Float64Array' }
      : type.name === 'float _Complex'
        ? { bytes: 4, array: 'Float32Array' }
        : undefined;

/** The conversion of a type; undefined for one without a value in JavaScript. */
export function wideOf(type: CType, model: DataModel): Wide | undefined {
  if (type.kind !== 'opaque') return undefined;
  const long = longDouble(model);
  switch (type.name) {
    case 'float _Complex':
      return complex(single, 4, false);
    case 'double _Complex':
      return complex(double, 8, false);
    case 'long double _Complex':
      return complex(long, model === 'llp64' ? 8 : 16, true);
    case 'long double':
      return real(long);
    case '__float128':
      return real(quad);
    case '__int128':
      return integer(true);
    case 'unsigned __int128':
      return integer(false);
    default:
      return undefined;
  }
}

/** The conversion of one number. */
interface NumberCodec {
  get(view: DataView, offset: number): number;
  put(view: DataView, offset: number, value: number): void;
}

const single: NumberCodec = {
  get: (view, offset) => view.getFloat32(offset, true),
  put: (view, offset, value) => view.setFloat32(offset, value, true),
};
const double: NumberCodec = {
  get: (view, offset) => view.getFloat64(offset, true),
  put: (view, offset, value) => view.setFloat64(offset, value, true),
};

/** `long double`: 80 bits on x86, 128 on wasm and 64-bit ARM, 64 on Windows. */
function longDouble(model: DataModel): NumberCodec {
  if (model === 'llp64') return double;
  const { arch } = (globalThis as { process?: { arch?: string } }).process ?? {};
  return model === 'wasm32' || arch === 'arm64' ? quad : extended;
}

const bias = 16383;

/** mantissa · 2^exponent, rounded to the nearest number. */
function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const top = exponent + mantissa.toString(2).length - 1;
  if (top > 1024) return Number.POSITIVE_INFINITY;
  if (top < -1076) return 0;
  const last = Math.max(top - 52, -1074);
  const drop = BigInt(Math.max(0, last - exponent));
  let kept = mantissa >> drop;
  const rest = mantissa - (kept << drop);
  const half = drop > 0n ? 1n << (drop - 1n) : 0n;
  if (drop > 0n && (rest > half || (rest === half && (kept & 1n) === 1n))) kept++;
  // In two steps, since neither factor alone may leave the range.
  const power = Math.max(last, exponent);
  const first = Math.max(-1000, Math.min(1000, power));
  return Number(kept) * 2 ** first * 2 ** (power - first);
}

/** The sign, exponent and 53-bit mantissa of a finite number other than zero: mantissa · 2^exponent, highest bit set. */
function decomposed(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const raw = Number(bits >> 52n);
  let mantissa = bits & (2n ** 52n - 1n);
  let exponent = raw === 0 ? -1074 : raw - 1075;
  if (raw > 0) mantissa |= 2n ** 52n;
  while (mantissa < 2n ** 52n) {
    mantissa <<= 1n;
    exponent--;
  }
  return { mantissa, exponent };
}

/** A format of 15 bits of exponent; `bits` of mantissa are stored, with the highest one or without it. */
const wideFloat = (bits: number, isExplicit: boolean): NumberCodec => {
  const stored = BigInt(bits);
  const ones = (1n << stored) - 1n;
  const load = (view: DataView, offset: number): bigint =>
    view.getBigUint64(offset, true) | (view.getBigUint64(offset + 8, true) << 64n);
  return {
    get(view, offset) {
      const all = load(view, offset) & ((1n << (stored + 16n)) - 1n);
      const sign = all >> (stored + 15n) ? -1 : 1;
      const raw = Number((all >> stored) & 0x7fffn);
      const low = all & ones;
      const fraction = isExplicit ? low & (ones >> 1n) : low;
      if (raw === 0x7fff) return fraction === 0n ? sign * Number.POSITIVE_INFINITY : Number.NaN;
      const mantissa = isExplicit || raw === 0 ? low : low | (1n << stored);
      const places = isExplicit ? bits - 1 : bits;
      return sign * scaled(mantissa, Math.max(1, raw) - bias - places);
    },
    put(view, offset, value) {
      let all = Object.is(Math.sign(value), -0) || value < 0 ? 1n : 0n;
      let raw = 0n;
      let low = 0n;
      if (!Number.isFinite(value)) {
        raw = 0x7fffn;
        low =
          (isExplicit ? 1n << (stored - 1n) : 0n) |
          (Number.isNaN(value) ? 1n << (stored - (isExplicit ? 2n : 1n)) : 0n);
      } else if (value !== 0) {
        const { mantissa, exponent } = decomposed(value);
        const places = isExplicit ? bits - 1 : bits;
        low = (mantissa << BigInt(places - 52)) & ones;
        raw = BigInt(exponent + 52 + bias);
      }
      all = (((all << 15n) | raw) << stored) | low;
      view.setBigUint64(offset, all & 0xffffffffffffffffn, true);
      if (isExplicit) {
        view.setUint16(offset + 8, Number(all >> 64n), true);
        for (let i = 10; i < 16; i++) view.setUint8(offset + i, 0);
      } else view.setBigUint64(offset + 8, all >> 64n, true);
    },
  };
};
const extended = wideFloat(64, true);
const quad = wideFloat(112, false);

const wrong = (value: unknown, place: ArgumentName, needed: string): EwaldError =>
  new EwaldError('Argument', `${place()} is ${shown(value)}; expected ${needed}`);

const real = (part: NumberCodec): Wide => ({
  read: part.get,
  write(view, offset, value, place) {
    if (typeof value !== 'number') throw wrong(value, place, 'a number');
    part.put(view, offset, value);
  },
  given: 'number',
  returned: 'number',
  isRounded: part !== double,
});

const complex = (part: NumberCodec, bytes: number, isRounded: boolean): Wide => ({
  read: (view, offset): Complex => ({ re: part.get(view, offset), im: part.get(view, offset + bytes) }),
  write(view, offset, value, place) {
    const [re, im] = complexParts(value, place);
    part.put(view, offset, re);
    part.put(view, offset + bytes, im);
  },
  given: '{ readonly re: number; readonly im: number } | readonly [number, number] | number',
  returned: '{ re: number; im: number }',
  isRounded,
});

/** The two parts of a complex number in any of its forms. */
export function complexParts(value: unknown, place: ArgumentName): readonly [number, number] {
  if (typeof value === 'number') return [value, 0];
  const pair: readonly unknown[] =
    Array.isArray(value) || value instanceof Float64Array || value instanceof Float32Array
      ? [...(value as Iterable<unknown>)]
      : typeof value === 'object' && value !== null && 're' in value && 'im' in value
        ? [value.re, value.im]
        : [];
  const [re, im] = pair;
  if (pair.length === 2 && typeof re === 'number' && typeof im === 'number') return [re, im];
  throw wrong(value, place, 'a complex number: { re, im }, [re, im] or a number');
}

const integer = (signed: boolean): Wide => ({
  read(view, offset) {
    const all = view.getBigUint64(offset, true) | (view.getBigUint64(offset + 8, true) << 64n);
    return signed ? BigInt.asIntN(128, all) : all;
  },
  write(view, offset, value, place) {
    const exact = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
    const [low, high] = signed ? [-(2n ** 127n), 2n ** 127n - 1n] : [0n, 2n ** 128n - 1n];
    if (exact === undefined || exact < low || exact > high)
      throw wrong(value, place, `a bigint or a whole number, ${low} to ${high}`);
    view.setBigUint64(offset, BigInt.asUintN(64, exact), true);
    view.setBigUint64(offset + 8, BigInt.asUintN(64, exact >> 64n), true);
  },
  given: 'bigint | number',
  returned: 'bigint',
  isRounded: false,
});
