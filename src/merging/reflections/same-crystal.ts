/** Whether two lists are of the same crystal: how their intensities correlate without the fall-off with resolution. */
import type { CrystalSymmetry } from '../../crystal/space-groups/crystal.js';
import type { Indices } from '../../crystal/symmetry/asymmetric-unit.js';
import { generateGroup, type Operation, operationOf, tripletOf } from '../../crystal/symmetry/matrices.js';
import type { PointGroup } from '../../crystal/symmetry/point-group.js';
import { correlation } from '../../util/correlation.js';
import type { ReflectionList } from '../lists/hkl.js';
import { keptRows } from '../lists/kept-rows.js';
import { knownShells, relativeIn } from '../lists/reference.js';
import { inGroup, type ReflectionsByKey } from './lists-in-group.js';

/** A reflection of two lists. */
export interface CommonReflection {
  readonly indices: Indices;
  readonly x: number;
  readonly sx: number;
  readonly y: number;
  readonly sy: number;
  /** 1/d². */
  readonly q2: number;
}

/** What two lists say of their crystals. */
export interface SameCrystal {
  /** `other`: of another crystal, or of axes that no way to index exchanges. */
  readonly verdict: 'same' | 'other' | 'not decided';
  /** Correlation of intensities in units of their means at the same resolution; NaN for fewer than ten pairs. */
  readonly cc: number;
  /** Standard error of this correlation of unrelated lists, whose mean is 0. */
  readonly error: number;
  /** What the errors of both lists let expect of the same crystal; 1 without sigmas. */
  readonly expected: number;
  readonly pairs: number;
  readonly text: string;
}

const fewest = 10;
/** Lists that agree by less than this share of what their errors let expect are not of one crystal; errors of a verdict. */
const [minOfExpected, errors] = [0.5, 3];

const shown = (x: number): string => x.toFixed(2).replace(/^-0\.00$/, '0.00');

/** Correlation of pairs without the fall-off, and what is expected of it. */
export function correlatedWithoutFallOff(
  pairs: readonly CommonReflection[],
  { epsilon }: Pick<CrystalSymmetry, 'epsilon'>,
): Omit<SameCrystal, 'verdict' | 'text'> {
  const eps = pairs.map(({ indices }) => epsilon(indices));
  const of = (value: (pair: CommonReflection) => number): number[] =>
    pairs.map((pair, i) => value(pair) / (eps[i] as number));
  const lists = [of(({ x }) => x), of(({ y }) => y)] as const;
  const sigmas = [of(({ sx }) => sx), of(({ sy }) => sy)] as const;
  const order = [...pairs.keys()].sort((a, b) => (pairs[a]?.q2 ?? 0) - (pairs[b]?.q2 ?? 0));
  const shells = knownShells(lists, order);
  const places = shells.flatMap((shell) => shell.places);
  if (places.length < fewest) return { cc: Number.NaN, error: Number.NaN, expected: Number.NaN, pairs: places.length };
  const relative = relativeIn(shells, lists) as [number[], number[]];
  // The share of the variance that is not noise.
  const shares = sigmas.map((own, n) => {
    const noise = shells.flatMap(({ places: some, means }) =>
      some.map((i) => (Number.isFinite(own[i]) ? ((own[i] as number) / (means[n] as number)) ** 2 : 0)),
    );
    const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
    return Math.max(0, 1 - sum(noise) / sum((relative[n] as number[]).map((x) => x * x)));
  }) as [number, number];
  return {
    cc: correlation(...relative),
    error: 1 / Math.sqrt(places.length - 1),
    expected: Math.sqrt(shares[0] * shares[1]),
    pairs: places.length,
  };
}

/** Whether the lists are of the same crystal; `elsewhere` is asked for indices with which they agree if they are not. */
export function sameCrystal(
  pairs: readonly CommonReflection[],
  crystal: Pick<CrystalSymmetry, 'epsilon'>,
  way: string,
  elsewhere: () => string | undefined,
): SameCrystal {
  const found = correlatedWithoutFallOff(pairs, crystal);
  const { cc, error, expected } = found;
  const half = minOfExpected * expected;
  if (!(errors * error < half))
    return {
      ...found,
      verdict: 'not decided',
      text: `Whether the lists are of the same crystal is not decided: ${found.pairs} common reflections with a signal, or their errors, do not tell.`,
    };
  const figures =
    `without the fall-off with resolution they correlate by ${shown(cc)} ± ${shown(error)}, where their errors let expect ` +
    `${shown(expected)} and unrelated lists have 0`;
  if (cc + errors * error < half) {
    const other = elsewhere();
    return {
      ...found,
      verdict: 'other',
      text:
        other === undefined
          ? `The lists are not of the same crystal, or not of the same axes: ${figures}.`
          : `The lists are not of the same axes: ${figures}; with the indices of the second list as ${other} they agree.`,
    };
  }
  if (!(cc > errors * error))
    return {
      ...found,
      verdict: 'not decided',
      text: `Whether the lists are of the same crystal is not decided: ${figures}.`,
    };
  const indexed = way === 'h,k,l' ? '' : `, the second one indexed as ${way}`;
  return { ...found, verdict: 'same', text: `The lists are of the same crystal${indexed}: ${figures}.` };
}

/** Rotations that exchange the axes: one list may name them in another order than the other. */
const exchanges: readonly Operation[] = generateGroup([operationOf('k,l,h'), operationOf('-k,h,l')]);
/** Reflections of a list that are tried in other axes. */
const mostTried = 20_000;

/** The indices of the second list with which it agrees with the first, such as `k,l,h`; undefined if none do. */
export function agreeingIndices(
  second: ReflectionList,
  group: PointGroup,
  crystal: Pick<CrystalSymmetry, 'epsilon'>,
  pairsWith: (moved: ReflectionsByKey) => readonly CommonReflection[],
): string | undefined {
  const every = Math.max(1, Math.ceil(second.count / mostTried));
  const places = Array.from({ length: Math.ceil(second.count / every) }, (_, i) => i * every);
  const some = keptRows(second, places);
  const tried = exchanges.map((by) => ({
    by,
    ...correlatedWithoutFallOff(pairsWith(inGroup(some, group, by)), crystal),
  }));
  const [best] = tried.sort((a, b) => (b.cc || -1) - (a.cc || -1));
  return best && best.cc > minOfExpected * best.expected && best.cc > errors * best.error
    ? tripletOf(best.by)
    : undefined;
}
