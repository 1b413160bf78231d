/**
 * The stream written by a run: `NAME.part` while it is in progress, `NAME` when it is complete. A run that was
 * interrupted or killed, or whose disk was full, leaves `NAME.part` with every finished frame, and renames the `NAME` of
 * an earlier run to `NAME.before`; `--resume` continues after the last frame, and retries those that could not be read.
 */
import { constants, createReadStream } from 'node:fs';
import { copyFile, type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readRawStream } from '../../crystal/stream/raw.js';
import { marks } from '../../crystal/stream/stream.js';
import { flush, flushFolder } from '../../frames/files/flush.js';
import { GatheredWrites, writePieces } from '../../frames/files/gathered.js';
import { linesOf } from '../../frames/files/lines.js';
import { type Lock, lockFile } from '../../frames/files/lock.js';
import { absent } from '../../frames/files/names.js';
import { openSide, sideFile } from '../../frames/files/side-files.js';
import { checkOutput, openOutput, permitted } from '../../frames/files/write.js';
import { argumentError, setting } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import { fileStamp } from '../../util/file-identity.js';
import { FramesFile } from './frames-file.node.js';
import { sameRun } from './same-run.js';
import {
  type EarlierFrames,
  isLeftStream,
  type StreamCheck,
  type StreamFile,
  type StreamFileOptions,
  streamThrough,
  streamWriting,
} from './stream-file.js';

/**
 * Rejects early, before the work is done, what `openStreamFile` would reject about the file itself. Returns what is under
 * its name; undefined if it is not a regular file.
 */
export async function checkStreamFile(
  file: string,
  { force, resume, reads, most = Number.POSITIVE_INFINITY }: StreamCheck,
): Promise<string | undefined> {
  const writing = streamWriting(force, reads);
  await checkOutput(file, writing);
  if (file === '-') return undefined;
  const { target, isPlain } = await permitted(file, writing);
  if (!isPlain) return undefined;
  const before = await stampOf(target);
  await refuseLeft({ file, target, part: `${target}.part` }, { force, resume });
  if (!force && !resume) await refuseLosing(file, target, most);
  return before;
}

/** What changes when the file is another one; empty if there is none. */
const stampOf = async (path: string): Promise<string> => (await fileStamp(path)) ?? '';

/** Refuses to replace a stream that was finished since the run began. Throws `File`. */
async function refuseLater(file: string, target: string, { force, resume, before }: StreamFileOptions): Promise<void> {
  if (force || resume || before === undefined || (await stampOf(target)) === before) return;
  throw new EwaldError(
    'File',
    `${file} was written by another run since this one began; it is kept, and this run needs another name`,
    { detail: { path: file } },
  );
}

/** Names of frames that were received: the address of a socket. */
const received = /^(tcp|ipc|inproc|ws):\/\//;

/**
 * Refuses to replace the stream of a finished run by one of fewer frames, or one of received frames, which cannot come
 * again. Throws `Argument`.
 */
async function refuseLosing(file: string, target: string, most: number): Promise<void> {
  const left = await stat(target).catch(() => undefined);
  if (!left?.size) return;
  const lines = linesOf(target);
  let frames = 0;
  try {
    const raw = await readRawStream(lines, target);
    for await (const { filename } of raw.chunks()) {
      if (received.test(filename)) throw ofReceived(file);
      // Of frames that still arrive, the number is not known.
      if (++frames > most || most === Number.POSITIVE_INFINITY) break;
    }
  } finally {
    await lines.return(undefined);
  }
  if (frames <= most || most === Number.POSITIVE_INFINITY) return;
  throw argumentError(
    '',
    (said) =>
      `${file} is the stream of a finished run, with more frames than the ${most} of this one; give another name, or ` +
      `replace it with ${setting(said, 'force', true)}`,
  );
}

const ofReceived = (file: string): EwaldError =>
  argumentError(
    '',
    (said) =>
      `${file} is of frames that were received, and cannot come again; choose another name, or pass ` +
      setting(said, 'force', true),
    { path: file },
  );

/**
 * Refuses to start a stream again while the frames of an interrupted run are there, and to write through what ewald did
 * not leave. Throws `Argument`.
 */
async function refuseLeft(
  place: Pick<StreamNames, 'file' | 'target' | 'part'>,
  { force, resume }: Pick<StreamFileOptions, 'force' | 'resume'>,
): Promise<void> {
  const side = await sideFile(place.part, isLeftStream);
  if (typeof side === 'object')
    throw new EwaldError(
      'Argument',
      `${shownPart(place)} ${side.other}, and the frames of a run are there until it is complete; move it away, or give ` +
        'the stream another name',
      { detail: { path: place.part } },
    );
  const left = await stat(place.part).catch(() => undefined);
  if (left && left.size > 0 && !force && !resume)
    throw argumentError(
      '',
      (said) =>
        `${shownPart(place)} contains the frames of an interrupted run; ` +
        `continue it with ${setting(said, 'resume', true)}, or start again with ${setting(said, 'force', true)}`,
    );
}

