/**
 * Whether the crystals of a merge have one cell. Cells are compared as strains against their median, after each crystal
 * is brought to the setting of the merge. No stream states the errors of cells, so that the scatter within a population
 * is the measure: two populations are apart if their means differ by several times this scatter. A crystal that an
 * indexer could not improve has exactly the known cell; such crystals are part of every comparison but of the spread.
 */

import { anglesOf, type Cell, cellFromParameters, lengthsOf } from '../../crystal/cell.js';
import { strainBetween } from '../../crystal/strain.js';
import { reindexedCell } from '../../crystal/symmetry/asymmetric-unit.js';
import type { Operation } from '../../crystal/symmetry/matrices.js';
import { median } from '../../util/median.js';
import { sampleEvenly } from './annealing.js';

/** Crystals with similar cells. */
export interface CellPopulation {
  readonly crystals: number;
  /** Medians: lengths in Å, angles in degrees. */
  readonly cell: readonly number[];
}

/** The cells of the merged crystals, in one setting. */
export interface MergedCells {
  /** Number of compared crystals, 20 000 at most, and of those whose cell was fitted. */
  readonly crystals: number;
  readonly fitted: number;
  /** Robust standard deviations of a, b, c (Å) and the angles (degrees) of fitted cells; NaN for fewer than three. */
  readonly spread: readonly number[];
  /** Number of crystals beyond eight of these deviations and 1 % of strain. */
  readonly outliers: number;
  /** Populations with different cells, the largest first; one if all crystals agree. */
  readonly populations: readonly CellPopulation[];
}

/** Largest number of crystals that are compared. */
const maxCrystals = 20_000;
/** Fewest crystals that are divided, and least share of a population. */
const [fewest, minShare] = [12, 0.1];
/**
 * Least distance of two populations in strain, and in units of their scatter: of few crystals, chance makes two groups.
 * Of random sets of 12 to 200 crystals none of 11 400 is divided if their scatter is normal, Laplace's, or Student's
 * with two to five degrees of freedom, and one of 3 600 if it is uniform; 8 of 3 600 are if it is exponential, to one
 * side alone.
 */
const minStrain = 0.003;
const minApart = (crystals: number): number => 5 + 90 / crystals;
/** Distance of an outlier in standard deviations and in strain, and the share of them that puts a cell in doubt. */
const [outlying, outlyingStrain, maxOutliers] = [8, 0.01, 0.1];
const columns = [0, 1, 2, 3, 4, 5] as const;

/** Compares the cells of crystals; `parameters` has six numbers for each, and `chosen` the index of its way. */
export function compareCells(
  parameters: Float64Array,
  part: Uint8Array,
  chosen: Uint8Array,
  ways: readonly Operation[],
): MergedCells {
  const crystals = [...sampleEvenly(part, maxCrystals).entries()].flatMap(([c, on]) => (on === 1 ? [c] : []));
  const typed = repeatedCells(parameters, crystals);
  const cells = crystals.map((c) => settledCell(parameters.subarray(6 * c, 6 * c + 6), ways[chosen[c] ?? 0]));
  const numbers = cells.map((cell) => [...lengthsOf(cell), ...anglesOf(cell)]);
  const medians = (members: readonly number[]): number[] =>
    columns.map((i) => median(members.map((n) => numbers[n]?.[i] ?? 0)));
  const all = crystals.map((_, n) => n);
  const middle = medians(all);
  const from = cellFromParameters(...(middle as Parameters<typeof cellFromParameters>));
  const strains = cells.map((cell) => strainBetween(cell, from));
  const fitted = all.filter((n) => !typed[n]);
  const own = medians(fitted);
  const spread = columns.map((i) =>
    fitted.length < 3
      ? Number.NaN
      : 1.4826 * median(fitted.map((n) => Math.abs((numbers[n]?.[i] ?? 0) - (own[i] ?? 0)))),
  );
  const isOutlier = (n: number): boolean =>
    Math.hypot(...(strains[n] ?? [])) > outlyingStrain &&
    columns.some((i) => Math.abs((numbers[n]?.[i] ?? 0) - (middle[i] ?? 0)) > outlying * (spread[i] ?? 0));
  return {
    crystals: crystals.length,
    fitted: fitted.length,
    spread,
    outliers: all.filter(isOutlier).length,
    populations: populationsOf(strains, all)
      .sort((a, b) => b.length - a.length)
      .map((members) => ({ crystals: members.length, cell: medians(members) })),
  };
}

