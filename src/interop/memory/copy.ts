/** Copies of elements between rectangular memories and arrays of any layout. */
import { BufferError } from './errors.js';
import type { Parts, Row } from './rows.js';
import { type ArrayLike, type Source, sourceInMemory } from './source.js';
import type { Span } from './space.js';

/** One side of a copy: element (i, j) starts at `start(i) + j · step`. */
export interface Grid {
  readonly shape: readonly number[];
  readonly format: string;
  readonly size: number;
  readonly readonly: boolean;
  /** Bytes from one column to the next. */
  readonly step: number;
  span(i: number): Span;
  start(i: number): number;
}

/** The grid of rows. */
export function gridOfRows({ format, rows, columns, readonly }: Omit<Parts, 'space'>): Grid {
  const { size, text } = format;
  return {
    shape: [rows.length, columns],
    format: text,
    size,
    readonly,
    step: size,
    span: (i) => (rows[i] as Row).span,
    start: (i) => (rows[i] as Row).offset,
  };
}

/** The grid of an array. */
export function gridOfArray(value: ArrayLike, what: string): Grid {
  const source: Source = sourceInMemory(value, what, undefined);
  const [rowStride = 0, step = 0] = source.strides;
  return {
    shape: source.shape,
    format: source.format,
    size: source.size,
    readonly: source.readonly,
    step,
    span: () => source.span,
    start: (i) => source.offset + i * rowStride,
  };
}

/**
 * Copies all elements after the checks of the original, in their order. With `cast` the bits are kept whatever the
 * format; nothing is converted.
 */
export function copyGrid(target: Grid, source: Grid, cast: boolean): void {
  if (target.readonly) throw new BufferError('READONLY', 'copying to readonly buffer');
  for (const { shape } of [target, source]) {
    if (shape.length !== 2)
      throw new BufferError('NDIM', `wrong number of dimensions: expected 2, received ${shape.length}`);
  }
  const [rows = 0, columns = 0] = target.shape;
  if (rows !== source.shape[0] || columns !== source.shape[1]) {
    throw new BufferError('SHAPE', `different shapes: the target has [${target.shape}], the source [${source.shape}]`);
  }
  if (!cast && target.format !== source.format) {
    throw new BufferError(
      'FORMAT',
      `different formats: the target has "${target.format}", the source "${source.format}"; { cast: true } ` +
        'copies the bits',
    );
  }
  const { size } = target;
  if (size !== source.size)
    throw new BufferError('ITEMSIZE', `different itemsizes: the target has ${size} bytes, the source ${source.size}`);
  for (let i = 0; i < rows; i++) {
    const from = source.span(i).view();
    const to = target.span(i).view();
    const start = source.start(i);
    const goal = target.start(i);
    if (source.step === size && target.step === size) {
      viewBytesAt(to, goal, columns * size).set(viewBytesAt(from, start, columns * size));
      continue;
    }
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < size; k++)
        to.setUint8(goal + j * target.step + k, from.getUint8(start + j * source.step + k));
    }
  }
}

const viewBytesAt = (view: DataView, offset: number, bytes: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + offset, bytes);
