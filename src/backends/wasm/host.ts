/** What the kernels of the wasm backend work with. */
import type { WorkerPort } from '../../base/worker-port.js';
import type { Core } from './heap.js';

export interface WasmHost {
  readonly core: Core;
  /** Most bytes that the heap can have. */
  readonly maxBytes: number;
  /** For further instances, in workers. */
  readonly module: WebAssembly.Module;
  startWorker(): WorkerPort;
  /** Counts bytes outside this heap; negative ones are given back. */
  hold(bytes: number): void;
}

declare module '../feature.js' {
  interface Hosts {
    readonly wasm: WasmHost;
  }
}
