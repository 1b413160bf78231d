/**
 * An image as a server sends it to a page: exact, or rounded so that it takes few bytes while a detector is dragged. Numbers
 * on a grid of equal steps are written as differences from their neighbours, byte by byte, which compress to what their noise
 * needs; any others are the bytes of float64. The order of bytes is little-endian.
 */

/** What the bytes of an image are. */
export interface SentHead {
  readonly length: number;
  /** Numbers in a row, for the differences. */
  readonly width: number;
  /** Bytes of each difference, the low bytes of all of them first; 8: the numbers themselves. */
  readonly bytes: 1 | 2 | 3 | 4 | 8;
  /** The numbers are `first + step * integer`. */
  readonly first: number;
  readonly step: number;
  /** By how much numbers may differ from the exact ones; 0: they are exact. */
  readonly error: number;
  /** Whether a bit of each number follows, which is 1 where it is NaN. */
  readonly gaps: boolean;
}

/** The head of an image, and its bytes, which are to be compressed. */
export interface SentImage {
  readonly head: SentHead;
  readonly body: Uint8Array;
}

const most = 2 ** 30;

/**
 * An image to be sent. With `room`, the bytes that it should take when it is compressed, it is rounded as far as that needs;
 * otherwise it is exact.
 */
export function sentImage(numbers: Float64Array, width: number, room?: number): SentImage {
  const found = rangeOf(numbers);
  if (!found.isBounded) return exact(numbers, width);
  const { low, high, isWhole, hasGaps } = found;
  const needed = room === undefined ? 0 : stepFor(numbers, width, room);
  const isOnGrid = isWhole && high - low < most && Math.max(-low, high) < 2 ** 52;
  // Whole numbers are exact in steps of 1.
  const step = isOnGrid ? Math.max(1, Math.ceil(needed)) : Math.max(needed, (high - low) / most);
  if (!isOnGrid && (room === undefined || !(step > 0) || !Number.isFinite(step))) return exact(numbers, width);
  const { body, bytes } = differences(numbers, { width, first: low, step, gaps: hasGaps });
  return {
    head: {
      ...{ length: numbers.length, width, bytes, first: low, step, gaps: hasGaps },
      error: isOnGrid && step === 1 ? 0 : step / 2,
    },
    body,
  };
}

/** The numbers of an image. */
export function imageOf({ length, width, bytes, first, step, gaps }: SentHead, body: Uint8Array): Float64Array {
  const image = new Float64Array(length);
  if (bytes === 8) {
    const plain = new Uint8Array(image.buffer);
    for (let k = 0; k < 8; k++) for (let i = 0; i < length; i++) plain[8 * i + k] = body[k * length + i] as number;
    return image;
  }
  const grid = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    let code = 0;
    for (let k = bytes - 1; k >= 0; k--) code = (code * 256 + (body[k * length + i] as number)) >>> 0;
    grid[i] = (expected(grid, i, width) + ((code >>> 1) ^ -(code & 1))) | 0;
    image[i] = first + step * (grid[i] as number);
  }
  if (gaps)
    for (let i = 0, at = bytes * length; i < length; i++)
      if ((body[at + (i >> 3)] as number) & (1 << (i & 7))) image[i] = Number.NaN;
  return image;
}

/** What is expected of a number by those before it in its row and above it. */
function expected(grid: Int32Array, i: number, width: number): number {
  const isFirst = i % width === 0;
  if (i < width) return isFirst ? 0 : (grid[i - 1] as number);
  const above = grid[i - width] as number;
  return isFirst ? above : ((grid[i - 1] as number) + above) >> 1;
}

function differences(
  numbers: Float64Array,
  { width, first, step, gaps }: Pick<SentHead, 'width' | 'first' | 'step' | 'gaps'>,
): { readonly body: Uint8Array; readonly bytes: 1 | 2 | 3 | 4 } {
  const { length } = numbers;
  const grid = new Int32Array(length);
  const codes = new Uint32Array(length);
  let greatest = 0;
  for (let i = 0; i < length; i++) {
    const value = numbers[i] as number;
    const guess = expected(grid, i, width);
    // A gap costs nothing where it has the number that is expected.
    const own = Number.isNaN(value) ? guess : Math.round((value - first) / step);
    grid[i] = own;
    const difference = own - guess;
    const code = ((difference << 1) ^ (difference >> 31)) >>> 0;
    codes[i] = code;
    if (code > greatest) greatest = code;
  }
  const bytes = greatest < 2 ** 8 ? 1 : greatest < 2 ** 16 ? 2 : greatest < 2 ** 24 ? 3 : 4;
  const body = new Uint8Array(bytes * length + (gaps ? Math.ceil(length / 8) : 0));
  for (let k = 0; k < bytes; k++)
    for (let i = 0; i < length; i++) body[k * length + i] = ((codes[i] as number) >>> (8 * k)) & 255;
  if (gaps)
    for (let i = 0, at = bytes * length; i < length; i++)
      if (Number.isNaN(numbers[i])) body[at + (i >> 3)] = (body[at + (i >> 3)] as number) | (1 << (i & 7));
  return { body, bytes };
}

/** The numbers as they are, the lowest bytes of all of them first. */
function exact(numbers: Float64Array, width: number): SentImage {
  const { length } = numbers;
  const plain = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const body = new Uint8Array(8 * length);
  for (let k = 0; k < 8; k++) for (let i = 0; i < length; i++) body[k * length + i] = plain[8 * i + k] as number;
  return { head: { length, width, bytes: 8, first: 0, step: 0, error: 0, gaps: false }, body };
}

/** The range of the numbers that are not NaN, of which none may be infinite or -0 in whole numbers. */
function rangeOf(numbers: Float64Array): {
  readonly isBounded: boolean;
  readonly low: number;
  readonly high: number;
  readonly isWhole: boolean;
  readonly hasGaps: boolean;
} {
  let [low, high, isWhole, hasGaps] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true, false];
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] as number;
    if (value < low) low = value;
    if (value > high) high = value;
    // -0 is whole, and would lose its sign.
    if (Number.isNaN(value)) hasGaps = true;
    else if (isWhole && (value !== Math.floor(value) || Object.is(value, -0))) isWhole = false;
  }
  const isBounded = Number.isFinite(low) && Number.isFinite(high);
  return { isBounded, low, high, isWhole, hasGaps };
}

/** The step with which the differences of an image take about so many bytes, if they are distributed as e^-|x|. */
function stepFor(numbers: Float64Array, width: number, room: number): number {
  const { length } = numbers;
  let [sum, count] = [0, 0];
  for (let i = width + 1; i < length; i++) {
    const value = numbers[i] as number;
    const guess = ((numbers[i - 1] as number) + (numbers[i - width] as number)) / 2;
    const difference = Math.abs(value - guess);
    if (Number.isNaN(difference)) continue;
    sum += difference;
    count++;
  }
  const mean = count > 0 ? sum / count : 0;
  const bits = Math.min(40, (8 * room) / Math.max(1, length));
  // The entropy of such differences is log2(2 e mean / step) bits.
  return (2 * Math.E * mean) / 2 ** bits;
}
