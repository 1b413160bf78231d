/** A communicator whose calls are checked: on this rank, and against what the other ranks were called with. */
import { checkedValue, row } from '../../options/call-options.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { asyncDispose } from '../../util/resource.js';
import { type Agreed, agree, type Call, type Messages } from './agreement.js';
import { checkAlike, checkArray, checkLength, checkParts, checkRank, checkTag, equalParts } from './checks.js';
import { allreduce, type Spread } from './collectives.js';
import {
  type CommArray,
  type Communicator,
  type CommunicatorMethods,
  type Parts,
  type ReduceOp,
  reduceOps,
  type SharedMemory,
} from './communicator.js';
import { checkCounts, countSums } from './counts.js';

/** Number of tags of a collective call: its agreement, two further exchanges of numbers, and its data. */
const tagsOfCall = 4;

/** Key of the method that exchanges rows of numbers, for rooms that compare more than a call; see `rowsOfAll`. */
export const agreedRows = Symbol('rows of all ranks');

/** A communicator that checks calls; subclasses carry them out. */
export abstract class Ranks implements CommunicatorMethods {
  abstract readonly kind: CommunicatorMethods['kind'];
  readonly rank: number;
  readonly size: number;
  #calls = 0;
  /** Resolves when the latest collective call has started: MPI requires the same order of calls on all ranks. */
  #started: Promise<void> = Promise.resolve();
  /** The error of a lost collective call, after which the ranks of the group are no longer in step. */
  #lost: EwaldError | undefined;

  constructor(rank: number, size: number) {
    this.rank = rank;
    this.size = size;
    Object.defineProperty(this, asyncDispose, { value: () => this.free() });
  }

  /** Small messages; tags are negative. */
  protected abstract readonly messages: Messages;
  protected abstract assertAlive(): void;
  /** Leaves the group, so that ranks waiting for this one are notified. */
  protected abstract abandon(): void;
  /**
   * Refuses arrays that cannot be sent, before the agreement: once the ranks have agreed, none may drop out.
   */
  protected assertCarried(_what: string, ..._arrays: CommArray[]): void {}
  protected abstract sendChecked(data: CommArray, to: number, tag: number): Promise<void>;
  protected abstract recvChecked(into: CommArray, from: number, tag: number): Promise<void>;
  protected abstract bcastChecked(data: CommArray, root: number, tag: number): Promise<void>;
  protected abstract gatherChecked(
    send: CommArray,
    recv: CommArray | undefined,
    root: number,
    tag: number,
  ): Promise<void>;
  /** Counts and offsets in elements. */
  protected abstract alltoallvChecked(
    send: CommArray,
    sends: Spread,
    recv: CommArray,
    receives: Spread,
    tag: number,
  ): Promise<void>;
  protected abstract splitChecked(color: number, key: number, tag: number): Promise<Communicator | undefined>;
  protected abstract shareChecked(bytes: number, tag: number): Promise<SharedMemory>;
  abstract allocate(bytes: number): ArrayBufferLike;
  abstract release(memory: ArrayBufferLike): void;
  abstract readonly sharesMemory: boolean;
  abstract free(): Promise<void>;

  async send(data: CommArray, to: number, tag = 0): Promise<void> {
    this.#assertUsable();
    checkArray('send', data);
    await this.sendChecked(data, checkRank('send: to', to, this.size), checkTag(tag));
  }

  async recv(into: CommArray, from: number, tag = 0): Promise<void> {
    this.#assertUsable();
    checkArray('recv', into);
    await this.recvChecked(into, checkRank('recv: from', from, this.size), checkTag(tag));
  }

