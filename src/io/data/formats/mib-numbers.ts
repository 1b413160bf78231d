/** Frames that a MIB lacks, by the numbers that the detector has given its frames. */
import { counted } from '../../../base/amounts.js';
import type { ByteSource } from '../byte-source.js';
import { decodeLatin1 } from '../cursor.js';
import type { ImageNumbers, Note } from '../dataset.js';
import type { FormatOptions } from '../format.js';

/** Bytes of a header that hold the number. */
const numberBytes = 16;

/** The numbers of the first and the last frame, and a note if there are fewer frames than they say. */
export async function frameNumbers(
  source: ByteSource,
  frames: number,
  stride: number,
  { signal }: FormatOptions,
): Promise<{ readonly numbers: ImageNumbers | undefined; readonly notes: readonly Note[] }> {
  const numberOf = async (frame: number): Promise<number> => {
    const bytes = await source.read(frame * stride, numberBytes, { signal });
    return Number(/^MQ1,(\d{6,}),/.exec(decodeLatin1(bytes))?.[1]);
  };
  const [first, last] = [await numberOf(0), await numberOf(frames - 1)];
  if (Number.isNaN(first) || Number.isNaN(last)) return { numbers: undefined, notes: [] };
  const missing = last - first + 1 - frames;
  // Numbers that do not count the frames, such as those of several counters, tell nothing.
  if (missing <= 0) return { numbers: { first, last }, notes: [] };
  // The first frame whose number is too high for its place.
  let [low, high] = [0, frames - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((await numberOf(middle)) - first > middle) high = middle;
    else low = middle;
  }
  const text =
    `${counted(missing, 'frame')} of the acquisition ${missing === 1 ? 'is' : 'are'} missing, the first ` +
    `${first + high}: by the numbers in the headers there are ${first} to ${last}, and the file holds ${frames}. Frames ` +
    'behind a missing one are earlier in the scan than they were recorded';
  return { numbers: { first, last }, notes: [{ kind: 'warning', text, isCut: true }] };
}
