/** Finds the files of frames that a stream names, also while the stream grows. */
import { open, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { marks } from '../crystal/stream/stream.js';
import { within } from '../frames/files/inside.js';
import { argumentError, setting } from '../options/parameters.js';
import { fileError } from '../util/file-errors.js';

/** A file of frames, and the name by which a stream refers to it. */
interface NamedFrames {
  readonly path: string;
  readonly as: string;
}

const prefix = 'Image filename: ';
/** Bytes read at a time. */
const pieceBytes = 2 ** 20;

/** Whether a file is a stream, by its first bytes: numbers may go on for gigabytes without the end of a line. */
export async function isStream(path: string): Promise<boolean> {
  const begin = Buffer.alloc(marks.format.length);
  const handle = await open(path).catch((cause) => {
    throw fileError(path, 'read', cause);
  });
  try {
    const { bytesRead } = await handle.read(begin, 0, begin.length, 0);
    return begin.toString('latin1', 0, bytesRead) === marks.format;
  } finally {
    await handle.close();
  }
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );

/** The files of frames that a stream names. */
export class StreamFrames {
  readonly #stream: string;
  readonly #onFound: (found: NamedFrames) => void;
  readonly #known = new Set<string>();
  /** Files beside the stream that were taken for one of another folder, and its name there. */
  readonly #beside = new Map<string, string>();
  /** Bytes of whole lines that have been read. */
  #read = 0;
  #reading: Promise<void> | undefined;

  readonly #allowOutside: boolean;

  /** `onFound` is called once for each file. */
  constructor(stream: string, allowOutside: boolean, onFound: (found: NamedFrames) => void) {
    this.#stream = stream;
    this.#allowOutside = allowOutside;
    this.#onFound = onFound;
  }

  /**
   * Finds the files that the stream names since the last call: in this folder or in the stream's, or under the last
   * part of their names next to the stream; elsewhere only with `allowOutside`, because a stream may have been written
   * by somebody else. Throws `File` for the first one that is not found, where the
   * next call continues.
   */
  more(): Promise<void> {
    // Several pages may ask at the same time.
    this.#reading ??= this.#more().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #more(): Promise<void> {
    for await (const line of this.#newLines()) {
      if (!line.startsWith(prefix)) continue;
      const as = line.slice(prefix.length).trim();
      if (this.#known.has(as)) continue;
      const path = await this.#find(as);
      this.#known.add(as);
      this.#onFound({ path, as });
    }
  }

  /** The lines that were added; the last one may be incomplete, and is read again by the next call. */
  async *#newLines(): AsyncGenerator<string> {
    const handle = await open(this.#stream).catch((cause) => {
      throw fileError(this.#stream, 'read', cause);
    });
    try {
      const piece = new Uint8Array(pieceBytes);
      let rest = '';
      for (let at = this.#read; ; ) {
        const { bytesRead } = await handle.read(piece, 0, piece.length, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        // One character is one byte here, so that bytes can be counted.
        const lines = (rest + Buffer.from(piece.buffer, 0, bytesRead).toString('latin1')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          yield Buffer.from(line, 'latin1').toString('utf8');
          this.#read += line.length + 1;
        }
      }
    } finally {
      await handle.close();
    }
  }

  async #find(as: string): Promise<string> {
    const folder = dirname(this.#stream);
    const inside = within(['.', folder])(as);
    const candidates = this.#allowOutside ? [resolve(as), resolve(folder, as)] : inside === undefined ? [] : [inside];
    for (const path of candidates) if (await isFile(path)) return path;
    const beside = join(folder, basename(as));
    const first = this.#beside.get(beside) ?? as;
    if (first === as && (await isFile(beside))) {
      this.#beside.set(beside, as);
      return beside;
    }
    const isElsewhere = inside === undefined && (await isFile(resolve(folder, as)));
    throw argumentError(
      '',
      (said) =>
        `${this.#stream} names the frames ${as}, which are ` +
        (isElsewhere
          ? `neither in its folder nor in this one; if you trust who wrote it, ${setting(said, 'allowOutside', true)}`
          : first === as
            ? `neither there nor next to it; name their file, too: ewald view ${this.#stream} ${basename(as)}`
            : `not there, and ${beside} is taken for ${first}; put the folders of both beside the stream`),
      { path: as },
      'File',
    );
  }
}
