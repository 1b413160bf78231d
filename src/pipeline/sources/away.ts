/** File systems that do not answer for a time, such as NFS while its server restarts. */

import { isEwaldError } from '../../util/errors.js';
import { isAway } from '../../util/file-errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { LookedTime, pause } from '../../util/pace.js';

/** Interval between two looks at what is awaited, ms. */
export const pollMs = 500;

/** For how long something has been awaited that is given up after `seconds`, by several looks at least. */
export const awaited = (seconds: number): LookedTime => new LookedTime(Math.max(2 * pollMs, 125 * seconds));

/** Opens a file as soon as its file system is back; throws the error that was given after `seconds`, or if aborted. */
export async function openWhenBack<T>(
  open: () => Promise<T>,
  { error, seconds, signal }: { error: unknown; seconds: number; signal: PlatformSignal | undefined },
): Promise<T> {
  const looked = awaited(seconds);
  while (looked.look() < 1000 * seconds && !signal?.aborted) {
    // Where it was mounted there may be an empty folder meanwhile.
    const found = await open().catch((reason) => {
      if (!isEwaldError(reason, 'File') && !isAway(reason)) throw reason;
    });
    if (found !== undefined) return found;
    await pause(pollMs, signal);
  }
  throw error;
}
