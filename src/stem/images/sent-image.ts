/**
 * An image as a server sends it to a page: exact, or rounded so that it takes few bytes while a detector is dragged. Numbers
 * on a grid of equal steps are written as differences from their neighbours, byte by byte, which compress to what their noise
 * needs; any others are the bytes of float64. Where even noise would be lost, an image is the means of blocks of positions.
 * The order of bytes is little-endian.
 */

/** What the bytes of an image are. */
export interface SentHead {
  readonly length: number;
  /** Numbers in a row. */
  readonly width: number;
  /** Rows and columns of a block whose mean is sent; 1: all numbers are. */
  readonly block: number;
  /** Bytes of each difference, the low bytes of all of them first; 8: the numbers themselves. */
  readonly bytes: 1 | 2 | 3 | 4 | 8;
  /** The numbers are `first + step * integer`. */
  readonly first: number;
  readonly step: number;
  /** By how much numbers, or the means of blocks, may differ from the exact ones; 0: they are exact. */
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
/** Bits of a number that its noise needs, and from which on steps of the whole range are not seen. */
const [bitsOfNoise, bitsOfRange] = [2, 8];
const maxBlock = 8;
const rowsToJudge = 64;

/**
 * An image to be sent. With `room`, the bytes that it should take when it is compressed, it is rounded as far as that needs;
 * otherwise it is exact.
 */
export function sentImage(numbers: Float64Array, width: number, room?: number): SentImage {
  const range = rangeOf(numbers);
  if (!range.isBounded) return exact(numbers, width);
  const { low, high, isWhole, hasGaps } = range;
  const canBeWhole = isWhole && high - low < most && Math.max(-low, high) < 2 ** 52;
  if (room === undefined && !canBeWhole) return exact(numbers, width);
  let [image, block, needed] = [numbers, 1, room === undefined ? 0 : stepFor(numbers, width, room)];
  // Blocks of 2 × 2, 4 × 4 … until the noise of their means has room, or nothing of them is lost or seen.
  const isSeen = (bits: number): boolean =>
    bits < bitsOfNoise && !(canBeWhole && block === 1 && needed <= 1) && needed * 2 ** bitsOfRange > high - low;
  for (; room !== undefined && block < maxBlock && isSeen((8 * room) / image.length); ) {
    block *= 2;
    image = meansOf(numbers, width, block);
    needed = stepFor(image, Math.ceil(width / block), room);
  }
  const isOnGrid = canBeWhole && block === 1;
  // Whole numbers are exact in steps of 1.
  const step = isOnGrid ? Math.max(1, Math.ceil(needed)) : Math.max(needed, (high - low) / most);
  if (!isOnGrid && !(step > 0 && Number.isFinite(step))) return exact(numbers, width);
  const gaps = hasGaps && image.some(Number.isNaN);
  const { body, bytes } = differences(image, { width: Math.ceil(width / block), first: low, step, gaps });
  return {
    head: {
      ...{ length: numbers.length, width, block, bytes, first: low, step, gaps },
      error: isOnGrid && step === 1 ? 0 : step / 2,
    },
    body,
  };
}

/** The numbers of a head that are sent, in rows. */
function sentSize({
  length,
  width,
  block,
}: Pick<SentHead, 'length' | 'width' | 'block'>): [length: number, width: number] {
  if (block === 1) return [length, width];
  const columns = Math.ceil(width / block);
  return [columns * Math.ceil(Math.ceil(length / width) / block), columns];
}

/** The bytes that an image takes. */
export function sentBytes(head: SentHead): number {
  const [length] = sentSize(head);
  return head.bytes * length + (head.gaps ? Math.ceil(length / 8) : 0);
}

/** The numbers of an image. */
export function imageOf(head: SentHead, body: Uint8Array): Float64Array {
  const { bytes, first, step, gaps, block } = head;
  const [length, width] = sentSize(head);
  const image = new Float64Array(length);
  if (bytes === 8) {
    const plain = new Uint8Array(image.buffer);
    for (let k = 0; k < 8; k++) for (let i = 0; i < length; i++) plain[8 * i + k] = body[k * length + i] as number;
    return image;
  }
  const grid = new Int32Array(length);
  for (let row = 0; row < length; row += width) {
    let left = row === 0 ? 0 : (grid[row - width] as number);
    for (let i = row; i < Math.min(length, row + width); i++) {
      let code = body[i] as number;
      for (let k = 1; k < bytes; k++) code |= (body[k * length + i] as number) << (8 * k);
      const guess = i === row ? left : row === 0 ? left : (left + (grid[i - width] as number)) >> 1;
      left = (guess + ((code >>> 1) ^ -(code & 1))) | 0;
      grid[i] = left;
      image[i] = first + step * left;
    }
  }
  if (gaps)
    for (let i = 0, at = bytes * length; i < length; i++)
      if ((body[at + (i >> 3)] as number) & (1 << (i & 7))) image[i] = Number.NaN;
  return block === 1 ? image : spread(image, head);
}

/** The mean of each block of an image, without gaps; NaN where it has nothing else. */
function meansOf(numbers: Float64Array, width: number, block: number): Float64Array {
  const [length, columns] = sentSize({ length: numbers.length, width, block });
  const [sums, counts] = [new Float64Array(length), new Uint8Array(length)];
  const shift = Math.log2(block);
  for (let from = 0, row = 0; from < numbers.length; from += width, row++) {
    const [at, end] = [(row >> shift) * columns, Math.min(width, numbers.length - from)];
    for (let column = 0; column < end; column++) {
      const value = numbers[from + column] as number;
      if (Number.isNaN(value)) continue;
      const k = at + (column >> shift);
      sums[k] = (sums[k] as number) + value;
      counts[k] = (counts[k] as number) + 1;
    }
  }
  for (let k = 0; k < length; k++) sums[k] = (sums[k] as number) / (counts[k] as number);
  return sums;
}

/** An image whose blocks have one number each. */
function spread(means: Float64Array, { length, width, block }: SentHead): Float64Array {
  const image = new Float64Array(length);
  const columns = Math.ceil(width / block);
  const shift = Math.log2(block);
  for (let from = 0, row = 0; from < length; from += width, row++) {
    const [at, end] = [(row >> shift) * columns, Math.min(width, length - from)];
    for (let column = 0; column < end; column++) image[from + column] = means[at + (column >> shift)] as number;
  }
  return image;
}

/** Differences of numbers on a grid from what those before in their row and above let expect. */
function differences(
  numbers: Float64Array,
  { width, first, step, gaps }: Pick<SentHead, 'width' | 'first' | 'step' | 'gaps'>,
): { readonly body: Uint8Array; readonly bytes: 1 | 2 | 3 | 4 } {
  const { length } = numbers;
  const grid = new Int32Array(length);
  const codes = new Uint32Array(length);
  let greatest = 0;
  for (let row = 0; row < length; row += width) {
    let left = row === 0 ? 0 : (grid[row - width] as number);
    for (let i = row; i < Math.min(length, row + width); i++) {
      const value = numbers[i] as number;
      const guess = i === row ? left : row === 0 ? left : (left + (grid[i - width] as number)) >> 1;
      // A gap costs nothing where it has the number that is expected.
      left = Number.isNaN(value) ? guess : Math.round((value - first) / step);
      grid[i] = left;
      const difference = left - guess;
      const code = ((difference << 1) ^ (difference >> 31)) >>> 0;
      codes[i] = code;
      if (code > greatest) greatest = code;
    }
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
  return { head: { length, width, block: 1, bytes: 8, first: 0, step: 0, error: 0, gaps: false }, body };
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
    else if (isWhole && (value !== Math.floor(value) || (value === 0 && 1 / value < 0))) isWhole = false;
  }
  const isBounded = Number.isFinite(low) && Number.isFinite(high);
  return { isBounded, low, high, isWhole, hasGaps };
}

/** The step with which the differences of an image take about so many bytes, if they are distributed as e^-|x|. */
function stepFor(numbers: Float64Array, width: number, room: number): number {
  const { length } = numbers;
  let [sum, count] = [0, 0];
  // Some rows tell as much as all.
  const every = Math.max(1, Math.floor(length / width / rowsToJudge));
  for (let row = width; row < length; row += every * width)
    for (let i = row + 1; i < Math.min(length, row + width); i++) {
      const guess = ((numbers[i - 1] as number) + (numbers[i - width] as number)) / 2;
      const difference = Math.abs((numbers[i] as number) - guess);
      if (Number.isNaN(difference)) continue;
      sum += difference;
      count++;
    }
  const mean = count > 0 ? sum / count : 0;
  const bits = Math.min(40, (8 * room) / Math.max(1, length));
  // The entropy of such differences is log2(2 e mean / step) bits.
  return (2 * Math.E * mean) / 2 ** bits;
}
