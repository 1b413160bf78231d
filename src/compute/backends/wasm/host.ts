/** The resources of the kernels of the wasm backend. */
import type { WorkerPort } from '../../../util/worker-port.js';
import type { Core } from './heap.js';

export interface WasmHost {
  readonly core: Core;
  /**
   * The core that transforms numbers of a precision and holds them: the same one, unless double precision is a module of
   * its own, which is loaded with its first plan or array. Throws `Load`.
   */
  coreOf(precision: 'f32' | 'f64'): Promise<Core>;
  /** Maximum size of the heap in bytes. */
  readonly maxBytes: number;
  /** The module, for further instances in workers. */
  readonly module: WebAssembly.Module;
  startWorker(): WorkerPort;
  /** Counts bytes outside this heap; negative values are freed bytes. */
  hold(bytes: number): void;
}

declare module '../feature.js' {
  interface Hosts {
    readonly wasm: WasmHost;
  }
}
