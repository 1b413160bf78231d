/**
 * Whether the cell of a merge is a multiple of the lattice that diffracts: classes of its reflections have no
 * intensity. A merge sees superstructures that single stills do not, and needs no list of peaks.
 *
 * - Index classes: for p = 2, 3, 5, 7 and each direction u modulo p, the mean intensity of the reflections with
 *   u·h ≢ 0 (mod p) relative to that of the others, with its standard error. Only the cell has them.
 * - Undetermined edges: where nodes are so near to each other that each spot is integrated at several of them, no class
 *   is empty but for p = 4 to 12 the reflections midway between the multiples of p along an edge; and neighbours along
 *   this edge, which share their spots, have similar intensities. Those of a crystal are independent of each other, and
 *   satellites of a modulation without its second harmonic are too weak to resemble their neighbours.
 *
 * Screw axes and glide planes have absences in rows and planes alone, which leave every class its mean intensity.
 */
import type { Cell } from '../../crystal/cell.js';
import { primitiveOf } from '../../crystal/centring.js';
import { type IndexClass, indexClasses, latticeOfClass, latticeText } from '../../crystal/multiples.js';
import { reducedCell } from '../../crystal/niggli.js';
import type { Indices } from '../../crystal/symmetry/asymmetric-unit.js';
import type { ReflectionList } from '../lists/hkl.js';
import { absent, indicesOf, inverseD, type ListSubject } from '../statistics/statistics.js';

/** The cell of a merge of which the intensities show no more than a part. */
export interface MergedMultiple {
  /** Volume of its primitive cell divided by that of the lattice that has intensities; 1 if only edges are in doubt. */
  readonly factor: number;
  /** That lattice in the frame of the merged cell: rows of its reduced primitive cell in Å. */
  readonly cell: Cell;
  /** Number of the empty reflections. */
  readonly reflections: number;
  /** Their mean intensity relative to that of the others, and its standard error. */
  readonly intensity: number;
  readonly error: number;
  /** Edges of the merged cell along which neighbours share their spots. */
  readonly undetermined: readonly ('a' | 'b' | 'c')[];
}

/** Reflections are empty if their relative intensity is below this by three standard errors, and within them of 0, */
const maxIntensity = 0.02;
/** or if it is below this by three errors: integration leaves as much of the neighbours' spots at empty nodes. */
const leftByNeighbours = 0.005;
const errors = 3;
/** Fewest reflections in a class and outside of it, and least mean intensity of the class in standard errors. */
const [fewest, minSignal] = [100, 5];
/** Number of reflections per shell of resolution, and most shells. */
const [perShell, maxShells] = [200, 20];
/** The same of reflections between multiples along an edge, where the likeness of neighbours tells as well. */
const maxBetween = 0.05;
const divisors = [4, 5, 6, 7, 8, 9, 10, 11, 12] as const;
/** Least correlation of neighbours that share their spots: .5 to .7 of tenfold edges; above .25 in no crystal. */
const minShared = 0.3;
const edges = ['a', 'b', 'c'] as const;

/** Weighted intensities of reflections, [n], and what is expected of them at their resolution. */
interface Weighed {
  readonly observed: Float64Array;
  readonly expected: Float64Array;
  /** (I − expected)/σ. */
  readonly deviation: Float64Array;
}

/** What the intensities show of a cell; undefined if all classes of its reflections have some, or there are too few. */
export function multipleOf(list: ReflectionList, subject: ListSubject): MergedMultiple | undefined {
  const { cell, centring } = subject;
  const rows = Array.from({ length: list.count }, (_, i) => i).filter((i) => !absent(indicesOf(list, i), centring));
  if (rows.length < 2 * fewest) return undefined;
  const weighed = weigh(list, rows, inverseD(cell));
  const primitive = primitiveOf(unitCell, centring);
  let kept = rows.map((_, n) => n);
  let indices = rows.map((i) => {
    const h = indicesOf(list, i);
    return primitive.map((row) => Math.round(row[0] * h[0] + row[1] * h[1] + row[2] * h[2])) as unknown as Indices;
  });
  let [lattice, factor, reflections] = [primitiveOf(cell, centring), 1, 0];
  let emptiest: Share = { intensity: Number.NEGATIVE_INFINITY, error: 0 };
  for (;;) {
    const empty = emptyClass(indices, kept, weighed);
    if (!empty) break;
    const { p, u } = empty;
    const inside = indices.map((h) => dotOf(h, u) % p === 0);
    factor *= p;
    lattice = latticeOfClass(empty, lattice);
    reflections += inside.filter((is) => !is).length;
    if (empty.intensity > emptiest.intensity) emptiest = empty;
    kept = kept.filter((_, n) => inside[n]);
    const at = u.findIndex((x) => x !== 0);
    indices = indices
      .filter((_, n) => inside[n])
      .map((h) => h.map((x, k) => (k === at ? dotOf(h, u) / p : x)) as unknown as Indices);
  }
  const undetermined: (typeof edges)[number][] = [];
  for (const [k, edge] of edges.entries()) {
    const shared = emptyBetween(list, rows, k, weighed);
    if (!shared) continue;
    undetermined.push(edge);
    if (shared.intensity > emptiest.intensity) emptiest = shared;
    reflections = Math.max(reflections, shared.reflections);
  }
  if (factor === 1 && undetermined.length === 0) return undefined;
  const { intensity, error } = emptiest;
  return { factor, cell: reducedCell(lattice).cell, reflections, intensity, error, undetermined };
}

