/** Addresses that C may call after the worker has ended whose functions they are. The native addon has them. */
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { addonPath, loadAddon } from '../../util/addon-path.node.js';

/** What the addon has for the functions of a worker, where it was built for ELF and a processor that it knows. */
interface Gates {
  /** An address that leads to another one, and answers 0 once this worker has ended; undefined if there are no more. */
  openGate?(address: bigint): bigint | undefined;
  closeGate?(gate: bigint): void;
}

/** The gates of this thread; none in the main thread, with which the process ends, and without an addon. */
export function gatesOfWorker(): Gates {
  const path = isMainThread ? '' : addonPath('ewald_native', undefined);
  if (!existsSync(path)) return {};
  try {
    return loadAddon(path) as Gates;
  } catch {
    // The error is reported when a context opens the addon.
    return {};
  }
}
