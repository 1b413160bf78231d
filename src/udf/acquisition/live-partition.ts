/** The partitions of a run that consist of frames that have arrived. */

import type { FrameArray } from '../../bytes/dtype.js';
import { countWhile } from '../../util/count-while.js';
import { product } from '../../util/product.js';
import type { Job, Partition } from '../execution/partitions.js';
import type { Run } from '../execution/run.js';
import { numbersPerElement } from '../functions/dtypes.js';
import type { FrameRecorder } from '../scans/record.js';
import type { Acquisition } from './acquisition.js';
import type { ArrivedFrames } from './frame-queue.js';

/**
 * Frames as partition `index` of a run; undefined if none of them is at a selected position. Frames at other positions
 * are removed from the memory.
 */
function livePartition(
  { scan, shape: { selection, sig } }: Run,
  { frames, indices }: ArrivedFrames,
  index: number,
): { readonly partition: Partition; readonly frames: FrameArray } | undefined {
  const numbers = product(sig) * numbersPerElement(scan.dtype);
  /** Indices among the selected positions. */
  const chosen: number[] = [];
  const positions: number[] = [];
  for (const [i, frame] of indices.entries()) {
    const position = frame - scan.sync.syncOffset;
    const at = selection.positions ? indexIn(selection.positions, position) : position;
    if (at < 0) continue;
    if (chosen.length < i) (frames as Uint8Array).copyWithin(chosen.length * numbers, i * numbers, (i + 1) * numbers);
    chosen.push(at);
    positions.push(position);
  }
  const [first] = chosen;
  if (first === undefined) return undefined;
  const count = (chosen.at(-1) as number) - first + 1;
  return {
    partition: {
      index,
      first,
      count,
      runs: [],
      places: count === chosen.length ? undefined : Uint32Array.from(chosen, (at) => at - first),
      positions: Uint32Array.from(positions),
    },
    frames: frames.subarray(0, chosen.length * numbers) as FrameArray,
  };
}

/** The frames of a live scan as they arrive, without those at positions that are not selected. */
export async function* arriving(
  run: Run,
  acquisition: Acquisition,
  recorder: FrameRecorder | undefined,
): AsyncGenerator<Job, void> {
  for (let index = 0; ; ) {
    const arrived = await acquisition.take();
    if (!arrived) return;
    const { frames, indices } = arrived;
    const positions = indices.map((frame) => frame - run.scan.sync.syncOffset);
    await recorder?.write(positions, frames);
    const found = livePartition(run, arrived, index);
    const merged = (): void => acquisition.give(arrived);
    if (found) yield { ...found, merged };
    else merged();
    if (found) index++;
  }
}

/** Index of a number in an ascending list; -1 if it is not in it. */
function indexIn(list: Uint32Array, wanted: number): number {
  const at = countWhile(list.length, (i) => (list[i] as number) < wanted);
  return list[at] === wanted ? at : -1;
}
