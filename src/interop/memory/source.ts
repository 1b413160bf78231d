/** Sources of memory: typed arrays, buffers, strided arrays, and memory of a library. */
import { expects } from '../../base/arguments.js';
import { BufferError } from './errors.js';
import { formatOf, parseFormat, type TypedArray } from './format.js';
import { jsMemory, type MemorySpace, type Span } from './space.js';

/** Memory with a known location, such as the result of `lib.alloc`. */
export interface Located {
  readonly space: MemorySpace;
  /** Format of its elements. */
  readonly format: string;
  readonly length: number;
  readonly readonly?: boolean | undefined;
  /** The span of memory that it covers. */
  span(): Span;
}

/** An array of several dimensions over flat data, as in numpy. */
export interface StridedArray {
  readonly data: TypedArray | ArrayBufferLike | DataView | Located;
  /** Elements in each dimension. */
  readonly shape: readonly number[];
  /** Distance in elements between neighbours in each dimension; default row-major and dense. */
  readonly strides?: readonly number[] | undefined;
  /** Number of elements before the first; default 0. */
  readonly offset?: number | undefined;
  /** Format of the data, if it does not follow from their type. */
  readonly format?: string | undefined;
  /** Whether it may only be read; default false. */
  readonly readonly?: boolean | undefined;
}

/** Anything that can be a row. */
export type ArrayLike = TypedArray | ArrayBufferLike | ArrayBufferView | Located | StridedArray;

/** A source brought to one form: strides and offset in bytes. */
export interface Source {
  readonly space: MemorySpace;
  readonly span: Span;
  readonly format: string;
  readonly size: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly readonly: boolean;
  /** An object that must not be disposed while this is used. */
  readonly held: object | undefined;
}

export const isLocated = (value: unknown): value is Located =>
  typeof value === 'object' &&
  value !== null &&
  'span' in value &&
  typeof value.span === 'function' &&
  'space' in value;
const isStrided = (value: unknown): value is StridedArray =>
  typeof value === 'object' && value !== null && 'data' in value && 'shape' in value && Array.isArray(value.shape);
const isBuffer = (value: unknown): value is ArrayBufferLike =>
  value instanceof ArrayBuffer ||
  (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer) ||
  /^\[object (?:Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));

/** Converts a source to this form; `what` names it in messages, `space` is the required space. */
export function sourceInMemory(value: unknown, what: string, space: MemorySpace | undefined): Source {
  return isStrided(value) ? stridedSource(value, what, space) : flatSource(value, what, space);
}

function flatSource(value: unknown, what: string, space: MemorySpace | undefined): Source {
  if (isLocated(value)) {
    if (space && space !== value.space)
      throw new BufferError(
        'SPACE',
        `${what} lies in ${describe(value.space)}, expected ${describe(space)}; stage() copies it there`,
      );
    const { size, text } = parseFormat(value.format, value.space.model);
    const { space: own, length, readonly = false } = value;
    const form = { format: text, size, shape: [length], strides: [size], offset: 0 };
    return { space: own, span: value.span(), ...form, readonly, held: value };
  }
  let buffer: ArrayBufferLike;
  let byteOffset = 0;
  let byteLength: number;
  let format = 'B';
  if (ArrayBuffer.isView(value)) {
    buffer = value.buffer;
    byteOffset = value.byteOffset;
    byteLength = value.byteLength;
    format = formatOf(value);
  } else if (isBuffer(value)) {
    buffer = value;
    byteLength = value.byteLength;
  } else {
    throw new BufferError(
      'FORMAT',
      `${what} is ${value === null ? 'null' : Array.isArray(value) ? 'a plain array' : typeof value}; expected a ` +
        'typed array, an ArrayBuffer, a DataView, a strided array or memory of a library',
    );
  }
  const place = space ?? jsMemory;
  const span = place.locate(buffer, byteOffset, byteLength);
  if (!span)
    throw new BufferError(
      'SPACE',
      `${what} lies in JavaScript, expected ${describe(place)}; allocate it there, or stage() the memory`,
    );
  const { size, text } = parseFormat(format, place.model);
  const form = { format: text, size, shape: [byteLength / size], strides: [size], offset: 0 };
  return { space: place, span, ...form, readonly: false, held: undefined };
}

function stridedSource(value: StridedArray, what: string, space: MemorySpace | undefined): Source {
  const flat = flatSource(value.data, what, space);
  const { size, text } =
    value.format === undefined ? { size: flat.size, text: flat.format } : parseFormat(value.format, flat.space.model);
  const { shape } = value;
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0))
    throw new BufferError('SHAPE', `${what} has the shape [${shape}]; expected whole numbers from 0`);
  const strides = value.strides ?? dense(shape);
  if (strides.length !== shape.length)
    throw new BufferError('SHAPE', `${what} has ${shape.length} dimensions, but ${strides.length} strides`);
  const offset = value.offset ?? 0;
  // The extreme elements must be inside the data; strides may be negative.
  if (shape.every((n) => n > 0)) {
    let low = offset;
    let high = offset;
    strides.forEach((stride, i) => {
      const reach = stride * ((shape[i] ?? 1) - 1);
      if (reach < 0) low += reach;
      else high += reach;
    });
    const held = Math.floor(flat.span.byteLength / size);
    if (!Number.isInteger(low) || !Number.isInteger(high) || low < 0 || high >= held) {
      throw new BufferError(
        'SHAPE',
        `${what} extends over elements ${low} to ${high} with shape [${shape}] and strides [${strides}], but its data ` +
          `hold ${held}`,
      );
    }
  }
  const readonly = (value.readonly ?? false) || flat.readonly;
  return {
    ...flat,
    format: text,
    size,
    shape,
    strides: strides.map((stride) => stride * size),
    offset: offset * size,
    readonly,
  };
}

const dense = (shape: readonly number[]): number[] =>
  shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1));

/** A space in a message. */
export function describe({ kind }: MemorySpace): string {
  return { js: 'JavaScript memory', wasm: "this module's wasm heap", native: 'the memory of the process' }[kind];
}

/** Elements of a source. */
export const elementCount = ({ shape }: Pick<Source, 'shape'>): number => shape.reduce((product, n) => product * n, 1);

/** Whether the elements are contiguous, in C or Fortran order; strides of single elements are ignored. */
export function isContiguous({ shape, strides, size }: Source): boolean {
  if (elementCount({ shape }) <= 1) return true;
  const dense = (order: readonly number[]): boolean => {
    let expected = size;
    for (const i of order) {
      if (shape[i] !== 1 && strides[i] !== expected) return false;
      expected *= shape[i] ?? 1;
    }
    return true;
  };
  const axes = shape.map((_, i) => i);
  return dense(axes) || dense(axes.toReversed());
}

/** Throws `Argument` unless `rows` is a list. */
export function expectsRows(what: string, rows: unknown): void {
  const iterates = typeof rows === 'object' && rows !== null && Symbol.iterator in rows;
  expects(iterates, `${what}: the rows`, rows, 'a list of arrays');
}
