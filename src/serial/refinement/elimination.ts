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

/** Normal equations of the detector and the known cells, with the crystals eliminated. */
export interface Normal extends Equations {
  /** The same of the first, third, … crystal, and of the others. */
  readonly halves: readonly [Equations, Equations];
  /** Sum of the outer products of the crystals' contributions to the right-hand side. */
  readonly scatter: Float64Array;
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
  readonly #scatter: Float64Array;
  readonly #steps: ((by: Float64Array) => Float64Array)[] = [];
  /** Sum over the crystals of the mean variance of their strains. */
  #open = 0;
  /** Of the present crystal: the equations of its parameters, and what couples them to shared ones, [9, n]. */
  readonly #own = new Float64Array(locals * locals);
  readonly #ownRight = new Float64Array(locals);
  readonly #mixed: Float64Array;
  /** Its contribution to the right-hand side, and the shared parameters on which it depends. */
  readonly #share: Float64Array;
  readonly #touched = new Set<number>();

  constructor(n: number) {
    const equations = (): Equations => ({ matrix: new Float64Array(n * n), right: new Float64Array(n) });
    this.#n = n;
    this.#halves = [equations(), equations()];
    this.#scatter = new Float64Array(n * n);
    this.#mixed = new Float64Array(locals * n);
    this.#share = new Float64Array(n);
  }

  /** The equations to which the present crystal contributes. */
  get #half(): Equations {
    return this.#halves[this.#steps.length % 2] as Equations;
  }

  /** Adds a pair of the present crystal: its residuals, and the weight of each. */
  add(residual: Vector, weights: Vector, { own: local, count, rows, shared }: PairDerivatives): void {
    const [n, own, ownRight, mixed, share] = [this.#n, this.#own, this.#ownRight, this.#mixed, this.#share];
    const { matrix } = this.#half;
    for (let i = 0; i < count; i++) this.#touched.add(rows[i] as number);
    for (let k = 0; k < 3; k++) {
      const w = weights[k] as number;
      const off = residual[k] as number;
      for (let a = 0; a < locals; a++) {
        const da = w * (local[k * locals + a] as number);
        ownRight[a] = (ownRight[a] as number) + da * off;
        for (let b = 0; b < locals; b++)
          own[a * locals + b] = (own[a * locals + b] as number) + da * (local[k * locals + b] as number);
      }
      if (k === 2) continue;
      for (let i = 0; i < count; i++) {
        const at = rows[i] as number;
        const di = w * (shared[2 * i + k] as number);
        share[at] = (share[at] as number) + di * off;
        for (let a = 0; a < locals; a++)
          mixed[a * n + at] = (mixed[a * n + at] as number) + di * (local[k * locals + a] as number);
        for (let j = 0; j < count; j++) {
          const other = at * n + (rows[j] as number);
          matrix[other] = (matrix[other] as number) + di * (shared[2 * j + k] as number);
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
      this.#touched.add(at);
      for (let m = 0; m < strainLength; m++) {
        const x = weight * (frame[k * strainLength + m] as number);
        mixed[(3 + m) * n + at] = -x;
        share[at] = (share[at] as number) + x * (strain[m] as number);
        for (let j = 0; j < strainLength; j++) {
          const other = at * n + (cell[j] as number);
          matrix[other] = (matrix[other] as number) + x * (frame[j * strainLength + m] as number);
        }
      }
    }
  }

  /** Ends the present crystal. */
  eliminate(): void {
    const used = [...this.#touched].sort((a, b) => a - b);
    const inverse = inverseOf(this.#own, locals);
    // The step is added last: the half of the next crystal follows from it.
    const step = inverse ? this.#eliminated(inverse, used) : () => new Float64Array(locals);
    this.#steps.push(step);
    for (const a of used) {
      this.#share[a] = 0;
      for (let k = 0; k < locals; k++) this.#mixed[k * this.#n + a] = 0;
    }
    this.#touched.clear();
    this.#own.fill(0);
    this.#ownRight.fill(0);
  }

  /** Eliminates the crystal's parameters, given the inverse of their matrix; returns their step. */
  #eliminated(inverse: Float64Array, used: readonly number[]): (by: Float64Array) => Float64Array {
    const [n, mixed, share, scatter] = [this.#n, this.#mixed, this.#share, this.#scatter];
    const { matrix, right } = this.#half;
    for (let k = 3; k < locals; k++) this.#open += (inverse[k * (locals + 1)] as number) / strainLength;
    const alone = times(inverse, this.#ownRight, locals);
    // How the crystal's parameters respond to each shared parameter, [locals, used].
    const follows = new Float64Array(locals * used.length);
    for (const [j, b] of used.entries())
      for (let k = 0; k < locals; k++) {
        let sum = 0;
        for (let m = 0; m < locals; m++) sum += (inverse[k * locals + m] as number) * (mixed[m * n + b] as number);
        follows[k * used.length + j] = sum;
      }
    for (const a of used) {
      let sum = share[a] as number;
      for (let k = 0; k < locals; k++) sum -= (mixed[k * n + a] as number) * (alone[k] as number);
      share[a] = sum;
      right[a] = (right[a] as number) + sum;
    }
    for (const a of used)
      for (const [j, b] of used.entries()) {
        let sum = 0;
        for (let k = 0; k < locals; k++) sum += (mixed[k * n + a] as number) * (follows[k * used.length + j] as number);
        matrix[a * n + b] = (matrix[a * n + b] as number) - sum;
        scatter[a * n + b] = (scatter[a * n + b] as number) + (share[a] as number) * (share[b] as number);
      }
    return (by) => {
      const step = Float64Array.from(alone);
      for (const [j, b] of used.entries())
        for (let k = 0; k < locals; k++)
          step[k] = (step[k] as number) - (follows[k * used.length + j] as number) * (by[b] as number);
      return step;
    };
  }

  /** The equations of all crystals. */
  normal(): Normal {
    const [first, second] = this.#halves;
    return {
      matrix: first.matrix.map((x, i) => x + (second.matrix[i] as number)),
      right: first.right.map((x, i) => x + (second.right[i] as number)),
      halves: this.#halves,
      scatter: this.#scatter,
      steps: this.#steps,
      openStrain: this.#open / Math.max(1, this.#steps.length),
    };
  }
}
