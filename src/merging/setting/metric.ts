/**
 * What the cells of crystals say about the ways to index them. Where two axes are nearly equal, a way is no symmetry of
 * the lattice, and the cell of a crystal tells which of the two is which: its intensities need not be asked, and the
 * merge as a whole has one right setting.
 */

import { anglesOf, type Cell, lengthsOf } from '../../crystal/cell.js';
import { elements } from '../../crystal/cell-strain.js';
import { inverted, product, transposed } from '../../crystal/strain.js';
import { inverse, type Operation, operationKey, product as then, tripletOf } from '../../crystal/symmetry/matrices.js';
import { laueGroup, type PointGroup, rotationsOf } from '../../crystal/symmetry/point-group.js';
import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';
import { repeatedCells } from './cells.js';

/** Strain between two names of the reference that makes no difference. */
const exact = 2e-4;
/** Least scatter of the cells of crystals; no stream states it. */
const minScatter = 1e-3;
/** The median of the sum of five squares of normal deviates. */
const medianOfFive = 4.351;
/**
 * Degrees of freedom of Student's distribution of strains: crystals with few spots scatter several times as much as the
 * others, and odds that assume a normal distribution would be sure of their noise.
 */
const freedom = 3;
/**
 * ln of the odds beyond which a way is ruled out. At 5 as many as 2 % of crystals were held in a wrong way where a fifth of
 * them scatter five times as much as the others; smaller odds count beside the intensities, which tell those apart.
 */
const decisive = 8;
/** Strain from which on a crystal says no more about the setting of the whole: its cell is wrong. */
const maxStrain = 0.02;
/** A sum of squares of strains that is rounding alone. */
const negligible = 1e-12;

/** The crystals of a merge, and the ways to index them. */
interface Indexed {
  /** Lengths in Å and angles in degrees, six for each crystal. */
  readonly parameters: Float64Array;
  /** Numbers of the known cells by which indexers have named the axes of crystals, and the parameters of these cells. */
  readonly axes: Uint32Array;
  readonly known: ReadonlyMap<number, readonly number[]>;
  readonly part: Uint8Array;
  readonly ways: readonly Operation[];
  readonly group: PointGroup;
  /** The cell of the merge; `isGiven` if it is no mean of the crystals. */
  readonly cell: Cell;
  readonly isGiven: boolean;
}

/** The metric tensor of six parameters. */
function metricOf(parameters: ArrayLike<number>, at: number, out: Float64Array): void {
  const p = (i: number): number => parameters[at + i] as number;
  const cos = (i: number): number => Math.cos((p(3 + i) * Math.PI) / 180);
  for (let i = 0; i < 3; i++) out[i] = p(i) ** 2;
  out[3] = p(1) * p(2) * cos(0);
  out[4] = p(0) * p(2) * cos(1);
  out[5] = p(0) * p(1) * cos(2);
}

/**
 * The map from the metric tensor of a crystal to its strain against the reference once it is indexed in a way: six rows
 * of six numbers in Mandel's notation. Indices h, a row, become h M, so that the vectors become Mᵀ a.
 */
function strainMap(way: Operation, reference: Cell): Float64Array {
  const rows = (m: readonly number[]): Cell => [
    [m[0] ?? 0, m[1] ?? 0, m[2] ?? 0],
    [m[3] ?? 0, m[4] ?? 0, m[5] ?? 0],
    [m[6] ?? 0, m[7] ?? 0, m[8] ?? 0],
  ];
  const frame = product(inverted(reference), transposed(rows(way)));
  const map = new Float64Array(36);
  for (const [column, [k, l]] of elements.entries())
    for (const [row, [i, j]] of elements.entries()) {
      const both = frame[i][k] * frame[j][l] + (k === l ? 0 : frame[i][l] * frame[j][k]);
      map[6 * row + column] = (both * (row < 3 ? 1 : Math.SQRT2)) / 2;
    }
  return map;
}

/** The strain of a metric tensor without its size, which is the same for all ways. */
function shapeOf(map: Float64Array, metric: Float64Array, out: Float64Array): void {
  for (let i = 0; i < 6; i++) {
    let sum = i < 3 ? -0.5 : 0;
    for (let k = 0; k < 6; k++) sum += (map[6 * i + k] as number) * (metric[k] as number);
    out[i] = sum;
  }
  const size = ((out[0] as number) + (out[1] as number) + (out[2] as number)) / 3;
  for (let i = 0; i < 3; i++) out[i] = (out[i] as number) - size;
}

/** Numbers of crystals that leave one way, and of those by the names that indexers have given their axes. */
interface DecidedCounts {
  readonly decided: number;
  readonly named: number;
}

