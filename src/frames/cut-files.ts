/** Whether a file was cut, so that frames or parts of them are missing. */
import type { ByteSource } from '../bytes/byte-source.js';
import type { Dataset, SizeCheck } from './dataset.js';

/** The name of the check of sizes that compares the file with what its header states. */
export const bytesOfFile = 'bytes of the file';

/** Compares the size of a file with what its header states. */
export const checkFileBytes = ({ size }: Pick<ByteSource, 'size'>, expected: number): SizeCheck => ({
  what: bytesOfFile,
  expected,
  found: size,
});

/** A file that is shorter than its header states, or ends within a frame. */
export const isCutFile = ({ notes, sizes }: Pick<Dataset, 'notes' | 'sizes'>): boolean =>
  notes.some(({ isCut }) => isCut) ||
  sizes.some(({ what, expected, found }) => what === bytesOfFile && found < expected);
