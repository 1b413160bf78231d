/** The median: the mean of the two middle numbers for an even count; 0 for an empty list. */
export function median(values: ArrayLike<number>): number {
  const some = new Float64Array(values);
  const { length } = some;
  const at = length >> 1;
  for (let i = 0; i < length; i++) if (Number.isNaN(some[i])) return middleOf(some.sort(), at);
  select(some, at);
  if (length % 2 === 1 || length === 0) return some[at] ?? 0;
  // What selection leaves below the upper middle number is not in order; the lower middle number is its largest.
  let lower = some[0] as number;
  for (let i = 1; i < at; i++) if ((some[i] as number) > lower) lower = some[i] as number;
  return (lower + (some[at] as number)) / 2;
}

/** The median of numbers without NaN, the upper of the two middle numbers for an even count; 0 for an empty list. */
export function upperMedian(values: ArrayLike<number>): number {
  const some = new Float64Array(values);
  select(some, some.length >> 1);
  return some[some.length >> 1] ?? 0;
}

/** The median and its standard error, that of a normal distribution with the same median deviation. */
export function medianWithError(values: readonly number[]): readonly [median: number, error: number] {
  const m = median(values);
  const deviation = 1.4826 * median(values.map((x) => Math.abs(x - m)));
  return [m, (1.2533 * deviation) / Math.sqrt(values.length)];
}

/** The median of sorted numbers. */
function middleOf(sorted: Float64Array, at: number): number {
  return sorted.length % 2 === 1 ? (sorted[at] ?? 0) : ((sorted[at - 1] ?? 0) + (sorted[at] ?? 0)) / 2;
}

/**
 * Moves the number that sorting would put at `at` there, smaller ones before and larger ones after it (Hoare, Comm.
 * ACM 4 (1961) 321). A frame needs ten medians of its spots, and sorting them would take ten times as long. Numbers
 * must not be NaN.
 */
export function select(values: Float64Array, at: number): void {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    // The middle of three, so that sorted numbers, too, are divided evenly.
    const [first, middle, last] = [values[low] as number, values[(low + high) >> 1] as number, values[high] as number];
    const pivot = Math.max(Math.min(first, middle), Math.min(Math.max(first, middle), last));
    let [i, j] = [low, high];
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i > j) break;
      const moved = values[i] as number;
      values[i++] = values[j] as number;
      values[j--] = moved;
    }
    if (at <= j) high = j;
    else if (at >= i) low = i;
    else return;
  }
}

/** The largest of some numbers, ignoring a fraction `share` of them. */
export function upperEnd(values: ArrayLike<number>, share: number): number {
  const sorted = new Float64Array(values).sort();
  const { length } = sorted;
  return sorted[length - 1 - Math.min(length - 1, Math.floor(length * share))] ?? 0;
}
