/** What says that disks were searched with a wrong radius or lattice: their positions look like positions. */
import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';
import type { StrainMaps } from '../disks/strain.js';

/** Radii of the search over that of the beam at which positions are those of the disks. */
const [minRadius, maxRadius] = [0.85, 1.3];

/** Why disks that were searched with a radius are not those of a beam with another one, both in pixels. */
export function radiusFaults(searched: number, beam: number): string[] {
  if (searched >= minRadius * beam && searched <= maxRadius * beam) return [];
  return [
    `the disks were searched with a radius of ${Number(searched.toPrecision(4))} pixels, and the direct beam has one ` +
      `of ${beam.toFixed(2)} in the sum of the frames: with another radius, maxima are beside the disks`,
  ];
}

/** What was fitted at each position; NaN where nothing was measured. */
export interface FittedLattices {
  /** Distance of the disks from the lattice, pixels; NaN where none fits. */
  readonly error: ArrayLike<number>;
  /** Disks that were used, and those that were found, on the lattice or beside it. */
  readonly used: ArrayLike<number>;
  readonly found: ArrayLike<number>;
  /** Radius of the disks in pixels. */
  readonly radius: number;
  /** Nonzero at the positions of the reference; all of them without one. */
  readonly region: ArrayLike<number> | undefined;
}

/** Which positions have the lattice, and what is to be said of the others. */
export interface JudgedLattices {
  readonly fits: Uint8Array;
  readonly doubts: readonly string[];
  readonly faults: readonly string[];
}

/** Share of the disks of the reference that a position has at least; a few are on any lattice by chance. */
const minShare = 0.5;
/** Share of the positions that may be without the lattice before the lattice is in doubt. */
const maxOthers = 0.5;

/** Standard deviation of the median of normal numbers, of one of them from its median absolute deviation, in σ. */
const [ofMedian, ofDeviation] = [1.2533, 1.4826];

/** How far the zero of strains is known: the error of the median over the reference; undefined of too few positions. */
function zeroError({ exx, eyy }: StrainMaps, isIn: (i: number) => boolean): number | undefined {
  const errors = [exx, eyy].map((map) => {
    const values = among(map, isIn);
    if (values.length < 3) return Number.NaN;
    const middle = median(values);
    const spread = ofDeviation * median(values.map((value) => Math.abs(value - middle)));
    return (ofMedian * spread) / Math.sqrt(values.length);
  });
  const most = Math.max(...errors);
  return Number.isNaN(most) ? undefined : most;
}

/** That a part of the reference is not measured, so that strain is relative to the rest. */
export function referenceTexts(
  region: ArrayLike<number>,
  valid: ArrayLike<number>,
  maps: StrainMaps,
): { readonly texts: readonly string[]; readonly isDoubtful: boolean } {
  const places = Array.from({ length: region.length }, (_, i) => i).filter((i) => region[i]);
  const there = places.filter((i) => valid[i]);
  if (there.length === places.length) return { texts: [], isDoubtful: false };
  const error = zeroError(maps, (i) => Boolean(region[i] && valid[i]));
  const isOne = there.length === 1;
  const text =
    `only ${there.length} of the ${places.length} positions of the reference ${isOne ? 'is' : 'are'} measured, and ` +
    `strain is relative to ${isOne ? 'this one' : 'these'}: ` +
    (error === undefined
      ? 'so few do not tell how far its zero is known'
      : `its zero is known to ± ${error.toPrecision(1)} at best, and differs from that of the whole reference`);
  return { texts: [text], isDoubtful: there.length <= maxOthers * places.length };
}

const among = (values: ArrayLike<number>, isIn: (i: number) => boolean): number[] =>
  Array.from(values).filter((value, i) => isIn(i) && !Number.isNaN(value));

/**
 * Judges the lattices of a scan by the distance of the disks from them, and by how many disks they are fitted to: three
 * disks fit any lattice exactly. The positions of the reference are judged first, since all others are compared with
 * them.
 */
export function judgeLattices({ error, used, found, radius, region }: FittedLattices): JudgedLattices {
  const most = Math.max(0.5, 0.08 * radius);
  const isReference = (i: number): boolean => region === undefined || Boolean(region[i]);
  const few = among(used, (i) => isReference(i) && (error[i] as number) <= most).sort((a, b) => a - b);
  // Those with most disks: the others may be another crystal. Three disks fit exactly, and say nothing of themselves.
  const usual = few[Math.floor(0.8 * few.length)] ?? 0;
  const least = Math.max(Math.min(4, usual), minShare * usual, 3);
  const measured = Array.from({ length: error.length }, (_, i) => i).filter((i) => !Number.isNaN(used[i]));
  const fits = new Uint8Array(error.length);
  for (const i of measured) fits[i] = Number((error[i] as number) <= most && (used[i] as number) >= least);
  const others = measured.filter((i) => !fits[i]);
  if (others.length === 0) return { fits, doubts: [], faults: [] };
  const all = among(error, () => true);
  const middle = all.length === 0 ? Number.NaN : median(all);
  const reference = measured.filter(isReference);
  const good = reference.filter((i) => fits[i]).length;
  const faults = [
    ...(middle > most
      ? [
          `the disks are ${middle.toFixed(2)} pixels (median) beside the lattices that were fitted to them, and with ` +
            `disks of this size more than ${most.toFixed(2)} is no strain: the radius, the lattice (zero, a, b) or the ` +
            'pattern is another, or there are too few counts',
        ]
      : []),
    ...(region && good <= maxOthers * reference.length
      ? [
          `${good} of the ${reference.length} positions of the reference have the lattice, and strain is relative to ` +
            'them: choose a region of one crystal',
        ]
      : []),
    ...(!region && middle <= most && others.length > maxOthers * measured.length
      ? [
          `${measured.length - others.length} of ${measured.length} positions have the lattice: zero, a and b are another, or it is not that of the scan`,
        ]
      : []),
  ];
  // Where as many disks are beside the lattice as others have on it, it is another one.
  const grains = others.filter((i) => usual > 0 && (found[i] as number) >= least);
  const doubts = [
    `${others.length} of ${counted(measured.length, 'position')} ${others.length === 1 ? 'has' : 'have'} not the lattice, ` +
      `and no strain (NaN): fewer than ${Math.ceil(least)} disks are on it, or they are more than ${most.toFixed(2)} ` +
      'pixels beside it',
    ...(grains.length > 0
      ? [
          `${grains.length} of them ${grains.length === 1 ? 'has' : 'have'} as many disks beside it: another lattice, as of ` +
            'a second grain, whose strain takes its own zero, a and b, and a region (roi)',
        ]
      : []),
  ];
  return { fits, doubts, faults };
}
