/** Off-axis electron holography: the wave of one side band of each hologram; definitions of LiberTEM-holo. */

import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import { defineUdf, type Udf, type UdfMeta } from '../../udf/functions/udf.js';
import type { UdfCore } from '../../udf/room.js';
import { expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { frameSize } from '../builtin/fluctuation.js';
import { inverse2d, spectrum2d } from '../images/fourier.js';
import { filled, fillOf, type PixelList } from '../images/without-count.js';

/** Options of `holographyUdf`. */
export interface HolographyOptions {
  /** Height and width of the waves, at most those of the frames; default: those of the frames. */
  readonly outShape?: readonly [number, number] | undefined;
  /**
   * The side band (y, x) as indices of the spectrum with frequency 0 in the corner, such as the result of
   * `estimateSideband`; fractions are dropped. As in LiberTEM-holo, the band at minus this frequency is selected.
   */
  readonly sbPosition: readonly [number, number];
  /**
   * The aperture around the side band: a disk whose edge is one pixel wide, a Butterworth filter of an order (default
   * 12), or numbers [outShape] with frequency 0 in the corner. Radius in pixels of the spectrum; default: a disk of
   * half the distance of the side band.
   */
  readonly aperture?:
    | { readonly kind: 'disk'; readonly radius: number }
    | { readonly kind: 'butterworth'; readonly radius: number; readonly order?: number | undefined }
    | ArrayLike<number>
    | undefined;
  /**
   * Divides by the number of pixels of a frame over that of a wave; default false, as in LiberTEM-holo, where waves of
   * a quarter of the pixels have four times the amplitude.
   */
  readonly normalised?: boolean | undefined;
  /** Pixels (y, x) that get the mean of their neighbours, such as hot ones; default: none. */
  readonly without?: PixelList | undefined;
}

/** Parameters of the UDF. */
interface HolographyParams extends Readonly<Record<string, unknown>> {
  readonly outShape: readonly [number, number] | null;
  readonly sbPosition: readonly [number, number];
  readonly aperture: { readonly radius: number; readonly order: number | null } | Float64Array | null;
  readonly normalised: boolean;
  readonly without: PixelList;
}

/** Distance of an index of a spectrum from frequency 0. */
const distance = ([y, x]: readonly [number, number], [height, width]: readonly [number, number]): number => {
  const along = (k: number, n: number): number => {
    const wrapped = ((k % n) + n) % n;
    return Math.min(wrapped, n - wrapped);
  };
  return Math.hypot(along(y, height), along(x, width));
};

/** The aperture, [height, width] with frequency 0 in the corner. */
function apertureOf(
  { aperture, sbPosition }: HolographyParams,
  [height, width]: readonly [number, number],
  sig: readonly [number, number],
): Float64Array {
  const { radius, order } = (aperture instanceof Float64Array ? null : aperture) ?? {
    radius: distance(sbPosition, sig) / 2,
    order: null,
  };
  const squares = (n: number): Float64Array =>
    Float64Array.from(new Float64Array(n), (_, k) => Math.min(k, n - k) ** 2);
  const [ys, xs] = [squares(height), squares(width)];
  const out = new Float64Array(height * width);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const r = Math.sqrt((ys[y] as number) + (xs[x] as number));
      if (order !== null) out[i] = 1 / Math.sqrt(1 + (r / radius) ** (2 * order));
      else out[i] = r === 0 ? 1 : Math.max(0, Math.min(1, radius / 2 + 0.5 - Math.abs(r - radius / 2)));
    }
  return out;
}

/** The height and width of the waves. Throws `Argument` if they are larger than the frames. */
function waveShape({ outShape }: HolographyParams, meta: UdfMeta): readonly [number, number] {
  const { height, width } = frameSize('holography', meta);
  const [rows, columns] = outShape ?? [height, width];
  if (rows > height || columns > width)
    throw new EwaldError(
      'Argument',
      `holography: outShape is ${rows} × ${columns}, larger than the frames of ${height} × ${width}`,
    );
  return [rows, columns];
}

