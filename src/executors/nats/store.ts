/** Payloads on the cluster: small ones in messages, large ones in the object store, named by who needs them. */
import { EwaldError } from '../../errors.js';
import { decode, encode } from '../codec.js';
import { hashOf } from '../content.js';
import type { Nats } from './library.js';

type ObjectStore = Awaited<ReturnType<InstanceType<Nats['Objm']>['create']>>;

/** Messages larger than this (bytes) go through the object store; servers take 1 MiB by default. */
const largest = 2 ** 18;

export class Store {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** A value as the bytes of a message; `name` is its object where it is large. */
  async pack(value: unknown, name: string): Promise<Uint8Array> {
    const bytes = encode(value);
    if (bytes.byteLength <= largest) return bytes;
    await this.#objects.putBlob({ name }, bytes);
    return encode({ object: name });
  }

  /**
   * The value of a message, and its object, if it has one, for `drop`. Throws `Format` where the object is not `name`:
   * a message that could name another one would have it read, and then deleted.
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
    // What is not there is dropped already; the store forgets by itself after a day.
    if (name !== undefined) await this.#objects.delete(name).catch(() => {});
  }

  /** Keeps bytes by their hash, once. */
  async keep(bytes: Uint8Array): Promise<string> {
    const hash = await hashOf(bytes);
    const known = await this.#objects.info(`content.${hash}`).catch(() => null);
    if (!known || known.deleted) await this.#objects.putBlob({ name: `content.${hash}` }, bytes);
    return hash;
  }

  /** Kept bytes; throws `Mismatch` where they are not what their name says. */
  async kept(hash: string, what: string): Promise<Uint8Array> {
    const bytes = await this.#get(`content.${hash}`, what);
    if ((await hashOf(bytes)) !== hash)
      throw new EwaldError(
        'Mismatch',
        `${what} on the cluster does not have the hash ${hash.slice(0, 12)}… it is named by`,
      );
    return bytes;
  }

  async #get(name: string, what: string): Promise<Uint8Array> {
    const bytes = await this.#objects.getBlob(name);
    if (!bytes) throw new EwaldError('Lost', `${what} is no longer on the cluster: the object ${name} is not there`);
    return bytes;
  }
}
