/**
 * Descriptors of the files that are read. A process has few of them (256 or 1024 are usual), a dataset may have
 * thousands of files: when the system gives no more, those that nobody reads just now are closed, the longest unused
 * first, and opened again when they are read.
 */
import { close, constants, fstat, open, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { EwaldError } from '../../base/errors.js';
import { fileError, tooManyFiles } from '../../base/file-errors.js';

const [openFile, statFile, closeFile] = [promisify(open), promisify(fstat), promisify(close)];

/** Opening a pipe would else wait for somebody who writes into it, and nothing could end that. Windows has neither. */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** Descriptors that are given back at a time: several opens fail together. */
const closedTogether = 8;
/** Waits for descriptors that others give back, in ms: a second and a half in all. */
const waitsMs = [10, 30, 100, 300, 1000];

/** Those that are open, the longest unused first. The limit is one of the process, and so is the list. */
const held = new Set<Descriptor>();

/** Closes some that nobody reads from; false where there is none. */
async function giveBack(): Promise<boolean> {
  const idle = [...held].filter((one) => one.idle).slice(0, closedTogether);
  await Promise.all(idle.map((one) => one.park()));
  return idle.length > 0;
}

/** As `open`; where too many files are open, it makes room or waits for it. */
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

/** One file that is open, or was and will be again. */
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

  /** Opens a file. Throws what the system says. */
  static async open(path: string): Promise<Descriptor> {
    const fd = await openPatiently(path);
    const made = new Descriptor(path, fd, await statFile(fd));
    held.add(made);
    return made;
  }

  get idle(): boolean {
    return this.#readers === 0 && this.#fd !== undefined;
  }

  /** Its number for a reader, until `release`. Throws `File` where another file has taken its place. */
  take(): number | Promise<number> {
    this.#readers++;
    if (this.#fd !== undefined) {
      // Latest use last.
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
      throw new EwaldError('File', `${this.path} changed while it was read; open it again`, {
        detail: { path: this.path, changed: true },
      });
    }
    this.#fd = fd;
    held.add(this);
    return fd;
  }
}
