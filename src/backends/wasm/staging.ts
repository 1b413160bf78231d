/** Heap memory of one plan: allocated piece by piece, freed together. */
import type { Core } from './heap.js';

/** The staging memory of a plan on a core. */
export class Staging {
  readonly #core: Core;
  readonly #addresses: number[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  /** Allocates zeroed memory; throws `OutOfMemory`. */
  place(bytes: number): number {
    const address = this.#core.alloc(bytes);
    this.#addresses.push(address);
    return address;
  }

  /** Frees everything. */
  release(): void {
    for (const address of this.#addresses.splice(0)) this.#core.free(address);
  }
}
