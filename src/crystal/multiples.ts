/**
 * Whether a known cell is a multiple of the lattice that diffracts. A multiple has every node of the right lattice and
 * others, which stay empty, so its crystals are found all the same. Three tests show it:
 *
 * - Finer lattices (`finer-lattice.ts`): crystal by crystal, vectors of a lattice that is finer in space, until none is
 *   left, and then the spots that need the larger cell all the same, against chance. This finds tenfold cells.
 * - Index classes: for p = 2, 3, 5, 7 and each direction u modulo p, and for primes up to 31 along the edges, a cell
 *   without the need of its size has no peak with u·h ≢ 0 (mod p) but by chance: peaks that belong to nothing fall
 *   within r of one of its empty nodes with the probability (1 − 1/p)(4π/3) r³, in units of indices. Then (u·a)/p is a
 *   vector of the lattice as well.
 * - Undetermined edges: where nodes are nearer to each other than spots scatter, whole numbers mean nothing, and the
 *   classes are blind. The distance of an index from a whole number is then uniform, 0.29 (rms), instead of 0.02 to
 *   0.06; where it is between them, indices that are near whole numbers if divided by one of 2 to 12 tell.
 *
 * A superstructure of 1 % of the main intensities has no peak in a few stills: what is found is that no peak needs the
 * larger cell, and not that it is wrong.
 *
 * The opposite shows as well: peaks at reflections that the centring of a known cell forbids, or midway between those
 * of a cell that is too small. A lattice that is not centred has as many there as elsewhere, and its crystals are found
 * all the same.
 */
import { joined } from '../util/joined.js';
import { bravaisCandidates } from './bravais.js';
import { type Cell, combine, lengthsOf, reciprocal } from './cell.js';
import type { KnownCell } from './cell-file.js';
import { type Centring, isAbsent, primitiveOf } from './centring.js';
import {
  countSupport,
  type FinerLattice,
  fewestAlone,
  finerLattice,
  pooledLattices,
  type SpottedCrystal,
} from './finer-lattice.js';
import { latticeBend } from './lattice-match.js';
import { reducedCell } from './niggli.js';
import { product } from './strain.js';

/** A known cell of which the peaks show no more than a part. */
export interface CellMultiple {
  /**
   * Volume of its primitive cell divided by that of the lattice that explains the peaks; 1 if only edges are in doubt.
   */
  readonly factor: number;
  /** That lattice in the frame of the known cell: rows of its reduced primitive cell in Å. */
  readonly cell: Cell;
  /** Number of peaks with indices, how many of them need the larger cell, and how many of those are due to chance. */
  readonly peaks: number;
  readonly needing: number;
  readonly byChance: number;
  /** Edges of the known cell whose indices the spots do not determine. */
  readonly undetermined: readonly ('a' | 'b' | 'c')[];
  /** Number of peaks at reflections that its centring forbids, and at others; undefined if those are due to chance. */
  readonly forbidden: readonly [absent: number, others: number] | undefined;
  /** Peaks between reflections of a cell that is too small; undefined if those are due to chance. */
  readonly between?: PeaksBetween | undefined;
  /**
   * Number of crystals whose spots fit a finer lattice, each another one, and of all that were looked at: whether the
   * cell is a multiple is undecided. Undefined if they agree.
   */
  readonly disagreeing?: readonly [finer: number, crystals: number] | undefined;
}

/** Peaks at fractions of indices. */
export interface PeaksBetween {
  /** The fractions of h, k, l in halves or thirds, such as `0 0 1/2`. */
  readonly at: string;
  readonly peaks: number;
  readonly byChance: number;
}

const [primes, largePrimes] = [
  [2, 3, 5, 7],
  [11, 13, 17, 19, 23, 29, 31],
] as const;
/**
 * A peak has the indices of a node within this distance, and one index is tested if both others are within the next.
 */
const [near, nearOthers] = [0.08, 0.12];
/**
 * Fewest peaks, largest fraction of them outside of a class, and smallest probability that as many are due to chance.
 */
