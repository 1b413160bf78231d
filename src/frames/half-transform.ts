/** The remark on files that store half of the Fourier transform of a real image: DM and Velox. */
import type { Note } from './dataset.js';

export const halfTransform: Note = {
  kind: 'warning',
  text: 'only half of the Fourier transform is stored; the other half is its conjugate mirror image',
};
