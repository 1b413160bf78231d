/**
 * What a finder saw in a frame: the background and noise that each pixel was compared with, its limit, and which pixels
 * passed. The limits of peakfinder8's rings are those of the search itself; dispersion's windows are summed as in
 * cpp/peaks/dispersion.cpp, in float64 and in the same order.
 */

import { maskedBin } from '../compute/layout/peaks.js';
import type { Filled } from '../util/members.js';
import type { FinderName, Frame } from './contract.js';
import type { PeakSearchParameters } from './parameter-types.js';
import type { PeakList } from './peak-list.js';
import type { SearchedPanel } from './rings.js';
import { type PeakStages, stageMarks } from './stage-marks.js';

/** A searched frame. */
export interface SearchedFrame {
  readonly finder: FinderName;
  readonly frame: Frame;
  readonly width: number;
  readonly height: number;
  readonly panels: readonly SearchedPanel[];
  /** Ring of each pixel, [ss, fs]. */
  readonly bins: Uint16Array;
  readonly search: Filled<PeakSearchParameters>;
  /** Whether a pixel of a value takes part. */
  readonly usable: (pixel: number, value: number) => boolean;
  readonly peaks: PeakList;
}

/** The stages of a search that has found its peaks. */
export function stagesOf(searched: SearchedFrame): PeakStages {
  const { width, height, peaks } = searched;
  const column = (): Float32Array => new Float32Array(width * height).fill(Number.NaN);
  const stages = {
    background: column(),
    noise: column(),
    limit: column(),
    marks: new Uint8Array(width * height),
    peaks,
  };
  const dispersed = searched.finder !== 'peakfinder8';
  if (dispersed) for (const panel of searched.panels) markWindows(searched, panel, stages);
  else markRings(searched, stages);
  markPeaks(searched, stages.marks, dispersed);
  return stages;
}

type Stages = Omit<PeakStages, 'peaks'>;

function markRings({ frame, bins, panels, width, usable, peaks }: SearchedFrame, stages: Stages): void {
  const { background, noise, limit, marks } = stages;
  const rings = peaks.rings as Float32Array;
  for (const { fs, endFs, ss, endSs } of panels)
    for (let y = ss; y < endSs; y++)
      for (let i = y * width + fs; i < y * width + endFs; i++) {
        const bin = bins[i] as number;
        if (bin === maskedBin) continue;
        background[i] = rings[4 * bin] as number;
        noise[i] = rings[4 * bin + 1] as number;
        limit[i] = rings[4 * bin + 3] as number;
        const value = frame[i] as number;
        if (usable(i, value)) marks[i] = value > (limit[i] as number) ? stageMarks.strong : stageMarks.below;
      }
}

const single = Math.fround;

function markWindows(searched: SearchedFrame, panel: SearchedPanel, stages: Stages): void {
  const { frame, search, usable, finder } = searched;
  const { background, noise, limit, marks } = stages;
  const [gain, threshold] = [single(search.gain), single(search.threshold)];
  const [backgroundSigmas, strongSigmas] = [single(search.sigmaBackground), single(search.sigmaStrong)];
  const k = search.kernelSize;
  const extended = finder === 'dispersion-extended';
  const least = Math.max(2, search.minCount);
  const record = (i: number, n: number, sum: number): void => {
    const mean = sum / n;
    const sigma = Math.sqrt(gain * mean);
    background[i] = mean;
    noise[i] = sigma;
    limit[i] = Math.max(threshold, mean + strongSigmas * sigma);
  };
  const isStrong = (v: number, n: number, sum: number): boolean =>
    v > threshold && n * v - sum > strongSigmas * Math.sqrt(gain * sum * n);
  eachWindow(
    searched,
    panel,
    k,
    (_, value) => value,
    (i, v, n, sum, squares) => {
      marks[i] = stageMarks.below;
      if (n < least || !(sum > 0)) return;
      record(i, n, sum);
      const scaled = gain * sum;
      const excess = n * squares - sum * sum - scaled * (n - 1);
      if (!(excess > scaled * backgroundSigmas * Math.sqrt(2 * (n - 1)))) return;
      marks[i] = !extended && isStrong(v, n, sum) ? stageMarks.strong : stageMarks.varied;
    },
  );
  if (!extended) return;
  const within = new Set<number>();
  eachWindow(
    searched,
    panel,
    k,
    (i) => (marks[i] === stageMarks.varied ? 1 : 0),
    (i, _, n, sum) => {
      if (sum === n) within.add(i);
    },
  );
  const strong: number[] = [];
  eachWindow(
    searched,
    panel,
    k + 2,
    (i, value) => (within.has(i) ? undefined : value),
    (i, v, n, sum) => {
      if (marks[i] !== stageMarks.varied || n < search.minCount || !(sum >= 0)) return;
      record(i, n, sum);
      if (isStrong(v, n, sum)) strong.push(i);
    },
  );
  for (const i of strong) if (usable(i, frame[i] as number)) marks[i] = stageMarks.strong;
}

