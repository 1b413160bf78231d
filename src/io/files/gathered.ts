/** Writes behind its caller: what is added while a write is under way is written together, in order, when it has ended. */

/** Bytes in memory for which the caller waits. */
const maxWaiting = 2 ** 24;

export class GatheredWrites {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly cause: unknown; isThrown: boolean } | undefined;

  /** `write` is called with all that waits, once at a time; after it has thrown, nothing is written any more. */
  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** Adds bytes, which the caller must not change; waits if too many wait already. Throws what a write has thrown. */
  async add(bytes: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#thrown(this.#failure);
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#writing ??= this.#writeAll();
    if (this.#bytes > maxWaiting) await this.settled();
  }

  /** Waits until everything is written. Throws what a write has thrown, unless `add` did. */
  async settled(): Promise<void> {
    await this.#writing;
    if (this.#failure && !this.#failure.isThrown) throw this.#thrown(this.#failure);
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const [first, ...others] = this.#waiting.splice(0);
        this.#bytes = 0;
        await this.#write(
          others.length === 0 ? (first as Uint8Array) : Buffer.concat([first as Uint8Array, ...others]),
        );
      }
    } catch (cause) {
      this.#failure = { cause, isThrown: false };
      this.#waiting = [];
    }
    this.#writing = undefined;
  }

  #thrown(failure: { readonly cause: unknown; isThrown: boolean }): unknown {
    failure.isThrown = true;
    return failure.cause;
  }
}
