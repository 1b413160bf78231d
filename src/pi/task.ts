/** Parts of a count of pi as a task of an executor: `{ module: 'pi', function: 'count', argument: { points, first } }`. */

import type { RoomTaskScope } from '../base/task-scope.js';
import type { PiRunOptions } from './options.js';
import type { PiMethods } from './room.js';

/** Counts hits among `points` from point `first` on; the parts of a split count add up to the whole, bit for bit. */
export async function count(
  run: Omit<PiRunOptions, 'signal' | 'onProgress'>,
  scope: RoomTaskScope<PiMethods>,
): Promise<bigint> {
  const plan = await (await scope.context()).pi({ threads: scope.threads });
  try {
    return (await plan.run({ ...run, signal: scope.signal as never })).hits;
  } finally {
    await plan.dispose();
  }
}
