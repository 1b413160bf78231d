/**
 * Distance, centre and tilt of a detector by the rings of a powder: places are scanned for those at which most points lie
 * on rings, and the best are fitted by least squares. Lengths are in pixels.
 */
import { solved } from '../util/linear.js';
import { type Climbed, climbed, errorsOf, nearestRing, type PowderProblem, scoreOf } from './powder-likelihood.js';
import {
  anglesOfRings,
  oddsAt,
  oddsTable,
  type PowderMotion,
  type PowderPoints,
  type RingAngles,
  scanned,
} from './powder-rings.js';

/** What the rings say of the detector. */
export interface PowderFit {
  readonly motion: PowderMotion;
  readonly errors: PowderMotion;
  /** Whether the tilt was determined; its motion is zero otherwise, and its errors are those that it would have. */
  readonly isTurned: boolean;
  /** Ln of the odds against points that are on no rings, and by how much those of the best other place are smaller. */
  readonly lnOdds: number;
  readonly lnAhead: number;
  /** The best other place. */
  readonly rival: PowderMotion | undefined;
  /** Root mean square distance of points from their rings, in pixels; how many points are on rings. */
  readonly rmsPx: number;
  readonly onRings: number;
  /** For each point the number of its ring, by ascending angle, or -1. */
  readonly ringOf: Int32Array;
  readonly angles: RingAngles;
}

/** Part by which the distance of a geometry is usually wrong at most. */
const usualPart = 0.03;
/** Distances that are looked at, as parts of that of the geometry. */
const widely = { from: 0.5, to: 2 } as const;
/** Errors of points in pixels in the steps of the search. */
const [coarsePx, finePx] = [4, 1.5];
/** How far the centre is looked for, in pixels: with coarse steps, and with fine ones. */
const reaches = { coarse: 40, fine: 7.5 } as const;
const nearly = 0.04;
/** Places of each scan that are fitted, the best of all that are climbed from, and how far two of them are apart: parts of the distance, and pixels. */
const [fitted, climbers, apart] = [8, 5, { distance: 0.004, centrePx: 3 }];
/** The nearest ring is that of a point if its neighbours are more than so many standard deviations away. */
const toldFrom = 4;
/** A point is on a ring where the density is this many times that of points anywhere. */
const surely = 1.5;
/** Steps of a fit at each error of points. */
const rounds = 6;
/** A tilt is determined from this many of its errors on, if it makes the points likelier by this in ln; most in radians. */
const [significant, leastGain, mostTilt] = [4, 12, 0.1];

/** Fits a detector to the rings of spacings in angstrom; undefined if no place has any. */
export function fitPowder(
  points: PowderPoints,
  spacings: readonly number[],
  { wavelengthA, bandwidth }: { readonly wavelengthA: number; readonly bandwidth: number },
): PowderFit | undefined {
  const angles = anglesOfRings(spacings, wavelengthA, bandwidth);
  if (angles.tangents.length === 0 || points.x.length === 0) return undefined;
  const problem: PowderProblem = { points, angles, middle: middleOf(points) };
  const table = oddsTable(angles, { sigmaPx: finePx, distancePx: problem.middle[2] });
  const places = startsOf(problem)
    .map((start) => settled(problem, start))
    .map((motion) => ({ motion, ln: oddsAt(points, table, motion) }))
    .sort((a, b) => b.ln - a.ln)
    .slice(0, climbers)
    .map(({ motion }) => climbed(problem, motion, 3))
    .map((place) => ({ ...place, ranked: place.ln - farAway(place.motion[0] / problem.middle[2]) }))
    .sort((a, b) => b.ranked - a.ranked);
  const [best] = places;
  if (!best || !(best.ln > 0)) return undefined;
  const isOther = ({ motion: [z, x, y] }: { readonly motion: PowderMotion }): boolean =>
    Math.abs(z - best.motion[0]) > apart.distance * problem.middle[2] ||
    Math.hypot(x - best.motion[1], y - best.motion[2]) > apart.centrePx;
  const rival = places.find(isOther);
  return {
    ...judged(problem, best),
    lnOdds: best.ln,
    lnAhead: best.ranked - (rival?.ranked ?? 0),
    rival: rival?.motion,
  };
}

/** Fits a detector anew, from a place that is known but for less than an error of points. */
export function refitted(points: PowderPoints, fit: PowderFit): PowderFit {
  const { motion, angles } = fit;
  const problem: PowderProblem = { points, angles, middle: middleOf(points) };
  return { ...fit, ...judged(problem, climbed(problem, [motion[0], motion[1], motion[2], 0, 0], 3)) };
}

const middleOf = ({ x, y, z }: PowderPoints): [number, number, number] => {
  const mean = (all: Float64Array): number => all.reduce((sum, v) => sum + v, 0) / all.length;
  return [mean(x), mean(y), mean(z)];
};

/** By how much the odds of a part by which the distance is wrong are smaller, in ln: a geometry is rarely far off. */
const farAway = (part: number): number => 2 * Math.log(1 + (part / usualPart) ** 2);

