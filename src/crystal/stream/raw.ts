/**
 * Reads streams as text: each chunk verbatim, with the few facts that are needed most, without parsing its numbers.
 * Used for files larger than memory that are resumed, merged or counted.
 */
import { EwaldError } from '../../util/errors.js';
import { refuseNoText } from '../../util/text-begin.js';
import { longestBlock, marks } from './stream.js';

/** A chunk's text and its identity. */
export interface RawChunk {
  readonly text: string;
  readonly filename: string;
  readonly event: string | undefined;
  readonly serial: number;
  readonly hit: boolean;
  /** Lengths in Å and angles in degrees of the cells of its crystals. */
  readonly cells: readonly (readonly number[])[];
  /** Sum of the bytes of the frame, by which its followed file is recognised. */
  readonly frameSum: number | undefined;
  /** Byte offset of the end of this chunk. */
  readonly end: number;
}

/** A stream that is read chunk by chunk. */
export interface RawStream {
  /** Everything before the first chunk. */
  readonly head: string;
  /** Complete chunks in order. Incomplete ones are skipped: the last one, after which `torn` returns true, and others. */
  chunks(): AsyncGenerator<RawChunk>;
  /** Whether the file ends within a chunk; valid once the chunks have been read. */
  torn(): boolean;
  /** What was read; valid once the chunks have been read. */
  read(): {
    /** Length in bytes of the complete chunks. */
    readonly end: number;
    /** Serial numbers of frames noted as unreadable. */
    readonly unread: ReadonlySet<number>;
    /** Heads of the streams that follow in the same file, as `cat` joins them. */
    readonly heads: readonly string[];
    /** Incomplete chunks with others behind them. */
    readonly cut: number;
  };
}

