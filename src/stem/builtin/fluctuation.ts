/** Measures of order in each frame: fluctuations on a ring (FEM), and spectral weight on a ring (crystallinity). */

import { isIntegerDtype } from '../../udf/functions/dtypes.js';
import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { circular, ring } from '../../udf/pass/masks.js';
import { integerVarsum } from '../../udf/pass/varsum.js';
import { EwaldError } from '../../util/errors.js';
import { diskSpans } from '../images/disk-spans.js';
import { halfSpectrum2d, magnitude } from '../images/fourier.js';
import { filled, fillOf, marked, type PixelList } from '../images/without-count.js';
import { requireReal } from './real-frames.js';

/** Width and height of a frame. Throws `Shape` for frames of other than two axes. */
export function frameSize(what: string, { sig }: Pick<UdfMeta, 'sig'>): { width: number; height: number } {
  const [height, width] = sig;
  if (sig.length !== 2 || height === undefined || width === undefined)
    throw new EwaldError('Shape', `${what} requires frames of two axes; these are ${sig.join(' × ')}`);
  return { width, height };
}

/** Rejects rings without pixels. */
export function checkRing(what: string, ri: number, ro: number): void {
  if (!(ri < ro))
    throw new EwaldError('Argument', `${what}: the inner radius is ${ri}, the outer one ${ro}; expected ri below ro`);
}

/** `intensity`: standard deviation of the pixels with ri < distance ≤ ro but those of `without`, (y, x) each, one number per scan
 * position; NaN without any pixel.
 */
export const femUdf = /* @__PURE__ */ defineUdf({
  name: 'fem',
  module: 'ewald/udf',
  params: { cx: 0, cy: 0, ri: 0, ro: 1, without: [] as PixelList },
  buffers(meta, { ri, ro }) {
    requireReal('fem', meta);
    frameSize('fem', meta);
    checkRing('fem', ri, ro);
    return { intensity: { kind: 'nav', dtype: 'f64' } };
  },
  getTaskData({ params: { without, ...params }, meta }): Uint8Array {
    const size = frameSize('fem', meta);
    const left = marked(without, size);
    return ring({ ...size, ...params }).map((isOn, i) => (left[i] ? 0 : isOn));
  },
  processFrame({ frame, results, task }) {
    let [sum, count] = [0, 0];
    for (let i = 0; i < frame.length; i++)
      if (task[i]) {
        sum += frame[i] as number;
        count++;
      }
    const mean = sum / count;
    let squares = 0;
    for (let i = 0; i < frame.length; i++) if (task[i]) squares += ((frame[i] as number) - mean) ** 2;
    results.intensity[0] = Math.sqrt(squares / count);
  },
  kernel({ params, meta }) {
    const size = frameSize('fem', meta);
    const spans = diskSpans({ ...size, ...params, r: params.ro }, params.ri, params.without);
    const count = spans.reduce((sum, place, i) => sum + (i % 2 === 0 ? -place : place), 0);
    // Floats require two passes over the frame: Σ² − (Σ)² would cancel.
    if (!isIntegerDtype(meta.inputDtype)) return undefined;
    return {
      steps: [{ kind: 'squaresOf', spans }],
      finish({ nav, frames }, { intensity }) {
        for (let i = 0; i < frames; i++)
          intensity[i] = Math.sqrt(integerVarsum(count, nav[2 * i] as number, nav[2 * i + 1] as number) / count);
      },
    };
  },
});

/**
 * `intensity`: Σ |spectrum of the frame| with ri < frequency ≤ ro (in steps of the half spectrum), one number per scan
 * position. With a radius above 0, a disk around the centre is removed from the frame first. Pixels (y, x) of `without`
 * have the mean of their neighbours. In frames with an odd side
 * LiberTEM counts frequencies along it from half a step aside.
 */
export const crystallinityUdf = /* @__PURE__ */ defineUdf({
  name: 'crystallinity',
  module: 'ewald/udf',
  params: { ri: 0, ro: 1, cx: 0, cy: 0, radius: 0, without: [] as PixelList },
  buffers(meta, { ri, ro }) {
    requireReal('crystallinity', meta);
    frameSize('crystallinity', meta);
    checkRing('crystallinity', ri, ro);
    return { intensity: { kind: 'nav', dtype: 'f64' } };
  },
  getTaskData({ params: { ri, ro, cx, cy, radius, without }, meta }) {
    const { width, height } = frameSize('crystallinity', meta);
    const half = Math.floor(width / 2) + 1;
    const keep: Uint8Array = new Uint8Array(height * half);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < half; x++) {
        const square = x ** 2 + Math.min(y, height - y) ** 2;
        keep[y * half + x] = Number(square > ri ** 2 && square <= ro ** 2);
      }
    const disk = radius > 0 ? circular({ width, height, cx, cy, r: radius }) : undefined;
    const copy: Float64Array = new Float64Array(width * height);
    return { keep, half, width, height, disk, fill: fillOf(without, { width, height }), frame: copy };
  },
  processFrame({ frame, results, task }) {
    const { keep, half, width, height, disk, fill, frame: copy } = task;
    const whole = filled(frame, fill);
    for (let i = 0; i < copy.length; i++) copy[i] = disk?.[i] ? 0 : (whole[i] as number);
    const spectrum = halfSpectrum2d(copy, height, width);
    let sum = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < half; x++) {
        if (!keep[y * half + x]) continue;
        const at = 2 * (y * half + x);
        sum += magnitude(spectrum[at] as number, spectrum[at + 1] as number);
      }
    results.intensity[0] = sum;
  },
});
