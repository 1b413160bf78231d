/**
 * CrystFEL's rule for taking a lattice, for who wants its counts: enough peaks lie near a node, and the cell is the known
 * one within a tolerance. The indexer's own verdict, against chance, is the default of a run.
 */
import { anglesOf, type Cell, dot, lengthsOf, reciprocal, type Vector } from '../crystal/cell.js';

/** Greatest deviations of a cell: a*, b*, c* in percent, their angles in degrees. */
export type Tolerance = readonly [a: number, b: number, c: number, alpha: number, beta: number, gamma: number];

export const usualTolerance: Tolerance = [5, 5, 5, 1.5, 1.5, 1.5];

/** Peaks whose indices are all within a quarter of a whole number. */
export function explainedPeaks(cell: Cell, spots: Float32Array): number {
  let explained = 0;
  for (let i = 0; i + 2 < spots.length; i += 3) {
    const q: Vector = [spots[i] ?? 0, spots[i + 1] ?? 0, spots[i + 2] ?? 0];
    const near = (row: Vector): boolean => {
      const index = dot(row, q);
      return Math.abs(index - Math.round(index)) < 0.25;
    };
    if (cell.every(near)) explained++;
  }
  return explained;
}

/** Whether CrystFEL would take a lattice: of one, half of the peaks; of several, fewer. */
export function isAccepted(
  cell: Cell,
  known: Cell | undefined,
  spots: Float32Array,
  several: boolean,
  tolerance: Tolerance = usualTolerance,
): boolean {
  const total = spots.length / 3;
  const explained = explainedPeaks(cell, spots);
  const share = explained / Math.max(1, total);
  const enough = several ? explained > 70 || (explained > 25 && share > 0.3) || share > 0.4 : share >= 0.5;
  return enough && (known === undefined || isWithin(cell, known, tolerance));
}

function isWithin(cell: Cell, known: Cell, tolerance: Tolerance): boolean {
  const [found, wanted] = [reciprocal(cell), reciprocal(known)];
  const lengths = lengthsOf(wanted);
  const angles = anglesOf(wanted);
  return (
    lengthsOf(found).every((x, i) => Math.abs(x / (lengths[i] ?? 0) - 1) * 100 <= (tolerance[i] ?? 0)) &&
    anglesOf(found).every((x, i) => Math.abs(x - (angles[i] ?? 0)) <= (tolerance[i + 3] ?? 0))
  );
}
