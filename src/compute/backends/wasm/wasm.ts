/**
 * The wasm backend: the C++ core compiled by Emscripten, one thread, SIMD128. It is the reference and the fallback that
 * always works.
 */
import { messageOf } from '../../../util/errors.js';
import type { WorkerPort } from '../../../util/worker-port.js';
import type { Backend, BackendLoader, Probe } from '../backend.js';
import type { DeviceInfo } from '../names.js';
import { Core } from './heap.js';
import type { WasmHost } from './host.js';
import { compileCore, type ReadFile } from './source.js';

/** The loader; Node adds a way to read files, and an entry of one room the file of its part of the core. */
export function wasmLoader(readFile: ReadFile | undefined, part?: () => URL): BackendLoader {
  return {
    name: 'wasm',
    async probe({ wasm, startWorker }): Promise<Probe> {
      if (typeof WebAssembly === 'undefined') return { available: false, reason: 'this engine has no WebAssembly' };
      let module: WebAssembly.Module;
      try {
        module = await compileCore(wasm, readFile, part);
      } catch (error) {
        return { available: false, reason: messageOf(error) };
      }
      const device: DeviceInfo = {
        name: 'WebAssembly SIMD128',
        kind: 'cpu',
        precisions: ['f32', 'f64'],
        limits: { threads: 1, maxBytes: 4294901760 },
        memory: null,
        driver: 'ewald.wasm, one thread',
      };
      return {
        available: true,
        reason: 'the reference core, always available',
        device,
        open: async () => new WasmBackend(await Core.instantiate(module), module, device, startWorker),
      };
    },
  };
}

class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly device: DeviceInfo;
  readonly host: WasmHost;
  #outside = 0;

  constructor(core: Core, module: WebAssembly.Module, device: DeviceInfo, startWorker: () => WorkerPort) {
    this.device = device;
    this.host = {
      core,
      maxBytes: device.limits.maxBytes ?? 0,
      module,
      startWorker,
      hold: (bytes) => {
        this.#outside += bytes;
      },
    };
  }

  get liveBytes(): number {
    return this.host.core.liveBytes + this.#outside;
  }

  async sync(): Promise<void> {}

  async dispose(): Promise<void> {
    this.host.core.release();
  }
}
