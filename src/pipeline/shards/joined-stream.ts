/**
 * A stream of which workers have stored most texts: they are joined behind the run, which does not wait for them, in
 * the order in which the frames were added.
 */

import type { StoredBytes } from '../record.js';
import type { StreamFile } from '../sinks/stream-file.js';
import type { ShardFolder } from './folder.js';

/** Bytes that are read at once, and bytes of texts in memory for which the run waits. */
const [maxAtOnce, maxWaiting] = [2 ** 22, 2 ** 25];

type StreamPiece = string | Uint8Array | StoredBytes | { readonly unread: number };

const isText = (part: StreamPiece): part is string | Uint8Array =>
  typeof part === 'string' || part instanceof Uint8Array;

export class JoinedStream implements StreamFile {
  readonly #stream: StreamFile;
  readonly #folder: ShardFolder;
  #queue: StreamPiece[] = [];
  #next = 0;
  #waiting = 0;
  #pumping: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(stream: StreamFile, folder: ShardFolder) {
    this.#stream = stream;
    this.#folder = folder;
  }

  write(chunk: string | Uint8Array): Promise<void> {
    this.#waiting += chunk.length;
    return this.#add(chunk);
  }

  unread(serial: number): Promise<void> {
    return this.#add({ unread: serial });
  }

  /** Adds a text that a worker has stored. */
  join(stored: StoredBytes): Promise<void> {
    return this.#add(stored);
  }

  async close(): Promise<void> {
    await this.#pumping;
    if (this.#failure) {
      // What was joined before, and what workers have stored, are there for a run that is resumed.
      await this.leave().catch(() => undefined);
      throw this.#failure.error;
    }
    await this.#stream.close();
    await this.#folder.close(false);
  }

  async leave(): Promise<string | undefined> {
    // What was added is complete: nothing that follows has to be searched for it again.
    await this.#pumping;
    await this.#folder.close(true);
    return this.#stream.leave();
  }

  async #add(part: StreamPiece): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    this.#queue.push(part);
    this.#pumping ??= this.#pump();
    if (this.#waiting > maxWaiting) await this.#pumping;
  }

  async #pump(): Promise<void> {
    try {
      while (this.#next < this.#queue.length) {
        const part = this.#queue[this.#next] as StreamPiece;
        if (isText(part)) {
          this.#next++;
          this.#waiting -= part.length;
          await this.#stream.write(part);
        } else if ('unread' in part) {
          this.#next++;
          await this.#stream.unread(part.unread);
        } else await this.#stream.write(await this.#folder.read(this.#run()));
      }
      this.#queue = [];
      this.#next = 0;
    } catch (error) {
      this.#failure = { error };
    }
    this.#pumping = undefined;
  }

  /** Takes the texts that follow one another in one shard. */
  #run(): StoredBytes[] {
    const run: StoredBytes[] = [];
    let size = 0;
    for (; this.#next < this.#queue.length; this.#next++) {
      const part = this.#queue[this.#next] as StreamPiece;
      const last = run.at(-1);
      if (isText(part) || 'unread' in part || size > maxAtOnce) break;
      if (last && (part.shard !== last.shard || part.at !== last.at + last.length)) break;
      run.push(part);
      size += part.length;
    }
    if (this.#next > 100_000) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    return run;
  }
}
