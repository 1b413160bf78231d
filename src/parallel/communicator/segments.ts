/**
 * Shared memory for the bytes of messages: pieces, whose sizes are powers of two, are reused, and made known to a peer
 * when it first needs them.
 */
const smallest = 4096;
/** Bytes kept for the next message; larger buffers are freed. */
const maxKept = 2 ** 26;

/** A piece of shared memory and what its owner records about it. */
interface Segment {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  /** Peers that know the piece. */
  readonly known: Set<number>;
}

/** The location of a message: its piece, the offset, and whether the piece returns to the pool after the copy. */
export interface Slot {
  readonly segment: Segment;
  readonly offset: number;
  readonly lent: boolean;
}

/** The messages that peers send each other through their ports. */
export type SegmentNews = { readonly id: number; readonly memory: SharedArrayBuffer | undefined };

export class Segments {
  readonly #notify: (peer: number, news: SegmentNews) => void;
  readonly #free = new Map<number, Segment[]>();
  readonly #owned = new WeakMap<SharedArrayBuffer, Segment>();
  #kept = 0;
  #next = 0;

  constructor(notify: (peer: number, news: SegmentNews) => void) {
    this.#notify = notify;
  }

  /** Allocates memory for a caller, from which messages are sent without a copy on this side. */
  allocate(bytes: number): SharedArrayBuffer {
    return this.#make(bytes).memory;
  }

  /** Makes bytes accessible to the others: in place if they are in shared memory of this pool, otherwise in a copy. */
  place(bytes: Uint8Array): Slot {
    const owned = this.#owned.get(bytes.buffer as unknown as SharedArrayBuffer);
    if (owned) return { segment: owned, offset: bytes.byteOffset, lent: false };
    let size = smallest;
    while (size < bytes.byteLength) size *= 2;
    let segment = this.#free.get(size)?.pop();
    if (segment) this.#kept -= size;
    else segment = this.#make(size);
    new Uint8Array(segment.memory).set(bytes);
    return { segment, offset: 0, lent: true };
  }

  /** Makes sure that a peer knows a piece. */
  expose(peer: number, { id, memory, known }: Segment): void {
    if (known.has(peer)) return;
    known.add(peer);
    this.#notify(peer, { id, memory });
  }

  /** The number under which peers know memory from `allocate`. */
  numberOf(memory: SharedArrayBuffer, peers: readonly number[]): number {
    const segment = this.#owned.get(memory) as Segment;
    for (const peer of peers) this.expose(peer, segment);
    return segment.id;
  }

  /** Makes peers forget memory from `allocate`. */
  forget(memory: SharedArrayBuffer): void {
    const segment = this.#owned.get(memory);
    for (const peer of segment?.known ?? []) this.#notify(peer, { id: segment?.id ?? -1, memory: undefined });
    this.#owned.delete(memory);
  }

  /** Returns a piece used by `place` to the pool. */
  giveBack({ segment, lent }: Slot): void {
    if (!lent) return;
    const size = segment.memory.byteLength;
    if (this.#kept + size > maxKept) {
      for (const peer of segment.known) this.#notify(peer, { id: segment.id, memory: undefined });
      return;
    }
    this.#kept += size;
    const list = this.#free.get(size) ?? [];
    this.#free.set(size, list);
    list.push(segment);
  }

  #make(bytes: number): Segment {
    const memory = new SharedArrayBuffer(Math.max(8, bytes));
    const segment = { id: this.#next++, memory, known: new Set<number>() };
    this.#owned.set(memory, segment);
    return segment;
  }
}
