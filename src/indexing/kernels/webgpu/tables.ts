/** Tables of cosines and sines for the indexing kernels, computed in float64. Equivalent to cpp/indexing/tables.cpp. */
import { searchConstants } from '../../../compute/layout/search.js';

const turnSteps = searchConstants.turnSteps.value;

/** Padding after a table, because kernels read four entries at a time. */
const margin = 4;

/** Positions of the tables in one array of pairs (cosine, sine). */
interface TablePlaces {
  readonly turns: number;
  readonly angles: number;
  readonly entries: number;
}
export function tablePlaces(points: number, angles: number): TablePlaces {
  const turns = points + margin;
  return { turns, angles: turns + turnSteps, entries: turns + turnSteps + angles + margin };
}

/** Azimuths p · π (3 − √5) of a spiral of `points` directions, then the angles of a turn. */
export function fixedTables(points: number, { turns }: TablePlaces): Float32Array {
  const table = new Float32Array(2 * (turns + turnSteps));
  // Computed by rotating a unit vector: the error after 2¹⁶ steps is below 1e-11, and results do not depend on the sine
  // of a library.
  const [stepCos, stepSin] = [searchConstants.spiralCos.value, searchConstants.spiralSin.value];
  let [c, s] = [1, 0];
  for (let p = 0; p < points + margin; p++) {
    table[2 * p] = c;
    table[2 * p + 1] = s;
    [c, s] = [c * stepCos - s * stepSin, c * stepSin + s * stepCos];
  }
  table.set(turnTable(turnSteps), 2 * turns);
  return table;
}

/** The angles 2 π q / steps. */
export function turnTable(steps: number): Float32Array {
  const table = new Float32Array(2 * steps);
  for (let q = 0; q < steps; q++) {
    table[2 * q] = Math.cos((2 * Math.PI * q) / steps);
    table[2 * q + 1] = Math.sin((2 * Math.PI * q) / steps);
  }
  return table;
}