/** Starts a stream, or continues one. Throws `File`, `Argument`, `Format`. */
export async function openStreamFile(file: string, options: StreamFileOptions): Promise<StreamFile> {
  const writing = streamWriting(options.force, options.reads);
  await checkOutput(file, writing);
  const { target, isPlain } = file === '-' ? { target: file, isPlain: false } : await permitted(file, writing);
  if (!isPlain) {
    if (options.resume)
      throw argumentError('', (said) => `${said('resume')} requires a stream in a file; ${file} is not a regular file`);
    return streamThrough(await openOutput(file, { ...writing, signal: options.signal }), options.head);
  }
  // The lock is taken first: a file that another run is still writing must not be mistaken for one left by an ended
  // run.
  const lock = await lockFile(file, target);
  let frames: FramesFile | undefined;
  try {
    await refuseLater(file, target, options);
    const part = `${target}.part`;
    const [left, there] = await Promise.all([part, target].map((name) => stat(name).catch(() => undefined)));
    const goesOn = options.resume && (left ?? there) !== undefined;
    await refuseLeft({ file, target, part }, { ...options, resume: goesOn });
    if (options.keepsFrames) frames = await FramesFile.open(target, goesOn);
    else await FramesFile.remove(target);
    const place = { file, target, part, lock, frames, tell: options.tell };
    return goesOn ? await goOn(place, left !== undefined, options) : await started(place, options.head);
  } catch (error) {
    await frames?.close();
    if (!options.resume) await frames?.remove();
    await lock.release();
    throw error;
  }
}

const opened = (part: string, goesOn: boolean): Promise<FileHandle> =>
  openSide(part, { isOwn: isLeftStream, goesOn, holds: 'the frames of a run' });

/** The names of a stream, and the lock for writing it. */
interface StreamNames {
  /** The name given by the user. */
  readonly file: string;
  readonly target: string;
  readonly part: string;
  readonly lock: Lock;
  readonly frames: FramesFile | undefined;
  readonly tell: StreamFileOptions['tell'];
}

/**
 * The name of the file of an unfinished stream as the user would write it; for a link, the file is in the folder of the
 * link's target.
 */
const shownPart = ({ file, target, part }: Pick<StreamNames, 'file' | 'target' | 'part'>): string =>
  resolve(file) === target ? `${file}.part` : part;

/** The head of the run to be continued, which was started without `--resume`. */
const withoutResume = (head: string): string =>
  head.replace(/^(?:[^\n]*\n){2}[^\n]*/, (lines) => lines.replace(/ --resume(?= |$)/, ''));

async function started(place: StreamNames, head: string): Promise<PartFile> {
  const stream = new PartFile(place, await opened(place.part, false), 0);
  await stream.begin(head);
  return stream;
}

async function goOn(
  place: StreamNames,
  partIsThere: boolean,
  { head, earlier, unread }: StreamFileOptions,
): Promise<StreamFile> {
  const { target, part } = place;
  const from = partIsThere ? part : target;
  const { size } = await stat(from);
  if (partIsThere && size < Buffer.byteLength(head) && (await isBeginOf(from, withoutResume(head)))) {
    // The run was killed before its head was complete.
    return started(place, withoutResume(head));
  }
  const raw = await readRawStream(linesOf(from), from);
  sameRun(raw.head, head, from);
  for await (const chunk of raw.chunks()) earlier(chunk);
  const { end, unread: serials, heads, cut: incomplete } = raw.read();
  if (heads.length + incomplete > 0)
    throw new EwaldError(
      'Format',
      `${from} ${heads.length > 0 ? 'holds several streams, one after the other' : 'has a frame that is cut, with others behind it'}, ` +
        'which no run continues; give the new one another name, and merge them with "ewald stream merge"',
    );
  unread?.(serials);
  if (!partIsThere) return new PartFile(place, undefined, end);
  const handle = await opened(part, true);
  await cut(handle, end);
  return new PartFile(place, handle, end);
}

/** Keeps only complete chunks; if only the end of the last line is missing, it is added. */
async function cut(handle: FileHandle, end: number): Promise<void> {
  const { size } = await handle.stat();
  if (size < end) await handle.write('\n', size);
  else await handle.truncate(end);
}

async function isBeginOf(file: string, text: string): Promise<boolean> {
  let all = '';
  for await (const piece of createReadStream(file, 'utf8')) all += piece;
  return text.startsWith(all);
}

