/**
 * Whether the cells of crystals differ from a known cell in one edge or angle alone. Each number is tried by itself, and
 * with the other names of the axes: where edges are nearly equal, a wrong one makes crystals exchange them.
 */

import { anglesOf, lengthsOf } from '../crystal/cell.js';
import type { KnownCell } from '../crystal/cell-file.js';
import { median } from '../util/median.js';

/** The numbers a, b, c in Å and α, β, γ in degrees of a crystal, and the standard error of its strain. */
export interface Numbers {
  readonly parameters: readonly number[];
  readonly error: number;
}

/** The number that is wrong, with the fields of a `CellDisagreement`. */
interface SingleNumber {
  readonly kind: 'single';
  readonly crystals: number;
  readonly parameters: readonly number[];
  readonly wrong: number;
  readonly strain: number;
  readonly error: number;
}

/** Crystals whose errors are larger than the lower quartile by this factor fit another cell in part. */
const fitsWell = 1.5;
/** Crystals without which nothing is said, and the share of those that fit well that agree on one number. */
const [fewest, agreeing] = [6, 0.75];
/** Strain from which on a number is wrong: wrong geometries change the shape of cells in real stills by up to 0.7 %. */
const minWrong = 0.01;
/** Strain up to which the others are right, and up to which crystals agree, or four errors of a crystal. */
const [minSame, sameErrors] = [0.003, 4];

const radians = Math.PI / 180;
/** The orders of axes; the centrings C, A, B and R are of some axes alone. */
const orders = [
  [0, 1, 2],
  [1, 0, 2],
  [0, 2, 1],
  [2, 1, 0],
  [1, 2, 0],
  [2, 0, 1],
] as const;

/** The strains of six numbers: of edges relative, of angles in radians. */
const strainsOf = (numbers: readonly number[], known: readonly number[]): number[] =>
  numbers.map((x, i) => (i < 3 ? x / (known[i] as number) - 1 : (x - (known[i] as number)) * radians));

/** The number that is wrong by itself, of most of the crystals that fit well; undefined if there is none. */
export function singleOf(crystals: readonly Numbers[], { cell, centring }: KnownCell): SingleNumber | undefined {
  const known = [...lengthsOf(cell), ...anglesOf(cell)];
  const errors = crystals.map(({ error }) => error).sort((p, q) => p - q);
  const least = errors[errors.length >> 2] ?? 0;
  const good = crystals.filter(({ error }) => error <= fitsWell * least);
  if (good.length < Math.max(fewest, crystals.length / 4)) return undefined;
  const same = Math.max(minSame, sameErrors * median(good.map(({ error }) => error)));
  const usable = ['P', 'I', 'F'].includes(centring) ? orders : orders.slice(0, 1);
  for (let at = 0; at < 6; at++) {
    // The order of the axes in which all other numbers are nearest to the known ones.
    const named = good.flatMap(({ parameters }) => {
      const all = usable.map((order) => {
        const numbers = [...order, ...order.map((i) => 3 + i)].map((i) => parameters[i] as number);
        const off = strainsOf(numbers, known).map(Math.abs);
        return { numbers, others: Math.max(...off.filter((_, i) => i !== at)) };
      });
      const best = all.reduce((p, q) => (q.others < p.others ? q : p));
      return best.others < same ? [best.numbers] : [];
    });
    if (named.length < agreeing * good.length) continue;
    const numbers = known.map((_, i) => median(named.map((one) => one[i] as number)));
    const strain = Math.abs(strainsOf(numbers, known)[at] as number);
    const off = named.map((one) => Math.abs(strainsOf(one, numbers)[at] as number));
    const near = off.filter((x) => x < same).length;
    if (strain < Math.max(minWrong, 2 * same) || near < agreeing * good.length) continue;
    const error = (1.25 * median(off)) / Math.sqrt(named.length);
    return { kind: 'single', crystals: near, parameters: numbers, wrong: at, strain, error };
  }
  return undefined;
}
