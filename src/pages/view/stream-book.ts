/** A stream with its frames: peaks, crystals and reflections are those of the stream. */
import type { Geometry, StreamChunk } from '../../entries/index.js';
import type { FrameData } from './contrast.js';
import { type FrameIndex, OpenFiles, parseChunk } from './frame-index.js';
import type { FrameSummary, InputFile } from './protocol.js';
import { type IndexedChunk, StreamIndex } from './stream-index.js';

/** Bytes scanned at a time. */
const pieceBytes = 2 ** 22;

const baseName = (path: string): string => path.replace(/^.*[/\\]/, '');

/** Bytes of a file from `begin` to before `end`. */
async function chunkBytes(file: InputFile, begin: number, end: number): Promise<Uint8Array> {
  if ('blob' in file) return new Uint8Array(await file.blob.slice(begin, end).arrayBuffer());
  const answer = await fetch(file.address, { headers: { Range: `bytes=${begin}-${end - 1}` } });
  // The position is beyond the end of the file.
  if (answer.status === 416) return new Uint8Array(0);
  if (answer.status !== 206) throw new Error(`The server answered ${answer.status} where ${file.name} was expected.`);
  return new Uint8Array(await answer.arrayBuffer());
}

export class StreamBook implements FrameIndex {
  readonly index = new StreamIndex();
  readonly #stream: InputFile;
  readonly #frames: InputFile[];
  readonly #files: OpenFiles;

  private constructor(stream: InputFile, frames: readonly InputFile[]) {
    this.#stream = stream;
    this.#frames = [...frames];
    this.#files = new OpenFiles(frames);
  }

  /** Scans a stream. Throws an Error for a file that is not a stream, or contains no frames. */
  static async open(stream: InputFile, frames: readonly InputFile[]): Promise<StreamBook> {
    const book = new StreamBook(stream, frames);
    const head = new TextDecoder().decode(await chunkBytes(stream, 0, 64));
    if (!head.startsWith('CrystFEL stream format '))
      throw new Error(`${stream.name} is not a CrystFEL stream: it begins with "${head.slice(0, 24).trim()}".`);
    await book.grow();
    if (book.index.chunks.length === 0) throw new Error(`${stream.name} holds no frames yet.`);
    return book;
  }

  /** Scans what has been added to the stream; a dropped file stays as it was. Returns the number of its frames. */
  async grow(): Promise<number> {
    for (;;) {
      const { scanned } = this.index;
      const bytes = await chunkBytes(this.#stream, scanned, scanned + pieceBytes);
      this.index.add(bytes);
      if (bytes.length < pieceBytes) return this.index.chunks.length;
    }
  }

  /** Reads the frames from the dataset that the geometry states. */
  openAs(geometry: Geometry | undefined): void {
    this.#files.of = { geometry };
  }

  /** Adds files of frames that the stream has come to name. */
  addFiles(files: readonly InputFile[]): void {
    this.#frames.push(...files);
  }

  /** The lines of the list of frames, from a frame on. */
  summaries(from = 0): FrameSummary[] {
    return this.index.chunks.slice(from).map((chunk, i) => {
      const { hit, peaks, crystals, cell, resolutionA } = chunk;
      return { frame: from + i, hit, peaks, crystals, cell, resolutionA, error: undefined };
    });
  }

  /** Why the results may be of other frames: the only file that is open has another name than the stream says. */
  doubts(): string[] {
    const { filename } = this.#at(0);
    const { name } = this.fileOf(0);
    if (name === baseName(filename) || this.#frames.some(({ as }) => as === filename)) return [];
    return [
      `${this.#stream.name} is of ${filename}, and is shown over ${name}: this is right only if that is the same file, ` +
        'renamed or converted',
    ];
  }

  /** The file of a frame. Throws an Error that names the file if it is not among those that are open. */
  fileOf(frame: number): InputFile {
    const { filename } = this.#at(frame);
    const inputFile =
      this.#frames.find(({ as }) => as === filename) ??
      this.#frames.find(({ name }) => name === baseName(filename)) ??
      // If there is a single file, it may have been renamed or converted.
      (this.#frames.length === 1 && this.#isOneFile ? this.#frames[0] : undefined);
    if (!inputFile)
      throw new Error(
        `${this.#stream.name} names ${filename}, which is not among these files; drop both together, ` +
          'or name both on the command line.',
      );
    return inputFile;
  }

  /** The frame of an event, of a file, or of both, as the stream names them. */
  named(name: string): number | undefined {
    const at = this.index.chunks.findIndex(({ filename, event = '' }) => {
      const file = baseName(filename);
      return name !== '' && [event, file, `${file} ${event}`, `${filename} ${event}`].includes(name);
    });
    return at < 0 ? undefined : at;
  }

  read(frame: number): Promise<FrameData> {
    return this.#files.read(this.fileOf(frame), this.#at(frame).event);
  }

  async chunk(frame: number): Promise<StreamChunk | undefined> {
    const { begin, end } = this.#at(frame);
    return parseChunk(new TextDecoder().decode(await chunkBytes(this.#stream, begin, end)), this.#stream.name);
  }

  dispose(): Promise<void> {
    return this.#files.dispose();
  }

  #at(frame: number): IndexedChunk {
    const chunk = this.index.chunks[frame];
    if (!chunk) throw new Error(`${this.#stream.name} has no frame ${frame}.`);
    return chunk;
  }

  get #isOneFile(): boolean {
    const [first] = this.index.chunks;
    return this.index.chunks.every(({ filename }) => filename === first?.filename);
  }
}
