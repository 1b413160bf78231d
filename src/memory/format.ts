/** Formats of elements: the letters of Python's struct module, and dtype names. */
import { expects } from '../util/arguments.js';
import { halfToNumber, littleEndianMachine } from '../util/number-bytes.js';
import { nearest } from '../util/options.js';
import { BufferError } from './errors.js';
import { type DataModel, longBytes, pointerBytes } from './model.js';

/** A typed array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

/** The JavaScript value of an element: 8-byte integers are bigints, everything else numbers. */
export type Value = number | bigint;

type Kind = 'signed' | 'unsigned' | 'float';

/** The letters of one size on every target: kind, bytes, names of the dtype, and the typed arrays of such elements. */
const letters = {
  b: ['signed', 1, ['i8', 'int8'], 'Int8Array'],
  B: ['unsigned', 1, ['u8', 'uint8'], 'Uint8Array Uint8ClampedArray DataView'],
  h: ['signed', 2, ['i16', 'int16'], 'Int16Array'],
  H: ['unsigned', 2, ['u16', 'uint16'], 'Uint16Array'],
  i: ['signed', 4, ['i32', 'int32'], 'Int32Array'],
  I: ['unsigned', 4, ['u32', 'uint32'], 'Uint32Array'],
  q: ['signed', 8, ['i64', 'int64'], 'BigInt64Array'],
  Q: ['unsigned', 8, ['u64', 'uint64'], 'BigUint64Array'],
  e: ['float', 2, ['f16', 'float16'], 'Float16Array'],
  f: ['float', 4, ['f32', 'float32'], 'Float32Array'],
  d: ['float', 8, ['f64', 'float64'], 'Float64Array'],
  '?': ['unsigned', 1, ['bool'], ''],
  c: ['unsigned', 1, [], ''],
} as const;
type Letter = keyof typeof letters;

/** Formats whose elements are bigints on every target. */
type BigLetter = 'q' | 'Q';
type BigFormat = BigLetter | (typeof letters)[BigLetter][2][number] | `${'<' | '>'}${BigLetter}`;
/** Formats whose elements are numbers on every target. */
type NumberLetter = Exclude<Letter, BigLetter>;
type NumberFormat = NumberLetter | (typeof letters)[NumberLetter][2][number];
/** The type of the elements of a format. */
export type ValueOf<F extends string> = F extends BigFormat ? bigint : F extends NumberFormat ? number : Value;

const letterList = Object.keys(letters) as Letter[];
/** The letters by dtype names, the short ones first, and by typed arrays. */
const names: Record<string, string> = Object.fromEntries(
  [0, 1].flatMap((i) =>
    letterList.flatMap((letter) => (letters[letter][2][i] ? [[letters[letter][2][i], letter]] : [])),
  ),
);
const arrayFormats: Record<string, string> = Object.fromEntries(
  letterList.flatMap((letter) => letters[letter][3].split(' ').flatMap((array) => (array ? [[array, letter]] : []))),
);

/** How the elements of a memory are read and written. */
export interface Format {
  /**
   * The canonical text: a struct letter, with `<` or `>` if one was given. Formats are equal if their texts are.
   */
  readonly text: string;
  readonly kind: Kind;
  /** Bytes of an element. */
  readonly size: 1 | 2 | 4 | 8;
  read(view: DataView, offset: number): Value;
  /** Writes a value after checking that the format holds it. */
  write(view: DataView, offset: number, value: Value): void;
  /** Writes a value that is known to fit; of an integer that does not, its low bits. */
  put(view: DataView, offset: number, value: Value): void;
  /** The typed array of such elements; undefined for half floats. */
  readonly array: TypedArrayConstructor | undefined;
  /** Whether a typed array can read these elements directly, including their byte order. */
  readonly native: boolean;
}

const cache = new Map<string, Format>();

/**
 * Reads a format.
 *
 * @param text A struct letter (`b B ? h H i I l L q Q n N P e f d c`), with `@ = < > !` before it or not, or a dtype
 * name such as `int32`, `i32`, `float64`.
 * @param model The target, which decides `l`, `L`, `n`, `N` and `P`; in JavaScript's memory they are 8 bytes.
 * @throws BufferError `FORMAT`.
 */
export function parseFormat(text: string, model: DataModel = 'lp64'): Format {
  const key = `${model}${text}`;
  let format = cache.get(key);
  if (!format) {
    format = makeFormat(text, model);
    cache.set(key, format);
  }
  return format;
}

function makeFormat(text: string, model: DataModel): Format {
  if (typeof text !== 'string')
    throw new BufferError('FORMAT', `the format is ${String(text)}; expected text such as "d" or "float64"`);
  const match = /^([@=<>!]?)([a-zA-Z?])$/.exec(names[text] ?? text);
  const [, order = '', letter = ''] = match ?? [];
  const standard = order !== '' && order !== '@';
  const layout = letter in letters ? letters[letter as Letter] : wordLayout(letter, standard, model);
  if (!match || !layout) {
    if (/^[<>=|]?[iuf][1248]$/.test(text))
      throw new BufferError(
        'FORMAT',
        `the format "${text}" is numpy's; write it as a struct letter or a name such as "int64" or "float32"`,
      );
    const near = nearest(text, Object.keys(names));
    throw new BufferError(
      'FORMAT',
      `the format "${text}" is not a known element type${near ? `; did you mean "${near}"?` : '; expected a struct letter (b B ? h H i I l L q Q e f d) or a name such as "float64"'}`,
    );
  }
  const little = order === '<' || (order !== '>' && order !== '!' && littleEndianMachine);
  const mark = { '@': '', '!': '>' }[order] ?? order;
  return scalarFormat(`${mark}${letter}`, layout, little, letter === '?');
}

