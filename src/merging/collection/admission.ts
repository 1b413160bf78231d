/** Decides which observations of a crystal take part in a merge, and corrects those beforehand. */

import { type Polarisation, polarisationFactorOf } from '../../crystal/polarisation.js';
import type { RejectedRows } from './counts.js';
import type { CrystalRecord } from './observations.js';

/** The criteria by which observations are rejected, and the corrections that are applied. */
export interface Admission {
  /** How far beyond the crystal's own resolution limit observations are used, 1/angstrom. */
  readonly pushRes: number;
  /** Observations with a smaller I/σ(I) are rejected. */
  readonly minSnr: number;
  readonly polarisation: Polarisation | undefined;
}

/** The columns of the rows to examine. */
export interface Rows {
  readonly h: Int16Array;
  readonly k: Int16Array;
  readonly l: Int16Array;
  readonly intensity: Float32Array;
  readonly sigma: Float32Array;
  readonly places: Uint16Array;
}

/** Corrects the rows `first` … `end - 1` of a crystal in place, drops rejected rows and returns the new end. */
export function admit(
  { h, k, l, intensity, sigma, places }: Rows,
  first: number,
  end: number,
  { reciprocal, wavelengthA, limit }: Pick<CrystalRecord, 'reciprocal' | 'wavelengthA' | 'limit'>,
  { pushRes, minSnr, polarisation }: Admission,
  out: RejectedRows,
): number {
  const star = (i: number): number => reciprocal[i] ?? Number.NaN;
  const farthest = limit + pushRes;
  const factorOf = polarisation && polarisationFactorOf(polarisation);
  let kept = first;
  for (let i = first; i < end; i++) {
    const [a, b, c] = [h[i] as number, k[i] as number, l[i] as number];
    const x = a * star(0) + b * star(3) + c * star(6);
    const y = a * star(1) + b * star(4) + c * star(7);
    const z = a * star(2) + b * star(5) + c * star(8);
    const q = Math.hypot(x, y, z);
    if (!(q > 0 && q * wavelengthA <= 2)) {
      out.impossible++;
      continue;
    }
    if (q > farthest) {
      out.beyondResolution++;
      continue;
    }
    const [value, error] = [intensity[i] as number, sigma[i] as number];
    if (value < minSnr * error) {
      out.belowSnr++;
      continue;
    }
    const factor = factorOf ? factorOf(x, y, z + 1 / wavelengthA) : 1;
    h[kept] = a;
    k[kept] = b;
    l[kept] = c;
    intensity[kept] = value / factor;
    sigma[kept] = error / factor;
    places[kept] = places[i] as number;
    kept++;
  }
  return kept;
}
