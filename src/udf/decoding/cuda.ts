/** Decoding on CUDA: chunks are sent packed, and frames come back or stay on the device; see cuda/data. */
import { handleOf } from '../../core/arrays/kernels/cuda.js';
import type { CudaHost } from '../../core/backends/cuda/host.js';
import type { DecoderDescriptor, DecoderKernel, DecoderOp } from './contract.js';

/** The addon's decoders; see cuda/addon. */
interface DecoderAddon {
  decoderCreate(
    context: object,
    frameBytes: number,
    elementBytes: number,
    blockBytes: number,
    keeps: number,
  ): Promise<object>;
  decoderBytes(decoder: object): { readonly device: number; readonly host: number };
  /** Frames go to a typed array or to the handle of a device array. */
  decoderRun(decoder: object, chunks: readonly Uint8Array[], frames: ArrayBufferView | object): Promise<void>;
  decoderDestroy(decoder: object): void;
}

/** The largest block that the shared memory of a launch holds, packed and decoded. */
const maxBlock = 2 ** 15;

/** The decoding of a CUDA device. */
export const decoderOp = (host: CudaHost): DecoderOp => ({
  supports: ({ block }) =>
    block <= maxBlock || { why: `blocks of ${block} bytes do not fit its shared memory; the limit is ${maxBlock}` },
  plan: (descriptor) => planDecoder(host, descriptor),
});

async function planDecoder(host: CudaHost, descriptor: DecoderDescriptor): Promise<DecoderKernel> {
  const addon = host.addon as DecoderAddon;
  const { pixels, bytesOfNumber, block, toArray } = descriptor;
  const decoder = await host.track(() =>
    addon.decoderCreate(host.context, pixels * bytesOfNumber, bytesOfNumber, block, toArray ? 1 : 0),
  );
  const bytes = addon.decoderBytes(decoder);
  host.holdHostBytes(bytes.host);
  return {
    bytes: bytes.device + bytes.host,
    takesArrays: true,
    run: ({ chunks, out }) => host.track(() => addon.decoderRun(decoder, chunks, handleOf(out))),
    async dispose() {
      addon.decoderDestroy(decoder);
      host.holdHostBytes(-bytes.host);
    },
  };
}