const [fewest, maxOutside, minProbability] = [30, 0.02, 1e-3];
/** The largest root mean square distance of an index from a whole number; 0.18 of the right cell on real frames. */
const maxScatter = 0.22;
/** Fewest spots that test an edge: few do if all edges are too long. */
const fewestOfEdge = 30;
/** Beyond this scatter divided indices tell as well, if this fraction of them is near whole numbers; 0.24 is chance. */
const [wideScatter, maxDivided] = [0.12, 0.9];
/**
 * Fewest peaks at absent reflections, and smallest fraction of all at reflections, that speak against a centring: right
 * ones have chance alone there, and a superstructure a few.
 */
const [fewestAbsent, minAbsent] = [30, 0.1];
const divisors = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const;
/** Indices that vary less in some direction (a zone of the crystal) do not tell what is between their layers. */
const minVariance = 0.25;
/** Number of crystals that are used, of those whose finer lattices are searched, and of those that are enough if right. */
const [enough, enoughFiner, enoughRight] = [200, 40, 12];
/** Fewest crystals, and smallest share of them, that agree on a finer lattice, and their largest difference. */
const [fewestAgreeing, minAgreeing, ofOneLattice] = [3, 0.25, 0.02];
/**
 * Fewest spots of a short list that is judged alone, and the mean cosine of a vector that it needs: with 20 % of spurious
 * spots right cells of 40 spots have .5 at most and multiples .8. Share of crystals with finer lattices that disagree
 * from which on the cell is in doubt.
 */
const [fewestOfShort, minOfShort, minDisagreeing] = [20, 0.62, 0.5];
/**
 * Peaks between nodes are farther from all of them than this, in indices. They speak against a cell if there are so
 * many, as a share of all peaks, and so many times as many as chance has.
 */
const [farFromNodes, fewestBetween, minBetween, timesChance] = [0.12, 20, 0.02, 10];
/** Halves and thirds that are both there, the rarer with a larger share of the other, are those of undetermined indices. */
const maxOfOthers = 0.3;

/** Directions modulo p: one of each set of multiples. */
const classesOf = (p: number): (readonly [number, number, number])[] =>
  Array.from({ length: p ** 3 }, (_, i) => [Math.floor(i / p ** 2), Math.floor(i / p) % p, i % p] as const).filter(
    (u) => u.find((x) => x !== 0) === 1,
  );
export const indexClasses: readonly IndexClass[] = primes.flatMap((p) => classesOf(p).map((u) => ({ p, u })));
/** Of larger primes only the edges themselves: nobody mixes them by such factors. */
const largeClasses: readonly IndexClass[] = largePrimes.flatMap((p) =>
  (
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const
  ).map((u) => ({ p, u })),
);

/** Reflections with u·h ≡ 0 (mod p), indices over a primitive cell. */
export interface IndexClass {
  readonly p: number;
  readonly u: readonly [number, number, number];
}

/** The lattice whose nodes are those of an index class: (u·a)/p takes the place of a vector. */
export function latticeOfClass({ p, u }: IndexClass, lattice: Cell): Cell {
  const matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (const [k, x] of u.entries()) matrix[3 * replacedBy(u) + k] = x / p;
  return combine(matrix, lattice);
}

const replacedBy = (u: readonly number[]): number => u.findIndex((x) => x !== 0);

/** A smaller lattice has the symmetry of the known one exactly, except for the rounding of its numbers. */
const roundingOfCells = 0.002;

/** Parameters and type of a lattice of which a primitive cell is given, in the words of remarks. */
export function latticeText(cell: Cell): string {
  const [lattice] = bravaisCandidates(cell, roundingOfCells);
  return `${lattice?.parameters.map((x) => x.toFixed(2)).join(' ')} (${lattice?.type})`;
}

