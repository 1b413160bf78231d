/** One acquisition of a detector: its frames arrive while a run processes them, and can be read only once. */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import type { Metadata } from '../../frames/dataset.js';
import { EwaldError } from '../../util/errors.js';
import { LookedTime } from '../../util/pace.js';
import { product } from '../../util/product.js';
import { type ArrivedFrames, FrameQueue } from './frame-queue.js';

/** What a detector announces of an acquisition. */
export interface Announcement {
  /** Number of frames; undefined if the acquisition does not end by itself. */
  readonly frames: number | undefined;
  /** Shape of the scan, if the detector states it. */
  readonly scan: readonly number[] | undefined;
  /** The header as the detector sends it. */
  readonly header: Readonly<Record<string, unknown>>;
  /** Which threshold of a detector with several is received, in words. */
  readonly channel?: string | undefined;
}

/** The pixels of an acquisition. */
export interface FrameFormat {
  readonly dtype: DataType;
  readonly signal: readonly number[];
  readonly meta: Metadata;
}

/** Counts of an acquisition, in frames. */
export interface LiveStatus {
  /** Frames of the scan that have arrived, including those that were dropped. */
  readonly received: number;
  readonly processed: number;
  /** Frames that have arrived and wait for the run. */
  readonly waiting: number;
  /** Frames of the scan that did not arrive, although later ones did, or the acquisition has ended. */
  readonly lost: number;
  /** Why the acquisition ended before its scan was complete, if the detector ended it. */
  readonly reason?: string | undefined;
  /** Frames that a run with `latest` skipped. */
  readonly dropped: number;
  /** Frames outside the scan: before its first position, or after its last. */
  readonly ignored: number;
}

/** What an acquisition needs to know. */
interface AcquisitionOptions {
  readonly name: string;
  readonly navShape: readonly number[];
  readonly syncOffset: number;
  /** Frames of the detector's acquisition; undefined if it does not end by itself. */
  readonly frames: number | undefined;
  readonly format: FrameFormat;
  readonly stallS: number;
  readonly ringBytes: number;
}

/** Interval between two looks for a stall, ms. */
const checkMs = (stallS: number): number => Math.max(10, 250 * stallS);

/** The frames of a live scan, between the receiver and the run. */
export class Acquisition {
  readonly name: string;
  readonly format: FrameFormat;
  readonly navShape: readonly number[];
  readonly syncOffset: number;
  readonly #queue: FrameQueue;
  readonly #positions: number;
  readonly #stallS: number;
  /** Index in the acquisition after the last frame that arrived. */
  #next = 0;
  #received = 0;
  #processed = 0;
  #lost = 0;
  #reason: string | undefined;
  #ignored = 0;
  /** Frames behind the last one of the scan that are there, and need not arrive to be counted. */
  #surplus = 0;
  #runs = 0;
  /** Several looks at least pass until a scan stalls, also after its process was stopped. */
  readonly #looked: LookedTime;
  #lastMs = 0;
  #watch: ReturnType<typeof setInterval> | undefined;
  /** Called once, when no further frames are needed. */
  onEnd: (() => void) | undefined;

