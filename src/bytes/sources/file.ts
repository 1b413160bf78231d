/** A file of the disk as a source, for Node. */
import { fstat, read, readv, type Stats } from 'node:fs';
import { stat as examine, readdir } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';
import { EwaldError } from '../../util/errors.js';
import { fileError, notAFile } from '../../util/file-errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import type { Turning } from '../byte-order.js';
import { absentFile, type ByteSource, partsInside, readTarget, type SiblingOptions } from '../byte-source.js';
import { Descriptor } from './descriptors.js';
import { OpenedFiles } from './opened-files.js';

const statFile = promisify(fstat);

// Promisified callback functions, because reads of a FileHandle cost about 10 µs more per call.
const readFile = promisify(read) as unknown as (
  fd: number,
  into: Uint8Array,
  at: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>;

const readVector = promisify(readv) as unknown as (
  fd: number,
  pieces: readonly Uint8Array[],
  position: number,
) => Promise<{ bytesRead: number }>;

/** Frames smaller than this do not get a buffer of their own in a vectored read. */
const minPiece = 4096;
/** For smaller reads the addon is no faster. It avoids destinations to which the system copies slowly. */
const minForAddon = 2 ** 17;
/** POSIX limits the number of buffers per call to this. */
const maxPieces = 1024;
/** Linux reads at most this much per call. */
const maxBytes = 2 ** 30;

const throughPipe = (path: string): EwaldError =>
  new EwaldError('File', `${path} is a pipe, but frames need random access; save it to a file first`, {
    detail: { path },
  });

/** The file descriptor of standard input. */
const standardInput = 0;

/** Opens a file. */
export type OpenFile = (path: string) => Promise<ByteSource>;

/**
 * Opens files; `loadTurning` returns the platform's faster implementations for swapping bytes and reading large pieces,
 * if any. It is called when the first file needs them: to look for an addon takes as long as to open a file.
 */
export function fileOpener(load: () => Turning | undefined): OpenFile {
  let loaded: { readonly turning: Turning | undefined } | undefined;
  const loadTurning = (): Turning | undefined => {
    loaded ??= { turning: load() };
    return loaded.turning;
  };
  return (path) => openFile(path, { loadTurning, opened: new OpenedFiles() });
}

/** The services that a source requires from its opener. */
interface Opener {
  readonly loadTurning: () => Turning | undefined;
  /** The file that was opened first, and those that were opened beside it. */
  readonly opened: OpenedFiles;
}

async function openFile(path: string, opener: Opener): Promise<ByteSource> {
  let descriptor: Descriptor;
  try {
    descriptor = await Descriptor.open(path);
  } catch (cause) {
    if (path === '-') return redirected(opener);
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw absentFile(path, isAbsolute(path) ? undefined : `in ${resolve()}`, cause);
    // A socket can be examined, but not opened.
    const stats = await examine(path).catch(() => undefined);
    throw stats?.isSocket() ? notAFile(path, stats) : fileError(path, 'read', cause);
  }
  const { stat } = descriptor;
  if (!stat.isFile()) {
    await descriptor.park();
    if (stat.isFIFO()) throw throughPipe(path);
    throw notAFile(path, stat);
  }
  return sourceOver(opener, descriptor, path, stat, resolve(path));
}

/** Standard input, which allows random access if it is a file. */
async function redirected(opener: Opener): Promise<ByteSource> {
  const stat = await statFile(standardInput).catch(() => undefined);
  if (!stat?.isFile()) throw throughPipe('standard input');
  // Standard input is not closed here and may be opened again.
  const nothing = (): undefined => undefined;
  const descriptor = { take: () => standardInput, release: nothing, renew: nothing, park: async () => undefined };
  return sourceOver(opener, descriptor, 'standard input', stat);
}

/** What a source reads from; standard input is one that stays open. */
type Taken = Pick<Descriptor, 'take' | 'release' | 'park' | 'renew'>;

/** The reads of an open file of `size` bytes; `path` is its name in messages. */
class FileReads {
  readonly #descriptor: Taken;
  readonly #path: string;
  readonly #size: number;
  readonly #loadTurning: () => Turning | undefined;
  #loaded: { readonly turning: Turning | undefined } | undefined;
  #flying = 0;
  #closed: Promise<void> | undefined;
  #landed: (() => void) | undefined;

  constructor(descriptor: Taken, path: string, size: number, loadTurning: () => Turning | undefined) {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#size = size;
    this.#loadTurning = loadTurning;
  }

  get turning(): Turning | undefined {
    this.#loaded ??= { turning: this.#loadTurning() };
    return this.#loaded.turning;
  }

  /** Work that `close` waits for. */
  async tracked(signal: PlatformSignal | undefined, work: (fd: number) => Promise<void>): Promise<void> {
    const path = this.#path;
    if (this.#closed) throw new EwaldError('Disposed', `${path} was closed; open it again`, { detail: { path } });
    checkSignal(signal);
    this.#flying++;
    try {
      await this.#retried(work);
    } catch (cause) {
      if (cause instanceof EwaldError) throw cause;
      throw fileError(path, 'read', cause);
    } finally {
      this.#descriptor.release();
      this.#flying--;
      if (this.#flying === 0) this.#landed?.();
    }
  }

  /** Work on the open file; if a server has restarted and does not know it any more, once more on a new one. */
  async #retried(work: (fd: number) => Promise<void>): Promise<void> {
    const taken = this.#descriptor.take();
    const fd = typeof taken === 'number' ? taken : await taken;
    try {
      await work(fd);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ESTALE') throw error;
      this.#descriptor.renew(fd);
      const again = this.#descriptor.take();
      try {
        await work(await again);
      } finally {
        this.#descriptor.release();
      }
    }
  }

  async readOne(fd: number, offset: number, out: Uint8Array, signal?: PlatformSignal): Promise<void> {
    const { byteLength } = out;
    const read = byteLength >= minForAddon ? this.turning?.readTurned : undefined;
    if (read && offset + byteLength <= this.#size)
      return this.inAddon(fd, offset, () => read(fd, offset, byteLength, byteLength, 1, out));
    for (let done = 0; done < byteLength; ) {
      const length = Math.min(maxBytes, byteLength - done);
      const { bytesRead } = await readFile(fd, out, done, length, offset + done);
      if (bytesRead === 0)
        throw new EwaldError(
          'File',
          `${this.#path} was truncated while it was being read: nothing at byte ${offset + done}`,
          { detail: { path: this.#path } },
        );
      done += bytesRead;
      checkSignal(signal);
    }
  }

  /** Reads in the addon, whose errors have no code: one byte read by Node gives the reason of the system. */
  async inAddon(fd: number, offset: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await readFile(fd, new Uint8Array(1), 0, 1, offset);
      throw error;
    }
  }

  async readPieces(fd: number, offset: number, pieces: readonly Uint8Array[], signal?: PlatformSignal): Promise<void> {
    for (let i = 0, at = offset; i < pieces.length; i += maxPieces) {
      const few = pieces.slice(i, i + maxPieces);
      let { bytesRead } = await readVector(fd, few, at);
      checkSignal(signal);
      // Reads piece by piece whatever the call did not return.
      for (const piece of few) {
        const done = Math.min(bytesRead, piece.byteLength);
        if (done < piece.byteLength) await this.readOne(fd, at + done, piece.subarray(done), signal);
        bytesRead -= done;
        at += piece.byteLength;
      }
    }
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      if (this.#flying > 0)
        await new Promise<void>((resolve) => {
          this.#landed = resolve;
        });
      await this.#descriptor.park();
    })();
    return this.#closed;
  }
}

/** A source over an open file, as it `was` then; `path` is its name in messages, `place` its location. */
function sourceOver(opener: Opener, descriptor: Taken, path: string, was: Stats, place?: string): ByteSource {
  const { loadTurning, opened } = opener;
  const { size } = was;
  opened.add({ name: path, place: place ?? standardInput, was });
  const reads = new FileReads(descriptor, path, size, loadTurning);
  const source: ByteSource = {
    name: path,
    ...(place === undefined ? {} : { path: place }),
    size,
    async read(offset, into, { signal } = {}) {
      const out = readTarget(source, offset, into);
      await reads.tracked(signal, (fd) => reads.readOne(fd, offset, out, signal));
      return out;
    },
    readFrames(offset, frames, into, { signal } = {}) {
      const { bytes, stride, turn } = frames;
      const count = into.byteLength / bytes;
      if (count === 0) return undefined;
      const length = (count - 1) * stride + bytes;
      if (offset + length > size) return undefined;
      const between = stride - bytes;
      const isSparse = between > bytes;
      if (turn > 1 || isSparse) {
        const turned = reads.turning?.readTurned;
        if (!turned) return undefined;
        const work = (fd: number) => reads.inAddon(fd, offset, () => turned(fd, offset, stride, bytes, turn, into));
        return reads.tracked(signal, work);
      }
      if (between <= 0 || bytes < minPiece) return undefined;
      // The gaps between frames are all read into the same few bytes and ignored.
      const gap = new Uint8Array(between);
      const pieces = Array.from({ length: 2 * count - 1 }, (_, i) =>
        i % 2 === 0 ? into.subarray((i / 2) * bytes, (i / 2 + 1) * bytes) : gap,
      );
      return reads.tracked(signal, (fd) => reads.readPieces(fd, offset, pieces, signal));
    },
    get swapBytes() {
      return reads.turning?.swapBytes;
    },
    async sibling(wanted: string, options: SiblingOptions = {}) {
      partsInside(path, wanted, options);
      return openFile(isAbsolute(wanted) ? wanted : resolve(dirname(path), wanted), opener);
    },
    async folders(wanted: string) {
      const parts = partsInside(path, wanted, {});
      const entries = await readdir(resolve(dirname(path), ...parts), { withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort();
    },
    changes: () => opened.changes(),
    close: () => reads.close(),
  };
  return source;
}
