/**
 * Frames generated from a seed: a background that falls with the radius, peaks, and the effects of detectors on pixels.
 */

import { numberTypes } from '../../../compute/arrays/numbers.js';
import { Random } from '../../../compute/random/random.js';
import type { Frame, FrameDtype } from '../../../peaks/contract.js';
import type { FramePeaksOptions, PeaksRunOptions } from '../../../peaks/peaks.js';
import type { DispersionSettings } from '../../oracle/peaks/dispersion.js';
import type { Settings } from '../../oracle/peaks/peakfinder8.js';
import type { ZaefSettings } from '../../oracle/peaks/zaef.js';

/** The parameters of a finder that a look does not set. */
const usual = {
  peakfinder8: { minSnr: 4.5, minPixCount: 2, maxPixCount: 200, localBgRadius: 4 },
  zaef: { minSnr: 4.5, minSquaredGradient: 60, peakRadius: [2, 3, 5] },
  dispersion: { threshold: 2, minPixCount: 2, sigmaBackground: 4.1 },
  'dispersion-extended': { threshold: 2, minPixCount: 2, sigmaBackground: 4.1 },
} as const satisfies Record<string, PeaksRunOptions>;

/** The properties of a frame. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly dtype: FrameDtype;
  /** Counts per pixel at the beam, and the radius in pixels at which a third of them remains; default 5 and 200. */
  readonly background?: number;
  readonly fall?: number;
  /** Number of peaks; default: one per 500 pixels. */
  readonly peaks?: number;
  /** Panels side by side along slow scan; default 1. */
  readonly panels?: number;
  /** Fraction of the pixels that are bad in every frame, and in this one. */
  readonly bad?: number;
  readonly badHere?: number;
  /** Fraction of the pixels that are beyond the valid range, and of those that are NaN (f32). */
  readonly beyond?: number;
  readonly nan?: number;
  /** The value of every pixel. */
  readonly constant?: number;
  readonly run?: PeaksRunOptions;
  readonly plan?: Partial<FramePeaksOptions>;
}

/** A frame with all parameters of its search. */
export interface Problem {
  readonly options: FramePeaksOptions;
  readonly run: PeaksRunOptions;
  readonly frame: Frame;
  readonly settings: Settings & ZaefSettings & DispersionSettings;
}

function poisson(random: Random, mean: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  let count = 0;
  for (let product = random.uniform(), limit = Math.exp(-mean); product > limit; product *= random.uniform()) count++;
  return count;
}

/** Makes the frame of a look. */
export function problemOf(look: Look, seed: number): Problem {
  const { width, height, dtype } = look;
  const random = new Random(seed, 0);
  const centre = [0.47 * width, 0.52 * height] as const;
  const counts = countsOf(look, centre, random);
  // Signed detectors have a pedestal that may go below zero, and real ones a gain.
  const value = (x: number): number => (dtype === 'f32' ? x * 0.37 - 1.3 : dtype.startsWith('i') ? x - 3 : x);
  const frame: Frame = new numberTypes[dtype](counts.map(value));
  const some = (share: number): Uint8Array =>
    Uint8Array.from({ length: counts.length }, () => (random.uniform() < share ? 1 : 0));
  const bad = look.bad === undefined ? undefined : some(look.bad);
  const badHere = look.badHere === undefined ? undefined : some(look.badHere);
  const mark = (share: number | undefined, value: number): void => {
    for (const [i, hit] of share === undefined ? [] : some(share).entries()) if (hit) frame[i] = value;
  };
  mark(look.beyond, dtype === 'u8' ? 255 : 60000);
  mark(look.nan, Number.NaN);
  const geometry = geometryOf(look, centre);
  const finder = look.plan?.finder ?? 'peakfinder8';
  const run: PeaksRunOptions = { threshold: 8, ...usual[finder], ...look.run, ...(badHere && { bad: badHere }) };
  return {
    options: {
      width,
      height,
      dtype,
      centre,
      ...(geometry && { geometry }),
      ...(bad && { bad }),
      ...look.plan,
    },
    run,
    frame,
    settings: settingsOf(run),
  };
}

