/** `ssbUdf`: single side band ptychography while frames arrive, and in one step over a resident scan. */

import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import { defineUdf, type Udf, type UdfFrames, type UdfMeta } from '../../udf/functions/udf.js';
import type { UdfCore } from '../../udf/room.js';
import { ResidentScan } from '../../udf/scans/resident.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal, yieldToEventLoop } from '../../util/options.js';
import { frameSize } from '../builtin/fluctuation.js';
import { inverse2d, spectrum2d } from '../images/fourier.js';
import { checkSideBands, checkSsb, SideBands, type SsbGeometry, type SsbOptions, type SsbSizes } from './geometry.js';

/** A transform of planes over the scan: real [planes, rows, columns] to complex [planes, rows / 2 + 1, columns]. */
interface Transform {
  readonly planes: number;
  run(planes: Float32Array, spectra: Float32Array): Promise<void> | void;
  dispose(): Promise<void>;
}

/** Bytes of the planes that are transformed together. */
const planeBytes = 2 ** 24;

const planesAtOnce = ([rows, columns]: readonly [number, number], pixels: number): number =>
  Math.max(1, Math.min(pixels, Math.floor(planeBytes / (4 * rows * columns))));

/** The part of a context that is used. */
interface FftContext {
  fft(options: object): Promise<{
    forward(input: Float32Array, output: Float32Array): Promise<unknown>;
    dispose(): Promise<void>;
  }>;
}

/** The context's transform of some planes; halved along the scan's first axis. */
async function transformOf(context: FftContext, nav: readonly [number, number], pixels: number): Promise<Transform> {
  const planes = planesAtOnce(nav, pixels);
  const plan = await context.fft({ shape: nav, kind: 'r2c', reducedAxis: 0, batch: planes });
  return {
    planes,
    async run(input, output) {
      await plan.forward(input, output);
    },
    dispose: () => plan.dispose(),
  };
}

/** The same in JavaScript. */
function transformInJavaScript([rows, columns]: readonly [number, number]): Transform {
  return {
    planes: 1,
    run(input, output) {
      output.set(spectrum2d(input, rows, columns).subarray(0, output.length));
    },
    dispose: async () => undefined,
  };
}

const checkedSizes = (what: string, nav: readonly number[], sig: readonly number[]): SsbSizes => {
  if (nav.length !== 2 || sig.length !== 2)
    throw new EwaldError(
      'Shape',
      `${what} requires a scan and frames of two axes; the scan has ${nav.length}, the frames have ${sig.length}`,
    );
  return { nav: nav as [number, number], sig: sig as [number, number] };
};

/** Adds what `fill` writes for each detector pixel to the spectrum of the object, in blocks of pixels. */
async function addBands(
  bands: SideBands,
  nav: readonly [number, number],
  transform: Transform,
  fill: (pixel: number, plane: Float32Array) => void,
  out: Float64Array,
  pause: () => Promise<void> = async () => undefined,
): Promise<void> {
  const positions = nav[0] * nav[1];
  const length = 2 * bands.rows * bands.columns;
  const planes = new Float32Array(transform.planes * positions);
  const spectra = new Float32Array(transform.planes * length);
  for (let first = 0; first < bands.pixels.length; first += transform.planes) {
    const count = Math.min(transform.planes, bands.pixels.length - first);
    for (let k = 0; k < count; k++) {
      const { y, x } = bands.pixels[first + k] as { y: number; x: number };
      fill(y * bands.width + x, planes.subarray(k * positions, (k + 1) * positions));
    }
    await transform.run(planes, spectra);
    for (let k = 0; k < count; k++) bands.add(first + k, spectra, k * length);
    await pause();
  }
  bands.finish(out);
}

/** The images of a reconstruction, [rows, columns] of the scan. */
export interface SsbImages {
  /** Spectrum of the object, complex interleaved. */
  readonly fourier: Float64Array;
  /** The object, complex interleaved. */
  readonly complex: Float64Array;
  /** Its amplitude, and its phase in radians. */
  readonly amplitude: Float64Array;
  readonly phase: Float64Array;
}