/** What a run needs of its parameters. */
function planOf(params: HolographyParams, meta: UdfMeta) {
  const { height, width } = frameSize('holography', meta);
  const [rows, columns] = waveShape(params, meta);
  const given = params.aperture instanceof Float64Array ? params.aperture : undefined;
  if (given && given.length !== rows * columns)
    throw new EwaldError(
      'Shape',
      `holography: the aperture has ${given.length} numbers; expected ${rows} × ${columns}, those of outShape`,
    );
  let made = given;
  const [sy, sx] = params.sbPosition.map(Math.trunc) as [number, number];
  // Lowest frequency of a wave, and the index of the spectrum that becomes it.
  const lowest = (n: number, out: number): number => Math.trunc(n / 2 - out / 2) - Math.floor(n / 2);
  const modulo = (k: number, n: number): number => ((k % n) + n) % n;
  return {
    height,
    width,
    rows,
    columns,
    /** Computed on first access, because not every partition of a run needs it. */
    get aperture(): Float64Array {
      made ??= apertureOf(params, [rows, columns], [height, width]);
      return made;
    },
    top: modulo(lowest(height, rows) - sy, height),
    left: modulo(lowest(width, columns) - sx, width),
    firstRow: modulo(lowest(height, rows), rows),
    firstColumn: modulo(lowest(width, columns), columns),
    fill: fillOf(params.without, { height, width }),
    scale: params.normalised ? (rows * columns) / (height * width) : 1,
  };
}
type Plan = ReturnType<typeof planOf>;

/** The window of a spectrum, [rows, columns] from its first frequency, under the aperture and with 0 in the corner. */
function underAperture(
  { rows, columns, firstRow, firstColumn, aperture, scale }: Plan,
  window: (y: number, x: number, part: 0 | 1) => number,
  out: Float64Array | Float32Array,
): void {
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const at = ((y + firstRow) % rows) * columns + ((x + firstColumn) % columns);
      const weight = (aperture[at] as number) * scale;
      out[2 * at] = weight * window(y, x, 0);
      out[2 * at + 1] = weight * window(y, x, 1);
    }
}

/** The part of a context that is used. */
interface FftContext {
  fft(options: object): Promise<{
    forward(input: Float32Array, output: Float32Array): Promise<unknown>;
    backward(input: Float32Array, output: Float32Array): Promise<unknown>;
    dispose(): Promise<void>;
  }>;
}

/** Bytes of the frames that are transformed together. */
const blockBytes = 2 ** 22;

