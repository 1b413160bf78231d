/** The folder of shards beside the stream of a run: NAME.shards. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { argumentError, setting } from '../../options/parameters.js';
import { entriesIn, shardFile, tokenFile } from '../../parallel/shards.js';
import { crc32 } from '../../util/crc32.js';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import type { StoredBytes } from '../record.js';
import { sameRun } from '../sinks/same-run.js';
import { isStream } from '../sinks/stream-file.js';
import type { ShardFolder, ShardFolderOptions } from './folder.js';

const headFile = 'head';
/** Milliseconds for which a file on a network may show another machine's bytes late. */
const lateMs = 20_000;
/** Largest number of shards that are open at a time. */
const maxOpen = 64;

/** Opens the folder of a stream; undefined without one. Throws `Argument` for the folder of another run. */
export async function openShardFolder(
  stream: string,
  { make, ...how }: ShardFolderOptions,
): Promise<ShardFolder | undefined> {
  const { head } = how;
  const path = `${resolve(stream)}.shards`;
  const isThere = (await stat(path).catch(() => undefined))?.isDirectory();
  const isMade =
    !isThere &&
    make &&
    (await mkdir(path).then(
      () => true,
      () => false,
    ));
  if (isThere) await takeOver(path, how);
  else if (!isMade) return undefined;
  const token = randomBytes(12).toString('hex');
  const names = await readdir(path);
  const earlier: unknown[] = [];
  try {
    for (const name of names.filter((one) => one.endsWith('.index')))
      earlier.push(...entriesIn(await readFile(join(path, name))));
    await writeFile(join(path, headFile), head);
    await writeFile(join(path, tokenFile), token);
  } catch (cause) {
    throw fileError(path, 'written', cause);
  }
  return new Folder(path, token, earlier);
}

/** Continues an earlier run, or empties its folder. */
async function takeOver(path: string, { resume, force, head }: Omit<ShardFolderOptions, 'make'>): Promise<void> {
  const names = await readdir(path).catch((cause) => {
    throw fileError(path, 'read', cause);
  });
  const before = await readFile(join(path, headFile), 'utf8').catch(() => undefined);
  // A folder of that name that somebody else has made may have a file "head" as well.
  const isOther = before !== undefined && before !== '' && !isStream(new TextEncoder().encode(before));
  const foreign = isOther ? headFile : names.find((name) => !isOwnName(name));
  if (foreign !== undefined)
    throw new EwaldError(
      'Argument',
      `${path} is the folder in which workers store results, and also has the file "${foreign}"; move it away`,
    );
  if (resume && before !== undefined) return sameRun(before, head, path);
  if (names.some((name) => name.endsWith('.text')) && !force)
    throw argumentError(
      '',
      (said) =>
        `${path} contains the frames of an interrupted run; continue it with ${setting(said, 'resume', true)}, or ` +
        `start again with ${setting(said, 'force', true)}`,
    );
  for (const name of names) await rm(join(path, name), { force: true });
}

const isOwnName = (name: string): boolean => name === headFile || name === tokenFile || shardFile.test(name);

/** Removes what a run has stored in a folder, and the folder unless somebody else has put a file there. */
async function removeShards(path: string): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const names = await readdir(path).catch(() => []);
    for (const name of names.filter(isOwnName)) await rm(join(path, name), { force: true }).catch(() => undefined);
    const isGone = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (isGone || !names.every(isOwnName)) return;
    // A worker may be creating its shard at this moment.
    await pause(100 * tries);
  }
}

class Folder implements ShardFolder {
  readonly path: string;
  readonly token: string;
  readonly earlier: readonly unknown[];
  readonly #open = new Map<string, FileHandle>();

  constructor(path: string, token: string, earlier: readonly unknown[]) {
    this.path = path;
    this.token = token;
    this.earlier = earlier;
  }

  /** Reads places that follow one another in one shard. */
  async read(places: readonly StoredBytes[]): Promise<Uint8Array> {
    const [first] = places as readonly [StoredBytes];
    const file = join(this.path, `${first.shard}.text`);
    const length = places.reduce((sum, storedBytes) => sum + storedBytes.length, 0);
    for (const until = Date.now() + lateMs; ; await pause(200)) {
      const bytes = await this.#bytes(first.shard, file, first.at, length);
      let at = 0;
      const isWhole = places.every((place) => {
        at += place.length;
        return bytes.length >= at && crc32(bytes.subarray(at - place.length, at)) === place.crc;
      });
      if (isWhole) return bytes;
      if (Date.now() > until)
        throw new EwaldError(
          'File',
          `${file} does not have the ${length} bytes at ${first.at} that a worker has stored: it has ` +
            `${bytes.length === length ? 'others' : `only ${bytes.length}`}; resume the run, which computes them again`,
          { detail: { path: file } },
        );
      await this.#forget(first.shard);
    }
  }

  async holds({ shard, at, length, crc }: StoredBytes): Promise<boolean> {
    const bytes = await this.#bytes(shard, join(this.path, `${shard}.text`), at, length).catch(() => undefined);
    return bytes?.length === length && crc32(bytes) === crc;
  }

  async close(keep: boolean): Promise<void> {
    for (const shard of [...this.#open.keys()]) await this.#forget(shard);
    const isKept = keep && (await readdir(this.path).catch(() => [])).some((name) => name.endsWith('.text'));
    if (!isKept) await removeShards(this.path);
  }

  async #bytes(shard: string, file: string, at: number, length: number): Promise<Uint8Array> {
    try {
      let handle = this.#open.get(shard);
      if (!handle) {
        const [oldest] = this.#open.keys();
        if (this.#open.size >= maxOpen && oldest !== undefined) await this.#forget(oldest);
        handle = await open(file, 'r');
        this.#open.set(shard, handle);
      }
      const bytes = new Uint8Array(length);
      let done = 0;
      for (let read = 1; done < length && read > 0; done += read)
        read = (await handle.read(bytes, done, length - done, at + done)).bytesRead;
      return bytes.subarray(0, done);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array(0);
      throw fileError(file, 'read', cause);
    }
  }

  async #forget(shard: string): Promise<void> {
    const handle = this.#open.get(shard);
    this.#open.delete(shard);
    await handle?.close();
  }
}
