/** Values that tasks share: each is sent to a worker once. */
import { EwaldError } from '../util/errors.js';
import { contentHash, sharesMemory, toShared } from './content.js';

/** Values given to `share`, by their hash. */
export class SharedValues {
  readonly #values = new Map<string, unknown>();

  async add(value: unknown): Promise<{ hash: string }> {
    // Encoded and copied before anything is awaited: what the caller writes meanwhile is in neither.
    const hashing = contentHash(value);
    const copy = sharesMemory() ? toShared(value) : structuredClone(value);
    const hash = await hashing;
    if (!this.#values.has(hash)) this.#values.set(hash, copy);
    return { hash };
  }

  async get(hash: string): Promise<unknown> {
    if (this.#values.has(hash)) return this.#values.get(hash);
    const what = `no shared value has the hash ${hash.slice(0, 12)}…; give it to share() of this executor before the run`;
    throw new EwaldError('Argument', what);
  }

  all(): Iterable<unknown> {
    return this.#values.values();
  }

  clear(): void {
    this.#values.clear();
  }
}
