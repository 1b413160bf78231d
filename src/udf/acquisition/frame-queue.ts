/**
 * Frames that have arrived and wait for a run: a ring of partitions, filled by a receiver and emptied by the run.
 *
 * A partition is passed on when it is full, or when the run is idle and the first frame of the partition has waited for
 * a moment, so that results appear early at low rates and partitions are large at high ones. If the ring is full, the
 * receiver stops reading. For a run that only wants the latest frames, the oldest waiting partition is dropped instead.
 */
import { type DataType, elementBytes, elements, type FrameArray } from '../../bytes/dtype.js';

/** Approximate bytes of a full partition. */
export const partitionBytes = 2 ** 25;
/**
 * Time in milliseconds that the first frame of a partition waits for further ones, if the run is idle; less for the
 * first partition, so that the first picture appears at once.
 */
const [firstPatienceMs, patienceMs] = [20, 100];
/**
 * Frames of a full partition if there is memory for them in a share of the ring: with fewer large frames, results as
 * large as a frame would be merged for nearly every one of them.
 */
const [enoughFrames, shareOfRing] = [16, 2];
/** One partition is filled and another processed. */
const minSlots = 2;

/** Frames that a run has taken; it gives them back after use. */
export interface ArrivedFrames {
  readonly frames: FrameArray;
  /** Index of each frame in the acquisition, ascending. */
  readonly indices: readonly number[];
}

/** Memory of one partition. */
interface Slot {
  readonly bytes: Uint8Array;
  readonly indices: number[];
  /** When its first frame arrived. */
  since: number;
}

/** Options of a queue. */
interface FrameQueueOptions {
  readonly dtype: DataType;
  /** Elements per frame. */
  readonly frameLength: number;
  /** Frames of the acquisition, as far as known. */
  readonly frames: number;
  /** Bytes of all partitions. */
  readonly ringBytes: number;
}

/** The ring. */
export class FrameQueue {
  /** Frames of a full partition. */
  readonly slotFrames: number;
  /** Called when there is memory again, after `place` has returned undefined. */
  onRoom: (() => void) | undefined;
  /** Drop the oldest waiting frames instead of waiting for memory. */
  latest = false;
  /** Frames that were dropped. */
  dropped = 0;
  readonly #dtype: DataType;
  readonly #frameBytes: number;
  readonly #slots: number;
  #made = 0;
  readonly #free: Slot[] = [];
  /** Full partitions, oldest first. */
  #full: Slot[] = [];
  #open: Slot | undefined;
  readonly #taken = new Map<FrameArray, Slot>();
  #patienceMs: number = firstPatienceMs;
  /** A frame is being written to the open partition. */
  #filling = false;
  /** The run waits for the open partition, which is passed on after that frame. */
  #wanted = false;
  #ended = false;
  #stopped = false;
  #error: unknown;
  /** Whether a receiver waits for memory. */
  #awaited = false;
  #wake: (() => void) | undefined;

