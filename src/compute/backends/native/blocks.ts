/** What the native addon does for memory, if it is present: copying blocks, and huge pages. Node only. */
import { existsSync } from 'node:fs';
import { addonPath, loadAddon } from '../../../util/addon-path.node.js';
import { coreConstants } from '../../layout/core.js';

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

interface MemoryAddon {
  readonly abiVersion: number;
  readonly copyBlock: CopyBlock;
  readonly preferHugePages: (memory: Uint8Array) => number;
}

/** The addon; undefined if there is none, or one of another version. */
function memoryAddon(given?: string): MemoryAddon | undefined {
  const path = addonPath('ewald_native', given);
  if (!existsSync(path)) return undefined;
  try {
    const addon = loadAddon(path) as MemoryAddon;
    return addon.abiVersion === coreConstants.abiVersion ? addon : undefined;
  } catch {
    return undefined;
  }
}

/** The addon's function that copies blocks. */
export const nativeBlocks = (given?: string): CopyBlock | undefined => memoryAddon(given)?.copyBlock;

/** Requests huge pages for memory that nobody has touched yet. */
export function preferHugePages(memory: ArrayBufferLike, given?: string): void {
  memoryAddon(given)?.preferHugePages(new Uint8Array(memory));
}
