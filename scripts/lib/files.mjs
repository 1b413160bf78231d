// File functions of the build: lists, content hashes, stamps, and atomic writes.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { root } from './run.mjs';

/**
 * All files under `folder` (relative to the repository, sorted); the file itself if it is a file; an empty list if it
 * does not exist.
 */
export function filesUnder(folder, keep = () => true) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [folder];
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? filesUnder(`${folder}/${entry.name}`, keep) : [`${folder}/${entry.name}`].filter(keep),
    )
    .sort();
}

/** A hash of the names and contents of files and of any other value that matters. */
export function hashOf(files, more = []) {
  const hash = createHash('sha256').update(JSON.stringify(more));
  for (const file of files) {
    const path = join(root, file);
    hash.update(`\0${file}\0`).update(existsSync(path) ? readFileSync(path) : 'absent');
  }
  return hash.digest('hex');
}

const stampPath = (part) => join(root, 'build/stamps', `${part}.json`);

/** The stamp of a part from its last build. */
export function readStamp(part) {
  try {
    return JSON.parse(readFileSync(stampPath(part), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Stores a stamp for a part; undefined removes it. */
export function writeStamp(part, stamp) {
  if (stamp === undefined) rmSync(stampPath(part), { force: true });
  else writeWhole(stampPath(part), `${JSON.stringify(stamp, null, 2)}\n`);
}

/** Writes a file atomically: readers see either the old or the new content. */
export function writeWhole(path, content, mode) {
  mkdirSync(dirname(path), { recursive: true });
  const aside = `${path}.${process.pid}.part`;
  writeFileSync(aside, content, mode === undefined ? undefined : { mode });
  renameSync(aside, path);
}

/** Copies a file atomically: readers see either the old or the new content. A loaded addon keeps its old inode. */
export function copyWhole(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  const aside = `${to}.${process.pid}.part`;
  copyFileSync(from, aside);
  renameSync(aside, to);
}

const brotli = promisify(brotliCompress);

/**
 * Writes a file compressed beside it, as the server sends it; returns its path. The level is the highest: such files
 * are small, and each is sent often.
 */
export async function writeCompressed(file) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 };
  writeWhole(join(root, `${file}.br`), await brotli(readFileSync(join(root, file)), { params }), 0o644);
  return `${file}.br`;
}

/** Removes the files under `folder` that are not in `wanted` (relative to the repository). */
export function prune(folder, wanted, candidate = () => true) {
  const keep = new Set(wanted);
  for (const file of filesUnder(folder, candidate)) if (!keep.has(file)) rmSync(join(root, file), { force: true });
}
