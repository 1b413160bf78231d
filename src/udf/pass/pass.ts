/**
 * One pass of the core over frames: sums of each frame (disks, rings, centres of mass, masks) and sums over all frames
 * (sum, moments, logarithms), several of them while a frame is in the cache. See cpp/udf.
 */

import { allocateFrames, type FrameArray } from '../../bytes/dtype.js';
import { type ArrayParts, type DeviceArray, partsOf } from '../../compute/arrays/array.js';
import { numberTypes } from '../../compute/arrays/numbers.js';
import type { BackendName } from '../../compute/backends/names.js';
import { pack } from '../../compute/layout/struct.js';
import { udfDescriptor, udfNumbers } from '../../compute/layout/udf.js';
import type { Planner } from '../../compute/planner/planner.js';
import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import { assertIntact, lengthOf } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../../util/resource.js';
import type { PassDtype, UdfKernel } from '../contract.js';
import { udfFeature } from '../kernels.js';
import { checkAmount, checkNumbers, checkOwner } from './frames-of-run.js';
import { packSteps, stepKind } from './pack.js';
import { planRows } from './plan-rows.js';
import { settleColumns } from './settle.js';
import type { PassStep } from './steps.js';

export type { PassStep, Spans, SparseMasks } from './steps.js';
export { shapeOfStep } from './steps.js';
export type { PassDtype };

/** Sizes of a pass. */
export interface FramePassOptions {
  /** Pixels per row, and rows per frame. */
  readonly width: number;
  readonly height: number;
  readonly dtype: PassDtype;
  readonly steps: readonly PassStep[];
  /** CPU threads, 0 (default): one per core. Results do not depend on it. */
  readonly threads?: number | undefined;
  /**
   * Whether frames are packed by bitshuffle and LZ4 until a `frameDecoder` puts them into an array of the pass's backend,
   * so that the default backend is where decoding and the pass together take least; default: false.
   */
  readonly packed?: boolean | undefined;
  /**
   * Backend. Default: the one named when the context was opened, otherwise where it pays, transfer of the frames
   * included: GPUs compute many dense masks, plain sums stay on the CPU.
   */
  readonly backend?: BackendName | undefined;
}

/** Sums of a run. */
export interface FrameSums {
  /** [frames, columns], in the order of the steps; exact for integers of up to 32 bits while below 2^53. */
  readonly nav: Float64Array;
  /** [planes, pixels], in the order of the steps; empty if further frames follow. */
  readonly sig: Float64Array;
}

/** The place of a run's frames in a sequence of runs whose sums of pixels are those of all their frames. */
export interface PieceOfRun {
  /** Whether sums of pixels continue those of the run before, which had `more`; default: false. */
  readonly continues?: boolean | undefined;
  /** Whether further frames follow, so that there are no sums of pixels yet; default: false. */
  readonly more?: boolean | undefined;
  /** Memory for the sums of pixels, planes × pixels, which they overwrite; default: new memory. */
  readonly into?: Float64Array | undefined;
}

export interface FramePassMethods extends Disposable {
  readonly backend: BackendName;
  readonly bytes: number;
  readonly columns: number;
  readonly planes: number;
  /** Whether frames may be passed in pieces; otherwise `run` throws `Unsupported` for them. */
  readonly takesPieces: boolean;
  /**
   * Sums over `count` frames, [count, height, width] of the pass's dtype, or over the first `count` of a device array
   * of the pass's backend, which stay on the device (CUDA, WebGPU; passes on the CPU throw `Unsupported`; WebGPU reads
   * frames back whose bytes are not a multiple of 4). Frames that arrive in pieces are summed by several runs, each with
   * its place among them (`piece`), which stay in the cache; results are those of one run but for rounding. Throws
   * `Shape`, `Argument`, `OutOfMemory`, `Disposed`.
   */
  run(frames: FrameArray | DeviceArray, count: number, piece?: PieceOfRun): Promise<FrameSums>;
}
/** A planned pass. */
export type FramePass = FramePassMethods & MaybeAsyncDisposable;

interface Wanted {
  readonly planner: Planner;
  readonly pass: FramePassMethods;
  readonly kernel: UdfKernel;
  readonly dtype: PassDtype;
  readonly numbers: number;
}

/** Checks that frames on a device match the pass. Throws otherwise. */
function checkThere(array: DeviceArray, parts: ArrayParts, { planner, pass, kernel, dtype, numbers }: Wanted): void {
  const what = 'framePass.run: the frames are an array';
  checkOwner(what, parts, planner);
  const { backend } = array;
  if (backend !== pass.backend)
    throw new EwaldError(
      'Argument',
      `${what} on ${backend}; this pass is on ${pass.backend}: create it with { backend: '${pass.backend}' }`,
    );
  if (!kernel.takesArrays)
    throw new EwaldError(
      'Unsupported',
      `${what} on ${backend}, whose passes only accept typed arrays: await array.read()`,
    );
  checkAmount(what, array, dtype, numbers);
}

const rows = { ...planRows, steps: row.any, packed: row.flag } as const;
const pieceRows = { continues: row.flag, more: row.flag, into: row.any } as const;

