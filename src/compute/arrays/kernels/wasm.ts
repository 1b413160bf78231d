/** Arrays in the wasm heap. */

import { EwaldError } from '../../../util/errors.js';
import type { Core } from '../../backends/wasm/heap.js';
import type { WasmHost } from '../../backends/wasm/host.js';
import { type ArrayMemory, type ArrayOp, onlyCuda } from '../contract.js';

/** Memory in the heap; the address is stable when the heap grows. */
export class HeapArray implements ArrayMemory {
  readonly #core: Core;
  readonly bytes: number;
  readonly address: number;

  constructor(core: Core, bytes: number) {
    this.#core = core;
    this.bytes = bytes;
    this.address = core.alloc(bytes);
  }

  async write(data: Uint8Array, offset: number): Promise<void> {
    this.#check(data.length, offset);
    this.#core.write(this.address + offset, data);
  }

  async read(into: Uint8Array, offset: number): Promise<void> {
    this.#check(into.length, offset);
    this.#core.read(this.address + offset, into);
  }

  async dispose(): Promise<void> {
    this.#core.free(this.address);
  }

  #check(bytes: number, offset: number): void {
    if (offset + bytes > this.bytes)
      throw new EwaldError('Internal', `${bytes} bytes at ${offset} do not fit an array of ${this.bytes}`);
  }
}

/** Arrays of a core. */
export function arrayOp({ coreOf, maxBytes }: WasmHost): ArrayOp {
  return {
    supports: ({ bytes, memory }) =>
      memory
        ? onlyCuda
        : bytes <= maxBytes || { why: `${bytes} bytes exceed the maximum size of the wasm heap (${maxBytes})` },
    plan: async ({ bytes, number }) => new HeapArray(await coreOf(number === 'f64' ? 'f64' : 'f32'), bytes),
  };
}
