/** Node and compatible runtimes. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { numbersInFiles } from '../compute/backends/cache-file.js';
import { cudaEmulatedLoader, cudaLoader } from '../compute/backends/cuda/cuda.js';
import { nativeLoader } from '../compute/backends/native/native.js';
import type { DeviceReport } from '../compute/backends/open.js';
import type { Platform } from '../compute/backends/platform.js';
import { wasmLoader } from '../compute/backends/wasm/wasm.js';
import { dawnGpu } from '../compute/backends/webgpu/node.js';
import { webgpuLoader } from '../compute/backends/webgpu/webgpu.js';
import { type DeviceOptions, listDevices } from '../compute/context/context.js';
import { startNodeWorker } from '../compute/workers/start.node.js';
import { nodeKernels } from './kernels.node.js';

export const node: Platform = {
  name: 'node',
  loaders: [
    cudaLoader,
    webgpuLoader(dawnGpu, numbersInFiles),
    nativeLoader,
    wasmLoader((url) => readFile(url)),
    cudaEmulatedLoader,
  ],
  get cores() {
    return availableParallelism();
  },
  kernels: nodeKernels,
  env(name) {
    try {
      return process.env[name];
    } catch {
      // Deno without --allow-env: treated as unset.
      return undefined;
    }
  },
  startWorker: startNodeWorker,
};

/** Which backends are available, which one a context would use, and why not the others. */
export function devices(options?: DeviceOptions): Promise<DeviceReport[]> {
  return listDevices(node, options);
}
