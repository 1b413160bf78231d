/**
 * Fourier transforms of several lines at once, in float64 and of any length: Stockham's passes by 4, 2, 3, 5 and small
 * primes, other lengths as a convolution (Bluestein). Lines lie beside one another, so that each factor is read once for
 * all of them.
 */

/** Lines that are transformed at once. */
export const lanes = 8;

/** The largest prime by which a pass divides; its own transform takes its square. */
const largestPrime = 13;

interface LinePlan {
  readonly n: number;
  /** Factors of n, in the order of the passes; empty for a convolution. */
  readonly radices: readonly number[];
  /** exp(−2πik / n) for each k. */
  readonly roots: Float64Array;
  readonly chirp: Chirp | undefined;
}

/** A transform of n points as a cyclic convolution of `size`. */
interface Chirp {
  readonly size: number;
  /** exp(−πik² / n). */
  readonly factors: Float64Array;
  /** Spectrum of the conjugates, divided by the size. */
  readonly spectrum: Float64Array;
}

/** The lengths that were transformed last. */
const plans = new Map<number, LinePlan>();
const maxPlans = 8;

function radicesOf(n: number): number[] {
  const found: number[] = [];
  let left = n;
  for (const radix of [4, 2, 3, 5, 7, 11, largestPrime])
    while (left % radix === 0) {
      found.push(radix);
      left /= radix;
    }
  return left === 1 ? found : [];
}

function rootsOf(n: number): Float64Array {
  const roots = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    // Angles of half a turn at most are the most exact.
    const angle = (-2 * Math.PI * (2 * k > n ? k - n : k)) / n;
    roots[2 * k] = Math.cos(angle);
    roots[2 * k + 1] = Math.sin(angle);
  }
  return roots;
}

function chirpOf(n: number): Chirp {
  let size = 1;
  while (size < 2 * n - 1) size *= 2;
  const factors = new Float64Array(2 * n);
  const kernel = new Float64Array(2 * size);
  for (let k = 0; k < n; k++) {
    // k² modulo 2n keeps the angle exact.
    const angle = (Math.PI * ((k * k) % (2 * n))) / n;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    factors[2 * k] = c;
    factors[2 * k + 1] = -s;
    for (const at of k === 0 ? [0] : [k, size - k]) {
      kernel[2 * at] = c / size;
      kernel[2 * at + 1] = s / size;
    }
  }
  const other = new Float64Array(2 * size);
  return { size, factors, spectrum: passes(planOf(size), kernel, other, 1).slice() };
}

function planOf(n: number): LinePlan {
  const known = plans.get(n);
  if (known) return known;
  const radices = radicesOf(n);
  const isChirp = radices.length === 0 && n > 1;
  const linePlan: LinePlan = {
    n,
    radices,
    roots: isChirp ? new Float64Array(0) : rootsOf(n),
    chirp: isChirp ? chirpOf(n) : undefined,
  };
  if (plans.size >= maxPlans) plans.clear();
  plans.set(n, linePlan);
  return linePlan;
}

/** Numbers of a work array for lines of n points, of which a transform needs two. */
export function workLength(n: number): number {
  return 2 * lanes * (planOf(n).chirp?.size ?? n);
}

/**
 * The forward transform, unscaled, of `count` lines of n points: complex number k of line l is at k · count + l of `data`.
 * Returns the array that has the result: `data` or `work`, whose numbers are lost.
 */
export function transformLines(data: Float64Array, work: Float64Array, n: number, count: number): Float64Array {
  const plan = planOf(n);
  return plan.chirp ? convolved(plan.n, plan.chirp, data, work, count) : passes(plan, data, work, count);
}

function convolved(n: number, chirp: Chirp, data: Float64Array, work: Float64Array, count: number): Float64Array {
  const { size, factors, spectrum } = chirp;
  const plan = planOf(size);
  const step = 2 * count;
  // `by` has one complex number for each point; conjugated results make the forward transform the inverse one.
  const multiply = (values: Float64Array, by: Float64Array, points: number, sign: 1 | -1): void => {
    for (let k = 0; k < points; k++) {
      const [c, s] = [by[2 * k] as number, by[2 * k + 1] as number];
      for (let at = k * step; at < (k + 1) * step; at += 2) {
        const [re, im] = [values[at] as number, sign * (values[at + 1] as number)];
        values[at] = re * c - im * s;
        values[at + 1] = re * s + im * c;
      }
    }
  };
  multiply(data, factors, n, 1);
  data.fill(0, n * step, size * step);
  const first = passes(plan, data, work, count);
  multiply(first, spectrum, size, 1);
  for (let at = 1; at < size * step; at += 2) first[at] = -(first[at] as number);
  const second = passes(plan, first, first === data ? work : data, count);
  multiply(second, factors, n, -1);
  return second;
}

