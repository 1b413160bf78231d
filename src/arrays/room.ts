/** What a context can do in this room; the room is fetched when it is first asked. */
import type { Planner } from '../planner.js';
import type { ArrayOptions, DeviceArray } from './array.js';

export interface ArrayMethods {
  /**
   * Makes an array on a backend: zeroed, or with the numbers of a typed array; see `ArrayOptions` for shape, dtype and
   * where it lies.
   */
  array(options: ArrayOptions): Promise<DeviceArray>;
  array(data: Float32Array | Float64Array, options?: ArrayOptions): Promise<DeviceArray>;
}

export const arrayRoom = (planner: Planner): ArrayMethods => ({
  array: async (given: ArrayOptions | Float32Array | Float64Array, options: ArrayOptions = {}) => {
    const { makeArray } = await import('./array.js');
    return ArrayBuffer.isView(given) ? makeArray(planner, options, given) : makeArray(planner, given);
  },
});
