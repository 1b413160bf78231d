/**
 * Whether the cells of two states differ: a rank test of all free parameters together (Puri & Sen 1971). No stream
 * states the errors of cells, and ranks need none; wrong crystals weigh no more than others. A merge that goes on asks
 * again and again, so that cells which are equal must hardly ever seem to differ.
 */

import { type Cell, dot } from '../../crystal/cell.js';
import { elements } from '../../crystal/cell-strain.js';
import type { Operation } from '../../crystal/symmetry/matrices.js';
import { medianWithError } from '../../util/median.js';

/** χ² that chance exceeds once in 10 000 times, by the number of free parameters. */
const maxChiSquared = [Number.POSITIVE_INFINITY, 15.137, 18.421, 21.108, 23.513, 25.745, 27.856] as const;
/** A parameter of which the others leave a smaller share of its variance is not free. */
const minOwn = 1e-6;

const parameters = ['a', 'b', 'c', 'α', 'β', 'γ'] as const;
const units = ['Å', 'Å', 'Å', '°', '°', '°'] as const;

/** In words how the cells of two states differ, in the parameter that tells it best; undefined if they may be equal. */
export function cellDifference(
  first: readonly Cell[],
  second: readonly Cell[],
  operations: readonly Operation[],
): string | undefined {
  const averaging = averagingOf(operations);
  const numbers = [first, second].map((cells) => cells.map((cell) => symmetrised(cell, averaging)));
  const [x = [], y = []] = numbers;
  const column = differingColumn(x, y);
  if (column === undefined) return undefined;
  const [[ofX, errorX], [ofY, errorY]] = [x, y].map((all) => medianWithError(all.map((one) => one[column] ?? 0))) as [
    readonly [number, number],
    readonly [number, number],
  ];
  const error = Math.hypot(errorX, errorY);
  return `${parameters[column]} is ${ofX.toFixed(3)} and ${ofY.toFixed(3)} ± ${error.toFixed(3)} ${units[column]}`;
}

/** The mean of a metric tensor over a group, as a matrix that multiplies its elements. */
const averagingOf = (operations: readonly Operation[]): number[][] =>
  elements.map(([r, s]) =>
    elements.map(([i, j]) => {
      const turned = (m: Operation, from: number, to: number): number => (m[3 * from + r] ?? 0) * (m[3 * to + s] ?? 0);
      const terms = operations.map((m) => turned(m, i, j) + (i === j ? 0 : turned(m, j, i)));
      return terms.reduce((sum, x) => sum + x, 0) / operations.length;
    }),
  );

/** Lengths and angles of a cell whose metric is averaged: those that the group makes equal are equal. */
function symmetrised(cell: Cell, averaging: readonly (readonly number[])[]): number[] {
  const metric = elements.map(([i, j]) => dot(cell[i], cell[j]));
  const mean = averaging.map((row) => row.reduce((sum, x, n) => sum + x * (metric[n] as number), 0));
  const lengths = mean.slice(0, 3).map(Math.sqrt);
  const angles = elements.slice(3).map(([i, j], n) => {
    const cosine = (mean[3 + n] as number) / ((lengths[i] as number) * (lengths[j] as number));
    return (Math.acos(cosine) * 180) / Math.PI;
  });
  // Without the last digits, in which numbers that are equal may differ.
  return [...lengths, ...angles].map(Math.fround);
}

/** The parameter in which two samples differ most, if all parameters together differ by more than chance. */
function differingColumn(first: readonly (readonly number[])[], second: readonly (readonly number[])[]) {
  const count = first.length + second.length;
  const ranks = parameters.map((_, i) => centredRanks([...first, ...second].map((one) => one[i] ?? 0)));
  const scale = (first.length * second.length) / (count * (count - 1));
  const rest = ranks.map((a) => ranks.map((b) => scale * a.reduce((sum, x, n) => sum + x * (b[n] as number), 0)));
  const variances = rest.map((row, i) => row[i] as number);
  const sums = ranks.map((own) => own.subarray(0, first.length).reduce((sum, x) => sum + x, 0));
  const apart = sums.map((sum, i) => sum ** 2 / (variances[i] as number));
  let [chiSquared, free] = [0, 0];
  // What each parameter tells beyond those before it.
  for (const [i, row] of rest.entries()) {
    const own = row[i] as number;
    if (!(own > minOwn * (variances[i] as number))) continue;
    chiSquared += (sums[i] as number) ** 2 / own;
    free++;
    for (let k = i + 1; k < rest.length; k++) {
      const factor = (rest[k]?.[i] as number) / own;
      sums[k] = (sums[k] as number) - factor * (sums[i] as number);
      rest[k] = (rest[k] as number[]).map((x, j) => x - factor * (row[j] as number));
    }
  }
  if (!(chiSquared > (maxChiSquared[free] as number))) return undefined;
  return apart.reduce((best, x, i) => (x > (apart[best] ?? 0) || Number.isNaN(apart[best]) ? i : best), 0);
}

/** Ranks about their mean; equal numbers share the mean of their ranks. */
function centredRanks(values: readonly number[]): Float64Array {
  const order = [...values.keys()].sort((i, j) => (values[i] as number) - (values[j] as number));
  const ranks = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let n = from; n < to; n++) ranks[order[n] as number] = (from + to - values.length) / 2;
  }
  return ranks;
}