/** The cell of a crystal in the setting of the merge: its indices h, a row, become h M, and its vectors Mᵀ a. */
export function settledCell(parameters: Float64Array, way: Operation = [1, 0, 0, 0, 1, 0, 0, 0, 1]): Cell {
  const [a = 0, b = 0, c = 0, alpha = 0, beta = 0, gamma = 0] = parameters;
  return reindexedCell(cellFromParameters(a, b, c, alpha, beta, gamma), way);
}

/** For each crystal, whether another has the same numbers to the last digit: the known cell, which was not fitted. */
export function repeatedCells(parameters: Float64Array, crystals: readonly number[]): boolean[] {
  const keys = crystals.map((c) => parameters.subarray(6 * c, 6 * c + 6).join());
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return keys.map((key) => (counts.get(key) ?? 0) > 1);
}

/** Divides crystals into populations, as long as two of them are apart. */
function populationsOf(strains: readonly (readonly number[])[], members: readonly number[]): number[][] {
  if (members.length < fewest) return [[...members]];
  let best: Division | undefined;
  for (const direction of directionsOf(strains, members)) {
    const along = Float64Array.from(members, (n) =>
      direction.reduce((sum, x, i) => sum + x * (strains[n]?.[i] ?? 0), 0),
    );
    const groups = divide(along);
    const scale = Math.hypot(...direction);
    if (groups.distance < minStrain * scale || groups.apart < minApart(members.length)) continue;
    if (!best || groups.apart > best.apart) best = { ...groups, along };
  }
  if (!best) return [[...members]];
  const { along, limit } = best;
  return [true, false].flatMap((isBelow) =>
    populationsOf(
      strains,
      members.filter((_, i) => (along[i] as number) < limit === isBelow),
    ),
  );
}

/** The best division of numbers into two groups. */
interface Groups {
  /** Distance of the means, the same in units of the scatter within the groups, and the number between the groups. */
  readonly distance: number;
  readonly apart: number;
  readonly limit: number;
}
interface Division extends Groups {
  readonly along: Float64Array;
}

/** Divides numbers so that the scatter within the two groups is smallest (Otsu), neither of them too small. */
function divide(values: Float64Array): Groups {
  const sorted = values.slice().sort();
  const n = sorted.length;
  const least = Math.max(3, Math.ceil(minShare * n));
  let [total, squares] = [0, 0];
  for (const x of sorted) {
    total += x;
    squares += x * x;
  }
  let best: Groups & { within: number } = { distance: 0, apart: 0, limit: 0, within: Number.POSITIVE_INFINITY };
  let below = 0;
  for (let k = 1; k <= n - least; k++) {
    below += sorted[k - 1] as number;
    if (k < least) continue;
    const [first, second] = [below / k, (total - below) / (n - k)];
    const within = squares - k * first ** 2 - (n - k) * second ** 2;
    if (within >= best.within) continue;
    const scatter = Math.sqrt(Math.max(within, 1e-18 * n) / (n - 2));
    const limit = ((sorted[k - 1] as number) + (sorted[k] as number)) / 2;
    best = { distance: second - first, apart: (second - first) / scatter, limit, within };
  }
  return best;
}

