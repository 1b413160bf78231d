/** One fit of a merge as a task of an executor; see share.ts. */

import { partialities } from '../compute/layout/merging.js';
import { count, finite, members, oneOf, typed } from '../options/shapes.js';
import { expects } from '../util/arguments.js';
import type { RoomTaskScope } from '../util/task-scope.js';
import type { Identified } from './fit/accumulate.js';
import type { Merge } from './fit/merges.js';
import { Merger } from './merger.js';
import type { MergeModel } from './options.js';
import type { MergingMethods } from './room.js';
import type { FitTask } from './share.js';

/** The columns of a fit, all of one number of observations and one of crystals. */
function checkColumns(data: Identified, selected: Uint8Array): void {
  const what = 'the columns of a merge';
  members({
    noise: members({ gain: finite, partiality: oneOf(Object.keys(partialities)) }),
    observations: members({}),
  })(what, data);
  const { observations, ids, unique } = data;
  members({ count: count(), crystals: count() })(what, observations);
  const { count: n, crystals, offsets } = observations;
  // Memory is allocated for each unique reflection, and each has an observation.
  members({ unique: count(0, n), ids: typed([Uint32Array], n) })(what, data);
  const indices = typed([Int16Array], n);
  const values = typed([Float32Array], n);
  const shape = typed([Float64Array], crystals);
  members({
    h: indices,
    k: indices,
    l: indices,
    intensity: values,
    sigma: values,
    wavelengths: shape,
    bandwidths: shape,
    reciprocal: typed([Float64Array], 9 * crystals),
    offsets: typed([Uint32Array], crystals + 1),
  })(what, observations);
  typed([Uint8Array], crystals)('the selected crystals', selected);
  const rises = offsets.every((offset, c) => offset >= (offsets[c - 1] ?? 0));
  expects(rises && offsets[0] === 0 && offsets[crystals] === n, `${what}: offsets`, offsets, `rising from 0 to ${n}`);
  expects(
    ids.every((id) => id < unique),
    `${what}: ids`,
    ids,
    `numbers below ${unique}`,
  );
}

/** Fits and merges the selected crystals of the input `columns`. */
export async function fit(task: FitTask, scope: RoomTaskScope<MergingMethods>): Promise<Merge> {
  members({ radius: finite })('the argument of merging', task);
  const { selected, symmetry, model, iterations, radius } = task;
  const data = (await scope.input('columns')) as Identified;
  checkColumns(data, selected);
  const merger = await (await scope.context()).merger({ symmetry, model: model as MergeModel, iterations });
  return Merger.fit(merger, data, selected, radius);
}
