/**
 * Searches all frames with several workers, each with the files open and its own WebAssembly. Blocks of frames are
 * searched as workers become free, and the streams of the blocks are joined in the order of the frames, so that the
 * stream is that of a single worker.
 */

import type { SearchSettings } from '../../entries/index.js';
import { WorkerCalls } from './calls.js';
import type { FrameSummary, OpenRequest, RunResult, RunStart } from './protocol.js';

/** The frames that a pool searches. */
interface PoolTask {
  readonly request: OpenRequest;
  readonly settings: SearchSettings;
  readonly prepared: RunStart['prepared'];
  readonly frames: number;
}

/** Number of blocks per worker: enough for all workers to end at about the same time. */
const blocksPerWorker = 4;
/**
 * Minimum and maximum number of frames in a block: each block plans its search anew, and its stream is held in memory.
 */
const [minFrames, maxFrames] = [4, 256];

/** The number of workers for a number of frames. */
export const poolSize = (frames: number, cores: number): number =>
  Math.max(1, Math.min(8, cores, Math.floor(frames / minFrames)));

export class WorkerPool {
  readonly #members: readonly WorkerCalls[];
  readonly #report: (summary: FrameSummary) => void;
  #stopped = false;

  /** `start` starts a worker; `report` is called for every frame. */
  constructor(size: number, start: () => Worker, report: (summary: FrameSummary) => void) {
    this.#members = Array.from({ length: size }, () => new WorkerCalls(start));
    this.#report = report;
  }

  /**
   * The streams of all blocks, joined, and their doubts; of a stopped run those of the frames that were searched before the
   * first missing one.
   */
  async run({ request, settings, prepared, frames }: PoolTask): Promise<Pick<RunResult, 'stream' | 'doubts'>> {
    const size = Math.ceil(frames / (blocksPerWorker * this.#members.length));
    const block = Math.max(minFrames, Math.min(maxFrames, size));
    const results: (RunResult | undefined)[] = new Array(Math.ceil(frames / block));
    let next = 0;
    const work = async (member: WorkerCalls): Promise<void> => {
      await member.call('open', request);
      while (next < results.length && !this.#stopped) {
        const place = next++;
        const first = place * block;
        const count = Math.min(block, frames - first);
        results[place] = await member.call('run', { settings, prepared, first, count, html: false }, this.#report);
      }
    };
    try {
      await Promise.all(this.#members.map(work));
      return { stream: await joined(results), doubts: results.flatMap((result) => result?.doubts ?? []) };
    } finally {
      for (const member of this.#members) member.end('The search has ended.');
    }
  }

  /** Ends the run when the frames that are being searched are finished. */
  stop(): void {
    this.#stopped = true;
    // A member that has not opened its files yet answers once it has.
    for (const member of this.#members) void member.call('stop').catch(() => undefined);
  }
}

/** Joins the streams of consecutive blocks: all except the first lose their head. */
async function joined(results: readonly (RunResult | undefined)[]): Promise<Blob> {
  const parts: Blob[] = [];
  for (const result of results) {
    if (!result) break;
    parts.push(parts.length === 0 ? result.stream : await withoutHead(result.stream));
    if (result.stopped) break;
  }
  return new Blob(parts, { type: 'text/plain' });
}

async function withoutHead(stream: Blob): Promise<Blob> {
  const text = await stream.text();
  const at = text.indexOf('----- Begin chunk -----');
  // Names in the head may have letters of several bytes.
  return stream.slice(at < 0 ? stream.size : new TextEncoder().encode(text.slice(0, at)).length);
}
