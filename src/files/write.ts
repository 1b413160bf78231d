/**
 * The one way commands write files.
 *
 * A regular file is written under another name in its own folder, flushed to the disk, and renamed: readers see the
 * whole file or the one before it, whatever fails. Symbolic links are followed. What is not a regular file (a device, a
 * pipe, `-` for standard output) is written through and never replaced. A file that is there is replaced only when it is
 * such a result itself, when it is empty, or with `--force`.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { EwaldError } from '../errors.js';
import { fileError } from '../file-errors.js';
import { onExit } from './interrupt.js';

/** What a writer is told. */
export interface WriteOptions {
  /** Replace whatever file is there. */
  readonly force?: boolean;
  /**
   * Whether a file that begins with these bytes (up to 4096) is an older result of this kind, which may be replaced
   * without `--force`. Left out: nothing but an empty file is.
   */
  readonly replaces?: (head: Uint8Array) => boolean;
  /** What a file is that may not be replaced, for the refusal: "is no .npy file". */
  readonly otherwise?: string;
}

/** A file under way: it appears under its name at `close`, and not at all after `discard`. */
export interface Output {
  write(bytes: string | Uint8Array): Promise<void>;
  /** Where the bytes lie until `close`, for writers of their own; undefined where they are written through. */
  readonly temporary?: string;
  /** Replaces bytes that were written before; absent where nothing can be replaced, as in a pipe. */
  patch?(at: number, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

/** Writes a file whole. Throws `File`, `Argument` for one that is not to be replaced. */
export async function writeWhole(
  file: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const output = await openOutput(file, options);
  try {
    await output.write(content);
    await output.close();
  } catch (error) {
    await output.discard();
    throw error;
  }
}

/** Begins a file that is written piece by piece. Throws `File`, `Argument` for one that is not to be replaced. */
export async function openOutput(file: string, options: WriteOptions = {}): Promise<Output> {
  if (file === '-') return standardOutput();
  try {
    const target = await followed(file);
    const there = await stat(target).catch(absent);
    if (writtenThrough(file) || (there && !there.isFile() && !there.isDirectory())) return await through(file);
    if (there?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (there && there.size > 0) await mayReplace(file, target, options);
    return await beside(file, target, there?.mode);
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(file, 'written', cause);
  }
}

/** Refuses early what `openOutput` would refuse, before the work is done. */
export async function checkOutput(file: string, options: WriteOptions = {}): Promise<void> {
  if (file === '-' || writtenThrough(file)) return;
  try {
    const target = await followed(file);
    const there = await stat(target).catch(absent);
    if (there?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (there?.isFile() && there.size > 0) await mayReplace(file, target, options);
    if (!there) await stat(dirname(target));
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(file, 'written', cause);
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Names of what this process has open already; a shell may have sent them to a file, which is not ours to replace. */
const writtenThrough = (file: string): boolean => /^\/(proc|dev\/(stdout|stderr|fd))(\/|$)/.test(resolve(file));

/** Where a name leads: links are followed, to a file that is not there yet, too. */
async function followed(file: string): Promise<string> {
  let path = resolve(file);
  for (let hops = 0; hops < 40; hops++) {
    try {
      return await realpath(path);
    } catch (error) {
      absent(error as NodeJS.ErrnoException);
    }
    const link = await readlink(path).catch(() => undefined);
    if (link === undefined) return path;
    path = resolve(dirname(path), link);
  }
  throw Object.assign(new Error(), { code: 'ELOOP' });
}

async function mayReplace(file: string, target: string, { force, replaces, otherwise }: WriteOptions): Promise<void> {
  // A file that its owner protected is not replaced by renaming another one over it.
  const handle = await open(target, 'r+');
  try {
    if (force) return;
    const head = new Uint8Array(4096);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    if (replaces?.(head.subarray(0, bytesRead))) return;
  } finally {
    await handle.close();
  }
  throw new EwaldError(
    'Argument',
    `${file} exists and ${otherwise ?? 'is not a result of this command'}; choose another name, or pass --force`,
    { detail: { path: file } },
  );
}

/** Every byte, however little the system takes at a time: at a place, or where the last ones ended. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, place?: number): Promise<void> {
  // Node writes less than 2 GiB at a time.
  const most = 2 ** 26;
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(
      bytes,
      at,
      Math.min(most, bytes.length - at),
      place === undefined ? null : place + at,
    );
    at += bytesWritten;
  }
}

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

async function through(file: string): Promise<Output> {
  const handle = await open(file, 'w').catch((cause) => {
    throw fileError(file, 'written', cause);
  });
  let open_ = true;
  const close = async (): Promise<void> => {
    if (open_) await handle.close();
    open_ = false;
  };
  return {
    write: (content) =>
      writeAll(handle, bytesOf(content)).catch((cause) => {
        throw fileError(file, 'written', cause);
      }),
    close,
    discard: close,
  };
}

function standardOutput(): Output {
  return {
    write: (content) =>
      new Promise((done, failed) => {
        process.stdout.write(content, (cause) =>
          cause ? failed(fileError('standard output', 'written', cause)) : done(),
        );
      }),
    close: async () => {},
    discard: async () => {},
  };
}

async function beside(file: string, target: string, mode: number | undefined): Promise<Output> {
  const temporary = resolve(
    dirname(target),
    `.${basename(target).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  const forget = onExit(temporary);
  let state: 'open' | 'closed' | 'gone' = 'open';
  let handle: FileHandle;
  try {
    handle = await open(temporary, 'wx');
    if (mode !== undefined) await handle.chmod(mode & 0o7777);
  } catch (cause) {
    forget();
    throw fileError(file, 'written', cause);
  }
  const discard = async (): Promise<void> => {
    if (state === 'gone') return;
    if (state === 'open') await handle.close().catch(() => {});
    state = 'gone';
    await rm(temporary, { force: true });
    forget();
  };
  return {
    temporary,
    discard,
    async write(content) {
      try {
        await writeAll(handle, bytesOf(content));
      } catch (cause) {
        await discard();
        throw fileError(file, 'written', cause);
      }
    },
    async patch(at, bytes) {
      try {
        await writeAll(handle, bytes, at);
      } catch (cause) {
        await discard();
        throw fileError(file, 'written', cause);
      }
    },
    async close() {
      try {
        await handle.sync().catch(unlessUnable);
        await handle.close();
        state = 'closed';
        await rename(temporary, target);
        state = 'gone';
        forget();
        await flushFolder(dirname(target));
      } catch (cause) {
        await discard();
        throw fileError(file, 'written', cause);
      }
    },
  };
}

/** Some file systems cannot flush, which is no failure to write. */
function unlessUnable(error: NodeJS.ErrnoException): void {
  if (!['EINVAL', 'ENOSYS', 'ENOTSUP'].includes(error.code ?? '')) throw error;
}

/** The new name itself outlives a power cut once its folder is flushed; not every file system has that. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
