/** Files that are followed and may stay cut, such as those of a detector that died. */

import type { Dataset } from '../../frames/dataset.js';
import { isEwaldError } from '../../util/errors.js';

/**
 * Opens a followed file of which frames are `known`: as one that is still being written or, if it does not have them
 * that way, as one that was cut, whose frames are read as far as they go.
 */
export async function openFollowed(open: (growing: boolean) => Promise<Dataset>, known: number): Promise<Dataset> {
  let growing: Dataset | undefined;
  let reason: unknown;
  try {
    growing = await open(true);
    if (growing.frames >= known) return growing;
  } catch (error) {
    if (!isEwaldError(error, 'Format')) throw error;
    reason = error;
  }
  const cut = await open(false).catch(() => undefined);
  if (!cut) {
    if (growing) return growing;
    throw reason;
  }
  await growing?.dispose();
  return cut;
}
