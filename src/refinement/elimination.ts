/**
 * Normal equations of parameters that crystals share, the detector's and those of the known cells. The nine of each
 * crystal are eliminated as soon as its last pair has been added (Schur complement).
 */

import { strainLength } from '../crystal/cell-strain.js';
import { inverseOf, times } from '../util/linear.js';
import { locals } from './ray.js';

/** A matrix, [n, n], and a right-hand side. */
export interface Equations {
  readonly matrix: Float64Array;
  readonly right: Float64Array;
}

/** What a crystal contributes to the right-hand side, in the rows of the shared parameters on which it depends. */
export interface Share {
  readonly rows: Int32Array;
  readonly values: Float64Array;
}

/** Normal equations of the detector and the known cells, with the crystals eliminated. */
export interface Normal extends Equations {
  /** The same of the first, third, … crystal, and of the others. */
  readonly halves: readonly [Equations, Equations];
  readonly shares: readonly Share[];
  /** For each crystal: the step of its parameters that follows from a step of the shared ones. */
  readonly steps: readonly ((by: Float64Array) => Float64Array)[];
  /** Mean variance of the crystals' strains that the fit leaves undetermined, in thousandths squared. */
  readonly openStrain: number;
  /** Mean over the crystals of the squares of their steps in standard errors, if the shared parameters do not move. */
  readonly ownStep: number;
}

/** A pair: its residuals, and derivatives of its predictions, of which the third does not depend on the detector. */
export class PairDerivatives {
  readonly residual = new Float64Array(3);
  /** The weights of its position and of its excitation error. */
  readonly weights = new Float64Array(2);
  /** Space for whoever sets the derivatives. */
  readonly arm = new Float64Array(3);
  /** With respect to the crystal's parameters, [3, 9]. */
  readonly own = new Float64Array(3 * locals);
  /** Number of shared parameters; for each, its row in the equations, and the derivatives of the first two. */
  count = 0;
  readonly rows: Int32Array;
  readonly shared: Float64Array;

  constructor(most: number) {
    this.rows = new Int32Array(most);
    this.shared = new Float64Array(2 * most);
  }
}

/** Collects the equations; crystals are added one after another. */
export class Elimination {
  readonly #n: number;
  readonly #halves: readonly [Equations, Equations];
  readonly #shares: Share[] = [];
  readonly #steps: ((by: Float64Array) => Float64Array)[] = [];
  /** Sums over the crystals of the mean variance of their strains, and of their steps in standard errors, squared. */
  readonly #sums = new Float64Array(2);
  /**
   * Of the present crystal: the equations of its parameters, up to the diagonal, and what couples them to shared ones,
   * [n, 9].
   */
  readonly #own = new Float64Array(locals * locals);
  readonly #ownRight = new Float64Array(locals);
  readonly #mixed: Float64Array;
  /** Its contribution to the right-hand side, and the shared parameters on which it depends. */
  readonly #share: Float64Array;
  readonly #factors = new Float64Array(3);
  readonly #touched: number[] = [];
  readonly #isTouched: Uint8Array;

  constructor(n: number) {
    const equations = (): Equations => ({ matrix: new Float64Array(n * n), right: new Float64Array(n) });
    this.#n = n;
    this.#halves = [equations(), equations()];
    this.#mixed = new Float64Array(locals * n);
    this.#share = new Float64Array(n);
    this.#isTouched = new Uint8Array(n);
  }

