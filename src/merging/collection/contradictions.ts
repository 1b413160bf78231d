/** Contradictions within what is stated of a crystal: such a crystal was damaged, or changed by a wrong conversion. */

import { anglesOf, type Cell, cellFrom, lengthsOf, reciprocal } from '../../crystal/cell.js';
import { scattered } from '../../crystal/polarisation.js';
import type { Rows } from './admission.js';
import type { ScanCounts } from './counts.js';
import type { CrystalRecord } from './observations.js';

/** How far stated lengths (relative) and angles (degrees) may be from those of a*, b*, c*: far more than is rounded. */
const [lengthTolerance, angleTolerance] = [0.05, 3];

/**
 * Integrated reflections are at the Ewald sphere. In streams of CrystFEL and of ewald, the median distance from it is
 * half to twice the stated profile radius, and at most .0015 1/angstrom; it is in doubt beyond five radii and this, in
 * 1/angstrom.
 */
const [radiiInDoubt, distanceInDoubt] = [5, 0.01];
/** Widths of the spectrum by which a reflection may be farther from the sphere of the mean wavelength. */
const spectrumWidths = 3;
/** Fewer reflections do not tell, and so many of a crystal are enough. */
const [fewestReflections, enoughReflections] = [10, 128];

type Contradiction = keyof Pick<ScanCounts, 'otherAxes' | 'offSphere'>;

/** The contradiction of a crystal whose reflections are `first` … `end - 1`; undefined if there is none. */
export function contradictionOf(
  crystal: CrystalRecord,
  rows: Pick<Rows, 'h' | 'k' | 'l'>,
  first: number,
  end: number,
): Contradiction | undefined {
  if (hasOtherAxes(crystal)) return 'otherAxes';
  return isOffSphere(crystal, rows, first, end) ? 'offSphere' : undefined;
}

/** Whether the stated lengths and angles are not those of a*, b*, c*. A crystal without a stated cell has none. */
function hasOtherAxes({ reciprocal: stars, parameters }: CrystalRecord): boolean {
  if (parameters.length < 6) return false;
  const cell: Cell = reciprocal(cellFrom(stars));
  const isFar = (own: readonly number[], from: number, tolerance: (stated: number) => number): boolean =>
    own.some((x, i) => Math.abs(x - (parameters[from + i] ?? x)) > tolerance(parameters[from + i] ?? x));
  return (
    isFar(lengthsOf(cell), 0, (stated) => lengthTolerance * stated) || isFar(anglesOf(cell), 3, () => angleTolerance)
  );
}

/** Whether more than half of the reflections, or of every n-th of many, are far from the Ewald sphere. */
function isOffSphere(
  { reciprocal: stars, wavelengthA, bandwidth, profileRadius }: CrystalRecord,
  { h, k, l }: Pick<Rows, 'h' | 'k' | 'l'>,
  first: number,
  end: number,
): boolean {
  if (end - first < fewestReflections) return false;
  const limit = Math.max(distanceInDoubt, radiiInDoubt * (profileRadius || 0));
  const toCentre = 1 / wavelengthA;
  const step = Math.ceil((end - first) / enoughReflections);
  let [far, looked] = [0, 0];
  for (let i = first; i < end; i += step) {
    looked++;
    const [x, y, z] = scattered(stars, h[i] as number, k[i] as number, l[i] as number);
    const distance = Math.abs(Math.sqrt(x * x + y * y + (z + toCentre) ** 2) - toCentre);
    const spread = (spectrumWidths * bandwidth * wavelengthA * (x * x + y * y + z * z)) / 2;
    if (distance > limit + spread) far++;
  }
  return 2 * far > looked;
}
