/** What a run finds in a region of a frame (`rois`), and the line of a stream that states it. */

/**
 * The counts of a region in one frame. Pixels without a count are left out, and saturated ones are in `max` alone. Sums of
 * frames of integers are exact, and bigint.
 */
export interface RegionValue {
  readonly sum: bigint | number;
  readonly sumSquares: bigint | number;
  /** The largest count; NaN without any. */
  readonly max: number;
  /** Pixels that were summed. */
  readonly pixels: number;
  /** Of a pixel; NaN without any. */
  readonly mean: number;
  readonly variance: number;
  /** The centre of mass along fs and ss, where 0 is the centre of the first pixel; NaN unless the sum is positive. */
  readonly x: number;
  readonly y: number;
}

/** The regions of a frame by name. */
export type RegionValues = Readonly<Record<string, RegionValue>>;

/** The numbers of a region that alarms watch and merges divide data by. */
export const regionFields = ['sum', 'max', 'pixels', 'mean', 'variance', 'x', 'y'] as const;
export type RegionField = (typeof regionFields)[number];

/** The numbers of regions as alarms and maps name them, `roi:NAME.FIELD`. */
export function regionNumbers(regions: RegionValues): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, region] of Object.entries(regions))
    for (const field of regionFields) found[`roi:${name}.${field}`] = Number(region[field]);
  return found;
}

/** Mean and variance of a pixel, from exact sums as far as there are any. */
export function momentsOf(
  sum: bigint | number,
  sumSquares: bigint | number,
  pixels: number,
): { readonly mean: number; readonly variance: number } {
  if (pixels === 0) return { mean: Number.NaN, variance: Number.NaN };
  const mean = Number(sum) / pixels;
  const variance =
    typeof sum === 'bigint' && typeof sumSquares === 'bigint'
      ? Number(BigInt(pixels) * sumSquares - sum * sum) / pixels ** 2
      : Math.max(0, Number(sumSquares) / pixels - mean * mean);
  return { mean, variance };
}

/** Prefix of the line of a stream that states a region. */
const mark = 'ewald/roi/';

const text = (value: number, digits?: number): string =>
  Number.isNaN(value) ? 'nan' : digits === undefined ? `${value}` : value.toFixed(digits);

/** The lines of a frame in a stream: `ewald/roi/NAME = sum sum_sq max npixel x y`. */
export const regionLines = (values: RegionValues = {}): string[] =>
  Object.entries(values).map(
    ([name, { sum, sumSquares, max, pixels, x, y }]) =>
      `${mark}${name} = ${sum} ${sumSquares} ${text(max)} ${pixels} ${text(x, 3)} ${text(y, 3)}`,
  );

/** A region from its line in a stream; undefined for any other line, and for a damaged one. */
export function regionOfLine(line: string): (RegionValue & { readonly name: string }) | undefined {
  const [, name, rest = ''] = /^ewald\/roi\/(\S+) = (.*)$/.exec(line) ?? [];
  const words = rest.trim().split(/\s+/);
  if (name === undefined || words.length !== 6) return undefined;
  const [sum, sumSquares] = words.slice(0, 2).map((word) => (/^-?\d+$/.test(word) ? BigInt(word) : Number(word))) as [
    bigint | number,
    bigint | number,
  ];
  const [max, pixels, x, y] = words.slice(2).map((word) => (word === 'nan' ? Number.NaN : Number(word))) as [
    number,
    number,
    number,
    number,
  ];
  if (!Number.isSafeInteger(pixels)) return undefined;
  return { name, sum, sumSquares, max, pixels, ...momentsOf(sum, sumSquares, pixels), x, y };
}

/** The regions that the lines of a chunk state; undefined without any. */
export function regionsOfChunk(text: string): RegionValues | undefined {
  const found = text.split('\n').flatMap((line) => (line.startsWith(mark) ? (regionOfLine(line) ?? []) : []));
  return found.length === 0 ? undefined : Object.fromEntries(found.map(({ name, ...region }) => [name, region]));
}

/** What is wrong with the NAME.FIELD of a number of a region, of those that a run has; undefined if nothing is. */
export function regionProblem(text: string | undefined, regions: readonly string[]): string | undefined {
  const [, name = '', field = ''] = /^(.*)\.([a-z]+)$/.exec(text ?? '') ?? [];
  if (!(regionFields as readonly string[]).includes(field))
    return `"roi:${text ?? ''}" is no roi:NAME.FIELD with a field of ${regionFields.join(', ')}`;
  if (regions.includes(name)) return undefined;
  return `"${name}" is no region of the run, which has ${regions.join(', ') || 'none'}; add --roi '${name}=KIND:…'`;
}
