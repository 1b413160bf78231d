/**
 * The way in which commands and the library write files, and the policy for which files may be replaced.
 *
 * - A regular file is written under another name in its own folder, flushed to disk, and renamed: whatever fails,
 *   readers see the complete new file or the old one. Symbolic links are followed. Anything but a regular file (a
 *   device, a pipe, `-` for standard output) is written directly and never replaced.
 * - An input is never an output, not even with `force`.
 * - Without `force` an existing file is replaced only if it is empty, or states that ewald wrote it.
 * - A file has one writer; a second writer is refused with the identity of the first.
 */
import { access, constants, type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { argumentError, setting } from '../../options/parameters.js';
import { compressedName } from '../../util/compression.js';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { flush, flushFolder } from './flush.js';
import { refuseInputs, refuseOpen } from './inputs.js';
import { interruption, onExit } from './interrupt.js';
import { type Lock, lockFile, refuseLocked } from './lock.js';
import { pipeOutput } from './named-pipe.js';
import { absent, followed, temporaryBeside } from './names.js';

/** Options for writing a file. */
export interface WriteOptions {
  /** Replace a file that ewald did not write. */
  readonly force?: boolean | undefined;
  /** Files that are read at the same time. None of them is ever replaced. */
  readonly inputs?: readonly string[] | undefined;
  /** Inputs that may be folders or patterns: a file that would match them next time is not written either. */
  readonly series?: readonly string[] | undefined;
  /** Whether every file of frames in a folder is an input, not only those of the most common format. */
  readonly everyFormat?: boolean | undefined;
  /**
   * Whether a file with this beginning and end (up to 4096 bytes each) states that ewald wrote it, as a result of this
   * kind. If omitted, the format has no room for that, and only an empty file is replaced without `force`.
   */
  readonly replaces?: ((head: Uint8Array, tail: Uint8Array) => boolean) | undefined;
  /**
   * Whether a `NAME.part` that begins with these bytes is what an interrupted run of this kind left, for formats whose
   * files cannot state who wrote them. It is removed when `NAME` is complete.
   */
  readonly left?: ((head: Uint8Array) => boolean) | undefined;
  /** Endings of the names of this format, such as .npy; a name with the ending of another format is refused. */
  readonly endings?: readonly string[] | undefined;
  /** Reason for the refusal, such as "is not a stream of ewald". */
  readonly otherwise?: string | undefined;
  /** Ends the wait for the reader of a named pipe. Default: Ctrl-C. */
  readonly signal?: PlatformSignal | undefined;
  /** The right to write all files of a folder, held by the caller; if omitted, each file is locked by itself. */
  readonly lock?: Lock | undefined;
  /**
   * For bytes that cannot be had again, such as frames of a detector: they are written as `NAME.part`, which stays
   * whatever ends the process, and after a failed write. Only `close` and `discard` end it.
   */
  readonly leavesPart?: boolean | undefined;
}

/** A file being written: it appears under its name at `close`, and never after `discard`. */
export interface Output {
  write(bytes: string | Uint8Array): Promise<void>;
  /** Path of the bytes until `close`, for writers that open it themselves; undefined if they are written directly. */
  readonly temporary?: string;
  /** Overwrites bytes that were written before; absent if the output is not seekable, such as a pipe. */
  patch?(at: number, bytes: Uint8Array): Promise<void>;
  /** Gives the file its name. */
  close(): Promise<void>;
  /**
   * Saves an interrupted file as `NAME.part` and leaves `NAME` unchanged; returns that name, or undefined for a pipe.
   */
  keep(): Promise<string | undefined>;
  discard(): Promise<void>;
}

/** Writes a whole file. Throws `File`, `Argument` for a file that must not be replaced. */
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

/**
 * Opens a file that is written piece by piece.
 *
 * Throws `Argument` for an input and for a file that must not be replaced, `File` while another process writes it and
 * for errors of the system.
 */
export async function openOutput(file: string, options: WriteOptions = {}): Promise<Output> {
  if (file === '-') return standardOutput();
  return saying(file, async () => {
    const { target, there, isPlain } = await permitted(file, options);
    if (there?.isFIFO()) return pipeOutput(file, options.signal ?? interruption());
    if (!isPlain) return through(file);
    const lock = options.lock ? undefined : await lockFile(file, target);
    try {
      // Check again: another writer may have finished in the meantime.
      if (lock) await permitted(file, options);
      return await beside(file, target, there?.mode, lock, options);
    } catch (error) {
      await lock?.release();
      throw error;
    }
  });
}

/** Refuses early what `openOutput` would refuse, before the work is done. */
export async function checkOutput(file: string, options: WriteOptions = {}): Promise<void> {
  if (file === '-') return;
  await saying(file, async () => {
    const { target, isPlain } = await permitted(file, options);
    if (!isPlain) return;
    await access(dirname(target), constants.W_OK);
    if (!options.lock) await refuseLocked(file, target);
  });
}

/**
 * Whether an output is no file of its own: a device, a pipe, or a stream of the shell. What would be written beside it
 * has no name.
 */
export async function isWrittenThrough(file: string): Promise<boolean> {
  if (file === '-' || writtenThrough(file)) return true;
  const there = await stat(file).catch(() => undefined);
  return there !== undefined && !there.isFile() && !there.isDirectory();
}

async function saying<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(file, 'written', cause);
  }
}

