/** The public names of device arrays. */
export type { ArrayOptions, CudaMemory, DeviceArray, DeviceArrayMethods, GpuBufferLike } from './array.js';
export type { ArrayDtype, ArrayNumbers, DtypesOf, NumbersOf, NumberType } from './numbers.js';