  constructor({ name, navShape, syncOffset, frames, format, stallS, ringBytes }: AcquisitionOptions) {
    this.name = name;
    this.format = format;
    this.navShape = navShape;
    this.syncOffset = syncOffset;
    this.#stallS = stallS;
    this.#looked = new LookedTime(2 * checkMs(stallS));
    this.#positions = product(navShape);
    const frameLength = product(format.signal);
    const expected = Math.min(this.#positions, frames ?? Number.POSITIVE_INFINITY);
    this.#queue = new FrameQueue({ dtype: format.dtype, frameLength, frames: expected, ringBytes });
    this.#last = Math.min(this.#positions + syncOffset, frames ?? Number.POSITIVE_INFINITY);
  }
  /** Index in the acquisition after the last frame of the scan. */
  readonly #last: number;

  /** The counts so far. */
  get status(): LiveStatus {
    const { waiting, dropped } = this.#queue;
    return {
      received: this.#received,
      processed: this.#processed,
      waiting,
      lost: this.#lost,
      ...(this.#reason !== undefined && { reason: this.#reason }),
      dropped,
      ignored: this.#ignored + this.#surplus,
    };
  }

  /**
   * Ends the scan: a run of it returns the results of the frames that were processed. Frames that are waiting are not.
   */
  stop(): void {
    this.#queue.stop();
    this.#finish();
  }

  /** Frames of the largest partition. */
  get maxFrames(): number {
    return this.#queue.slotFrames;
  }

  /** Whether frames may still arrive. */
  get open(): boolean {
    return this.#queue.open;
  }

  /** Index of the frame that is expected next. */
  get next(): number {
    return this.#next;
  }

  // For receivers:

  /** Called when there is memory again after `place` has returned undefined. */
  set onRoom(call: (() => void) | undefined) {
    this.#queue.onRoom = call;
  }

  /** Starts to watch for stalls. */
  begin(): void {
    this.#lastMs = this.#looked.look();
    if (!Number.isFinite(this.#stallS)) return;
    this.#watch = setInterval(() => this.#check(), checkMs(this.#stallS));
    (this.#watch as { unref?: () => void }).unref?.();
  }

  /**
   * Whether a frame continues the scan. If it has other pixels than the first one, or does not follow the frames before
   * it, the scan ends with an error. `number` is what the detector calls it.
   */
  continues(index: number, { dtype, signal }: Omit<FrameFormat, 'meta'>, number: number): boolean {
    const { format } = this;
    if (dtype !== format.dtype || signal.join() !== format.signal.join())
      this.fail(
        new EwaldError(
          'Format',
          `${this.name}: frame ${number} has ${signal.join(' × ')} pixels of ${dtype}; the acquisition began with ` +
            `${format.signal.join(' × ')} of ${format.dtype}`,
        ),
      );
    else if (index < this.#next)
      this.fail(
        new EwaldError(
          'Format',
          `${this.name}: frame ${number} arrived after frame ${number - index + this.#next - 1}`,
        ),
      );
    else return true;
    return false;
  }

  /**
   * Memory for frame `index` of the acquisition; 'skip' if it does not belong to the scan; undefined if the ring is
   * full.
   */
  place(index: number): Uint8Array | 'skip' | undefined {
    if (!this.open) return 'skip';
    if (index < this.syncOffset || index >= this.#last) {
      this.#ignored++;
      this.#advance(index);
      return 'skip';
    }
    const place = this.#queue.place();
    if (place === undefined) this.#lastMs = performance.now();
    return place;
  }

  /** The files of an acquisition have this many frames so far, of which those behind the scan are not delivered. */
  has(frames: number): void {
    this.#surplus = Math.max(this.#surplus, frames - this.#last);
  }

  /** Frame `index` has arrived in the memory of `place`. */
  commit(index: number): void {
    if (!this.open) return;
    this.#received++;
    this.#queue.commit(index);
    this.#advance(index);
  }

  /** The frame in the memory of the last `place` will not arrive as a whole. */
  abandon(): void {
    this.#queue.abandon();
  }

  /** No more frames will arrive, for a reason if the scan is not complete; positions without a frame stay as they are. */
  end(reason?: string): void {
    if (this.open && this.#next < this.#last) {
      this.#countLost(this.#last);
      this.#reason = reason;
    }
    this.#queue.end();
    this.#finish();
  }

  /** Ends the scan with an error, which the run throws after the frames that have arrived. */
  fail(error: EwaldError): void {
    if (!this.open) return;
    const position = Math.max(0, this.#next - this.syncOffset);
    this.#countLost(this.#last);
    this.#queue.end(
      new EwaldError(error.tag, `${error.message}; the scan ends at position ${position} of ${this.#positions}`, {
        cause: error,
        detail: { ...error.detail, position, frame: this.#next },
      }),
    );
    this.#finish();
  }

  #advance(index: number): void {
    this.#lastMs = this.#looked.look();
    this.#countLost(Math.min(index, this.#last));
    this.#next = index + 1;
    if (this.#next >= this.#last) this.end();
  }

  /** Counts the frames of the scan from the one that is expected next to `end`. */
  #countLost(end: number): void {
    this.#lost += Math.max(0, end - Math.max(this.#next, this.syncOffset));
  }

  #check(): void {
    const { open } = this;
    if (!open) this.#finish();
    else if (this.#looked.look() - this.#lastMs > 1000 * this.#stallS)
      this.fail(
        new EwaldError(
          'Lost',
          `no frame of ${this.name} has arrived for ${this.#stallS} s, although the scan is not complete`,
        ),
      );
  }

  #finish(): void {
    clearInterval(this.#watch);
    const { onEnd } = this;
    this.onEnd = undefined;
    onEnd?.();
  }

  // For the run:

  /** Claims the frames for a run. Throws `Argument` if another run has taken them. */
  claim(latest: boolean): void {
    if (this.#runs++ > 0)
      throw new EwaldError(
        'Argument',
        `the frames of ${this.name} were taken by an earlier run, and live frames can be read only once; run all ` +
          'UDFs together, or wait for the next acquisition',
      );
    this.#queue.latest = latest;
  }

  /** A copy of the first frame, before a run takes any; undefined if none arrives. */
  first(): Promise<FrameArray | undefined> {
    return this.#queue.first();
  }

  /** The next partition; undefined at the end. Throws the error that ended the acquisition. */
  take(): Promise<ArrivedFrames | undefined> {
    return this.#queue.take();
  }

  /** The run has processed a partition, or left it out. */
  give({ frames, indices }: ArrivedFrames): void {
    this.#processed += indices.length;
    this.#queue.give(frames);
  }
}