/**
 * Number, sum and sum of squares of the numbers that `take` returns in the window around every good pixel of a panel;
 * columns first, then rows.
 */
function eachWindow(
  { frame, bins, width, usable }: SearchedFrame,
  { fs, endFs, ss, endSs }: SearchedPanel,
  reach: number,
  take: (pixel: number, value: number) => number | undefined,
  use: (pixel: number, value: number, n: number, sum: number, squares: number) => void,
): void {
  const columns = endFs - fs;
  const [n, sum, squares] = [0, 0, 0].map(() => new Float64Array(columns)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const good = (i: number, value: number): boolean => bins[i] !== maskedBin && usable(i, value);
  for (let row = ss; row < endSs; row++) {
    n.fill(0);
    sum.fill(0);
    squares.fill(0);
    for (let y = Math.max(ss, row - reach); y < Math.min(endSs, row + reach + 1); y++)
      for (let c = 0; c < columns; c++) {
        const i = y * width + fs + c;
        const value = frame[i] as number;
        const v = good(i, value) ? take(i, value) : undefined;
        if (v === undefined) continue;
        n[c] = (n[c] as number) + 1;
        sum[c] = (sum[c] as number) + v;
        squares[c] = (squares[c] as number) + v * v;
      }
    for (let c = 0; c < columns; c++) {
      const i = row * width + fs + c;
      const value = frame[i] as number;
      if (!good(i, value)) continue;
      let [count, total, square] = [0, 0, 0];
      for (let x = Math.max(0, c - reach); x < Math.min(columns, c + reach + 1); x++) {
        count += n[x] as number;
        total += sum[x] as number;
        square += squares[x] as number;
      }
      use(i, value, count, total, square);
    }
  }
}

/**
 * Marks the pixels of the peaks. The blobs of strong pixels are visited in the order of the search, in which the peaks
 * are listed, so that the next peak is that of the first blob of its panel and size around its centroid.
 */
function markPeaks({ width, panels, peaks }: SearchedFrame, marks: Uint8Array, dispersed: boolean): void {
  const seen = new Uint8Array(marks.length);
  let next = 0;
  // In peakfinder8, pixels on the border of their panel start no blob, and pixels that share a corner are neighbours.
  const border = dispersed ? 0 : 1;
  for (const [number, { fs, endFs, ss, endSs }] of panels.entries())
    for (let y = ss + border; y < endSs - border; y++)
      for (let x = fs + border; x < endFs - border; x++) {
        const seed = y * width + x;
        if (seen[seed] || (marks[seed] as number) < stageMarks.strong) continue;
        const blob = [seed];
        seen[seed] = 1;
        let [left, right, top, bottom] = [x, x, y, y];
        for (const i of blob) {
          const [px, py] = [i % width, Math.floor(i / width)];
          [left, right, top, bottom] = [
            Math.min(left, px),
            Math.max(right, px),
            Math.min(top, py),
            Math.max(bottom, py),
          ];
          for (let v = Math.max(ss, py - 1); v <= Math.min(endSs - 1, py + 1); v++)
            for (let u = Math.max(fs, px - 1); u <= Math.min(endFs - 1, px + 1); u++) {
              const j = v * width + u;
              if (seen[j] || (marks[j] as number) < stageMarks.strong || (dispersed && u !== px && v !== py)) continue;
              seen[j] = 1;
              blob.push(j);
            }
        }
        const [at, across] = [peaks.fs[next] as number, peaks.ss[next] as number];
        const around = at >= left && at <= right + 1 && across >= top && across <= bottom + 1;
        if (peaks.panel[next] !== number || peaks.pixels[next] !== blob.length || !around) continue;
        for (const i of blob) marks[i] = stageMarks.peak;
        next++;
      }
}
