/** Writes behind its caller: what is added while a write is under way is written together, in order, when it has ended. */
import type { FileHandle } from 'node:fs/promises';

/** Bytes in memory for which the caller waits. */
const maxWaiting = 2 ** 24;

export class GatheredWrites {
  readonly #write: (pieces: readonly Uint8Array[]) => Promise<void>;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #writing: Promise<void> | undefined;
  #failure: { readonly cause: unknown; isThrown: boolean } | undefined;

  /** `write` is called with all that waits, once at a time; after it has thrown, nothing is written any more. */
  constructor(write: (pieces: readonly Uint8Array[]) => Promise<void>) {
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
        const pieces = this.#waiting;
        this.#waiting = [];
        this.#bytes = 0;
        await this.#write(pieces);
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

/** Writes pieces one behind the other, from `position` on; returns the number of their bytes. They are not joined. */
export async function writePieces(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<number> {
  let end = position;
  for (let left = pieces; left.length > 0; ) {
    const { bytesWritten } = await handle.writev(left, end);
    end += bytesWritten;
    left = behind(left, bytesWritten);
  }
  return end - position;
}

/** The pieces without their first bytes: a disk may take a part only. */
function behind(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let [at, left] = [0, bytes];
  for (; at < pieces.length; at++) {
    const { length } = pieces[at] as Uint8Array;
    if (left < length) break;
    left -= length;
  }
  const [first, ...others] = pieces.slice(at);
  return first ? [first.subarray(left), ...others] : [];
}
