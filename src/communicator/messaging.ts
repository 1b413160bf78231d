/** A communicator over messages: groups, tags and checks; what carries the messages is a `Carrier`. */
import { EwaldError } from '../errors.js';
import { asyncDispose } from '../resource.js';
import { bytesOf, checkAlike, checkArray, checkLength, checkParts, checkRank, checkTag, equalParts } from './checks.js';
import * as collectives from './collectives.js';
import type { CommArray, Communicator, CommunicatorMethods, Parts, ReduceOp, SharedMemory } from './communicator.js';

/** Carries bytes between ranks of the world. Messages with the same sender, context and tag keep their order. */
export interface Carrier {
  readonly kind: 'self' | 'workers';
  send(to: number, context: number, tag: number, bytes: Uint8Array): Promise<void>;
  recv(from: number, context: number, tag: number, into: Uint8Array): Promise<void>;
  allocate(bytes: number): ArrayBufferLike;
  release(memory: ArrayBufferLike): void;
  /** Number of a piece of memory that `members` of the world are shown. */
  show(memory: ArrayBufferLike, members: readonly number[]): number;
  /** The piece that another rank showed under this number, once it is here. */
  shown(from: number, number: number): Promise<ArrayBufferLike>;
  /** Contexts of groups that this rank has used; the next one is free. */
  contexts: number;
  close(): Promise<void>;
}

/** The communicator of some ranks of the world; `members` are their ranks there, in the order of the group. */
export class MessageCommunicator implements CommunicatorMethods {
  readonly kind: 'self' | 'workers';
  readonly rank: number;
  readonly size: number;
  readonly #carrier: Carrier;
  readonly #members: readonly number[];
  readonly #context: number;
  readonly #messages: collectives.Messages;
  #collectives = 0;
  #freed: Promise<void> | undefined;

  constructor(carrier: Carrier, members: readonly number[], rank: number, context: number) {
    this.#carrier = carrier;
    this.#members = members;
    this.#context = context;
    this.kind = carrier.kind;
    this.rank = rank;
    this.size = members.length;
    const world = (r: number): number => members[r] ?? -1;
    this.#messages = {
      rank,
      size: members.length,
      send: (to, tag, bytes) => carrier.send(world(to), context, tag, bytes),
      recv: (from, tag, into) => carrier.recv(world(from), context, tag, into),
    };
    Object.defineProperty(this, asyncDispose, { value: () => this.free() });
  }

  async send(data: CommArray, to: number, tag = 0): Promise<void> {
    this.#alive();
    checkArray('send', data);
    await this.#messages.send(checkRank('send: to', to, this.size), checkTag(tag), bytesOf(data));
  }

  async recv(into: CommArray, from: number, tag = 0): Promise<void> {
    this.#alive();
    checkArray('recv', into);
    await this.#messages.recv(checkRank('recv: from', from, this.size), checkTag(tag), bytesOf(into));
  }

  async alltoallv(send: CommArray, sendParts: Parts, recv: CommArray, recvParts: Parts): Promise<void> {
    this.#alive();
    checkAlike('alltoallv', send, recv);
    const unit = send.BYTES_PER_ELEMENT;
    const [sent, received] = [
      checkParts('alltoallv: send', send, sendParts, this.size),
      checkParts('alltoallv: recv', recv, recvParts, this.size),
    ].map((lists) => lists.map((list) => list.map((elements) => elements * unit))) as [number[], number[]][];
    if (sent && received)
      await collectives.alltoallv(this.#messages, this.#tag(), bytesOf(send), sent, bytesOf(recv), received);
  }

  async alltoall(send: CommArray, recv: CommArray): Promise<void> {
    const parts = equalParts('alltoall', send, recv, this.size);
    await this.alltoallv(send, parts, recv, parts);
  }

  async bcast(data: CommArray, root = 0): Promise<void> {
    this.#alive();
    checkArray('bcast', data);
    await collectives.bcast(this.#messages, this.#tag(), bytesOf(data), checkRank('bcast: root', root, this.size));
  }

  async gather(send: CommArray, recv: CommArray | undefined, root = 0): Promise<void> {
    this.#alive();
    checkArray('gather: send', send);
    checkRank('gather: root', root, this.size);
    if (this.rank === root) {
      if (!recv) throw new EwaldError('Argument', 'gather: recv is undefined; the root needs an array');
      checkAlike('gather', send, recv);
      checkLength('gather: recv', recv, send.length * this.size);
    }
    await collectives.gather(this.#messages, this.#tag(), bytesOf(send), recv && bytesOf(recv), root);
  }

  async allreduce(send: CommArray, recv: CommArray, op?: ReduceOp): Promise<void> {
    this.#alive();
    await collectives.allreduce(this, send, recv, op);
  }

  async barrier(): Promise<void> {
    this.#alive();
    await collectives.barrier(this.#messages, this.#tag());
  }

  async split(color: number, key = this.rank): Promise<Communicator | undefined> {
    this.#alive();
    if (!Number.isInteger(color) || !Number.isInteger(key))
      throw new EwaldError('Argument', `split: color is ${color} and key ${key}; needed are integers`);
    const mine = Float64Array.of(color, key, this.#carrier.contexts);
    const all = new Float64Array(3 * this.size);
    await this.gather(mine, all);
    await this.bcast(all);
    const rows = this.#members.map((world, rank) => ({
      world,
      rank,
      color: all[3 * rank] ?? -1,
      key: all[3 * rank + 1] ?? 0,
    }));
    // A number that none of them has used; groups of other colours share it, for they have no rank in common.
    const context = Math.max(...rows.map(({ rank }) => all[3 * rank + 2] ?? 0)) + 1;
    this.#carrier.contexts = context;
    if (color < 0) return undefined;
    const group = rows.filter((row) => row.color === color).sort((a, b) => a.key - b.key || a.rank - b.rank);
    const members = group.map(({ world }) => world);
    const rank = group.findIndex((row) => row.rank === this.rank);
    return new MessageCommunicator(this.#carrier, members, rank, context) as unknown as Communicator;
  }

  allocate(bytes: number): ArrayBufferLike {
    this.#alive();
    return this.#carrier.allocate(bytes);
  }

  release(memory: ArrayBufferLike): void {
    if (!this.#freed) this.#carrier.release(memory);
  }

  get sharesMemory(): boolean {
    return true;
  }

  async share(bytes: number): Promise<SharedMemory> {
    this.#alive();
    const root = this.#members[0] as number;
    const number = new Float64Array(1);
    let buffer: ArrayBufferLike | undefined;
    if (this.rank === 0) {
      buffer = this.#carrier.allocate(bytes);
      number[0] = this.#carrier.show(buffer, this.#members);
    }
    await this.bcast(number);
    const memory = buffer ?? (await this.#carrier.shown(root, number[0] as number));
    return {
      buffer: memory,
      free: async () => {
        if (this.rank === 0) this.release(memory);
      },
    };
  }

  free(): Promise<void> {
    // The world ends with its first communicator; groups have nothing of their own.
    this.#freed ??= this.#context === 0 ? this.#carrier.close() : Promise.resolve();
    return this.#freed;
  }

  dispose(): Promise<void> {
    return this.free();
  }

  /** Tags of collective calls are negative: each call has its own. */
  #tag(): number {
    this.#collectives = (this.#collectives + 1) % 2 ** 30;
    return -1 - this.#collectives;
  }

  #alive(): void {
    if (this.#freed) throw new EwaldError('Disposed', `this communicator of ${this.size} ranks was freed`);
  }
}
