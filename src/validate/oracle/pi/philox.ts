/**
 * The oracle of pi: Philox4x32-10 and the in-circle test, written from the paper, twice.
 *
 * `philox` is the definition in BigInt: slow, and hard to get wrong. `countInside` does the same with 32-bit numbers,
 * 300 times faster; a test compares it with the definition, and it is also the plain JavaScript loop that benchmarks
 * run in addition to the backends. It shares no code with cpp/: the constants are repeated, the high product is made of
 * 16-bit halves, and a point is tested at (2x + 1, 2y + 1) in float64, where its square is exact.
 *
 * Source: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC11), table 2 and section 5.3.
 */

type Four<T> = readonly [T, T, T, T];

const mask = 0xffffffffn;

/** The random block of a counter and a key, 32-bit words as BigInts. */
export function philox(counter: Four<bigint>, key: readonly [bigint, bigint], rounds = 10): Four<bigint> {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3];
}

/** Which points of which stream; the fields of `PiRunOptions`. */
export interface Points {
  readonly points: bigint;
  readonly seed: bigint;
  readonly stream: number;
  readonly first: bigint;
}

/** Counts points of a stream inside the quarter circle by the definition; about 10⁵ points per second. */
export function countInsideSlowly({ points, seed, stream, first }: Points): bigint {
  let hits = 0n;
  let block: Four<bigint> | undefined;
  for (let point = first; point < first + points; point++) {
    const index = point >> 2n;
    if (block === undefined || point % 4n === 0n)
      block = philox([index & mask, index >> 32n, BigInt(stream), 0n], [seed & mask, seed >> 32n]);
    const word = block[Number(point % 4n)] as bigint;
    const [u, v] = [2n * (word & 0xffffn) + 1n, 2n * (word >> 16n) + 1n];
    if (u * u + v * v < 1n << 34n) hits++;
  }
  return hits;
}

// High word of a · b. Neither sum exceeds 32 bits: (2¹⁶ − 1)² + 2¹⁶ − 1 < 2³².
function high(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = (Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16)) | 0;
  const carry = ((middle & 0xffff) + Math.imul(al, bh)) | 0;
  return (Math.imul(ah, bh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

function isInside(word: number): number {
  const u = 2 * (word & 0xffff) + 1;
  const v = 2 * (word >>> 16) + 1;
  return u * u + v * v < 17179869184 ? 1 : 0;
}

/** What a sequence of points is derived from. */
interface Sequence {
  readonly stream: number;
  readonly key0: number;
  readonly key1: number;
}

// Hits of points begin … end − 1 of each of `blocks` blocks that share a high counter word.
function countBlocks(
  low: number,
  highWord: number,
  blocks: number,
  { stream, key0, key1 }: Sequence,
  begin: number,
  end: number,
): number {
  let hits = 0;
  const whole = begin === 0 && end === 4;
  for (let i = 0; i < blocks; i++) {
    let [c0, c1, c2, c3, k0, k1] = [(low + i) | 0, highWord | 0, stream | 0, 0, key0, key1];
    for (let round = 0; round < 10; round++) {
      const h0 = high(c0, 0xd2511f53);
      const l0 = Math.imul(c0, 0xd2511f53);
      const h1 = high(c2, 0xcd9e8d57);
      const l1 = Math.imul(c2, 0xcd9e8d57);
      c0 = h1 ^ c1 ^ k0;
      c1 = l1;
      c2 = h0 ^ c3 ^ k1;
      c3 = l0;
      k0 = (k0 + 0x9e3779b9) | 0;
      k1 = (k1 + 0xbb67ae85) | 0;
    }
    if (whole) hits += isInside(c0) + isInside(c1) + isInside(c2) + isInside(c3);
    else for (let j = begin; j < end; j++) hits += isInside([c0, c1, c2, c3][j] as number);
  }
  return hits;
}

/** Counts points of a stream inside the quarter circle in 32-bit numbers; about 7 · 10⁷ points per second. */
export function countInside({ points, seed, stream, first }: Points): bigint {
  const sequence = { stream, key0: Number(seed & mask) | 0, key1: Number(seed >> 32n) | 0 };
  const end = first + points;
  let hits = 0;
  for (let point = first; point < end; ) {
    const block = point >> 2n;
    const [low, highWord] = [Number(block & mask), Number(block >> 32n)];
    const begin = Number(point % 4n);
    if (begin !== 0 || end - point < 4n) {
      const stop = end - point < BigInt(4 - begin) ? begin + Number(end - point) : 4;
      hits += countBlocks(low, highWord, 1, sequence, begin, stop);
      point += BigInt(stop - begin);
    } else {
      const left = (end - point) >> 2n;
      const blocks = Math.min(2 ** 32 - low, left < 2n ** 32n ? Number(left) : 2 ** 32);
      hits += countBlocks(low, highWord, blocks, sequence, 0, 4);
      point += 4n * BigInt(blocks);
    }
  }
  return BigInt(hits);
}
