/** Counts and rates as messages state them. */

/** "1 spot", "2 spots". */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** "the first frame", "the first 25 frames". */
export const firstFrames = (count: number): string => (count === 1 ? 'the first frame' : `the first ${count} frames`);

/** A rate in the unit in which it is one or more: "2.31 GB/s", "41.0 MB/s". */
export function rateText(bytes: number, seconds: number): string {
  const rate = bytes / Math.max(seconds, 1e-9);
  if (rate >= 1e9) return `${(rate / 1e9).toFixed(2)} GB/s`;
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(1)} MB/s` : `${(rate / 1e3).toFixed(1)} kB/s`;
}
