/** A group of threads: what each thread needs to be a rank, and how the death of one is reported to the others. */
import { checkedValue, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformPort } from '../../util/globals.js';
import { SharedMailbox } from './shared-mailbox.js';

/** What a thread needs to be a rank: send it to the thread with `ports` as the transfer list. */
export interface RankHandle {
  readonly rank: number;
  readonly size: number;
  readonly board: SharedArrayBuffer;
  /** One port per peer, in the order of their ranks. */
  readonly ports: PlatformPort[];
}

/** The handles of a group, and the function that reports the death of a thread to it. */
export interface WorkerGroup {
  readonly handles: readonly RankHandle[];
  /** Fails every pending call of the group with `Lost`: a thread that has died cannot report it itself. */
  fail(rank: number, why: string): void;
  /**
   * Reports the state of each rank. Observes them for up to two seconds, since a rank that waits for messages responds
   * when it is woken.
   */
  look(): Promise<RankState[]>;
}

/** The state of a rank: waiting for a message from another one, or anything else. */
export interface RankState {
  readonly rank: number;
  /** The rank whose message it waits for; undefined while it computes, waits for something else or has ended. */
  readonly waitsFor: number | undefined;
}

/** Maximum number of threads in a group. */
const maxRanks = 256;

/** Makes the handles of `size` ranks, 1 … 256. Throws `Unsupported` if threads cannot share memory. */
export function workerGroup(size: number): WorkerGroup {
  checkedValue('workerGroup: size', size, row.integer(1, maxRanks, 1));
  if (
    typeof SharedArrayBuffer !== 'function' ||
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false
  ) {
    throw new EwaldError(
      'Unsupported',
      'this page is not cross-origin isolated, so its workers cannot share memory; serve it with the headers ' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    );
  }
  const board = SharedMailbox.memory(size);
  const ports = Array.from({ length: size }, (): MessagePort[] => []);
  for (let a = 0; a < size; a++) {
    for (let b = a + 1; b < size; b++) {
      const { port1, port2 } = new MessageChannel();
      ports[a]?.push(port1);
      ports[b]?.push(port2);
    }
  }
  const watch = new SharedMailbox(board, size);
  return {
    handles: ports.map((mine, rank) => ({ rank, size, board, ports: mine })),
    fail: (rank, why) => watch.fail(rank, why),
    look: () => look(watch),
  };
}

/** A waiting rank runs its event loop when its bell rings; a computing rank does not, whatever it reported last. */
async function look(board: SharedMailbox): Promise<RankState[]> {
  const before = Array.from({ length: board.size }, (_, rank) => board.turns(rank).turns);
  const answered = (rank: number): boolean => board.turns(rank).turns !== before[rank];
  for (let rank = 0; rank < board.size; rank++) board.ring(rank);
  for (let attempt = 0; attempt < 100 && !before.every((_, rank) => answered(rank)); attempt++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return before.map((_, rank) => {
    const { waitsFor } = board.turns(rank);
    return { rank, waitsFor: answered(rank) && waitsFor > 0 ? waitsFor - 1 : undefined };
  });
}
