/**
 * Fewer requests to a server: small reads are answered from ranges that were fetched before, which become longer while
 * a file is read in order. The latest ranges of all files are kept; large reads pass through.
 */
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import type { BytesOptions, ReadOptions } from '../byte-source.js';

/** Fills memory from an offset on. */
type Fetch = (offset: number, into: Uint8Array, options: ReadOptions) => Promise<unknown>;

/** Bytes of the first request and of each that continues no other; requests begin at multiples of it. */
export const rangeBytes = 2 ** 16;
/** Most bytes that are requested for a small read, and that are kept of all files together. */
const [maxAhead, maxKept] = [2 ** 22, 2 ** 25];
/** Reads of this many bytes go to the server as they are. */
const largeRead = 2 ** 20;
/** A range that begins at most this far behind another continues it: chunks have other structures between them. */
const gap = 2 ** 14;

/** Bytes `from` … `end - 1` of a file, which may still be arriving. */
interface Range {
  readonly file: Set<Range>;
  readonly from: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
  /** Ends the request once nobody waits for it. */
  readonly stop: AbortController;
  waiting: number;
  arrived: boolean;
}

/** The ranges of all files, the most recently used ones last. */
const latest = new Set<Range>();

function drop(range: Range): void {
  latest.delete(range);
  range.file.delete(range);
}

/** The ranges of one file. */
export class ReadAhead {
  readonly #size: number;
  readonly #fetch: Fetch;
  readonly #ranges = new Set<Range>();

  /** `head` are the first bytes, if they are there already. */
  constructor(size: number, fetch: Fetch, head: Uint8Array) {
    this.#size = size;
    this.#fetch = fetch;
    if (head.length > 0) this.#keep(0, head.length, Promise.resolve(head), new AbortController(), true);
  }

  /** Fills `out` from `offset` on, which the file holds. Throws what the fetch throws, and `Aborted`. */
  async read(offset: number, out: Uint8Array, { signal, alone }: BytesOptions): Promise<void> {
    const end = offset + out.length;
    for (let at = offset; at < end; ) {
      checkSignal(signal);
      const held = [...this.#ranges].find(({ from, end: last }) => from <= at && at < last);
      if (!held && (alone || end - at >= largeRead)) {
        await this.#fetch(at, out.subarray(at - offset), { signal });
        return;
      }
      const range = held ?? this.#request(at, end);
      const bytes = await this.#arrival(range, signal);
      const last = Math.min(end, range.end);
      out.set(bytes.subarray(at - range.from, last - range.from), at - offset);
      at = last;
    }
  }

  /** Drops everything. */
  clear(): void {
    for (const range of [...this.#ranges]) drop(range);
  }

  /** Requests a range with `at`, and as far as `end` where no other one is. */
  #request(at: number, end: number): Range {
    const ranges = [...this.#ranges];
    const before = ranges.filter((range) => range.end <= at).sort((a, b) => b.end - a.end)[0];
    const after = Math.min(this.#size, ...ranges.map(({ from }) => from).filter((from) => from > at));
    const from = Math.max(at - (at % rangeBytes), before?.end ?? 0);
    const continued = before && at - before.end <= gap ? 2 * (before.end - before.from) : rangeBytes;
    const to = Math.min(after, Math.max(end, from + Math.min(maxAhead, continued)));
    const stop = new AbortController();
    const bytes = new Uint8Array(to - from);
    const arriving = this.#fetch(from, bytes, { signal: stop.signal }).then(() => bytes);
    return this.#keep(from, to, arriving, stop, false);
  }

  #keep(from: number, end: number, bytes: Promise<Uint8Array>, stop: AbortController, arrived: boolean): Range {
    const range: Range = { file: this.#ranges, from, end, bytes, stop, waiting: 0, arrived };
    this.#ranges.add(range);
    latest.add(range);
    bytes.then(
      () => {
        range.arrived = true;
      },
      () => drop(range),
    );
    let kept = 0;
    for (const one of latest) kept += one.end - one.from;
    for (const one of latest) {
      if (kept <= maxKept) break;
      kept -= one.end - one.from;
      drop(one);
    }
    return range;
  }

  /** The bytes of a range; a reader that is aborted does not take them from the others that wait for them. */
  async #arrival(range: Range, signal: PlatformSignal | undefined): Promise<Uint8Array> {
    if (latest.delete(range)) latest.add(range);
    if (range.arrived) return range.bytes;
    range.waiting++;
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    signal?.addEventListener('abort', leave);
    try {
      const bytes = await Promise.race([range.bytes, left]);
      checkSignal(signal);
      return bytes ?? range.bytes;
    } finally {
      signal?.removeEventListener('abort', leave);
      if (--range.waiting === 0 && !range.arrived) {
        drop(range);
        range.stop.abort();
      }
    }
  }
}
