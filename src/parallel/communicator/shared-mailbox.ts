/**
 * The memory shared by the threads of a group, in which they announce messages; the bytes of messages are elsewhere.
 *
 * Words (i32): [0] 1 + rank that ended, [1] length of the reason, [16 …] 16 words per rank (its bell, how often it has
 * checked the board, 1 + the rank for which it waits, whether it has left), then the reason as UTF-8, then a mailbox
 * for each ordered pair of ranks: head, tail, slots of 8 words; then for each rank a table of acknowledgements. A
 * mailbox has one writer and one reader; heads and tails only grow.
 */
const reasonWords = 256;
const lineWords = 16;
const slotWords = 8;
export const acknowledgements = 1024;

/** Sizes are two words, so that arrays may be larger than 2 GiB. */
const half = 2 ** 31;
const low = (size: number): number => size % half;
const high = (size: number): number => Math.floor(size / half);

/** The notice of one message. */
export interface Notice {
  readonly context: number;
  readonly tag: number;
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  /** The number under which its copying is acknowledged; `unacknowledged` for none. */
  readonly acknowledge: number;
  /** The type of the array, see kinds.ts. */
  readonly kind: number;
}

/** The value instead of a number of acknowledgement; the higher bits contain the type of the message. */
export const unacknowledged = 0xffff;
const kindUnit = 0x10000;

export class SharedMailbox {
  readonly size: number;
  readonly #words: Int32Array;
  readonly #slots: number;

  constructor(memory: SharedArrayBuffer, size: number) {
    this.size = size;
    this.#words = new Int32Array(memory);
    this.#slots = SharedMailbox.#slotsFor(size);
  }

