/** Memory of the runs of one plan: two arrays of intermediate results and two of messages, the caller's or its own. */

import type { FftPrecision } from '../fft/options.js';
import type { Communicator } from '../parallel/communicator/communicator.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import type { Numbers } from './copy.js';

/** Parts of a workspace. */
type WorkPart = 'slot0' | 'slot1' | 'outgoing' | 'incoming';
const parts: readonly WorkPart[] = ['slot0', 'slot1', 'outgoing', 'incoming'];

export const numbersOf = { f32: Float32Array, f64: Float64Array } as const;

export class Workspace {
  readonly #comm: Communicator;
  /** Numbers of each part, for a batch of one. */
  readonly #sizes: Readonly<Record<WorkPart, number>>;
  /** Own memory, which grows with the largest run. */
  readonly #own = new Map<WorkPart, ArrayBufferLike>();

  constructor(comm: Communicator, sizes: Readonly<Record<WorkPart, number>>) {
    this.#comm = comm;
    // Even, so that complex numbers stay together.
    this.#sizes = Object.fromEntries(parts.map((part) => [part, 2 * Math.ceil(sizes[part] / 2)])) as Record<
      WorkPart,
      number
    >;
  }

  /** Complex numbers that a run of one transform needs. */
  get size(): number {
    return parts.reduce((sum, part) => sum + this.#sizes[part] / 2, 0);
  }

  /** Bytes of own memory. */
  get bytes(): number {
    return [...this.#own.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** What a run uses. Throws `Shape` for a workspace of another precision or too short. */
  for(precision: FftPrecision, batch: number, given: Numbers | undefined): (part: WorkPart) => Numbers {
    const ArrayType = numbersOf[precision];
    if (given === undefined) return (part) => this.#array(part, ArrayType, this.#sizes[part] * batch);
    this.check(precision, batch, given);
    let at = 0;
    const views = new Map<WorkPart, Numbers>();
    for (const part of parts) {
      const numbers = this.#sizes[part] * batch;
      views.set(part, given.subarray(at, at + numbers));
      at += numbers;
    }
    return (part) => views.get(part) as Numbers;
  }

  /** Refuses a workspace that does not fit. Throws `Shape`. */
  check(precision: FftPrecision, batch: number, numbers: Numbers): void {
    const ArrayType = numbersOf[precision];
    const needed = 2 * this.size * batch;
    if (!(numbers instanceof ArrayType) || numbers.length < needed)
      throw new EwaldError(
        'Shape',
        `heffte: the workspace is ${inspect(numbers)}; ` +
          `expected a ${ArrayType.name} of ${needed}, two for each of ${batch} × sizeWorkspace = ` +
          `${batch * this.size} complex numbers`,
      );
  }

  #array(part: WorkPart, ArrayType: (typeof numbersOf)[FftPrecision], numbers: number): Numbers {
    const bytes = numbers * ArrayType.BYTES_PER_ELEMENT;
    let memory = this.#own.get(part);
    if (!memory || memory.byteLength < bytes) {
      if (memory) this.#comm.release(memory);
      // Where messages go from it without a copy.
      memory = this.#comm.allocate(bytes);
      this.#own.set(part, memory);
    }
    return new ArrayType(memory as ArrayBuffer, 0, numbers);
  }

  /** Gives own memory back. */
  free(): void {
    for (const memory of this.#own.values()) this.#comm.release(memory);
    this.#own.clear();
  }
}
