/** The oracle of ring sums: every good pixel, one after the other. It shares no code with the kernels. */
import type { Scene } from './peakfinder8.js';

/** Sum and number of the good pixels of a ring. */
export interface RingSum {
  sum: number;
  pixels: number;
}

/** The sums of the rings whose pixels are within a range. */
export function ringSums({ frame, ring }: Scene, [least, greatest]: readonly [number, number]): RingSum[] {
  const found: RingSum[] = [];
  for (let i = 0; i < frame.length; i++) {
    const value = frame[i] as number;
    const at = ring[i] ?? -1;
    if (at < 0) continue;
    found[at] ??= { sum: 0, pixels: 0 };
    if (!(value >= least && value <= greatest)) continue;
    found[at].sum += value;
    found[at].pixels++;
  }
  return found;
}