class PartFile implements StreamFile {
  readonly isContinuable = true;
  readonly #place: StreamNames;
  /**
   * Undefined while a finished stream has received nothing new: the stream is kept, and copied when the first new frame
   * arrives.
   */
  #handle: FileHandle | undefined;
  /** Bytes of complete chunks. */
  #end: number;
  readonly #writes = new GatheredWrites((pieces) => this.#append(pieces));
  #open = true;
  /** Whether the finished stream is of this run, which adds frames to it. */
  #isLonger = false;
  /** Whether the stream was started by this run and contains no frame yet. */
  isEmpty = false;

  get frames(): EarlierFrames | undefined {
    return this.#place.frames;
  }

  get isFinished(): boolean {
    return this.#handle === undefined;
  }

  constructor(place: StreamNames, handle: FileHandle | undefined, end: number) {
    this.#place = place;
    this.#handle = handle;
    this.#end = end;
  }

  /** Writes everything before the first chunk. */
  async begin(head: string): Promise<void> {
    await this.write(head);
    await this.#writes.settled().catch((cause) => this.#fail(cause));
    this.isEmpty = true;
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    await this.#writes.add(bytes).catch((cause) => this.#fail(cause));
    this.isEmpty = false;
  }

  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    // The results of a frame are kept before it is in the stream.
    await this.#place.frames?.settled();
    this.#handle ??= await this.#copied();
    this.#end += await writePieces(this.#handle, pieces, this.#end);
  }

  async #fail(cause: unknown): Promise<never> {
    await this.leave().catch(() => undefined);
    throw this.#failed(cause);
  }

  unread(serial: number): Promise<void> {
    return this.write(`${marks.unread}${serial}.\n`);
  }

  async close(): Promise<void> {
    const { part, target, lock } = this.#place;
    try {
      await this.#shut().catch(async (cause) => {
        if (!this.isFinished && !this.#isLonger) await this.#setAside();
        throw cause;
      });
      if (!this.isFinished) {
        await lock.confirm();
        await rename(part, target);
        await flushFolder(dirname(target));
      }
    } catch (cause) {
      throw this.#failed(cause);
    } finally {
      await lock.release();
    }
  }

  async leave(): Promise<string | undefined> {
    // A head without frames is nothing to continue.
    if (this.isEmpty) return this.#drop();
    const { target, lock } = this.#place;
    try {
      const wasOpen = this.#open;
      await this.#shut();
      if (wasOpen && !this.isFinished && !this.#isLonger) await this.#setAside();
    } catch (cause) {
      throw this.#failed(cause);
    } finally {
      await lock.release();
    }
    return this.isFinished ? target : shownPart(this.#place);
  }

  /** Renames the stream of an earlier run, to a name that nothing has: an older one is a result as well. */
  async #setAside(): Promise<void> {
    const { file, target, tell } = this.#place;
    const there = await lstat(target).catch(() => undefined);
    if (!there?.isFile()) return;
    let ending = '.before';
    for (let n = 2; await lstat(target + ending).catch(absent); n++) ending = `.before${n}`;
    await rename(target, target + ending);
    tell?.(`${file} of an earlier run is ${file}${ending} now, because this run has not ended`);
  }

  async #drop(): Promise<undefined> {
    const { part, frames, lock } = this.#place;
    try {
      const wasOpen = this.#open;
      await this.#shut();
      await frames?.remove();
      await rm(part, { force: true });
      // What follows in a script would take the stream of an earlier run for that of this one.
      if (wasOpen && !this.isFinished && !this.#isLonger) await this.#setAside();
    } finally {
      await lock.release();
    }
    return undefined;
  }

  #failed(cause: unknown): EwaldError {
    if (cause instanceof EwaldError) return cause;
    const { message } = fileError(this.#place.file, 'written', cause);
    const kept = this.isEmpty
      ? ''
      : `; finished frames are in ${shownPart(this.#place)}: continue with resume (--resume)`;
    return new EwaldError('File', `${message}${kept}`, { cause, detail: { path: this.#place.file } });
  }

  /** The finished stream of an earlier run is kept until the longer one is complete. */
  async #copied(): Promise<FileHandle> {
    const { target, part } = this.#place;
    this.#isLonger = true;
    await copyFile(target, part, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const handle = await open(part, 'r+');
    await cut(handle, this.#end);
    return handle;
  }

  /** Keeps only complete chunks, and ensures that they are on the disk. */
  async #shut(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const failures: unknown[] = [];
    const failed = (cause: unknown): unknown => failures.push(cause);
    await this.#writes.settled().catch(failed);
    await this.#place.frames?.close().catch(failed);
    const handle = this.#handle;
    try {
      await handle?.truncate(this.#end);
      if (handle) await flush(handle);
    } finally {
      await handle?.close();
    }
    if (failures.length > 0) throw failures[0];
  }
}
