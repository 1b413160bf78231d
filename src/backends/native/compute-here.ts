/** Has the native addon compute on the thread that calls it. Node's workers only. */
import { existsSync } from 'node:fs';
import { constants } from '../../layout/layout.js';
import { addonPath, loadAddon } from '../addon-path.js';

/**
 * From now on kernels and codecs of the addon run on this thread and not on Node's pool, where as many workers as cores
 * would queue behind each other's frames. Without an addon, or with one of another version, nothing happens.
 */
export function computeHere(given?: string): void {
  const path = addonPath('ewald_native', given);
  if (!existsSync(path)) return;
  try {
    const addon = loadAddon(path) as { abiVersion: number; computeHere?(yes: boolean): void };
    if (addon.abiVersion === constants.abiVersion) addon.computeHere?.(true);
  } catch {
    // Whoever opens it is told why it does not load.
  }
}
