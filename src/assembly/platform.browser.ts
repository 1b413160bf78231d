/** Browsers and other platforms that have WebAssembly but not Node. */
import { absentLoader } from '../backends/absent.js';
import type { DeviceReport } from '../backends/open.js';
import type { Platform, WorkerSource } from '../backends/platform.js';
import { wasmLoader } from '../backends/wasm/wasm.js';
import { browserGpu } from '../backends/webgpu/source.js';
import { webgpuLoader } from '../backends/webgpu/webgpu.js';
import { EwaldError } from '../base/errors.js';
import type { WorkerPort } from '../base/worker-port.js';
import { type DeviceOptions, listDevices } from '../context/context.js';

/**
 * A browser that starts workers this way. Entries without worker tasks omit it: a bundler includes the worker's script
 * wherever it is referenced.
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
  throw new EwaldError('Load', 'this entry point of the package cannot start workers; import from "ewald" instead');
}

/** Which backends are available, which one a context would use, and why not the others. */
export function devices(options?: DeviceOptions): Promise<DeviceReport[]> {
  return listDevices(browser(), options);
}
