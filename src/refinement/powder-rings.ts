/**
 * How well points on a detector lie on the rings of a powder, for places of the detector. A point is on a ring or
 * anywhere: its odds are those of the rings about it against a density that is as large on average, so that rings that are
 * too close to be told apart say nothing. Lengths are in pixels, from the crystal.
 */

/** Points of rings, or peaks of frames. */
export interface PowderPoints {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  /** What a point counts as evidence: those of one ring are not independent of each other. */
  readonly weight: number;
}

/** How the detector moves: along z, x and y in pixels, and turns about x and y in radians. */
export type PowderMotion = readonly [z: number, x: number, y: number, turnX: number, turnY: number];

/** Rings by the tangent of their angle, in ascending order. */
export interface RingAngles {
  readonly tangents: Float64Array;
  /** How far each reaches half-way to its neighbours, and how far a bandwidth smears it. */
  readonly own: Float64Array;
  /** To the nearer neighbour. */
  readonly gaps: Float64Array;
  readonly smear: Float64Array;
}

/** Rings at more than this angle, in radians, meet no flat detector behind the sample. */
const widest = 1.4;
/** Part of the points that are on rings, while nothing is known of it. */
export const usualShare = 0.6;
const bins = 16384;
/** Positions and distances of a scan that are tried at most, times points. */
const mostPoints = 800;

/** The angles of rings of spacings in angstrom. `bandwidth` is the relative one, a standard deviation. */
export function anglesOfRings(spacings: readonly number[], wavelengthA: number, bandwidth: number): RingAngles {
  const angles = spacings
    .map((d) => 2 * Math.asin(Math.min(1, wavelengthA / (2 * d))))
    .filter((angle) => angle < widest)
    .sort((a, b) => a - b);
  const tangents = Float64Array.from(angles, Math.tan);
  const at = (i: number): number => tangents[Math.min(tangents.length - 1, Math.max(0, i))] as number;
  return {
    tangents,
    own: tangents.map((_, i) => (at(i + 1) - at(i - 1)) / (i === 0 || i === tangents.length - 1 ? 1 : 2)),
    gaps: tangents.map((t, i) =>
      Math.min(t - (tangents[i - 1] ?? Number.NEGATIVE_INFINITY), (tangents[i + 1] ?? Number.POSITIVE_INFINITY) - t),
    ),
    smear: Float64Array.from(angles, (angle) => (2 * bandwidth * Math.tan(angle / 2)) / Math.cos(angle) ** 2),
  };
}

/** Ln odds of a point by the tangent of its angle. */
export interface OddsTable {
  readonly values: Float32Array;
  /** Bins per unit of the tangent. */
  readonly scale: number;
}

/** The table for an error of points of `sigmaPx`, at a distance in pixels. */
export function oddsTable(
  { tangents, own, smear }: RingAngles,
  { sigmaPx, distancePx, share = usualShare }: { sigmaPx: number; distancePx: number; share?: number },
): OddsTable {
  const last = tangents.length - 1;
  const most = (tangents[last] as number) + (own[last] as number);
  const scale = bins / most;
  const density = new Float64Array(bins);
  for (let k = 0; k <= last; k++) {
    const middle = tangents[k] as number;
    const sigma = Math.hypot(sigmaPx / distancePx, smear[k] as number);
    const height = (own[k] as number) / (Math.sqrt(2 * Math.PI) * sigma);
    const [from, to] = [middle - 5 * sigma, middle + 5 * sigma].map((t) => Math.round(t * scale)) as [number, number];
    for (let bin = Math.max(0, from); bin <= Math.min(bins - 1, to); bin++) {
      const z = ((bin + 0.5) / scale - middle) / sigma;
      density[bin] = (density[bin] as number) + height * Math.exp((-z * z) / 2);
    }
  }
  // Within the first ring and beyond the last nothing is expected, nor excluded.
  const [inner, outer] = [
    (tangents[0] as number) - (own[0] as number) / 2,
    (tangents[last] as number) + (own[last] as number) / 2,
  ];
  const values = new Float32Array(bins);
  for (let bin = 0; bin < bins; bin++) {
    const t = (bin + 0.5) / scale;
    if (t > inner && t < outer) values[bin] = Math.log(1 - share + share * (density[bin] as number));
  }
  return { values, scale };
}

/** The ln odds of all points at a place of the detector that is not turned. */
export function oddsAt({ x, y, z, weight }: PowderPoints, { values, scale }: OddsTable, [dz, dx, dy]: PowderMotion) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [(x[i] as number) + dx, (y[i] as number) + dy];
    sum += values[Math.floor((Math.sqrt(px * px + py * py) / ((z[i] as number) + dz)) * scale)] ?? 0;
  }
  return weight * sum;
}

/** Where a scan looks: shifts of the centre, and of the distance, in pixels. */
export interface ScanRange {
  readonly reach: number;
  readonly step: number;
  readonly distances: readonly number[];
}

/** The best place of each distance of a scan, with its ln odds. */
export function scanned(points: PowderPoints, table: OddsTable, { reach, step, distances }: ScanRange) {
  const every = Math.max(1, Math.ceil(points.x.length / mostPoints));
  const some = Array.from({ length: Math.ceil(points.x.length / every) }, (_, n) => n * every);
  const [x, y, z] = [points.x, points.y, points.z].map((all) => Float64Array.from(some, (i) => all[i] as number)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const best = distances.map((dz): { motion: PowderMotion; ln: number } => ({
    motion: [dz, 0, 0, 0, 0],
    ln: Number.NEGATIVE_INFINITY,
  }));
  const { values, scale } = table;
  const sums = new Float64Array(distances.length);
  for (let dx = -reach; dx <= reach; dx += step)
    for (let dy = -reach; dy <= reach; dy += step) {
      sums.fill(0);
      for (let i = 0; i < x.length; i++) {
        const [px, py] = [(x[i] as number) + dx, (y[i] as number) + dy];
        const radius = Math.sqrt(px * px + py * py) * scale;
        const away = z[i] as number;
        for (let n = 0; n < sums.length; n++) {
          const bin = Math.floor(radius / (away + (distances[n] as number)));
          if (bin < bins) sums[n] = (sums[n] as number) + (values[bin] as number);
        }
      }
      for (let n = 0; n < sums.length; n++) {
        const ln = every * points.weight * (sums[n] as number);
        if (ln > (best[n] as { ln: number }).ln) best[n] = { motion: [distances[n] as number, dx, dy, 0, 0], ln };
      }
    }
  return best;
}
