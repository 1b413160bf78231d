/** Shards as a worker writes them. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { flush } from '../frames/files/flush.js';
import { EwaldError } from '../util/errors.js';
import { fileError } from '../util/file-errors.js';
import type { Shard } from '../util/task-scope.js';
import { entryOf, shardName, tokenFile } from './shards.js';

/** The real path of the folder in which a worker may create shards. Throws `Argument` for other paths. */
export async function shardsFolder(folder: string): Promise<string> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return realpath(folder);
  throw new EwaldError(
    'Argument',
    `shards is "${folder}": ${stats ? 'it is a file' : 'there is no such folder'}; expected a folder that this ` +
      'machine shares with the clients',
  );
}

/** The first bytes of a file; undefined if it cannot be read. */
async function headOf(file: string, most: number): Promise<string | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  try {
    const read = await handle?.read(new Uint8Array(most), 0, most, 0);
    return read && new TextDecoder().decode(read.buffer.subarray(0, read.bytesRead));
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

/**
 * Creates a shard in `folder`, which lies in `allowed` (a real path) and whose token is `token`; undefined if there is
 * no such folder here. Files that exist are not opened, so nothing is replaced. Throws `File`.
 */
export async function openShard(allowed: string, folder: string, token: string): Promise<Shard | undefined> {
  const real = await realpath(folder).catch(() => undefined);
  if (!shardName.test(token) || !real?.startsWith(allowed.endsWith(sep) ? allowed : allowed + sep)) return undefined;
  if ((await headOf(join(real, tokenFile), 64)) !== token) return undefined;
  const name = randomBytes(12).toString('hex');
  const text = await Appended.create(join(real, `${name}.text`));
  const index = await Appended.create(join(real, `${name}.index`)).catch(async (error: unknown) => {
    await text.dispose();
    throw error;
  });
  return {
    name,
    async append(pieces, entry) {
      const at = text.end;
      // The texts are on the disk before an entry names them, and the entry is before it is reported.
      await text.append(pieces);
      await index.append([entryOf(entry(at))]);
      return at;
    },
    async dispose() {
      await text.dispose();
      await index.dispose();
      // Nothing refers to a shard without an entry, which is left by a full disk.
      if (index.end === 0) for (const { path } of [text, index]) await rm(path, { force: true }).catch(() => {});
    },
  };
}

/** A file that one process appends to; what an append has not finished is overwritten by the next one. */
class Appended {
  readonly path: string;
  readonly #handle: FileHandle;
  end = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  static async create(path: string): Promise<Appended> {
    try {
      return new Appended(path, await open(path, 'wx'));
    } catch (cause) {
      throw fileError(path, 'written', cause);
    }
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    try {
      let { end } = this;
      for (const piece of pieces)
        for (let done = 0; done < piece.length; ) {
          const { bytesWritten } = await this.#handle.write(piece, done, piece.length - done, end);
          done += bytesWritten;
          end += bytesWritten;
        }
      // Other machines see the end of a file on a network only after a flush.
      await flush(this.#handle);
      this.end = end;
    } catch (cause) {
      throw fileError(this.path, 'written', cause);
    }
  }

  /** Closes the file without what an append has not finished. */
  async dispose(): Promise<void> {
    await this.#handle.truncate(this.end).catch(() => {});
    await this.#handle.close();
  }
}
