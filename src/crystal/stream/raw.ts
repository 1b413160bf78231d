/**
 * Reads streams as text: each chunk verbatim, with the few facts that are needed most, without parsing its numbers.
 * Used for files larger than memory that are resumed, merged or counted.
 */
import { EwaldError } from '../../base/errors.js';
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
  /** Complete chunks in order. An incomplete last chunk is skipped, and `torn` then returns true. */
  chunks(): AsyncGenerator<RawChunk>;
  /** Whether the file ends within a chunk; valid once the chunks have been read. */
  torn(): boolean;
  /**
   * Length in bytes of the complete chunks, and the serial numbers of frames noted as unreadable; valid once the chunks
   * have been read.
   */
  read(): { readonly end: number; readonly unread: ReadonlySet<number> };
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
  const next = async (): Promise<string | undefined> => {
    const { done, value } = await source.next();
    return done ? undefined : value;
  };
  let head = '';
  let line = await next();
  if (!line?.startsWith(marks.format))
    throw new EwaldError('Format', `${name} is not a stream: it begins with "${(line ?? '').slice(0, 60)}"`);
  const unread = new Set<number>();
  let end = 0;
  const note = (text: string, serial: number): void => {
    unread.add(serial);
    end += utf8Length(`${text}\n`);
  };
  // Notes occur only after the head; a similar line within the head is part of the head.
  let notes: [line: string, serial: number][] = [];
  for (; line !== undefined && line !== marks.chunkBegin; line = await next()) {
    const serial = unreadSerial(line);
    if (serial !== undefined) notes.push([line, serial]);
    else {
      if (head.length > longestBlock)
        throw new EwaldError(
          'Format',
          `${name}: its head has more than ${longestBlock} characters and is followed by no chunk`,
        );
      head += [...notes.map(([one]) => one), line].map((one) => `${one}\n`).join('');
      notes = [];
    }
  }
  for (const [one, serial] of notes) note(one, serial);
  end += utf8Length(head);
  let begun = line !== undefined;
  let isTorn = false;
  return {
    head,
    torn: () => isTorn,
    read: () => ({ end, unread }),
    async *chunks() {
      while (begun) {
        const block: string[] = [marks.chunkBegin];
        let one = await next();
        let left = longestBlock;
        for (; one !== undefined && one !== marks.chunkEnd; one = await next()) {
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
        const text = `${block.join('\n')}\n${marks.chunkEnd}\n`;
        end += utf8Length(text);
        const chunk = rawChunk(block, text, end, name);
        unread.delete(chunk.serial);
        yield chunk;
        let after = await next();
        for (; after !== undefined; after = await next()) {
          const serial = unreadSerial(after);
          if (serial === undefined) break;
          note(after, serial);
        }
        begun = after === marks.chunkBegin;
        if (after !== undefined && !begun) isTorn = true;
      }
    },
  };
}

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
