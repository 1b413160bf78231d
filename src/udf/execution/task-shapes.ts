/** What the tasks of a run and their shared value must be, since they come from another process. */

import type { Dataset } from '../../frames/dataset.js';
import { dataTypes, elements, type FrameArray } from '../../frames/dtype.js';
import {
  count,
  either,
  listOf,
  maybe,
  members,
  number,
  oneOf,
  type Shape,
  text,
  truth,
  typed,
} from '../../options/shapes.js';
import { expects, expectsPlainNumbers } from '../../util/arguments.js';
import { product } from '../../util/product.js';
import { numbersPerElement } from '../functions/dtypes.js';
import type { RunDescription } from './description.js';
import type { Partition } from './partitions.js';
import { isLentMemory } from './result-memory.js';

const partMembers = {
  index: count(),
  first: count(),
  count: count(),
  runs: listOf(members({ file: count(), count: count(1) })),
  places: maybe(typed([Uint32Array])),
  positions: typed([Uint32Array]),
};
const partitionShape = members({ ...partMembers, parts: maybe(listOf(members(partMembers))) });

const correctionShape: Shape = (what, value) => {
  const numbers: Shape = (name, array) => expectsPlainNumbers(name, array);
  members({
    length: maybe(count(1)),
    mask: maybe(numbers),
    dark: maybe(numbers),
    gain: maybe(numbers),
    saturation: maybe(number),
    underload: maybe(number),
    markers: maybe(listOf(number)),
    maskOnly: maybe(truth),
    patch: maybe(members({ width: count(1), height: count(1) })),
  })(what, value);
};

/** A `RunDescription`. */
export const runShape = members({
  udfs: listOf(members({ module: text, name: text, params: members({}), wasm: maybe(typed([Uint8Array])) })),
  largest: count(1, 2 ** 31),
  // Without frames, pieces would never end.
  piece: count(1, 2 ** 31),
  meta: members({
    nav: listOf(count(1)),
    sig: listOf(count(1)),
    datasetDtype: oneOf(dataTypes),
    frames: count(),
    roi: maybe(typed([Uint8Array])),
  }),
  source: maybe(
    either((source) =>
      members('path' in source ? { path: text, options: members({}) } : { url: text, options: members({}) }),
    ),
  ),
  sums: maybe(listOf(listOf(count(), 2))),
  corrections: maybe(correctionShape),
  limits: maybe(members({ least: number, markers: listOf(number) })),
});

/** A `PartitionTask`. */
export const taskShape = members({
  partition: partitionShape,
  frames: maybe((what, value) => expects(ArrayBuffer.isView(value), what, value, 'a typed array')),
  blob: maybe(members({ options: members({}) })),
  memory: maybe((what, value) => expects(isLentMemory(value), what, value, 'a SharedArrayBuffer for results')),
});

/** Throws `Argument` unless a dataset has the frames for which its run was planned. */
export function checkDataset({ frameLength, dtype }: Dataset, { meta }: RunDescription): void {
  const is = `${frameLength} pixels of ${dtype}`;
  expects(frameLength === product(meta.sig) && dtype === meta.datasetDtype, 'the frames of a run', meta.sig, is);
}

/** Throws `Argument` unless the frames of a partition are as many and as large as its description says. */
export function checkFrames(
  task: { readonly partition: Partition; readonly frames?: FrameArray },
  run: Pick<RunDescription, 'meta'>,
): void {
  const { nav, sig, datasetDtype } = run.meta;
  const { partition, frames } = task;
  const { positions, places, runs, count: all, parts } = partition;
  const what = 'the partition of a task';
  const read = runs.reduce((sum, run) => sum + run.count, 0);
  // Frames that arrive while a detector measures have no place in a file.
  expects(frames !== undefined || read === positions.length, `${what}: runs`, runs, `${positions.length} frames`);
  expects(
    (places ?? positions).length === positions.length && all >= positions.length,
    what,
    partition,
    'as many places as positions',
  );
  const last = product(nav);
  expects(
    positions.every((position) => position < last),
    `${what}: positions`,
    positions,
    `numbers below ${last}`,
  );
  for (const part of parts ?? []) checkFrames({ partition: part }, run);
  const joined = (parts ?? [partition]).reduce((sum, part) => sum + part.positions.length, 0);
  expects(joined === positions.length && !(parts && frames), `${what}: parts`, parts, 'those of the partition');
  if (frames === undefined) return;
  const length = positions.length * product(sig) * numbersPerElement(datasetDtype);
  typed([elements[datasetDtype].array], length)('the frames of a task', frames);
}
