/**
 * The oracle of the first stages of the fast method, in float64: how many directions are sampled, which of them are
 * selected, and to which vector the ladder of least-squares rounds fits a candidate. Written from
 * cpp/indexing/README.md; it shares no code with cpp/.
 */
import { type Cell, dot, lengthsOf, norm, scale, subtract, type Vector } from '../../../crystal/cell.js';
import { add, offInteger, solveNormal, spiralDirection } from './search.js';

/**
 * Number of lowest-resolution spots used for sampling, step between neighbouring directions in periods at the outermost
 * of these spots, and smallest number of directions.
 */
const sampled = { spots: 48, step: 0.4, least: 1024 };
/**
 * Numbers of directions, candidates and refined cells of the light effort and of the next one, with which lists of
 * `shortList` spots or fewer begin.
 */
const efforts = {
  fast: [
    { directions: 64, candidates: 12, hits: 4 },
    { directions: 256, candidates: 48, hits: 12 },
  ],
  turbo: [
    { directions: 32, candidates: 8, hits: 3 },
    { directions: 128, candidates: 24, hits: 8 },
  ],
} as const;
const shortList = 40;

/** The initial effort for a list with this number of spots. */
export const firstEffort = (
  method: 'fast' | 'turbo',
  spots: number,
): { directions: number; candidates: number; hits: number } => efforts[method][spots > shortList ? 0 : 1];

/** The spots on which the directions are counted; the list is in order of resolution. */
export const sampledSpots = (spots: readonly Vector[]): readonly Vector[] => spots.slice(0, sampled.spots);

/** Number of directions that the fast method samples for a vector of this length: a multiple of 64. */
export function directionsFor(length: number, spots: readonly Vector[], most: number): number {
  const periods = (length * norm(sampledSpots(spots).at(-1) as Vector)) / sampled.step;
  return Math.floor(Math.min(most, Math.max(sampled.least, 2 * Math.PI * periods ** 2)) / 64) * 64;
}

/**
 * The number of spots that certainly lie within `limit` periods of a plane, and the number of those that are nearer to
 * the limit than `error`, a function of the largest phase that the spot could have.
 */
export function countNear(
  vector: Vector,
  spots: readonly Vector[],
  limit: number,
  error: (periods: number) => number,
): { sure: number; undecided: number } {
  const length = norm(vector);
  let [sure, undecided] = [0, 0];
  for (const s of spots) {
    const room = limit - Math.abs(offInteger(dot(vector, s)));
    if (Math.abs(room) < error(length * norm(s))) undecided++;
    else if (room > 0) sure++;
  }
  return { sure, undecided };
}

/**
 * Describes what is wrong with the directions that the fast method has selected, given the counts; undefined if nothing
 * is. They must be all directions above some count and, of those that have exactly this count, evenly spread ones; at
 * least `want` in total, and at most half as many again.
 */
export function wrongPicks(picked: readonly number[], counts: ArrayLike<number>, want: number): string | undefined {
  if (picked.some((k, i) => i > 0 && k <= (picked[i - 1] as number)))
    return 'the directions are not in ascending order';
  if (picked.length > 1.5 * want) return `${picked.length} directions are taken on, of ${1.5 * want} at the most`;
  const least = Math.min(...picked.map((k) => counts[k] as number));
  const above = Array.from(counts).filter((count) => count > least).length;
  const taken = picked.filter((k) => (counts[k] as number) > least).length;
  if (taken !== above) return `${above - taken} directions of more than ${least} spots are left out`;
  const ties = Array.from(counts, (_, k) => k).filter((k) => counts[k] === least);
  const places = picked.filter((k) => counts[k] === least).map((k) => ties.indexOf(k));
  if (picked.length < Math.min(want, counts.length))
    return `${picked.length} directions are taken on, ${want} are wanted`;
  if (above >= want) return `directions of ${least} spots are taken on, though ${above} have more`;
  if (places.length < ties.length && picked.length !== 1.5 * want)
    return `${picked.length} directions are taken on; there are ties for ${1.5 * want}`;
  const step = ties.length / places.length;
  if (places.some((place, i) => Math.abs(place + 0.5 - (i + 0.5) * step) > step))
    return 'of directions with equal counts those taken on are not evenly spread';
  return undefined;
}