  async alltoallv(send: CommArray, sendParts: Parts, recv: CommArray, recvParts: Parts): Promise<void> {
    this.#assertUsable();
    checkAlike('alltoallv', send, recv);
    const sends = checkParts('alltoallv: send', send, sendParts, this.size);
    const receives = checkParts('alltoallv: recv', recv, recvParts, this.size);
    const [mine, back] = [sends[0][this.rank] ?? 0, receives[0][this.rank] ?? 0];
    if (mine !== back) {
      const found = `${mine} elements to itself and expects ${back}`;
      throw new EwaldError('Shape', `alltoallv: rank ${this.rank} sends ${found}`);
    }
    this.assertCarried('alltoallv', send, recv);
    const sums = countSums(this.rank, sends[0], receives[0]);
    // Lengths may differ between ranks, but the counts of a pair must agree.
    await this.#together(
      { name: 'alltoallv', data: send, length: 0 },
      (tag) => this.alltoallvChecked(send, sends, recv, receives, tag),
      {
        own: sums,
        check: (agreed, tags) => checkCounts(this.messages, tags, agreed, sends[0], receives[0]),
      },
    );
  }

  async alltoall(send: CommArray, recv: CommArray): Promise<void> {
    const parts = equalParts('alltoall', send, recv, this.size);
    await this.alltoallv(send, parts, recv, parts);
  }

  async bcast(data: CommArray, root = 0): Promise<void> {
    this.#assertUsable();
    checkArray('bcast', data);
    checkRank('bcast: root', root, this.size);
    this.assertCarried('bcast', data);
    await this.#together({ name: 'bcast', data, root }, (tag) => this.bcastChecked(data, root, tag));
  }

  async gather(send: CommArray, recv: CommArray | undefined, root = 0): Promise<void> {
    this.#assertUsable();
    checkArray('gather: send', send);
    checkRank('gather: root', root, this.size);
    if (this.rank === root) {
      if (!recv) throw new EwaldError('Argument', 'gather: recv is undefined; the root needs an array');
      checkAlike('gather', send, recv);
      checkLength('gather: recv', recv, send.length * this.size);
    }
    this.assertCarried('gather', send);
    const into = this.rank === root ? recv : undefined;
    await this.#together({ name: 'gather', data: send, root }, (tag) => this.gatherChecked(send, into, root, tag));
  }

  async allreduce(send: CommArray, recv: CommArray, given?: ReduceOp): Promise<void> {
    this.#assertUsable();
    checkAlike('allreduce', send, recv);
    checkLength('allreduce: recv', recv, send.length);
    const op = checkedValue('allreduce: op', given, row.choice(reduceOps, 'sum'));
    this.assertCarried('allreduce', send);
    const call: Call = { name: 'allreduce', data: send, op: reduceOps.indexOf(op) };
    const { rank, size } = this;
    // Two exchanges: the next call starts after the second one.
    const steps = (tag: number): Promise<void> =>
      allreduce({ rank, size, alltoallv: (...given) => this.alltoallvChecked(...given, tag) }, send, recv, op);
    await this.#together(call, steps, { wholly: true });
  }

  async barrier(): Promise<void> {
    this.#assertUsable();
    // The agreement itself is the barrier.
    await this.#together({ name: 'barrier' }, async () => {});
  }

  async split(color: number, key = this.rank): Promise<Communicator | undefined> {
    this.#assertUsable();
    if (!Number.isInteger(color) || !Number.isInteger(key))
      throw new EwaldError('Argument', `split: color is ${color} and key ${key}; expected integers`);
    return this.#together({ name: 'split' }, (tag) => this.splitChecked(color, key, tag), { wholly: true });
  }

  async share(bytes: number): Promise<SharedMemory> {
    this.#assertUsable();
    if (!this.sharesMemory) throw new EwaldError('Unsupported', 'share: the ranks of this job do not share memory');
    return this.#together({ name: 'share', length: bytes }, (tag) => this.shareChecked(bytes, tag), { wholly: true });
  }

  /** Exchanges numbers between all ranks: returns the row of each rank, at most `maxOwn` numbers. */
  async [agreedRows](row: readonly number[]): Promise<Float64Array[]> {
    this.#assertUsable();
    let rows: Float64Array[] = [];
    const keep = async (agreed: Agreed): Promise<void> => {
      rows = Array.from({ length: this.size }, (_, rank) => agreed.own(rank));
    };
    await this.#together({ name: 'transform' }, async () => {}, { own: row, check: keep });
    return rows;
  }

  dispose(): Promise<void> {
    return this.free();
  }

  #assertUsable(): void {
    this.assertAlive();
    if (this.#lost) throw this.#lost;
  }

  /** Compares a call with those of the other ranks, then carries it out. */
  async #together<T>(
    call: Call,
    carryOut: (tag: number) => Promise<T>,
    more: {
      readonly own?: readonly number[];
      check?(agreed: Agreed, tags: [number, number]): Promise<void>;
      /** Whether the call has several steps, between which no other call may start. */
      readonly wholly?: boolean;
    } = {},
  ): Promise<T> {
    const base = this.#calls;
    this.#calls = (base + tagsOfCall) % 2 ** 30;
    const before = this.#started;
    let started = (): void => {};
    this.#started = new Promise((resolve) => {
      started = resolve;
    });
    try {
      const agreed = await agree(this.messages, -1 - base, call, more.own);
      await more.check?.(agreed, [-2 - base, -3 - base]);
      await before;
      const work = carryOut(-4 - base);
      if (!more.wholly) started();
      return await work;
    } catch (error) {
      // Other ranks may wait for the next message of this rank.
      if (isEwaldError(error, 'Lost') && !this.#lost) {
        this.#lost = error;
        this.abandon();
      }
      throw error;
    } finally {
      started();
    }
  }
}
