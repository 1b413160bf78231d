/** Heap memory of one plan, and the object of the core that it plans: allocated piece by piece, freed together. */
import { EwaldError } from '../../../util/errors.js';
import type { Core } from './heap.js';

/** The staging memory of a plan on a core. */
export class Staging {
  readonly #core: Core;
  readonly #before: number;
  readonly #addresses: number[] = [];
  #destroy: (() => void) | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#before = core.liveBytes;
  }

  /** Bytes of the heap that were allocated since this memory was made. */
  get bytes(): number {
    return this.#core.liveBytes - this.#before;
  }

  /** Allocates zeroed memory; throws `OutOfMemory`. */
  place(bytes: number): number {
    const address = this.#core.alloc(Math.max(8, bytes));
    this.#addresses.push(address);
    return address;
  }

  /**
   * Calls `ewald_NAME_create` with copies of the tables, which the core needs only during the call, and returns the
   * handle; `release` calls `ewald_NAME_destroy`. A table that is undefined is passed as a null pointer.
   */
  create(name: string, ...tables: readonly (ArrayBufferView | undefined)[]): number {
    const core = this.#core;
    const copies = new Staging(core);
    try {
      const addresses = tables.map((table) => {
        if (!table) return 0;
        const address = copies.place(table.byteLength);
        core.write(address, table);
        return address;
      });
      const result = copies.place(4);
      core.check(`ewald_${name}_create`, ...addresses, result);
      const word = new Uint32Array(1);
      core.read(result, word);
      const [handle = 0] = word;
      this.#destroy = () => core.call(`ewald_${name}_destroy`, handle);
      return handle;
    } finally {
      copies.release();
    }
  }

  /** Destroys the object of the core and frees all memory. */
  release(): void {
    this.#destroy?.();
    this.#destroy = undefined;
    for (const address of this.#addresses.splice(0)) this.#core.free(address);
  }
}

/** Plans with staging memory, which is released when planning fails. Throws `OutOfMemory`. */
export function planStaged<Kernel>(core: Core, plan: (staging: Staging) => Kernel): Kernel {
  const staging = new Staging(core);
  try {
    return plan(staging);
  } catch (error) {
    staging.release();
    if (error instanceof RangeError) throw new EwaldError('OutOfMemory', error.message, { cause: error });
    throw error;
  }
}