/** The images of half a spectrum; the other half is −conj F(−q). */
function imagesOf(half: ArrayLike<number>, [rows, columns]: readonly [number, number]): SsbImages {
  const fourier = new Float64Array(2 * rows * columns);
  const kept = Math.floor(rows / 2) + 1;
  for (let i = 0; i < 2 * kept * columns; i++) fourier[i] = half[i] as number;
  for (let q = kept; q < rows; q++)
    for (let p = 0; p < columns; p++) {
      const from = 2 * ((rows - q) * columns + ((columns - p) % columns));
      fourier[2 * (q * columns + p)] = -(fourier[from] as number);
      fourier[2 * (q * columns + p) + 1] = fourier[from + 1] as number;
    }
  const complex = fourier.slice();
  inverse2d(complex, rows, columns);
  const [amplitude, phase] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
  for (let i = 0; i < amplitude.length; i++) {
    const [re, im] = [complex[2 * i] as number, complex[2 * i + 1] as number];
    // The side bands are linear in the intensity, so the amplitude is the root of the magnitude.
    const root = Math.sqrt(Math.hypot(re, im));
    amplitude[i] = root;
    phase[i] = Math.atan2(im, re);
    if (root > 0) complex.set([re / root, im / root], 2 * i);
  }
  return { fourier, complex, amplitude, phase };
}

/** Half the spectrum of the object from a scan in memory. */
async function halfOf(
  { positions, planes }: ResidentScan,
  bands: SideBands,
  nav: readonly [number, number],
  transform: Transform,
  signal: PlatformSignal | undefined,
): Promise<Float64Array> {
  const half = new Float64Array(2 * bands.rows * bands.columns);
  const fill = (pixel: number, plane: Float32Array): void =>
    plane.set(planes.subarray(pixel * positions, (pixel + 1) * positions) as unknown as Float32Array);
  await addBands(bands, nav, transform, fill, half, async () => {
    await yieldToEventLoop();
    checkSignal(signal);
  });
  return half;
}

/** Parameters of the UDF. */
interface SsbParams extends Readonly<Record<string, unknown>> {
  readonly geometry: SsbGeometry;
}

/** Buffers of `ssbUdf`, which are images over the scan. */
type SsbBuffers = {
  readonly fourier: BufferDeclaration<'c128'>;
  readonly complex: BufferDeclaration<'c128'>;
  readonly amplitude: BufferDeclaration<'f64'>;
  readonly phase: BufferDeclaration<'f64'>;
};

const initial: SsbParams = {
  geometry: checkSsb('ssb', { lamb: 2e-12, dpix: 1e-10, semiconv: 0.02, semiconvPix: 1 }),
};

/** Adds a partition: its frames at their positions, and 0 at all others. */
function partitionFill(frames: UdfFrames, positions: Uint32Array): (pixel: number, plane: Float32Array) => void {
  const pixels = frames.length / positions.length;
  return (pixel, plane) => {
    plane.fill(0);
    for (let i = 0; i < positions.length; i++) plane[positions[i] as number] = frames[i * pixels + pixel] as number;
  };
}

const sizes = (meta: UdfMeta): SsbSizes => checkedSizes('ssb', meta.nav, meta.sig);