/** Collects the indices of the crystals of a known cell. */
export class MultipleSearch {
  readonly #known: KnownCell;
  /** Indices over the primitive cell of each crystal. */
  readonly #indices: Int16Array[] = [];
  #unexplained = 0;
  /** For each edge: number of spots that test it, and sum of the squared distances from whole numbers. */
  readonly #tested = [0, 0, 0];
  readonly #squares = [0, 0, 0];
  /** For each edge: number of these spots whose index is near a whole number if divided by each divisor. */
  readonly #divided = [0, 1, 2].map(() => divisors.map(() => 0));
  /** The first crystals, whose finer lattices are found when they are asked for, and how many of them are. */
  readonly #crystals: SpottedCrystal[] = [];
  #finer: { readonly of: number; readonly found: FoundFiner | Disagreeing | 'needed' | undefined } = {
    of: 0,
    found: undefined,
  };
  /** What the classes of indices show, and of how many crystals. */
  #classes: { readonly of: number; readonly found: CellMultiple | undefined } = { of: -1, found: undefined };
  /** By fractions of indices: peaks there. */
  readonly #between = new Map<string, number>();
  #far = 0;
  #spots = 0;
  /** Peaks at reflections that the centring allows and forbids. */
  #allowed = 0;
  #absent = 0;

  constructor(known: KnownCell) {
    this.#known = known;
  }

  /** Whether further crystals have no effect. */
  get isFull(): boolean {
    return this.#indices.length >= enough;
  }

  /** Adds a crystal, rows a, b, c in Å in the setting of the known cell, and the spots of its frame, [n, 3] in 1/Å. */
  add(found: Cell, spots: Float32Array): void {
    if (this.isFull) return;
    const cell = nearestSetting(found, this.#known);
    const lattice = primitiveOf(cell, this.#known.centring);
    if (this.#crystals.length < enoughFiner) this.#crystals.push({ primitive: lattice, spots: spots.slice() });
    this.#spots += spots.length / 3;
    const primitive = lattice.flat();
    const edges = cell.flat();
    const indices = new Int16Array(spots.length);
    let count = 0;
    for (let i = 0; i < spots.length; i += 3) {
      const [x, y, z] = [spots[i] as number, spots[i + 1] as number, spots[i + 2] as number];
      const along = (rows: readonly number[], k: number): number =>
        (rows[3 * k] as number) * x + (rows[3 * k + 1] as number) * y + (rows[3 * k + 2] as number) * z;
      const [p, q, r] = [along(primitive, 0), along(primitive, 1), along(primitive, 2)];
      const [h, k, l] = [Math.round(p), Math.round(q), Math.round(r)];
      if (h === 0 && k === 0 && l === 0) continue;
      if ((p - h) ** 2 + (q - k) ** 2 + (r - l) ** 2 < near ** 2) {
        indices[count++] = h;
        indices[count++] = k;
        indices[count++] = l;
      } else this.#unexplained++;
      const [a, b, c] = [along(edges, 0), along(edges, 1), along(edges, 2)];
      const [da, db, dc] = [offWhole(a), offWhole(b), offWhole(c)];
      if (da ** 2 + db ** 2 + dc ** 2 < near ** 2) {
        if (isForbidden(this.#known.centring, Math.round(a), Math.round(b), Math.round(c))) this.#absent++;
        else this.#allowed++;
      }
      if (da ** 2 + db ** 2 + dc ** 2 > farFromNodes ** 2) this.#countBetween(a, b, c);
      if (db < nearOthers && dc < nearOthers) this.#test(0, a, da);
      if (da < nearOthers && dc < nearOthers) this.#test(1, b, db);
      if (da < nearOthers && db < nearOthers) this.#test(2, c, dc);
    }
    this.#indices.push(indices.slice(0, count));
  }

  /** Counts an index along an edge, and its distance from a whole number. */
  #test(edge: number, index: number, off: number): void {
    const divided = this.#divided[edge] as number[];
    this.#tested[edge] = (this.#tested[edge] as number) + 1;
    this.#squares[edge] = (this.#squares[edge] as number) + off * off;
    for (const [i, divisor] of divisors.entries())
      if (offWhole(index / divisor) < nearOthers) divided[i] = (divided[i] as number) + 1;
  }

  #isDetermined(edge: number): boolean {
    const tested = this.#tested[edge] as number;
    const scatter = Math.sqrt((this.#squares[edge] as number) / tested);
    if (tested < fewestOfEdge || scatter < wideScatter) return true;
    return scatter < maxScatter && Math.max(...(this.#divided[edge] as number[])) < maxDivided * tested;
  }

  get #forbidden(): CellMultiple['forbidden'] {
    const [absent, others] = [this.#absent, this.#allowed];
    return absent < Math.max(fewestAbsent, minAbsent * (absent + others)) ? undefined : [absent, others];
  }

  /** Counts a peak that is at halves or thirds of indices, or at fifths next to a node, which show the tails of nodes. */
  #countBetween(a: number, b: number, c: number): void {
    this.#far++;
    for (const p of [2, 3, 5]) {
      const at = [p * a, p * b, p * c];
      const off = Math.hypot(...at.map((x) => x - Math.round(x))) / p;
      const rest = at.map((x) => ((Math.round(x) % p) + p) % p);
      if (off > near || rest.every((x) => x === 0) || (p === 5 && rest.some((x) => x === 2 || x === 3))) continue;
      // h and −h are one class.
      const [key = ''] = [rest, rest.map((x) => (p - x) % p)]
        .map((some) => some.map((x) => (x === 0 ? '0' : `${x}/${p}`)).join(' '))
        .sort();
      this.#between.set(key, (this.#between.get(key) ?? 0) + 1);
    }
  }

  get #peaksBetween(): PeaksBetween | undefined {
    let best: PeaksBetween | undefined;
    const most = (p: string): number =>
      Math.max(0, ...[...this.#between].flatMap(([at, n]) => (at.includes(p) ? [n] : [])));
    const [halves, thirds, tails] = [most('/2'), most('/3'), most('/5')];
    // Indices that are not determined are as often near thirds as near halves, and those that scatter widely, as along
    // the long edges of real crystals, are more often near fifths than near either.
    if (Math.max(Math.min(halves, thirds), tails) > maxOfOthers * Math.max(halves, thirds)) return undefined;
    for (const [at, peaks] of this.#between) {
      if (at.includes('/5')) continue;
      const byChance = (at.includes('/3') ? 2 : 1) * ((4 * Math.PI) / 3) * near ** 3 * this.#far;
      const isMany = peaks >= Math.max(fewestBetween, minBetween * this.#spots, timesChance * byChance);
      if (isMany && peaks > (best?.peaks ?? 0)) best = { at, peaks, byChance };
    }
    return best;
  }

  /** The finer lattice on which crystals agree; `needed` if spots need the known cell all the same. */
  get #finerLattice(): FoundFiner | Disagreeing | 'needed' | undefined {
    if (this.#finer.of !== this.#crystals.length)
      this.#finer = { of: this.#crystals.length, found: finerOf(this.#crystals, this.#known) };
    return this.#finer.found;
  }

  /** What the crystals show; undefined if their peaks need the known cell, or if there are too few of them. */
  get found(): CellMultiple | undefined {
    const finer = this.#finerLattice;
    if (finer === 'needed') return undefined;
    if (finer && 'factor' in finer) return { ...finer, undetermined: [], forbidden: undefined };
    if (this.#classes.of !== this.#indices.length)
      this.#classes = { of: this.#indices.length, found: this.#ofClasses() };
    return this.#classes.found ?? (finer && this.#undecided(finer));
  }

  #undecided({ disagreeing }: Disagreeing): CellMultiple {
    const cell = primitiveOf(this.#known.cell, this.#known.centring);
    const peaks = this.#indices.reduce((sum, index) => sum + index.length / 3, 0);
    return { factor: 1, cell, peaks, needing: 0, byChance: 0, undetermined: [], forbidden: undefined, disagreeing };
  }

  #ofClasses(): CellMultiple | undefined {
    const between = this.#peaksBetween;
    const edges = (['a', 'b', 'c'] as const).filter((_, edge) => !this.#isDetermined(edge));
    // Peaks midway between reflections make an edge look undetermined.
    const undetermined = between ? [] : edges;
    let indices = joined(Int16Array, this.#indices);
    let [lattice, factor, needing, byChance] = [primitiveOf(this.#known.cell, this.#known.centring), 1, 0, 0];
    const peaks = indices.length / 3;
    while (areSpatial(indices)) {
      const empty = emptyClass(indices, this.#unexplained + needing);
      if (!empty) break;
      [factor, needing, byChance] = [factor * empty.p, needing + empty.outside, byChance + empty.chance];
      lattice = latticeOfClass(empty, lattice);
      indices = indicesOfClass(empty, indices);
    }
    // Where whole numbers mean nothing, odd and even ones do not either.
    const forbidden = undetermined.length === 0 ? this.#forbidden : undefined;
    if (factor === 1 && undetermined.length === 0 && !forbidden && !between) return undefined;
    const verdict = { undetermined, forbidden, between: factor === 1 && !forbidden ? between : undefined };
    return { factor, cell: reducedCell(lattice).cell, peaks, needing, byChance, ...verdict };
  }
}

/** A crystal, the finer lattice that it shows, and that in the frame of the known cell. */
interface FinerCrystal {
  readonly crystal: SpottedCrystal;
  readonly finer: FinerLattice;
  readonly cell: Cell;
}

/** The most crystals that show one finer lattice. */
function largestGroup(found: readonly FinerCrystal[]): FinerCrystal[] {
  const finer = found.filter((finerCrystal) => finerCrystal.finer.factor > 1);
  let group: FinerCrystal[] = [];
  for (const finerCrystal of finer) {
    const alike = finer.filter(
      (other) =>
        other.finer.factor === finerCrystal.finer.factor && latticeBend(other.cell, finerCrystal.cell) < ofOneLattice,
    );
    if (alike.length > group.length) group = alike;
  }
  return group;
}

type Disagreeing = { readonly disagreeing: readonly [finer: number, crystals: number] };
type FoundFiner = Pick<CellMultiple, 'factor' | 'cell' | 'peaks' | 'needing' | 'byChance'>;

/** The finer lattice on which enough crystals agree, unless spots need the known cell. */
function finerOf(
  crystals: readonly SpottedCrystal[],
  known: KnownCell,
): FoundFiner | Disagreeing | 'needed' | undefined {
  const isLong = ({ spots }: SpottedCrystal): boolean => spots.length / 3 >= fewestAlone;
  const isTelling = ({ spots }: SpottedCrystal): boolean => spots.length / 3 >= fewestOfShort;
  const lattice = primitiveOf(known.cell, known.centring);
  const found: FinerCrystal[] = [];
  const add = (crystal: SpottedCrystal, finer: FinerLattice): void =>
    void found.push({ crystal, finer, cell: finer.factor > 1 ? product(finer.matrix, lattice) : lattice });
  for (const crystal of crystals.filter(isLong)) {
    if (found.length === enoughRight && found.every(({ finer }) => finer.factor === 1)) break;
    add(crystal, finerLattice(crystal));
  }
  const short = crystals.filter((crystal) => !isLong(crystal));
  // Pooled lists show what no single one does, but only where their crystals have the same fractions.
  for (const crystal of found.length < fewestAgreeing ? short.filter(isTelling) : []) {
    if (found.length >= enoughRight && found.every(({ finer }) => finer.factor === 1)) break;
    add(crystal, finerLattice(crystal, minOfShort));
  }
  let group = largestGroup(found);
  const isAgreed = (): boolean =>
    group.length > 0 && group.length >= Math.min(found.length, Math.max(fewestAgreeing, minAgreeing * found.length));
  const finerCrystals = found.filter(({ finer }) => finer.factor > 1).length;
  const total = short.reduce((sum, { spots }) => sum + spots.length / 3, 0);
  if (!isAgreed() && finerCrystals === 0 && short.length === crystals.length && total >= fewestAlone) {
    found.length = 0;
    for (const [i, finer] of pooledLattices(short).entries()) add(short[i] as SpottedCrystal, finer);
    group = largestGroup(found);
  }
  const [first] = group;
  if (!first || !isAgreed()) {
    const isMany = finerCrystals >= Math.max(fewestAgreeing, minDisagreeing * found.length);
    return isMany ? { disagreeing: [finerCrystals, found.length] } : undefined;
  }
  let [peaks, needing, byChance] = [0, 0, 0];
  for (const finerCrystal of group) {
    const need = countSupport(finerCrystal.finer, finerCrystal.crystal.spots);
    [peaks, needing, byChance] = [peaks + need.explained, needing + need.needing, byChance + need.byChance];
  }
  if (probabilityOf(needing, byChance) <= minProbability) return 'needed';
  // A crystal in a coincidence orientation has the finer lattice with the axes of the known cell exchanged or mixed.
  const bends = group.map(({ cell, finer }) => latticeBend(cell, finer.cell));
  const { cell } = group[bends.indexOf(Math.min(...bends))] ?? first;
  return { factor: first.finer.factor, cell: reducedCell(cell).cell, peaks, needing, byChance };
}

/** Centrings that do not tell the axes apart. */
const alike: readonly string[] = ['P', 'I', 'F'];
/** Another order of the axes is nearer by this fraction of the edges' sum; less is the scatter of equal edges. */
const minNearer = 0.005;

/**
 * The axes of a crystal in the order in which its edges are nearest to those of the known cell: if a multiple of one
 * edge is nearly as long as another, crystals are found with both exchanged, and a class would be divided among them.
 */
function nearestSetting(cell: Cell, { cell: known, centring }: KnownCell): Cell {
  if (!alike.includes(centring)) return cell;
  const wanted = lengthsOf(known);
  const least = minNearer * (wanted[0] + wanted[1] + wanted[2]);
  const off = (one: Cell): number =>
    lengthsOf(one).reduce(
      (sum, length, i) => sum + Math.abs(length - (wanted[i] as number)),
      one === cell ? -least : 0,
    );
  const [a, b, c] = cell;
  const orders: readonly Cell[] = [cell, [b, c, a], [c, a, b], [b, a, c], [a, c, b], [c, b, a]];
  return orders.reduce((best, order) => (off(order) < off(best) ? order : best));
}

/** Whether a centring forbids a reflection; for H in both of its settings, because twins have the reflections of both. */
const isForbidden = (centring: Centring, h: number, k: number, l: number): boolean =>
  isAbsent(centring, h, k, l) && (centring !== 'H' || isAbsent(centring, -h, -k, l));

const offWhole = (x: number): number => Math.abs(x - Math.round(x));

interface EmptyClass extends IndexClass {
  readonly outside: number;
  readonly chance: number;
}

/** The class with the fewest peaks outside, if chance explains them; of several the one of the larger multiple. */
function emptyClass(indices: Int16Array, unexplained: number): EmptyClass | undefined {
  const count = indices.length / 3;
  let best: EmptyClass | undefined;
  if (count < fewest) return undefined;
  for (const { p, u } of [...indexClasses, ...largeClasses]) {
    const most = Math.min(maxOutside * count, best?.outside ?? Number.POSITIVE_INFINITY);
    const [x, y, z] = u;
    let outside = 0;
    for (let i = 0; i < indices.length && outside <= most; i += 3)
      if ((x * (indices[i] as number) + y * (indices[i + 1] as number) + z * (indices[i + 2] as number)) % p !== 0)
        outside++;
    if (outside > most || outside >= maxOutside * count) continue;
    const chance = (1 - 1 / p) * ((4 * Math.PI) / 3) * near ** 3 * (unexplained + outside);
    if (probabilityOf(outside, chance) > minProbability) best = { p, u, outside, chance };
  }
  return best;
}

/** The probability of a count or a larger one, of a Poisson distribution. */
function probabilityOf(count: number, mean: number): number {
  let term = Math.exp(-mean);
  let below = 0;
  for (let i = 0; i < count; i++) {
    below += term;
    term *= mean / (i + 1);
  }
  return 1 - below;
}

/** The indices of a class, [n, 3], over its lattice. */
function indicesOfClass({ p, u }: IndexClass, indices: Int16Array): Int16Array<ArrayBuffer> {
  const at = replacedBy(u);
  const kept = new Int16Array(indices.length);
  let count = 0;
  for (let i = 0; i < indices.length; i += 3) {
    const own = indices.subarray(i, i + 3);
    const sum = own.reduce((all, x, k) => all + x * (u[k] as number), 0);
    if (sum % p !== 0) continue;
    kept.set(own, count);
    kept[count + at] = sum / p;
    count += 3;
  }
  return kept.slice(0, count);
}

/** Whether indices vary in all directions. */
function areSpatial(indices: Int16Array): boolean {
  const moments = [0, 1, 2].map((a) =>
    [0, 1, 2].map((b) => {
      let sum = a === b ? 1e-9 : 0;
      for (let i = 0; i < indices.length; i += 3) sum += (indices[i + a] as number) * (indices[i + b] as number);
      return sum / Math.max(1, indices.length / 3);
    }),
  ) as unknown as Cell;
  // Rows of `reciprocal` are those of the inverse of a symmetric matrix.
  const [a, b, c] = reciprocal(moments);
  return 1 / (a[0] + b[1] + c[2]) > minVariance;
}
