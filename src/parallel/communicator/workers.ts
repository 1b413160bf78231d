/** The communicator of threads: messages are stored in shared memory and announced through a board of Atomics. */
import { expectsMembers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { leftError } from './checks.js';
import type { Communicator } from './communicator.js';
import type { RankHandle } from './group.js';
import { describeMismatch, kindName, untyped } from './kinds.js';
import { type Carrier, MessageCommunicator } from './messaging.js';
import { type SegmentNews, Segments, type Slot } from './segments.js';
import { acknowledgements, type Notice, SharedMailbox, unacknowledged } from './shared-mailbox.js';

interface Receive {
  readonly context: number;
  readonly tag: number;
  readonly into: Uint8Array;
  readonly kind: number;
  resolve(): void;
  reject(error: unknown): void;
}

interface Sent {
  readonly to: number;
  readonly context: number;
  readonly bytes: number;
  readonly kind: number;
  readonly slot: Slot;
  /** Set if the sender waits until its own memory has been copied. */
  readonly resolve: (() => void) | undefined;
  readonly reject: ((error: unknown) => void) | undefined;
}

/** The tag of the notice that a rank has left a group; it follows all messages of the rank in that group. */
const leaveTag = -(2 ** 31);
/** Denotes all contexts. */
const everything = -1;
const freed = (): EwaldError =>
  new EwaldError('Disposed', 'the communicator was freed while this waited for a message');

class SharedCarrier implements Carrier {
  readonly kind = 'workers';
  contexts = 0;
  readonly #rank: number;
  readonly #board: SharedMailbox;
  readonly #ports: readonly MessagePort[];
  readonly #segments: Segments;
  /** Memory that peers have made known: [peer] id → bytes. */
  readonly #exposed: Map<number, Uint8Array>[];
  /** Messages announced and not yet received, [peer]. */
  readonly #arrived: Notice[][];
  readonly #receives: Receive[][];
  /** Contexts of groups that a peer has left, [peer]. */
  readonly #left: Set<number>[];
  /** Messages that did not fit into a mailbox, [peer]. */
  readonly #unposted: Notice[][];
  readonly #sent = new Map<number, Sent>();
  readonly #freeNumbers = Array.from({ length: acknowledgements }, (_, i) => acknowledgements - 1 - i);
  /** Sends that wait for a number. */
  readonly #unnumbered: { begin(): void; reject(error: unknown): void }[] = [];
  #watching = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #ended: EwaldError | undefined;

  constructor({ rank, size, board, ports }: RankHandle) {
    this.#rank = rank;
    this.#board = new SharedMailbox(board, size);
    this.#ports = ports;
    const lists = <T>(): T[][] => Array.from({ length: size }, () => []);
    this.#arrived = lists();
    this.#receives = lists();
    this.#unposted = lists();
    this.#exposed = Array.from({ length: size }, () => new Map());
    this.#left = Array.from({ length: size }, () => new Set());
    this.#segments = new Segments((peer, news) => ports[peer < rank ? peer : peer - 1]?.postMessage(news));
    ports.forEach((port, i) => {
      const peer = i < rank ? i : i + 1;
      port.onmessage = ({ data: { id, memory } }: MessageEvent<SegmentNews>) => {
        if (memory) this.#exposed[peer]?.set(id, new Uint8Array(memory));
        else this.#exposed[peer]?.delete(id);
        this.#board.ring(rank);
      };
      // Only pending calls keep the process alive, not messages that might arrive.
      (port as { unref?: () => void }).unref?.();
    });
  }

  send(to: number, context: number, tag: number, bytes: Uint8Array, kind: number): Promise<void> {
    this.#check();
    if (to === this.#rank) return this.#sendHere(context, tag, bytes, kind);
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        if (this.#hasLeft(to, context)) {
          reject(leftError(to));
          return;
        }
        const acknowledge = this.#freeNumbers.pop();
        if (acknowledge === undefined) {
          this.#unnumbered.push({ begin, reject });
          return;
        }
        const slot = this.#segments.place(bytes);
        this.#segments.expose(to, slot.segment);
        const { segment, offset, lent } = slot;
        const waits = lent ? { resolve: undefined, reject: undefined } : { resolve, reject };
        this.#sent.set(acknowledge, { to, context, bytes: bytes.byteLength, kind, slot, ...waits });
        this.#post(to, { context, tag, segment: segment.id, offset, bytes: bytes.byteLength, acknowledge, kind });
        if (lent) resolve();
      };
      begin();
      this.#watch();
    });
  }

  recv(from: number, context: number, tag: number, into: Uint8Array, kind: number): Promise<void> {
    this.#check();
    return new Promise((resolve, reject) => {
      (this.#receives[from] as Receive[]).push({ context, tag, into, kind, resolve, reject });
      // No bell rings again for a message that has arrived already.
      this.#match(from, this.#arrived[from] as Notice[]);
      if (this.#busy) this.#watch();
    });
  }

  allocate(bytes: number): ArrayBufferLike {
    return this.#segments.allocate(bytes);
  }

  release(memory: ArrayBufferLike): void {
    this.#segments.forget(memory as SharedArrayBuffer);
  }

  expose(memory: ArrayBufferLike, members: readonly number[]): number {
    const peers = members.filter((peer) => peer !== this.#rank);
    return this.#segments.numberOf(memory as SharedArrayBuffer, peers);
  }

  async attach(from: number, number: number): Promise<ArrayBufferLike> {
    for (;;) {
      this.#check();
      const piece = this.#exposed[from]?.get(number);
      if (piece) return piece.buffer;
      // It was sent through the port, whose messages arrive in a later turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (this.#board.failed()) await this.#turn();
    }
  }

  leave(context: number, members: readonly number[]): void {
    if (this.#ended) return;
    this.#dropReceives((receive) => receive.context === context);
    const notice = {
      context,
      tag: leaveTag,
      segment: 0,
      offset: 0,
      bytes: 0,
      acknowledge: unacknowledged,
      kind: untyped,
    };
    // Includes ranks that have left the group, which may still wait until their messages have been received.
    for (const peer of members) if (peer !== this.#rank && !this.#hasLeft(peer, everything)) this.#post(peer, notice);
    // Messages to itself can no longer be received.
    this.#left[this.#rank]?.add(context);
    if (this.#busy) this.#watch();
  }

  async close(): Promise<void> {
    this.#dropReceives(() => true);
    this.#left[this.#rank]?.add(everything);
    while (this.#unposted.some((list) => list.length > 0) && !this.#ended) await this.#turn();
    this.#board.leave(this.#rank);
    // The others copy from this thread's memory, which must exist until they have done so or have left.
    while (this.#sent.size > 0 && !this.#ended) await this.#turn();
    this.#ended ??= freed();
    this.#rejectAll(this.#ended);
    for (const port of this.#ports) port.close();
  }

  #dropReceives(which: (receive: Receive) => boolean): void {
    for (const list of this.#receives) for (const { reject } of take(list, which)) reject(freed());
  }

  /** Sends a message to this rank itself, in this thread's own memory. */
  async #sendHere(context: number, tag: number, bytes: Uint8Array, kind: number): Promise<void> {
    const slot = this.#segments.place(bytes.slice());
    this.#exposed[this.#rank]?.set(slot.segment.id, new Uint8Array(slot.segment.memory));
    const acknowledge = this.#freeNumbers.pop();
    if (acknowledge === undefined)
      throw new EwaldError('Limit', `more than ${acknowledgements} messages are in transit`);
    this.#sent.set(acknowledge, {
      to: this.#rank,
      context,
      bytes: bytes.byteLength,
      kind,
      slot,
      resolve: undefined,
      reject: undefined,
    });
    const notice = { context, tag, segment: slot.segment.id, offset: 0, bytes: bytes.byteLength, acknowledge, kind };
    this.#arrived[this.#rank]?.push(notice);
    this.#watch();
  }

  #check(): void {
    if (this.#ended) throw this.#ended;
  }

  get #busy(): boolean {
    return (
      [this.#receives, this.#unposted].some((lists) => lists.some((list) => list.length > 0)) || this.#sent.size > 0
    );
  }

  #post(to: number, notice: Notice): void {
    const queue = this.#unposted[to] as Notice[];
    if (queue.length > 0 || !this.#board.post(this.#rank, to, notice)) queue.push(notice);
  }

  #hasLeft(peer: number, context: number): boolean {
    const left = this.#left[peer] as Set<number>;
    return left.has(everything) || left.has(context);
  }

  /** Watches the board while any call is pending. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    // Waiting on shared memory does not keep a process alive, but a timer does.
    this.#heartbeat = setInterval(() => {}, 1000);
    const follow = async (): Promise<void> => {
      while (this.#busy && !this.#ended) await this.#turn();
    };
    follow()
      .catch((error) => this.#rejectAll(error))
      .finally(() => {
        this.#watching = false;
        clearInterval(this.#heartbeat);
        if (this.#busy && !this.#ended) this.#watch();
      });
  }

  /** Checks everything once, then waits for the bell if there was nothing to do. */
  async #turn(): Promise<void> {
    const seen = this.#board.seen(this.#rank);
    const failed = this.#board.failed();
    if (failed) {
      const what = `rank ${failed.rank} of ${this.#board.size} ended, so this rank cannot continue: ${failed.why}`;
      this.#ended = new EwaldError('Lost', what, { detail: { rank: failed.rank } });
      this.#rejectAll(this.#ended);
      return;
    }
    for (let peer = 0; peer < this.#board.size; peer++) {
      const arrived = this.#arrived[peer] as Notice[];
      // Checked before its mailbox, which contains all of its messages once it has left.
      const gone = this.#board.hasLeft(peer);
      for (let notice = this.#take(peer); notice; notice = this.#take(peer)) {
        if (notice.tag === leaveTag) this.#left[peer]?.add(notice.context);
        else arrived.push(notice);
      }
      if (gone) this.#left[peer]?.add(everything);
      this.#match(peer, arrived);
      const unposted = this.#unposted[peer] as Notice[];
      if (gone) unposted.length = 0;
      while (unposted[0] && this.#board.post(this.#rank, peer, unposted[0])) unposted.shift();
    }
    this.#settle();
    this.#board.turned(this.#rank, 1 + this.#awaited());
    if (this.#busy) await this.#board.wait(this.#rank, seen);
  }

  /** The rank for whose message or acknowledgement this rank has waited longest; −1 for none. */
  #awaited(): number {
    const peer = this.#receives.findIndex((list) => list.length > 0);
    if (peer >= 0) return peer;
    for (const { to, resolve } of this.#sent.values()) if (resolve) return to;
    return -1;
  }

  #take(peer: number): Notice | undefined {
    return peer === this.#rank ? undefined : this.#board.take(peer, this.#rank);
  }

  #match(peer: number, arrived: Notice[]): void {
    const receives = this.#receives[peer] as Receive[];
    for (let r = 0; r < receives.length; ) {
      const { context, tag, into, kind, resolve, reject } = receives[r] as Receive;
      const n = arrived.findIndex((notice) => notice.context === context && notice.tag === tag);
      const notice = arrived[n];
      const memory = notice && this.#exposed[peer]?.get(notice.segment);
      // The notice of leaving follows all its messages, so that no more will arrive.
      if (!notice && this.#hasLeft(peer, context)) {
        receives.splice(r, 1);
        reject(leftError(peer));
        continue;
      }
      // The piece that contains it may not have arrived through the port yet.
      if (!notice || !memory) {
        r++;
        continue;
      }
      arrived.splice(n, 1);
      receives.splice(r, 1);
      const wrong = describeMismatch(peer, [notice.kind, notice.bytes], this.#rank, [kind, into.byteLength]);
      if (!wrong) into.set(memory.subarray(notice.offset, notice.offset + notice.bytes));
      this.#board.acknowledge(peer, notice.acknowledge, wrong ? 2 : 1);
      if (wrong) reject(wrong);
      else resolve();
    }
  }

  #settle(): void {
    for (const [number, { to, context, bytes, kind, slot, resolve, reject }] of this.#sent) {
      const state = this.#board.acknowledged(this.#rank, number);
      const left = this.#hasLeft(to, context);
      if (state === 0 && !left) continue;
      this.#sent.delete(number);
      this.#freeNumbers.push(number);
      this.#segments.giveBack(slot);
      const sent = `${kind === untyped ? '' : `${kindName(kind)} of `}${bytes} bytes`;
      if (state === 1) resolve?.();
      else if (state === 0) reject?.(leftError(to));
      else reject?.(new EwaldError('Shape', `rank ${to} expected another type or length than ${sent}, sent to it`));
      this.#unnumbered.shift()?.begin();
    }
  }

  #rejectAll(error: unknown): void {
    for (const list of this.#receives) for (const { reject } of list.splice(0)) reject(error);
    for (const { reject } of this.#sent.values()) reject?.(error);
    this.#sent.clear();
    for (const { reject } of this.#unnumbered.splice(0)) reject(error);
  }
}

/** Removes elements from a list and returns them. */
function take<T>(list: T[], which: (element: T) => boolean): T[] {
  const taken = list.filter(which);
  list.splice(0, list.length, ...list.filter((element) => !which(element)));
  return taken;
}

/** The communicator of the thread that has this handle. */
export const workersComm = async (handle: RankHandle): Promise<Communicator> => {
  expectsMembers(
    'workersComm: the handle',
    handle,
    ['rank', 'size', 'board', 'ports'],
    'one of the handles of a group',
  );
  const members = Array.from({ length: handle.size }, (_, rank) => rank);
  return new MessageCommunicator(new SharedCarrier(handle), members, handle.rank, 0) as unknown as Communicator;
};
