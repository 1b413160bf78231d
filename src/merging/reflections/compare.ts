/** Two lists of intensities side by side: what compare_hkl does, with the scale, the way to index and the errors said. */

import { type CrystalSymmetry, crystalSymmetry } from '../../crystal/space-groups/crystal.js';
import type { Indices } from '../../crystal/symmetry/asymmetric-unit.js';
import { representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { type Operation, tripletOf } from '../../crystal/symmetry/matrices.js';
import type { PointGroup } from '../../crystal/symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations } from '../../crystal/symmetry/settings.js';
import { counted } from '../../util/amounts.js';
import { correlation } from '../../util/correlation.js';
import { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from '../lists/hkl.js';
import { ccStar, rValue } from '../statistics/correlations.js';
import { scaleOfPairs } from '../statistics/scale.js';
import { scaleByLogarithms } from '../statistics/scale-by-logarithms.js';
import { fewestPairs, indicesOf, inverseD, possibleIndices, shellEdges } from '../statistics/statistics.js';
import type { ListSubject } from './expected.js';
import { doubtsOfList } from './list-doubts.js';
import { commonGroup, inGroup, type ListedReflection, type ReflectionsByKey } from './lists-in-group.js';
import { noneWithin } from './none-within.js';
import { agreeingIndices, type SameCrystal, sameCrystal } from './same-crystal.js';

/** Options of a comparison. */
export interface CompareOptions {
  /** Whether a scale and a relative B of the second list are fitted; default true. compare_hkl: `-u` for false. */
  readonly scale?: boolean | undefined;
  /** How: by sums of intensities (default), or by logarithms of positive pairs as compare_hkl does. */
  readonly scaleBy?: 'sums' | 'logarithms' | undefined;
  /** Number of shells of equal volume. */
  readonly shells: number;
  /** Largest and smallest d in angstrom; default: those of the pairs. */
  readonly lowres?: number | undefined;
  readonly highres?: number | undefined;
}

/** Figures of merit of pairs x and k y of intensities; NaN for fewer than ten pairs, which say nothing of others. */
export interface ComparisonFigures {
  /** Largest and smallest d, angstrom. */
  readonly dMax: number;
  readonly dMin: number;
  readonly pairs: number;
  /** Shares of the possible reflections that each list has, 0 … 1. */
  readonly completeness: readonly [number, number];
  /** Pearson's correlation; this, CC*, Rsplit, Riso and the anomalous ones are the same whichever list is first. */
  readonly cc: number;
  /** √(2 CC / (1 + CC)), for two halves of one set of data. */
  readonly ccStar: number;
  /** Σ|x − ky| / Σx, of intensities and of amplitudes of positive pairs. */
  readonly r1: number;
  readonly r1F: number;
  /** √(Σ(x − ky)² / Σx²). */
  readonly r2: number;
  /** √2 Σ|x − ky| / Σ(x + ky). */
  readonly rSplit: number;
  /** 2 Σ|F₁ − F₂| / Σ(F₁ + F₂) of positive pairs. */
  readonly rIso: number;
  /** Σx / Σy of the scaled lists: 1 where the common scale holds, whatever the errors of both. */
  readonly k: number;
  /** Shares of pairs within one and two standard deviations: .683 and .954 if sigmas are right; NaN without sigmas. */
  readonly within1: number;
  readonly within2: number;
  /** Acentric reflections whose mates both lists have, the correlation of their differences, and 2 Σ|ΔI₁ − ΔI₂| / Σ(I₁ + I₂). */
  readonly anomalousPairs: number;
  readonly ccAno: number;
  readonly rAno: number;
}

/** A pair that differs by many of its errors. */
export interface WorstPair {
  readonly indices: Indices;
  readonly first: number;
  readonly second: number;
  /** (x − ky) in standard deviations. */
  readonly deviation: number;
}

/** One way to index the second list like the first. */
export interface ComparedWay {
  readonly operation: string;
  readonly pairs: number;
  readonly cc: number;
}

/** How far two lists agree. */
export interface ListComparison {
  /** The group in which they were compared. */
  readonly symmetry: string;
  readonly counts: readonly [number, number];
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** All ways to index the second list, the best first, which was taken. */
  readonly ways: readonly ComparedWay[];
  /** x = scale · exp(−2 B s²) y with s = 1/(2d); 1 and 0 if none was fitted. A positive B: the second falls off less. */
  readonly scale: number;
  readonly relativeB: number;
  /** Their standard errors; NaN if none was fitted. */
  readonly scaleError: number;
  readonly relativeBError: number;
  readonly overall: ComparisonFigures;
  readonly shells: readonly ComparisonFigures[];
  /** The ten pairs that differ most in their errors. */
  readonly worst: readonly WorstPair[];
  /** Whether the lists are of the same crystal, without what any two crystals have in common. */
  readonly sameCrystal: SameCrystal;
  /** Whether they are not, or the data contradict the point group or the centring that they are said to have. */
  readonly isDoubtful: boolean;
  /** What to know of the comparison, in sentences. */
  readonly remarks: readonly string[];
}

/** A reflection of both lists. */
interface Pair {
  readonly indices: Indices;
  readonly x: number;
  readonly sx: number;
  y: number;
  sy: number;
  /** 1/d². */
  readonly q2: number;
  /** The factor to the fall-off half way between both lists, in which figures do not know which one is first. */
  level: number;
}

function pairsOf(a: ReflectionsByKey, b: ReflectionsByKey, inverse: (indices: Indices) => number): Pair[] {
  const pairs: Pair[] = [];
  for (const [key, one] of a) {
    const other = b.get(key);
    if (!other) continue;
    const { indices } = one;
    pairs.push({
      indices,
      x: one.intensity,
      sx: one.sigma,
      y: other.intensity,
      sy: other.sigma,
      q2: inverse(indices) ** 2,
      level: 1,
    });
  }
  return pairs;
}

const correlated = (pairs: readonly Pick<Pair, 'x' | 'y' | 'level'>[]): number =>
  pairs.length >= fewestPairs
    ? correlation(
        pairs.map(({ x, level }) => level * x),
        pairs.map(({ y, level }) => level * y),
      )
    : Number.NaN;

const hasSigma = ({ sx, sy }: Pair): boolean => Number.isFinite(sx) && Number.isFinite(sy) && Math.hypot(sx, sy) > 0;

/** What figures of some reflections are made from. */
interface Material {
  readonly pairs: readonly Pair[];
  readonly anomalous: readonly (Pick<Pair, 'x' | 'y' | 'level'> & { readonly sum: number; readonly q: number })[];
  readonly possible: readonly number[];
  readonly listed: readonly [readonly number[], readonly number[]];
}

function figuresIn({ pairs, anomalous, possible, listed }: Material, from: number, to: number): ComparisonFigures {
  const inside = (q: number): boolean => q >= from && q < to;
  const own = pairs.filter(({ q2 }) => inside(Math.sqrt(q2)));
  const sum = (of: (pair: Pair) => number, some: readonly Pair[] = own): number =>
    some.reduce((total, pair) => total + of(pair), 0);
  const positive = own.filter(({ x, y }) => x > 0 && y > 0);
  const known = own.filter(hasSigma);
  const off = ({ x, y, sx, sy }: Pair): number => Math.abs(x - y) / Math.hypot(sx, sy);
  const share = (limit: number): number =>
    known.length > 0 ? known.filter((pair) => off(pair) < limit).length / known.length : Number.NaN;
  const difference = sum(({ x, y }) => Math.abs(x - y));
  const amplitudes = sum(({ x, y }) => Math.abs(Math.sqrt(x) - Math.sqrt(y)), positive);
  const halfWay = (of: (pair: Pair) => number): number => sum((pair) => pair.level * of(pair));
  const rootHalfWay = (of: (pair: Pair) => number): number => sum((pair) => Math.sqrt(pair.level) * of(pair), positive);
  const mates = anomalous.filter(({ q }) => inside(q));
  const count = possible.filter(inside).length;
  const cc = correlated(own);
  const enough = (value: number, some: readonly unknown[] = own): number =>
    some.length < fewestPairs ? Number.NaN : value;
  return {
    dMax: 1 / from,
    dMin: 1 / to,
    pairs: own.length,
    completeness: [0, 1].map((which) => (listed[which] as readonly number[]).filter(inside).length / count) as [
      number,
      number,
    ],
    cc,
    ccStar: ccStar(cc),
    r1: enough(
      rValue(
        difference,
        sum(({ x }) => x),
      ),
    ),
    r1F: enough(amplitudes / sum(({ x }) => Math.sqrt(x), positive), positive),
    r2: enough(Math.sqrt(sum(({ x, y }) => (x - y) ** 2) / sum(({ x }) => x * x))),
    rSplit: enough(
      rValue(
        Math.SQRT2 * halfWay(({ x, y }) => Math.abs(x - y)),
        halfWay(({ x, y }) => x + y),
      ),
    ),
    rIso: enough(
      (2 * rootHalfWay(({ x, y }) => Math.abs(Math.sqrt(x) - Math.sqrt(y)))) /
        rootHalfWay(({ x, y }) => Math.sqrt(x) + Math.sqrt(y)),
      positive,
    ),
    k: enough(sum(({ x }) => x) / sum(({ y }) => y)),
    within1: enough(share(1), known),
    within2: enough(share(2), known),
    anomalousPairs: mates.length,
    ccAno: correlated(mates),
    rAno: enough(
      rValue(
        2 * mates.reduce((total, { x, y, level }) => total + level * Math.abs(x - y), 0),
        mates.reduce((total, mate) => total + mate.level * mate.sum, 0),
      ),
      mates,
    ),
  };
}

/** The differences of Friedel mates that both lists have, scaled. */
function anomalousOf(pairs: readonly Pair[], group: PointGroup, { isCentric }: CrystalSymmetry): Material['anomalous'] {
  if (group.centrosymmetric) return [];
  const there = new Map(pairs.map((pair) => [pair.indices.join(), pair]));
  return pairs.flatMap((pair) => {
    const [h, k, l] = pair.indices;
    const mate = there.get(representative([-h, -k, -l], group).join());
    // Each pair of mates once; a centric reflection is its own mate.
    if (!mate || mate === pair || mate.indices.join() < pair.indices.join() || isCentric(pair.indices)) return [];
    return [
      {
        x: pair.x - mate.x,
        y: pair.y - mate.y,
        level: pair.level,
        sum: (pair.x + mate.x + pair.y + mate.y) / 2,
        q: Math.sqrt(pair.q2),
      },
    ];
  });
}

const worstShown = 10;

/**
 * Compares two lists of intensities in a point group. Both are brought into its asymmetric unit: a list of less symmetry is
 * merged by 1/σ², one of more is expanded, and mates stay apart only if both lists have them. All ways to index that the
 * lattice allows are tried, and the best is taken. Throws `Mismatch` if no reflection is in both, `Argument`.
 */
export function compareReflections(
  first: ReflectionList,
  second: ReflectionList,
  subject: ListSubject,
  options: CompareOptions,
): ListComparison {
  const { cell, centring, stated } = subject;
  const group = commonGroup(subject.group, [first, second]);
  const own = { cell, centring, group, stated };
  const crystal = crystalSymmetry(own);
  const inverse = inverseD(cell);
  const [low, high] = [
    options.lowres ? 1 / options.lowres : 0,
    options.highres ? 1 / options.highres : Number.POSITIVE_INFINITY,
  ];
  const limited = (list: ReflectionsByKey): ReflectionsByKey =>
    new Map(
      [...list].filter(([, { indices }]) => {
        const q = inverse(indices);
        return q > 0 && q >= low && q <= high && !crystal.isAbsent(indices);
      }),
    );
  const a = limited(inGroup(first, group));
  const laws = indexingAmbiguities(latticeRotations(cell, centring), subject.group);
  const b = inGroup(second, group);
  if (low > 0 || high < Number.POSITIVE_INFINITY) {
    if (a.size === 0) throw noneWithin('the first list', first, cell);
    if (limited(b).size === 0) throw noneWithin('the second list', second, cell);
  }
  const tried = laws.map((law) => {
    const moved = limited(reindexed(b, law, group));
    const pairs = pairsOf(a, moved, inverse);
    return { law, moved, pairs, cc: correlated(pairs) };
  });
  tried.sort(
    (x, y) => (Number.isNaN(y.cc) ? -2 : y.cc) - (Number.isNaN(x.cc) ? -2 : x.cc) || y.pairs.length - x.pairs.length,
  );
  const best = tried[0] as (typeof tried)[number];
  if (best.pairs.length === 0) throw noCommon(a, b, inverse);
  const { pairs } = best;
  // Before they are scaled.
  const same = sameCrystal(pairs, crystal, tripletOf(best.law), () =>
    agreeingIndices(second, group, crystal, (moved) => pairsOf(a, limited(moved), inverse)),
  );
  const doubts = [doubtsOfList(first, own, 'The first list'), doubtsOfList(second, own, 'The second list')];
  const remarks = [
    ...doubts.flatMap(({ texts }) => texts),
    ...leftOutText([first, second], own),
    ...(pairs.some(hasSigma)
      ? []
      : [
          'The lists have no sigmas: nothing says how much they may differ; give lists with the sigmas of their merges.',
        ]),
  ];
  const scaled = options.scaleBy === 'logarithms' ? scaleByLogarithms : scaleOfPairs;
  const few = tooFew(pairs, options);
  if (few !== undefined) remarks.push(few);
  const fitted = options.scale === false || few !== undefined ? undefined : scaled(pairs);
  const { scale, b: relativeB } = fitted ?? { scale: 1, b: 0 };
  for (const pair of pairs) {
    const factor = scale * Math.exp((-relativeB * pair.q2) / 2);
    pair.y *= factor;
    pair.sy *= factor;
    if (options.scaleBy !== 'logarithms') pair.level = Math.exp((relativeB * pair.q2) / 4);
  }
  const qs = pairs.map(({ q2 }) => Math.sqrt(q2));
  // Slightly wider than the pairs, so that rounding excludes none.
  const extreme = (pick: (x: number, y: number) => number): number => qs.reduce((a, b) => pick(a, b));
  const from = options.lowres ? low : extreme(Math.min) * (1 - 1e-9);
  const to = (options.highres ? high : extreme(Math.max)) * (1 + 1e-9);
  const material: Material = {
    pairs,
    anomalous: anomalousOf(pairs, group, crystal),
    possible: [...possibleIndices(own, to)].map(inverse),
    listed: [a, best.moved].map((list) =>
      [...list.values()].map(({ indices }) => inverse(indices)),
    ) as unknown as Material['listed'],
  };
  const edges = shellEdges(from, to, options.shells);
  return {
    symmetry: group.name,
    counts: [a.size, best.moved.size],
    onlyFirst: a.size - pairs.length,
    onlySecond: best.moved.size - pairs.length,
    ways: tried.map(({ law, pairs: own, cc }) => ({ operation: tripletOf(law), pairs: own.length, cc })),
    scale,
    relativeB,
    scaleError: scale * Math.sqrt(fitted?.variance(0) ?? Number.NaN),
    relativeBError: fitted?.bError ?? Number.NaN,
    overall: figuresIn(material, from, to),
    shells: edges.slice(1).map((end, i) => figuresIn(material, edges[i] as number, end)),
    // On scales that are not known, no pair differs more than another.
    worst: few === undefined || options.scale === false ? worstOf(pairs) : [],
    sameCrystal: same,
    isDoubtful: same.verdict === 'other' || doubts.some(({ isDoubtful }) => isDoubtful),
    remarks,
  };
}

/** That reflections which a stated space group leaves out take no part, and how many. */
function leftOutText(lists: readonly ReflectionList[], { stated, ...subject }: ListSubject): string[] {
  if (!stated) return [];
  const [ofLattice, ofGroup] = [crystalSymmetry(subject), crystalSymmetry({ ...subject, stated })];
  const isOut = (indices: Indices): boolean => ofGroup.isAbsent(indices) && !ofLattice.isAbsent(indices);
  const [first, second] = lists.map(
    (list) => Array.from({ length: list.count }, (_, i) => indicesOf(list, i)).filter(isOut).length,
  );
  return first || second
    ? [
        `The lists are those of the space group ${stated.name}, which is stated: ${first} and ${second} reflections that it ` +
          'leaves out take no part, and are not expected either.',
      ]
    : [];
}

/** Why common reflections tell no scale and no figure, and what is needed; undefined if there are enough of them. */
function tooFew(pairs: readonly Pair[], { scale, scaleBy }: CompareOptions): string | undefined {
  const isFitted = scale !== false;
  const used = isFitted && scaleBy === 'logarithms' ? pairs.filter(({ x, y }) => x > 0 && y > 0) : pairs;
  if (used.length >= fewestPairs) return undefined;
  const which = used === pairs ? 'in both lists' : 'positive in both lists';
  return (
    `${counted(used.length, 'reflection')} ${used.length === 1 ? 'is' : 'are'} ${which}, and ${fewestPairs} are needed: ` +
    `${isFitted ? 'no scale and no relative B were fitted, and ' : ''}nothing says how well the lists agree, nor which way to ` +
    'index is right; give lists with more common reflections, or wider limits of resolution.'
  );
}

const reindexed = (list: ReflectionsByKey, law: Operation, group: PointGroup): ReflectionsByKey =>
  new Map(
    [...list.values()].map((listedReflection: ListedReflection) => {
      const indices = representative(transformed(listedReflection.indices, law), group);
      return [indices.join(), { ...listedReflection, indices }];
    }),
  );

function worstOf(pairs: readonly Pair[]): WorstPair[] {
  return pairs
    .filter(hasSigma)
    .map(({ indices, x, y, sx, sy }) => ({ indices, first: x, second: y, deviation: (x - y) / Math.hypot(sx, sy) }))
    .sort((x, y) => Math.abs(y.deviation) - Math.abs(x.deviation))
    .slice(0, worstShown);
}

function noCommon(a: ReflectionsByKey, b: ReflectionsByKey, inverse: (indices: Indices) => number): EwaldError {
  const range = (list: ReflectionsByKey): string => {
    const qs = [...list.values()].map(({ indices }) => inverse(indices)).filter((q) => q > 0);
    return qs.length === 0
      ? 'none'
      : `${list.size} from ${(1 / Math.min(...qs)).toFixed(2)} to ${(1 / Math.max(...qs)).toFixed(2)} Å`;
  };
  return new EwaldError(
    'Mismatch',
    `no reflection is in both lists (${range(a)}; ${range(b)}): they are of other cells, or of other resolutions; give the ` +
      'cell and the point group of both, and wider limits',
  );
}
