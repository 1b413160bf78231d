/** Node and compatible runtimes. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { numbersInFiles } from '../../core/backends/cache-file.js';
import { cudaEmulatedLoader, cudaLoader } from '../../core/backends/cuda/cuda.js';
import { nativeLoader } from '../../core/backends/native/native.js';
import type { DeviceReport } from '../../core/backends/open.js';
import type { Platform } from '../../core/backends/platform.js';
import { wasmLoader } from '../../core/backends/wasm/wasm.js';
import { dawnGpu } from '../../core/backends/webgpu/node.js';
import { webgpuLoader } from '../../core/backends/webgpu/webgpu.js';
import { type DeviceOptions, listDevices } from '../../core/context/context.js';
import { startNodeWorker } from '../../core/workers/start.node.js';
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
