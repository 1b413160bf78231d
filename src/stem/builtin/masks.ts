/** Sums of frames under masks: one number per mask for each scan position. */

import type { DataType } from '../../bytes/dtype.js';
import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import type { KernelPart } from '../../udf/functions/kernel-part.js';
import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { isBoolean, isFew, type MaskArray, spansOf } from '../../udf/pass/masks.js';
import type { PassStep } from '../../udf/pass/pass.js';
import { WeightedMasks } from '../../udf/pass/weighted.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { filled, fillOf, type PixelList } from '../images/without-count.js';

/** Parameters of `masksUdf`. */
export interface MasksParams extends Readonly<Record<string, unknown>> {
  /**
   * Masks, [y, x] each; with `complex`, two per mask, real part and imaginary part. Products have NumPy's result_type
   * of frames and mask: float32 for Float32Array or Uint8Array masks over frames of up to 16 bits or f32, otherwise
   * float64. A pixel of weight 0 does not contribute, even if it is NaN.
   */
  readonly masks: readonly MaskArray[];
  readonly complex: boolean;
  /** Whether masks are processed as sparse; default: if nine tenths of their pixels are zero. */
  readonly sparse: boolean | 'auto';
  /**
   * Moves the masks by whole pixels: [dy, dx] for all frames, or two numbers per scan position. Pixels moved out of the
   * frame are dropped.
   */
  readonly shifts: readonly [number, number] | ArrayLike<number> | null;
  /** Pixels (y, x) that have the mean of their neighbours. */
  readonly without: PixelList;
}

/** The assignment of masks to steps. */
interface Steps {
  readonly steps: PassStep[];
  /** The mask of each column. */
  readonly order: number[];
}

function stepsFor({ masks, sparse }: MasksParams, width: number, dtype: DataType): Steps {
  const spans: number[] = [];
  const weighted = new WeightedMasks(dtype);
  const rest: number[] = [];
  for (const [k, mask] of masks.entries())
    if (isBoolean(mask)) spans.push(k);
    else {
      weighted.add(mask, sparse === true || (sparse === 'auto' && isFew(mask)));
      rest.push(k);
    }
  const steps: PassStep[] = spans.map((k) => ({ kind: 'sumOf', spans: spansOf(masks[k] as MaskArray, width) }));
  return {
    steps: [...steps, ...weighted.steps()],
    order: [...spans, ...weighted.order().map((i) => rest[i] as number)],
  };
}

function check({ masks, complex, shifts }: MasksParams, meta: UdfMeta): void {
  const pixels = product(meta.sig);
  if (masks.length === 0) throw new EwaldError('Argument', 'masks: there is no mask; expected at least one');
  for (const [k, mask] of masks.entries())
    if (mask.length !== pixels)
      throw new EwaldError(
        'Shape',
        `masks: mask ${k} has ${mask.length} pixels; the frame has ${pixels} (${meta.sig.join(' × ')})`,
      );
  if (complex && masks.length % 2 !== 0)
    throw new EwaldError('Argument', 'masks: complex masks come as pairs of real and imaginary part');
  if (shifts && shifts.length !== 2 && shifts.length !== 2 * product(meta.nav))
    throw new EwaldError(
      'Shape',
      `masks: shifts has ${shifts.length} numbers; expected 2 (dy, dx), or 2 for each of the ${product(meta.nav)} ` +
        'scan positions',
    );
}

/** The masks moved by a shift common to all frames. */
function moved(params: MasksParams, width: number): MasksParams {
  const { shifts, masks } = params;
  if (!shifts) return params;
  const [dy, dx] = [Math.trunc(shifts[0] as number), Math.trunc(shifts[1] as number)];
  const move = (mask: MaskArray): MaskArray => {
    const out = mask.slice().fill(0);
    const height = mask.length / width;
    for (let y = Math.max(0, dy); y < Math.min(height, height + dy); y++)
      for (let x = Math.max(0, dx); x < Math.min(width, width + dx); x++)
        out[y * width + x] = mask[(y - dy) * width + x - dx] as number;
    return out;
  };
  return { ...params, masks: masks.map(move) };
}

