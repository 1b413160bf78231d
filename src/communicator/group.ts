/** A group of threads: what each needs to be a rank, and who tells the others when one has died. */
import { EwaldError } from '../errors.js';
import type { PlatformPort } from '../globals.js';
import { integer } from '../options.js';
import { Board } from './board.js';

/** What a thread needs to be a rank: send it there with `ports` as its transfer list. */
export interface RankHandle {
  readonly rank: number;
  readonly size: number;
  readonly board: SharedArrayBuffer;
  /** One a peer; nothing at this rank's own place. */
  readonly ports: readonly (PlatformPort | null)[];
}

/** The handles of a group, and the way to tell it that a thread has died. */
export interface WorkerGroup {
  readonly handles: readonly RankHandle[];
  /** Ends everything that waits in the group with `Lost`: a thread that has died cannot say so itself. */
  fail(rank: number, why: string): void;
}

/** Most threads of a group. */
const mostRanks = 256;

/** Makes the handles of `size` ranks, 1 … 256. Throws `Unsupported` where threads cannot share memory. */
export function workerGroup(size: number): WorkerGroup {
  integer('workerGroup: size', size, 1, 1, mostRanks);
  if (
    typeof SharedArrayBuffer !== 'function' ||
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false
  ) {
    throw new EwaldError(
      'Unsupported',
      'this page is not cross-origin isolated, so its workers cannot share memory; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    );
  }
  const board = Board.memory(size);
  const ports = Array.from({ length: size }, () => Array<MessagePort | null>(size).fill(null));
  for (let a = 0; a < size; a++) {
    for (let b = a + 1; b < size; b++) {
      const { port1, port2 } = new MessageChannel();
      (ports[a] as (MessagePort | null)[])[b] = port1;
      (ports[b] as (MessagePort | null)[])[a] = port2;
    }
  }
  const watch = new Board(board, size);
  return {
    handles: ports.map((mine, rank) => ({ rank, size, board, ports: mine })),
    fail: (rank, why) => watch.fail(rank, why),
  };
}
