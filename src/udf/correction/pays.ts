/** Whether corrections are worth transferring frames to a GPU and back. */
import type { CorrectionDescriptor } from './contract.js';

/** The reason why an automatically chosen GPU leaves corrections to the CPU; undefined if it was named. */
export const whereItPays = ({ whereItPays: chosen }: CorrectionDescriptor): { readonly why: string } | undefined =>
  chosen
    ? { why: 'frames are corrected on the CPU before they would have reached a GPU; name the GPU as backend to use it' }
    : undefined;
