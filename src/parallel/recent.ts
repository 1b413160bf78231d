/** Values by name in bounded memory: those that were not used for longest are let go. */

interface Entry<T> {
  readonly value: Promise<T>;
  bytes: number;
}

export class Recent<T> {
  readonly #most: number;
  readonly #bytesOf: (value: T) => number;
  readonly #entries = new Map<string, Entry<T>>();

  /** Holds at most `most` bytes, or a single value that has more. */
  constructor(most: number, bytesOf: (value: T) => number) {
    this.#most = most;
    this.#bytesOf = bytesOf;
  }

  /** The value of this name, by `fetch` if it is not held; one that fails is asked for again. */
  async get(name: string, fetch: () => Promise<T>): Promise<T> {
    const entry = this.#entries.get(name) ?? { value: fetch(), bytes: 0 };
    // Last used, last in line to go.
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    try {
      entry.bytes = this.#bytesOf(await entry.value);
    } catch (error) {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      throw error;
    }
    let held = 0;
    for (const { bytes } of this.#entries.values()) held += bytes;
    for (const [old, { bytes }] of this.#entries) {
      if (held <= this.#most || old === name) break;
      held -= bytes;
      this.#entries.delete(old);
    }
    return entry.value;
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** About how many bytes a value takes in this thread; memory that threads share is held elsewhere in any case. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  const isShared = (buffer: ArrayBufferLike): boolean =>
    typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer;
  if (ArrayBuffer.isView(value)) return isShared(value.buffer) ? 0 : value.byteLength;
  if (value instanceof ArrayBuffer) return value.byteLength;
  let bytes = 16;
  const parts: Iterable<unknown> =
    Array.isArray(value) || value instanceof Set
      ? value
      : value instanceof Map
        ? [...value].flat()
        : Object.values(value);
  for (const part of parts) bytes += bytesOf(part);
  return bytes;
}
