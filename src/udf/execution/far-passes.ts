/** Passes over frames that a device decodes: packed frames go there, and sums come back. */

import type { DeviceArray } from '../../compute/arrays/array.js';
import type { ArrayMethods } from '../../compute/arrays/room.js';
import { isEwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import type { FrameDecoder } from '../decoding/decoder.js';
import type { OpenCore } from '../functions/prepared.js';
import type { UdfMeta } from '../functions/udf.js';
import type { FramePass, FramePassOptions, PassDtype, PassStep } from '../pass/pass.js';
import type { UdfCore } from '../room.js';

/** The options of the pass of these steps. */
export function passOptions(
  steps: readonly PassStep[],
  { inputDtype, sig }: UdfMeta,
  threads: number,
): FramePassOptions {
  const width = sig.at(-1) as number;
  return { width, height: product(sig) / width, dtype: inputDtype as PassDtype, steps, threads };
}

/** A pass on a device, and what decodes frames for it. */
class FarPass {
  readonly pass: FramePass;
  readonly #context: UdfCore & ArrayMethods;
  readonly #options: FramePassOptions;
  #decoder: FrameDecoder | undefined;
  #array: DeviceArray | undefined;
  #frames = 0;
  #isRefused = false;

  constructor(context: UdfCore & ArrayMethods, options: FramePassOptions, pass: FramePass) {
    [this.#context, this.#options, this.pass] = [context, options, pass];
  }

  /** Frames from their chunks, in memory of the device until the next call; undefined if it does not decode them. */
  async decoded(chunks: readonly Uint8Array[]): Promise<DeviceArray | undefined> {
    if (this.#isRefused) return undefined;
    try {
      const decoder = await this.#decoderFor(chunks);
      return await decoder.run(chunks, await this.#room(chunks.length));
    } catch (error) {
      const isTold = ['Format', 'Limit', 'OutOfMemory', 'Unsupported'].some((tag) => isEwaldError(error, tag as never));
      if (!isTold) throw error;
      // Other partitions may be whole; what a device cannot do at all is not tried again.
      this.#isRefused = !isEwaldError(error, 'Format');
      return undefined;
    }
  }

  async #decoderFor([chunk]: readonly Uint8Array[]): Promise<FrameDecoder> {
    if (this.#decoder) return this.#decoder;
    const { width, height, dtype } = this.#options;
    const { backend } = this.pass;
    // Bytes 8 to 11 of a chunk are those of its blocks.
    const stated = chunk && chunk.length >= 12 ? new DataView(chunk.buffer, chunk.byteOffset).getUint32(8) : 0;
    const block = Math.max(8192, Math.min(stated, 2 ** 30));
    const decoder = await this.#context.frameDecoder({ width, height, dtype, block, toArray: true, backend });
    this.#decoder = decoder;
    return decoder;
  }

  async #room(frames: number): Promise<DeviceArray> {
    if (this.#array && this.#frames >= frames) return this.#array;
    await this.#array?.dispose();
    this.#array = undefined;
    const { width, height, dtype } = this.#options;
    const { backend } = this.pass;
    const array = (await this.#context.array({ shape: [frames, height, width], dtype, backend })) as DeviceArray;
    [this.#array, this.#frames] = [array, frames];
    return array;
  }

  async dispose(): Promise<void> {
    await this.#decoder?.dispose();
    await this.#array?.dispose();
    await this.pass.dispose();
  }
}

/** The passes of a run whose frames are decoded by a device, as far as that pays. */
export class FarPasses {
  readonly #open: OpenCore;
  readonly #threads: number;
  readonly #keyOf: (steps: readonly PassStep[], place: number, meta: UdfMeta) => string;
  readonly #plans = new Map<string, Promise<FarPass | undefined>>();
  #isOn = false;

  constructor(
    open: OpenCore,
    threads: number,
    keyOf: (steps: readonly PassStep[], place: number, meta: UdfMeta) => string,
  ) {
    [this.#open, this.#threads, this.#keyOf] = [open, threads, keyOf];
  }

  /** The pass of these steps; undefined where cores decode. */
  of(steps: readonly PassStep[], place: number, meta: UdfMeta): Promise<FarPass | undefined> {
    const key = this.#keyOf(steps, place, meta);
    const known = this.#plans.get(key);
    if (known) return known;
    const plan = this.#plan(passOptions(steps, meta, this.#threads));
    this.#plans.set(key, plan);
    return plan;
  }

  /** The pass with this key, if there is one. */
  async known(key: string): Promise<FarPass | undefined> {
    return this.#isOn ? this.#plans.get(key) : undefined;
  }

  async #plan(options: FramePassOptions): Promise<FarPass | undefined> {
    const context = (await this.#open()) as UdfCore & ArrayMethods;
    const pass = await context.framePass({ ...options, packed: true });
    if (!['wasm', 'native'].includes(pass.backend)) {
      this.#isOn = true;
      return new FarPass(context, options, pass);
    }
    await pass.dispose();
    return undefined;
  }

  async dispose(): Promise<void> {
    for (const plan of this.#plans.values()) await (await plan.catch(() => undefined))?.dispose();
    this.#plans.clear();
  }
}
