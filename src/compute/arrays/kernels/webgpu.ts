/** Arrays in buffers of a GPU. */

import { EwaldError } from '../../../util/errors.js';
import { copySource, copyTarget, type GpuDevice } from '../../backends/webgpu/device.js';
import type { GpuBuffer } from '../../backends/webgpu/pool.js';
import { type ArrayMemory, type ArrayOp, onlyCuda } from '../contract.js';

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
    this.#needs(copyTarget, 'COPY_DST', 'written');
    const end = offset + data.length;
    const [from, to] = [down(offset), up(end)];
    if (from === offset && to === end) return this.#device.write(this.buffer, data, offset);
    // Copies use words of 4 bytes; bytes of the first and last word outside the data are preserved. Nothing else uses
    // this array at the same time: the facade serializes its operations.
    const words = new Uint8Array(to - from);
    words.set(data, offset - from);
    const [first = new ArrayBuffer(0), last = first] = await this.#device.run((commands) => {
      commands.read(this.buffer, from, 4);
      if (to - from > 4) commands.read(this.buffer, to - 4, 4);
    });
    words.set(new Uint8Array(first, 0, offset - from));
    words.set(new Uint8Array(last, 4 - (to - end)), end - from);
    this.#device.write(this.buffer, words, from);
  }

  async read(into: Uint8Array, offset: number): Promise<void> {
    if (into.length === 0) return;
    this.#needs(copySource, 'COPY_SRC', 'read');
    const from = down(offset);
    await this.#device.run(
      (commands) => commands.read(this.buffer, from, up(offset + into.length) - from),
      ([words]) => into.set(words?.subarray(offset - from, offset - from + into.length) ?? []),
    );
  }

  /** A buffer of the caller's has the uses that it was made with. */
  #needs(use: number, name: string, done: string): void {
    if (this.buffer.raw.usage & use) return;
    throw new EwaldError(
      'Argument',
      `array: it cannot be ${done}, because its GPUBuffer was made without GPUBufferUsage.${name}`,
    );
  }

  async dispose(): Promise<void> {
    this.buffer.release();
  }
}

/** Range of whole words around a byte range. */
const down = (byte: number): number => byte - (byte % 4);
const up = (byte: number): number => down(byte + 3);

/** Arrays of a GPU device. */
export function arrayOp(device: GpuDevice): ArrayOp {
  return {
    supports({ bytes, number, memory }) {
      if (memory) return onlyCuda;
      if (number === 'f64') return { why: 'WebGPU has no double precision; use wasm, native or cuda' };
      for (const name of ['maxStorageBufferBindingSize', 'maxBufferSize']) {
        const limit = device.limits[name] ?? Number.POSITIVE_INFINITY;
        if (bytes > limit) return { why: `${bytes} bytes exceed ${name} of ${device.name}, ${limit}` };
      }
      return true;
    },
    async plan({ bytes, part }) {
      if (part) return new GpuArray(device, await device.foreign(part.buffer, bytes, part.offset), bytes);
      const buffer = await device.buffer(up(bytes), 'storage', 'array');
      // A reused buffer still holds its old numbers.
      await device.run((commands) => commands.clear(buffer));
      return new GpuArray(device, buffer, bytes);
    },
  };
}
