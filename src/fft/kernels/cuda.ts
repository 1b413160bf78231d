/** Transforms on CUDA: arrays go to the card and back off the main thread; plans and kernels are in cuda/fft. */

import { handleOf } from '../../compute/arrays/kernels/cuda.js';
import type { CudaHost } from '../../compute/backends/cuda/host.js';
import { addonError } from '../../compute/backends/status.js';
import { fftDescriptor, fftEnums } from '../../compute/layout/fft.js';
import { pack } from '../../compute/layout/struct.js';
import type { FftDescriptor, FftKernel, FftOp } from '../contract.js';

/** The addon's transforms; cuda/addon. */
interface FftAddon {
  /**
   * What a transform would hold on the device; its passes and the bytes they move through device memory, forward and
   * backward.
   */
  fftDescribe(
    context: object,
    descriptor: Uint8Array,
  ): {
    readonly bytes: number;
    readonly passes: readonly [number, number];
    readonly bytesRead: readonly [number, number];
    readonly bytesWritten: readonly [number, number];
  };
  fftCreate(context: object, descriptor: Uint8Array): Promise<object>;
  /** A side is a typed array, or the handle of an array; `wait`: see the contract. */
  fftExecute(
    plan: object,
    direction: number,
    input: ArrayBufferView | object,
    output: ArrayBufferView | object,
    scale: number,
    wait: boolean | undefined,
  ): Promise<void>;
  fftDestroy(plan: object): void;
}

/** Transforms of a CUDA device. */
export function fftOp(host: CudaHost): FftOp {
  return {
    supports: (descriptor) => supports(host, descriptor),
    plan: (descriptor) => plan(host, descriptor),
  };
}

function describe({ addon, context }: CudaHost, descriptor: FftDescriptor) {
  try {
    return (addon as FftAddon).fftDescribe(context, pack(fftDescriptor, descriptor.fields));
  } catch (error) {
    throw addonError(error);
  }
}

function supports(host: CudaHost, descriptor: FftDescriptor): true | { readonly why: string } {
  const { device } = host;
  const { bytes } = describe(host, descriptor);
  if (device.memory === null || bytes <= device.memory) return true;
  const { shape, batch } = descriptor;
  const size = `${shape.join(' × ')}${batch > 1 ? ` (batch ${batch})` : ''}`;
  return {
    why:
      `${size} takes ${bytes} bytes for its input and output, its tables and the data between its passes, ` +
      `and ${device.name} has ${device.memory}; use a smaller ${batch > 1 ? 'batch' : 'shape'}, or wasm or native`,
  };
}

/** All memory is taken here, on the device: tables, both sides and what lies between the passes. */
async function plan(host: CudaHost, descriptor: FftDescriptor): Promise<FftKernel> {
  const { context, track } = host;
  const addon = host.addon as FftAddon;
  const handle = await track(() => addon.fftCreate(context, pack(fftDescriptor, descriptor.fields)));
  const run: FftKernel['executeOn'] = (direction, input, output, scale, _, wait) =>
    track(() =>
      addon.fftExecute(
        handle,
        fftEnums.FftDirection[direction],
        handleOf(input),
        handleOf(output),
        fftEnums.FftScale[scale],
        wait,
      ),
    );
  return {
    bytes: describe(host, descriptor).bytes,
    // What lies between the passes is memory of the device, which a workspace on the host cannot be.
    workspaceElements: 0,
    prunes: true,
    execute: run,
    executeOn: run,
    async dispose() {
      addon.fftDestroy(handle);
    },
  };
}
