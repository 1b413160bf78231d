/** Judges cells by the single images that they index as few spots, and fits them to these. */
import { type BravaisType, bravaisCandidates } from '../../crystal/bravais.js';
import { type Cell, cellFromParameters, dot, norm, reciprocal, type Vector } from '../../crystal/cell.js';
import { primitiveOf } from '../../crystal/centring.js';
import { centringOfType } from '../../crystal/settings.js';
import { inverted, product, rotationOf, stretch, transposed } from '../../crystal/strain.js';
import { inverseOf, solved } from '../../util/linear.js';
import type { FewModel } from '../few/choice.js';
import type { FewSpotParameters } from '../few/parameter-types.js';
import { type Scatter, scatterOf } from '../few/scatter.js';
import type { IndexingInput } from '../input.js';
import type { Crystal, IndexingResult } from '../result.js';
import { reduced } from './metric.js';

/** Images of one run. */
export interface Batch {
  readonly spots: Float32Array;
  readonly offsets: Uint32Array;
}

export function batchOf(images: readonly ArrayLike<number>[]): Batch {
  const offsets = new Uint32Array(images.length + 1);
  for (const [i, image] of images.entries()) offsets[i + 1] = (offsets[i] as number) + image.length / 3;
  const spots = new Float32Array(3 * (offsets[images.length] as number));
  for (const [i, image] of images.entries()) spots.set(image, 3 * (offsets[i] as number));
  return { spots, offsets };
}

/** Odds from which an image counts as indexed, and those without which it takes no part in a fit, as powers of ten. */
const [indexedOdds, fitOdds] = [Math.log(500), 3];
/** Distortion up to which a lattice is fitted as one of the symmetry: its settings could not be told apart. */
const symmetric = 2e-3;
/** The same of a lattice that is named. */
const symmetricAsNamed = 0.03;
/** Strains of a step are of this size, at most about. */
const largestStrain = 0.01;
/** Orientations with less of the odds of an image are left out; spots within this χ² of a node belong to it. */
const [leastPart, nearNode] = [0.01, 14];
/** Fewest images of a fit. */
const fewestImages = 3;

/** What images say about a cell. */
export interface Verdict {
  /** Sum over the images of ln(½ + ½ B), where B are the odds of the cell against no lattice. */
  readonly odds: number;
  /** Images that it indexes, by number, and their part of all. */
  readonly indexed: readonly number[];
  readonly share: number;
  /** Images of which it explains less than chance would. */
  readonly unexplained: number;
}

/** A fitted cell. */
export interface FittedCell {
  readonly cell: Cell;
  /** Images that took part. */
  readonly used: number;
  /**
   * Covariance of its strain, six numbers as of strain.ts in the axes of the cell, wider where images scatter by more than
   * their spots tell; undefined if none is determined.
   */
  readonly covariance: Float64Array | undefined;
}

/** Images of few spots with the beam that they are of. */
export class Frames {
  readonly #run: (input: IndexingInput) => Promise<IndexingResult>;
  readonly #beam: FewSpotParameters & { readonly wavelengthA: number };
  readonly #model: FewModel;

  constructor(
    run: (input: IndexingInput) => Promise<IndexingResult>,
    beam: FewSpotParameters & { readonly wavelengthA: number },
    model: FewModel,
  ) {
    this.#run = run;
    this.#beam = beam;
    this.#model = model;
  }