/** Directions of strain in which populations are sought: its six components, the size, and that of the most scatter. */
function directionsOf(strains: readonly (readonly number[])[], members: readonly number[]): number[][] {
  const units = columns.map((i) => columns.map((j) => (i === j ? 1 : 0)));
  const means = columns.map((i) => members.reduce((sum, n) => sum + (strains[n]?.[i] ?? 0), 0) / members.length);
  const covariance = columns.map((i) =>
    columns.map((j) =>
      members.reduce(
        (sum, n) => sum + ((strains[n]?.[i] ?? 0) - (means[i] ?? 0)) * ((strains[n]?.[j] ?? 0) - (means[j] ?? 0)),
        0,
      ),
    ),
  );
  // Power iteration; its start has a part in every direction.
  let most = [1, 0.9, 1.1, 0.8, 1.2, 0.7];
  for (let round = 0; round < 30; round++) {
    const next = covariance.map((row) => row.reduce((sum, x, j) => sum + x * (most[j] ?? 0), 0));
    const length = Math.hypot(...next);
    if (!(length > 0)) break;
    most = next.map((x) => x / length);
  }
  return [...units, [1, 1, 1, 0, 0, 0], most];
}

const cellText = (cell: readonly number[]): string => cell.map((x, i) => x.toFixed(i < 3 ? 2 : 1)).join(' ');

/** Differences of the merge's cell from that of the crystals, lengths as a share and angles in degrees: said, doubted. */
const [saidLength, doubtedLength, saidAngle, doubtedAngle] = [0.005, 0.02, 0.5, 1];

/**
 * A remark on a given cell that is not that of the crystals of the merge, in whichever of the ways to index them, and
 * whether it puts the merge in doubt.
 */
export function otherCellRemark(
  { populations }: Pick<MergedCells, 'populations'>,
  parameters: readonly number[],
  ways: readonly Operation[],
): { readonly text: string; readonly isDoubtful: boolean } | undefined {
  const [first, second] = populations;
  if (!first || second) return undefined;
  const differences = ways.map((way) => {
    const cell = settledCell(Float64Array.from(parameters), way);
    const settled = [...lengthsOf(cell), ...anglesOf(cell)];
    return columns.map((i) => {
      const [own = 0, stated = 0] = [first.cell[i], settled[i]];
      return i < 3 ? stated / own - 1 : stated - own;
    });
  });
  const largest = (off: readonly number[]): number =>
    Math.max(...off.map((x, i) => Math.abs(x) / (i < 3 ? saidLength : saidAngle)));
  const [off = []] = differences.sort((a, b) => largest(a) - largest(b));
  const isOver = (length: number, angle: number): boolean => off.some((x, i) => Math.abs(x) > (i < 3 ? length : angle));
  if (!isOver(saidLength, saidAngle)) return undefined;
  const words = off.flatMap((x, i) => {
    const sign = x < 0 ? '−' : '+';
    if (i < 3) return Math.abs(x) > saidLength ? [`${'abc'[i]} ${sign}${(100 * Math.abs(x)).toFixed(1)} %`] : [];
    return Math.abs(x) > saidAngle ? [`${'αβγ'[i - 3]} ${sign}${Math.abs(x).toFixed(1)}°`] : [];
  });
  return {
    text:
      `The cell that was given, ${cellText(parameters)}, is not that of the crystals, ${cellText(first.cell)} ` +
      `(${words.join(', ')}): resolutions, completeness and the cells of files are those of the first. Without a cell ` +
      "the crystals' own is used.",
    isDoubtful: isOver(doubtedLength, doubtedAngle),
  };
}

/** A remark on cells that disagree; undefined if they agree. */
export function cellsRemark({ crystals, spread, outliers, populations }: MergedCells): string | undefined {
  const usual = `their spread is ${spread
    .slice(0, 3)
    .map((x) => x.toFixed(2))
    .join(', ')} Å`;
  if (populations.length > 1)
    return (
      'The cells of the crystals disagree: ' +
      `${populations.map(({ crystals: count, cell }) => `${count} near ${cellText(cell)}`).join(', ')}. Either the ` +
      'lattice has less symmetry than this cell and crystals differ in their setting, or there are several crystal ' +
      'forms; index with the cell of one of them (ewald cell finds one from the frames), or merge them separately.'
    );
  if (outliers > maxOutliers * crystals)
    return (
      `The cells of ${outliers} of ${crystals} crystals are far from the others (${usual}): check the cell, and ` +
      'whether these crystals are indexed correctly.'
    );
  return undefined;
}