  constructor({ dtype, frameLength, frames, ringBytes }: FrameQueueOptions) {
    this.#dtype = dtype;
    this.#frameBytes = frameLength * elementBytes(dtype);
    const most = Math.floor(ringBytes / shareOfRing / this.#frameBytes);
    const fitting = Math.max(Math.floor(partitionBytes / this.#frameBytes), Math.min(enoughFrames, most));
    this.slotFrames = Math.max(1, Math.min(frames, fitting));
    this.#slots = Math.max(minSlots, Math.floor(ringBytes / (this.slotFrames * this.#frameBytes)));
  }

  /** Frames that have arrived and were not taken. */
  get waiting(): number {
    return this.#full.reduce((sum, { indices }) => sum + indices.length, this.#open?.indices.length ?? 0);
  }

  /** Memory for the next frame; undefined if the ring is full. */
  place(): Uint8Array | undefined {
    this.#open ??= this.#slot();
    const slot = this.#open;
    if (!slot) {
      this.#awaited = true;
      return undefined;
    }
    this.#filling = true;
    const at = slot.indices.length * this.#frameBytes;
    return slot.bytes.subarray(at, at + this.#frameBytes);
  }

  /** The frame in the memory of the last `place` has arrived; `index` is its number in the acquisition. */
  commit(index: number): void {
    const slot = this.#open;
    if (!slot) return;
    this.#filling = false;
    if (slot.indices.length === 0) slot.since = performance.now();
    slot.indices.push(index);
    if (slot.indices.length === this.slotFrames || this.#wanted) {
      this.#wanted = false;
      this.#full.push(slot);
      this.#open = undefined;
      this.#wake?.();
    } else if (slot.indices.length === 1) this.#wake?.();
  }

  /** The frame in the memory of the last `place` will not be completed. */
  abandon(): void {
    this.#filling = false;
    this.#wake?.();
  }

  /** No more frames will arrive; with an error, the run throws it after the frames that did. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  /** Ends the run; frames that are waiting are not processed. */
  stop(): void {
    this.#stopped = true;
    this.#ended = true;
    this.#error = undefined;
    this.#wake?.();
    this.onRoom?.();
  }

  /** Whether frames may still arrive. */
  get open(): boolean {
    return !this.#ended;
  }

  /** A copy of the first frame, before anything is taken; undefined if none arrives. */
  async first(): Promise<FrameArray | undefined> {
    for (;;) {
      const slot = this.#full[0] ?? (this.#open?.indices.length ? this.#open : undefined);
      if (slot) {
        const { array, numbers } = elements[this.#dtype];
        const length = (this.#frameBytes / elementBytes(this.#dtype)) * numbers;
        return new array(slot.bytes.buffer as ArrayBuffer, 0, length).slice() as FrameArray;
      }
      if (this.#ended) return undefined;
      await this.#changed(undefined);
    }
  }

  /** The next partition; undefined at the end. Throws the error that ended the acquisition. */
  async take(): Promise<ArrivedFrames | undefined> {
    for (;;) {
      if (this.#stopped) return undefined;
      const slot = this.#next();
      if (slot) return this.#arrived(slot);
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return undefined;
      }
      const since = this.#open?.indices.length && !this.#wanted ? this.#open.since : undefined;
      await this.#changed(since === undefined ? undefined : since + this.#patienceMs - performance.now());
    }
  }

  /** Takes the memory of a partition back. */
  give(frames: FrameArray): void {
    const slot = this.#taken.get(frames);
    if (!slot) return;
    this.#taken.delete(frames);
    slot.indices.length = 0;
    this.#free.push(slot);
    if (!this.#awaited) return;
    this.#awaited = false;
    this.onRoom?.();
  }

  #next(): Slot | undefined {
    const open = this.#open?.indices.length ? this.#open : undefined;
    const patient = open && !this.#ended && performance.now() - open.since < this.#patienceMs;
    // Memory that a frame is being written to stays where it is.
    if (open && !patient && this.#filling && !this.#ended) this.#wanted = true;
    const due = patient || this.#wanted ? undefined : open;
    if (this.latest && this.#full.length > (due ? 0 : 1)) {
      const newest = due ? undefined : this.#full.pop();
      for (const slot of this.#full) this.#drop(slot);
      this.#full = newest ? [newest] : [];
    }
    const slot = this.#full.shift() ?? due;
    if (slot && slot === open) this.#open = undefined;
    return slot;
  }

  #drop(slot: Slot): void {
    this.dropped += slot.indices.length;
    slot.indices.length = 0;
    this.#free.push(slot);
  }

  #slot(): Slot | undefined {
    if (this.latest && this.#free.length === 0 && this.#made === this.#slots) {
      const oldest = this.#full.shift();
      if (oldest) this.#drop(oldest);
    }
    const free = this.#free.pop();
    if (free || this.#made === this.#slots) return free;
    this.#made++;
    const bytes = this.slotFrames * this.#frameBytes;
    // Workers of this process see shared memory without a copy.
    const memory = typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
    return { bytes: new Uint8Array(memory), indices: [], since: 0 };
  }

  #arrived(slot: Slot): ArrivedFrames {
    const { array, numbers } = elements[this.#dtype];
    const perFrame = (this.#frameBytes / elementBytes(this.#dtype)) * numbers;
    const frames = new array(slot.bytes.buffer as ArrayBuffer, 0, perFrame * slot.indices.length) as FrameArray;
    this.#taken.set(frames, slot);
    this.#patienceMs = patienceMs;
    return { frames, indices: slot.indices };
  }

  /** Waits for a change, at most for a time. */
  #changed(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.#wake?.(), Math.max(0, Math.ceil(ms)));
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