  #indexed(cell: Cell, batch: Batch): Promise<IndexingResult> {
    return this.#run({ ...batch, ...this.#model, cells: cell, wavelengthA: this.#beam.wavelengthA, ...once });
  }

  async verdict(cell: Cell, batch: Batch): Promise<Verdict> {
    const result = await this.#indexed(cell, batch);
    const indexed: number[] = [];
    let [odds, unexplained] = [0, 0];
    for (let i = 0; i < result.images; i++) {
      const [first] = result.image(i).cells();
      const ln = first ? -first.log10Chance * Math.LN10 : Number.NEGATIVE_INFINITY;
      odds += Math.max(ln, 0) + Math.log(0.5 + 0.5 * Math.exp(-Math.abs(ln)));
      if (ln > indexedOdds) indexed.push(i);
      if (ln <= 0) unexplained++;
    }
    return { odds, indexed, share: indexed.length / result.images, unexplained };
  }

  /**
   * Fits a cell to the images that it indexes, each by its orientations as probable as they are; the images are indexed
   * with the cell of a lattice, if `type` names one that it is near to.
   */
  async fitted(start: Cell, batch: Batch, { rounds = 2, type }: Fitting = {}): Promise<FittedCell> {
    let best: FittedCell = { cell: start, used: 0, covariance: undefined };
    const scatterAt = (q: Vector): Scatter => scatterOf(q, this.#beam.wavelengthA, this.#model);
    for (let round = 0; round < rounds; round++) {
      const cell = symmetrised(best.cell, type);
      const fit = new StrainFit(cell);
      const result = await this.#indexed(cell, batch);
      for (let i = 0; i < result.images; i++) {
        const [crystal] = result.image(i).crystals();
        if (!crystal) continue;
        const [from, to] = [batch.offsets[i] as number, batch.offsets[i + 1] as number];
        fit.add(crystal, batch.spots.subarray(3 * from, 3 * to), scatterAt);
      }
      const next = fit.used < fewestImages ? undefined : fit.solution();
      if (!next) return best;
      best = next;
    }
    return best;
  }
}
/** One lattice an image; those that take part in a fit are accepted. */
const once = { maxCrystals: 1, acceptLog10: -fitOdds } as const;

/** How a cell is fitted. */
interface Fitting {
  readonly rounds?: number;
  readonly type?: BravaisType | undefined;
}

/** A cell with the symmetry that it has nearly, or is to have, so that equivalent settings of an image are no rivals. */
function symmetrised(cell: Cell, type: BravaisType | undefined): Cell {
  const named =
    type && bravaisCandidates(cell, symmetricAsNamed).find((bravaisCandidate) => bravaisCandidate.type === type);
  const first = named ?? bravaisCandidates(cell, symmetric)[0];
  if (!first || first.type === 'aP') return cell;
  return reduced(primitiveOf(cellFromParameters(...first.parameters), centringOfType(first.type))) ?? cell;
}

/** The least squares of the strain of a cell, with the turn of each image projected out. */
class StrainFit {
  used = 0;
  readonly #cell: Cell;
  readonly #star: Cell;
  readonly #normal = new Float64Array(36);
  readonly #right = new Float64Array(6);
  /** What each image adds to them. */
  readonly #images: Equations[] = [];
  /** What images would tell more if their orientations were known. */
  readonly #missing = new Float64Array(36);

  constructor(cell: Cell) {
    this.#cell = cell;
    this.#star = reciprocal(cell);
  }