/** Target of a name, the existing file, and whether it is a regular one. */
interface Permitted {
  readonly target: string;
  readonly there: { readonly size: number; readonly mode: number; isFIFO(): boolean } | undefined;
  readonly isPlain: boolean;
}

/** Applies the policy: the target of a name, and whether it is a regular file, if it may be written. */
export async function permitted(file: string, options: WriteOptions): Promise<Permitted> {
  refuseUnnamed(file);
  refuseCompressed(file);
  if (options.endings) refuseEnding(file, options.endings);
  if (writtenThrough(file)) return { target: file, there: undefined, isPlain: false };
  const target = await followed(file);
  const there = await stat(target).catch(absent);
  if (there?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  if (there && !there.isFile()) return { target, there, isPlain: false };
  const folder = there ? undefined : await stat(dirname(target)).catch(absent);
  if (!there && !folder) throw noFolder(file, dirname(target));
  if (folder?.isDirectory() === false) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  await refuseInputs(file, options);
  if (there && options.force) await refuseOpen(file, target);
  if (there && there.size > 0) await mayReplace(file, target, options);
  return { target, there, isPlain: true };
}

const noFolder = (file: string, folder: string): EwaldError =>
  new EwaldError('File', `${file} cannot be written: the folder ${shortest(folder)} does not exist; make it first`, {
    detail: { path: file },
  });

/** A path as users write it: relative to the current folder if it is inside. */
const shortest = (path: string): string => {
  const within = relative('', path);
  return within.startsWith('..') ? path : within;
};

/** An empty name is that of the current folder to the system. Throws `Argument`. */
function refuseUnnamed(file: string): void {
  if (file.trim() === '')
    throw new EwaldError('Argument', 'the name of an output is empty; expected the name of a file');
}

/** Endings that indicate the contents of a file. Others, such as .out, indicate nothing. */
const knownEndings =
  /\.(cbf|cell|csv|cxi|geom|h5|hdf5|hkl|html?|json|mib|mrc|mtz|npy|npz|nxs|pdb|png|raw|sol|stream|svg|tiff?|zarr)$/i;

/** Rejects a name of a compressed file, because outputs are not compressed. Throws `Argument`. */
function refuseCompressed(file: string): void {
  const ending = compressedName.exec(file)?.[0];
  if (ending !== undefined)
    throw new EwaldError(
      'Argument',
      `${file} is named like a compressed file, and outputs are not compressed; write ` +
        `${file.slice(0, -ending.length)} and compress it afterwards`,
      { detail: { path: file } },
    );
}

/** Endings of texts, which formats of bytes are not. */
const textEndings = /\.(txt|text|log|md|tsv)$/i;
const binaryEndings: readonly string[] = ['.h5', '.hdf5', '.mtz', '.npy', '.png'];

/** Rejects a name that indicates another format, because the file would be misread. Throws `Argument`. */
function refuseEnding(file: string, endings: readonly string[]): void {
  const isBinary = endings.some((ending) => binaryEndings.includes(ending));
  const ending = (knownEndings.exec(file) ?? (isBinary ? textEndings.exec(file) : undefined))?.[0].toLowerCase();
  if (ending !== undefined && !endings.includes(ending))
    throw new EwaldError('Argument', `${file} ends in ${ending}, another format; expected ${endings.join(' or ')}`, {
      detail: { path: file },
    });
}

/**
 * Names of streams that this process already has open; a shell may have redirected them to a file, which must not be
 * replaced.
 */
const writtenThrough = (file: string): boolean => /^\/(proc|dev\/(stdout|stderr|fd))(\/|$)/.test(resolve(file));

/** Whether an existing file may be replaced: protected files and files that ewald did not write may not. */
async function mayReplace(file: string, target: string, { force, replaces, otherwise }: WriteOptions): Promise<void> {
  // A file that its owner has protected is not replaced by renaming another one over it.
  const handle = await open(target, 'r+');
  try {
    if (force) return;
    const { size } = await handle.stat();
    const bytesAt = async (place: number): Promise<Uint8Array> => {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(4096), 0, 4096, place);
      return buffer.subarray(0, bytesRead);
    };
    if (replaces?.(await bytesAt(0), await bytesAt(Math.max(0, size - 4096)))) return;
  } finally {
    await handle.close();
  }
  throw argumentError(
    '',
    (said) =>
      `${file} exists and ${otherwise ?? unstated(replaces)}; choose another name, or pass ` +
      setting(said, 'force', true),
    { path: file },
  );
}

