/** Node and compatible runtimes. */
import { readFile } from 'node:fs/promises';
import { cudaEmulatedLoader, cudaLoader } from '../backends/cuda/cuda.js';
import { nativeLoader } from '../backends/native/native.js';
import type { DeviceReport } from '../backends/open.js';
import type { Platform } from '../backends/platform.js';
import { wasmLoader } from '../backends/wasm/wasm.js';
import { dawnGpu } from '../backends/webgpu/node.js';
import { webgpuLoader } from '../backends/webgpu/webgpu.js';
import { type DeviceOptions, listDevices } from '../context/context.js';
import { startNodeWorker } from '../workers/start.node.js';
import { nodeKernels } from './kernels.node.js';

export const node: Platform = {
  name: 'node',
  loaders: [cudaLoader, webgpuLoader(dawnGpu), nativeLoader, wasmLoader((url) => readFile(url)), cudaEmulatedLoader],
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