/** Σ of a frame under a moved mask; pixels moved out of the frame are dropped, and so are pixels of weight 0. */
function shifted(
  frame: ArrayLike<number>,
  mask: MaskArray,
  height: number,
  width: number,
  dy: number,
  dx: number,
): number {
  let sum = 0;
  for (let y = Math.max(0, dy); y < Math.min(height, height + dy); y++)
    for (let x = Math.max(0, dx); x < Math.min(width, width + dx); x++) {
      const weight = mask[(y - dy) * width + x - dx] as number;
      if (weight !== 0) sum += (frame[y * width + x] as number) * weight;
    }
  return sum;
}

const initial: MasksParams = { masks: [], complex: false, sparse: 'auto', shifts: null, without: [] };

/** `intensity`, [scan, masks]: Σ over the pixels of frame · mask. */
export const masksUdf = /* @__PURE__ */ defineUdf({
  name: 'masks',
  module: 'ewald/udf',
  params: initial,
  buffers(meta: UdfMeta, params: MasksParams): { intensity: BufferDeclaration<'f64' | 'c128'> } {
    check(params, meta);
    const { complex, masks } = params;
    return {
      intensity: {
        kind: 'nav',
        dtype: complex || meta.inputDtype.startsWith('c') ? 'c128' : 'f64',
        extraShape: [masks.length / (complex ? 2 : 1)],
      },
    };
  },
  getTaskData: ({ params: { without }, meta }) =>
    without.length === 0 ? undefined : fillOf(without, { height: meta.sig[0] ?? 1, width: meta.sig[1] ?? 1 }),
  processFrame({ frame, results: { intensity }, params, meta, position, task }) {
    const { masks, complex, shifts } = params;
    const width = meta.sig.at(-1) as number;
    const height = frame.length / width;
    const given = meta.inputDtype.startsWith('c') ? split(frame as Float64Array) : [frame as Float64Array];
    const parts = task ? given.map((part) => filled(part, task)) : given;
    const at = shifts?.length === 2 ? 0 : 2 * position;
    const [dy, dx] = shifts ? [Math.trunc(shifts[at] as number), Math.trunc(shifts[at + 1] as number)] : [0, 0];
    for (const [k, mask] of masks.entries()) {
      const [re = 0, im = 0] = parts.map((part) => shifted(part, mask, height / parts.length, width, dy, dx));
      if (parts.length === 1) intensity[k] = re;
      else if (!complex) intensity.set([re, im], 2 * k);
      else if (k % 2 === 0) intensity.set([re, im], k);
      else {
        // (a + ib)(c + id) with c in the previous mask and d in this one.
        intensity[k - 1] = (intensity[k - 1] as number) - im;
        intensity[k] = (intensity[k] as number) + re;
      }
    }
  },
  kernel({ params, meta }): KernelPart<{ intensity: BufferDeclaration<'f64' | 'c128'> }> | undefined {
    const width = meta.sig.at(-1) as number;
    // A shift common to all frames moves the masks; a shift per position is left to JavaScript.
    if (params.without.length > 0) return undefined;
    if (params.shifts && (params.shifts.length !== 2 || meta.sig.length !== 2)) return undefined;
    const { steps, order } = stepsFor(moved(params, width), width, meta.inputDtype);
    return {
      steps,
      finish({ nav, columns, frames }, { intensity }) {
        for (let i = 0; i < frames; i++)
          for (let c = 0; c < columns; c++)
            intensity[i * columns + (order[c] as number)] = nav[i * columns + c] as number;
      },
    };
  },
  async resident({ params, meta, scan: { positions }, detectors }) {
    const { masks, complex, shifts, without } = params;
    if (
      without.length > 0 ||
      complex ||
      !masks.every(isBoolean) ||
      (shifts && (shifts.length !== 2 || meta.sig.length !== 2))
    )
      return undefined;
    const intensity = new Float64Array(positions * masks.length);
    for (const [k, mask] of moved(params, meta.sig.at(-1) as number).masks.entries()) {
      const sums = await detectors.sums(k, mask);
      for (let i = 0; i < positions; i++) intensity[i * masks.length + k] = sums[i] as number;
    }
    return { intensity };
  },
});

function split(frame: Float64Array): Float64Array[] {
  const half = frame.length / 2;
  return [0, 1].map((part) => Float64Array.from({ length: half }, (_, i) => frame[2 * i + part] as number));
}
