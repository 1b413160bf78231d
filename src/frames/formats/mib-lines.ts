/** Finds the end of the scan lines from the pauses between frames: the flyback of the beam takes slightly longer. */

import type { ByteSource } from '../../bytes/byte-source.js';
import { median } from '../../util/median.js';
import { decodeLatin1 } from '../cursor.js';
import type { FormatOptions } from '../format.js';

/** Frames searched for the first pause; longer lines are not found. */
const maxFrames = 4096;
/** Smaller differences are jitter of the clock. */
const minNs = 1000;

/** Frames per line; undefined if the times show none. This is a guess and is reported as one. */
export async function lineLength(
  source: ByteSource,
  frames: number,
  stride: number,
  options: FormatOptions,
): Promise<number | undefined> {
  const times: number[] = [];
  let line: number | undefined;
  for (let frame = 0; frame < Math.min(frames, maxFrames); frame++) {
    const time = await frameTime(source, frame * stride, options);
    if (time === undefined) return undefined;
    times.push(time);
    if (frame < 3) continue;
    const usual = median(differences(times.slice(0, -1)));
    if (time - (times.at(-2) as number) > usual + Math.max(minNs, 1e-4 * usual)) {
      line = frame;
      break;
    }
  }
  if (line === undefined || frames % line !== 0) return undefined;
  // Every later line must start with such a pause and have none in its middle; a few lines are checked.
  const usual = median(differences(times.slice(0, -1)));
  for (let row = 1; row < Math.min(frames / line, 16); row++) {
    const [a, b, c] = await Promise.all(
      [row * line - 1, row * line, row * line + 1].map((frame) => frameTime(source, frame * stride, options)),
    );
    if (a === undefined || b === undefined || b - a <= usual + minNs) return undefined;
    if (c !== undefined && line > 1 && c - b > usual + minNs) return undefined;
  }
  return line;
}

const differences = (times: readonly number[]): number[] =>
  times.slice(1).map((time, i) => time - (times[i] as number));
/** Time of a frame in nanoseconds since midnight; a full date would lose the nanoseconds. */
async function frameTime(source: ByteSource, at: number, { signal }: FormatOptions): Promise<number | undefined> {
  if (at >= source.size) return undefined;
  const text = decodeLatin1(await source.read(at, Math.min(768, source.size - at), { signal }));
  const match = /T(\d{2}):(\d{2}):(\d{2})\.(\d{9})Z/.exec(text);
  if (!match) return undefined;
  const [, hours, minutes, seconds, nanoseconds] = match.map(Number) as [number, number, number, number, number];
  return ((hours * 60 + minutes) * 60 + seconds) * 1e9 + nanoseconds;
}
