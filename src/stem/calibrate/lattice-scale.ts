/**
 * The size of a pixel in reciprocal space from the disks of a crystal whose lattice is known, and the distortion that
 * makes its vectors those of the pattern: the polar decomposition of one basis over the other.
 */

import { checkFits, checkPattern, cropSize } from '../../udf/disks/patterns.js';
import { diskFrames } from '../disks/correlate.js';
import { guessLattice, type Vector } from '../disks/lattice.js';
import { findDiskPeaks } from '../disks/peaks.js';
import type { Beam } from './beam.js';
import type { LatticeScale, Refused } from './calibration.js';
import { jackknife } from './disk-errors.js';

/** The number of disks to look for, and the number required. */
const [most, least] = [60, 6];
/** Combinations of the vectors of the pattern that are compared with the known ones. */
const reach = 2;
/** Shape that a distortion may have, and by how much two answers may differ in size. */
const [maxEllipticity, sameScale] = [0.06, 0.01];
/** Positions of disks are not known better than this, in pixels. */
const minError = 0.01;

/** Positions (y, x) of the disks of the sum. */
function disksOf({ image, fit }: Beam): Vector[] {
  const { data, height, width } = image;
  const radius = fit.p[2] as number;
  const pattern = checkPattern('calibrate: lattice', { kind: 'background-subtraction', radius });
  checkFits('calibrate: lattice', pattern, [height, width]);
  const shape = [height, width] as const;
  const diskPeaks = findDiskPeaks(
    data,
    shape,
    { kind: 'background-subtraction', radius },
    most,
    Math.round(radius),
    0.2,
  );
  const inside = cropSize(pattern);
  const peaks = Int32Array.from(
    [...diskPeaks.keys()]
      .filter((k) => k % 2 === 0)
      .filter((k) =>
        [0, 1].every((part) => {
          const [at, size] = [diskPeaks[k + part] as number, shape[part] as number];
          return at >= inside && at < size - inside;
        }),
      )
      .flatMap((k) => [diskPeaks[k] as number, diskPeaks[k + 1] as number]),
  );
  const n = peaks.length / 2;
  const out = {
    centers: new Int32Array(2 * n),
    refineds: new Float32Array(2 * n),
    heights: new Float32Array(n),
    elevations: new Float32Array(n),
  };
  diskFrames({ pattern, correlation: 'fast', refine: 'com', height, width })(data, peaks, out, 0);
  return Array.from(
    { length: n },
    (_, p): Vector => [out.refineds[2 * p] as number, out.refineds[2 * p + 1] as number],
  );
}

/** Least squares of zero, a and b through positions with indices. */
function fitted(places: readonly Vector[], indices: readonly Vector[]): readonly [Vector, Vector] | undefined {
  const mean = (of: readonly Vector[], part: 0 | 1): number =>
    of.reduce((sum, vector) => sum + vector[part], 0) / of.length;
  const centred = (of: readonly Vector[]): Vector[] => {
    const [y, x] = [mean(of, 0), mean(of, 1)];
    return of.map((vector) => [vector[0] - y, vector[1] - x]);
  };
  const [p, q] = [centred(places), centred(indices)];
  let [ii, ij, jj] = [0, 0, 0];
  const sums = [0, 0, 0, 0] as [number, number, number, number];
  for (const [k, [i, j]] of q.entries()) {
    const [y, x] = p[k] as Vector;
    ii += i * i;
    ij += i * j;
    jj += j * j;
    sums[0] += i * y;
    sums[1] += i * x;
    sums[2] += j * y;
    sums[3] += j * x;
  }
  const determinant = ii * jj - ij * ij;
  if (!(determinant > 1e-9 * ii * jj)) return undefined;
  const [iy, ix, jy, jx] = sums;
  return [
    [(jj * iy - ij * jy) / determinant, (jj * ix - ij * jx) / determinant],
    [(ii * jy - ij * iy) / determinant, (ii * jx - ij * ix) / determinant],
  ];
}

/** Pixels an inverse nm, and e1, e2 of the ellipse, that make (p, q) of the known lattice; of either hand. */
function shapeOf([p, q]: readonly [Vector, Vector], [dA, dB, degrees]: readonly [number, number, number]) {
  const hand = p[1] * q[0] - p[0] * q[1] > 0 ? 1 : -1;
  const angle = (hand * degrees * Math.PI) / 180;
  // The first vector along x; M turns and stretches the known vectors (x, y) into those of the pattern.
  const [ax, bx, by] = [1 / dA, Math.cos(angle) / dB, Math.sin(angle) / dB];
  const [xx, yx] = [p[1] / ax, p[0] / ax];
  const [xy, yy] = [(q[1] - xx * bx) / by, (q[0] - yx * bx) / by];
  const scale = Math.hypot(xx + yy, yx - xy) / 2;
  // M = S times a rotation, and S = scale (1 + [[e1, e2], [e2, −e1]]): the stretch in axes of the pattern.
  const turn = Math.atan2(yx - xy, xx + yy);
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  const [sxx, sxy, syy] = [xx * c - xy * s, xx * s + xy * c, yx * s + yy * c];
  return { scale, e1: (sxx - syy) / 2 / scale, e2: sxy / scale };
}