/** What the cells of crystals say about their ways to index. */
export class CellEvidence {
  readonly #ways: readonly Operation[];
  readonly #part: Uint8Array;
  /** [crystals][ways]: squares of the strains against the cell of the merge. */
  readonly #squares: Float64Array;
  /** Where each way leads if another is applied to the whole merge; only for ways that keep the point group. */
  readonly #common: readonly Uint8Array[];
  /**
   * [crystals][ways]: ln of the odds of a way against the best one, -Infinity if it is ruled out; undefined if the cell
   * is the same for all ways.
   */
  readonly odds: Float64Array | undefined;
  /** Crystals whose names are held: 1 or 0. */
  readonly #named: Uint8Array;

  constructor({ parameters, axes, known, part, ways, group, cell, isGiven }: Indexed) {
    this.#ways = ways;
    this.#part = part;
    this.#named = new Uint8Array(part.length);
    const maps = ways.map((way) => strainMap(way, cell));
    this.#squares = squaredStrains(parameters, maps);
    this.#common = commonMoves(ways, group);
    const members = [...part.keys()].filter((c) => part[c] === 1);
    const repeated = repeatedCells(parameters, members);
    // A crystal that has exactly the cell of others was not fitted: it has the known cell under any name.
    const fitted = members.filter((_, n) => !repeated[n]);
    const least = fitted.map((c) => Math.min(...this.#of(c)));
    const scatter = Math.max(minScatter, Math.sqrt(median(least) / medianOfFive));
    const same = isGiven ? exact : Math.max(exact, (3 * scatter) / Math.sqrt(Math.max(1, fitted.length)));
    const classes = classesOf(maps, cell, Math.SQRT2 * same);
    if (new Set(classes).size < 2) return;
    this.odds = this.#oddsOf(fitted, classes, scatter);
    for (const [number, own] of known) {
      const members = [...axes.keys()].filter((c) => axes[c] === number);
      this.#holdNames(members, squaredStrains(Float64Array.from(own), maps), classes);
    }
  }

  /** How many crystals have one way left. */
  get counts(): DecidedCounts {
    const { odds } = this;
    if (!odds) return { decided: 0, named: 0 };
    const ways = this.#ways.length;
    const left = (c: number): number =>
      odds.subarray(c * ways, (c + 1) * ways).reduce((sum, one) => sum + Number(one > Number.NEGATIVE_INFINITY), 0);
    const count = (is: (c: number) => boolean): number =>
      this.#part.reduce((sum, on, c) => sum + Number(on === 1 && is(c)), 0);
    return { decided: count((c) => left(c) === 1), named: count((c) => this.#named[c] === 1) };
  }

  /**
   * Rules out all ways but those in which the known cell of crystals is that of the merge: their indexer has compared
   * their spots with this cell under each name, which says more than the cell that it fitted afterwards.
   */
  #holdNames(members: readonly number[], squares: Float64Array, classes: readonly number[]): void {
    const best = classes[squares.indexOf(Math.min(...squares))];
    const others = Math.min(...squares.filter((_, way) => classes[way] !== best));
    // Half of the strain of any other way: else the cell of the merge is none of the two.
    if (!(4 * Math.min(...squares) < others)) return;
    const ways = classes.length;
    for (const c of members) {
      this.#named[c] = 1;
      this.#squares.set(squares, c * ways);
      for (const [way, one] of classes.entries())
        (this.odds as Float64Array)[c * ways + way] = one === best ? 0 : Number.NEGATIVE_INFINITY;
    }
  }

  #of(c: number): Float64Array {
    const ways = this.#ways.length;
    return this.#squares.subarray(c * ways, (c + 1) * ways);
  }

  #oddsOf(fitted: readonly number[], classes: readonly number[], scatter: number): Float64Array {
    const ways = classes.length;
    const found = new Float64Array(this.#squares.length);
    const best = new Float64Array(ways);
    for (const c of fitted) {
      best.fill(Number.POSITIVE_INFINITY);
      for (const [way, x] of this.#of(c).entries()) {
        const one = classes[way] as number;
        best[one] = Math.min(best[one] as number, x / scatter ** 2);
      }
      const least = Math.min(...best);
      for (const [way, one] of classes.entries()) {
        const ln = (-(freedom + 5) / 2) * Math.log((freedom + (best[one] as number)) / (freedom + least));
        found[c * ways + way] = ln > -decisive ? ln : Number.NEGATIVE_INFINITY;
      }
    }
    return found;
  }

  /**
   * Where each way leads if all crystals together are indexed as their cells are nearest to the cell of the merge;
   * undefined if they are already. Axes that are equal within the scatter keep the names that most crystals have.
   */
  commonMove(chosen: Uint8Array): Uint8Array | undefined {
    const sums = this.#common.map(() => 0);
    const kept = this.#common.map(() => 0);
    const capped = (c: number, way: number): number => Math.min(this.#of(c)[way] as number, maxStrain ** 2);
    const each = (visit: (c: number, way: number) => void): void => {
      for (const [c, on] of this.#part.entries()) if (on === 1) visit(c, chosen[c] as number);
    };
    each((c, way) => {
      for (const [n, move] of this.#common.entries()) {
        const to = move[way] as number;
        sums[n] = (sums[n] as number) + capped(c, to);
        kept[n] = (kept[n] as number) + Number(to === 0);
      }
    });
    const best = this.#common[sums.indexOf(Math.min(...sums))];
    if (!best) return undefined;
    const isAsGood = (move: Uint8Array): boolean => {
      let [sum, squares] = [0, 0];
      each((c, way) => {
        const more = capped(c, move[way] as number) - capped(c, best[way] as number);
        sum += more;
        squares += more ** 2;
      });
      return sum <= 2 * Math.sqrt(squares) + negligible;
    };
    let taken: { readonly move: Uint8Array; readonly kept: number } | undefined;
    for (const [n, move] of this.#common.entries())
      if ((kept[n] as number) > (taken?.kept ?? -1) && isAsGood(move)) taken = { move, kept: kept[n] as number };
    return taken?.move.every((to, way) => to === way) ? undefined : taken?.move;
  }
}

/** Squares of the strains of each crystal in each way: [crystals][ways]. */
function squaredStrains(parameters: Float64Array, maps: readonly Float64Array[]): Float64Array {
  const crystals = parameters.length / 6;
  const [metric, strain] = [new Float64Array(6), new Float64Array(6)];
  const found = new Float64Array(crystals * maps.length);
  for (let c = 0; c < crystals; c++) {
    metricOf(parameters, 6 * c, metric);
    for (const [way, map] of maps.entries()) {
      shapeOf(map, metric, strain);
      let sum = 0;
      for (let i = 0; i < 6; i++) sum += (strain[i] as number) ** 2;
      found[c * maps.length + way] = sum;
    }
  }
  return found;
}

/** For each way the first one under which the cell has the same lengths and angles. */
function classesOf(maps: readonly Float64Array[], cell: Cell, same: number): number[] {
  const metric = new Float64Array(6);
  metricOf([...lengthsOf(cell), ...anglesOf(cell)], 0, metric);
  const strains = maps.map((map) => {
    const strain = new Float64Array(6);
    shapeOf(map, metric, strain);
    return strain;
  });
  return strains.map((strain) =>
    strains.findIndex((other) => Math.hypot(...strain.map((x, i) => x - (other[i] ?? 0))) <= same),
  );
}

/** For each way that keeps the point group: the way that each becomes when it is applied afterwards. */
function commonMoves(ways: readonly Operation[], group: PointGroup): Uint8Array[] {
  const rotations = rotationsOf(laueGroup(group));
  const inside = new Set(rotations.map(operationKey));
  return ways
    .filter((way) => rotations.every((rotation) => inside.has(operationKey(then(inverse(way), then(rotation, way))))))
    .map((common) =>
      Uint8Array.from(ways, (way) =>
        ways.findIndex((other) => inside.has(operationKey(then(inverse(other), then(way, common))))),
      ),
    )
    .filter((move) => move.every((to) => to < ways.length));
}

/** A remark on the ways to index that were told apart: by what, which crystals were indexed anew, and what is in doubt. */
export function toldApartRemark({
  ways,
  chosen,
  logOdds,
  part,
  decided,
  named,
}: {
  readonly ways: readonly Operation[];
  readonly chosen: Uint8Array;
  readonly logOdds: Float64Array;
  readonly part: Uint8Array;
} & DecidedCounts): string {
  const count = (is: (c: number) => boolean): number => part.filter((on, c) => on === 1 && is(c)).length;
  const names = ways.map(tripletOf);
  const moved = names.flatMap((name, way) => {
    const crystals = way > 0 ? count((c) => chosen[c] === way) : 0;
    return crystals > 0 ? [`${counted(crystals, 'crystal')} by ${name}`] : [];
  });
  const doubtful = count((c) => (logOdds[c] as number) < 5);
  const all = counted(
    count(() => true),
    'crystal',
  );
  const by = [
    ...(named > 0 ? [`the spots of ${named}`] : []),
    ...(decided > named ? [`the cells of ${decided - named}`] : []),
  ].join(' and ');
  return [
    `${ways.length} ways to index (${names.join('; ')}) were told apart${by && `, by ${by} of ${all}`}`,
    moved.length > 0 ? `indexed anew: ${moved.join(', ')}` : undefined,
    doubtful > 0
      ? `${doubtful === 1 ? '1 crystal is' : `${doubtful} crystals are`} in doubt (odds below e⁵)`
      : undefined,
  ]
    .filter((part) => part !== undefined)
    .join('; ')
    .concat('.');
}