/** Why a file is not replaced: files of some formats cannot state who wrote them. */
const unstated = (replaces: WriteOptions['replaces']): string =>
  replaces ? 'does not say that ewald wrote it' : 'its format cannot say which program wrote it';

/** Writes every byte, however few the system accepts at a time: at a position, or after the previous ones. */
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

const contentBytes = (content: string | Uint8Array): Uint8Array =>
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
      writeAll(handle, contentBytes(content)).catch((cause) => {
        throw fileError(file, 'written', cause);
      }),
    close,
    async keep() {
      await close();
      return undefined;
    },
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
    keep: async () => undefined,
    discard: async () => {},
  };
}

async function beside(
  file: string,
  target: string,
  mode: number | undefined,
  lock: Lock | undefined,
  options: WriteOptions,
): Promise<Output> {
  const stays = options.leavesPart === true;
  const temporary = stays ? await unusedPart(target) : (lock?.temporary ?? temporaryBeside(target));
  const forget = stays ? () => undefined : onExit(temporary);
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
    await lock?.release();
  };
  /** Runs a step; if it fails, everything is removed, except what must stay. */
  const step = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (cause) {
      const error = cause instanceof EwaldError ? cause : fileError(file, 'written', cause);
      if (!stays || state === 'gone') {
        await discard();
        throw error;
      }
      if (state === 'open') await handle.close().catch(() => {});
      state = 'gone';
      await lock?.release();
      throw new EwaldError(error.tag, `${error.message}; what was written before is in ${temporary}`, {
        cause: error,
        detail: error.detail,
      });
    }
  };
  const endAs = (name: string): Promise<void> =>
    step(async () => {
      await flush(handle);
      await handle.close();
      state = 'closed';
      await lock?.confirm();
      // Files that a master file names are opened when their frames are read.
      if (name === target && options.force) await refuseOpen(file, target);
      await rename(temporary, name);
      state = 'gone';
      if (name === target) await removePart(target, options);
      forget();
      await lock?.release();
      await flushFolder(dirname(target));
    });
  return {
    temporary,
    discard,
    write: (content) => step(() => writeAll(handle, contentBytes(content))),
    patch: (at, bytes) => step(() => writeAll(handle, bytes, at)),
    close: () => endAs(target),
    async keep() {
      const name = await freePart(target, options);
      await endAs(name);
      // The path as the user wrote it; for a link, the path in the folder of its target.
      return resolve(file) === target ? `${file}${name.slice(target.length)}` : name;
    },
  };
}

/** `NAME.part`, or if that file must not be replaced, `NAME.part2` and so on. */
async function freePart(target: string, options: WriteOptions): Promise<string> {
  for (let n = 1; ; n++) {
    const name = `${target}.part${n > 1 ? n : ''}`;
    const there = await lstat(name).catch(absent);
    if (!there || (await isOwnPart(name, options))) return name;
  }
}

/** A `NAME.part` that does not exist, or that is empty and is removed. */
async function unusedPart(target: string): Promise<string> {
  const name = await freePart(target, {});
  await rm(name, { force: true });
  return name;
}

/** Whether a `NAME.part` may be replaced or removed: it is empty, ewald wrote it, or `force` is given. */
async function isOwnPart(name: string, options: WriteOptions): Promise<boolean> {
  const replaces = options.replaces ?? options.left;
  // A link is the user's, wherever it leads.
  const there = await lstat(name).catch(() => undefined);
  if (!there?.isFile()) return false;
  return (
    there.size === 0 ||
    mayReplace(name, name, { ...options, ...(replaces && { replaces }) }).then(
      () => true,
      () => false,
    )
  );
}

/**
 * Removes what an interrupted run left of a file that is complete now; a failure leaves it, and concerns nobody.
 * `force` is about the file that the user named, not about this one.
 */
async function removePart(target: string, options: WriteOptions): Promise<void> {
  const name = `${target}.part`;
  if (await isOwnPart(name, { ...options, force: false })) await rm(name, { force: true }).catch(() => undefined);
}
