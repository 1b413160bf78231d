/** Bragg vectors: where the disks of every frame are, relative to the direct beam, as one map. */

import { type CheckedPattern, checkPattern } from '../../udf/disks/patterns.js';
import { defineUdf } from '../../udf/functions/udf.js';
import type { Centre } from '../../udf/pass/masks.js';
import { frameSize } from '../builtin/fluctuation.js';
import { addAll } from '../builtin/sums.js';
import { type Trend, trendMap } from '../calibrate/trend.js';
import { filled, fillOf, type PixelList } from '../images/without-count.js';
import { Correlator, logScaled, refinedAt } from './correlate.js';
import { diskMaxima } from './peaks.js';

interface BraggParams extends Centre, Readonly<Record<string, unknown>> {
  readonly pattern: CheckedPattern;
  /** As those of `findDiskPeaks`. */
  readonly most: number;
  readonly distance: number;
  readonly minHeight: number;
  /** Pixels of the map for one of the frames. */
  readonly sampling: number;
  /** Distortion that is undone; see `PolarGrid`. */
  readonly e1: number;
  readonly e2: number;
  /** Shifts of the pattern over the scan, as `descan` of a calibration; null for none. */
  readonly descan: Trend['coefficients'] | null;
  /** Pixels (y, x) that get the mean of their neighbours. */
  readonly without: PixelList;
}

const initial: BraggParams = {
  cx: 0,
  cy: 0,
  pattern: checkPattern('bragg', { radius: 1 }),
  most: 25,
  distance: 1,
  minHeight: 0.1,
  sampling: 1,
  e1: 0,
  e2: 0,
  descan: null,
  without: [],
};

/** Height and width of the map. */
export const braggShape = (sig: readonly number[], sampling: number): [number, number] =>
  sig.map((n) => Math.ceil(n * sampling)) as [number, number];

/** Adds a value to the four pixels around a point, by bilinear weights. */
function addAt(map: Float64Array, [height, width]: readonly [number, number], y: number, x: number, value: number) {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  for (const [row, share] of [
    [top, 1 - (y - top)],
    [top + 1, y - top],
  ] as const)
    for (const [column, part] of [
      [left, 1 - (x - left)],
      [left + 1, x - left],
    ] as const) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const i = row * width + column;
      map[i] = (map[i] as number) + value * share * part;
    }
}

/**
 * `map`, [height, width] times the sampling: the heights of the correlation at the disks of all frames, with the direct
 * beam in the middle pixel (half the size, rounded down); `disks`, their number in each frame. A frame with a pixel
 * that is not finite has none, and a disk that the edge of the frame cuts is left out: its position is not known.
 */
export const braggUdf = /* @__PURE__ */ defineUdf({
  name: 'bragg',
  module: 'ewald/udf',
  params: initial,
  buffers(meta, { sampling }) {
    frameSize('bragg', meta);
    return {
      map: { kind: 'single', dtype: 'f64', extraShape: braggShape(meta.sig, sampling) },
      disks: { kind: 'nav', dtype: 'f64' },
    };
  },
  getTaskData({ params: { pattern, descan, without }, meta }) {
    const { width, height } = frameSize('bragg', meta);
    const moved = descan ? trendMap([[0, 0], ...descan.slice(1)], meta.nav as [number, number]) : undefined;
    return { correlator: new Correlator(pattern, height, width), moved, fill: fillOf(without, { height, width }) };
  },
  processFrame({ frame: recorded, position, results, task: { correlator, moved, fill }, params, meta }) {
    const frame = filled(recorded, fill);
    const { width, height } = frameSize('bragg', meta);
    const { cx, cy, e1, e2, most, distance, minHeight, sampling } = params;
    for (let i = 0; i < frame.length; i++) if (!Number.isFinite(frame[i])) return;
    const { values } = correlator.of(logScaled(frame));
    // A disk that the edge of the frame cuts has its maximum beside its middle.
    const edge = params.pattern.kind === 'user' ? 0 : params.pattern.radius;
    const found = diskMaxima(values, [height, width], { most, distance, minHeight }).filter((pixel) => {
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      return Math.min(y, x, height - 1 - y, width - 1 - x) >= edge;
    });
    results.disks[0] = found.length;
    const size = braggShape(meta.sig, sampling);
    const area = 1 - e1 * e1 - e2 * e2;
    for (const pixel of found) {
      const [y, x] = refinedAt(values, [height, width], Math.floor(pixel / width), pixel % width);
      const [dy, dx] = [y - cy - (moved?.[2 * position] ?? 0), x - cx - (moved?.[2 * position + 1] ?? 0)];
      const [qx, qy] = [((1 - e1) * dx - e2 * dy) / area, ((1 + e1) * dy - e2 * dx) / area];
      const [my, mx] = [Math.floor(size[0] / 2) + sampling * qy, Math.floor(size[1] / 2) + sampling * qx];
      addAt(results.map as Float64Array, size, my, mx, values[pixel] as number);
    }
  },
  merge: addAll,
  mergesParts: true,
});
