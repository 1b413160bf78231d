/**
 * Normal equations of parameters that crystals share, the detector's and those of the known cells. The nine of each
 * crystal are eliminated as soon as its last pair has been added (Schur complement).
 */

import { inverseOf, times } from '../../base/linear.js';
import type { Vector } from '../../crystal/cell.js';
import { strainLength } from '../../crystal/cell-strain.js';

/** Number of parameters of a crystal: three of its rotation, then six of its strain. */
export const locals = 9;

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
}

/** Derivatives of the three predictions of a pair, of which the third does not depend on the detector. */
export class PairDerivatives {
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
  /** Sum over the crystals of the mean variance of their strains. */
  #open = 0;
  /** Of the present crystal: the equations of its parameters, and what couples them to shared ones, [9, n]. */
  readonly #own = new Float64Array(locals * locals);
  readonly #ownRight = new Float64Array(locals);
  readonly #mixed: Float64Array;
  /** Its contribution to the right-hand side, and the shared parameters on which it depends. */
  readonly #share: Float64Array;
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

  /** Adds a pair of the present crystal: its residuals, and the weight of each. */
  add(residual: Vector, weights: Vector, { own: local, count, rows, shared }: PairDerivatives): void {
    const [n, own, ownRight, mixed, share] = [this.#n, this.#own, this.#ownRight, this.#mixed, this.#share];
    const { matrix } = this.#half;
    for (let i = 0; i < count; i++) this.#touch(rows[i] as number);
    for (let k = 0; k < 3; k++) {
      const w = weights[k] as number;
      const off = residual[k] as number;
      const at = k * locals;
      // Below the diagonal of symmetric matrices; see `mirrored`.
      for (let a = 0; a < locals; a++) {
        const da = w * (local[at + a] as number);
        ownRight[a] = (ownRight[a] as number) + da * off;
        const row = a * locals;
        for (let b = 0; b <= a; b++) own[row + b] = (own[row + b] as number) + da * (local[at + b] as number);
      }
      if (k === 2) continue;
      for (let i = 0; i < count; i++) {
        const column = rows[i] as number;
        const di = w * (shared[2 * i + k] as number);
        share[column] = (share[column] as number) + di * off;
        for (let a = 0; a < locals; a++)
          mixed[a * n + column] = (mixed[a * n + column] as number) + di * (local[at + a] as number);
        for (let j = 0; j < count; j++) {
          const other = rows[j] as number;
          if (other > column) continue;
          const place = column * n + other;
          matrix[place] = (matrix[place] as number) + di * (shared[2 * j + k] as number);
        }
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
        mixed[(3 + m) * n + at] = -x;
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
    mirrored(this.#own, locals);
    const inverse = inverseOf(this.#own, locals);
    // The step is added last: the half of the next crystal follows from it.
    const step = inverse ? this.#eliminated(inverse, used) : () => new Float64Array(locals);
    this.#steps.push(step);
    for (const a of used) {
      this.#share[a] = 0;
      this.#isTouched[a] = 0;
      for (let k = 0; k < locals; k++) this.#mixed[k * this.#n + a] = 0;
    }
    this.#touched.length = 0;
    this.#own.fill(0);
    this.#ownRight.fill(0);
  }

  /** Eliminates the crystal's parameters, given the inverse of their matrix; returns their step. */
  #eliminated(inverse: Float64Array, used: Int32Array): (by: Float64Array) => Float64Array {
    const [n, m, share] = [this.#n, used.length, this.#share];
    const { matrix, right } = this.#half;
    for (let k = 3; k < locals; k++) this.#open += (inverse[k * (locals + 1)] as number) / strainLength;
    const alone = times(inverse, this.#ownRight, locals);
    // What couples the crystal's parameters to each shared one on which it depends, and how they respond, [m, locals].
    const mixed = new Float64Array(m * locals);
    const follows = new Float64Array(m * locals);
    for (let j = 0; j < m; j++) {
      for (let k = 0; k < locals; k++) mixed[j * locals + k] = this.#mixed[k * n + (used[j] as number)] as number;
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
      openStrain: this.#open / Math.max(1, this.#steps.length),
    };
  }
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
