/** The communicator of a single rank, which can only send messages to itself. */
import { EwaldError } from '../../util/errors.js';
import type { Communicator } from './communicator.js';
import { describeMismatch } from './kinds.js';
import { type Carrier, MessageCommunicator } from './messaging.js';

/** Bytes of a message with the number of their type. */
type SentBytes = { readonly bytes: Uint8Array; readonly kind: number };
type Waiting = { readonly bytes: Uint8Array; readonly kind: number; resolve(): void; reject(error: unknown): void };

class SelfCarrier implements Carrier {
  readonly kind = 'self';
  contexts = 0;
  readonly #sent = new Map<string, Waiting[]>();
  readonly #wanted = new Map<string, Waiting[]>();

  send(_: number, context: number, tag: number, bytes: Uint8Array, kind: number): Promise<void> {
    // The bytes are copied, so that the sender can continue before they are received.
    const mine = { bytes: bytes.slice(), kind };
    return this.#meet(this.#wanted, this.#sent, `${context} ${tag}`, mine, (other) => [mine, other], true);
  }

  recv(_: number, context: number, tag: number, into: Uint8Array, kind: number): Promise<void> {
    const mine = { bytes: into, kind };
    return this.#meet(this.#sent, this.#wanted, `${context} ${tag}`, mine, (other) => [other, mine], false);
  }

  allocate(bytes: number): ArrayBufferLike {
    return new ArrayBuffer(bytes);
  }

  release(): void {}

  expose(): number {
    return 0;
  }

  async attach(): Promise<ArrayBufferLike> {
    throw new EwaldError('Internal', 'a single rank cannot access the memory of others');
  }

  leave(context: number): void {
    const what = new EwaldError('Disposed', 'the communicator was freed while this waited for a message');
    for (const [key, list] of this.#wanted) {
      if (!key.startsWith(`${context} `)) continue;
      for (const { reject } of list) reject(what);
      this.#wanted.delete(key);
    }
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
    { bytes, kind }: SentBytes,
    order: (other: SentBytes) => [from: SentBytes, into: SentBytes],
    buffered: boolean,
  ): Promise<void> {
    const other = others.get(key)?.shift();
    if (!other) {
      const waiting = new Promise<void>((resolve, reject) => {
        const list = mine.get(key) ?? [];
        mine.set(key, list);
        list.push({ bytes, kind, resolve, reject });
      });
      if (buffered) waiting.catch(() => {});
      return buffered ? undefined : waiting;
    }
    const [from, into] = order(other);
    const error = describeMismatch(0, [from.kind, from.bytes.byteLength], 0, [into.kind, into.bytes.byteLength]);
    if (error) {
      other.reject(error);
      throw error;
    }
    into.bytes.set(from.bytes);
    other.resolve();
  }
}

/** Creates the communicator of a single rank, on which programs for many ranks run unchanged. */
export const selfComm = async (): Promise<Communicator> =>
  new MessageCommunicator(new SelfCarrier(), [0], 0, 0) as unknown as Communicator;
