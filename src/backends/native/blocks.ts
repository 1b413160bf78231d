/** Blocks of arrays copied by the native addon, where it is there. Node only. */
import { existsSync } from 'node:fs';
import { constants } from '../../layout/layout.js';
import { addonPath, loadAddon } from '../addon-path.js';

/**
 * Copies a block of three axes, the fastest of the target first: bytes of an element, lengths, and on either side where
 * it begins and its strides.
 */
export type CopyBlock = (
  from: ArrayBufferView,
  to: ArrayBufferView,
  elementBytes: number,
  ...block: readonly number[]
) => void;

/** The addon's; undefined where there is no addon, or one of another version. */
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
