/** Makes the native addon compute on the calling thread. Node's workers only. */
import { existsSync } from 'node:fs';
import { coreConstants } from '../../layout/core.js';
import { addonPath, loadAddon } from '../addon-path.js';

/**
 * From now on kernels and codecs of the addon run on this thread instead of Node's pool, where as many workers as cores
 * would wait for each other's frames. Does nothing without an addon or with one of another version.
 */
export function computeHere(given?: string): void {
  const path = addonPath('ewald_native', given);
  if (!existsSync(path)) return;
  try {
    const addon = loadAddon(path) as { abiVersion: number; computeHere?(yes: boolean): void };
    if (addon.abiVersion === coreConstants.abiVersion) addon.computeHere?.(true);
  } catch {
    // The error is reported when a context opens the addon.
  }
}
