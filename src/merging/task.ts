/** One fit of a merge as a task of an executor; see share.ts. */
import type { RoomTaskScope } from '../base/task-scope.js';
import type { Identified } from './accumulate.js';
import { Merger } from './merger.js';
import type { Merge } from './merges.js';
import type { MergeModel } from './options.js';
import type { MergingMethods } from './room.js';
import type { FitTask } from './share.js';

/** Fits and merges the selected crystals of the input `columns`. */
export async function fit(
  { selected, symmetry, model, iterations, radius }: FitTask,
  scope: RoomTaskScope<MergingMethods>,
): Promise<Merge> {
  const data = (await scope.input('columns')) as Identified;
  const merger = await (await scope.context()).merger({ symmetry, model: model as MergeModel, iterations });
  return Merger.fit(merger, data, selected, radius);
}
