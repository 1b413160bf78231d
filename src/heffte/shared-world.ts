/** Memory shared by all ranks, through which the world is redistributed without messages. */
import type { Communicator, SharedMemory } from '../communicator/communicator.js';
import type { FftPrecision } from '../fft/options.js';
import type { Numbers } from './copy.js';
import { numbersOf } from './workspace.js';

/**
 * Two arrays that alternate. A rank writes into one only after all ranks have reached the barrier after writing the
 * other, and have therefore finished reading what it overwrites: one barrier per redistribution is enough.
 */
export class SharedWorld {
  readonly #comm: Communicator;
  #memory: SharedMemory | undefined;
  #turn = 0;

  constructor(comm: Communicator) {
    this.#comm = comm;
  }

  get bytes(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** Returns arrays of `numbers` for the redistributions of one run; all ranks make the same call. */
  async take(divisions: number, precision: FftPrecision, numbers: number): Promise<Numbers[]> {
    const ArrayType = numbersOf[precision];
    const bytes = 64 * Math.ceil((numbers * ArrayType.BYTES_PER_ELEMENT) / 64);
    if (!this.#memory || this.#memory.buffer.byteLength < 2 * bytes) {
      await this.free();
      this.#memory = await this.#comm.share(2 * bytes);
    }
    const { buffer } = this.#memory;
    const half = buffer.byteLength / 2;
    return Array.from({ length: divisions }, () => {
      this.#turn = 1 - this.#turn;
      return new ArrayType(buffer as ArrayBuffer, this.#turn * half, numbers);
    });
  }

  async free(): Promise<void> {
    const memory = this.#memory;
    this.#memory = undefined;
    await memory?.free();
  }
}
