/** Which values of a file are no counts, as the file states it: what `ewald info` tells as "no count where". */

import type { DataType, FrameArray } from '../bytes/dtype.js';
import type { Dataset, Metadata } from './dataset.js';

/** Values that are no counts, as far as the type of the frames can hold them. */
export interface CountLimits {
  /** Values below this one are no counts. */
  readonly least: number;
  /** Values that mark a pixel without a count. */
  readonly markers: readonly number[];
  /** Values above this one are overloads: counts that are too low. */
  readonly most?: number | undefined;
  /** Where a counter ends: the only value above `most` that it can have. */
  readonly end?: number | undefined;
}

/** Least and largest numbers of the types of counts; those of reals have no end. */
export const ranges: Partial<Record<DataType, readonly [number, number]>> = {
  u8: [0, 2 ** 8 - 1],
  u16: [0, 2 ** 16 - 1],
  u32: [0, 2 ** 32 - 1],
  i8: [-(2 ** 7), 2 ** 7 - 1],
  i16: [-(2 ** 15), 2 ** 15 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  f32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  f64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

/**
 * The numbers with which detectors that count mark pixels without a count, where their type has no sign: its largest, and
 * of 32 bits, which no count reaches, the one before it as well (−1 and −2).
 */
export const countMarkers = (dtype: DataType): readonly number[] =>
  ({ u8: [2 ** 8 - 1], u16: [2 ** 16 - 1], u32: [2 ** 32 - 2, 2 ** 32 - 1] })[dtype as string] ?? [];

/** The limits that a file states, in words. */
export const noCountTexts = ({ underload, markers }: Metadata): string[] => [
  ...(underload === undefined ? [] : [`below ${underload}`]),
  ...(markers?.length ? [`where ${markers.join(' or ')}`] : []),
];

/** The limits that a file states; undefined if every value of its type is a right count. */
export function countLimitsOf({ dtype, meta }: Pick<Dataset, 'dtype' | 'meta'>): CountLimits | undefined {
  const range = ranges[dtype];
  if (!range) return undefined;
  const [smallest, largest] = range;
  const least = Math.max(smallest, meta.underload ?? smallest);
  const markers = (meta.markers ?? []).filter((marker) => marker >= least && marker <= largest);
  const overloads = overloadsOf(meta, largest);
  return least > smallest || markers.length > 0 || overloads ? { least, markers, ...overloads } : undefined;
}

/** Where counts become too low, if a number of the type can be beyond. */
function overloadsOf(
  { saturation, bitDepth }: Metadata,
  largest: number,
): Pick<CountLimits, 'most' | 'end'> | undefined {
  if (saturation === undefined || !(saturation > 0 && saturation < largest)) return undefined;
  const isCounter = bitDepth !== undefined && saturation === 2 ** bitDepth - 2;
  return { most: saturation, ...(isCounter && { end: saturation + 1 }) };
}

/** Whether some values are no counts, overloads apart. */
export const hasNoCounts = ({ least, markers }: CountLimits, dtype: DataType): boolean =>
  markers.length > 0 || least > (ranges[dtype]?.[0] ?? Number.NEGATIVE_INFINITY);

/**
 * The same as a range, for those who compare with two limits alone: a marker above 0 ends it from above, any other from
 * below. Overloads are within it.
 */
export function countRange({ underload, markers = [] }: Pick<Metadata, 'underload' | 'markers'>): [number, number] {
  let [least, greatest] = [underload ?? Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const marker of markers) {
    if (marker > 0) greatest = Math.min(greatest, marker - 1);
    else least = Math.max(least, marker + 1);
  }
  return [least, greatest];
}

/** Whether a value is no count. NaN is a value of its own. */
export const isNoCount = (value: number, { least, markers }: CountLimits): boolean =>
  value < least || markers.includes(value);

/** Whether a value is a count that is too low. */
export const isOverload = (value: number, { most, markers }: CountLimits): boolean =>
  most !== undefined && value > most && !markers.includes(value);

/** Places of the pixels without a count in one frame. */
function noCountsOf(frame: FrameArray, limits: CountLimits): number[] {
  const found: number[] = [];
  const numbers = frame as Float64Array;
  for (let i = 0; i < numbers.length; i++) if (isNoCount(numbers[i] as number, limits)) found.push(i);
  return found;
}

/** The frames that tell which pixels never have a count: a beam that saturates moves, a gap stays. */
export const telling = (frames: number): number[] => [...new Set([0, frames >> 1, frames - 1])];

/** The pixels that have no count in any of some frames, 1 where they have none; undefined if there is none. */
export function neverCounting(
  frames: readonly FrameArray[],
  length: number,
  limits: CountLimits,
): Uint8Array | undefined {
  const times = new Uint8Array(length);
  for (const frame of frames) for (const i of noCountsOf(frame, limits)) times[i] = (times[i] as number) + 1;
  const always = times.map((seen) => (seen === frames.length ? 1 : 0));
  return frames.length > 0 && always.includes(1) ? always : undefined;
}
