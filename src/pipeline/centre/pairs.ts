/**
 * Where the beam hits the detector in a frame of electrons, by its spots alone: the sphere is nearly flat, so that many
 * reflections have their Friedel mate in the frame, and the beam is half-way between the two.
 */

/** A centre in pixels from the stated one, with its standard errors. */
export interface Centre {
  readonly at: readonly [x: number, y: number];
  readonly error: readonly [x: number, y: number];
}

/** Grid of centres: half of its width and its step, and the spread of centres before the spots, pixels. */
const [half, step, prior] = [9, 0.1, 3];
/** Error of a spot, and what is added to the variance of a midpoint for pairs that are excited unevenly. */
const [spotError, unevenness] = [0.4, 0.02];
/** Part of the spots that have their mate. */
const mated = 0.35;
/** A centre is said if this part of the odds is within so many pixels: with .95, one in a hundred is 16 errors off; with .99, one in 300. */
const [sure, near] = [0.99, 1.5];
/** Fewest and most spots; of more, the first ones. */
const [fewest, most] = [4, 100];

/**
 * The centre by pairs of spots at `x` and `y`, pixels from the stated centre; undefined if the spots do not tell it. Each
 * midpoint adds ln(1 + p N(d; σ²)/λ) to the odds of a centre at the distance d, where p pairs are expected and λ is the
 * density of midpoints by chance.
 */
export function pairsCentre(x: ArrayLike<number>, y: ArrayLike<number>): Centre | undefined {
  const n = Math.min(most, x.length);
  if (n < fewest) return undefined;
  const side = 2 * Math.round(half / step) + 1;
  const odds = new Float64Array(side * side);
  const variance = spotError ** 2 / 2 + unevenness;
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < n; i++) {
    least = Math.min(least, x[i] as number, y[i] as number);
    largest = Math.max(largest, x[i] as number, y[i] as number);
  }
  const density = (n * (n - 1)) / 2 / (Math.PI * ((largest - least) / 2) ** 2);
  const height = (mated * n) / 2 / (2 * Math.PI * variance) / density;
  // Farther away a midpoint adds less than 10⁻⁴.
  const reach = Math.sqrt(2 * variance * Math.log(Math.max(2, 1e4 * height)));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const [u, v] = [((x[i] as number) + (x[j] as number)) / 2, ((y[i] as number) + (y[j] as number)) / 2];
      const [fromU, toU] = range(u, reach, side);
      const [fromV, toV] = range(v, reach, side);
      for (let b = fromV; b <= toV; b++)
        for (let a = fromU; a <= toU; a++) {
          const square = (a * step - half - u) ** 2 + (b * step - half - v) ** 2;
          const at = b * side + a;
          odds[at] = (odds[at] as number) + Math.log1p(height * Math.exp(-square / 2 / variance));
        }
    }
  return momentsOf(odds, side);
}

const range = (at: number, reach: number, side: number): [from: number, to: number] => [
  Math.max(0, Math.ceil((at - reach + half) / step)),
  Math.min(side - 1, Math.floor((at + reach + half) / step)),
];

/** The mean and the spread of the odds near the best place, if nearly all of them are there. */
function momentsOf(odds: Float64Array, side: number): Centre | undefined {
  let best = 0;
  for (let i = 0; i < odds.length; i++) {
    const [u, v] = [(i % side) * step - half, Math.floor(i / side) * step - half];
    odds[i] = (odds[i] as number) - (u * u + v * v) / 2 / prior ** 2;
    if ((odds[i] as number) > (odds[best] as number)) best = i;
  }
  const [u0, v0] = [(best % side) * step - half, Math.floor(best / side) * step - half];
  let [all, sum, u1, v1, u2, v2] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < odds.length; i++) {
    const p = Math.exp((odds[i] as number) - (odds[best] as number));
    all += p;
    const [u, v] = [(i % side) * step - half, Math.floor(i / side) * step - half];
    if (Math.hypot(u - u0, v - v0) >= near) continue;
    sum += p;
    u1 += p * u;
    v1 += p * v;
    u2 += p * u * u;
    v2 += p * v * v;
  }
  if (sum < sure * all) return undefined;
  const [u, v] = [u1 / sum, v1 / sum];
  return { at: [u, v], error: [Math.sqrt(u2 / sum - u * u), Math.sqrt(v2 / sum - v * v)] };
}
