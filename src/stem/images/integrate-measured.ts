/** Integration of a field of gradients over a part of a scan. */
import { type IntegrateOptions, integrateField, integrationNoise } from './integrate.js';
import { filled, fillOf } from './without-count.js';

/** A number or a boolean a position. */
type Marks = ArrayLike<number | boolean>;

/** Rows and columns of a scan, each from the first to before the end. */
interface ScanWindow {
  /** Columns of the whole scan. */
  readonly columns: number;
  readonly row: readonly [first: number, end: number];
  readonly column: readonly [first: number, end: number];
}

/** The least rectangle with all positions that were measured; the whole scan if none was. */
function measuredPart(measured: Marks, [rows = 0, columns = 0]: readonly number[]): ScanWindow {
  let [row, column]: [ScanWindow['row'], ScanWindow['column']] = [
    [rows, 0],
    [columns, 0],
  ];
  for (let i = 0; i < rows * columns; i++) {
    if (!measured[i]) continue;
    const [r, c] = [Math.floor(i / columns), i % columns];
    row = [Math.min(row[0], r), Math.max(row[1], r + 1)];
    column = [Math.min(column[0], c), Math.max(column[1], c + 1)];
  }
  return row[1] > 0 ? { columns, row, column } : { columns, row: [0, rows], column: [0, columns] };
}

/** Rows and columns of a part. */
const shapeOf = ({ row, column }: ScanWindow): [number, number] => [row[1] - row[0], column[1] - column[0]];

/** The positions of a part, in C order. */
const indicesOf = (part: ScanWindow): Uint32Array => {
  const [height, width] = shapeOf(part);
  const at = (i: number): number => (part.row[0] + Math.floor(i / width)) * part.columns + part.column[0] + (i % width);
  return Uint32Array.from({ length: height * width }, (_, i) => at(i));
};

/**
 * `integrateField` of the positions of a scan that are nonzero in `measured`, [rows, columns], by default of all; the
 * others are NaN, and so are those with a shift that is NaN. The least rectangle with all of them is integrated by itself,
 * and where it has none, the shift is the mean of those around: with shifts of 0 a region would have a step at its edge.
 */
export function integrateMeasured(
  y: ArrayLike<number>,
  x: ArrayLike<number>,
  shape: readonly number[],
  measured: Marks | undefined,
  options: IntegrateOptions = {},
): Float64Array {
  const isKnown = (i: number): boolean =>
    (!measured || Boolean(measured[i])) && Number.isFinite(y[i]) && Number.isFinite(x[i]);
  const known = Uint8Array.from({ length: y.length }, (_, i) => Number(isKnown(i)));
  const map = new Float64Array(y.length).fill(Number.NaN);
  if (!known.includes(1)) return map;
  const part = measuredPart(known, shape);
  const places = indicesOf(part);
  const [height, width] = shapeOf(part);
  const missing = Array.from(places.keys()).filter((k) => !known[places[k] as number]);
  const fill = fillOf(
    missing.map((k) => [Math.floor(k / width), k % width]),
    { height, width },
  );
  const cut = (field: ArrayLike<number>): Float64Array =>
    filled(
      Float64Array.from(places, (i) => field[i] as number),
      fill,
    );
  const image = integrateField(cut(y), cut(x), [height, width], options);
  for (const [k, i] of places.entries()) if (known[i]) map[i] = image[k] as number;
  return map;
}

/** `integrationNoise` of what `integrateMeasured` integrates. */
export const measuredNoise = (shape: readonly number[], measured: Marks, options: IntegrateOptions): number =>
  integrationNoise(shapeOf(measuredPart(measured, shape)), options);
