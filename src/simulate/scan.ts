/**
 * Simulates a 4D-STEM scan with known truth: the disks of a square lattice whose strain and rotation vary over the
 * scan, a pattern that moves as a whole, hot pixels, and Poisson counting noise.
 *
 * With u and v from −½ to ½ along the columns and rows of the scan, and S the strain: e_yy = S v, e_xx = 1.5 S u, e_xy
 * = ½ S v sin 2πu, θ = ½ S u. The lattice is g' = β g with β = [[1 − e_yy, θ − e_xy], [−θ − e_xy, 1 − e_xx]], as
 * py4DSTEM defines them. The pattern moves by D (sin 2πu, cos 2πv). The disk (i, j) has exp(−(i² + j²)/8) times the
 * counts, half of it except for the middle one, and a slope along x of up to 30 %, which varies over the scan.
 */

import { philox } from '../compute/random/philox.js';
import { Random } from '../compute/random/random.js';
import { checkedOptions } from '../options/call-options.js';
import type { Values } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';
import type { ScanSimulation } from './parameter-types.js';
import { scanSimulationRows } from './parameters.js';
import { pixelNoise, poisson } from './poisson.js';

export type { ScanSimulation } from './parameter-types.js';

type Pair = readonly [y: number, x: number];

/** What a scan was simulated with. */
export interface ScanTruth {
  /** The middle of the unmoved pattern, and its basis vectors without strain, in pixels. */
  readonly zero: Pair;
  readonly a: Pair;
  readonly b: Pair;
  /** Strain and rotation (radians) of each position, rows first. */
  readonly eyy: readonly number[];
  readonly exx: readonly number[];
  readonly exy: readonly number[];
  readonly theta: readonly number[];
  /** By how many pixels the pattern has moved at each position. */
  readonly shiftY: readonly number[];
  readonly shiftX: readonly number[];
  readonly hotPixels: readonly Pair[];
}

/** The slope of a disk, and the relative brightness of all but the middle one. */
const [slope, outerHeight] = [0.3, 0.5];
/** Counts of a hot pixel, and of any pixel at most. */
const [hotCounts, maxCounts] = [5000, 65534];
/** Streams of random numbers. */
const [bookOfHotPixels, bookOfPixels] = [2, 7];
/** The lattice is turned by this angle, so that its axes are not those of the pixels. */
const turn = (8 * Math.PI) / 180;

/** A simulation whose frames can be generated in any order: frame 7 does not depend on frame 6. */
export class ScanSimulator {
  readonly navShape: Pair;
  readonly sigShape: Pair;
  readonly truth: ScanTruth;
  /** 1 where a pixel is hot, [y, x]. */
  readonly mask: Uint8Array;
  readonly #options: Required<Values<typeof scanSimulationRows>>;

  /** Throws `Argument` for unknown options and values out of range. */
  constructor(given: ScanSimulation = {}) {
    this.#options = checkedOptions('simulateScan', given, scanSimulationRows);
    const { diskRadiusPx, spacingPx } = this.#options;
    this.navShape = this.#options.navShape as unknown as Pair;
    this.sigShape = this.#options.sigShape as unknown as Pair;
    if (2 * diskRadiusPx + 1 > spacingPx)
      throw new EwaldError(
        'Argument',
        `simulateScan: disks of radius ${diskRadiusPx} overlap at a spacing of ${spacingPx} pixels; expected a ` +
          `spacing of at least ${2 * diskRadiusPx + 1}`,
      );
    this.truth = this.#truth();
    this.mask = new Uint8Array(this.sigShape[0] * this.sigShape[1]);
    for (const [y, x] of this.truth.hotPixels) this.mask[y * this.sigShape[1] + x] = 1;
  }

  #truth(): ScanTruth {
    const { strain, shiftPx, hotPixels, spacingPx, seed } = this.#options;
    const [rows, columns] = this.navShape;
    const [height, width] = this.sigShape;
    const field = (value: (u: number, v: number) => number): number[] =>
      Array.from({ length: rows * columns }, (_, i) => {
        const along = (at: number, n: number): number => (n > 1 ? at / (n - 1) - 0.5 : 0);
        return value(along(i % columns, columns), along(Math.floor(i / columns), rows));
      });
    const random = new Random(seed, bookOfHotPixels);
    const [along, across] = [spacingPx * Math.cos(turn), spacingPx * Math.sin(turn)];
    return {
      zero: [height / 2 - 0.7, width / 2 + 0.4],
      a: [across, along],
      b: [along, -across],
      eyy: field((_, v) => strain * v),
      exx: field((u) => 1.5 * strain * u),
      exy: field((u, v) => 0.5 * strain * v * Math.sin(2 * Math.PI * u)),
      theta: field((u) => 0.5 * strain * u),
      shiftY: field((u) => shiftPx * Math.sin(2 * Math.PI * u)),
      shiftX: field((_, v) => shiftPx * Math.cos(2 * Math.PI * v)),
      hotPixels: Array.from({ length: hotPixels }, () => [random.below(height), random.below(width)] as const),
    };
  }

  /** The frame at a position, counted row by row, [y, x]. */
  frame(position: number): Uint16Array {
    const { seed } = this.#options;
    const noise = pixelNoise(philox([position, 0, 0, bookOfPixels], [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]));
    const counts = Uint16Array.from(this.#mean(position), (value) => Math.min(maxCounts, poisson(value, noise)));
    for (const [y, x] of this.truth.hotPixels) counts[y * this.sigShape[1] + x] = hotCounts;
    return counts;
  }

  /** Expected counts of each pixel. */
  #mean(position: number): Float64Array {
    const { diskRadiusPx: radius, counts, background } = this.#options;
    const { zero, a, b, eyy, exx, exy, theta, shiftY, shiftX } = this.truth;
    const at = (field: readonly number[]): number => field[position] as number;
    const strained = ([y, x]: Pair): Pair => [
      (1 - at(eyy)) * y + (at(theta) - at(exy)) * x,
      (-at(theta) - at(exy)) * y + (1 - at(exx)) * x,
    ];
    const [[ay, ax], [by, bx]] = [strained(a), strained(b)];
    const [height, width] = this.sigShape;
    const [row, column] = [Math.floor(position / this.navShape[1]), position % this.navShape[1]];
    const mean = new Float64Array(height * width).fill(background);
    const most = Math.ceil(Math.hypot(height, width) / Math.hypot(...a));
    for (let i = -most; i <= most; i++)
      for (let j = -most; j <= most; j++) {
        const [cy, cx] = [zero[0] + at(shiftY) + i * ay + j * by, zero[1] + at(shiftX) + i * ax + j * bx];
        const isMiddle = i === 0 && j === 0;
        const top = counts * Math.exp(-(i * i + j * j) / 8) * (isMiddle ? 1 : outerHeight);
        const tilt = isMiddle ? 0 : slope * Math.sin(i + 2 * j + 0.4 * (row + column));
        const [y0, y1] = [Math.max(0, Math.floor(cy - radius - 1)), Math.min(height - 1, Math.ceil(cy + radius + 1))];
        const [x0, x1] = [Math.max(0, Math.floor(cx - radius - 1)), Math.min(width - 1, Math.ceil(cx + radius + 1))];
        for (let y = y0; y <= y1; y++)
          for (let x = x0; x <= x1; x++) {
            const inside = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(y - cy, x - cx)));
            mean[y * width + x] = (mean[y * width + x] as number) + inside * top * (1 + (tilt * (x - cx)) / radius);
          }
      }
    return mean;
  }
}
