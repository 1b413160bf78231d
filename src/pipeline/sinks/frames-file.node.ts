/**
 * `NAME.frames` beside the stream `NAME`: the results of its frames as they were passed to the other outputs, which a
 * run that is resumed receives from it. A frame is in it before it is in the stream.
 *
 * The file begins with a mark, so that no other file of that name is taken for it. Each record has 8 bytes before it: its
 * length and its checksum (u32, little-endian).
 */

import type { FileHandle } from 'node:fs/promises';
import { GatheredWrites, writePieces } from '../../frames/files/gathered.js';
import { openSide, removeOwn } from '../../frames/files/side-files.js';
import { decode, encode } from '../../parallel/codec.js';
import { crc32 } from '../../util/crc32.js';
import { EwaldError } from '../../util/errors.js';
import { fileError } from '../../util/file-errors.js';
import { without } from '../../util/without.js';
import type { FrameRecord } from '../record.js';
import type { EarlierFrames } from './stream-file.js';

const headBytes = 8;
const mark = new TextEncoder().encode('EWALDFR1');

/** Whether a file begins with the mark, or with the part of it that a killed process has written. */
const isOwn = (head: Uint8Array): boolean => mark.every((byte, i) => i >= head.length || head[i] === byte);

/** The name of the file for the stream `target`. */
const framesName = (target: string): string => `${target}.frames`;

export class FramesFile implements EarlierFrames {
  readonly #path: string;
  readonly #handle: FileHandle;
  #end = mark.length;
  readonly #writes = new GatheredWrites((pieces) => this.#append(pieces));

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Removes the file of a stream that goes on without it. */
  static remove(target: string): Promise<void> {
    return removeOwn(framesName(target), isOwn);
  }

  /**
   * Opens the file of a stream; what is in it is kept if the stream is continued. Throws `Argument` for a file that ewald
   * did not write, `File`.
   */
  static async open(target: string, resume: boolean): Promise<FramesFile> {
    const path = framesName(target);
    const handle = await openSide(path, { isOwn, goesOn: resume, holds: 'the results of the frames' });
    try {
      await handle.write(mark, 0, mark.length, 0);
      return new FramesFile(path, handle);
    } catch (cause) {
      await handle.close();
      throw fileError(path, 'written', cause);
    }
  }

  async add(frameRecord: FrameRecord): Promise<void> {
    const record = without(frameRecord, 'frame', 'text', 'storedText');
    const bytes = encode(record);
    const all = new Uint8Array(headBytes + bytes.length);
    const head = new DataView(all.buffer);
    head.setUint32(0, bytes.length, true);
    head.setUint32(4, crc32(bytes), true);
    all.set(bytes, headBytes);
    await this.#writes.add(all);
  }

  settled(): Promise<void> {
    return this.#writes.settled();
  }

  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    try {
      this.#end += await writePieces(this.#handle, pieces, this.#end);
    } catch (cause) {
      const { message, detail } = fileError(this.#path, 'written', cause);
      throw new EwaldError('File', `${message}; what is finished continues with resume (--resume)`, { cause, detail });
    }
  }

  async *read(isDone: (record: FrameRecord) => boolean): AsyncGenerator<FrameRecord> {
    for (let at = mark.length; ; ) {
      const record = await this.#at(at);
      if (!record) break;
      at += record.bytes;
      if (!isDone(record.record)) continue;
      this.#end = at;
      yield record.record;
    }
    // What follows was not in the stream when the run was killed, and is searched again.
    await this.#handle.truncate(this.#end);
  }

  /** The record at an offset; undefined at the end, and where the process was killed while it wrote. */
  async #at(offset: number): Promise<{ readonly record: FrameRecord; readonly bytes: number } | undefined> {
    const head = await this.#bytes(offset, headBytes);
    if (!head) return undefined;
    const [length, crc] = [head.readUInt32LE(0), head.readUInt32LE(4)];
    const { size } = await this.#handle.stat();
    const bytes = length > 0 && offset + headBytes + length <= size && (await this.#bytes(offset + headBytes, length));
    if (!bytes || crc32(bytes) >>> 0 !== crc) return undefined;
    return { record: decode(bytes) as FrameRecord, bytes: headBytes + length };
  }

  async #bytes(offset: number, length: number): Promise<Buffer | undefined> {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) return undefined;
      done += bytesRead;
    }
    return bytes;
  }

  /** Closes the file; one without any result is removed. */
  async close(): Promise<void> {
    try {
      await this.#writes.settled();
    } finally {
      const { size } = await this.#handle.stat();
      await this.#handle.close();
      if (size <= mark.length) await this.remove();
    }
  }

  remove(): Promise<void> {
    return removeOwn(this.#path, isOwn);
  }
}
