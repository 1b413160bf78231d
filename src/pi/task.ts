/** A part of a pi count as an executor task: `{ module: 'pi', function: 'count', argument: { points, first } }`. */

import { members } from '../options/shapes.js';
import type { RoomTaskScope } from '../util/task-scope.js';
import type { PiRunOptions } from './options.js';
import type { PiMethods } from './room.js';

/** Counts hits among `points` starting at point `first`; the parts of a split count add up exactly to the whole. */
export async function count(
  run: Omit<PiRunOptions, 'signal' | 'onProgress'>,
  scope: RoomTaskScope<PiMethods>,
): Promise<bigint> {
  members({})('the argument of pi', run);
  const plan = await (await scope.context()).pi({ threads: scope.threads });
  try {
    return (await plan.run({ ...run, signal: scope.signal as never })).hits;
  } finally {
    await plan.dispose();
  }
}
