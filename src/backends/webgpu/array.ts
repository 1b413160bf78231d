/** Arrays in buffers of a GPU. */
import type { ArrayMemory, ArrayOp } from '../../arrays/contract.js';
import type { GpuDevice } from './device.js';
import type { GpuBuffer } from './pool.js';

export class GpuArray implements ArrayMemory {
  readonly bytes: number;
  readonly buffer: GpuBuffer;
  readonly #device: GpuDevice;

  constructor(device: GpuDevice, buffer: GpuBuffer, bytes: number) {
    this.#device = device;
    this.buffer = buffer;
    this.bytes = bytes;
  }

  async write(data: Uint8Array, offset: number): Promise<void> {
    this.#device.write(this.buffer, data, offset);
  }

  async read(into: Uint8Array, offset: number): Promise<void> {
    into.set(new Uint8Array(await this.#device.read(this.buffer, offset, into.length)));
  }

  async dispose(): Promise<void> {
    this.buffer.release();
  }
}

/** The array room of a device. */
export function arrayOp(device: GpuDevice): ArrayOp {
  return {
    supports({ bytes, precision }) {
      if (precision === 'f64') return { why: 'WebGPU has no double precision; use wasm, native or cuda' };
      for (const name of ['maxStorageBufferBindingSize', 'maxBufferSize']) {
        const limit = device.limits[name] ?? Number.POSITIVE_INFINITY;
        if (bytes > limit) return { why: `${bytes} bytes are more than ${name} of ${device.name}, ${limit}` };
      }
      return true;
    },
    async plan({ bytes }) {
      const buffer = await device.buffer(bytes, 'storage', 'array');
      // A buffer that was used before still has its numbers.
      await device.run((commands) => commands.clear(buffer));
      return new GpuArray(device, buffer, bytes);
    },
  };
}
