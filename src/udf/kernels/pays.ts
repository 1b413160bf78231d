/** Which passes are for a card that frames are carried to. */
import type { UdfDescriptor } from '../contract.js';

/** Why a GPU that nobody has named leaves a pass to the CPU; undefined where it does not. */
export function whereItPays(descriptor: UdfDescriptor): { readonly why: string } | undefined {
  if (!descriptor.whereItPays || descriptor.kinds.includes('dense')) return undefined;
  return { why: 'sums are done before frames would have reached a GPU; it is taken where it is named' };
}
