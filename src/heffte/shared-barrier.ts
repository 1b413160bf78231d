/** A barrier in shared memory at which every rank also receives a row of numbers from each of the others. */

import type { Communicator } from '../parallel/communicator/communicator.js';
import { yieldToEventLoop } from '../util/options.js';

/** Numbers of a row. */
export const rowNumbers = 8;
/** A cache line: 16 words, or a row. */
const lineBytes = 64;
const lineWords = lineBytes / 4;
const tag = 0;

/**
 * How long a rank polls the shared memory before it waits for a message, in milliseconds: longer than a message takes,
 * so that two ranks of which one has just been woken by a message find each other.
 */
const longPollMs = 0.15;
const shortPollMs = 0.002;
/**
 * Polling in vain takes the processor from ranks that share it. After each failure a rank polls only briefly for twice
 * as many arrivals as before, up to this number, until it succeeds.
 */
const maxBriefArrivals = 64;
const pollsPerClock = 50;
/** How long ranks that never wait for a message may occupy their event loops, in milliseconds. */
const maxOccupiedMs = 20;

/**
 * The barrier of one communicator. Its memory holds, for each rank, a line with the number of its arrivals; for each
 * ordered pair of ranks, a word that is 1 if the first rank waits for a message about the arrival of the second; and
 * for each rank two rows, which alternate. A rank overwrites a row only after all ranks have arrived once more, and
 * have therefore read it.
 *
 * A rank that has polled for a while sets its word and receives a message. The peer counts its arrival first and then
 * takes the word, and the waiting rank looks at the count again after it has set the word, so that either of them
 * notices the other. A peer that ends or leaves the communicator sends no message, and receiving fails with `Lost`.
 */
export class SharedBarrier {
  readonly #comm: Communicator;
  readonly #words: Int32Array;
  readonly #rows: Float64Array;
  #arrivals = 0;
  /** Arrivals for which this rank still polls only briefly, and for how many it does after the next failure. */
  #brief = 0;
  #nextBrief = 1;
  #breathed = performance.now();

  /** Bytes of the barrier, a multiple of 64. */
  static bytes(size: number): number {
    return lineBytes * (size + Math.ceil((size * size) / lineWords) + 2 * size);
  }

  /** Takes the first bytes of `memory`, which are zero and which every rank of `comm` has. */
  constructor(comm: Communicator, memory: ArrayBufferLike) {
    const { size } = comm;
    this.#comm = comm;
    const rows = lineBytes * 2 * size;
    const words = SharedBarrier.bytes(size) - rows;
    this.#words = new Int32Array(memory as ArrayBuffer, 0, words / 4);
    this.#rows = new Float64Array(memory as ArrayBuffer, words, rows / 8);
  }

  /**
   * Resolves with the rows of all ranks once every rank has arrived; collective. Throws `Lost` if a rank has ended or
   * left the communicator.
   */
  async arrive(row: readonly number[] = []): Promise<readonly Float64Array[]> {
    const { rank, size } = this.#comm;
    const turn = (this.#arrivals + 1) | 0;
    this.#arrivals = turn;
    const began = performance.now();
    const briefly = this.#brief > 0;
    let [early, polled] = [false, true];
    const pollUntil = began + (briefly ? shortPollMs : longPollMs);
    this.#row(rank, turn).set(row);
    Atomics.store(this.#words, rank * lineWords, turn);
    for (let peer = 0; peer < size; peer++)
      if (peer !== rank && Atomics.exchange(this.#words, this.#waits(peer, rank), 0) === 1) this.#wake(peer);
    for (let peer = 0; peer < size; peer++) {
      if (peer === rank || this.#hasArrived(peer, turn)) continue;
      early = true;
      if (this.#poll(peer, turn, pollUntil)) continue;
      polled = false;
      await this.#waitFor(peer, turn);
    }
    if (early) this.#judge(briefly, polled);
    const now = performance.now();
    if (!polled) this.#breathed = now;
    else if (now - this.#breathed > maxOccupiedMs) {
      await yieldToEventLoop();
      this.#breathed = performance.now();
    }
    return Array.from({ length: size }, (_, peer) => this.#row(peer, turn));
  }

  /** Adapts the polling of a rank that was not the last one to arrive. */
  #judge(briefly: boolean, polled: boolean): void {
    if (polled) [this.#brief, this.#nextBrief] = [0, 1];
    else if (briefly) this.#brief--;
    else {
      this.#brief = this.#nextBrief;
      this.#nextBrief = Math.min(maxBriefArrivals, 2 * this.#nextBrief);
    }
  }

  #row(rank: number, turn: number): Float64Array {
    const first = rowNumbers * (2 * rank + (turn & 1));
    return this.#rows.subarray(first, first + rowNumbers);
  }

  /** The word by which `waiting` asks for a message about the arrival of `peer`. */
  #waits(waiting: number, peer: number): number {
    const { size } = this.#comm;
    return size * lineWords + waiting * size + peer;
  }

  #hasArrived(peer: number, turn: number): boolean {
    return ((Atomics.load(this.#words, peer * lineWords) - turn) | 0) >= 0;
  }

  #poll(peer: number, turn: number, until: number): boolean {
    do {
      for (let i = 0; i < pollsPerClock; i++) if (this.#hasArrived(peer, turn)) return true;
    } while (performance.now() < until);
    return false;
  }

  async #waitFor(peer: number, turn: number): Promise<void> {
    const word = this.#waits(this.#comm.rank, peer);
    for (;;) {
      Atomics.store(this.#words, word, 1);
      if (this.#hasArrived(peer, turn) && Atomics.compareExchange(this.#words, word, 1, 0) === 1) return;
      await this.#comm.recv(new Uint8Array(1), peer, tag);
      // A peer that was interrupted between counting its previous arrival and taking the word takes it only now.
      if (this.#hasArrived(peer, turn)) return;
    }
  }

  #wake(peer: number): void {
    // A peer that has left meanwhile no longer waits.
    this.#comm.send(new Uint8Array(1), peer, tag).catch(() => {});
  }
}
