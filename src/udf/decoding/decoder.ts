/**
 * Decoding of compressed frames on a backend: chunks of bitshuffle and LZ4, as HDF5's filter 32008 and detectors write
 * them, to numbers in memory or in an array on a device, to which then only packed bytes are copied.
 */

import type { FrameArray } from '../../bytes/dtype.js';
import { type ArrayParts, type DeviceArray, partsOf } from '../../compute/arrays/array.js';
import { numberTypes } from '../../compute/arrays/numbers.js';
import type { BackendName } from '../../compute/backends/names.js';
import type { Planner } from '../../compute/planner/planner.js';
import { checkedOptions, row } from '../../options/call-options.js';
import { asItIs, assertIntact, lengthOf } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../../util/resource.js';
import type { PassDtype } from '../contract.js';
import { checkAmount, checkNumbers, checkOwner } from '../pass/frames-of-run.js';
import { planRows } from '../pass/plan-rows.js';
import { decoderFeature } from './kernels.js';

/** What is decoded, and where frames go. */
export interface FrameDecoderOptions {
  /** Pixels per row, and rows per frame. */
  readonly width: number;
  readonly height: number;
  readonly dtype: PassDtype;
  /** Bytes of the largest block in a chunk, which its bytes 8 to 11 state; default 8192. CUDA takes up to 32768. */
  readonly block?: number | undefined;
  /** Whether frames go to arrays (`ctx.array`); default false: to typed arrays. */
  readonly toArray?: boolean | undefined;
  /**
   * Backend. Default: the one named when the context was opened, otherwise where it pays: on the CPU for typed arrays;
   * for arrays on a GPU there, if sending packed bytes and decoding them takes less than decoding and sending frames.
   */
  readonly backend?: BackendName | undefined;
}

interface FrameDecoderMethods extends Disposable {
  readonly backend: BackendName;
  readonly bytes: number;
  /**
   * Decodes chunks, one for each frame, into `out`, [chunks, height, width] of the dtype, and returns it: a typed
   * array, or an array if the plan says `toArray`, which a decoder on a GPU requires to be there. Throws `Format` if a
   * chunk is damaged, after which the contents of `out` are undefined; `Limit`, `Shape`, `Argument`, `Disposed`.
   */
  run<Out extends FrameArray | DeviceArray>(chunks: readonly Uint8Array[], out: Out): Promise<Out>;
}
/** A planned decoder. */
export type FrameDecoder = FrameDecoderMethods & MaybeAsyncDisposable;

const { threads: _, ...ofFrames } = planRows;
const rows = { ...ofFrames, block: row.integer(8, 2 ** 30), toArray: row.flag } as const;

const fail = (message: string): never => {
  throw new EwaldError('Argument', `frameDecoder.run: ${message}`);
};

const bytesOf = ({ buffer, byteOffset }: FrameArray, length: number): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

/** Plans a decoder on a context. */
export async function planFrameDecoder(planner: Planner, given: FrameDecoderOptions): Promise<FrameDecoder> {
  const options = checkedOptions('frameDecoder', given, rows);
  const { width, height, dtype, block = 8192, toArray = false } = options;
  const pixels = width * height;
  const bytesOfNumber = numberTypes[dtype].BYTES_PER_ELEMENT;
  const descriptor = { pixels, bytesOfNumber, block, toArray };
  const { backend, kernel } = await planner.plan(decoderFeature, descriptor, options.backend);
  const resource = new Resource('frame decoder', planner.resource, kernel);

  /** Checks an array for frames. Throws otherwise. */
  const checkThere = (array: DeviceArray, parts: ArrayParts, numbers: number): void => {
    const what = 'frameDecoder.run: out is an array';
    parts.resource.assertAlive();
    if (!toArray) fail('out is an array; plan with { toArray: true }');
    checkOwner(what, parts, planner);
    if (kernel.takesArrays && array.backend !== backend.name)
      fail(`out is an array on ${array.backend}; this decoder is on ${backend.name}`);
    checkAmount(what, array, dtype, numbers);
  };
  const checkHere = (out: FrameArray, numbers: number): FrameArray => {
    if (toArray) fail(`out is ${inspect(out)}; expected an array, as planned with toArray`);
    return checkNumbers('frameDecoder.run: out is', out, dtype, numbers);
  };
  const checkChunks = (chunks: readonly Uint8Array[]): Uint8Array[] => {
    if (!Array.isArray(chunks) || !chunks.every((chunk) => chunk instanceof Uint8Array))
      fail('chunks is not an array of Uint8Arrays, one for each frame');
    return chunks.map(asItIs);
  };

  const decoder: FrameDecoderMethods = {
    backend: backend.name,
    bytes: kernel.bytes,
    async run(given, out) {
      resource.assertAlive();
      const chunks = checkChunks(given);
      const lengths = chunks.map(lengthOf);
      const intact = () => {
        for (const [f, chunk] of chunks.entries())
          assertIntact(`frameDecoder.run: chunk ${f}`, chunk, lengths[f] as number, 'before its turn');
      };
      const numbers = chunks.length * pixels;
      const there = partsOf(out);
      if (there) {
        checkThere(out as DeviceArray, there, numbers);
        return resource.enqueueWith([there.resource], async () => {
          intact();
          if (chunks.length === 0) return out;
          const frames = kernel.takesArrays ? there.memory : new Uint8Array(numbers * bytesOfNumber);
          await kernel.run({ chunks, out: frames });
          if (frames instanceof Uint8Array) await there.memory.write(frames, 0);
          return out;
        });
      }
      const here = checkHere(out as FrameArray, numbers);
      const length = lengthOf(here);
      return resource.enqueue(async () => {
        intact();
        assertIntact('frameDecoder.run: out', here, length, 'before its turn');
        if (chunks.length > 0) await kernel.run({ chunks, out: bytesOf(here, numbers * bytesOfNumber) });
        return out;
      });
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(decoder, asyncDispose, { value: () => resource.dispose() });
  return decoder as FrameDecoder;
}
