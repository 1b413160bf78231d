/** Files of numbers that the page saves; loaded with the first of them. */
import { npyHeadOf } from '../../entries/pages.js';
import { save } from './save.js';

/** Saves numbers in C order as a .npy file; `dtype` in NumPy's spelling. */
export function saveNpy(name: string, dtype: string, shape: readonly number[], data: ArrayBufferView): void {
  save(name, new Blob([npyHeadOf(dtype, shape) as BlobPart, data as BlobPart]));
}
