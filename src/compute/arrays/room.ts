/** The context's methods of this room; the room is loaded on first use. */
import { EwaldError } from '../../util/errors.js';
import { kindOf } from '../../util/options.js';
import type { Planner } from '../planner/planner.js';
import type { ArrayOptions, DeviceArray } from './array.js';
import type { ArrayDtype, ArrayNumbers, DtypesOf } from './numbers.js';

export interface ArrayMethods {
  /**
   * Creates an array on a backend: zeroed, or with the numbers of a typed array; see `ArrayOptions` for shape, dtype
   * and backend.
   */
  array<D extends ArrayDtype = 'f32'>(options: ArrayOptions<D>): Promise<DeviceArray<D>>;
  array<T extends ArrayNumbers, D extends DtypesOf<T> = DtypesOf<T>>(
    data: T,
    options?: ArrayOptions<D>,
  ): Promise<DeviceArray<D>>;
}

export const arrayRoom = (planner: Planner): ArrayMethods => ({
  array: async (given: ArrayOptions | ArrayNumbers, options?: ArrayOptions): Promise<DeviceArray<never>> => {
    const { makeArray } = await import('./array.js');
    if (ArrayBuffer.isView(given)) return makeArray(planner, options === undefined ? {} : options, given);
    if (options !== undefined)
      throw new EwaldError(
        'Argument',
        `array: ${kindOf(options)} follows the options and would be ignored; the data comes first: ctx.array(data, { … })`,
      );
    return makeArray(planner, given);
  },
});
