/** Frames that are already in memory, as a dataset: for tests, for results, for data from other programs. */

import {
  arrayNames,
  bytesOfArray,
  type DataType,
  dataTypes,
  dtypeOf,
  elements,
  type FrameArray,
  type GivenArray,
  isArrayOf,
  wordsOf,
} from '../../bytes/dtype.js';
import { memorySource } from '../../bytes/sources/memory.js';
import { checkedValue, row } from '../../options/call-options.js';
import { expectsMembers, expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { kindOf } from '../../util/options.js';
import type { Dataset, Metadata } from '../dataset.js';
import { openFrames } from '../frames.js';
import { checkShape, filledShape } from '../shapes.js';

/** Description of the numbers. */
export interface MemoryOptions {
  /** Shape of a frame, slowest first. */
  readonly sigShape: readonly number[];
  /** Shape of the scan; -1 stands for a length that follows from it. Default: [frames], or [] for one frame. */
  readonly navShape?: readonly number[] | undefined;
  /** Default: that of the array; required for complex numbers ('c64', 'c128') and half floats ('f16'). */
  readonly dtype?: DataType | undefined;
  readonly meta?: Metadata | undefined;
  /** Name in messages. Default 'memory'. */
  readonly name?: string | undefined;
}

/** The arrays of datasets in memory. */
const arrays = new WeakMap<Dataset, FrameArray>();

/** The array of a dataset that `memoryDataset` made and that is not closed, so that frames need not be copied. */
export const framesInMemory = (dataset: Dataset): FrameArray | undefined => arrays.get(dataset);

/**
 * A dataset over a typed array; nothing is copied, and the array remains the caller's. A Float16Array is of the dtype f16.
 * Throws `Shape`, `Argument`.
 */
export function memoryDataset(given: GivenArray, options: MemoryOptions): Dataset {
  expectsNumbers('memoryDataset: the first argument', given);
  expectsMembers(
    'memoryDataset: the second argument',
    options,
    ['sigShape'],
    'its options, { sigShape: [height, width] }',
  );
  const dtype = checkedValue('memoryDataset: dtype', options.dtype, row.choice(dataTypes, dtypeOf(given)));
  const data = wordsOf(given);
  const { numbers } = elements[dtype];
  if (!isArrayOf(given, dtype))
    throw new EwaldError('Shape', `memoryDataset: ${dtype} must be in ${arrayNames(dtype)}, not in ${kindOf(given)}`);
  const signal = checkShape('memoryDataset: sigShape', options.sigShape, 1);
  const length = signal.reduce((a, b) => a * b, numbers);
  const frames = data.length / length;
  const stated = options.navShape && checkShape('memoryDataset: navShape', options.navShape, 0, -1);
  const navigation = stated ? (filledShape(stated, frames) ?? stated) : frames === 1 ? [] : [frames];
  if (!Number.isInteger(frames) || frames === 0 || navigation.reduce((a, b) => a * b, 1) !== frames)
    throw new EwaldError(
      'Shape',
      `memoryDataset: ${data.length} numbers are ${+frames.toFixed(2)} frames of ${signal.join(' × ')} ${dtype}` +
        (options.navShape ? `; navShape is ${navigation.join(' × ')}` : '; expected a whole number of frames'),
    );
  const source = memorySource(bytesOfArray(data), options.name);
  const dataset = openFrames(source, {
    format: 'memory',
    shape: { nav: [...navigation], sig: [...signal] },
    dtype,
    meta: options.meta ?? {},
    offset: 0,
    onDispose: async () => void arrays.delete(dataset),
  });
  arrays.set(dataset, data);
  return dataset;
}