/** The places of runs among those that share their sums of pixels. */
class Places {
  readonly #takesPieces: boolean;
  readonly #backend: string;
  #isOpen = false;

  constructor(takesPieces: boolean, backend: string) {
    this.#takesPieces = takesPieces;
    this.#backend = backend;
  }

  /** The place of the next run. Throws `Unsupported`, and `Argument` if it continues sums that do not exist. */
  next({ continues = false, more = false }: PieceOfRun): { readonly continues: boolean; readonly more: boolean } {
    if ((continues || more) && !this.#takesPieces)
      throw new EwaldError(
        'Unsupported',
        `framePass.run: sums on ${this.#backend} do not continue over several runs; pass all frames at once`,
      );
    if (continues && !this.#isOpen)
      throw new EwaldError(
        'Argument',
        'framePass.run: continues is true, but there are no sums to continue; pass { more: true } to the run before',
      );
    this.#isOpen = more;
    return { continues, more };
  }

  /** Drops the sums of a run that failed. */
  drop(): void {
    this.#isOpen = false;
  }
}

/** Room for the sums of a run over `count` frames, of which `planes` numbers are sums of pixels. Throws `Shape`. */
function roomFor(count: number, columns: number, planes: number, { more = false, into }: PieceOfRun): FrameSums {
  const nav = allocateFrames('f64', count * columns) as Float64Array;
  if (more || !into) return { nav, sig: allocateFrames('f64', more ? 0 : planes) as Float64Array };
  if (!(into instanceof Float64Array && into.length === planes))
    throw new EwaldError('Shape', `framePass.run: into is ${inspect(into)}; expected a Float64Array of ${planes}`);
  if (count === 0) into.fill(0);
  return { nav, sig: into };
}

/** Plans a pass on a context. */
export async function planFramePass(planner: Planner, options: FramePassOptions): Promise<FramePass> {
  const {
    width,
    height,
    dtype,
    threads,
    steps,
    packed: isPacked = false,
    backend: named,
  } = checkedOptions('framePass', options, rows);
  const pixels = width * height;
  if (!Array.isArray(steps) || steps.length === 0)
    throw new EwaldError('Argument', 'framePass: steps is empty; expected at least one, such as { kind: "sum" }');
  const packed = packSteps(steps, pixels, width);
  const sizes = { indices: packed.indices.length, weights: packed.weights.length, steps: steps.length };
  const { backend, kernel } = await planner.plan(
    udfFeature,
    {
      fields: pack(udfDescriptor, { width, height, dtype: udfNumbers[dtype], threads, ...sizes }),
      ...packed,
      kinds: steps.map(stepKind),
      dtype,
      width,
      height,
      pixels,
      threads,
      isPacked,
      bytesOfNumber: numberTypes[dtype].BYTES_PER_ELEMENT,
    },
    named,
  );
  const resource = new Resource('frame pass', planner.resource, kernel);
  const sums = (count: number, piece: PieceOfRun): FrameSums =>
    roomFor(count, packed.columns, packed.planes * pixels, piece);
  const places = new Places(kernel.takesPieces, backend.name);
  const pass: FramePassMethods = {
    backend: backend.name,
    bytes: kernel.bytes,
    columns: packed.columns,
    planes: packed.planes,
    takesPieces: kernel.takesPieces,
    async run(frames, count, ofRun = {}) {
      resource.assertAlive();
      const piece: PieceOfRun = checkedOptions('framePass.run', ofRun, pieceRows);
      checkedValue('framePass.run: count', count, row.required(row.integer(0, 2 ** 31)));
      const there = partsOf(frames);
      if (there) {
        checkThere(frames as DeviceArray, there, { planner, pass, kernel, dtype, numbers: count * pixels });
        const { nav, sig } = sums(count, piece);
        const { continues } = places.next(piece);
        return resource.enqueueWith([there.resource], async () => {
          if (count > 0) await kernel.run({ frames: there.memory, count, nav, sig, continues });
          await settleColumns(steps, nav, pixels, async (f) => {
            const frame = new numberTypes[dtype](pixels);
            await there.memory.read(new Uint8Array(frame.buffer), f * frame.byteLength);
            return frame;
          });
          return { nav, sig };
        });
      }
      const taken = checkNumbers('framePass.run: the frames are', frames as FrameArray, dtype, count * pixels);
      const { nav, sig } = sums(count, piece);
      const { continues, more } = places.next(piece);
      const length = lengthOf(taken);
      const run = resource.enqueue(async () => {
        assertIntact('framePass.run: frames', taken, length, 'before its turn');
        if (count > 0 || continues || more)
          await kernel.run({ frames: taken, count, nav, sig: more ? undefined : sig, continues });
        assertIntact('framePass.run: frames', taken, length, 'while they were passed over');
        await settleColumns(steps, nav, pixels, async (f) => taken.subarray(f * pixels, (f + 1) * pixels));
        return { nav, sig };
      });
      run.catch(() => places.drop());
      return run;
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(pass, asyncDispose, { value: () => resource.dispose() });
  return pass as FramePass;
}
