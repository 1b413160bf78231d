/** Values that mark pixels without a count, in files that do not say so. */
import type { Frame } from './contract.js';

/** Frames in which a pixel must have such a value, and pixels that have it, so that noise or a beam is not taken for gaps. */
const [fewestFrames, fewestPixels] = [3, 100];

/**
 * Returns a warning if gaps of a detector would be taken for counts, otherwise undefined: pixels that are −1 or −2 in all
 * frames, where no pixel is smaller, or that have all bits set in all of them (u8 and u16; those of u32 are never
 * counts). `valid` is the range of counts; values beyond it, and pixels where `bad` is nonzero, are excluded already.
 */
export function gapWarning(
  frames: readonly Frame[],
  valid: readonly [least: number, greatest: number],
  bad: Uint8Array,
): string | undefined {
  return negativeGaps(frames, valid[0], bad) ?? fullGaps(frames, valid[1], bad);
}

function fullGaps(frames: readonly Frame[], greatest: number, bad: Uint8Array): string | undefined {
  const [first] = frames;
  const full = first instanceof Uint16Array ? 2 ** 16 - 1 : first instanceof Uint8Array ? 2 ** 8 - 1 : undefined;
  if (!first || full === undefined || frames.length < fewestFrames || greatest < full) return undefined;
  let found = 0;
  for (let i = 0; i < first.length; i++)
    if (bad[i] === 0 && first[i] === full && frames.every((frame) => frame[i] === full)) found++;
  if (found < fewestPixels) return undefined;
  return (
    `${found} pixels are ${full} in all of the first ${frames.length} frames, as gaps and dead pixels of some detectors ` +
    `are, and are taken for saturated counts: if they are none, flag_equal = ${full} in the geometry leaves them out`
  );
}

function negativeGaps(frames: readonly Frame[], least: number, bad: Uint8Array): string | undefined {
  const areSigned = frames.every((frame) => frame instanceof Int16Array || frame instanceof Int32Array);
  if (frames.length < fewestFrames || !areSigned || least > -1) return undefined;
  const pixels = frames[0]?.length ?? 0;
  let found = 0;
  for (let i = 0; i < pixels; i++) {
    if (bad[i] !== 0) continue;
    let isAlways = true;
    for (const frame of frames) {
      const value = frame[i] as number;
      if (value >= 0 || value < least) isAlways = false;
      else if (value < -2) return undefined;
    }
    if (isAlways) found++;
  }
  if (found < fewestPixels) return undefined;
  return (
    `${found} pixels are -1 or -2 in all of the first ${frames.length} frames, as gaps and dead pixels of some detectors ` +
    'are, and are taken for counts: if they are none, flag_lessthan = 0 in the geometry leaves them out'
  );
}
