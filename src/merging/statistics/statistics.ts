/**
 * Quality of a merged list, overall and by shells of equal volume in reciprocal space: completeness, multiplicity,
 * signal to noise, correlations of its halves, twinning and the Wilson plot. Definitions and shells are those of
 * CrystFEL's check_hkl and compare_hkl.
 */

import { anglesOf, type Cell, cellFromParameters, lengthsOf, reciprocal, volume } from '../../crystal/cell.js';
import { type Centring, isAbsent, primitiveOf } from '../../crystal/centring.js';
import { type CrystalSymmetry, crystalSymmetry } from '../../crystal/space-groups/crystal.js';
import type { SpaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { type Indices, isRepresentative, representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { laueGroup, type PointGroup } from '../../crystal/symmetry/point-group.js';
import { correlation } from '../../util/correlation.js';
import type { ReflectionList } from '../lists/hkl.js';
import { type AnomalousDifference, anomalousDifferences } from '../lists/mates.js';
import { referenceBy } from '../lists/reference.js';
import { ccStar, rSplit, rValue } from './correlations.js';
import { indexTable } from './index-table.js';

/** One shell, or all of them together. */
export interface ShellStatistics {
  /** Largest and smallest d, angstrom. */
  readonly dMax: number;
  readonly dMin: number;
  /** Numbers of measured and of possible unique reflections; absences of the centring and of a stated space group are counted in neither. */
  readonly unique: number;
  readonly possible: number;
  /** unique / possible, 0 … 1; NaN if no reflection is possible. */
  readonly completeness: number;
  readonly measurements: number;
  /** measurements / unique */
  readonly multiplicity: number;
  /** Mean of the effective numbers of measurements, given their weights; NaN for a list without weights. Kish 1965. */
  readonly effectiveMultiplicity: number;
  /** Mean I/σ(I) of the merged reflections. */
  readonly snr: number;
  readonly meanIntensity: number;
  /** Reflections in both halves. */
  readonly common: number;
  /** CC1/2: correlation of the two halves; NaN for fewer than ten common reflections, as are all correlations. */
  readonly ccHalf: number;
  /** CC*: √(2 CC1/2 / (1 + CC1/2)). */
  readonly ccStar: number;
  /** NaN for fewer than ten common reflections. */
  readonly rSplit: number;
  /** Correlation of the halves' anomalous differences over acentric reflections with both mates; NaN without mates. */
  readonly ccAno: number;
  /** Σ |I(+) − I(−)| / Σ (I(+) + I(−))/2; NaN for fewer than ten pairs of mates. */
  readonly rAno: number;
  /**
   * CRDano: RMS of the halves' anomalous differences along the diagonal divided by that across it; 1 without signal,
   * NaN for fewer than ten differences.
   */
  readonly crdAno: number;
  readonly lTest: LTest;
  /**
   * Number of reflections that are also in the reference, and their correlation with it; 0 and NaN without a reference.
   */
  readonly inReference: number;
  readonly ccReference: number;
}

/** The L-test for twinning. Padilla & Yeates 2003. */
export interface LTest {
  readonly pairs: number;
  /**
   * <|L|>: 0.5 for untwinned crystals, 0.375 for perfect twins, and of centric reflections 0.637 and 0.5; NaN for fewer than a
   * hundred pairs, as is the next.
   */
  readonly meanAbs: number;
  /** <L²>: 0.333 for untwinned crystals, 0.2 for perfect twins, and of centric reflections 0.5 and 0.333. */
  readonly meanSquare: number;
}

/** ln(<I>/ε) = ln k − 2 B s², s = 1/(2d). */
export interface WilsonFit {
  /** Å²; NaN if fewer than five shells have a signal, as are its error and the scale. */
  readonly temperatureFactor: number;
  /** Its standard error, from the scatter of the shells about the line where that is larger than their own errors. */
  readonly temperatureFactorError: number;
  readonly lnScale: number;
  /** Mean s² (1/Å²) and ln(<I>/ε) of each shell that took part. */
  readonly points: readonly (readonly [number, number])[];
}

/** All statistics of a merge. */
export interface MergeStatistics {
  readonly overall: ShellStatistics;
  readonly shells: readonly ShellStatistics[];
  readonly lTest: LTest;
  /** Whether the twin tests are of centric reflections: those of a crystal whose stated space group has an inversion. */
  readonly isCentric: boolean;
  readonly wilson: WilsonFit;
  /**
   * <I²>/<I>² of acentric reflections, mean over shells of 30 or more with a signal: 2 for untwinned crystals, 1.5 for
   * perfect twins, and of centric reflections 3 and 2; NaN without any.
   */
  readonly secondMoment: number;
  /** Its standard error, from the scatter of the intensities. */
  readonly secondMomentError: number;
}

/** Options of the statistics. */
export interface StatisticsOptions {
  /** Number of shells, 1 … 1000; default 10. */
  readonly shells?: number | undefined;
  /** Largest d, angstrom; default: the largest d of the reflections. */
  readonly lowres?: number | undefined;
  /** Smallest d, angstrom; default: the smallest d of the reflections. */
  readonly highres?: number | undefined;
  /** Known intensities to compare with. */
  readonly reference?: ReflectionList;
  /** Whether the L-test is made; default true. A check of a list has its own. */
  readonly twins?: boolean;
}

/** What a list of merged intensities belongs to. */
export interface ListSubject {
  /** Rows a, b, c in angstrom. */
  readonly cell: Cell;
  readonly centring: Centring;
  readonly group: PointGroup;
  /**
   * The space group that is stated and that the data do not contradict: it says which reflections are centric, stronger by ε
   * and absent. Without one those are as in a crystal of rotations alone.
   */
  readonly stated?: SpaceGroupSetting | undefined;
}

/** 1/d of indices, 1/angstrom. */
export function inverseD(cell: Cell): (indices: Indices) => number {
  const standard = cellFromParameters(...lengthsOf(cell), ...anglesOf(cell));
  const [a, b, c] = reciprocal(standard);
  return ([h, k, l]) =>
    Math.hypot(h * a[0] + k * b[0] + l * c[0], h * a[1] + k * b[1] + l * c[1], h * a[2] + k * b[2] + l * c[2]);
}

/** Whether a centred lattice has no reflection at these indices. */
export const absent = ([h, k, l]: Indices, centring: Centring): boolean => isAbsent(centring, h, k, l);

export const indicesOf = (list: ReflectionList, i: number): [number, number, number] => [
  list.indices[3 * i] ?? 0,
  list.indices[3 * i + 1] ?? 0,
  list.indices[3 * i + 2] ?? 0,
];

/** Edges of shells of equal volume, 1/angstrom. */
export const shellEdges = (low: number, high: number, shells: number): number[] =>
  Array.from({ length: shells + 1 }, (_, i) => Math.cbrt(low ** 3 + (i * (high ** 3 - low ** 3)) / shells));

const shellOf = (q: number, edges: readonly number[]): number => {
  const last = edges.length - 2;
  if (q < (edges[0] ?? 0) || q > (edges[last + 1] ?? 0)) return -1;
  let shell = 0;
  while (shell < last && q >= (edges[shell + 1] ?? 0)) shell++;
  return shell;
};

/**
 * Fewest pairs for a correlation and for CRDano. The standard error of a correlation of n pairs without signal is
 * 1/√(n − 1): that of fewer would be above 1/3, and a value of .9 in a shell of four reflections means nothing.
 */
export const fewestPairs = 10;

/** The correlation of two columns; NaN for fewer than ten pairs. */
const reliableCorrelation = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  x.length >= fewestPairs ? correlation(x, y) : Number.NaN;

/** A number of one list and that of the same reflection in another. */
interface Pair {
  readonly first: number;
  readonly second: number;
}

const correlationOf = (pairs: readonly Pair[]): number =>
  reliableCorrelation(
    pairs.map(({ first }) => first),
    pairs.map(({ second }) => second),
  );

/** What statistics of shells are made from. */
interface Shells {
  readonly list: ReflectionList;
  readonly group: PointGroup;
  /** The reflections of the list that are not systematically absent, and the shell of each; −1 if it is in none. */
  readonly present: readonly number[];
  readonly shellOfPresent: readonly number[];
  readonly shellOfIndices: (indices: Indices) => number;
  /** Number of possible reflections in each shell. */
  readonly possible: readonly number[];
  /** Intensities in both halves, and the shell of each. */
  readonly pairs: readonly Pair[];
  readonly shellOfPair: readonly number[];
  /** Intensities of the reference by indices. */
  readonly known: ReturnType<typeof referenceBy> | undefined;
  readonly anomalous: readonly AnomalousDifference[];
  readonly anomalousPairs: ReturnType<typeof commonDifferences>;
  readonly twins: ReturnType<typeof twinRatios>;
}

/** Statistics of the anomalous differences of some reflections. */
function anomalousIn(
  { anomalous, anomalousPairs }: Shells,
  inside: (indices: Indices) => boolean,
): Pick<ShellStatistics, 'ccAno' | 'rAno' | 'crdAno'> {
  const own = anomalous.filter(({ indices }) => inside(indices));
  const both = anomalousPairs.filter(({ indices }) => inside(indices));
  const total = (of: (one: AnomalousDifference) => number): number => own.reduce((sum, one) => sum + of(one), 0);
  return {
    ccAno: correlationOf(both),
    rAno:
      own.length < fewestPairs
        ? Number.NaN
        : rValue(
            total(({ difference }) => Math.abs(difference)),
            total(({ mean }) => mean),
          ),
    crdAno:
      both.length < fewestPairs
        ? Number.NaN
        : Math.sqrt(
            both.reduce((sum, { first, second }) => sum + (first + second) ** 2, 0) /
              both.reduce((sum, { first, second }) => sum + (first - second) ** 2, 0),
          ),
  };
}

/** The comparison of some reflections with the reference. */
function referred(
  { list, known, group }: Shells,
  own: readonly number[],
): Pick<ShellStatistics, 'inReference' | 'ccReference'> {
  const both = own.flatMap((i) => {
    const second = known?.get(representative(indicesOf(list, i), group).join());
    return second === undefined ? [] : [{ first: list.intensity[i] ?? 0, second }];
  });
  return { inReference: both.length, ccReference: correlationOf(both) };
}

/** The statistics of the shells that are wanted, between two values of 1/d. */
function statisticsIn(shells: Shells, wanted: (shell: number) => boolean, from: number, to: number): ShellStatistics {
  const { list, shellOfIndices } = shells;
  const own = shells.present.filter((_, n) => wanted(shells.shellOfPresent[n] ?? -1));
  const both = shells.pairs.filter((_, n) => wanted(shells.shellOfPair[n] ?? -1));
  const sum = (of: (i: number) => number): number => own.reduce((total, i) => total + of(i), 0);
  const count = shells.possible.reduce((total, n, shell) => total + (wanted(shell) ? n : 0), 0);
  const measurements = sum((i) => list.measurements[i] ?? 0);
  const withSigma = own.filter((i) => (list.sigma[i] ?? 0) > 0 && Number.isFinite(list.sigma[i]));
  const [x, y] = [both.map(({ first }) => first), both.map(({ second }) => second)];
  const half = reliableCorrelation(x, y);
  const inside = (indices: Indices): boolean => wanted(shellOfIndices(indices));
  return {
    dMax: 1 / from,
    dMin: 1 / to,
    unique: own.length,
    possible: count,
    completeness: own.length / count,
    measurements,
    multiplicity: measurements / own.length,
    effectiveMultiplicity: sum((i) => list.effective?.[i] ?? Number.NaN) / own.length,
    snr:
      withSigma.length === 0
        ? Number.NaN
        : withSigma.reduce((total, i) => total + (list.intensity[i] ?? 0) / (list.sigma[i] ?? 1), 0) / withSigma.length,
    meanIntensity: sum((i) => list.intensity[i] ?? 0) / own.length,
    common: both.length,
    ccHalf: half,
    ccStar: ccStar(half),
    rSplit: both.length >= fewestPairs ? rSplit(x, y) : Number.NaN,
    ...referred(shells, own),
    lTest: lTestOf(shells.twins.filter(({ indices }) => inside(indices))),
    ...anomalousIn(shells, inside),
  };
}

/** Statistics of a merged list and, if given, of the two halves of its data. */
export function mergeStatistics(
  list: ReflectionList,
  halves: readonly [ReflectionList, ReflectionList] | undefined,
  subject: ListSubject,
  options: StatisticsOptions = {},
): MergeStatistics {
  const { cell, group } = subject;
  const crystal = crystalSymmetry(subject);
  const isOut = crystal.isAbsent;
  const inverse = inverseD(cell);
  const q = Float64Array.from({ length: list.count }, (_, i) => inverse(indicesOf(list, i)));
  // 0 0 0 has no resolution.
  const present = [...q.keys()].filter((i) => (q[i] as number) > 0 && !isOut(indicesOf(list, i)));
  const measured = present.map((i) => q[i] as number);
  // Slightly wider than the data, so that rounding excludes no reflection.
  const extreme = (pick: (a: number, b: number) => number, otherwise: number): number =>
    measured.reduce((a, b) => pick(a, b), measured[0] ?? otherwise);
  const low = options.lowres ? 1 / options.lowres : extreme(Math.min, 0) * (1 - 1e-9);
  const high = options.highres ? 1 / options.highres : extreme(Math.max, 0) * (1 + 1e-9);
  const edges = shellEdges(low, high, options.shells ?? 10);
  const shellOfIndices = (indices: Indices): number => shellOf(inverse(indices), edges);
  const pairs = halves ? commonOf(halves[0], halves[1]) : [];
  const shells: Shells = {
    list,
    group,
    present,
    shellOfPresent: measured.map((one) => shellOf(one, edges)),
    shellOfIndices,
    possible: possibleByShell(subject, edges),
    pairs,
    shellOfPair: pairs.map(({ indices }) => (isOut(indices) ? -1 : shellOfIndices(indices))),
    known: options.reference ? referenceBy(options.reference, group) : undefined,
    anomalous: anomalousDifferences(list, group),
    anomalousPairs: halves ? commonDifferences(halves.map((half) => anomalousDifferences(half, group))) : [],
    twins: options.twins === false ? [] : twinRatios(list, subject, crystal, isOut),
  };
  const overall = statisticsIn(shells, (s) => s >= 0, low, high);
  return {
    overall,
    shells: edges.slice(1).map((to, shell) => statisticsIn(shells, (s) => s === shell, edges[shell] ?? 0, to)),
    lTest: overall.lTest,
    isCentric: crystal.isCentrosymmetric,
    wilson: wilsonFit(list, present, q, crystal, options),
    ...secondMoment(shells, crystal, edges.length - 1),
  };
}

/** The unique reflections that are possible up to 1/d = `high` in 1/Å, and those beyond whose indices are no larger. */
export function* possibleIndices(subject: ListSubject, high: number): Generator<Indices> {
  const { cell, group } = subject;
  const { isAbsent: isOut } = crystalSymmetry(subject);
  const [a, b, c] = lengthsOf(cell).map((length) => Math.floor(length * high + 1e-9)) as [number, number, number];
  for (let h = -a; h <= a; h++)
    for (let k = -b; k <= b; k++)
      for (let l = -c; l <= c; l++) {
        const indices: Indices = [h, k, l];
        if (isRepresentative(indices, group) && !isOut(indices)) yield indices;
      }
}

/**
 * Reflections within the resolution beyond which possible ones are no longer listed, since their number is the cube of
 * it: the volume of a shell then gives the unique ones of each within 1 %.
 */
const mostListed = 5e7;

/** Number of possible unique reflections in each shell. */
function possibleByShell(subject: ListSubject, edges: readonly number[]): number[] {
  const { cell, centring, group } = subject;
  const density = Math.abs(volume(primitiveOf(cell, centring)));
  const within = (q: number): number => ((4 * Math.PI) / 3) * density * q ** 3;
  if (within(edges[edges.length - 1] ?? 0) > mostListed)
    return edges.slice(1).map((to, s) => Math.round((within(to) - within(edges[s] ?? 0)) / group.operations.length));
  const inverse = inverseD(subject.cell);
  const counts = edges.slice(1).map(() => 0);
  for (const indices of possibleIndices(subject, edges[edges.length - 1] ?? 0)) {
    const shell = shellOf(inverse(indices), edges);
    if (shell >= 0) counts[shell] = (counts[shell] ?? 0) + 1;
  }
  return counts;
}

/** The anomalous differences that both halves contain. */
function commonDifferences(
  halves: readonly (readonly AnomalousDifference[])[],
): { readonly indices: Indices; readonly first: number; readonly second: number }[] {
  const [a = [], b = []] = halves;
  const there = new Map(b.map(({ indices, difference }) => [indices.join(), difference]));
  return a.flatMap(({ indices, difference }) => {
    const second = there.get(indices.join());
    return second === undefined ? [] : [{ indices, first: difference, second }];
  });
}

/** Reflections that are in both lists. */
export function commonOf(
  a: ReflectionList,
  b: ReflectionList,
): { readonly indices: Indices; readonly first: number; readonly second: number }[] {
  const there = new Map<string, number>();
  for (let i = 0; i < b.count; i++) there.set(indicesOf(b, i).join(), b.intensity[i] ?? 0);
  const common: { indices: Indices; first: number; second: number }[] = [];
  for (let i = 0; i < a.count; i++) {
    const indices = indicesOf(a, i);
    const second = there.get(indices.join());
    if (second !== undefined) common.push({ indices, first: a.intensity[i] ?? 0, second });
  }
  return common;
}

/**
 * How far the two reflections of an L-test are apart: two indices along an axis, which keeps their parity (Padilla & Yeates 2003),
 * and in R on hexagonal axes, where these lead off the lattice, two of its shortest vectors.
 */
export const lTestSteps = (centring: Centring): readonly Indices[] =>
  centring === 'H'
    ? [
        [2, 2, 0],
        [2, 0, 2],
        [0, 2, -2],
      ]
    : [
        [2, 0, 0],
        [0, 2, 0],
        [0, 0, 2],
      ];

/** (I₁ − I₂)/(I₁ + I₂) of pairs of positive reflections, acentric unless all of the crystal are centric, that are two indices apart along one axis. */
function twinRatios(
  list: ReflectionList,
  { group, centring }: ListSubject,
  { isCentric, isCentrosymmetric }: CrystalSymmetry,
  isOut: (indices: Indices) => boolean,
): { readonly indices: Indices; readonly ratio: number }[] {
  const place = indexTable(list);
  const found: { readonly indices: Indices; readonly ratio: number }[] = [];
  for (let i = 0; i < list.count; i++) {
    const first = list.intensity[i] ?? 0;
    const [h, k, l] = indicesOf(list, i);
    if (!(first > 0) || isOut([h, k, l]) || isCentric([h, k, l]) !== isCentrosymmetric) continue;
    for (const [dh, dk, dl] of lTestSteps(centring)) {
      const other: Indices = [h + dh, k + dk, l + dl];
      const at = place(representative(other, group));
      const second = at === undefined ? 0 : (list.intensity[at] ?? 0);
      if (!(second > 0) || isOut(other) || isCentric(other) !== isCentrosymmetric) continue;
      found.push({ indices: [h, k, l], ratio: (first - second) / (first + second) });
    }
  }
  return found;
}

/** Fewest pairs of an L-test: the error of <|L|> of a hundred is .03, a quarter of what a perfect twin differs by. */
export const fewestRatios = 100;

const lTestOf = (ratios: readonly { readonly ratio: number }[]): LTest => {
  const mean = (of: (ratio: number) => number): number =>
    ratios.length < fewestRatios ? Number.NaN : ratios.reduce((sum, { ratio }) => sum + of(ratio), 0) / ratios.length;
  return { pairs: ratios.length, meanAbs: mean(Math.abs), meanSquare: mean((x) => x * x) };
};

/** 1/d from which on mean intensities fall as those of atoms at random places, 1/angstrom. */
const beginOfWilson = 0.25;
/** Shells of which a line through their means is drawn: two and three leave nothing to judge its error by. */
const fewestOfWilson = 5;
/** A mean intensity of fewer of its standard errors is no signal: its logarithm says nothing of the scattering. */
const minSignal = 3;

/**
 * Straight line through ln(<I>/ε) of those of twenty shells beyond 4 Å that have a signal, weighted by its variance: that
 * of the mean of intensities with an exponential distribution, and that of their errors.
 */
function wilsonFit(
  list: ReflectionList,
  present: readonly number[],
  q: Float64Array,
  { epsilon, isCentrosymmetric }: CrystalSymmetry,
  { lowres, highres }: StatisticsOptions,
): WilsonFit {
  const low = lowres ? Math.max(beginOfWilson, 1 / lowres) : beginOfWilson;
  const high = highres ? 1 / highres : Number.POSITIVE_INFINITY;
  const used = present.filter((i) => (q[i] as number) > low && (q[i] as number) <= high);
  const top = used.reduce((most, i) => Math.max(most, q[i] as number), low);
  const edges = shellEdges(low, top * (1 + 1e-9), 20);
  const sums = edges.slice(1).map(() => ({ n: 0, s2: 0, intensity: 0, noise: 0 }));
  for (const i of used) {
    const shell = sums[shellOf(q[i] as number, edges)];
    if (!shell) continue;
    shell.n++;
    shell.s2 += (q[i] as number) ** 2 / 4;
    const multiplicity = epsilon(indicesOf(list, i));
    shell.intensity += (list.intensity[i] ?? 0) / multiplicity;
    shell.noise += ((list.sigma[i] ?? 0) / multiplicity) ** 2;
  }
  // The relative variance of an intensity by Wilson's law.
  const spread = isCentrosymmetric ? 2 : 1;
  const full = sums.filter(({ n, intensity, noise }) => n >= 10 && intensity > minSignal * Math.sqrt(noise));
  const points = full.map(({ n, s2, intensity }) => [s2 / n, Math.log(intensity / n)] as const);
  let [w, x, y, xx, xy] = [0, 0, 0, 0, 0];
  for (const [at, [s2, value]] of points.entries()) {
    const { n, intensity, noise } = full[at] as (typeof full)[number];
    const weight = 1 / (spread / n + noise / intensity ** 2);
    w += weight;
    x += weight * s2;
    y += weight * value;
    xx += weight * s2 * s2;
    xy += weight * s2 * value;
  }
  const slope = points.length >= fewestOfWilson ? (w * xy - x * y) / (w * xx - x * x) : Number.NaN;
  const lnScale = (y - slope * x) / w;
  const off = full.reduce((sum, { n, intensity, noise }, at) => {
    const [s2, value] = points[at] as readonly [number, number];
    return sum + (value - lnScale - slope * s2) ** 2 / (spread / n + noise / intensity ** 2);
  }, 0);
  const excess = points.length >= fewestOfWilson ? Math.max(1, off / (points.length - 2)) : Number.NaN;
  return {
    temperatureFactor: -slope / 2,
    temperatureFactorError: Math.sqrt((excess * w) / (w * xx - x * x)) / 2,
    lnScale,
    points,
  };
}

/**
 * ⟨I² − σ²⟩/⟨I⟩² of the shells that have a signal, and its standard error from the scatter of the data. Friedel mates have
 * nearly one intensity, and count as one observation.
 */
function secondMoment(
  { list, group, present, shellOfPresent }: Shells,
  { isCentric, isCentrosymmetric }: CrystalSymmetry,
  shells: number,
): Pick<MergeStatistics, 'secondMoment' | 'secondMomentError'> {
  const laue = laueGroup(group);
  // Mates by the indices of both.
  const own = Array.from({ length: shells }, () => new Map<string, number[]>());
  for (const [at, i] of present.entries()) {
    const shell = own[shellOfPresent[at] ?? -1];
    const indices = indicesOf(list, i);
    if (!shell || isCentric(indices) !== isCentrosymmetric) continue;
    const key = representative(indices, laue).join();
    const mate = shell.get(key);
    if (mate) mate.push(i);
    else shell.set(key, [i]);
  }
  const intensity = (i: number): number => list.intensity[i] ?? 0;
  const noise = (i: number): number => (list.sigma[i] ?? 0) ** 2;
  // The square of a noisy intensity is too large by its variance.
  const square = (i: number): number => intensity(i) ** 2 - noise(i);
  const sum = (some: readonly number[], of: (i: number) => number): number =>
    some.reduce((total, i) => total + of(i), 0);
  let [total, weighted, variance] = [0, 0, 0];
  for (const mates of own) {
    const some = [...mates.values()].flat();
    const n = some.length;
    const [mean, meanSquare] = [sum(some, intensity) / n, sum(some, square) / n];
    // In shells without signal, the moment would be a ratio of two random numbers.
    if (mates.size < 30 || !(mean > 0 && mean ** 2 > sum(some, noise) / n)) continue;
    const moment = meanSquare / mean ** 2;
    total += n;
    weighted += n * moment;
    // By how much mates change the ratio, relative to it: a large mean of squares goes with a large mean.
    const change = (i: number): number => square(i) / meanSquare - 2 * (intensity(i) / mean) + 1;
    const scatter = [...mates.values()].reduce((all, both) => all + sum(both, change) ** 2, 0);
    variance += (moment ** 2 * scatter * mates.size) / (mates.size - 1);
  }
  if (total === 0) return { secondMoment: Number.NaN, secondMomentError: Number.NaN };
  return { secondMoment: weighted / total, secondMomentError: Math.sqrt(variance) / total };
}

/** The statistics of a merge as flat rows: one for each shell of each data set, and one for all its shells. */
export const statisticsRows = (sets: readonly { readonly name: string; readonly statistics: MergeStatistics }[]) =>
  sets.flatMap(({ name, statistics: { shells, overall } }) => [
    ...shells.map((shell, i) => ({ dataset: name, shell: String(i + 1), ...shell })),
    { dataset: name, shell: 'all', ...overall },
  ]);
