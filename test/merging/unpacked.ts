/** Compressed files of the test data. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { dataFolder } from '../support/data.js';

/** A file of the folder merge, which is compressed with xz; Node itself cannot decompress that. */
export function unpacked(...path: string[]): Uint8Array {
  const { stdout, status, error } = spawnSync('xz', ['-dc', join(dataFolder ?? '', 'merge', ...path)], {
    maxBuffer: 2 ** 28,
  });
  if (error || status !== 0) throw new Error(`xz could not read ${path.join('/')}`, { cause: error });
  return stdout;
}
