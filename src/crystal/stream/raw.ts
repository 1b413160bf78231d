/**
 * Streams as they stand: each chunk's text with what is asked of it most, without reading its numbers. For files larger
 * than memory that are continued, merged and counted.
 */
import { EwaldError } from '../../errors.js';
import { marks } from './stream.js';

/** A chunk's text and what names it. */
export interface RawChunk {
  readonly text: string;
  readonly filename: string;
  readonly event: string | undefined;
  readonly serial: number;
  readonly hit: boolean;
  /** Lengths in Å and angles in degrees of its crystals. */
  readonly cells: readonly (readonly number[])[];
  /** Bytes of the file up to the end of this chunk. */
  readonly end: number;
}

/** A stream that is read chunk by chunk. */
export interface RawStream {
  /** Everything before the first chunk. */
  readonly head: string;
  /** Whole chunks in order; what follows the last whole one is left out, and `torn` then tells it. */
  chunks(): AsyncGenerator<RawChunk>;
  /** Whether the file ends within a chunk; known when the chunks have been read. */
  torn(): boolean;
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Begins to read a stream; `lines` without their ends. Throws `Format` where it is none. */
export async function readRawStream(lines: AsyncIterable<string>, name: string): Promise<RawStream> {
  const source = lines[Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => {
    const { done, value } = await source.next();
    return done ? undefined : value;
  };
  let head = '';
  let line = await next();
  if (!line?.startsWith(marks.format))
    throw new EwaldError('Format', `${name} is no stream: it begins with "${(line ?? '').slice(0, 60)}"`);
  for (; line !== undefined && line !== marks.chunkBegin; line = await next()) head += `${line}\n`;
  let begun = line !== undefined;
  let isTorn = false;
  return {
    head,
    torn: () => isTorn,
    async *chunks() {
      let end = bytesOf(head);
      while (begun) {
        const block: string[] = [marks.chunkBegin];
        let one = await next();
        for (; one !== undefined && one !== marks.chunkEnd; one = await next()) block.push(one);
        if (one === undefined) {
          isTorn = true;
          return;
        }
        const text = `${block.join('\n')}\n${marks.chunkEnd}\n`;
        end += bytesOf(text);
        yield rawChunk(block, text, end, name);
        const after = await next();
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
    throw new EwaldError('Format', `${name}: a chunk that ends at byte ${end} names no file or no serial number`);
  const cells = block
    .filter((line) => line.startsWith('Cell parameters '))
    .map((line) => {
      const numbers = line.match(/[-+\d.]+(?:e[-+]\d+)?/gi)?.map(Number) ?? [];
      return numbers.map((x, i) => (i < 3 ? 10 * x : x));
    });
  return { text, filename, event: value('Event: '), serial, hit: value('hit = ') !== '0', cells, end };
}