/** Counts of the background and of the peaks. */
function countsOf(look: Look, centre: readonly [number, number], random: Random): Float64Array {
  const { width, height, background = 5, fall = 200, constant } = look;
  const counts = new Float64Array(width * height);
  for (let i = 0; i < counts.length; i++) {
    const radius = Math.hypot((i % width) - centre[0], Math.floor(i / width) - centre[1]);
    counts[i] = constant ?? poisson(random, background * Math.exp(-radius / fall) + 0.05);
  }
  const many = constant === undefined ? (look.peaks ?? Math.round(counts.length / 500)) : 0;
  for (let k = 0; k < many; k++) {
    const [x, y] = [random.uniform() * width, random.uniform() * height];
    const [strength, spread] = [10 ** (1 + 1.7 * random.uniform()), 0.5 + 0.7 * random.uniform()];
    for (let dy = -4; dy <= 4; dy++)
      for (let dx = -4; dx <= 4; dx++) {
        const [px, py] = [Math.floor(x) + dx, Math.floor(y) + dy];
        if (px < 0 || px >= width || py < 0 || py >= height) continue;
        const distance = ((px + 0.5 - x) ** 2 + (py + 0.5 - y) ** 2) / (2 * spread * spread);
        counts[py * width + px] = (counts[py * width + px] ?? 0) + poisson(random, strength * Math.exp(-distance));
      }
  }
  return counts;
}

/** Panels side by side, each rotated slightly, with gaps between them; undefined for one. */
function geometryOf(
  { width, height, panels = 1 }: Look,
  centre: readonly [number, number],
): FramePeaksOptions['geometry'] {
  if (panels === 1) return undefined;
  const rows = Math.floor(height / panels);
  return {
    radiation: undefined,
    bandwidth: undefined,
    distance: undefined,
    shift: [{ value: 0 }, { value: 0 }],
    badRegions: [],
    groups: new Map(),
    peakList: undefined,
    warnings: [],
    panels: Array.from({ length: panels }, (_, p) => ({
      name: `p${p}`,
      minFs: 0,
      maxFs: width - 1,
      minSs: p * rows,
      maxSs: (p + 1) * rows - 1,
      corner: [-centre[0] + 2 * p, -centre[1] + p * (rows + 3)],
      fs: [Math.cos(0.01 * p), Math.sin(0.01 * p), 0],
      ss: [-Math.sin(0.01 * p), Math.cos(0.01 * p), 0],
      resolution: 1e4,
      offsetM: 0,
      data: '/data',
      dimensions: ['ss', 'fs'],
      unitsPerPhoton: 1,
      unitsPerEv: undefined,
      maximum: Number.POSITIVE_INFINITY,
      saturationMap: undefined,
      saturationMapFile: undefined,
      ignored: p === 2,
      badEdge: p === 1 ? 2 : 0,
      badValues: [],
      masks: [],
    })),
  };
}

/** The parameters of a run with their defaults. */
const settingsOf = (run: PeaksRunOptions): Problem['settings'] => ({
  threshold: run.threshold ?? 0,
  minSnr: run.minSnr ?? 0,
  minPixCount: run.minPixCount ?? 3,
  maxPixCount: run.maxPixCount ?? 1000,
  localBgRadius: run.localBgRadius ?? 0,
  minSquaredGradient: run.minSquaredGradient ?? 0,
  peakRadius: run.peakRadius ?? [0, 0, 0],
  gain: run.gain ?? 1,
  kernelSize: run.kernelSize ?? 3,
  sigmaBackground: run.sigmaBackground ?? 6,
  sigmaStrong: run.sigmaStrong ?? 3,
  minCount: run.minCount ?? 2,
  validRange: run.validRange ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
});
