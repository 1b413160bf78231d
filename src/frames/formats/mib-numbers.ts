/** Frames that a MIB lacks, has twice or in another order, by the numbers that the detector has given its frames. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { counted } from '../../util/amounts.js';
import { decodeLatin1 } from '../cursor.js';
import type { ImageNumbers, Note } from '../dataset.js';
import type { FormatOptions } from '../format.js';

/** Bytes of a header that hold the number. */
const numberBytes = 16;

/**
 * The numbers of the first and the last frame, of which the first is known, and a note if there are fewer or more frames
 * than they say.
 */
export async function frameNumbers(
  source: ByteSource,
  first: number,
  [frames, stride]: readonly [frames: number, stride: number],
  { signal }: FormatOptions,
): Promise<{ readonly numbers: ImageNumbers | undefined; readonly notes: readonly Note[] }> {
  const numberOf = async (frame: number): Promise<number> => {
    const bytes = await source.read(frame * stride, numberBytes, { signal });
    return Number(/^MQ1,(\d{6,}),/.exec(decodeLatin1(bytes))?.[1]);
  };
  const last = await numberOf(frames - 1);
  if (Number.isNaN(last)) return { numbers: undefined, notes: [] };
  const missing = last - first + 1 - frames;
  // Numbers that do not count the frames, such as those of several counters, tell nothing.
  if (missing === 0 || 2 * (last - first + 1) <= frames) return { numbers: { first, last }, notes: [] };
  // The first frame whose number is not that of its place.
  let [low, high] = [0, frames - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((await numberOf(middle)) - first === middle) low = middle;
    else high = middle;
  }
  const there = `by the numbers in the headers there are ${first} to ${last}, and the file holds ${frames}`;
  if (missing < 0) {
    const text =
      `${counted(-missing, 'frame')} of the file ${missing === -1 ? 'is' : 'are'} there twice, the first behind frame ` +
      `${low}: ${there}. Frames behind a repeated one are later in the scan than they were recorded`;
    return { numbers: { first, last }, notes: [{ kind: 'warning', text, isCut: true }] };
  }
  const text =
    `${counted(missing, 'frame')} of the acquisition ${missing === 1 ? 'is' : 'are'} missing, the first ` +
    `${first + high}: ${there}. Frames behind a missing one are earlier in the scan than they were recorded`;
  return { numbers: { first, last }, notes: [{ kind: 'warning', text, isCut: true }] };
}

/** Bytes of a header in which number, size and type of a frame are. */
export const headBytes = 64;

/**
 * Compares what a header says of its frame with the header of the first one: size and type and, if numbers count the
 * frames, `expected` as its number. Throws `Format`.
 */
export function checkHead(
  source: Pick<ByteSource, 'name'>,
  head: Uint8Array,
  first: readonly string[],
  expected: number | undefined,
): void {
  const fields = headFields(decodeLatin1(head));
  if (fields[0] !== 'MQ1') throw badFile(source, 'there is no frame header before it: it should start with MQ1,');
  for (let i = 2; i <= typeField; i++)
    if (fields[i] !== first[i])
      throw badFile(
        source,
        `its header says ${fields.slice(2).join()}; that of the first frame ${first.slice(2).join()}`,
      );
  if (expected !== undefined && Number(fields[1]) !== expected)
    throw badFile(source, `its header has the number ${Number(fields[1])}; expected ${expected} at this place`);
}

/** Index of the last field that is compared: MQ1, number, bytes, chips, width, height, type. */
const typeField = 6;

/** The fields at the start of a header. */
export const headFields = (text: string): readonly string[] => text.split(',', typeField + 1);