  /** The equations to which the present crystal contributes. */
  get #half(): Equations {
    return this.#halves[this.#steps.length % 2] as Equations;
  }

  /** Adds a pair of the present crystal. */
  add({ residual, weights, own: local, count, rows, shared }: PairDerivatives): void {
    const n = this.#n;
    const own = this.#own;
    const ownRight = this.#ownRight;
    const mixed = this.#mixed;
    const share = this.#share;
    const perPx = weights[0] as number;
    const perExcitation = weights[1] as number;
    const f = perPx * (residual[0] as number);
    const s = perPx * (residual[1] as number);
    const e = perExcitation * (residual[2] as number);
    const factors = this.#factors;
    for (let a = 0; a < locals; a++) {
      const df = local[a] as number;
      const ds = local[locals + a] as number;
      const de = local[2 * locals + a] as number;
      ownRight[a] = (ownRight[a] as number) + df * f + ds * s + de * e;
      factors[0] = perPx * df;
      factors[1] = perPx * ds;
      factors[2] = perExcitation * de;
      // What is above the diagonal is not used.
      addDerivatives(own, a * locals, local, factors, a + 1);
    }
    const { matrix } = this.#half;
    for (let i = 0; i < count; i++) {
      const column = rows[i] as number;
      this.#touch(column);
      const df = shared[2 * i] as number;
      const ds = shared[2 * i + 1] as number;
      share[column] = (share[column] as number) + df * f + ds * s;
      factors[0] = perPx * df;
      factors[1] = perPx * ds;
      factors[2] = 0;
      addDerivatives(mixed, column * locals, local, factors, locals);
      // Below the diagonal of a symmetric matrix; see `mirrored`.
      for (let j = 0; j < count; j++) {
        const other = rows[j] as number;
        if (other > column) continue;
        const place = column * n + other;
        matrix[place] =
          (matrix[place] as number) + perPx * (df * (shared[2 * j] as number) + ds * (shared[2 * j + 1] as number));
      }
    }
  }

  /**
   * Adds the prior of the present crystal's strain, which is that of the known cell with a scatter: peaks do not know
   * how they divide. `cell` contains the rows of the known cell's strain, if there is one, and `frame` the strains of
   * that cell in the laboratory.
   */
  addPrior(strain: Float64Array, weight: number, cell: readonly number[], frame: Float64Array): void {
    const [n, own, ownRight, mixed, share] = [this.#n, this.#own, this.#ownRight, this.#mixed, this.#share];
    const { matrix } = this.#half;
    for (let k = 0; k < strainLength; k++) {
      own[(3 + k) * (locals + 1)] = (own[(3 + k) * (locals + 1)] as number) + weight;
      ownRight[3 + k] = (ownRight[3 + k] as number) - weight * (strain[k] as number);
      // That of the rotation only keeps the matrix positive definite.
      if (k < 3) own[k * (locals + 1)] = (own[k * (locals + 1)] as number) + 1e-6;
      const at = cell[k] ?? -1;
      if (at < 0) continue;
      this.#touch(at);
      for (let m = 0; m < strainLength; m++) {
        const x = weight * (frame[k * strainLength + m] as number);
        mixed[at * locals + 3 + m] = -x;
        share[at] = (share[at] as number) + x * (strain[m] as number);
        for (let j = 0; j < strainLength; j++) {
          const other = cell[j] as number;
          if (other > at) continue;
          const place = at * n + other;
          matrix[place] = (matrix[place] as number) + x * (frame[j * strainLength + m] as number);
        }
      }
    }
  }

  /** The present crystal depends on a shared parameter. */
  #touch(row: number): void {
    if (this.#isTouched[row]) return;
    this.#isTouched[row] = 1;
    this.#touched.push(row);
  }

  /** Ends the present crystal. */
  eliminate(): void {
    const used = Int32Array.from(this.#touched).sort();
    const inverse = inverseOf(this.#own, locals);
    // The step is added last: the half of the next crystal follows from it.
    const step = inverse ? this.#eliminated(inverse, used) : () => new Float64Array(locals);
    this.#steps.push(step);
    for (const a of used) {
      this.#share[a] = 0;
      this.#isTouched[a] = 0;
      this.#mixed.fill(0, a * locals, (a + 1) * locals);
    }
    this.#touched.length = 0;
    this.#own.fill(0);
    this.#ownRight.fill(0);
  }

  /** Eliminates the crystal's parameters, given the inverse of their matrix; returns their step. */
  #eliminated(inverse: Float64Array, used: Int32Array): (by: Float64Array) => Float64Array {
    const [n, m, share] = [this.#n, used.length, this.#share];
    const { matrix, right } = this.#half;
    const alone = times(inverse, this.#ownRight, locals);
    const sums = this.#sums;
    for (let k = 0; k < locals; k++) {
      if (k >= 3) sums[0] = (sums[0] as number) + (inverse[k * (locals + 1)] as number) / strainLength;
      sums[1] = (sums[1] as number) + (alone[k] as number) * (this.#ownRight[k] as number);
    }
    // What couples the crystal's parameters to each shared one on which it depends, and how they respond, [m, locals].
    const mixed = new Float64Array(m * locals);
    const follows = new Float64Array(m * locals);
    for (let j = 0; j < m; j++) {
      const from = (used[j] as number) * locals;
      for (let k = 0; k < locals; k++) mixed[j * locals + k] = this.#mixed[from + k] as number;
      for (let k = 0; k < locals; k++) {
        let sum = 0;
        for (let l = 0; l < locals; l++) sum += (inverse[k * locals + l] as number) * (mixed[j * locals + l] as number);
        follows[j * locals + k] = sum;
      }
    }
    const values = new Float64Array(m);
    for (let i = 0; i < m; i++) {
      const a = used[i] as number;
      let sum = share[a] as number;
      for (let k = 0; k < locals; k++) sum -= (mixed[i * locals + k] as number) * (alone[k] as number);
      values[i] = sum;
      right[a] = (right[a] as number) + sum;
    }
    this.#shares.push({ rows: used, values });
    subtractBlock(matrix, n, used, mixed, follows);
    return (by) => {
      const step = Float64Array.from(alone);
      for (let j = 0; j < m; j++)
        for (let k = 0; k < locals; k++)
          step[k] = (step[k] as number) - (follows[j * locals + k] as number) * (by[used[j] as number] as number);
      return step;
    };
  }

  /** The equations of all crystals. */
  normal(): Normal {
    const [first, second] = this.#halves;
    for (const { matrix } of this.#halves) mirrored(matrix, this.#n);
    return {
      matrix: sumOf(first.matrix, second.matrix),
      right: sumOf(first.right, second.right),
      halves: this.#halves,
      shares: this.#shares,
      steps: this.#steps,
      openStrain: (this.#sums[0] as number) / Math.max(1, this.#steps.length),
      ownStep: (this.#sums[1] as number) / Math.max(1, this.#steps.length),
    };
  }
}

/**
 * Adds the first `count` derivatives of three predictions with respect to a crystal's parameters, [3, 9], each times
 * its factor. A loop would take twice as long, and so would factors as arguments: numbers are allocated to be passed.
 */
function addDerivatives(
  into: Float64Array,
  at: number,
  local: Float64Array,
  factors: Float64Array,
  count: number,
): void {
  const f = factors[0] as number;
  const s = factors[1] as number;
  const e = factors[2] as number;
  into[at + 0] =
    (into[at + 0] as number) + f * (local[0] as number) + s * (local[9] as number) + e * (local[18] as number);
  if (count === 1) return;
  into[at + 1] =
    (into[at + 1] as number) + f * (local[1] as number) + s * (local[10] as number) + e * (local[19] as number);
  if (count === 2) return;
  into[at + 2] =
    (into[at + 2] as number) + f * (local[2] as number) + s * (local[11] as number) + e * (local[20] as number);
  if (count === 3) return;
  into[at + 3] =
    (into[at + 3] as number) + f * (local[3] as number) + s * (local[12] as number) + e * (local[21] as number);
  if (count === 4) return;
  into[at + 4] =
    (into[at + 4] as number) + f * (local[4] as number) + s * (local[13] as number) + e * (local[22] as number);
  if (count === 5) return;
  into[at + 5] =
    (into[at + 5] as number) + f * (local[5] as number) + s * (local[14] as number) + e * (local[23] as number);
  if (count === 6) return;
  into[at + 6] =
    (into[at + 6] as number) + f * (local[6] as number) + s * (local[15] as number) + e * (local[24] as number);
  if (count === 7) return;
  into[at + 7] =
    (into[at + 7] as number) + f * (local[7] as number) + s * (local[16] as number) + e * (local[25] as number);
  if (count === 8) return;
  into[at + 8] =
    (into[at + 8] as number) + f * (local[8] as number) + s * (local[17] as number) + e * (local[26] as number);
}

/**
 * Subtracts what a crystal's parameters explain, mixed · followsᵀ, from the rows and columns of the shared parameters on
 * which it depends, below the diagonal. This is most of the work for a detector of many panels.
 */
function subtractBlock(
  matrix: Float64Array,
  n: number,
  used: Int32Array,
  mixed: Float64Array,
  follows: Float64Array,
): void {
  for (let i = 0; i < used.length; i++) {
    const row = (used[i] as number) * n;
    const at = i * locals;
    const m0 = mixed[at] as number;
    const m1 = mixed[at + 1] as number;
    const m2 = mixed[at + 2] as number;
    const m3 = mixed[at + 3] as number;
    const m4 = mixed[at + 4] as number;
    const m5 = mixed[at + 5] as number;
    const m6 = mixed[at + 6] as number;
    const m7 = mixed[at + 7] as number;
    const m8 = mixed[at + 8] as number;
    for (let j = 0; j <= i; j++) {
      const f = j * locals;
      const place = row + (used[j] as number);
      matrix[place] =
        (matrix[place] as number) -
        (m0 * (follows[f] as number) +
          m1 * (follows[f + 1] as number) +
          m2 * (follows[f + 2] as number) +
          m3 * (follows[f + 3] as number) +
          m4 * (follows[f + 4] as number) +
          m5 * (follows[f + 5] as number) +
          m6 * (follows[f + 6] as number) +
          m7 * (follows[f + 7] as number) +
          m8 * (follows[f + 8] as number));
    }
  }
}

/** Copies what is below the diagonal of a symmetric matrix, [n, n], to above it. */
function mirrored(matrix: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix[j * n + i] = matrix[i * n + j] as number;
}

function sumOf(a: Float64Array, b: Float64Array): Float64Array {
  const sum = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = (a[i] as number) + (b[i] as number);
  return sum;
}
