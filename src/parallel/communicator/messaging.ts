/** A communicator over messages: groups and collective calls; a `Carrier` transports the messages. */
import { EwaldError } from '../../util/errors.js';
import { allRows, type Messages } from './agreement.js';
import { sentBytes } from './checks.js';
import * as collectives from './collectives.js';
import type { CommArray, Communicator, SharedMemory } from './communicator.js';
import { elementKind, untyped } from './kinds.js';
import { Ranks } from './ranks.js';

/** Carries bytes between ranks of the world. Messages with the same sender, context and tag keep their order. */
export interface Carrier {
  readonly kind: 'self' | 'workers';
  /** `kind` is the number of the array's type, see kinds.ts; both sides must pass the same. */
  send(to: number, context: number, tag: number, bytes: Uint8Array, kind: number): Promise<void>;
  recv(from: number, context: number, tag: number, into: Uint8Array, kind: number): Promise<void>;
  allocate(bytes: number): ArrayBufferLike;
  release(memory: ArrayBufferLike): void;
  /** Makes memory known to `members` of the world; returns its number. */
  expose(memory: ArrayBufferLike, members: readonly number[]): number;
  /** Resolves with the memory that another rank has made known under this number, as soon as it arrives. */
  attach(from: number, number: number): Promise<ArrayBufferLike>;
  /** Number of contexts that this rank has used, which is also the next free one. */
  contexts: number;
  /** Announces that this rank leaves a group: calls that still wait for it there end with `Lost`. */
  leave(context: number, members: readonly number[]): void;
  close(): Promise<void>;
}

/** The communicator of some ranks of the world; `members` are their ranks there, in the order of the group. */
export class MessageCommunicator extends Ranks {
  readonly kind: 'self' | 'workers';
  protected readonly messages: Messages;
  readonly #carrier: Carrier;
  readonly #members: readonly number[];
  readonly #context: number;
  #freed: Promise<void> | undefined;

  constructor(carrier: Carrier, members: readonly number[], rank: number, context: number) {
    super(rank, members.length);
    this.#carrier = carrier;
    this.#members = members;
    this.#context = context;
    this.kind = carrier.kind;
    this.messages = {
      rank,
      size: members.length,
      send: (to, tag, bytes) => carrier.send(this.#world(to), context, tag, bytes, untyped),
      recv: (from, tag, into) => carrier.recv(this.#world(from), context, tag, into, untyped),
    };
  }

  #world(rank: number): number {
    return this.#members[rank] ?? -1;
  }

  protected assertAlive(): void {
    if (this.#freed) throw new EwaldError('Disposed', `this communicator of ${this.size} ranks was freed`);
  }

  protected sendChecked(data: CommArray, to: number, tag: number): Promise<void> {
    return this.#carrier.send(this.#world(to), this.#context, tag, sentBytes(data), elementKind(data));
  }

  protected recvChecked(into: CommArray, from: number, tag: number): Promise<void> {
    return this.#carrier.recv(this.#world(from), this.#context, tag, sentBytes(into), elementKind(into));
  }

  protected bcastChecked(data: CommArray, root: number, tag: number): Promise<void> {
    return collectives.bcast(this.messages, tag, sentBytes(data), root);
  }

  protected gatherChecked(send: CommArray, recv: CommArray | undefined, root: number, tag: number): Promise<void> {
    return collectives.gather(this.messages, tag, sentBytes(send), recv && sentBytes(recv), root);
  }

  protected alltoallvChecked(
    send: CommArray,
    sends: collectives.Spread,
    recv: CommArray,
    receives: collectives.Spread,
    tag: number,
  ): Promise<void> {
    const unit = send.BYTES_PER_ELEMENT;
    const inBytes = ([counts, offsets]: collectives.Spread): collectives.Spread => [
      counts.map((n) => n * unit),
      offsets.map((n) => n * unit),
    ];
    return collectives.alltoallv(
      this.messages,
      tag,
      sentBytes(send),
      inBytes(sends),
      sentBytes(recv),
      inBytes(receives),
    );
  }

  protected async splitChecked(color: number, key: number, tag: number): Promise<Communicator | undefined> {
    const all = await allRows(this.messages, tag, Float64Array.of(color, key, this.#carrier.contexts));
    const rows = this.#members.map((world, rank) => ({
      world,
      rank,
      color: all[3 * rank] ?? -1,
      key: all[3 * rank + 1] ?? 0,
    }));
    // A number that none of the ranks has used; groups of other colours use it as well, as they share no rank.
    const context = Math.max(...rows.map(({ rank }) => all[3 * rank + 2] ?? 0)) + 1;
    this.#carrier.contexts = context;
    if (color < 0) return undefined;
    const group = rows.filter((row) => row.color === color).sort((a, b) => a.key - b.key || a.rank - b.rank);
    const members = group.map(({ world }) => world);
    const rank = group.findIndex((row) => row.rank === this.rank);
    return new MessageCommunicator(this.#carrier, members, rank, context) as unknown as Communicator;
  }

  allocate(bytes: number): ArrayBufferLike {
    this.assertAlive();
    return this.#carrier.allocate(bytes);
  }

  release(memory: ArrayBufferLike): void {
    if (!this.#freed) this.#carrier.release(memory);
  }

  get sharesMemory(): boolean {
    return true;
  }

  protected async shareChecked(bytes: number, tag: number): Promise<SharedMemory> {
    const root = this.#members[0] as number;
    const number = new Float64Array(1);
    let buffer: ArrayBufferLike | undefined;
    if (this.rank === 0) {
      try {
        buffer = this.#carrier.allocate(bytes);
        number[0] = this.#carrier.expose(buffer, this.#members);
      } catch {
        number[0] = -1;
      }
    }
    await collectives.bcast(this.messages, tag, sentBytes(number), 0);
    if (number[0] === -1)
      throw new EwaldError('OutOfMemory', `share: ${bytes} bytes of shared memory could not be allocated`);
    const memory = buffer ?? (await this.#carrier.attach(root, number[0] as number));
    return {
      buffer: memory,
      free: async () => {
        if (this.rank === 0) this.release(memory);
      },
    };
  }

  free(): Promise<void> {
    // The world ends with its first communicator; for other groups the end is only announced.
    this.#freed ??= this.#context === 0 ? this.#carrier.close() : this.#leave();
    return this.#freed;
  }

  async #leave(): Promise<void> {
    this.abandon();
  }

  protected abandon(): void {
    this.#carrier.leave(this.#context, this.#members);
  }
}