/** The waves of some frames by the transforms of a context: only the window of the spectrum is computed. */
async function workOf(context: FftContext, plan: Plan, frames: number) {
  const { height, width, rows, columns, top, left } = plan;
  const pixels = height * width;
  const batch = Math.max(1, Math.min(frames, Math.floor(blockBytes / (4 * pixels))));
  const keep = (start: number, count: number, n: number) => [start + count > n ? start - n : start, count] as const;
  const forward = await context.fft({
    shape: [height, width],
    kind: 'real',
    batch,
    keep: [keep(top, rows, height), keep(left, columns, width)],
  });
  const inverse = await context.fft({ shape: [rows, columns], kind: 'c2c', batch });
  const dispose = async (): Promise<void> => {
    await forward.dispose();
    await inverse.dispose();
  };
  const input = new Float32Array(batch * pixels);
  const length = 2 * rows * columns;
  const [spectra, bands, waves] = [0, 1, 2].map(() => new Float32Array(batch * length)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return {
    async run(
      frames: ArrayLike<number> & { subarray(a: number, b: number): ArrayLike<number> },
      count: number,
      wave: Float32Array,
    ) {
      for (let first = 0; first < count; first += batch) {
        const here = Math.min(batch, count - first);
        input.set(filled(frames.subarray(first * pixels, (first + here) * pixels), plan.fill, here));
        await forward.forward(input, spectra);
        for (let f = 0; f < here; f++) {
          const from = f * length;
          underAperture(
            plan,
            (y, x, part) => spectra[from + 2 * (y * columns + x) + part] as number,
            bands.subarray(from, from + length),
          );
        }
        await inverse.backward(bands, waves);
        for (let k = 0; k < here * length; k++) wave[first * length + k] = (waves[k] as number) / (rows * columns);
      }
    },
    dispose,
  };
}

/** Buffers of `holographyUdf`. */
type HolographyBuffers = { readonly wave: BufferDeclaration<'c64'> };

const initial: HolographyParams = {
  outShape: null,
  sbPosition: [0, 0],
  aperture: null,
  normalised: false,
  without: [],
};

/** The UDF of `holographyUdf`; its parameters are checked there. */
export const holoUdf = /* @__PURE__ */ defineUdf({
  name: 'holography',
  module: 'ewald/udf',
  params: initial,
  buffers(meta, params) {
    return { wave: { kind: 'nav', dtype: 'c64', extraShape: waveShape(params, meta) } };
  },
  getTaskData: ({ params, meta }) => planOf(params, meta),
  processFrame({ frame, results, task }) {
    const { height, width, rows, columns, top, left } = task;
    const spectrum = spectrum2d(filled(frame, task.fill), height, width);
    const band = new Float64Array(2 * rows * columns);
    underAperture(
      task,
      (y, x, part) => spectrum[2 * (((top + y) % height) * width + ((left + x) % width)) + part] as number,
      band,
    );
    inverse2d(band, rows, columns);
    results.wave.set(band);
  },
  core({ params, meta, open }) {
    if (meta.inputDtype === 'f64' || meta.inputDtype.startsWith('c')) return undefined;
    const plan = planOf(params, meta);
    return open()
      .then((context) => workOf(context as UdfCore & FftContext, plan, meta.frames))
      .then(({ run, dispose }) => ({
        run: ({ frames, count, results }) => run(frames as never, count, results.wave as Float32Array),
        dispose,
      }));
  },
});

/**
 * Off-axis electron holography: `wave`, the complex wave [outShape] of one side band of each hologram; names and values
 * of LiberTEM-holo's `HoloReconstructUDF`. In float32 by the transforms of the context, in float64 for frames of
 * float64.
 *
 * Throws `Argument` for a shape that is larger than the frames, `Shape` for an aperture of another size.
 */
export function holographyUdf(options: HolographyOptions): Udf<HolographyBuffers, HolographyParams> {
  const what = 'holographyUdf';
  if (typeof options !== 'object' || options === null)
    throw new EwaldError('Argument', `${what} requires the option sbPosition`);
  const rows = { ...row.others('outShape', 'sbPosition', 'aperture', 'without'), normalised: row.flag };
  const { outShape, sbPosition, aperture, normalised, without = [] } = checkedOptions(what, options, rows);
  const isPair = (value: unknown): boolean =>
    Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
  if (!isPair(sbPosition))
    throw new EwaldError(
      'Argument',
      `${what}: sbPosition is ${inspect(sbPosition)}; expected [y, x], an index of the spectrum`,
    );
  if (outShape !== undefined && !(isPair(outShape) && outShape.every((n) => Number.isInteger(n) && n > 0)))
    throw new EwaldError('Argument', `${what}: outShape is ${inspect(outShape)}; expected [height, width]`);
  return holoUdf.withParams({
    outShape: outShape ?? null,
    sbPosition,
    aperture: apertureFrom(what, aperture),
    normalised,
    without,
  });
}

function apertureFrom(what: string, aperture: HolographyOptions['aperture']): HolographyParams['aperture'] {
  if (aperture === undefined) return null;
  if ('length' in aperture) return Float64Array.from(aperture);
  const radius = checkedValue(`${what}: radius of the aperture`, aperture.radius, row.required(row.number(0.5, 1e6)));
  if (aperture.kind === 'disk') return { radius, order: null };
  if (aperture.kind !== 'butterworth')
    throw new EwaldError(
      'Argument',
      `${what}: the aperture is ${(aperture as { kind: string }).kind}; expected disk or butterworth`,
    );
  return { radius, order: checkedValue(`${what}: order of the aperture`, aperture.order, row.number(0.5, 1000, 12)) };
}

/** A side band of a hologram. */
export interface SidebandEstimate {
  /** (y, x) as indices of the spectrum with frequency 0 in the corner. */
  readonly sbPosition: readonly [number, number];
  /** Half the distance from frequency 0: the radius of a disk that does not touch the centre band. */
  readonly sbSize: number;
}

/**
 * The brightest frequency of half a spectrum, outside a disk of 5 % of the highest frequency around 0: `lower`
 * (default) the upper half of its rows, `upper` the lower half, as in LiberTEM-holo.
 *
 * Throws `Shape` for an image of another size.
 */
export function estimateSideband(
  hologram: ArrayLike<number>,
  shape: readonly [height: number, width: number],
  sideband: 'lower' | 'upper' = 'lower',
): SidebandEstimate {
  expectsNumbers('estimateSideband: hologram', hologram);
  expectsNumbers('estimateSideband: shape', shape);
  const [height = 0, width = 0] = shape;
  if (hologram.length !== height * width || height < 4 || width < 4)
    throw new EwaldError(
      'Shape',
      `estimateSideband: ${hologram.length} numbers for the shape [${shape}]; expected [height, width] of at least 4`,
    );
  const spectrum = spectrum2d(hologram, height, width);
  const hole = 0.05 * (Math.min(height, width) / 2);
  const half = Math.floor(height / 2);
  const [first, end] = sideband === 'lower' ? [0, half] : [half, height];
  let best = { size: -1, y: 0, x: 0 };
  for (let y = first; y < end; y++)
    for (let x = 0; x < width; x++) {
      if (distance([y, x], [height, width]) <= hole) continue;
      const at = 2 * (y * width + x);
      const size = Math.hypot(spectrum[at] as number, spectrum[at + 1] as number);
      if (size > best.size) best = { size, y, x };
    }
  return { sbPosition: [best.y, best.x], sbSize: distance([best.y, best.x], [height, width]) / 2 };
}