/** Places worth a fit, from a wide scan and from one near the place of the geometry. */
function startsOf({ points, angles, middle }: PowderProblem): PowderMotion[] {
  const distancePx = middle[2];
  let outer = 0;
  for (let i = 0; i < points.x.length; i++)
    outer = Math.max(outer, Math.hypot(points.x[i] as number, points.y[i] as number));
  const distances = (from: number, to: number, stepPx: number): number[] => {
    const factor = 1 + stepPx / outer;
    const count = Math.ceil(Math.log(to / from) / Math.log(factor));
    return Array.from({ length: count + 1 }, (_, n) => (from * factor ** n - 1) * distancePx);
  };
  const wide = scanned(points, oddsTable(angles, { sigmaPx: coarsePx, distancePx }), {
    reach: reaches.coarse,
    step: coarsePx,
    distances: distances(widely.from, widely.to, coarsePx),
  });
  const close = scanned(points, oddsTable(angles, { sigmaPx: finePx, distancePx }), {
    reach: reaches.fine,
    step: finePx,
    distances: distances(1 - nearly, 1 + nearly, finePx),
  });
  return [...peaksOf(wide), ...peaksOf(close)].map(({ motion }) => motion);
}

/** The best of neighbouring distances. */
function peaksOf(places: readonly { readonly motion: PowderMotion; readonly ln: number }[]) {
  return places
    .filter(({ ln }, i) => ln >= (places[i - 1]?.ln ?? -1e9) && ln > (places[i + 1]?.ln ?? -1e9))
    .sort((a, b) => b.ln - a.ln)
    .slice(0, fitted);
}

/** A place after fits to the nearest rings with errors of points that shrink. */
function settled(problem: PowderProblem, start: PowderMotion): PowderMotion {
  let motion = start;
  for (const sigmaPx of [3, 2, finePx])
    for (let round = 0; round < rounds; round++) {
      const next = stepTowards(problem, motion, sigmaPx);
      if (!next) return motion;
      motion = next;
    }
  return motion;
}

/** One step towards the rings that points are near; undefined if they do not tell it. */
function stepTowards(
  { points, angles }: PowderProblem,
  motion: PowderMotion,
  sigmaPx: number,
): PowderMotion | undefined {
  const normal = new Float64Array(9);
  const right = new Float64Array(3);
  const [dz, dx, dy] = motion;
  for (let i = 0; i < points.x.length; i++) {
    const [x, y, z] = [(points.x[i] as number) + dx, (points.y[i] as number) + dy, (points.z[i] as number) + dz];
    const radius = Math.sqrt(x * x + y * y);
    const ring = nearestRing(angles, radius / z);
    const t = angles.tangents[ring] as number;
    const variance = sigmaPx ** 2 + ((angles.smear[ring] as number) * z) ** 2;
    const off = radius - z * t;
    // Where rings are closer, the nearest is any.
    if ((angles.gaps[ring] as number) * z < toldFrom * Math.sqrt(variance) || off * off > 9 * variance) continue;
    const slopes = [-t, x / radius, y / radius];
    const weight = Math.exp(-(off * off) / (2 * variance)) / variance;
    for (let a = 0; a < 3; a++) {
      right[a] = (right[a] as number) - weight * off * (slopes[a] as number);
      for (let b = 0; b < 3; b++)
        normal[3 * a + b] = (normal[3 * a + b] as number) + weight * (slopes[a] as number) * (slopes[b] as number);
    }
  }
  const step = solved(normal, right, 3);
  return step && [dz + (step[0] as number), dx + (step[1] as number), dy + (step[2] as number), 0, 0];
}

/** The best place with its errors, and with its tilt if the points tell it. */
function judged(problem: PowderProblem, upright: Climbed) {
  const tilted = climbed(problem, upright.motion, 5);
  const [own, turned] = [errorsOf(problem, upright, 3), errorsOf(problem, tilted, 5)];
  const tilt = [3, 4].map((a) => Math.abs(tilted.motion[a] as number));
  const gained = (tilted.ln - upright.ln) / problem.points.weight;
  const isTurned =
    gained > leastGain &&
    tilt.some((turn, i) => turn > significant * (turned[3 + i] as number)) &&
    Math.hypot(...tilt) < mostTilt;
  const { motion, scatter } = isTurned ? tilted : upright;
  const errors = isTurned ? turned : [...own, turned[3], turned[4]];
  const ringOf = new Int32Array(problem.points.x.length).fill(-1);
  let onRings = 0;
  for (let i = 0; i < ringOf.length; i++) {
    const { ring, density } = scoreOf(problem, i, motion, scatter);
    // Among rings that are not told apart the density is that of points anywhere.
    if (density < surely || 1 - (1 - scatter.share) / density < 0.5) continue;
    ringOf[i] = ring;
    onRings++;
  }
  return {
    motion,
    errors: errors as unknown as PowderMotion,
    isTurned,
    rmsPx: scatter.sigmaPx,
    onRings,
    ringOf,
    angles: problem.angles,
  };
}
