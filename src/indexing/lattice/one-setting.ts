/**
 * Brings the cells of stills to one setting. A lattice that is nearly more symmetric than it is has several nearly
 * equal bases, of which each still may have been given any; means over different ones are of no lattice.
 */

import type { Cell } from '../../crystal/cell.js';
import { matches } from '../../crystal/lattice-match.js';
import { product, strainBetween, stretch } from '../../crystal/strain.js';
import { median } from '../../util/median.js';
import type { StillFit } from './still-fit.js';

/** Stills whose bases correspond. */
export interface AlignedStills {
  /** The cell with the median strain. */
  readonly mean: Cell;
  readonly stills: readonly StillFit[];
}

/** Difference of lengths (relative) and angles (radians) up to which two bases correspond. */
const farthest = 0.12;
/** Stills that may be the first reference, stills that judge them, and rounds of the mean. */
const [maxReferences, maxJudges, rounds] = [12, 40, 4];
/** A still further than this from the mean, in medians but at least as a strain, is not of this lattice. */
const [outlier, minOutlier] = [5, 0.02];

const size = (strain: readonly number[]): number => Math.hypot(...strain);

/** The basis of a cell's lattice with the smallest strain against `reference`; undefined if none resembles it. */
export function nearestBasis(cell: Cell, reference: Cell): { cell: Cell; strain: number[] } | undefined {
  let best: { cell: Cell; strain: number[] } | undefined;
  for (const { basis } of matches(cell, reference, farthest)) {
    const strain = strainBetween(basis, reference);
    if (!best || size(strain) < size(best.strain)) best = { cell: basis, strain };
  }
  return best;
}

/**
 * The stills in the setting of `reference`, by default of their medoid, without those of another lattice; undefined if
 * fewer than two agree.
 */
export function alignStills(fits: readonly StillFit[], reference = medoidOf(fits)): AlignedStills | undefined {
  if (!reference) return undefined;
  let mean = reference;
  let aligned: { still: StillFit; strain: number[] }[] = [];
  for (let round = 0; round < rounds; round++) {
    const last = mean;
    aligned = fits.flatMap((fit) => {
      const near = nearestBasis(fit.cell, last);
      return near ? [{ still: { ...fit, cell: near.cell }, strain: near.strain }] : [];
    });
    if (aligned.length < 2) return undefined;
    mean = product(last, stretch([0, 1, 2, 3, 4, 5].map((i) => median(aligned.map((one) => one.strain[i] ?? 0)))));
  }
  const limit = Math.max(minOutlier, outlier * median(aligned.map(({ strain }) => size(strain))));
  const stills = aligned.filter(({ strain }) => size(strain) < limit).map(({ still }) => still);
  return stills.length < 2 ? undefined : { mean, stills };
}

/** The cell of a still with the least median strain against the others. */
function medoidOf(fits: readonly StillFit[]): Cell | undefined {
  let medoid: Cell | undefined;
  let least = Number.POSITIVE_INFINITY;
  const judges = fits.slice(0, maxJudges);
  for (const { cell } of fits.slice(0, maxReferences)) {
    const middle = median(judges.map((judge) => size(nearestBasis(judge.cell, cell)?.strain ?? [2 * farthest])));
    if (middle < least) [least, medoid] = [middle, cell];
  }
  return medoid;
}