const unitCell: Cell = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const dotOf = (h: Indices, u: Indices): number => h[0] * u[0] + h[1] * u[1] + h[2] * u[2];
/** 0 … p − 1. */
const modulo = (n: number, p: number): number => ((n % p) + p) % p;

/**
 * Weights the intensities: the mean of the shell over the variance, which is at least the shell's median. The weight
 * must not follow the intensity itself, whose noise it would favour.
 */
function weigh(list: ReflectionList, rows: readonly number[], inverse: (indices: Indices) => number): Weighed {
  const { intensity, sigma } = list;
  const q = rows.map((i) => inverse(indicesOf(list, i)));
  const order = rows.map((_, n) => n).sort((a, b) => (q[a] as number) - (q[b] as number));
  const shells = Math.max(1, Math.min(maxShells, Math.floor(rows.length / perShell)));
  const all = (): Float64Array => new Float64Array(rows.length);
  const weighed = { observed: all(), expected: all(), deviation: all() };
  for (let shell = 0; shell < shells; shell++) {
    const from = Math.floor((shell * rows.length) / shells);
    const members = order.slice(from, Math.floor(((shell + 1) * rows.length) / shells));
    const of = (values: ArrayLike<number>, n: number): number => values[rows[n] as number] as number;
    const mean = members.reduce((sum, n) => sum + of(intensity, n), 0) / members.length;
    const variances = members.map((n) => of(sigma, n) ** 2).sort((a, b) => a - b);
    const usual = variances[Math.floor(variances.length / 2)] as number;
    for (const n of members) {
      const variance = of(sigma, n) ** 2 + usual;
      const weight = mean > 0 && variance > 0 ? mean / variance : 0;
      weighed.observed[n] = weight * of(intensity, n);
      weighed.expected[n] = weight * mean;
      weighed.deviation[n] = weight > 0 ? (of(intensity, n) - mean) / Math.sqrt(variance) : 0;
    }
  }
  return weighed;
}

/** The intensity of some reflections relative to that of the others. */
interface Share {
  readonly intensity: number;
  readonly error: number;
}

/** Sums of weighted intensities, from which their ratio to the expected ones and its error follow. */
class Sums {
  count = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;
  #yy = 0;

  add({ observed, expected }: Weighed, n: number): void {
    const x = observed[n] as number;
    const y = expected[n] as number;
    this.count++;
    this.#x += x;
    this.#y += y;
    this.#xx += x * x;
    this.#xy += x * y;
    this.#yy += y * y;
  }

  join(other: Sums): void {
    this.count += other.count;
    this.#x += other.#x;
    this.#y += other.#y;
    this.#xx += other.#xx;
    this.#xy += other.#xy;
    this.#yy += other.#yy;
  }

  get ratio(): number {
    return this.#x / this.#y;
  }