  add({ cell, mask, rivals, rivalOdds = [] }: Crystal, spots: Float32Array, scatterAt: (q: Vector) => Scatter): void {
    const all = 1 + rivalOdds.reduce((sum, odds) => sum + odds, 0);
    const [normal, right, squares] = [new Float64Array(36), new Float64Array(6), new Float64Array(36)];
    for (const [n, orientation] of [cell, ...rivals].entries()) {
      const part = (n === 0 ? 1 : (rivalOdds[n - 1] ?? 0)) / all;
      const own = part > leastPart && this.#equations(orientation, n === 0 ? mask : undefined, spots, scatterAt);
      if (!own) continue;
      for (let u = 0; u < 6; u++) {
        right[u] = (right[u] as number) + part * (own.right[u] as number);
        for (let v = 0; v < 6; v++) {
          const at = 6 * u + v;
          normal[at] = (normal[at] as number) + part * (own.normal[at] as number);
          squares[at] = (squares[at] as number) + part * (own.right[u] as number) * (own.right[v] as number);
        }
      }
    }
    for (let u = 0; u < 6; u++) {
      this.#right[u] = (this.#right[u] as number) + (right[u] as number);
      for (let v = 0; v < 6; v++) {
        const at = 6 * u + v;
        this.#normal[at] = (this.#normal[at] as number) + (normal[at] as number);
        this.#missing[at] =
          (this.#missing[at] as number) + (squares[at] as number) - (right[u] as number) * (right[v] as number);
      }
    }
    this.#images.push({ normal, right });
    this.used++;
  }

  /** What an orientation of an image adds to the equations, by the spots of the mask or by those near to a node. */
  #equations(
    cell: Cell,
    mask: ArrayLike<number> | undefined,
    spots: Float32Array,
    scatterAt: (q: Vector) => Scatter,
  ): Equations | undefined {
    const turn = rotationOf(product(inverted(this.#cell), cell));
    const back = transposed(turn);
    // Strain and turn: nine unknowns of the image.
    const [normal, right] = [new Float64Array(81), new Float64Array(9)];
    for (let i = 0; i < spots.length / 3; i++) {
      if (mask && !mask[i]) continue;
      const q: Vector = [spots[3 * i] as number, spots[3 * i + 1] as number, spots[3 * i + 2] as number];
      const [h, k, l] = cell.map((edge) => Math.round(dot(edge, q))) as unknown as Vector;
      const p = combined([h, k, l], this.#star);
      const off = combined(q, back).map((x, axis) => x - (p[axis] as number)) as unknown as Vector;
      const precision = turnedPrecision(scatterAt(q), turn);
      if (!precision || (!mask && (norm(p) === 0 || squareOf(precision, off) > nearNode))) continue;
      addSpot(normal, right, { p, off, precision });
    }
    // Little is known of the turn about spots in one row.
    for (let a = 6; a < 9; a++) normal[10 * a] = (normal[10 * a] as number) + 1e-6;
    return projected(normal, right);
  }

  /** By how much images scatter more than their spots' errors say: factors of the errors of the six strains, at least 1. */
  #scatter(covariance: Float64Array, strain: ArrayLike<number>): number[] {
    const sums = new Float64Array(6);
    for (const { normal, right } of this.#images) {
      const score = right.map((x, u) => x - alongRow(normal, u, strain));
      for (let u = 0; u < 6; u++) sums[u] = (sums[u] as number) + alongRow(covariance, u, score) ** 2;
    }
    const n = this.#images.length;
    return Array.from(sums, (sum, u) => Math.sqrt(Math.max(1, (sum * n) / (n - 1) / (covariance[7 * u] as number))));
  }

  /** The covariance without what is missing, or with a part of that where images tell hardly anything. */
  #covariance(): Float64Array | undefined {
    for (const part of [1, 0.8, 0.5, 0]) {
      const known = this.#normal.map((x, i) => x - part * (this.#missing[i] as number));
      const inverse = inverseOf(known, 6);
      if (inverse && [0, 1, 2, 3, 4, 5].every((u) => (inverse[7 * u] as number) > 0)) return inverse;
    }
    return undefined;
  }

  solution(): FittedCell | undefined {
    const covariance = this.#covariance();
    const held = this.#normal.slice();
    for (let u = 0; u < 6; u++) held[7 * u] = (held[7 * u] as number) + largestStrain ** -2;
    const strain = solved(held, this.#right, 6);
    if (!strain) return undefined;
    const cell = reduced(reciprocal(product(this.#star, stretch(strain))));
    const factors = covariance ? this.#scatter(covariance, strain) : [];
    const wider = covariance?.map((x, i) => x * (factors[Math.floor(i / 6)] as number) * (factors[i % 6] as number));
    // A reduced cell keeps its axes in space, so that the covariance remains that of its strain.
    return cell && { cell, used: this.used, covariance: wider };
  }
}

/** The product of a row of a 6 × 6 matrix with six numbers. */
function alongRow(matrix: Float64Array, row: number, six: ArrayLike<number>): number {
  let sum = 0;
  for (let v = 0; v < 6; v++) sum += (matrix[6 * row + v] as number) * (six[v] as number);
  return sum;
}

/** Normal equations of six strains. */
interface Equations {
  readonly normal: Float64Array;
  readonly right: Float64Array;
}

/** The equations of six strains, whatever the turn is. */
function projected(normal: Float64Array, right: Float64Array): Equations | undefined {
  const turns = new Float64Array(9);
  for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) turns[3 * a + b] = normal[9 * (a + 6) + b + 6] as number;
  const inverse = inverseOf(turns, 3);
  if (!inverse) return undefined;
  const own = { normal: new Float64Array(36), right: new Float64Array(6) };
  for (let u = 0; u < 6; u++) {
    const along = [0, 1, 2].map((b) =>
      [0, 1, 2].reduce((sum, a) => sum + (normal[9 * u + a + 6] as number) * (inverse[3 * a + b] as number), 0),
    );
    const less = (of: (b: number) => number): number => along.reduce((sum, x, b) => sum + x * of(b), 0);
    own.right[u] = (right[u] as number) - less((b) => right[b + 6] as number);
    for (let v = 0; v < 6; v++)
      own.normal[6 * u + v] = (normal[9 * u + v] as number) - less((b) => normal[9 * v + b + 6] as number);
  }
  return own;
}

const squareOf = (precision: Float64Array, [x, y, z]: Vector): number => {
  const at = (i: number): number => precision[i] as number;
  return x * x * at(0) + y * y * at(4) + z * z * at(8) + 2 * (x * y * at(1) + x * z * at(2) + y * z * at(5));
};

const combined = ([h, k, l]: Vector, rows: Cell): Vector => {
  const at = (i: 0 | 1 | 2): number => h * rows[0][i] + k * rows[1][i] + l * rows[2][i];
  return [at(0), at(1), at(2)];
};

/** The inverse of a covariance in the axes of the crystal; `turn` takes these to the laboratory. */
function turnedPrecision([xx, xy, xz, yy, yz, zz]: Scatter, turn: Cell): Float64Array | undefined {
  const precision = inverseOf(Float64Array.of(xx, xy, xz, xy, yy, yz, xz, yz, zz), 3);
  if (!precision) return undefined;
  const m = [0, 3, 6].map((i) => [precision[i], precision[i + 1], precision[i + 2]]) as unknown as Cell;
  return Float64Array.from(product(product(turn, m), transposed(turn)).flat());
}

interface FitSpot {
  /** The node, and the spot from there, in the axes of the crystal. */
  readonly p: Vector;
  readonly off: Vector;
  readonly precision: Float64Array;
}

/** Adds a spot to the equations of an image: six strains, by which nodes move, then three turns. */
function addSpot(normal: Float64Array, right: Float64Array, { p: [x, y, z], off, precision }: FitSpot): void {
  const s = Math.SQRT1_2;
  const columns: Vector[] = [
    [x, 0, 0],
    [0, y, 0],
    [0, 0, z],
    [0, s * z, s * y],
    [s * z, 0, s * x],
    [s * y, s * x, 0],
    [0, -z, y],
    [z, 0, -x],
    [-y, x, 0],
  ];
  const rows: Cell = [0, 3, 6].map((i) => [precision[i], precision[i + 1], precision[i + 2]]) as unknown as Cell;
  for (const [u, column] of columns.entries()) {
    const weighed = combined(column, rows);
    right[u] = (right[u] as number) + dot(weighed, off);
    for (const [v, other] of columns.entries()) normal[9 * u + v] = (normal[9 * u + v] as number) + dot(weighed, other);
  }
}