/** The serial number in a note of an unreadable frame; undefined for other lines. */
function unreadSerial(line: string): number | undefined {
  const rest = line.startsWith(marks.unread) ? line.slice(marks.unread.length) : '';
  // The full stop shows that the number is complete.
  return /^\d+\.$/.test(rest) ? Number.parseInt(rest, 10) : undefined;
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

/** Starts to read a stream; `lines` have no line ends. Throws `Format` if it is not a stream. */
export async function readRawStream(lines: AsyncIterable<string>, name: string): Promise<RawStream> {
  const counted = new CountedLines(lines);
  const first = await counted.next();
  refuseNoText(first ?? '', name, 'a stream');
  if (!first?.startsWith(marks.format))
    throw new EwaldError('Format', `${name} is not a stream: it begins with "${(first ?? '').slice(0, 60)}"`);
  const reader = new RawReader(counted, name);
  const { head, begins } = await reader.headFrom(first);
  return {
    head,
    torn: () => reader.isTorn,
    read: () => ({ end: counted.end, unread: reader.unread, heads: reader.heads, cut: reader.cut }),
    chunks: () => reader.chunks(begins),
  };
}

/** Lines of a file, and the byte up to which they have been taken. */
class CountedLines {
  /** Bytes of the lines that were counted. */
  end = 0;
  readonly #source: AsyncIterator<string>;
  /** Carriage returns that are not part of `end` yet, and of the last line: streams that were on Windows have them. */
  #returns = 0;
  #last = 0;
  #isOfWindows = false;

  constructor(lines: AsyncIterable<string>) {
    this.#source = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<string | undefined> {
    const { done, value } = await this.#source.next();
    if (done) return undefined;
    if (value.startsWith(marks.format)) this.#isOfWindows = value.endsWith('\r');
    this.#last = this.#isOfWindows && value.endsWith('\r') ? 1 : 0;
    this.#returns += this.#last;
    return this.#last ? value.slice(0, -1) : value;
  }

  /** Counts lines that have been read, of which the last one read is not part if `isBeyond`. */
  count(text: string, isBeyond = false): void {
    const kept = isBeyond ? this.#last : 0;
    this.end += utf8Length(text) + this.#returns - kept;
    this.#returns = kept;
  }
}

/** Reads heads and chunks in turn. */
class RawReader {
  readonly unread = new Set<number>();
  readonly heads: string[] = [];
  isTorn = false;
  cut = 0;
  readonly #lines: CountedLines;
  readonly #name: string;

  constructor(lines: CountedLines, name: string) {
    this.#lines = lines;
    this.#name = name;
  }

  /** The head that begins with this line; `begins` is whether a chunk follows. */
  async headFrom(first: string): Promise<{ readonly head: string; readonly begins: boolean }> {
    let head = '';
    // Notes occur only after the head; a similar line within the head is part of the head.
    let notes: [line: string, serial: number][] = [];
    let line: string | undefined = first;
    for (; line !== undefined && line !== marks.chunkBegin; line = await this.#lines.next()) {
      const serial = unreadSerial(line);
      if (serial !== undefined) notes.push([line, serial]);
      else {
        if (head.length > longestBlock)
          throw new EwaldError(
            'Format',
            `${this.#name}: its head has more than ${longestBlock} characters and is followed by no chunk`,
          );
        head += [...notes.map(([text]) => text), line].map((text) => `${text}\n`).join('');
        notes = [];
      }
    }
    this.#lines.count(head, line !== undefined);
    for (const [text, serial] of notes) this.#note(text, serial);
    return { head, begins: line !== undefined };
  }

  async *chunks(begins: boolean): AsyncGenerator<RawChunk> {
    /** The line that a chunk or another head begins with. */
    let line: string | undefined = begins ? marks.chunkBegin : undefined;
    while (line !== undefined) {
      if (line.startsWith(marks.format)) {
        const further = await this.headFrom(line);
        this.heads.push(further.head);
        line = further.begins ? marks.chunkBegin : undefined;
        continue;
      }
      const { block, end } = await this.#blockFrom(line);
      if (end === undefined) {
        this.isTorn = true;
        return;
      }
      if (end !== marks.chunkEnd) {
        this.#lines.count(block.map((text) => `${text}\n`).join(''), true);
        this.cut++;
        line = end;
        continue;
      }
      const text = `${block.join('\n')}\n${marks.chunkEnd}\n`;
      this.#lines.count(text);
      const chunk = rawChunk(block, text, this.#lines.end, this.#name);
      this.unread.delete(chunk.serial);
      yield chunk;
      line = await this.#nextBegin();
    }
  }

  /** The lines of a chunk, and the line after them, which ends it or begins another one; undefined at the end. */
  async #blockFrom(begin: string): Promise<{ readonly block: readonly string[]; readonly end: string | undefined }> {
    const block = [begin];
    let line = await this.#lines.next();
    let left = longestBlock;
    for (; line !== undefined && line !== marks.chunkEnd && !beginsAnew(line); line = await this.#lines.next()) {
      left -= line.length + 1;
      if (left < 0)
        throw new EwaldError(
          'Format',
          `${this.#name}: the chunk that begins at byte ${this.#lines.end} has more than ${longestBlock} characters without an end`,
        );
      block.push(line);
    }
    return { block, end: line };
  }

  /** The line that the next chunk or head begins with; undefined at the end, or at lines of neither. */
  async #nextBegin(): Promise<string | undefined> {
    let line = await this.#lines.next();
    /** Lines that belong to the stream only if something follows. */
    let between = '';
    for (; line !== undefined && !beginsAnew(line); line = await this.#lines.next()) {
      const serial = unreadSerial(line);
      if (serial !== undefined) {
        this.#note(`${between}${line}`, serial);
        between = '';
      } else if (line === '' || line === marks.otherCell) between += `${line}\n`;
      else {
        this.isTorn = true;
        return undefined;
      }
    }
    if (line !== undefined) this.#lines.count(between, true);
    return line;
  }

  #note(text: string, serial: number): void {
    this.unread.add(serial);
    this.#lines.count(`${text}\n`);
  }
}

/** Whether a chunk or another stream begins with a line. */
const beginsAnew = (line: string): boolean => line === marks.chunkBegin || line.startsWith(marks.format);

function rawChunk(block: readonly string[], text: string, end: number, name: string): RawChunk {
  const value = (key: string): string | undefined => block.find((line) => line.startsWith(key))?.slice(key.length);
  const filename = value('Image filename: ');
  const serial = Number(value('Image serial number: ') ?? 'x');
  if (filename === undefined || !Number.isFinite(serial))
    throw new EwaldError('Format', `${name}: a chunk that ends at byte ${end} lacks its file name or serial number`);
  const cells = block
    .filter((line) => line.startsWith('Cell parameters '))
    .map((line) => {
      const numbers = line.match(/[-+\d.]+(?:e[-+]\d+)?/gi)?.map(Number) ?? [];
      return numbers.map((x, i) => (i < 3 ? 10 * x : x));
    });
  const sum = value(marks.frameSum);
  const frameSum = sum === undefined ? undefined : Number(sum);
  return { text, filename, event: value('Event: '), serial, hit: value('hit = ') !== '0', cells, frameSum, end };
}
