/**
 * The wasm backend: the C++ core compiled by Emscripten, one thread, SIMD128. The reference, and the fallback that
 * always works.
 */
import { messageOf } from '../../errors.js';
import type { WorkerPort } from '../../workers/port.js';
import type {
  ArrayDescriptor,
  ArrayMemory,
  Backend,
  BackendLoader,
  DeviceInfo,
  FftDescriptor,
  FftKernel,
  IndexingDescriptor,
  IndexingKernel,
  Op,
  PiKernel,
  Probe,
} from '../backend.js';
import { coreVariants } from '../fft-radices.js';
import { arrayOp } from './array.js';
import { planFft } from './fft.js';
import { Core } from './heap.js';
import { planIndexing } from './indexing.js';
import { planInWorkers } from './parallel.js';
import { planPi } from './pi.js';
import { compileCore, type ReadFile } from './source.js';

/** The loader; Node gives it a way to read files. */
export function wasmLoader(readFile: ReadFile | undefined): BackendLoader {
  return {
    name: 'wasm',
    async probe({ wasm, startWorker }): Promise<Probe> {
      if (typeof WebAssembly === 'undefined') return { available: false, reason: 'this engine has no WebAssembly' };
      let module: WebAssembly.Module;
      try {
        module = await compileCore(wasm, readFile);
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
        reason: 'the reference core, always there',
        device,
        open: async () => new WasmBackend(await Core.instantiate(module), module, device, startWorker),
      };
    },
  };
}

class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly device: DeviceInfo;
  readonly array: Op<ArrayDescriptor, ArrayMemory>;
  readonly #core: Core;
  readonly #module: WebAssembly.Module;
  readonly #startWorker: () => WorkerPort;
  #workerBytes = 0;

  constructor(core: Core, module: WebAssembly.Module, device: DeviceInfo, startWorker: () => WorkerPort) {
    this.#core = core;
    this.#module = module;
    this.device = device;
    this.array = arrayOp(core, device.limits.maxBytes ?? 0);
    this.#startWorker = startWorker;
  }

  readonly pi = {
    supports: (): true => true,
    plan: async (): Promise<PiKernel> => planPi(this.#core),
  };

  readonly indexing = {
    supports: (): true => true,
    plan: async (descriptor: IndexingDescriptor): Promise<IndexingKernel> => {
      const threads = Math.min(descriptor.fields.threads ?? 0, descriptor.batch);
      // Stages are read from one heap, so with `debug` there are no workers.
      if (threads < 2 || descriptor.fields.debug) return planIndexing(this.#core, descriptor);
      const kernel = await planInWorkers(threads, this.#module, this.#startWorker, descriptor);
      this.#workerBytes += kernel.bytes;
      return {
        ...kernel,
        dispose: async () => {
          await kernel.dispose();
          this.#workerBytes -= kernel.bytes;
        },
      };
    },
  };

  readonly fft = {
    supports: (): true => true,
    plan: async (descriptor: FftDescriptor): Promise<FftKernel> => planFft(this.#core, descriptor),
    variants: (descriptor: FftDescriptor) => coreVariants(descriptor, 4, 1),
  };

  get liveBytes(): number {
    return this.#core.liveBytes + this.#workerBytes;
  }

  async sync(): Promise<void> {}
  async dispose(): Promise<void> {}
}
