/**
 * What the counts within the disk tell about the object. Descan and stage move the disk as it is; an edge that the probe
 * sees in parts moves it by interference, which is seen where descan hides the motion.
 */
import { median } from '../../util/median.js';
import { shareAt, strips } from './edge.js';

/** How counts rise across the disk (y, x) in a part of the scan, as a share of them over its radius. */
interface Rising {
  readonly terms: readonly number[];
  readonly rise: readonly [number, number];
  readonly riseErrors: readonly [number, number];
  /** χ² of the fitted disk over its degrees of freedom. */
  readonly misfit: number;
}

/** Standard deviations beyond which something is no chance: one scan of 30 000. */
const beyondChance = 4;

/** Whether counts within the disk differ from part to part by more than noise. */
export function hasInterference(moved: readonly Rising[]): boolean {
  let [sum, freedom] = [0, 0];
  for (const part of [0, 1] as const) {
    const weights = moved.map(({ riseErrors }) => 1 / (riseErrors[part] * riseErrors[part]));
    const all = weights.reduce((total, weight) => total + weight, 0);
    const mean = moved.reduce((total, { rise }, i) => total + (weights[i] as number) * rise[part], 0) / all;
    sum += moved.reduce((total, { rise }, i) => total + (weights[i] as number) * (rise[part] - mean) ** 2, 0);
    freedom += moved.length - 1;
  }
  // The cube root of χ² over its degrees of freedom is nearly normal (Wilson & Hilferty).
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(sum / freedom) - (1 - spread)) / Math.sqrt(spread) > beyondChance;
}

type Vectors = readonly (readonly [y: number, x: number])[];

/** Strips and lines that differ from each other, as those tried in noise of 36 blocks count. */
const different = { strips: 400, lines: 30 } as const;

/** The most that a strip explains of vectors, as a share of their variance, and the chance of that in noise. */
function ridgeOf(vectors: Vectors, terms: readonly (readonly number[])[]): { share: number; chance: number } {
  const n = vectors.length;
  const mean = ([0, 1] as const).map((part) => vectors.reduce((sum, vector) => sum + vector[part], 0) / n);
  const off = vectors.map(([y, x]) => [y - (mean[0] as number), x - (mean[1] as number)] as const);
  const all = off.reduce((sum, [y, x]) => sum + y * y + x * x, 1e-300);
  let share = 0;
  for (const strip of strips) {
    const shares = terms.map((term) => shareAt(strip, term));
    const usual = shares.reduce((sum, one) => sum + one, 0) / n;
    let [y, x, squares] = [0, 0, 1e-6];
    for (const [i, one] of off.entries()) {
      const here = (shares[i] as number) - usual;
      y += here * one[0];
      x += here * one[1];
      squares += here * here;
    }
    share = Math.max(share, (y * y + x * x) / squares / all);
  }
  // What one strip explains of noise in two directions exceeds a share with the chance (1 − share)ⁿ⁻².
  return { share, chance: Math.min(1, different.strips * (1 - share) ** (n - 2)) };
}

/** Blocks on either side of a line that tell whether the sides differ. */
const minOnSide = 6;

const ranksOf = (sizes: readonly number[]): number[] => {
  const ranks: number[] = [];
  const order = [...sizes.keys()].sort((a, b) => (sizes[a] as number) - (sizes[b] as number));
  for (const [rank, i] of order.entries()) ranks[i] = rank - (sizes.length - 1) / 2;
  return ranks;
};

/** The chance in noise of as much difference between both sides of a line (Wilcoxon). */
function sidesChance(sizes: readonly number[], terms: readonly (readonly number[])[]): number {
  const [n, ranks] = [sizes.length, ranksOf(sizes)];
  let most = 0;
  for (const { across, at } of strips) {
    let [sum, here] = [0, 0];
    for (const [i, [, u = 0, v = 0]] of terms.entries()) {
      if (across[0] * u + across[1] * v <= at) continue;
      sum += ranks[i] as number;
      here++;
    }
    if (Math.min(here, n - here) < minOnSide) continue;
    most = Math.max(most, Math.abs(sum) / Math.sqrt((here * (n - here) * (n + 1)) / 12));
  }
  // Both tails of a normal distribution (Mills' ratio).
  const tails = ((2 * Math.exp((-most * most) / 2)) / (most * Math.sqrt(2 * Math.PI))) * (1 - 1 / (most * most));
  return most < 2 ? 1 : Math.min(1, different.lines * tails);
}

/** Chance, where there is noise alone, of what is taken for the edge of an object. */
const maxChance = 0.005;
/** Share of the ridge of the rises, times the radius, that an edge moves the mean by: .4 to 1.6 in simulated foils. */
const unknownShare = 0.55;

/**
 * By how much (y, x) an edge may move the disk in the mean where the counts within it show one: they rise along a strip,
 * and differ between both sides of a line. Undefined where they show none. Descan makes neither, so that none hides it.
 */
export function edgeOfCounts(moved: readonly Rising[], radius: number): readonly [y: number, x: number] | undefined {
  const usual = ([0, 1] as const).map((part) => median(moved.map(({ rise }) => rise[part])));
  const rises = moved.map(({ rise }) => [rise[0] - (usual[0] as number), rise[1] - (usual[1] as number)] as const);
  const terms = moved.map((rising) => rising.terms);
  const sizes = rises.map(([y, x], i) => {
    const [ey, ex] = (moved[i] as Rising).riseErrors;
    return Math.hypot(y / ey, x / ex);
  });
  const misfits = ranksOf(moved.map(({ misfit }) => misfit));
  const both = ranksOf(sizes).map((rank, i) => rank + (misfits[i] as number));
  const ridge = ridgeOf(rises, terms);
  // The chance of a product of two chances (Fisher).
  const product = ridge.chance * Math.min(sidesChance(sizes, terms), sidesChance(both, terms));
  if (product * (1 - Math.log(product)) > maxChance) return undefined;
  const beyondNoise = moved.reduce((sum, { riseErrors: [ey, ex] }, i) => {
    const [y, x] = rises[i] as (typeof rises)[0];
    return sum + y * y + x * x - ey * ey - ex * ex;
  }, 0);
  const most = unknownShare * radius * Math.sqrt((ridge.share * Math.max(0, beyondNoise)) / moved.length);
  return [most, most];
}
