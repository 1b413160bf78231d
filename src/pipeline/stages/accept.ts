/**
 * CrystFEL's rule for accepting a lattice, for comparable counts: enough peaks are near a node, and the cell matches
 * the known one within a tolerance. The default of a run is the indexer's own verdict against chance.
 */
import { anglesOf, type Cell, dot, lengthsOf, reciprocal, type Vector } from '../../crystal/cell.js';

/** Largest deviations of a cell: a*, b*, c* in percent, their angles in degrees. */
export type Tolerance = readonly [a: number, b: number, c: number, alpha: number, beta: number, gamma: number];

const usualTolerance: Tolerance = [5, 5, 5, 1.5, 1.5, 1.5];

/** Number of peaks whose indices are all within a quarter of an integer. */
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

/** Whether CrystFEL would accept a lattice: for a single lattice with half of the peaks, for several with fewer. */
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
