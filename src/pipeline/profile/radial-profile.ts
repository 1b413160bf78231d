/** The radial profile of a frame, or of several: sums of counts and of their norms, and what follows from them. */
import type { IceScore } from './ice.js';

/** A profile as plain data, which is sent and stored. */
export interface ProfileRecord {
  /** Lowest q = 2π/d in 1/Å, and the mean width of a bin; `corner` is the highest q of the detector. */
  readonly low: number;
  readonly step: number;
  readonly corner: number;
  /**
   * Where each bin begins, and the last one ends, q = 2π/d in 1/Å. In runs with peakfinder8, bins have whole rings of a
   * pixel, so that they are not equally wide: a histogram with these edges has the same pixels.
   */
  readonly edges: Float64Array;
  /** Mean q = 2π/d of the pixels of each bin, in 1/Å. */
  readonly q: Float64Array;
  /** Units of the frame per photon, by which errors are larger than those of counting. */
  readonly gain: number;
  /** Of each bin: Σc over its good pixels, and Σ(Ω·P) of these; both are 0 in an empty bin. */
  readonly counts: Float64Array;
  readonly norm: Float64Array;
  /** The same without the pixels around found peaks. */
  readonly backgroundCounts: Float64Array;
  readonly backgroundNorm: Float64Array;
  /** Mean intensity between 5 and 3 Å without found peaks; undefined if no bin is there. */
  readonly background: number | undefined;
  /** The part of 5 to 3 Å that has pixels, d in Å: what `background` is the mean of. */
  readonly backgroundRange: readonly [from: number, to: number] | undefined;
  /**
   * The strongest ring of hexagonal ice. Undefined if ice is not measured: the range holds no ring with its
   * surroundings, or bins are too wide to tell it.
   */
  readonly ice: IceScore | undefined;
  /** Number of spots in each of ten shells of equal volume, from the beam to the corner of the detector. */
  readonly spotsByShell: readonly number[];
}

/** Σc/Σn; NaN in an empty bin. */
export const intensityOf = (counts: ArrayLike<number>, norm: ArrayLike<number>): Float64Array =>
  Float64Array.from(counts, (sum, i) => ((norm[i] as number) > 0 ? sum / (norm[i] as number) : Number.NaN));

/** Standard deviations by counting; where nothing was counted, those of one photon. NaN in an empty bin. */
export const sigmaOf = (counts: ArrayLike<number>, norm: ArrayLike<number>, gain: number): Float64Array =>
  Float64Array.from(counts, (sum, i) =>
    (norm[i] as number) > 0 ? Math.sqrt(gain * Math.max(gain, sum)) / (norm[i] as number) : Number.NaN,
  );

/** A range of d in words, such as `5 to 3.92`. */
export const rangeText = ([from, to]: readonly [from: number, to: number], between = ' to '): string =>
  `${Number(from.toFixed(2))}${between}${Number(to.toFixed(2))}`;

/** Number of shells of `spotsByShell`. */
export const shellCount = 10;

/** The outer limits of the shells of spots, d in Å. */
export const shellsOf = (corner: number): number[] =>
  Array.from({ length: shellCount }, (_, i) => (2 * Math.PI) / (corner * ((i + 1) / shellCount) ** (1 / 3)));

/** The profile of a frame. All of its arrays have one number for each bin; empty bins are NaN. */
export class RadialProfile implements ProfileRecord {
  declare readonly low: number;
  declare readonly step: number;
  declare readonly corner: number;
  declare readonly edges: Float64Array;
  declare readonly q: Float64Array;
  declare readonly gain: number;
  declare readonly counts: Float64Array;
  declare readonly norm: Float64Array;
  declare readonly backgroundCounts: Float64Array;
  declare readonly backgroundNorm: Float64Array;
  declare readonly background: number | undefined;
  declare readonly backgroundRange: readonly [from: number, to: number] | undefined;
  declare readonly ice: IceScore | undefined;
  declare readonly spotsByShell: readonly number[];

  constructor(record: ProfileRecord) {
    Object.assign(this, record);
  }

  /** The same as d in Å. */
  get d(): Float64Array {
    return this.q.map((q) => (2 * Math.PI) / q);
  }

  /** Mean counts of a pixel, corrected for solid angle and polarisation, of all good pixels. */
  get intensity(): Float64Array {
    return intensityOf(this.counts, this.norm);
  }

  /** Its standard deviation by counting. */
  get sigma(): Float64Array {
    return sigmaOf(this.counts, this.norm, this.gain);
  }

  /** The same without the pixels around found peaks. */
  get backgroundIntensity(): Float64Array {
    return intensityOf(this.backgroundCounts, this.backgroundNorm);
  }

  /** Outer limits of the shells of `spotsByShell`, d in Å. */
  get shells(): readonly number[] {
    return shellsOf(this.corner);
  }
}

/** The profile of several frames: ΣΣc/ΣΣn, which is not the mean of their profiles. */
export class ProfileSum {
  #sum: ProfileRecord | undefined;
  #frames = 0;

  get frames(): number {
    return this.#frames;
  }

  /** Adds a frame, unless its bins are others; returns whether it was added. */
  add(profile: ProfileRecord): boolean {
    const { low, step, counts } = profile;
    this.#sum ??= emptyOf(profile);
    const sum = this.#sum;
    if (sum.low !== low || sum.step !== step || sum.counts.length !== counts.length) return false;
    for (const name of ['counts', 'norm', 'backgroundCounts', 'backgroundNorm'] as const)
      for (let i = 0; i < counts.length; i++) sum[name][i] = (sum[name][i] as number) + (profile[name][i] as number);
    for (const [i, spots] of profile.spotsByShell.entries())
      (sum.spotsByShell as number[])[i] = (sum.spotsByShell[i] ?? 0) + spots;
    this.#frames++;
    return true;
  }

  /** The sums so far; undefined without frames. */
  get profile(): RadialProfile | undefined {
    return this.#sum && new RadialProfile(this.#sum);
  }

  clear(): void {
    this.#sum = undefined;
    this.#frames = 0;
  }
}

const emptyOf = ({ low, step, corner, edges, q, gain, counts, spotsByShell }: ProfileRecord): ProfileRecord => ({
  low,
  step,
  corner,
  edges,
  q,
  gain,
  counts: new Float64Array(counts.length),
  norm: new Float64Array(counts.length),
  backgroundCounts: new Float64Array(counts.length),
  backgroundNorm: new Float64Array(counts.length),
  background: undefined,
  backgroundRange: undefined,
  ice: undefined,
  spotsByShell: spotsByShell.map(() => 0),
});
