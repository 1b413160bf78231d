/** Decides which passes are worth transferring frames to a GPU. */
import type { UdfDescriptor } from '../contract.js';

/** The reason why an automatically chosen GPU leaves a pass to the CPU; undefined if it does not. */
export function whereItPays(descriptor: UdfDescriptor): { readonly why: string } | undefined {
  if (!descriptor.whereItPays || descriptor.kinds.includes('dense')) return undefined;
  return {
    why: 'sums finish on the CPU before frames would have reached a GPU; name the GPU as backend to use it anyway',
  };
}
