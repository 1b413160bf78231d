/** Arrays in memory of the card. */

import type { CudaHost } from '../../backends/cuda/host.js';
import type { ArrayMemory, ArrayOp } from '../contract.js';

/** The addon's functions for device memory; see cuda/addon. */
interface ArrayAddon {
  arrayCreate(context: object, bytes: number): Promise<object>;
  arrayWrap(context: object, address: bigint, bytes: number): Promise<object>;
  arrayAddress(array: object): bigint;
  arrayWrite(array: object, data: Uint8Array, offset: number): Promise<void>;
  arrayRead(array: object, into: Uint8Array, offset: number): Promise<void>;
  arrayDestroy(array: object): void;
}

class CudaArray implements ArrayMemory {
  readonly bytes: number;
  readonly handle: object;
  readonly deviceAddress: bigint;
  readonly #host: CudaHost;
  readonly #addon: ArrayAddon;
  /** Kept from the garbage collector as long as its memory is in use. */
  owner: unknown;

  constructor(host: CudaHost, handle: object, bytes: number, owner?: unknown) {
    this.#host = host;
    this.#addon = host.addon as ArrayAddon;
    this.handle = handle;
    this.bytes = bytes;
    this.deviceAddress = this.#addon.arrayAddress(handle);
    this.owner = owner;
  }

  write(data: Uint8Array, offset: number): Promise<void> {
    return this.#host.track(() => this.#addon.arrayWrite(this.handle, data, offset));
  }

  read(into: Uint8Array, offset: number): Promise<void> {
    return this.#host.track(() => this.#addon.arrayRead(this.handle, into, offset));
  }

  async dispose(): Promise<void> {
    this.#addon.arrayDestroy(this.handle);
    this.owner = undefined;
  }
}

/** The handle that the addon accepts as a side of a transform. */
export const handleOf = (side: ArrayBufferView | ArrayMemory): ArrayBufferView | object =>
  side instanceof CudaArray ? side.handle : side;

/** Arrays of a CUDA device. */
export function arrayOp(host: CudaHost): ArrayOp {
  const addon = host.addon as ArrayAddon;
  const { device } = host;
  return {
    supports({ bytes }) {
      if (device.memory === null || bytes <= device.memory) return true;
      return { why: `${bytes} bytes exceed the memory of ${device.name}, ${device.memory}` };
    },
    async plan({ bytes, memory }) {
      const handle = await host.track(() =>
        memory ? addon.arrayWrap(host.context, memory.address, bytes) : addon.arrayCreate(host.context, bytes),
      );
      return new CudaArray(host, handle, bytes, memory?.owner);
    },
  };
}
