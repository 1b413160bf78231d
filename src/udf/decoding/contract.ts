/** The contract of decoding with a backend: chunks of bitshuffle and LZ4, each of them a frame, several at a time. */

import type { ArrayMemory } from '../../compute/arrays/contract.js';
import type { Op } from '../../compute/backends/feature.js';
import type { Disposable } from '../../util/resource.js';

/** Frames to decode, already validated. */
export interface DecoderDescriptor {
  readonly pixels: number;
  readonly bytesOfNumber: number;
  /** Bytes of the largest block that a chunk may have. */
  readonly block: number;
  /** Whether frames go to arrays, which may be on a device. */
  readonly toArray: boolean;
}

/** One run, already validated. The arrays belong to the caller. */
interface DecoderRun {
  readonly chunks: readonly Uint8Array[];
  /** All frames. An array if `toArray` is set and the kernel takes arrays. */
  readonly out: Uint8Array | ArrayMemory;
}

/** A planned decoder. */
export interface DecoderKernel extends Disposable {
  readonly bytes: number;
  /** Whether frames of a plan for arrays are decoded where the array is; otherwise they go through the host. */
  readonly takesArrays: boolean;
  /** Throws `Format` if a chunk is damaged; what is then in the frames is undefined. */
  run(run: DecoderRun): Promise<void>;
}

/** Decoding of a backend. */
export type DecoderOp = Op<DecoderDescriptor, DecoderKernel>;