  /** By the scatter of the intensities, which does not rely on their sigmas. */
  get error(): number {
    const r = this.ratio;
    return Math.sqrt(Math.max(0, this.#xx - 2 * r * this.#xy + r * r * this.#yy)) / this.#y;
  }
}

/** The relative intensity of reflections if they are empty, and both they and the others are enough to tell. */
function emptyShare(own: Sums, others: Sums, limit = maxIntensity): Share | undefined {
  if (own.count < fewest || others.count < fewest || !(others.ratio > minSignal * others.error)) return undefined;
  const [intensity, error] = [own.ratio / others.ratio, own.error / others.ratio];
  const most = intensity + errors * error;
  const isEmpty = most < leftByNeighbours || (most < limit && intensity < errors * error);
  return isEmpty ? { intensity, error } : undefined;
}

/** Sums of the reflections with the same h, k and l modulo p, at (h p + k) p + l. */
function residueSums(indices: readonly Indices[], kept: readonly number[], weighed: Weighed, p: number): Sums[] {
  const residues = Array.from({ length: p ** 3 }, () => new Sums());
  for (const [n, h] of indices.entries()) {
    const [x, y, z] = [modulo(h[0], p), modulo(h[1], p), modulo(h[2], p)];
    residues[(x * p + y) * p + z]?.add(weighed, kept[n] as number);
  }
  return residues;
}

/** The class outside of which reflections are empty; of several the one with the least intensity outside. */
function emptyClass(
  indices: readonly Indices[],
  kept: readonly number[],
  weighed: Weighed,
): (IndexClass & Share) | undefined {
  let best: (IndexClass & Share) | undefined;
  /** By p: the sums of the reflections with the same h, k and l modulo p. Classes are unions of these. */
  const residues = new Map<number, readonly Sums[]>();
  for (const { p, u } of indexClasses) {
    const sumsOfP = residues.get(p) ?? residueSums(indices, kept, weighed, p);
    residues.set(p, sumsOfP);
    const [inside, outside] = [new Sums(), new Sums()];
    for (const [i, sums] of sumsOfP.entries()) {
      const dot = dotOf([Math.floor(i / p ** 2), Math.floor(i / p) % p, i % p], u);
      (dot % p === 0 ? inside : outside).join(sums);
    }
    const share = emptyShare(outside, inside);
    if (share && !(best && best.intensity <= share.intensity)) best = { p, u, ...share };
  }
  return best;
}

/** The reflections midway between multiples of a divisor along an edge, if they are empty and neighbours are alike. */
function emptyBetween(
  list: ReflectionList,
  rows: readonly number[],
  edge: number,
  weighed: Weighed,
): (Share & { readonly reflections: number }) | undefined {
  for (const p of divisors) {
    const [near, between] = [new Sums(), new Sums()];
    for (const [n, i] of rows.entries()) {
      const rest = Math.abs(list.indices[3 * i + edge] as number) % p;
      (Math.min(rest, p - rest) > p / 3 ? between : near).add(weighed, n);
    }
    const share = emptyShare(between, near, maxBetween);
    if (share && neighbourCorrelation(list, rows, edge, weighed) > minShared)
      return { ...share, reflections: between.count };
  }
  return undefined;
}

/** Correlation of the deviations of reflections whose indices differ by one along an edge. */
function neighbourCorrelation(
  list: ReflectionList,
  rows: readonly number[],
  edge: number,
  { deviation }: Weighed,
): number {
  const there = new Map(rows.map((i, n) => [indicesOf(list, i).join(), n]));
  let [xy, xx, yy] = [0, 0, 0];
  for (const [n, i] of rows.entries()) {
    const next = indicesOf(list, i).map((x, k) => (k === edge ? x + 1 : x));
    const other = there.get(next.join());
    if (other === undefined) continue;
    const [x, y] = [deviation[n] as number, deviation[other] as number];
    xy += x * y;
    xx += x * x;
    yy += y * y;
  }
  return xy / Math.sqrt(xx * yy);
}

/** A remark on such a cell. `lengths` are its edges in Å. */
export function multipleRemark(
  { factor, cell, reflections, intensity, error, undetermined }: MergedMultiple,
  lengths: readonly number[],
): string {
  const percent = (x: number): string => (100 * x).toFixed(1);
  const doubts = [
    ...(factor > 1
      ? [`a lattice of 1/${factor} of the volume of the cell, ${latticeText(cell)}, has all other reflections`]
      : []),
    ...undetermined.map(
      (edge) =>
        `the edge ${edge} (${(lengths['abc'.indexOf(edge)] ?? 0).toFixed(1)} Å) is too long for the frames, because ` +
        'its reflections share their spots',
    ),
  ];
  return (
    `${reflections} reflections have no intensity (${percent(intensity)} ± ${percent(error)} % of that of the others` +
    `): ${doubts.join('; ')}. Check the cell (ewald cell finds one from the frames).`
  );
}
