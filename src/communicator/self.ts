/** The communicator of one rank: what it sends to itself it receives. */
import { EwaldError } from '../errors.js';
import type { Communicator } from './communicator.js';
import { type Carrier, MessageCommunicator } from './messaging.js';

type Waiting = { readonly bytes: Uint8Array; resolve(): void; reject(error: unknown): void };

class SelfCarrier implements Carrier {
  readonly kind = 'self';
  contexts = 0;
  readonly #sent = new Map<string, Waiting[]>();
  readonly #wanted = new Map<string, Waiting[]>();

  send(_: number, context: number, tag: number, bytes: Uint8Array): Promise<void> {
    // Copied, so that the sender may go on before anybody receives.
    return this.#meet(this.#wanted, this.#sent, `${context} ${tag}`, bytes.slice(), (other) => [bytes, other], true);
  }

  recv(_: number, context: number, tag: number, into: Uint8Array): Promise<void> {
    return this.#meet(this.#sent, this.#wanted, `${context} ${tag}`, into, (other) => [other, into], false);
  }

  allocate(bytes: number): ArrayBufferLike {
    return new ArrayBuffer(bytes);
  }

  release(): void {}

  show(): number {
    return 0;
  }

  async shown(): Promise<ArrayBufferLike> {
    throw new EwaldError('Internal', 'a rank alone is shown no memory of others');
  }

  async close(): Promise<void> {
    const what = new EwaldError('Disposed', 'the communicator was freed while this waited for a message');
    for (const list of this.#wanted.values()) for (const { reject } of list) reject(what);
    this.#wanted.clear();
    this.#sent.clear();
  }

  async #meet(
    others: Map<string, Waiting[]>,
    mine: Map<string, Waiting[]>,
    key: string,
    bytes: Uint8Array,
    order: (other: Uint8Array) => [from: Uint8Array, into: Uint8Array],
    buffered: boolean,
  ): Promise<void> {
    const other = others.get(key)?.shift();
    if (!other) {
      const waiting = new Promise<void>((resolve, reject) => {
        const list = mine.get(key) ?? [];
        mine.set(key, list);
        list.push({ bytes, resolve, reject });
      });
      if (buffered) waiting.catch(() => {});
      return buffered ? undefined : waiting;
    }
    const [from, into] = order(other.bytes);
    if (from.byteLength !== into.byteLength) {
      const error = lengthError(0, from.byteLength, 0, into.byteLength);
      other.reject(error);
      throw error;
    }
    into.set(from);
    other.resolve();
  }
}

/** A message of another length than was expected. */
export const lengthError = (from: number, sent: number, rank: number, expected: number): EwaldError =>
  new EwaldError('Shape', `rank ${from} sent ${sent} bytes to rank ${rank}, which expected ${expected}`);

/** The communicator of one rank: programs for many run on it unchanged. */
export const selfComm = async (): Promise<Communicator> =>
  new MessageCommunicator(new SelfCarrier(), [0], 0, 0) as unknown as Communicator;
