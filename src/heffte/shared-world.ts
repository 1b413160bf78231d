/** Memory shared by all ranks, through which the world is redistributed without messages. */

import type { FftPrecision } from '../fft/options.js';
import type { Communicator, SharedMemory } from '../parallel/communicator/communicator.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import type { Numbers } from './copy.js';
import { SharedBarrier } from './shared-barrier.js';
import { numbersOf } from './workspace.js';

/** The arrays of one run. */
export interface WorldWish {
  /** Redistributions of the run. */
  readonly divisions: number;
  readonly precision: FftPrecision;
  /** Numbers of the world, of all transforms of the batch. */
  readonly numbers: number;
}

/**
 * Memory from this size on is requested in huge pages: the stages jump between its rows, which are in different small
 * pages.
 */
const hugeBytes = 2 ** 22;

const bytesOfHalf = ({ precision, numbers }: WorldWish): number =>
  64 * Math.ceil((numbers * numbersOf[precision].BYTES_PER_ELEMENT) / 64);

/**
 * A barrier, and two arrays that alternate. A rank writes into one array only after all ranks have reached the barrier
 * after writing the other, and have therefore finished reading what it overwrites: one barrier per redistribution is
 * enough.
 */
export class SharedWorld {
  readonly #comm: Communicator;
  readonly #preferHugePages: (memory: ArrayBufferLike) => void;
  #memory: SharedMemory | undefined;
  #barrier: SharedBarrier | undefined;
  #turn = 0;
  /** Bytes of the smallest array for which there was not enough memory. */
  #tooLarge = Number.POSITIVE_INFINITY;

  constructor(comm: Communicator, preferHugePages: (memory: ArrayBufferLike) => void) {
    this.#comm = comm;
    this.#preferHugePages = preferHugePages;
  }

  get bytes(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** The barrier; undefined before the first call of `make`. */
  get barrier(): SharedBarrier | undefined {
    return this.#barrier;
  }

  /** Whether the memory is large enough for these arrays, which is the same on all ranks. */
  holds(wish: WorldWish): boolean {
    return this.#half() >= bytesOfHalf(wish);
  }

  /** Whether there was not enough memory for these arrays, which is the same on all ranks. */
  isTooLarge(wish: WorldWish): boolean {
    return bytesOfHalf(wish) >= this.#tooLarge;
  }

  tooLarge(wish: WorldWish): EwaldError {
    const what = `heffte: 2 × ${bytesOfHalf(wish)} bytes of memory shared by all ranks could not be allocated`;
    return new EwaldError('OutOfMemory', `${what}; use the algorithm alltoallv, or a smaller batch`);
  }

  /** Makes the memory large enough for these arrays; all ranks make the same call. Returns false if it cannot. */
  async make(wish: WorldWish): Promise<boolean> {
    if (this.holds(wish)) return true;
    if (this.isTooLarge(wish)) return false;
    await this.free();
    try {
      this.#memory = await this.#comm.share(SharedBarrier.bytes(this.#comm.size) + 2 * bytesOfHalf(wish));
    } catch (error) {
      if (!isEwaldError(error, 'OutOfMemory')) throw error;
      this.#tooLarge = bytesOfHalf(wish);
      return false;
    }
    // Every rank requests them before it touches the memory, since each may be the first one to do so.
    if (this.#memory.buffer.byteLength >= hugeBytes) this.#preferHugePages(this.#memory.buffer);
    this.#barrier = new SharedBarrier(this.#comm, this.#memory.buffer);
    return true;
  }

  /** The array of each redistribution of the next run, in the order of processing. */
  arrays({ divisions, precision, numbers }: WorldWish): Numbers[] {
    const { buffer } = this.#memory as SharedMemory;
    const half = this.#half();
    const first = buffer.byteLength - 2 * half;
    return Array.from(
      { length: divisions },
      (_, i) => new numbersOf[precision](buffer as ArrayBuffer, first + ((this.#turn + i) % 2) * half, numbers),
    );
  }

  /** Makes the next run begin with the other array if this one ended with the first; all ranks make the same call. */
  taken({ divisions }: WorldWish): void {
    this.#turn = (this.#turn + divisions) % 2;
  }

  async free(): Promise<void> {
    const memory = this.#memory;
    this.#memory = undefined;
    this.#barrier = undefined;
    await memory?.free();
  }

  #half(): number {
    if (!this.#memory) return 0;
    return (this.#memory.buffer.byteLength - SharedBarrier.bytes(this.#comm.size)) / 2;
  }
}
