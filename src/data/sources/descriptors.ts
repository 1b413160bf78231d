/**
 * Manages the descriptors of open files. A process has few of them (typically 256 or 1024), a dataset may have
 * thousands of files. When the system refuses another one, idle descriptors are closed, least recently used first, and
 * reopened when their files are read again.
 */
import { close, constants, fstat, open, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { EwaldError } from '../../base/errors.js';
import { fileError, tooManyFiles } from '../../base/file-errors.js';

const [openFile, statFile, closeFile] = [promisify(open), promisify(fstat), promisify(close)];

/** Otherwise opening a pipe would block until a writer opens it, and could not be aborted. Windows has neither. */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** Descriptors that are closed at a time, because several opens fail together. */
const closedTogether = 8;
/** Waits for descriptors released elsewhere, in ms: about a second and a half in all. */
const waitsMs = [10, 30, 100, 300, 1000];

/** Open descriptors, least recently used first. The limit applies to the process, and therefore so does the list. */
const held = new Set<Descriptor>();

/** Closes some idle descriptors; returns false if there are none. */
async function giveBack(): Promise<boolean> {
  const idle = [...held].filter((one) => one.idle).slice(0, closedTogether);
  await Promise.all(idle.map((one) => one.park()));
  return idle.length > 0;
}

/** Like `open`, but makes room or waits if too many files are open. */
async function openPatiently(path: string): Promise<number> {
  for (let wait = 0; ; ) {
    try {
      return await openFile(path, toRead);
    } catch (error) {
      if (!tooManyFiles(error)) throw error;
      if (await giveBack()) continue;
      const ms = waitsMs[wait++];
      if (ms === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}

/** A file that is open, or was and can be reopened. */
export class Descriptor {
  readonly path: string;
  readonly stat: Stats;
  /** Undefined while it is closed to make room. */
  #fd: number | undefined;
  #reopening: Promise<number> | undefined;
  #readers = 0;

  private constructor(path: string, fd: number, stat: Stats) {
    this.path = path;
    this.#fd = fd;
    this.stat = stat;
  }

  /** Opens a file. Throws the error of the system. */
  static async open(path: string): Promise<Descriptor> {
    const fd = await openPatiently(path);
    const made = new Descriptor(path, fd, await statFile(fd));
    held.add(made);
    return made;
  }

  get idle(): boolean {
    return this.#readers === 0 && this.#fd !== undefined;
  }

  /** Returns its number to a reader, until `release`. Throws `File` if another file has taken its place. */
  take(): number | Promise<number> {
    this.#readers++;
    if (this.#fd !== undefined) {
      // Moves it to the end, as the most recently used.
      held.delete(this);
      held.add(this);
      return this.#fd;
    }
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  release(): void {
    this.#readers--;
  }

  /** Closes it to make room. */
  async park(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    held.delete(this);
    if (fd !== undefined) await closeFile(fd);
  }

  async #reopen(): Promise<number> {
    let fd: number;
    try {
      fd = await openPatiently(this.path);
    } catch (cause) {
      throw fileError(this.path, 'read', cause);
    }
    const { dev, ino, size, mtimeMs } = await statFile(fd);
    const { stat } = this;
    if (dev !== stat.dev || ino !== stat.ino || size < stat.size || (size === stat.size && mtimeMs !== stat.mtimeMs)) {
      await closeFile(fd);
      throw new EwaldError('File', `${this.path} changed while it was being read; open it again`, {
        detail: { path: this.path, changed: true },
      });
    }
    this.#fd = fd;
    held.add(this);
    return fd;
  }
}