/** The size of a pixel for which the disks of the sum are those of a lattice, or why it cannot be told. */
export function latticeScaleOf(beam: Beam, known: readonly number[]): LatticeScale | Refused {
  const lattice = known as readonly [number, number, number];
  const { height, width } = beam.image;
  let places: Vector[];
  let found: ReturnType<typeof guessLattice>;
  try {
    places = disksOf(beam);
    found = guessLattice('calibrate', places.flat(), [height, width]);
  } catch (error) {
    return { refused: (error as Error).message.replace(/^[^:]*: |; .*$/g, '') };
  }
  const { zero, a, b } = found;
  const determinant = a[0] * b[1] - a[1] * b[0];
  const exact = places.map(([y, x]): Vector => {
    const [v, u] = [y - zero[0], x - zero[1]];
    return [(v * b[1] - u * b[0]) / determinant, (u * a[0] - v * a[1]) / determinant];
  });
  const kept = [...places.keys()].filter((k) =>
    (exact[k] as Vector).every((index) => Math.abs(index - Math.round(index)) < 0.2),
  );
  if (kept.length < least)
    return { refused: `${kept.length} disks of the sum are on a lattice, and ${least} are needed` };
  const on = kept.map((k) => places[k] as Vector);
  const indices = kept.map((k): Vector => [Math.round((exact[k] as Vector)[0]), Math.round((exact[k] as Vector)[1])]);
  const base = fitted(on, indices);
  if (!base) return { refused: 'the disks of the sum are on one line' };
  const answers = combinations(base, lattice);
  const [best] = answers;
  if (!best) {
    const lengths = base.map((v) => Math.hypot(...v).toFixed(2)).join(' and ');
    return {
      refused: `the disks of the sum are on vectors of ${lengths} pixels, which no combination makes the lattice`,
    };
  }
  if (answers.some(({ scale }) => Math.abs(scale / best.scale - 1) > sameScale))
    return { refused: 'the disks of the sum fit the lattice in more than one way' };
  const { m } = best;
  const without = on.flatMap((_, left) => {
    const rest = <T>(of: readonly T[]): T[] => of.filter((__, k) => k !== left);
    const fit = fitted(rest(on), rest(indices));
    if (!fit) return [];
    const { scale, e1, e2 } = shapeOf(combined(fit, m), lattice);
    return [Float64Array.of(scale, e1, e2)];
  });
  const spread = Math.hypot(...on.map(([y, x]) => Math.hypot(y - zero[0], x - zero[1])));
  const floor = minError / spread;
  const [scale = 0, first = 0, second = 0] = jackknife(without);
  const errors = [Math.hypot(Math.sqrt(first), floor), Math.hypot(Math.sqrt(second), floor)] as const;
  return {
    value: 1 / best.scale,
    error: Math.hypot(Math.sqrt(scale) / best.scale, floor) / best.scale,
    lattice: { a: best.pair[0], b: best.pair[1], disks: on.length, e1: best.e1, e2: best.e2, errors },
  };
}

/** Two vectors as combinations m of two others. */
const combined = ([a, b]: readonly [Vector, Vector], m: readonly number[]): [Vector, Vector] => {
  const [i, j, k, l] = m as [number, number, number, number];
  return [
    [i * a[0] + j * b[0], i * a[1] + j * b[1]],
    [k * a[0] + l * b[0], k * a[1] + l * b[1]],
  ];
};

/** What makes the known lattice of the vectors of the pattern, the least distorted first. */
function combinations(base: readonly [Vector, Vector], lattice: readonly [number, number, number]) {
  const some = Array.from({ length: 2 * reach + 1 }, (_, k) => k - reach);
  const all = some.flatMap((i) => some.flatMap((j) => some.flatMap((k) => some.map((l) => [i, j, k, l] as const))));
  return all
    .filter(([i, j, k, l]) => Math.abs(i * l - j * k) === 1)
    .map((m) => {
      const pair = combined(base, m);
      return { m, pair, ...shapeOf(pair, lattice) };
    })
    .filter(({ e1, e2 }) => 2 * Math.hypot(e1, e2) < maxEllipticity)
    .sort((p, q) => Math.hypot(p.e1, p.e2) - Math.hypot(q.e1, q.e2));
}
