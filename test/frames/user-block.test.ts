/** HDF5 files that begin with a user block, as those of MATLAB do. */
import { expect, test } from 'vitest';
import { memorySource } from '../../src/bytes/sources/memory.js';
import { readSuperblock } from '../../src/hdf5/superblock.js';
import { array, treeFile } from './hdf5-tree.js';

const userBlock = 512;

test.each([
  ['written with it', userBlock],
  ['put before a finished file', 0],
])('a user block %s is not taken for bytes that are missing', async (_, base) => {
  const file = await treeFile({ data: array(Uint16Array.of(1, 2, 3), [3]) });
  const bytes = new Uint8Array(userBlock + file.length);
  bytes.set(file, userBlock);
  const superblock = new DataView(bytes.buffer, userBlock);
  expect([superblock.getUint8(8), superblock.getUint8(9)]).toEqual([2, 8]);
  // The base address, and the end of the file, which alone counts from the beginning of the file.
  const end = superblock.getBigUint64(28, true);
  superblock.setBigUint64(12, BigInt(base), true);
  superblock.setBigUint64(28, end + BigInt(base), true);
  const read = await readSuperblock(memorySource(bytes, 'user-block.h5'), { checksums: false });
  expect(read.end).toBe(bytes.length);
});
