/** Functions of the native addon that need no context. They do nothing without an addon of this version. Node only. */
import { existsSync } from 'node:fs';
import { addonPath, loadAddon } from '../../../util/addon-path.node.js';
import { coreConstants } from '../../layout/core.js';

interface AddonCalls {
  readonly abiVersion: number;
  computeHere?(yes: boolean): void;
  /** Absent on Windows. */
  answerSignalsOnce?(): void;
}

function addonCalls(given?: string): Partial<AddonCalls> {
  const path = addonPath('ewald_native', given);
  if (!existsSync(path)) return {};
  try {
    const addon = loadAddon(path) as AddonCalls;
    return addon.abiVersion === coreConstants.abiVersion ? addon : {};
  } catch {
    // The error is reported when a context opens the addon.
    return {};
  }
}

/**
 * From now on kernels and codecs of the addon run on this thread instead of Node's pool, where as many workers as cores
 * would wait for each other's frames. Node's workers only.
 */
export const computeHere = (given?: string): void => addonCalls(given).computeHere?.(true);

/**
 * The listeners that there are of SIGINT, SIGTERM and SIGHUP answer one more signal each, and the system the next, also
 * while JavaScript never returns to them. Listeners that are added later answer all of them again. Returns false without
 * an addon that can do this.
 */
export function answerSignalsOnce(): boolean {
  const { answerSignalsOnce: answer } = addonCalls();
  answer?.();
  return answer !== undefined;
}
