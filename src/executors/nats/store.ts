/**
 * Payloads on the cluster: small ones in messages, large ones in the object store, named by the task that needs them.
 */
import { EwaldError } from '../../base/errors.js';
import { decode, encode } from '../codec.js';
import { hashOf } from '../content.js';
import type { Nats } from './library.js';
import type { Steady } from './steady.js';

type ObjectStore = Awaited<ReturnType<InstanceType<Nats['Objm']>['create']>>;

/** Messages larger than this (bytes) go through the object store; servers take 1 MiB by default. */
const largest = 2 ** 18;
/** Seconds without a further chunk of an object after which reading it restarts. */
const stallSeconds = 15;

export class Store {
  readonly #objects: ObjectStore;
  readonly #steady: Steady;
  /** Seconds after which the server forgets an object. */
  readonly #keepSeconds: number;
  /** Objects stored by `keep`, by name; they are refreshed or restored while this store is open. */
  readonly #kept = new Map<string, Uint8Array>();
  readonly #refreshing: ReturnType<typeof setInterval>;

  constructor(objects: ObjectStore, steady: Steady, keepSeconds: number) {
    this.#objects = objects;
    this.#steady = steady;
    this.#keepSeconds = keepSeconds;
    // Refreshed every third of that time, so that an object survives a failed refresh.
    this.#refreshing = setInterval(() => void this.#refresh(), Math.min((1000 * keepSeconds) / 3, 2 ** 31 - 1));
    (this.#refreshing as { unref?: () => void }).unref?.();
  }

  close(): void {
    clearInterval(this.#refreshing);
    this.#kept.clear();
  }

  /** Encodes a value as the bytes of a message; a large value is stored as the object `name`. */
  async pack(value: unknown, name: string): Promise<Uint8Array> {
    const bytes = encode(value);
    if (bytes.byteLength <= largest) return bytes;
    await this.#put(name, bytes);
    return encode({ object: name });
  }

  /**
   * The value of a message, and its object, if it has one, for `drop`. Throws `Format` if the object is not `name`,
   * since a message could otherwise have another object read and deleted.
   */
  async unpack(bytes: Uint8Array, name: string): Promise<{ value: unknown; object: string | undefined }> {
    const value = decode(bytes);
    const object = (value as { object?: unknown } | null | undefined)?.object;
    if (object === undefined) return { value, object: undefined };
    if (object !== name)
      throw new EwaldError('Format', `the message refers to an object of the store that is not its own, ${name}`);
    return { value: decode(await this.#get(name, 'a message')), object: name };
  }

  async drop(name: string | undefined): Promise<void> {
    // A missing object needs no deletion, and the server deletes the others itself.
    if (name !== undefined) await this.#objects.delete(name).catch(() => {});
  }

  /** Stores bytes under their hash, once, while this store is open. */
  async keep(bytes: Uint8Array): Promise<string> {
    const hash = await hashOf(bytes);
    const name = `content.${hash}`;
    if (!(await this.#isFresh(name))) await this.#put(name, bytes);
    this.#kept.set(name, bytes);
    return hash;
  }

  /** Reads bytes by their hash; throws `Mismatch` if their hash differs. */
  async kept(hash: string, what: string): Promise<Uint8Array> {
    const bytes = await this.#get(`content.${hash}`, what);
    if ((await hashOf(bytes)) !== hash)
      throw new EwaldError(
        'Mismatch',
        `${what} on the cluster does not have the hash ${hash.slice(0, 12)}… it is named by`,
      );
    return bytes;
  }

  /** Whether an object exists and will still exist at the next refresh. */
  #isFresh(name: string): Promise<boolean> {
    return this.#steady.run('looking for an object', async () => {
      const info = await this.#objects.info(name);
      if (!info || info.deleted) return false;
      const age = Date.now() - Date.parse(info.mtime);
      return age > -60_000 && age < (1000 * this.#keepSeconds) / 3;
    });
  }

  /** Stores the kept objects again before the server deletes them, because runs may take longer than that. */
  async #refresh(): Promise<void> {
    for (const [name, bytes] of this.#kept) {
      try {
        if (!(await this.#isFresh(name))) await this.#put(name, bytes);
      } catch {
        // The next refresh tries again. A task that needs a missing object reports it.
      }
    }
  }

  async #put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#steady.run('storing an object', () => this.#objects.putBlob({ name }, bytes));
  }

  #get(name: string, what: string): Promise<Uint8Array> {
    return this.#steady.run('reading an object', async () => {
      const info = await this.#objects.info(name);
      if (!info || info.deleted)
        throw new EwaldError('Lost', `${what} is no longer on the cluster: the object ${name} is not there`);
      // A link may refer to any object, even to itself.
      if (info.options?.link) throw new EwaldError('Format', `the object ${name} is a link, which ewald never makes`);
      const found = await this.#objects.get(name);
      if (!found) throw new EwaldError('Lost', `${what} is no longer on the cluster: the object ${name} is not there`);
      found.error.catch(() => {});
      return pieces(found.data);
    });
  }
}

/** All bytes of an object. Throws when no more arrive: an object that is replaced while it is read never ends. */
async function pieces(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader();
  const all: Uint8Array[] = [];
  let stalled = (): void => {};
  const stall = new Promise<never>((_, reject) => {
    stalled = () => reject(new Error(`no further data of an object has arrived for ${stallSeconds} s`));
  });
  stall.catch(() => {});
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      clearTimeout(timer);
      timer = setTimeout(stalled, 1000 * stallSeconds);
      const { done, value } = await Promise.race([reader.read(), stall]);
      if (done) break;
      all.push(value);
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
  const whole = new Uint8Array(all.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of all) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