/** Σ max(0, 0.3² − d²), d the distance of a spot from the nearest plane in periods. */
export const vectorScore = (vector: Vector, spots: readonly Vector[]): number =>
  spots.reduce((sum, s) => sum + Math.max(0, 0.09 - offInteger(dot(vector, s)) ** 2), 0);

/** The distance between two vectors (or one and the opposite of the other), in periods at the outermost spot. */
export function periodsApart(a: Vector, b: Vector, spots: readonly Vector[]): number {
  const other = dot(a, b) < 0 ? scale(-1, b) : b;
  return norm(subtract(a, other)) * norm(spots.at(-1) as Vector);
}

/**
 * The vector to which the ladder fits a sampled vector: least squares on the spots within a shrinking distance of a
 * plane, over the first 48, 96, … all spots, with the sampled vector and its length as a prior. `widen` is added to the
 * distances, so that two calls show the effect of a spot at the limit. Undefined if too few spots remain or the length
 * deviates too far.
 */
export function climb(start: Vector, spots: readonly Vector[], widen: number): Vector | undefined {
  const length = norm(start);
  const n = spots.length;
  const first = Math.min(n, sampled.spots);
  // The sampled direction is off by up to 0.7 steps, a phase by a twentieth of a period, the length by one percent.
  const reach = (0.7 * sampled.step) / norm(spots[first - 1] as Vector);
  const across = (0.05 / reach) ** 2;
  const along = (0.05 / (0.01 * length)) ** 2;
  const most = n > 40 ? 0.04 : 0.2;
  let z = start;
  const round = (m: number, limit: number, least: number): boolean => {
    const near = spots.slice(0, m).filter((s) => Math.abs(offInteger(dot(z, s))) < limit + widen);
    if (near.length < least) return false;
    const u = scale(1 / length, start);
    const back = subtract(start, z);
    const pull = add(scale(across, back), scale((along - across) * dot(u, back), u));
    const right = near.reduce((sum, s) => add(sum, scale(-offInteger(dot(z, s)), s)), pull);
    const step = solveNormal(near, right, (i, j) => (i === j ? across : 0) + (along - across) * u[i] * u[j]);
    if (step) z = add(z, step);
    return true;
  };
  const strayed = (): boolean => !(Math.abs(norm(z) / length - 1) <= most);
  if (!round(first, 0.25, 4) || strayed()) return undefined;
  for (let m = first; m < n; ) {
    m = Math.min(2 * m, n);
    if (!round(m, 0.2, 4) || strayed()) return undefined;
  }
  if (!round(n, 0.12, 4) || strayed()) return undefined;
  round(n, 0.07, 5); // a weak candidate may fail here, and is then kept unchanged
  return strayed() ? undefined : z;
}

/**
 * Every vector to which the ladder may fit a sampled direction: a spot within `error` periods of a limit may be
 * included or not.
 */
export function endpoints(
  length: number,
  picked: readonly number[],
  directions: number,
  spots: readonly Vector[],
  error: number,
): Vector[] {
  return picked.flatMap((k) => {
    const start = scale(length, spiralDirection(k, directions));
    return [0, error, -error].map((widen) => climb(start, spots, widen)).filter((end) => end !== undefined);
  });
}

/** The vector of a known cell that the fast method samples first: the shortest one. */
export function shortestVector(known: Cell): { row: number; length: number } {
  const lengths = lengthsOf(known);
  const row = lengths.indexOf(Math.min(...lengths));
  return { row, length: lengths[row] as number };
}
