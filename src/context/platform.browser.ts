/** Browsers, and everything else that has WebAssembly and no Node. */
import { absentLoader } from '../backends/absent.js';
import type { DeviceReport } from '../backends/open.js';
import type { Platform, WorkerSource } from '../backends/platform.js';
import { wasmLoader } from '../backends/wasm/wasm.js';
import { browserGpu } from '../backends/webgpu/source.js';
import { webgpuLoader } from '../backends/webgpu/webgpu.js';
import { EwaldError } from '../base/errors.js';
import type { WorkerPort } from '../base/worker-port.js';
import { type DeviceOptions, listDevices } from './context.js';

/**
 * A browser that starts workers in this way. Entries without work for them leave it out: a bundler takes the worker's
 * script along wherever it is named.
 */
export const browser = (startWorker: (source: WorkerSource | undefined) => WorkerPort = noWorker): Platform => ({
  name: 'browser',
  loaders: [
    absentLoader('cuda', 'CUDA needs Node; browsers reach the GPU through webgpu'),
    webgpuLoader(browserGpu),
    absentLoader('native', 'the native addon needs Node'),
    wasmLoader(undefined),
  ],
  kernels: [],
  env: () => undefined,
  startWorker,
});

function noWorker(): never {
  throw new EwaldError('Load', 'this entry of the package starts no workers; import from "ewald" instead');
}

/** Which backends are here, which one a context would take, and why not the others. */
export function devices(options?: DeviceOptions): Promise<DeviceReport[]> {
  return listDevices(browser(), options);
}
