/**
 * Large values on a cluster: arguments, results, modules and shared values, each named by its SHA-256. Nothing is
 * stored on the server. A member that holds a value listens to a subject of its hash, and others ask it for piece
 * after piece; each request acknowledges the pieces before it.
 */
import { EwaldError } from '../../util/errors.js';
import { encode } from '../codec.js';
import { hashOf } from '../content.js';
import { inbox, type Link, pause } from './link.js';
import { readPiece, readWish, type Subjects, type ValuePiece } from './wire.js';

/** Length of a piece in bytes, unless the server takes less; servers take messages of 1 MiB by default. */
const largestPiece = 2 ** 19;
/** Number of pieces that may be on their way to a member (16 MiB): servers end connections with 64 MB unread. */
const maxUnderWay = 32;
/** Number of pieces of one value that may be on their way. */
const maxOfOne = 8;
/** Maximum number of pieces of a value. */
const maxPieces = 1e6;
const answerMs = 15_000;
/** Milliseconds for which a value may have no holder: members reconnect at different times. */
const absentMs = 5000;
const retryPause = 250;

interface Held {
  readonly bytes: Uint8Array;
  readonly listening: { unsubscribe(): void };
  count: number;
}

export class Values {
  readonly #link: Link;
  readonly #subjects: Subjects;
  readonly #held = new Map<string, Held>();
  readonly #fetching = new Map<string, Promise<Uint8Array>>();
  #underWay = 0;
  readonly #queue: (() => void)[] = [];

  constructor(link: Link, subjects: Subjects) {
    this.#link = link;
    this.#subjects = subjects;
  }

  /** Length of the largest piece in bytes. */
  get #pieceLength(): number {
    return Math.min(largestPiece, (this.#link.connection.info?.max_payload ?? 2 * largestPiece) >> 1);
  }

  /** Bytes of a parcel above which it travels in pieces, and of the parcels that are sent in one message. */
  get largestParcel(): number {
    return this.#pieceLength >> 1;
  }

  /** The content of a parcel: the bytes themselves, or their hash if they are offered in pieces. */
  async pack(bytes: Uint8Array): Promise<Uint8Array | string> {
    return bytes.byteLength > this.largestParcel ? this.keep(bytes) : bytes;
  }

  /** Offers bytes under their hash until `drop` has been called as often. */
  async keep(bytes: Uint8Array): Promise<string> {
    const hash = await hashOf(bytes);
    const held = this.#held.get(hash);
    if (held) held.count++;
    else {
      const answer = (data: Uint8Array, reply: string | undefined): void => {
        if (reply === undefined || !inbox.test(reply)) return;
        const at = readWish(data);
        const piece = bytes.subarray(at, at + this.#pieceLength);
        this.#link.publish(reply, encode({ total: bytes.byteLength, piece } satisfies ValuePiece));
      };
      // Of several members that hold the value, one answers.
      const listening = this.#link.hear(this.#subjects.value(hash), answer, () => {}, 'holders');
      this.#held.set(hash, { bytes, listening, count: 1 });
    }
    return hash;
  }

  /** Offers a value once less. */
  drop(hash: string): void {
    const held = this.#held.get(hash);
    if (!held || --held.count > 0) return;
    this.#held.delete(hash);
    if (!this.#link.connection.isClosed()) held.listening.unsubscribe();
  }

  /**
   * Fetches a value by its hash, until `wanted` is false. Throws `Lost` if no member holds it, `Mismatch` if its hash
   * differs, `Format` for answers that are no pieces of it.
   */
  fetch(hash: string, what: string, wanted: () => boolean = () => true): Promise<Uint8Array> {
    let found = this.#fetching.get(hash);
    if (!found) {
      found = this.#fetch(hash, what, wanted).finally(() => this.#fetching.delete(hash));
      this.#fetching.set(hash, found);
    }
    return found;
  }

  async #fetch(hash: string, what: string, wanted: () => boolean): Promise<Uint8Array> {
    const first = await this.#piece(hash, 0, what, wanted);
    const { total } = first;
    const size = first.piece.length;
    const pieces = [first.piece];
    const count = Math.ceil(total / size);
    if (count > maxPieces)
      throw new EwaldError(
        'Format',
        `${what} comes in ${count} pieces of ${size} bytes; expected at most ${maxPieces}`,
      );
    let next = 1;
    const runner = async (): Promise<void> => {
      for (let i = next++; i < count; i = next++) {
        const { total: again, piece } = await this.#piece(hash, i * size, what, wanted);
        if (again !== total || piece.length !== Math.min(size, total - i * size))
          throw new EwaldError('Format', `piece ${i} of ${what} has ${piece.length} bytes, the first one has ${size}`);
        pieces[i] = piece;
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxOfOne, count - 1) }, runner));
    const bytes = new Uint8Array(total);
    for (const [i, piece] of pieces.entries()) bytes.set(piece, i * size);
    if ((await hashOf(bytes)) !== hash)
      throw new EwaldError('Mismatch', `${what} does not match its hash ${hash.slice(0, 12)}…`);
    return bytes;
  }

  async #piece(hash: string, at: number, what: string, wanted: () => boolean): Promise<ValuePiece> {
    let absentSince: number | undefined;
    for (;;) {
      if (!wanted()) throw new EwaldError('Aborted', `${what} is no longer needed`);
      await this.#enter();
      let answer: Awaited<ReturnType<Link['ask']>>;
      try {
        answer = await this.#link.ask(this.#subjects.value(hash), encode({ at }), answerMs);
      } finally {
        this.#leave();
      }
      if (typeof answer !== 'string') return readPiece(answer, at);
      if (this.#link.connection.isClosed())
        throw new EwaldError('Lost', `${what} was not fetched: the connection ended`);
      const now = Date.now();
      absentSince = answer === 'absent' ? (absentSince ?? now) : undefined;
      if (absentSince !== undefined && now - absentSince > absentMs)
        throw new EwaldError(
          'Lost',
          `${what} is no longer on the cluster: no member has held it for ${absentMs / 1000} s`,
        );
      await pause(retryPause);
    }
  }

  async #enter(): Promise<void> {
    if (this.#underWay >= maxUnderWay) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#underWay++;
  }

  #leave(): void {
    const next = this.#queue.shift();
    // The place passes on to the next request.
    if (next) next();
    else this.#underWay--;
  }
}
