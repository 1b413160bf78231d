/** Arrays in memory of the card. */
import type { ArrayDescriptor, ArrayMemory, DeviceInfo, FftSide, Op } from '../backend.js';
import type { CudaHost } from './host.js';

export class CudaArray implements ArrayMemory {
  readonly bytes: number;
  readonly handle: object;
  readonly #host: CudaHost;

  constructor(host: CudaHost, handle: object, bytes: number) {
    this.#host = host;
    this.handle = handle;
    this.bytes = bytes;
  }

  write(data: Uint8Array, offset: number): Promise<void> {
    return this.#host.track(() => this.#host.addon.arrayWrite(this.handle, data, offset));
  }

  read(into: Uint8Array, offset: number): Promise<void> {
    return this.#host.track(() => this.#host.addon.arrayRead(this.handle, into, offset));
  }

  async dispose(): Promise<void> {
    this.#host.addon.arrayDestroy(this.handle);
  }
}

/** What the addon takes for a side of a transform. */
export const handleOf = (side: FftSide): ArrayBufferView | object => (side instanceof CudaArray ? side.handle : side);

/** The array room of a card. */
export function arrayOp(host: CudaHost, device: DeviceInfo): Op<ArrayDescriptor, ArrayMemory> {
  return {
    supports({ bytes }) {
      if (device.memory === null || bytes <= device.memory) return true;
      return { why: `${bytes} bytes are more than the memory of ${device.name}, ${device.memory}` };
    },
    plan: async ({ bytes }) =>
      new CudaArray(host, await host.track(() => host.addon.arrayCreate(host.context, bytes)), bytes),
  };
}
