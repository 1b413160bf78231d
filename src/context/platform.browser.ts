/** Browsers and other platforms that have WebAssembly but not Node. */

import { absentLoader } from '../compute/backends/absent.js';
import type { DeviceReport } from '../compute/backends/open.js';
import type { Platform, WorkerSource } from '../compute/backends/platform.js';
import { wasmLoader } from '../compute/backends/wasm/wasm.js';
import { browserGpu } from '../compute/backends/webgpu/source.js';
import { webgpuLoader } from '../compute/backends/webgpu/webgpu.js';
import { type DeviceOptions, listDevices } from '../compute/context/context.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformUrl } from '../util/globals.js';
import type { WorkerPort } from '../util/worker-port.js';

/** What differs between entries in a browser. */
interface BrowserEntry {
  /** How workers are started. Entries without worker tasks omit it: a bundler includes the worker's script wherever it is referenced. */
  readonly startWorker?: (source: WorkerSource | undefined) => WorkerPort;
  /** The file with the rooms of the entry, a literal in its own module so that every bundler sees it; default: the whole core. */
  readonly wasm?: () => PlatformUrl;
  /** Likewise what it has of double precision, if that is a file of its own. */
  readonly doubles?: () => PlatformUrl;
}

/** A browser, as an entry needs it. */
export const browser = ({ startWorker = noWorker, wasm, doubles }: BrowserEntry = {}): Platform => ({
  name: 'browser',
  loaders: [
    absentLoader('cuda', 'CUDA needs Node; browsers reach the GPU through webgpu'),
    webgpuLoader(browserGpu),
    absentLoader('native', 'the native addon needs Node'),
    wasmLoader(undefined, wasm && { part: wasm as () => URL, doubles: doubles as (() => URL) | undefined }),
  ],
  get cores() {
    return globalThis.navigator?.hardwareConcurrency ?? 1;
  },
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
