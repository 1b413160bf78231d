/**
 * The stream that a run writes: `NAME.part` while it is under way, `NAME` when it is done. A run that was killed, or
 * whose disk was full, leaves `NAME.part` with every frame that was finished; `--resume` goes on behind the last of them.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, realpath, rename, stat } from 'node:fs/promises';
import { type RawChunk, readRawStream } from '../crystal/stream/raw.js';
import { marks } from '../crystal/stream/stream.js';
import { EwaldError } from '../errors.js';
import { fileError } from '../file-errors.js';
import { checkOutput, type Output, openOutput, type WriteOptions } from '../files/write.js';
import { sameRun } from './same-run.js';

/** A stream under way. */
export interface StreamFile {
  write(chunk: string): Promise<void>;
  /** Gives the file its name. */
  close(): Promise<void>;
  /** Leaves what is finished for `--resume`, and says where. */
  leave(): Promise<string | undefined>;
}

export interface StreamFileOptions {
  readonly force: boolean;
  readonly resume: boolean;
  /** What stands before the first chunk. */
  readonly head: string;
  /** Told every frame that an earlier run has finished. */
  readonly earlier: (chunk: RawChunk) => void;
}

/** Whether a file begins as a stream does. */
export const isStream = (head: Uint8Array): boolean =>
  new TextDecoder().decode(head.subarray(0, 64)).startsWith(marks.format);

const replacing = (force: boolean): WriteOptions => ({ force, replaces: isStream, otherwise: 'is no stream' });

/** The lines of a file: ended by line feeds alone, so that bytes can be counted. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const piece of createReadStream(file)) {
      const lines = (rest + decoder.decode(piece as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (cause) {
    throw fileError(file, 'read', cause);
  }
  if (rest !== '') yield rest;
}

/** Begins a stream, or goes on with one. Throws `File`, `Argument`, `Format`. */
export async function openStreamFile(file: string, options: StreamFileOptions): Promise<StreamFile> {
  const there = file === '-' ? undefined : await stat(file).catch(() => undefined);
  if (file === '-' || /^\/(proc|dev)\//.test(file) || (there && !there.isFile())) {
    if (options.resume) throw new EwaldError('Argument', `--resume needs a file of a stream with -o; given is ${file}`);
    return through(file, options);
  }
  await checkOutput(file, replacing(options.force));
  const target = there ? await realpath(file) : file;
  const part = `${target}.part`;
  const left = await stat(part).catch(() => undefined);
  if (options.resume && (left || there)) return goOn(file, target, part, left !== undefined, options);
  if (left && left.size > 0 && !options.force)
    throw new EwaldError(
      'Argument',
      `${part} holds the frames of a run that did not end; go on with --resume, or begin anew with --force`,
    );
  const handle = await open(part, 'w').catch((cause) => {
    throw fileError(file, 'written', cause);
  });
  const stream = new PartFile(file, target, part, handle, 0);
  await stream.write(options.head);
  return stream;
}

async function goOn(
  file: string,
  target: string,
  part: string,
  partIsThere: boolean,
  { head, earlier }: StreamFileOptions,
): Promise<StreamFile> {
  const from = partIsThere ? part : target;
  const { size } = await stat(from);
  if (partIsThere && size < head.length && (await isBeginOf(from, head))) {
    // Killed before its head was whole.
    const handle = await open(part, 'w');
    const stream = new PartFile(file, target, part, handle, 0);
    await stream.write(head);
    return stream;
  }
  const raw = await readRawStream(linesOf(from), from);
  sameRun(raw.head, head, from);
  let end = new TextEncoder().encode(raw.head).length;
  for await (const chunk of raw.chunks()) {
    earlier(chunk);
    end = chunk.end;
  }
  if (!partIsThere) await rename(target, part);
  const handle = await open(part, 'r+').catch((cause) => {
    throw fileError(file, 'written', cause);
  });
  await handle.truncate(end);
  return new PartFile(file, target, part, handle, end);
}

async function isBeginOf(file: string, text: string): Promise<boolean> {
  let all = '';
  for await (const piece of createReadStream(file, 'utf8')) all += piece;
  return text.startsWith(all);
}

/** A device, a pipe, or standard output. */
async function through(file: string, { force, head }: StreamFileOptions): Promise<StreamFile> {
  const output: Output = await openOutput(file, replacing(force));
  await output.write(head);
  return {
    write: (chunk) => output.write(chunk),
    close: () => output.close(),
    async leave() {
      await output.discard();
      return undefined;
    },
  };
}

class PartFile implements StreamFile {
  readonly #file: string;
  readonly #target: string;
  readonly #part: string;
  readonly #handle: FileHandle;
  /** Bytes of whole chunks. */
  #end: number;
  #open = true;

  constructor(file: string, target: string, part: string, handle: FileHandle, end: number) {
    this.#file = file;
    this.#target = target;
    this.#part = part;
    this.#handle = handle;
    this.#end = end;
  }

  async write(chunk: string): Promise<void> {
    const bytes = new TextEncoder().encode(chunk);
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#end + at);
        at += bytesWritten;
      }
      this.#end += bytes.length;
    } catch (cause) {
      const kept = await this.leave();
      const error = fileError(this.#file, 'written', cause);
      throw new EwaldError('File', `${error.message}; what was finished is in ${kept}: go on with --resume`, { cause });
    }
  }

  async close(): Promise<void> {
    try {
      await this.#shut();
      await rename(this.#part, this.#target);
    } catch (cause) {
      throw fileError(this.#file, 'written', cause);
    }
  }

  async leave(): Promise<string> {
    await this.#shut().catch(() => undefined);
    return this.#part;
  }

  /** Nothing but whole chunks stays, on the disk. */
  async #shut(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      await this.#handle.truncate(this.#end);
      await this.#handle.sync().catch(() => undefined);
    } finally {
      await this.#handle.close();
    }
  }
}