  static #slotsFor(size: number): number {
    return size <= 32 ? 64 : 16;
  }

  /** Shared memory for `size` ranks. */
  static memory(size: number): SharedArrayBuffer {
    const mailbox = lineWords + slotWords * SharedMailbox.#slotsFor(size);
    const words = lineWords + size * lineWords + reasonWords + size * size * mailbox + size * acknowledgements;
    return new SharedArrayBuffer(4 * words);
  }

  #bell(rank: number): number {
    return lineWords + rank * lineWords;
  }

  #mailbox(from: number, to: number): number {
    const mailbox = lineWords + slotWords * this.#slots;
    return lineWords + this.size * lineWords + reasonWords + (from * this.size + to) * mailbox;
  }

  #acknowledgement(rank: number, index: number): number {
    return this.#mailbox(this.size, 0) + rank * acknowledgements + index;
  }

  /** The current value of a rank's bell; `wait` returns immediately if the value has changed. */
  seen(rank: number): number {
    return Atomics.load(this.#words, this.#bell(rank));
  }

  ring(rank: number): void {
    Atomics.add(this.#words, this.#bell(rank), 1);
    Atomics.notify(this.#words, this.#bell(rank));
  }

  /** Resolves when the bell of a rank no longer has the value `seen`, or after a second. */
  async wait(rank: number, seen: number): Promise<void> {
    for (let spin = 0; spin < 400; spin++) if (this.seen(rank) !== seen) return;
    const { waitAsync } = Atomics as {
      waitAsync?: (a: Int32Array, i: number, v: number, ms: number) => { async: boolean; value: unknown };
    };
    if (waitAsync) {
      const waiting = waitAsync(this.#words, this.#bell(rank), seen, 1000);
      if (waiting.async) await waiting.value;
      return;
    }
    // Engines without Atomics.waitAsync poll every millisecond.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Announces a message; returns false if the mailbox is full. */
  post(from: number, to: number, { context, tag, segment, offset, bytes, acknowledge, kind }: Notice): boolean {
    const words = this.#words;
    const box = this.#mailbox(from, to);
    const head = Atomics.load(words, box);
    if (((head - Atomics.load(words, box + 1)) | 0) >= this.#slots) return false;
    const slot = box + lineWords + slotWords * ((head >>> 0) % this.#slots);
    const last = acknowledge + kindUnit * kind;
    words.set([context, tag, segment, low(offset), high(offset), low(bytes), high(bytes), last], slot);
    Atomics.store(words, box, (head + 1) | 0);
    this.ring(to);
    return true;
  }

  /** Removes and returns the next message of a pair. */
  take(from: number, to: number): Notice | undefined {
    const words = this.#words;
    const box = this.#mailbox(from, to);
    const tail = Atomics.load(words, box + 1);
    if (Atomics.load(words, box) === tail) return undefined;
    const slot = box + lineWords + slotWords * ((tail >>> 0) % this.#slots);
    const word = (i: number): number => words[slot + i] ?? 0;
    const notice = {
      context: word(0),
      tag: word(1),
      segment: word(2),
      offset: word(3) + half * word(4),
      bytes: word(5) + half * word(6),
      acknowledge: word(7) % kindUnit,
      kind: Math.floor(word(7) / kindUnit),
    };
    Atomics.store(words, box + 1, (tail + 1) | 0);
    // The writer may be waiting for a free slot; it may have filled the mailbox while this was reading.
    if (((Atomics.load(words, box) - tail) | 0) >= this.#slots) this.ring(from);
    return notice;
  }

  /** Informs a sender that its message has been processed: 1 copied, 2 refused for an unexpected type or length. */
  acknowledge(rank: number, index: number, state: 1 | 2): void {
    Atomics.store(this.#words, this.#acknowledgement(rank, index), state);
    this.ring(rank);
  }

  /** The state of one of this rank's messages; a state other than 0 is reset. */
  acknowledged(rank: number, index: number): number {
    const at = this.#acknowledgement(rank, index);
    return Atomics.load(this.#words, at) === 0 ? 0 : Atomics.exchange(this.#words, at, 0);
  }

  /** Reports that the rank's event loop is running, and for which rank it waits: 1 + the rank, or 0 for none. */
  turned(rank: number, waitsFor: number): void {
    Atomics.add(this.#words, this.#bell(rank) + 1, 1);
    Atomics.store(this.#words, this.#bell(rank) + 2, waitsFor);
  }

  /** The values that a rank last reported with `turned`. */
  turns(rank: number): { readonly turns: number; readonly waitsFor: number } {
    const at = this.#bell(rank);
    return { turns: Atomics.load(this.#words, at + 1), waitsFor: Atomics.load(this.#words, at + 2) };
  }

  /** Announces that a rank has posted its last message and receives no more; wakes all ranks. */
  leave(rank: number): void {
    Atomics.store(this.#words, this.#bell(rank) + 3, 1);
    for (let r = 0; r < this.size; r++) this.ring(r);
  }

  /** Whether a rank has left; its mailbox then receives no further messages. */
  hasLeft(rank: number): boolean {
    return Atomics.load(this.#words, this.#bell(rank) + 3) !== 0;
  }

  /** Reports once that a rank has ended; wakes all ranks. */
  fail(rank: number, why: string): void {
    const text = new TextEncoder().encode(why).subarray(0, 4 * reasonWords - 4);
    const place = this.#bell(this.size);
    if (Atomics.load(this.#words, 0) === 0) {
      // TextEncoder does not write to shared memory, so the bytes are copied through a view.
      new Uint8Array(this.#words.buffer, 4 * place, 4 * reasonWords).set(text);
      Atomics.store(this.#words, 1, text.byteLength);
      Atomics.compareExchange(this.#words, 0, 0, rank + 1);
    }
    for (let r = 0; r < this.size; r++) this.ring(r);
  }

  /** The rank that ended, and why; undefined while none has ended. */
  failed(): { readonly rank: number; readonly why: string } | undefined {
    const rank = Atomics.load(this.#words, 0) - 1;
    if (rank < 0) return undefined;
    const bytes = new Uint8Array(this.#words.buffer, 4 * this.#bell(this.size), Atomics.load(this.#words, 1));
    return { rank, why: new TextDecoder().decode(bytes.slice()) };
  }
}