function passes(plan: LinePlan, data: Float64Array, work: Float64Array, count: number): Float64Array {
  let [from, to] = [data, work];
  let left = plan.n;
  let step = 1;
  for (const radix of plan.radices) {
    const rest = left / radix;
    if (radix === 4) by4(from, to, plan.roots, rest, step, count);
    else if (radix === 2) by2(from, to, plan.roots, rest, step, count);
    else byPrime(from, to, plan.roots, { radix, rest, step, count });
    [from, to] = [to, from];
    left = rest;
    step *= radix;
  }
  return from;
}

/** One pass by 4: `rest` groups of `step` · `count` numbers, whose factors are those of n = 4 · rest · step. */
function by4(
  from: Float64Array,
  to: Float64Array,
  roots: Float64Array,
  rest: number,
  step: number,
  count: number,
): void {
  const width = 2 * step * count;
  const quarter = rest * width;
  for (let p = 0; p < rest; p++) {
    const at = 2 * p * step;
    const [c1, s1] = [roots[at] as number, roots[at + 1] as number];
    const [c2, s2] = [roots[2 * at] as number, roots[2 * at + 1] as number];
    const [c3, s3] = [roots[3 * at] as number, roots[3 * at + 1] as number];
    const end = (p + 1) * width;
    for (let i = p * width, o = 4 * p * width; i < end; i += 2, o += 2) {
      const ar = from[i] as number;
      const ai = from[i + 1] as number;
      const br = from[i + quarter] as number;
      const bi = from[i + quarter + 1] as number;
      const cr = from[i + 2 * quarter] as number;
      const ci = from[i + 2 * quarter + 1] as number;
      const dr = from[i + 3 * quarter] as number;
      const di = from[i + 3 * quarter + 1] as number;
      const pr = ar + cr;
      const pi = ai + ci;
      const mr = ar - cr;
      const mi = ai - ci;
      const qr = br + dr;
      const qi = bi + di;
      // −i · (b − d)
      const nr = bi - di;
      const ni = dr - br;
      to[o] = pr + qr;
      to[o + 1] = pi + qi;
      const xr = mr + nr;
      const xi = mi + ni;
      to[o + width] = xr * c1 - xi * s1;
      to[o + width + 1] = xr * s1 + xi * c1;
      const yr = pr - qr;
      const yi = pi - qi;
      to[o + 2 * width] = yr * c2 - yi * s2;
      to[o + 2 * width + 1] = yr * s2 + yi * c2;
      const zr = mr - nr;
      const zi = mi - ni;
      to[o + 3 * width] = zr * c3 - zi * s3;
      to[o + 3 * width + 1] = zr * s3 + zi * c3;
    }
  }
}

function by2(
  from: Float64Array,
  to: Float64Array,
  roots: Float64Array,
  rest: number,
  step: number,
  count: number,
): void {
  const width = 2 * step * count;
  const half = rest * width;
  for (let p = 0; p < rest; p++) {
    const [c, s] = [roots[2 * p * step] as number, roots[2 * p * step + 1] as number];
    const end = (p + 1) * width;
    for (let i = p * width, o = 2 * p * width; i < end; i += 2, o += 2) {
      const ar = from[i] as number;
      const ai = from[i + 1] as number;
      const br = from[i + half] as number;
      const bi = from[i + half + 1] as number;
      to[o] = ar + br;
      to[o + 1] = ai + bi;
      to[o + width] = (ar - br) * c - (ai - bi) * s;
      to[o + width + 1] = (ar - br) * s + (ai - bi) * c;
    }
  }
}

interface Pass {
  readonly radix: number;
  readonly rest: number;
  readonly step: number;
  readonly count: number;
}

/** One pass by an odd prime, by the sums that define it. */
function byPrime(from: Float64Array, to: Float64Array, roots: Float64Array, { radix, rest, step, count }: Pass): void {
  const width = 2 * step * count;
  const part = rest * width;
  const points = radix * rest * step;
  const turn = points / radix;
  for (let p = 0; p < rest; p++)
    for (let j = 0; j < radix; j++) {
      const twist = (j * p * step) % points;
      const out = (radix * p + j) * width;
      for (let k = 0; k < radix; k++) {
        // The factor of the pass and that of its own transform are one root.
        const at = 2 * ((twist + ((j * k) % radix) * turn) % points);
        const [c, s] = [roots[at] as number, roots[at + 1] as number];
        let i = p * width + k * part;
        if (k === 0)
          for (let o = out; o < out + width; o += 2, i += 2) {
            to[o] = (from[i] as number) * c - (from[i + 1] as number) * s;
            to[o + 1] = (from[i] as number) * s + (from[i + 1] as number) * c;
          }
        else
          for (let o = out; o < out + width; o += 2, i += 2) {
            to[o] = (to[o] as number) + (from[i] as number) * c - (from[i + 1] as number) * s;
            to[o + 1] = (to[o + 1] as number) + (from[i] as number) * s + (from[i + 1] as number) * c;
          }
      }
    }
}
