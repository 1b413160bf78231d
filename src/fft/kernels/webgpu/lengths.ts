/**
 * How a length is cut: into radices inside a workgroup, into pieces that fit one, or into the length of a convolution.
 */

/**
 * The largest prime that a workgroup sums out directly; larger ones go through a convolution (Bluestein), which rounds
 * less by then.
 */
const largestDirectPrime = 61;
/** Longest convolution of one workgroup; longer ones go through memory, where a line has more than one workgroup. */
const longestConvolution = 2048;
const shortRadices = [13, 11, 7, 5, 3] as const;

/** Prime factors, smallest first. */
export function primesOf(n: number): number[] {
  const primes: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p += p === 2 ? 1 : 2) {
    for (; rest % p === 0; rest /= p) primes.push(p);
  }
  if (rest > 1) primes.push(rest);
  return primes;
}

/** Whether a length is a product of primes that butterflies take. */
function isSmooth(n: number): boolean {
  return primesOf(n).every((p) => p <= largestDirectPrime);
}

/**
 * Radices of a smooth length in the order of the stages: odd ones, powers of two, then the primes that are summed out
 * directly.
 */
export function radicesOf(n: number): number[] {
  const primes = primesOf(n);
  const radices: number[] = [];
  for (const radix of shortRadices) for (const p of primes) if (p === radix) radices.push(p);
  // As few stages as eights allow: 16 = 4 · 4, not 8 · 2.
  let twos = primes.filter((p) => p === 2).length;
  for (; twos > 4 || twos === 3; twos -= 3) radices.push(8);
  if (twos === 4) radices.push(4, 4);
  else if (twos > 0) radices.push(2 ** twos);
  for (const p of primes) if (p > 13) radices.push(p);
  return radices.length > 0 ? radices : [1];
}

/** Whether a radix has its own butterfly; others are summed directly, one output per invocation. */
export const hasButterfly = (radix: number): boolean => radix <= 13;

/**
 * The transform of a workgroup: `points` numbers in and out, through a convolution of `length` points where they
 * differ.
 */
export interface Core {
  readonly points: number;
  readonly length: number;
}

/**
 * The shortest length from `least` on with no prime factor above 5, for convolutions; powers of two alone would waste
 * up to half.
 */
function convolutionLength(least: number): number {
  let best = 2 ** Math.ceil(Math.log2(least));
  // 3^a 5^b times the power of two that reaches; more odd factors cost more than they save.
  for (const odd of [3, 5, 9, 15, 25, 27]) {
    const length = odd * 2 ** Math.max(0, Math.ceil(Math.log2(least / odd)));
    if (length >= least && length < best) best = length;
  }
  return best;
}

/** The transform of `points` numbers in one workgroup with room for `capacity`, or undefined. */
export function coreOf(points: number, capacity: number): Core | undefined {
  if (points <= capacity && isSmooth(points)) return { points, length: points };
  const length = convolutionLength(2 * points - 1);
  return length <= Math.min(capacity, longestConvolution) ? { points, length } : undefined;
}

/** A long line: pieces whose product it is, or those of the length of its convolution. */
export interface Split {
  readonly pieces: readonly Core[];
  /** The pieces are those of a convolution of this length. */
  readonly convolution?: number;
}

/**
 * Cuts a length into as few pieces as fit. Pieces of a quarter of the capacity leave room for four lines side by side,
 * so that memory is read in runs of 32 bytes; larger pieces are the last resort.
 */
export function splitOf(points: number, capacity: number): Split {
  const whole = coreOf(points, capacity);
  if (whole) return { pieces: [whole] };
  const pieces = splitPoints(points, capacity);
  if (pieces) return { pieces };
  const convolution = convolutionLength(2 * points - 1);
  const parts = splitPoints(convolution, capacity);
  // Lengths without a prime above 5 can always be cut.
  if (!parts) throw new Error(`a convolution of ${convolution} points was not split into passes of ${capacity}`);
  return { pieces: parts, convolution };
}

function splitPoints(points: number, capacity: number): Core[] | undefined {
  const wishes = [2, 3]
    .map((count) => ({ count, room: capacity / 4 }))
    .concat([2, 3, 4].map((count) => ({ count, room: capacity })));
  for (const { count, room } of wishes) {
    const found = balancedFactors(points, count, room);
    if (found) return found;
  }
  return undefined;
}

/** `count` factors that all fit, as equal as they can be. */
function balancedFactors(points: number, count: number, room: number): Core[] | undefined {
  if (count === 1) {
    const core = coreOf(points, room);
    return core && [core];
  }
  const ideal = points ** (1 / count);
  const divisors = divisorsOf(points).sort((a, b) => Math.abs(Math.log(a / ideal)) - Math.abs(Math.log(b / ideal)));
  for (const divisor of divisors) {
    const core = divisor > 1 && divisor < points ? coreOf(divisor, room) : undefined;
    const rest = core && balancedFactors(points / divisor, count - 1, room);
    if (rest) return [core, ...rest];
  }
  return undefined;
}

function divisorsOf(n: number): number[] {
  let divisors = [1];
  for (const p of primesOf(n)) divisors = [...new Set(divisors.flatMap((d) => [d, d * p]))];
  return divisors;
}