/** The UDF of `ssbUdf`; its parameters are checked there. */
export const sideBandUdf = /* @__PURE__ */ defineUdf({
  name: 'ssb',
  module: 'ewald/udf',
  params: initial,
  buffers(meta, { geometry }) {
    frameSize('ssb', meta);
    const { nav, sig } = sizes(meta);
    // Once for the run, not for each of its partitions.
    if (!('partition' in meta)) checkSideBands(geometry, { nav, sig });
    const image = { kind: 'single', dtype: 'f64', extraShape: nav, use: 'resultOnly' } as const;
    return {
      half: {
        kind: 'single',
        dtype: 'f64',
        extraShape: [Math.floor(nav[0] / 2) + 1, nav[1], 2],
        use: 'private',
      },
      fourier: { ...image, dtype: 'c128' },
      complex: { ...image, dtype: 'c128' },
      amplitude: image,
      phase: image,
    };
  },
  processPartition({ frames, positions, params, results, meta }) {
    const { nav, sig } = sizes(meta);
    const bands = new SideBands(params.geometry, { nav, sig });
    const transform = transformInJavaScript(nav);
    const fill = partitionFill(frames, positions);
    const length = 2 * bands.rows * bands.columns;
    const [plane, spectrum] = [new Float32Array(nav[0] * nav[1]), new Float32Array(length)];
    for (const [k, { y, x }] of bands.pixels.entries()) {
      fill(y * bands.width + x, plane);
      void transform.run(plane, spectrum);
      bands.add(k, spectrum, 0);
    }
    bands.finish(results.half as Float64Array);
  },
  core({ params, meta, open }) {
    const { nav, sig } = sizes(meta);
    const bands = new SideBands(params.geometry, { nav, sig });
    return open()
      .then((context) => transformOf(context as UdfCore & FftContext, nav, bands.pixels.length))
      .then((transform) => ({
        run: ({ frames, results, meta: { positions } }) =>
          addBands(bands, nav, transform, partitionFill(frames as UdfFrames, positions), results.half as Float64Array),
        dispose: () => transform.dispose(),
      }));
  },
  async resident({ params, meta, scan, open }) {
    const { nav, sig } = sizes(meta);
    const bands = new SideBands(params.geometry, { nav, sig });
    const transform = await transformOf((await open()) as UdfCore & FftContext, nav, bands.pixels.length);
    try {
      return { half: await halfOf(scan, bands, nav, transform, undefined) };
    } finally {
      await transform.dispose();
    }
  },
  mergesParts: true,
  merge({ dest, src }) {
    const [to, from] = [dest.half as Float64Array, src.half as Float64Array];
    for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + (from[i] as number);
  },
  getResults: ({ results, meta }) => ({ ...imagesOf(results.half as Float64Array, sizes(meta).nav) }),
});

/**
 * Single side band ptychography of a scan of two axes: `fourier`, the spectrum of the object, `complex`, the object,
 * and its `amplitude` and `phase` (radians). The sums are linear in the frames, so that a scan that is not complete
 * gives a partial image. Definitions and names of ptychography40 (its `SSB_UDF`, method subpix). Each partition needs a
 * transform over the scan of every pixel of the central disk; see `residentSsb` for scans in memory.
 *
 * Throws `Argument` for options outside their ranges; its run does for a disk outside the frames, and for a geometry
 * without side bands, whose object would be flat.
 */
export function ssbUdf(options: SsbOptions): Udf<SsbBuffers, SsbParams> {
  return sideBandUdf.withParams({ geometry: checkSsb('ssbUdf', options) }) as unknown as Udf<SsbBuffers, SsbParams>;
}

/** The result of `residentSsb`. */
export interface ResidentSsb {
  /** Reconstructs with another geometry; the scan is not read again. */
  set(options: SsbOptions): Promise<SsbImages>;
  dispose(): Promise<void>;
}

/**
 * Single side band ptychography of a resident scan on a context of `createContext` (wasm, native): sums over the scan
 * and over the detector are exchanged, so that each detector pixel is transformed once. 64 × 64 frames of 64 × 64
 * pixels with a disk of radius 16 take tens of milliseconds.
 *
 * Throws `Shape` for a scan that does not have two axes; `set` throws what `ssbUdf` throws, and `Aborted`.
 */
export function residentSsb(
  scan: ResidentScan,
  context: FftContext,
  options: { readonly signal?: PlatformSignal | undefined } = {},
): ResidentSsb {
  const what = 'residentSsb';
  if (!(scan instanceof ResidentScan))
    throw new EwaldError('Argument', `${what}: the scan is not a resident one; expected await residentScan(dataset)`);
  const { nav, sig } = checkedSizes(what, scan.nav, [scan.height, scan.width]);
  let kept: Promise<Transform> | undefined;
  let size = 0;
  return {
    async set(wanted) {
      const geometry = checkSsb(what, wanted);
      checkSideBands(geometry, { nav, sig });
      const bands = new SideBands(geometry, { nav, sig });
      const planned = planesAtOnce(nav, bands.pixels.length);
      if (planned !== size) {
        await (await kept?.catch(() => undefined))?.dispose();
        kept = transformOf(context, nav, bands.pixels.length);
        size = planned;
      }
      return imagesOf(await halfOf(scan, bands, nav, (await kept) as Transform, options.signal), nav);
    },
    async dispose() {
      await (await kept?.catch(() => undefined))?.dispose();
      kept = undefined;
      size = 0;
    },
  };
}
