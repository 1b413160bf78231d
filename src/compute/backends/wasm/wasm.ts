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

/** The files of an entry of one room: its part of the core, and what it has of double precision where that is apart. */
export interface CoreParts {
  readonly part: () => URL;
  readonly doubles?: (() => URL) | undefined;
}

/** The loader; Node adds a way to read files, and an entry of one room the files of its part of the core. */
export function wasmLoader(readFile: ReadFile | undefined, parts?: CoreParts): BackendLoader {
  return {
    name: 'wasm',
    async probe({ wasm, startWorker }): Promise<Probe> {
      if (typeof WebAssembly === 'undefined') return { available: false, reason: 'this engine has no WebAssembly' };
      let module: WebAssembly.Module;
      try {
        module = await compileCore(wasm, readFile, parts?.part);
      } catch (error) {
        return { available: false, reason: messageOf(error) };
      }
      const doubles = wasm === undefined ? parts?.doubles : undefined;
      const openDoubles = doubles && (async () => Core.instantiate(await compileCore(undefined, readFile, doubles)));
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
        open: async () => new WasmBackend(await Core.instantiate(module), module, device, { startWorker, openDoubles }),
      };
    },
  };
}

interface Openers {
  readonly startWorker: () => WorkerPort;
  readonly openDoubles?: (() => Promise<Core>) | undefined;
}

class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly device: DeviceInfo;
  readonly host: WasmHost;
  #outside = 0;
  /** The core of double precision once it is loaded, and while it is. */
  #doubles: Core | undefined;
  #loading: Promise<Core> | undefined;

  constructor(core: Core, module: WebAssembly.Module, device: DeviceInfo, { startWorker, openDoubles }: Openers) {
    this.device = device;
    this.host = {
      core,
      coreOf: async (precision) => (precision === 'f64' && openDoubles ? this.#doublesBy(openDoubles) : core),
      maxBytes: device.limits.maxBytes ?? 0,
      module,
      startWorker,
      hold: (bytes) => {
        this.#outside += bytes;
      },
    };
  }

  #doublesBy(open: () => Promise<Core>): Promise<Core> {
    this.#loading ??= open().then(
      (core) => {
        this.#doubles = core;
        return core;
      },
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }

  get liveBytes(): number {
    return this.host.core.liveBytes + (this.#doubles?.liveBytes ?? 0) + this.#outside;
  }

  async sync(): Promise<void> {}

  async dispose(): Promise<void> {
    this.host.core.release();
    (await this.#loading?.catch(() => undefined))?.release();
  }
}
