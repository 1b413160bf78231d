/** Checks of the arrays that a run over frames reads or writes, on this machine or on a device. */

import type { FrameArray } from '../../bytes/dtype.js';
import type { ArrayParts, DeviceArray } from '../../compute/arrays/array.js';
import { numberTypes } from '../../compute/arrays/numbers.js';
import type { Planner } from '../../compute/planner/planner.js';
import { asItIs, lengthOf } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import type { PassDtype } from '../contract.js';

/** Checks that an array is alive and of this context. `what` begins each message: `framePass.run: …`. Throws otherwise. */
export function checkOwner(what: string, { planner: owner, resource }: ArrayParts, planner: Planner): void {
  resource.assertAlive();
  if (owner !== planner) throw new EwaldError('Argument', `${what} from another context; create it with ctx.array()`);
}

/** Checks that an array on a device holds at least this many numbers of a dtype. Throws `Shape`. */
export function checkAmount(what: string, { dtype: found, length }: DeviceArray, dtype: string, numbers: number): void {
  if (found !== dtype || length < numbers)
    throw new EwaldError('Shape', `${what} of ${length} ${found}; expected ${numbers} ${dtype}`);
}

/** A typed array of at least this many numbers, as it is now. `what` ends with its verb. Throws `Shape`. */
export function checkNumbers<A extends FrameArray>(
  what: string,
  array: A,
  dtype: PassDtype | 'f64',
  numbers: number,
): A {
  const make = dtype === 'f64' ? Float64Array : numberTypes[dtype];
  if (array instanceof make && lengthOf(array) >= numbers) return asItIs(array);
  const found = ArrayBuffer.isView(array) ? `${array.constructor.name} of ${lengthOf(array)}` : typeof array;
  throw new EwaldError('Shape', `${what} ${found}; expected a ${make.name} of ${numbers}`);
}
