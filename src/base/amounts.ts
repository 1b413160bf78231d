/** Counts and rates as messages state them. */

/** "1 spot", "2 spots". */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const rates = [
  [1e9, 'GB/s'],
  [1e6, 'MB/s'],
  [0, 'kB/s'],
] as const;

/** A rate in the unit in which it is one or more: "2.31 GB/s", "41.0 MB/s". */
export function rateText(bytes: number, seconds: number): string {
  const rate = bytes / Math.max(seconds, 1e-9);
  const [size, unit] = rates.find(([least]) => rate >= least) ?? rates[0];
  return `${(rate / (size || 1e3)).toFixed(size === 1e9 ? 2 : 1)} ${unit}`;
}
