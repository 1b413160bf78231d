/** Copies of elements between memories and arrays of any layout. */
import type { Elements } from './elements.js';
import { BufferError } from './errors.js';

/**
 * Copies all elements after the checks of the original, in their order. With `cast` the bits are kept whatever the
 * format; nothing is converted.
 */
export function copyElements(target: Elements, source: Elements, cast: boolean): void {
  if (target.readonly) throw new BufferError('READONLY', 'copying to readonly buffer');
  for (const { shape } of [target, source]) {
    if (shape.length !== 2)
      throw new BufferError('NDIM', `wrong number of dimensions: expected 2, received ${shape.length}`);
  }
  const [rows = 0, columns = 0] = target.shape;
  if (rows !== source.shape[0] || columns !== source.shape[1]) {
    throw new BufferError('SHAPE', `different shapes: the target has [${target.shape}], the source [${source.shape}]`);
  }
  if (!cast && target.format.text !== source.format.text) {
    throw new BufferError(
      'FORMAT',
      `different formats: the target has "${target.format.text}", the source "${source.format.text}"; { cast: true } ` +
        'copies the bits',
    );
  }
  const { size } = target.format;
  if (size !== source.format.size)
    throw new BufferError(
      'ITEMSIZE',
      `different itemsizes: the target has ${size} bytes, the source ${source.format.size}`,
    );
  const rowsOf = (elements: Elements): Row[] =>
    Array.from({ length: rows }, (_, i) => {
      const { span, offset } = elements.row(i);
      return { view: span.view(), offset, step: elements.strides[1] ?? 0 };
    });
  const [into, own] = [rowsOf(target), rowsOf(source)];
  const one = { columns, size };
  // Rows that are written may be rows that are still to be read.
  const from = overlap(extentOf(into, one), extentOf(own, one)) ? own.map((row) => packed(row, one)) : own;
  for (const [i, to] of into.entries()) copyRow(to, from[i] as Row, one);
}

/** Where the elements of a row are: the first at `offset` bytes of the view, and each `step` bytes after the one before. */
interface Row {
  readonly view: DataView;
  readonly offset: number;
  readonly step: number;
}

/** The elements of each row. */
interface Columns {
  readonly columns: number;
  readonly size: number;
}

function copyRow(to: Row, from: Row, { columns, size }: Columns): void {
  if (from.step === size && to.step === size) {
    bytesAt(to.view, to.offset, columns * size).set(bytesAt(from.view, from.offset, columns * size));
    return;
  }
  for (let j = 0; j < columns; j++)
    for (let k = 0; k < size; k++)
      to.view.setUint8(to.offset + j * to.step + k, from.view.getUint8(from.offset + j * from.step + k));
}

/** A row in memory of its own. */
function packed(row: Row, columns: Columns): Row {
  const own = { view: new DataView(new ArrayBuffer(columns.columns * columns.size)), offset: 0, step: columns.size };
  copyRow(own, row, columns);
  return own;
}

/** The first byte and the end of all rows, in each buffer that holds some of them. */
function extentOf(rows: readonly Row[], { columns, size }: Columns): Map<ArrayBufferLike, [number, number]> {
  const extents = new Map<ArrayBufferLike, [number, number]>();
  if (columns === 0) return extents;
  for (const { view, offset, step } of rows) {
    const [a, b] = [view.byteOffset + offset, view.byteOffset + offset + (columns - 1) * step];
    const [from, to] = extents.get(view.buffer) ?? [a, a];
    extents.set(view.buffer, [Math.min(from, a, b), Math.max(to, a + size, b + size)]);
  }
  return extents;
}

const overlap = (a: ReturnType<typeof extentOf>, b: ReturnType<typeof extentOf>): boolean =>
  [...a].some(([buffer, [from, to]]) => {
    const other = b.get(buffer);
    return other !== undefined && other[0] < to && from < other[1];
  });

const bytesAt = (view: DataView, offset: number, bytes: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + offset, bytes);
