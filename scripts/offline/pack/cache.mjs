// Keeps files that take long to make in build/offline-cache, under a name derived from their inputs.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../lib/run.mjs';

export const cache = join(root, 'build/offline-cache');
mkdirSync(cache, { recursive: true });

/** A hash of sixteen digits of any value that can be written as JSON. */
export const keyOf = (what) => createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);

/** Identifies a file without reading it. */
export function fileKey(path) {
  const { size, mtimeMs } = statSync(path);
  return [path, size, mtimeMs];
}

/** The newest version of a symbol family (GLIBC, GLIBCXX) that binaries require, such as `2.34`, or undefined. */
export function newestSymbol(family, files) {
  const rank = (version) => version.split('.').reduce((sum, part, i) => sum + Number(part) / 1000 ** i, 0);
  const versions = files.flatMap(
    (file) => readFileSync(file, 'latin1').match(new RegExp(`(?<=${family}_)\\d+(\\.\\d+)+`, 'g')) ?? [],
  );
  return versions.reduce(
    (best, version) => (best === undefined || rank(version) > rank(best) ? version : best),
    undefined,
  );
}
