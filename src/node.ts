/**
 * ewald on Node: the same names as the browser build, with Node's backends and files.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { cudaEmulatedLoader, cudaLoader } from './backends/cuda/cuda.js';
import { nodeKernels } from './backends/kernels.node.js';
import { nativeLoader } from './backends/native/native.js';
import type { DeviceReport } from './backends/open.js';
import { wasmLoader } from './backends/wasm/wasm.js';
import { dawnGpu } from './backends/webgpu/node.js';
import { webgpuLoader } from './backends/webgpu/webgpu.js';
import { type Context, type ContextOptions, listDevices, openContext } from './context.js';
import type { Platform } from './platform.js';
import { type RoomMethods, rooms } from './rooms.js';
import { startNodeWorker } from './workers/start.node.js';

const node: Platform = {
  name: 'node',
  loaders: [cudaLoader, webgpuLoader(dawnGpu), nativeLoader, wasmLoader((url) => readFile(url)), cudaEmulatedLoader],
  kernels: nodeKernels,
  env(name) {
    try {
      return process.env[name];
    } catch {
      // Deno without --allow-env: as if it were not set.
      return undefined;
    }
  },
  startWorker: startNodeWorker,
};

/** Opens a context on the best backends present; the caller disposes it. See the browser build for errors. */
export function createContext(options?: ContextOptions): Promise<Context> {
  return openContext<RoomMethods>(node, rooms, options);
}

/** Which backends are here, which one a context would take, and why not the others. */
export function devices(options?: ContextOptions): Promise<DeviceReport[]> {
  return listDevices(node, options);
}

export * from './public.js';
