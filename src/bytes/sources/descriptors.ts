/**
 * Manages the descriptors of open files. A process has few of them (typically 256 or 1024), a dataset may have
 * thousands of files. When the system refuses another one, idle descriptors are closed, least recently used first, and
 * reopened when their files are read again. From then on some are left to the rest of the process, which cannot ask
 * for them.
 */
import { close, constants, fstat, open, type Stats } from 'node:fs';
import { EwaldError } from '../../util/errors.js';
import { fileError, tooManyFiles } from '../../util/file-errors.js';

/** The promise of a call that ends with `done(error, value)`; one that is promisified costs more at each call. */
const promised = <T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));

const openOne = (path: string, flags: number): Promise<number> => promised((done) => open(path, flags, done));
const closeOne = (fd: number): Promise<void> => promised((done) => close(fd, done as (error: Error | null) => void));
const statOne = (fd: number): Promise<Stats> => promised((done) => fstat(fd, done));

/** Otherwise opening a pipe would block until a writer opens it, and could not be aborted. Windows has neither. */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** Descriptors that are closed at a time, because several opens fail together; as many are left to others. */
const closedTogether = 8;
/** How long a refusal limits the number of open descriptors, in ms: the others may have closed theirs since. */
const refusalCountsMs = 60_000;
/** Waits for descriptors released elsewhere, in ms: about a second and a half in all. */
const waitsMs = [10, 30, 100, 300, 1000];

/** Open descriptors, least recently used first. The limit applies to the process, and therefore so does the list. */
const held = new Set<Descriptor>();

/** How many may be open here, known from the last refusal, and until when. */
let room = { descriptors: Number.POSITIVE_INFINITY, until: 0 };
/** How many are open here, and how many opens are under way. */
const now = { open: 0, opening: 0 };

/** Whether the opens under way would use up what is left to others. */
const full = (): boolean => now.open + now.opening > room.descriptors && performance.now() < room.until;

async function closeFile(fd: number): Promise<void> {
  now.open--;
  await closeOne(fd);
}

/** Closes some idle descriptors; returns false if there are none. */
async function giveBack(): Promise<boolean> {
  const idle = [...held].filter((descriptor) => descriptor.idle).slice(0, closedTogether);
  await Promise.all(idle.map((descriptor) => descriptor.park()));
  return idle.length > 0;
}

/** Like `open`, but makes room or waits if too many files are open. */
async function openPatiently(path: string): Promise<number> {
  now.opening++;
  try {
    while (full() && (await giveBack()));
    return await openOrWait(path);
  } finally {
    now.opening--;
  }
}

async function openOrWait(path: string): Promise<number> {
  for (let wait = 0; ; ) {
    try {
      const fd = await openOne(path, toRead);
      now.open++;
      return fd;
    } catch (error) {
      if (!tooManyFiles(error)) throw error;
      // Of several opens that were refused together, the first one knows.
      if (!full()) room = { descriptors: now.open - closedTogether, until: performance.now() + refusalCountsMs };
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
  /** Numbers that its file system no longer knows; they are closed after the last read. */
  readonly #stale: number[] = [];
  /** Whether its file system may have been mounted anew, as another device. */
  #isRenewed = false;

  private constructor(path: string, fd: number, stat: Stats) {
    this.path = path;
    this.#fd = fd;
    this.stat = stat;
  }

  /** Opens a file. Throws the error of the system. */
  static async open(path: string): Promise<Descriptor> {
    const fd = await openPatiently(path);
    const descriptor = new Descriptor(path, fd, await statOne(fd));
    held.add(descriptor);
    return descriptor;
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
    if (this.#readers === 0) for (const fd of this.#stale.splice(0)) void closeFile(fd).catch(() => undefined);
  }

  /** The server of its file system has restarted and no longer knows the number: the next reader opens it again. */
  renew(fd: number): void {
    if (this.#fd !== fd) return;
    this.#fd = undefined;
    held.delete(this);
    this.#stale.push(fd);
    this.#isRenewed = true;
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
    const { dev, ino, size, mtimeMs } = await statOne(fd);
    const { stat } = this;
    const isMoved = dev !== stat.dev && !this.#isRenewed;
    if (isMoved || ino !== stat.ino || size < stat.size || (size === stat.size && mtimeMs !== stat.mtimeMs)) {
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
