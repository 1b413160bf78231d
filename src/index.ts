/**
 * ewald: from detector frames to crystal cells anywhere JavaScript runs. The browser build; Node's has the same names.
 *
 *     import { createContext } from 'ewald';
 *     const ctx = await createContext();
 *     try {
 *       const plan = await ctx.pi();
 *       console.log(await plan.run({ points: 1e8 }));
 *     } finally {
 *       await ctx.dispose();
 *     }
 *
 * @module
 */
import { absentLoader } from './backends/absent.js';
import type { DeviceReport } from './backends/open.js';
import { wasmLoader } from './backends/wasm/wasm.js';
import { browserGpu } from './backends/webgpu/source.js';
import { webgpuLoader } from './backends/webgpu/webgpu.js';
import { type Context, type ContextOptions, listDevices, openContext } from './context.js';
import type { Platform } from './platform.js';
import { type RoomMethods, rooms } from './rooms.js';
import { startBrowserWorker } from './workers/start.browser.js';

const browser: Platform = {
  name: 'browser',
  loaders: [
    absentLoader('cuda', 'CUDA needs Node; browsers reach the GPU through webgpu'),
    webgpuLoader(browserGpu),
    absentLoader('native', 'the native addon needs Node'),
    wasmLoader(undefined),
  ],
  kernels: [],
  env: () => undefined,
  startWorker: startBrowserWorker,
};

/**
 * Opens a context on the best backends present; the caller disposes it.
 *
 * Throws `Argument` for unknown options or names, `Unsupported` for a named backend that is absent, `Load` when nothing
 * can be opened.
 */
export function createContext(options?: ContextOptions): Promise<Context> {
  return openContext<RoomMethods>(browser, rooms, options);
}

/** Which backends are here, which one a context would take, and why not the others. */
export function devices(options?: ContextOptions): Promise<DeviceReport[]> {
  return listDevices(browser, options);
}

export * from './public.js';