/** Letters whose size is the target's in native mode; with a byte order they have the standard size. */
function wordLayout(letter: string, standard: boolean, model: DataModel): readonly [Kind, 4 | 8] | undefined {
  switch (letter) {
    case 'l':
    case 'L':
      return [letter === 'l' ? 'signed' : 'unsigned', standard ? 4 : longBytes[model]];
    case 'n':
    case 'N':
    case 'P':
      return standard ? undefined : [letter === 'n' ? 'signed' : 'unsigned', pointerBytes[model]];
    default:
      return undefined;
  }
}

/** The format of a typed array's elements. */
export function formatOf(view: ArrayBufferView): string {
  expects(ArrayBuffer.isView(view), 'formatOf: the argument', view, 'a typed array');
  const tag = (view as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  const text = arrayFormats[tag ?? ''];
  if (text === undefined) throw new BufferError('FORMAT', `${tag ?? typeof view} has no format that is known`);
  return text;
}

function scalarFormat(
  text: string,
  [kind, size]: readonly [Kind, Format['size'], ...unknown[]],
  little: boolean,
  isBool: boolean,
): Format {
  const [array, read, put] = (accesses[`${kind}${size}`] as (le: boolean) => Access)(little);
  const bits = BigInt(size * 8);
  const [low, high] = kind === 'signed' ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  const [least, greatest] = [Number(low), Number(high)];
  const refused = (value: unknown, needed: string): BufferError =>
    new BufferError(
      'VALUE',
      `the value ${typeof value === 'string' ? JSON.stringify(value) : String(value)} does not fit format "${text}"; ` +
        `expected ${needed}`,
    );
  /** The value as it is stored. */
  const checked = (value: Value): Value => {
    if (isBool) return value ? 1 : 0;
    if (kind === 'float') {
      if (typeof value !== 'number') throw refused(value, 'a number');
      return value;
    }
    if (size < 8) {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > greatest)
        throw refused(value, `an integer from ${low} to ${high}`);
      return value;
    }
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw refused(value, 'a bigint, or a safe integer');
    if (typeof value !== 'bigint' && typeof value !== 'number') throw refused(value, 'a bigint');
    const exact = typeof value === 'bigint' ? value : BigInt(value);
    if (exact < low || exact > high) throw refused(value, `${low} to ${high}`);
    return exact;
  };
  return {
    text,
    kind,
    size,
    read,
    write: (view, offset, value) => put(view, offset, checked(value) as never),
    put: put as Format['put'],
    array: array as TypedArrayConstructor | undefined,
    native: array !== undefined && (size === 1 || little === littleEndianMachine),
  };
}

type Read = (view: DataView, offset: number) => Value;
type Write = (view: DataView, offset: number, value: never) => void;
type Access = readonly [array: unknown, read: Read, write: Write];

/** The typed array of elements of a kind and size, and how a DataView reads and writes them; `le`: little-endian. */
const accesses: Readonly<Record<string, (le: boolean) => Access>> = {
  signed1: () => [Int8Array, (v, o) => v.getInt8(o), (v, o, x) => v.setInt8(o, x)],
  unsigned1: () => [Uint8Array, (v, o) => v.getUint8(o), (v, o, x) => v.setUint8(o, x)],
  signed2: (le) => [Int16Array, (v, o) => v.getInt16(o, le), (v, o, x) => v.setInt16(o, x, le)],
  unsigned2: (le) => [Uint16Array, (v, o) => v.getUint16(o, le), (v, o, x) => v.setUint16(o, x, le)],
  signed4: (le) => [Int32Array, (v, o) => v.getInt32(o, le), (v, o, x) => v.setInt32(o, x, le)],
  unsigned4: (le) => [Uint32Array, (v, o) => v.getUint32(o, le), (v, o, x) => v.setUint32(o, x, le)],
  signed8: (le) => [BigInt64Array, (v, o) => v.getBigInt64(o, le), (v, o, x) => v.setBigInt64(o, x, le)],
  unsigned8: (le) => [BigUint64Array, (v, o) => v.getBigUint64(o, le), (v, o, x) => v.setBigUint64(o, x, le)],
  float2: (le) => [
    undefined,
    (v, o) => halfToNumber(v.getUint16(o, le)),
    (v, o, x) => v.setUint16(o, numberToHalf(x), le),
  ],
  float4: (le) => [Float32Array, (v, o) => v.getFloat32(o, le), (v, o, x) => v.setFloat32(o, x, le)],
  float8: (le) => [Float64Array, (v, o) => v.getFloat64(o, le), (v, o, x) => v.setFloat64(o, x, le)],
};

/** The nearest half-precision float, ties to even. */
function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const unit = 2 ** (exponent - 10);
  const scaled = size / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return sign | (rounded + (exponent + 14) * 1024);
}
