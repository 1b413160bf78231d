/** The median: the mean of the two middle numbers for an even count; 0 for an empty list. */
export function median(values: ArrayLike<number>): number {
  const sorted = new Float64Array(values).sort();
  const at = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[at] ?? 0) : ((sorted[at - 1] ?? 0) + (sorted[at] ?? 0)) / 2;
}
