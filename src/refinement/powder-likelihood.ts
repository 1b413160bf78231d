/**
 * The likelihood of points about the rings of a powder, climbed to its top. Every ring near a point counts, so that
 * rings which overlap take part by as much as they tell. Lengths are in pixels.
 */
import { inverseOf, solved } from '../util/linear.js';
import { type PowderMotion, type PowderPoints, type RingAngles, usualShare } from './powder-rings.js';

export interface PowderProblem {
  readonly points: PowderPoints;
  readonly angles: RingAngles;
  /** Mean distance, and the point about which the detector is turned. */
  readonly middle: readonly [x: number, y: number, z: number];
}

/** How far points are from their rings, and which part of them is on rings. */
export interface Scatter {
  readonly sigmaPx: number;
  readonly share: number;
}

/** A place at the top of the likelihood. */
export interface Climbed {
  readonly motion: PowderMotion;
  readonly scatter: Scatter;
  /** Ln of the odds against points anywhere. */
  readonly ln: number;
}

/** Scatters and shares that are tried; peaks are single, and points of the rings of an image are means of many pixels. */
const sigmas = { ring: [0.05, 0.08, 0.12, 0.2, 0.35, 0.6, 1, 1.6], peak: [0.3, 0.45, 0.7, 1, 1.5] } as const;
const shares = [0.1, 0.25, 0.45, 0.65, 0.82, 0.93, 0.98] as const;
/** Steps at most at each scatter, and their size at which they end, in pixels. */
const [rounds, still] = [12, 1e-4];
/** No ring is known to less, in pixels: its middle depends on its shape, which is nearly the same on its opposite sides. */
const leastErrorPx = { radius: 0.015, across: 0.004 } as const;

/** The ring that is nearest to a tangent. */
export function nearestRing({ tangents }: RingAngles, t: number): number {
  let [low, high] = [0, tangents.length - 1];
  while (high - low > 1) {
    const half = (low + high) >> 1;
    if ((tangents[half] as number) > t) high = half;
    else low = half;
  }
  return t - (tangents[low] as number) <= (tangents[high] as number) - t ? low : high;
}

interface Score {
  readonly ring: number;
  /** Density of points there, in units of that of points anywhere. */
  readonly density: number;
  /** Derivative of its ln by the radius over the distance, and of that by the numbers of the motion. */
  readonly slope: number;
  readonly moves: readonly [number, number, number, number, number];
}

/** The density of the rings at a point, and how it changes. */
export function scoreOf(
  { points, angles, middle }: PowderProblem,
  i: number,
  motion: PowderMotion,
  scatter: Scatter,
): Score {
  const [dz, dx, dy, turnX, turnY] = motion;
  const [ax, ay] = [(points.x[i] as number) - middle[0], (points.y[i] as number) - middle[1]];
  const [x, y] = [(points.x[i] as number) + dx, (points.y[i] as number) + dy];
  const z = (points.z[i] as number) + dz + turnX * ay - turnY * ax;
  const radius = Math.sqrt(x * x + y * y);
  const t = radius / z;
  const { tangents, own, smear } = angles;
  const ring = nearestRing(angles, t);
  const last = tangents.length - 1;
  let [rings, slope] = [0, 0];
  const add = (k: number): boolean => {
    const off = t - (tangents[k] as number);
    const variance = (scatter.sigmaPx / z) ** 2 + (smear[k] as number) ** 2;
    if (off * off > 25 * variance) return false;
    const height = ((own[k] as number) * Math.exp(-(off * off) / (2 * variance))) / Math.sqrt(2 * Math.PI * variance);
    rings += height;
    slope -= (height * off) / variance;
    return true;
  };
  for (let k = ring; k <= last && add(k); k++);
  for (let k = ring - 1; k >= 0 && add(k); k--);
  // Within the first ring and beyond the last nothing is expected, nor excluded.
  const isOutside =
    t < (tangents[0] as number) - (own[0] as number) / 2 || t > (tangents[last] as number) + (own[last] as number) / 2;
  const density = isOutside ? 1 : 1 - scatter.share + scatter.share * rings;
  return {
    ring,
    density,
    slope: isOutside ? 0 : (scatter.share * slope) / density,
    moves: [-t / z, x / radius / z, y / radius / z, (-t * ay) / z, (t * ax) / z],
  };
}

function lnOf(problem: PowderProblem, motion: PowderMotion, scatter: Scatter): number {
  let sum = 0;
  for (let i = 0; i < problem.points.x.length; i++) sum += Math.log(scoreOf(problem, i, motion, scatter).density);
  return sum;
}

