/** Arrays in memory of the core, outside the JavaScript heap. */

import type { NativeHost } from '../../backends/native/host.js';
import { addonError } from '../../backends/status.js';
import { type ArrayMemory, type ArrayOp, onlyCuda } from '../contract.js';

/** The addon's functions on memory. */
interface MemoryAddon {
  alloc(bytes: number): object;
  memoryWrite(memory: object, data: Uint8Array, offset: number): void;
  memoryRead(memory: object, into: Uint8Array, offset: number): void;
  free(memory: object): void;
}

class CoreArray implements ArrayMemory {
  readonly bytes: number;
  readonly handle: object;
  readonly #addon: MemoryAddon;
  readonly #count: (bytes: number) => void;

  /** `count` receives the allocated bytes; negative values are freed bytes. */
  constructor(addon: MemoryAddon, bytes: number, count: (bytes: number) => void) {
    try {
      this.handle = addon.alloc(bytes);
    } catch (error) {
      throw addonError(error);
    }
    this.bytes = bytes;
    this.#addon = addon;
    this.#count = count;
    count(bytes);
  }

  async write(data: Uint8Array, offset: number): Promise<void> {
    this.#addon.memoryWrite(this.handle, data, offset);
  }

  async read(into: Uint8Array, offset: number): Promise<void> {
    this.#addon.memoryRead(this.handle, into, offset);
  }

  async dispose(): Promise<void> {
    this.#addon.free(this.handle);
    this.#count(-this.bytes);
  }
}

/** The handle that the addon accepts as a side of a transform. */
export const handleOf = (side: ArrayBufferView | ArrayMemory): ArrayBufferView | object =>
  side instanceof CoreArray ? side.handle : side;

/** Arrays of the core. */
export const arrayOp = ({ addon, hold }: NativeHost): ArrayOp => ({
  supports: ({ memory }) => (memory ? onlyCuda : true),
  plan: async ({ bytes }) => new CoreArray(addon as MemoryAddon, bytes, hold),
});
