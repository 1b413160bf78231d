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
  const source = lines[Symbol.asyncIterator]();
  /** Carriage returns that are not part of `end` yet, and of the last line: streams that were on Windows have them. */
  let [returns, last, isOfWindows] = [0, 0, false];
  const next = async (): Promise<string | undefined> => {
    const { done, value } = await source.next();
    if (done) return undefined;
    if (value.startsWith(marks.format)) isOfWindows = value.endsWith('\r');
    last = isOfWindows && value.endsWith('\r') ? 1 : 0;
    returns += last;
    return last ? value.slice(0, -1) : value;
  };
  let end = 0;
  /** Counts lines that have been read, of which the last one read is not part if `isBeyond`. */
  const count = (text: string, isBeyond = false): void => {
    const kept = isBeyond ? last : 0;
    end += utf8Length(text) + returns - kept;
    returns = kept;
  };
  const unread = new Set<number>();
  const note = (text: string, serial: number): void => {
    unread.add(serial);
    count(`${text}\n`);
  };
  const first = await next();
  refuseNoText(first ?? '', name, 'a stream');
  if (!first?.startsWith(marks.format))
    throw new EwaldError('Format', `${name} is not a stream: it begins with "${(first ?? '').slice(0, 60)}"`);

  /** The head that begins with this line; `begins` is whether a chunk follows. */
  const headFrom = async (line: string | undefined): Promise<{ head: string; begins: boolean }> => {
    let head = '';
    // Notes occur only after the head; a similar line within the head is part of the head.
    let notes: [line: string, serial: number][] = [];
    let one = line;
    for (; one !== undefined && one !== marks.chunkBegin; one = await next()) {
      const serial = unreadSerial(one);
      if (serial !== undefined) notes.push([one, serial]);
      else {
        if (head.length > longestBlock)
          throw new EwaldError(
            'Format',
            `${name}: its head has more than ${longestBlock} characters and is followed by no chunk`,
          );
        head += [...notes.map(([text]) => text), one].map((text) => `${text}\n`).join('');
        notes = [];
      }
    }
    count(head, one !== undefined);
    for (const [text, serial] of notes) note(text, serial);
    return { head, begins: one !== undefined };
  };

  const { head, begins } = await headFrom(first);
  const heads: string[] = [];
  let [isTorn, cut] = [false, 0];
  return {
    head,
    torn: () => isTorn,
    read: () => ({ end, unread, heads, cut }),
    async *chunks() {
      /** The line that a chunk or another head begins with. */
      let line: string | undefined = begins ? marks.chunkBegin : undefined;
      while (line !== undefined) {
        if (line.startsWith(marks.format)) {
          const further = await headFrom(line);
          heads.push(further.head);
          line = further.begins ? marks.chunkBegin : undefined;
          continue;
        }
        const block: string[] = [line];
        let one = await next();
        let left = longestBlock;
        for (; one !== undefined && one !== marks.chunkEnd && !beginsAnew(one); one = await next()) {
          left -= one.length + 1;
          if (left < 0)
            throw new EwaldError(
              'Format',
              `${name}: the chunk that begins at byte ${end} has more than ${longestBlock} characters without an end`,
            );
          block.push(one);
        }
        if (one === undefined) {
          isTorn = true;
          return;
        }
        if (one !== marks.chunkEnd) {
          count(block.map((text) => `${text}\n`).join(''), true);
          cut++;
          line = one;
          continue;
        }
        const text = `${block.join('\n')}\n${marks.chunkEnd}\n`;
        count(text);
        const chunk = rawChunk(block, text, end, name);
        unread.delete(chunk.serial);
        yield chunk;
        line = await next();
        /** Lines that belong to the stream only if something follows. */
        let between = '';
        for (; line !== undefined && !beginsAnew(line); line = await next()) {
          const serial = unreadSerial(line);
          if (serial !== undefined) {
            note(`${between}${line}`, serial);
            between = '';
          } else if (line === '' || line === marks.otherCell) between += `${line}\n`;
          else {
            isTorn = true;
            return;
          }
        }
        if (line !== undefined) count(between, true);
      }
    },
  };
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
