/** Copies blocks of arrays with the native addon, if it is present. Node only. */
import { existsSync } from 'node:fs';
import { constants } from '../../layout/layout.js';
import { addonPath, loadAddon } from '../addon-path.js';

/**
 * Copies a block of three axes, the fastest axis of the target first: bytes per element, lengths, and the offset and
 * strides on each side.
 */
export type CopyBlock = (
  from: ArrayBufferView,
  to: ArrayBufferView,
  elementBytes: number,
  ...block: readonly number[]
) => void;

/** The addon's function; undefined without an addon or with one of another version. */
export function nativeBlocks(given?: string): CopyBlock | undefined {
  const path = addonPath('ewald_native', given);
  if (!existsSync(path)) return undefined;
  try {
    const addon = loadAddon(path) as { abiVersion: number; copyBlock: CopyBlock };
    return addon.abiVersion === constants.abiVersion ? addon.copyBlock : undefined;
  } catch {
    return undefined;
  }
}
