/** The state of a refinement of a geometry: where the parts and the crystals are, and what the pairs say of it. */

import type { Cell, Vector } from '../crystal/cell.js';
import { strained, strainLength } from '../crystal/cell-strain.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { median } from '../util/median.js';
import type { Normal } from './elimination.js';
import { type FitCrystal, type FitProblem, forShift } from './fit-problem.js';
import { milli, perUnit } from './gauge.js';
import { type Plane, planeOf, Ray } from './ray.js';
import { type Motion, movedPanel, placed, turnedRows, type Unit } from './units.js';

/** Spread of the crystals' strains in thousandths: the initial value, and the smallest value that is estimated. */
const [usualStrain, minStrain] = [3, 0.02];
/** Scatter of positions in pixels, of excitation errors in 1/Å, and of strains, at first. */
const firstScatter = [2, 2e-3, usualStrain] as const;
/** Smallest assumed scatter of positions in pixels, and of excitation errors in 1/Å. */
const [minPx, minExcitation] = [0.02, 2e-5];
/**
 * Pairs that deviate by more than this many scatters are ignored (Tukey's biweight, in all three coordinates together).
 */
const gate = 6;
/** Smallest fraction of the prior variance of strains that is taken for determined by the peaks. */
const minKnown = 1e-3;

/** Moves with each step of a fit; the crystals of its problem move with it. */
export class FitState {
  readonly problem: FitProblem;
  /**
   * Accumulated motion, [units, 6] in pixels and milliradians, and strain of the known cells, [lattices, 6] in
   * thousandths.
   */
  readonly motion: Float64Array;
  planes: readonly Plane[];
  /** The residuals of each pair in the present state, [pairs, 3]; NaN where its ray does not meet the panel. */
  readonly residuals: Float64Array;
  readonly ray = new Ray();
  /**
   * The scatters of positions in pixels, of excitation errors in 1/Å, and of the crystals' strains. A field that holds a
   * whole number first would have everything that reads it compiled again.
   */
  readonly scatter = Float64Array.from(firstScatter);

  constructor(problem: FitProblem) {
    const { geometry, crystals, units, ofCells } = problem;
    this.problem = problem;
    this.motion = new Float64Array(perUnit * units.length + ofCells.length);
    this.planes = geometry.panels.map((panel) => planeOf(placed(panel)));
    this.residuals = new Float64Array(3 * crystals.reduce((sum, { count }) => sum + count, 0));
  }

  get sigmaPx(): number {
    return this.scatter[0] as number;
  }
  get sigmaExcitation(): number {
    return this.scatter[1] as number;
  }
  get strain(): number {
    return this.scatter[2] as number;
  }

  /** Remembers where the crystals are; the function that is returned starts a fit from there. */
  remembered(): () => void {
    const starts = this.problem.crystals.map(({ rows }) => rows);
    const sizes = this.problem.lattices.map(({ sizeError }) => sizeError);
    return () => {
      this.motion.fill(0);
      for (const [i, lattice] of this.problem.lattices.entries()) lattice.sizeError = sizes[i] as number;
      for (const [i, crystal] of this.problem.crystals.entries()) {
        crystal.rows = starts[i] as Cell;
        crystal.unstrained = crystal.rows;
        crystal.strain = new Float64Array(strainLength);
      }
      this.scatter.set(firstScatter);
      if (this.problem.trusted) this.scatter[2] = minStrain;
      this.#update();
    };
  }

  /** Moves the detector, the known cells and the crystals by a step. */
  step(active: readonly number[], { steps }: Normal, by: Float64Array): void {
    for (const [i, p] of active.entries()) this.motion[p] = (this.motion[p] as number) + (by[i] as number);
    for (const [i, crystal] of this.problem.crystals.entries()) {
      const step = steps[i]?.(by);
      if (!step) continue;
      const turn: Vector = [milli * (step[0] as number), milli * (step[1] as number), milli * (step[2] as number)];
      // Strains are added, so that a large step leaves the lattice as strained as `strain` says.
      crystal.unstrained = turnedRows(crystal.unstrained, turn);
      for (let k = 0; k < 6; k++) crystal.strain[k] = (crystal.strain[k] as number) + (step[3 + k] as number);
      crystal.rows = strained(crystal.unstrained, crystal.strain);
    }
    this.#update();
  }

  /** Estimates the scatters from the residuals; returns the relative change of those of the peaks. */
  rescale(openStrain: number): number {
    const residuals = this.residuals;
    const positions = new Float64Array((residuals.length / 3) * 2);
    const excitations = new Float64Array(residuals.length / 3);
    let count = 0;
    for (let at = 0; at < residuals.length; at += 3) {
      if (Number.isNaN(residuals[at])) continue;
      positions[2 * count] = Math.abs(residuals[at] as number);
      positions[2 * count + 1] = Math.abs(residuals[at + 1] as number);
      excitations[count++] = Math.abs(residuals[at + 2] as number);
    }
    // For normal scatter s, the median of magnitudes is 0.6745 s.
    const px = Math.max(minPx, median(positions.subarray(0, 2 * count)) / 0.6745);
    const excitation = Math.max(minExcitation, median(excitations.subarray(0, count)) / 0.6745);
    const change = Math.max(Math.abs(px / this.sigmaPx - 1), Math.abs(excitation / this.sigmaExcitation - 1));
    this.scatter.set([px, excitation]);
    // The squares of the fitted strains, over the fraction of their prior variance that the peaks have determined
    // (MacKay): expectation maximisation has the same end, many rounds later.
    const squares = median(
      this.problem.crystals.map((crystal) => this.ownStrain(crystal).reduce((sum, x) => sum + x * x, 0) / strainLength),
    );
    const known = Math.max(minKnown, 1 - openStrain / this.strain ** 2);
    if (this.problem.trusted) return change;
    this.scatter[2] = Math.min(usualStrain, Math.max(minStrain, Math.sqrt(squares / known)));
    return change;
  }