/** Climbs from a place, with the first `count` numbers of the motion free, and with the scatter and share that fit best. */
export function climbed(problem: PowderProblem, start: PowderMotion, count: 3 | 5): Climbed {
  let motion = start;
  let scatter: Scatter = { sigmaPx: 1, share: usualShare };
  for (let round = 0; round < 3; round++) {
    motion = topOf(problem, motion, scatter, count);
    scatter = scatterAt(problem, motion);
  }
  motion = topOf(problem, motion, scatter, count);
  return { motion, scatter, ln: problem.points.weight * lnOf(problem, motion, scatter) };
}

/** The scatter and the share with the greatest likelihood at a place. */
function scatterAt(problem: PowderProblem, motion: PowderMotion): Scatter {
  let best = { scatter: { sigmaPx: 1, share: usualShare }, ln: Number.NEGATIVE_INFINITY };
  for (const sigmaPx of problem.points.weight < 1 ? sigmas.ring : sigmas.peak) {
    // The density of the rings does not depend on the share.
    const rings = Array.from(
      problem.points.x,
      (_, i) => (scoreOf(problem, i, motion, { sigmaPx, share: 0.5 }).density - 0.5) / 0.5,
    );
    for (const share of shares) {
      const ln = rings.reduce((sum, ring) => sum + Math.log(1 - share + share * ring), 0);
      if (ln > best.ln) best = { scatter: { sigmaPx, share }, ln };
    }
  }
  return best.scatter;
}

/** The top near a place, by the products of scores; steps that do not climb are halved. */
function topOf(problem: PowderProblem, start: PowderMotion, scatter: Scatter, count: number): PowderMotion {
  let motion = start;
  let ln = lnOf(problem, motion, scatter);
  for (let round = 0; round < rounds; round++) {
    const { information, total } = informationAt(problem, motion, scatter, count);
    const step = solved(information, total, count);
    if (!step) return motion;
    let factor = 1;
    let next = motion;
    let reached = Number.NEGATIVE_INFINITY;
    for (let half = 0; half < 6 && !(reached > ln); half++, factor /= 2) {
      next = motion.map((value, a) => value + factor * (step[a] ?? 0)) as unknown as PowderMotion;
      reached = lnOf(problem, next, scatter);
    }
    if (!(reached > ln)) return motion;
    const size = Math.hypot(
      ...next.map((value, a) => (value - (motion[a] as number)) * (a < 3 ? 1 : problem.middle[2])),
    );
    [motion, ln] = [next, reached];
    if (size < still) break;
  }
  return motion;
}

/** The sum of the scores of all points, and that of their products. */
function informationAt(problem: PowderProblem, motion: PowderMotion, scatter: Scatter, count: number) {
  const information = new Float64Array(count * count);
  const total = new Float64Array(count);
  for (let i = 0; i < problem.points.x.length; i++) {
    const { slope, moves } = scoreOf(problem, i, motion, scatter);
    if (slope === 0) continue;
    for (let a = 0; a < count; a++) {
      const own = slope * (moves[a] as number);
      total[a] = (total[a] as number) + own;
      for (let b = 0; b < count; b++)
        information[a * count + b] = (information[a * count + b] as number) + own * slope * (moves[b] as number);
    }
  }
  return { information, total };
}

/**
 * Errors of a place: the larger of those by the scores of points and by those of whole rings, which are displaced
 * together where they overlap or are sloped; with what the middle of a ring may be off.
 */
export function errorsOf(problem: PowderProblem, { motion, scatter }: Climbed, count: number): number[] {
  const { information } = informationAt(problem, motion, scatter, count);
  const inverse = inverseOf(information, count);
  if (!inverse) return new Array<number>(count).fill(Number.POSITIVE_INFINITY);
  const rings = new Map<number, Float64Array>();
  const leverage = new Float64Array(count);
  let number = 0;
  for (let i = 0; i < problem.points.x.length; i++) {
    const { ring, slope, moves } = scoreOf(problem, i, motion, scatter);
    const sums = rings.get(ring) ?? new Float64Array(count);
    rings.set(ring, sums);
    number++;
    for (let a = 0; a < count; a++) {
      leverage[a] = (leverage[a] as number) + Math.abs(moves[a] as number) * problem.middle[2];
      for (let b = 0; b < count; b++)
        sums[a] = (sums[a] as number) + (inverse[a * count + b] as number) * slope * (moves[b] as number);
    }
  }
  const spare = rings.size / Math.max(1, rings.size - count);
  return Array.from({ length: count }, (_, a) => {
    let ofRings = 0;
    for (const sums of rings.values()) ofRings += spare * (sums[a] as number) ** 2;
    const least = ((a === 0 ? leastErrorPx.radius : leastErrorPx.across) * number) / (leverage[a] as number);
    return Math.sqrt(Math.max(inverse[a * count + a] as number, ofRings) + least * least);
  });
}
