/** Integration of a field of gradients over a part of a scan. */
import { type IntegrateOptions, integrateField, integrationNoise } from './integrate.js';

/** A number or a boolean a position. */
type Marks = ArrayLike<number | boolean>;

/** Rows and columns of a scan, each from the first to before the end. */
interface Part {
  /** Columns of the whole scan. */
  readonly columns: number;
  readonly row: readonly [first: number, end: number];
  readonly column: readonly [first: number, end: number];
}

/** The least rectangle with all positions that were measured; the whole scan if none was. */
function measuredPart(measured: Marks, [rows = 0, columns = 0]: readonly number[]): Part {
  let [row, column]: [Part['row'], Part['column']] = [
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
const shapeOf = ({ row, column }: Part): [number, number] => [row[1] - row[0], column[1] - column[0]];

/** The positions of a part, in C order. */
const indicesOf = (part: Part): Uint32Array => {
  const [height, width] = shapeOf(part);
  const at = (i: number): number => (part.row[0] + Math.floor(i / width)) * part.columns + part.column[0] + (i % width);
  return Uint32Array.from({ length: height * width }, (_, i) => at(i));
};

/**
 * `integrateField` of the positions of a scan that are nonzero in `measured`, [rows, columns], by default of all; the
 * others are NaN. The least rectangle with all of them is integrated by itself: with shifts of 0 all around, a region would
 * have a step at its edge.
 */
export function integrateMeasured(
  y: ArrayLike<number>,
  x: ArrayLike<number>,
  shape: readonly number[],
  measured: Marks | undefined,
  options: IntegrateOptions = {},
): Float64Array {
  if (!measured) return integrateField(y, x, shape, options);
  const part = measuredPart(measured, shape);
  const places = indicesOf(part);
  const cut = (map: ArrayLike<number>): Float64Array => Float64Array.from(places, (i) => map[i] as number);
  const image = integrateField(cut(y), cut(x), shapeOf(part), options);
  const map = new Float64Array(y.length).fill(Number.NaN);
  for (const [k, i] of places.entries()) if (measured[i]) map[i] = image[k] as number;
  return map;
}

/** `integrationNoise` of what `integrateMeasured` integrates. */
export const measuredNoise = (shape: readonly number[], measured: Marks, options: IntegrateOptions): number =>
  integrationNoise(shapeOf(measuredPart(measured, shape)), options);
