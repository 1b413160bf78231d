/**
 * Corrections of pixel values before any analysis: dark frame, gain, invalid pixels. Everything that reads frames (udf,
 * peaks) shares this object, so that a bad pixel means the same everywhere.
 *
 * Good pixels become (value − dark) · gain; bad ones are marked and optionally filled from their neighbours.
 */

import { type DataType, elements, type FrameArray } from '../bytes/dtype.js';
import { expectsMembers, expectsNumbers, expectsPlainNumbers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { maskOf } from '../util/map-into.js';
import { inspect, knownOptions } from '../util/options.js';
import type { Dataset, Metadata } from './dataset.js';

/** Defects of a detector's pixels. All arrays have one element per pixel of the frame, in the frame's order. */
export interface CorrectionOptions {
  /** Elements per frame. Default: the length of the given arrays. */
  readonly length?: number | undefined;
  /** Pixels that are never used: 1 is bad. */
  readonly mask?: ArrayLike<number> | undefined;
  /** Subtracted from every value, in the same units. */
  readonly dark?: ArrayLike<number> | undefined;
  /** Factor applied after the dark frame is subtracted. */
  readonly gain?: ArrayLike<number> | undefined;
  /** Values above this one are overloads: bad in the frame in which they occur. */
  readonly saturation?: number | undefined;
  /** Values below this one are not valid counts. */
  readonly underload?: number | undefined;
  /** Values that mark a pixel without a count. */
  readonly markers?: readonly number[] | undefined;
  /** Size of a panel. Bad pixels get the mean of their good neighbours within the panel instead of 0. */
  readonly patch?: { readonly width: number; readonly height: number } | undefined;
  /**
   * Only the pixels of `mask` are bad, as in LiberTEM: a gain of 0 is a factor, and NaN stays NaN. Default false: a
   * gain that is 0 or not finite marks a dead pixel, and NaN marks a pixel without a count in its frame.
   */
  readonly maskOnly?: boolean | undefined;
}

/** The reasons why a pixel is bad, as bits of the marks of `apply`. */
export const badPixel = { masked: 1, saturated: 2, underload: 4, marker: 8 } as const;

const names = ['length', 'mask', 'dark', 'gain', 'saturation', 'underload', 'markers', 'patch', 'maskOnly'];

/** Corrections of a detector. Immutable; the arrays are copied. */
export class Corrections {
  /** Elements per frame. */
  readonly length: number;
  /** 1 for pixels that are bad in every frame; undefined if all are good. */
  readonly mask: Uint8Array | undefined;
  readonly dark: Float64Array | undefined;
  readonly gain: Float64Array | undefined;
  readonly saturation: number;
  readonly underload: number;
  readonly markers: readonly number[];
  /** The options it was made from: plain data that can be sent to other threads. */
  readonly options: CorrectionOptions;
  readonly #patch: CorrectionOptions['patch'];
  readonly #maskOnly: boolean;
  /** Whether a value can be bad in itself. */
  readonly #limits: boolean;

  /** Throws `Argument` for unknown options, `Shape` for arrays of different lengths. */
  constructor(options: CorrectionOptions) {
    knownOptions('Corrections', options, names);
    const { mask, dark, gain, patch } = options;
    const given = { mask, dark, gain };
    for (const [name, array] of Object.entries(given))
      if (array !== undefined) expectsPlainNumbers(`Corrections: ${name}`, array);
    const length = options.length ?? mask?.length ?? dark?.length ?? gain?.length;
    if (length === undefined || !Number.isInteger(length) || length < 1)
      throw new EwaldError(
        'Argument',
        'Corrections: expected the length of a frame, or a mask, dark or gain that has it',
      );
    for (const [name, array] of Object.entries(given))
      if (array !== undefined && array.length !== length)
        throw new EwaldError('Shape', `Corrections: ${name} has ${array.length} pixels; the frame has ${length}`);
    if (patch && (!Number.isInteger(length / (patch.width * patch.height)) || patch.width < 1))
      throw new EwaldError(
        'Shape',
        `Corrections: panels of ${patch.height} × ${patch.width} do not tile a frame of ${length} pixels`,
      );
    this.length = length;
    this.mask = mask ? maskOf(mask, Boolean) : undefined;
    // Float32 would lose small differences between 32-bit frames and their dark frame.
    this.dark = dark ? Float64Array.from(dark) : undefined;
    this.gain = gain ? Float64Array.from(gain) : undefined;
    this.#maskOnly = options.maskOnly ?? false;
    this.saturation = options.saturation ?? Number.POSITIVE_INFINITY;
    this.underload = options.underload ?? Number.NEGATIVE_INFINITY;
    this.markers = [...(options.markers ?? [])];
    this.options = { ...options, length };
    this.#patch = patch;
    this.#limits = options.saturation !== undefined || options.underload !== undefined || this.markers.length > 0;
    // Many detectors mark dead pixels with a gain of 0 or NaN.
    if (!this.#maskOnly && this.gain?.some((factor) => !(Math.abs(factor) > 0 && Number.isFinite(factor)))) {
      const marks = this.mask ?? new Uint8Array(length);
      for (let i = 0; i < length; i++) {
        const factor = this.gain[i] as number;
        if (!(Math.abs(factor) > 0 && Number.isFinite(factor))) {
          marks[i] = 1;
          this.gain[i] = 0;
        }
      }
      this.mask = marks;
    }
  }

  /**
   * The corrections that a dataset itself states: its mask, its limits and its markers. Where masks differ from frame to
   * frame (`dataset.maskVaries`), those of `frame`. Throws `Argument` if it is missing then.
   */
  static async of(
    dataset: Dataset,
    { frame, ...options }: Omit<CorrectionOptions, 'length'> & { readonly frame?: number | undefined } = {},
  ): Promise<Corrections> {
    expectsMembers('Corrections.of: the dataset', dataset, ['frameLength', 'read', 'meta'], 'the result of open');
    if (dataset.maskVaries && frame === undefined)
      throw new EwaldError(
        'Argument',
        `Corrections.of: the mask of ${dataset.name} differs from frame to frame; make corrections for each frame: ` +
          'Corrections.of(dataset, { frame })',
      );
    if (frame !== undefined && !(Number.isInteger(frame) && frame >= 0 && frame < dataset.frames))
      throw new EwaldError(
        'Argument',
        `Corrections.of: frame is ${inspect(frame)}; expected a frame of ${dataset.name}, 0 … ${dataset.frames - 1}`,
      );
    const { saturation, underload, markers } = dataset.meta;
    const own = await dataset.mask?.({ frame });
    const mask = own && options.mask ? own.map((bad, i) => (bad || options.mask?.[i] ? 1 : 0)) : (options.mask ?? own);
    return new Corrections({ saturation, underload, markers, ...options, mask, length: dataset.frameLength });
  }

  /** Whether nothing is corrected, so that frames can be used unchanged. */
  get isIdentity(): boolean {
    return !this.mask && !this.dark && !this.gain && !this.#limits;
  }

  /**
   * Whether corrected values are linear in those of the frame: no limit or marker makes a value bad in itself. (NaN
   * always does: frames of floats require `apply`.)
   */
  get isLinear(): boolean {
    return !this.#limits;
  }

  /**
   * Weights w' with Σ weights · corrected = Σ w' · (value − dark) for every frame: gain, bad pixels and patches are
   * folded into the weights. Requires `isLinear`.
   */
  folded(weights: ArrayLike<number>): Float64Array {
    const { length, mask, gain } = this;
    const out = new Float64Array(length);
    for (let i = 0; i < length; i++) out[i] = mask?.[i] ? 0 : (weights[i] as number);
    if (mask && this.#patch)
      for (let i = 0; i < length; i++) {
        if (mask[i] === 0 || weights[i] === 0) continue;
        const good = goodAround(mask, i, this.#patch);
        for (const j of good) out[j] = (out[j] as number) + (weights[i] as number) / good.length;
      }
    // Pixels without weight do not contribute, whatever their gain is.
    if (gain) for (let i = 0; i < length; i++) if (out[i] !== 0) out[i] = (out[i] as number) * (gain[i] as number);
    return out;
  }

  /** Converts a sum of `count` frames, in place, to the sum of the corrected frames. Requires `isLinear`. */
  correctSum(sum: Float64Array, count: number): void {
    const { length, mask, dark, gain } = this;
    for (let i = 0; i < length; i++)
      sum[i] = mask?.[i] ? 0 : ((sum[i] as number) - count * (dark?.[i] ?? 0)) * (gain?.[i] ?? 1);
    if (mask && this.#patch) patchBad(sum, mask, length, this.#patch);
  }

  /** The good pixels whose mean replaces a pixel that is bad in every frame; none if bad pixels are 0. */
  neighboursOf(pixel: number): readonly number[] {
    return this.mask && this.#patch ? goodAround(this.mask, pixel, this.#patch) : [];
  }

  /**
   * Corrects one frame: values go into `out` (computed in float64; 0 where bad unless patched), reasons into `marks`
   * (bits of `badPixel`, 0 good). Returns the number of bad pixels. Complex frames are rejected (`Shape`).
   */
  apply(frame: FrameArray, dtype: DataType, out: Float32Array | Float64Array, marks: Uint8Array): number {
    const { length, mask, dark, gain, saturation, underload, markers } = this;
    const ofNaN = this.#maskOnly ? 0 : badPixel.marker;
    if (elements[dtype].numbers !== 1 || dtype === 'f16')
      throw new EwaldError('Shape', `frames of ${dtype} have no counts to correct; expected integers, f32 or f64`);
    for (const [name, array] of Object.entries({ frame, out, marks }))
      if (array.length < length)
        throw new EwaldError(
          'Shape',
          `Corrections.apply: ${name} has ${array.length} elements; the frame has ${length}`,
        );
    const wide = frame instanceof BigInt64Array || frame instanceof BigUint64Array;
    let bad = 0;
    for (let i = 0; i < length; i++) {
      const value = wide ? Number(frame[i]) : (frame[i] as number);
      let mark: number = mask && mask[i] !== 0 ? badPixel.masked : 0;
      if (value > saturation) mark |= badPixel.saturated;
      if (value < underload) mark |= badPixel.underload;
      if (Number.isNaN(value)) mark |= ofNaN;
      else if (markers.length > 0 && markers.includes(value)) mark |= badPixel.marker;
      marks[i] = mark;
      if (mark !== 0) {
        out[i] = 0;
        bad++;
      } else out[i] = (value - (dark ? (dark[i] as number) : 0)) * (gain ? (gain[i] as number) : 1);
    }
    if (this.#patch && bad > 0) patchBad(out, marks, length, this.#patch);
    return bad;
  }
}

/** The good pixels among the eight neighbours of pixel i, within its panel. */
function goodAround(marks: Uint8Array, i: number, { width, height }: { width: number; height: number }): number[] {
  const x = i % width;
  const y = Math.floor(i / width) % height;
  const good: number[] = [];
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) {
      if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
      const j = i + dy * width + dx;
      if (marks[j] === 0) good.push(j);
    }
  }
  return good;
}

/** Fills bad pixels with the mean of their good neighbours; pixels without any stay 0. */
function patchBad(
  out: Float32Array | Float64Array,
  marks: Uint8Array,
  length: number,
  panel: { width: number; height: number },
): void {
  for (let i = 0; i < length; i++) {
    if (marks[i] === 0) continue;
    const good = goodAround(marks, i, panel);
    if (good.length > 0) out[i] = good.reduce((sum, j) => sum + (out[j] as number), 0) / good.length;
  }
}

/** Pixels of a frame that carry no count according to the file's metadata, as a mask: 1 is bad. */
export function staticMask(frame: FrameArray, meta: Metadata): Uint8Array {
  expectsNumbers('staticMask: the frame', frame);
  expectsMembers('staticMask: the metadata', meta, [], 'the metadata of a dataset, dataset.meta');
  const { underload = Number.NEGATIVE_INFINITY, markers = [] } = meta;
  return maskOf(frame as ArrayLike<number | bigint>, (given) => {
    const value = Number(given);
    return value < underload || markers.includes(value);
  });
}