  /**
   * Moves panels to where their peaks are if these are so far from their predictions that they have no weight, though
   * they agree on it: the fit would leave such a panel where it is.
   */
  moveStrays(): void {
    const residuals = this.residuals;
    const off = this.problem.geometry.panels.map(() => [[], []] as [number[], number[]]);
    let at = 0;
    for (const { count, panel } of this.problem.crystals)
      for (let i = 0; i < count; i++, at += 3) {
        const own = off[panel[i] as number];
        if (Number.isNaN(residuals[at])) continue;
        own?.[0].push(residuals[at] as number);
        own?.[1].push(residuals[at + 1] as number);
      }
    let isAny = false;
    for (const [u, unit] of this.problem.units.entries()) {
      const [index = 0, ...others] = unit.panels;
      const [f = [], s = []] = off[index] ?? [];
      if (u === 0 || others.length > 0 || f.length < forShift) continue;
      const [df, ds] = [median(f), median(s)];
      const scatter = median(f.map((x, i) => Math.hypot(x - df, (s[i] as number) - ds)));
      const size = Math.hypot(df, ds);
      if (size < (gate / 2) * this.sigmaPx || scatter > size / 2) continue;
      const { fs, ss } = this.problem.geometry.panels[index] as Geometry['panels'][number];
      for (const k of [0, 1, 2] as const) this.motion[perUnit * u + k] = -(df * fs[k] + ds * ss[k]);
      isAny = true;
    }
    if (!isAny) return;
    this.#update();
  }

  /** The strain of a crystal without the one of its known cell. */
  ownStrain({ strain, lattice, frame }: FitCrystal): Float64Array {
    const own = Float64Array.from(strain);
    if (lattice < 0) return own;
    for (let k = 0; k < strainLength; k++) {
      const x = this.motion[this.problem.ofCells[strainLength * lattice + k] as number] as number;
      for (let m = 0; m < strainLength; m++) own[m] = (own[m] as number) - x * (frame[k * strainLength + m] as number);
    }
    return own;
  }

  /** Root mean square of the residuals of one coordinate in pixels, without outliers. */
  rms(): number {
    const residuals = this.residuals;
    let [sum, count] = [0, 0];
    for (let at = 0; at < residuals.length; at += 3) {
      if (!(this.weight(at) > 0)) continue;
      sum += (residuals[at] as number) ** 2 + (residuals[at + 1] as number) ** 2;
      count += 2;
    }
    return Math.sqrt(sum / Math.max(1, count));
  }

  /** The weight of the pair whose residuals are at this place; NaN if its ray does not meet the panel. */
  weight(at: number): number {
    const f = (this.residuals[at] as number) / this.sigmaPx;
    const s = (this.residuals[at + 1] as number) / this.sigmaPx;
    const e = (this.residuals[at + 2] as number) / this.sigmaExcitation;
    const left = 1 - (f * f + s * s + e * e) / (gate * gate);
    return left <= 0 ? 0 : left * left;
  }

  motions(): Motion[] {
    return this.problem.units.map((_, u) => {
      const at = (p: number, by: number): number => by * (this.motion[perUnit * u + p] as number);
      const pixel = this.problem.pixelM[u] as number;
      return { shift: [at(0, pixel), at(1, pixel), at(2, pixel)], turn: [at(3, milli), at(4, milli), at(5, milli)] };
    });
  }

  /** Places the panels anew and looks at the pairs again; after every change of the motion. */
  #update(): void {
    this.#place();
    this.#look();
  }

  #place(): void {
    const motions = this.motions();
    this.planes = this.problem.geometry.panels.map((panel, i) =>
      planeOf(
        movedPanel(
          placed(panel),
          (this.problem.chains[i] ?? []).map((u) => ({
            centre: (this.problem.units[u] as Unit).centre,
            motion: motions[u] as Motion,
          })),
        ),
      ),
    );
  }

  /** Sets the residuals of the present state. */
  #look(): void {
    const [ray, residuals, planes] = [this.ray, this.residuals, this.planes];
    let at = 0;
    for (const { count, panel, fs, ss, indices, rows, beam } of this.problem.crystals) {
      ray.from(rows, beam);
      for (let i = 0; i < count; i++, at += 3) {
        const meets = ray.meet(indices, 3 * i, planes[panel[i] as number] as Plane);
        residuals[at] = meets ? (fs[i] as number) - ray.f : Number.NaN;
        residuals[at + 1] = meets ? (ss[i] as number) - ray.s : Number.NaN;
        residuals[at + 2] = meets ? -ray.excitation : Number.NaN;
      }
    }
  }
}
