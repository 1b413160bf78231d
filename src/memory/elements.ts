/** Elements in memory, whatever holds them: typed arrays, buffers, strided arrays, memory of a library, rows. */
import { expects } from '../util/arguments.js';
import { BufferError } from './errors.js';
import { type Format, formatOf, parseFormat, type TypedArray } from './format.js';
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

/** Where a row starts in a span of memory, in bytes. */
export interface Row {
  readonly span: Span;
  readonly offset: number;
}

/**
 * Elements of one format. Those with the same first index are a row, and each row may start at an address of its own,
 * as in Python's buffers; from there on, neighbours are `strides` bytes apart.
 */
export interface Elements {
  readonly space: MemorySpace;
  readonly format: Format;
  readonly shape: readonly number[];
  /** Bytes between neighbours in each dimension; the first is not used if rows have addresses of their own. */
  readonly strides: readonly number[];
  readonly readonly: boolean;
  /** Objects that must not be disposed while these are used. */
  readonly held: readonly object[];
  row(i: number): Row;
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

/** The elements of an array; `what` names it in messages, `space` is the required space. */
export function elementsOf(value: unknown, what: string, space?: MemorySpace): Elements {
  if (!isStrided(value)) return flatElements(value, what, space);
  const flat = flatElements(value.data, what, space);
  const { span } = flat.row(0);
  const format = value.format === undefined ? flat.format : parseFormat(value.format, flat.space.model);
  const { shape, strides = dense(shape), offset = 0 } = value;
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0))
    throw new BufferError('SHAPE', `${what} has the shape [${shape}]; expected whole numbers from 0`);
  if (strides.length !== shape.length)
    throw new BufferError('SHAPE', `${what} has ${shape.length} dimensions, but ${strides.length} strides`);
  const held = Math.floor(span.byteLength / format.size);
  // Strides may be negative.
  const reaches = shape.map((n, i) => (strides[i] ?? 0) * (n - 1));
  const low = reaches.reduce((sum, reach) => sum + Math.min(0, reach), offset);
  const high = reaches.reduce((sum, reach) => sum + Math.max(0, reach), offset);
  const isInside = Number.isInteger(low) && Number.isInteger(high) && low >= 0 && high < held;
  if (!isInside && !shape.includes(0))
    throw new BufferError(
      'SHAPE',
      `${what} extends over elements ${low} to ${high} with shape [${shape}] and strides [${strides}], but its data ` +
        `hold ${held}`,
    );
  const [apart = 0] = strides;
  return {
    ...flat,
    format,
    shape,
    strides: strides.map((stride) => stride * format.size),
    readonly: value.readonly || flat.readonly,
    row: (i) => ({ span, offset: (offset + i * apart) * format.size }),
  };
}

/** The elements of data of one dimension. */
function flatElements(value: unknown, what: string, required: MemorySpace | undefined): Elements {
  const data = isLocated(value) ? value : locate(value, what, required ?? jsMemory);
  const { space, length, readonly = false } = data;
  if (required && required !== space)
    throw new BufferError(
      'SPACE',
      `${what} lies in ${describe(space)}, expected ${describe(required)}; stage() copies it there`,
    );
  const format = parseFormat(data.format, space.model);
  const span = data.span();
  return {
    space,
    format,
    shape: [length],
    strides: [format.size],
    readonly,
    held: data === value ? [value] : [],
    row: (i) => ({ span, offset: i * format.size }),
  };
}

/** The location of an array of JavaScript in a space. */
function locate(value: unknown, what: string, space: MemorySpace): Located {
  const isView = ArrayBuffer.isView(value);
  if (!isView && !isBuffer(value))
    throw new BufferError(
      'FORMAT',
      `${what} is ${value === null ? 'null' : Array.isArray(value) ? 'a plain array' : typeof value}; expected a ` +
        'typed array, an ArrayBuffer, a DataView, a strided array or memory of a library',
    );
  const format = isView ? formatOf(value) : 'B';
  const { buffer, byteOffset, byteLength } = isView ? value : new Uint8Array(value);
  const span = space.locate(buffer, byteOffset, byteLength);
  if (!span)
    throw new BufferError(
      'SPACE',
      `${what} lies in JavaScript, expected ${describe(space)}; allocate it there, or stage() the memory`,
    );
  return { space, format, length: byteLength / parseFormat(format).size, span: () => span };
}

const dense = (shape: readonly number[]): number[] =>
  shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1));

/** A space in a message. */
function describe({ kind }: MemorySpace): string {
  return { js: 'JavaScript memory', wasm: "this module's wasm heap", native: 'the memory of the process' }[kind];
}

/** Number of elements. */
export const elementCount = ({ shape }: Pick<Elements, 'shape'>): number =>
  shape.reduce((product, n) => product * n, 1);

/** Whether the elements of an array are contiguous, in C or Fortran order; strides of single elements are ignored. */
export function isContiguous({ shape, strides, format }: Elements): boolean {
  if (elementCount({ shape }) <= 1) return true;
  const isDense = (order: readonly number[]): boolean => {
    let expected: number = format.size;
    for (const i of order) {
      if (shape[i] !== 1 && strides[i] !== expected) return false;
      expected *= shape[i] ?? 1;
    }
    return true;
  };
  const axes = shape.map((_, i) => i);
  return isDense(axes) || isDense(axes.toReversed());
}

/** Throws `Argument` unless `rows` is a list. */
export function expectsRows(what: string, rows: unknown): void {
  const iterates = typeof rows === 'object' && rows !== null && Symbol.iterator in rows;
  expects(iterates, `${what}: the rows`, rows, 'a list of arrays');
}
