/**
 * The lattice of one still from its spots alone: nine numbers, and a shift of the beam that is free as well. On the
 * Ewald sphere the mean of q_z is not zero, so that without the shift a beam that is off by 1.5 pixels would look like
 * 1 % of shear. The core decides the names of axes by the same fit (cpp/indexing/labels.cpp).
 */

import { searchConstants } from '../../compute/layout/search.js';
import { type Cell, cellFrom, dot, reciprocal, type Vector, volume } from '../../crystal/cell.js';
import { inverted, product } from '../../crystal/strain.js';
import { median } from '../../util/median.js';

/** A lattice, and the covariance of its strain: Cov(D_ik, D_jl) = S_i δ_ij (N_i⁻¹)_kl for nodes q that D moves. */
export interface FreeFit {
  readonly cell: Cell;
  /** Variances S of a spot about its node along x, y and the beam, 1/Å². */
  readonly variances: Vector;
  /** N⁻¹ of the rows x, y and z of D, Å². */
  readonly inverses: readonly [Cell, Cell, Cell];
}

/** Distance from a node, in indices, up to which a spot takes part, round by round, and at last. */
const limits = [searchConstants.growIndexLimit.value, searchConstants.fitIndexLimit.value, ...[0.2, 0.2, 0.2]] as const;
/** The same in medians of the squared distance: four standard deviations. */
const medians = 7;
/** Spots of lowest resolution in the first round; spots without which there is no fit. */
const [firstSpots, fewestSpots] = [24, 10];
/** By how much the volume may grow or shrink: a tenth of each edge. */
const mostGrowth = 1.33;
/** How far the beam may be off, 1/Å. */
const shift = 1e-3;

/** Sums over the spots near nodes, q, and their distances e from these. */
interface Sums {
  readonly squares: readonly number[];
  readonly n: number;
  readonly moments: Float64Array;
  /** The moments of the spots instead of the nodes, and of the distances along the beam with them. */
  readonly ofSpots: Float64Array;
  readonly alongSpots: Float64Array;
  readonly right: Float64Array;
  readonly q: Float64Array;
  readonly e: Float64Array;
  readonly e2: Float64Array;
}

function sumsNear(cell: Cell, spots: readonly Vector[], count: number, limit: number, most: number): Sums {
  const nodes = reciprocal(cell);
  const [moments, right, ofSpots, alongSpots] = [9, 9, 9, 3].map((n) => new Float64Array(n)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [q, e, e2] = [new Float64Array(3), new Float64Array(3), new Float64Array(3)];
  const [node, off] = [new Float64Array(3), new Float64Array(3)];
  const squares: number[] = [];
  for (let at = 0; at < count; at++) {
    // Called with all spots of a crystal in five rounds: an array for each of them takes most of the time.
    const spot = spots[at] as Vector;
    const x = dot(cell[0], spot);
    const y = dot(cell[1], spot);
    const z = dot(cell[2], spot);
    const h = Math.round(x);
    const k = Math.round(y);
    const l = Math.round(z);
    if ((x - h) ** 2 + (y - k) ** 2 + (z - l) ** 2 > limit ** 2 || (h === 0 && k === 0 && l === 0)) continue;
    let square = 0;
    for (let i = 0; i < 3; i++) {
      node[i] = h * nodes[0][i as 0] + k * nodes[1][i as 0] + l * nodes[2][i as 0];
      off[i] = spot[i as 0] - (node[i] as number);
      square += (off[i] as number) ** 2;
    }
    if (square > most) continue;
    squares.push(square);
    for (let i = 0; i < 3; i++) {
      q[i] = (q[i] as number) + (node[i] as number);
      e[i] = (e[i] as number) + (off[i] as number);
      e2[i] = (e2[i] as number) + (off[i] as number) ** 2;
      for (let k = 0; k < 3; k++) {
        moments[3 * i + k] = (moments[3 * i + k] as number) + (node[i] as number) * (node[k] as number);
        right[3 * i + k] = (right[3 * i + k] as number) + (off[i] as number) * (node[k] as number);
        ofSpots[3 * i + k] = (ofSpots[3 * i + k] as number) + spot[i as 0] * spot[k as 0];
      }
      alongSpots[i] = (alongSpots[i] as number) + (off[2] as number) * spot[i as 0];
    }
  }
  return { squares, n: squares.length, moments, right, ofSpots, alongSpots, q, e, e2 };
}

/**
 * The inverse moments of the rows across the beam, centred because of its shift, and of the row along it. Along the beam
 * a node is off its spot by more than across, and its place contains that distance: regressed on the nodes, the lattice
 * would shrink along the beam, to nothing where the sphere is as flat as that of electrons. Spots lie on the sphere, and
 * tell by their own moments how little a flat sphere says.
 */
function inversesOf({ n, moments, ofSpots, q }: Sums, variance: number): { across: Cell; along: Cell; share: number } {
  const share = 1 / (n + variance / shift ** 2);
  const ridge = 1e-6 * ((moments[0] as number) + (moments[4] as number) + (moments[8] as number));
  const of = (all: Float64Array, part: number): Cell =>
    inverted(
      cellFrom(
        all.map((x, i) => {
          const [row, column] = [Math.floor(i / 3), i % 3];
          return x - part * (q[row] as number) * (q[column] as number) + (row === column ? ridge : 0);
        }),
      ),
    );
  return { across: of(moments, share), along: of(ofSpots, 0), share };
}

/**
 * Fits the lattice near `start` to spots ([n, 3], 1/Å, beam along z); undefined if too few lie near its nodes, or if the
 * edges would change by more than a tenth.
 */
export function fitFreely(start: Cell, given: ArrayLike<number>): FreeFit | undefined {
  const spots: Vector[] = [];
  for (let i = 0; i + 2 < given.length; i += 3)
    spots.push([given[i] as number, given[i + 1] as number, given[i + 2] as number]);
  spots.sort((p, q) => dot(p, p) - dot(q, q));
  let cell = start;
  let most = Number.POSITIVE_INFINITY;
  for (const [round, limit] of limits.entries()) {
    const inside = round < 2 ? Math.max(firstSpots, spots.length >> 2) << round : spots.length;
    const sums = sumsNear(cell, spots, Math.min(inside, spots.length), limit, most);
    const { n, right, alongSpots, q, e, e2 } = sums;
    if (n < fewestSpots) return undefined;
    const free = n - 3;
    const variance = Math.max(1e-12, ((e2[0] as number) + (e2[1] as number)) / 2 / free);
    const { across, along, share } = inversesOf(sums, variance);
    if (round === limits.length - 1) {
      const own = variance - ((e[0] as number) ** 2 + (e[1] as number) ** 2) / n / 2 / free;
      // A fit that has lost its spots: along the beam a flat sphere tells no scale, and the row may even turn over.
      const ratio = volume(cell) / volume(start);
      if (!(ratio > 1 / mostGrowth && ratio < mostGrowth)) return undefined;
      const s = Math.max(1e-12, own);
      return { cell, variances: [s, s, Math.max(s, (e2[2] as number) / free)], inverses: [across, across, along] };
    }
    const rows = right.map((x, i) =>
      i < 6 ? x - share * (e[Math.floor(i / 3)] as number) * (q[i % 3] as number) : (alongSpots[i - 6] as number),
    );
    const all = cellFrom(rows);
    const [x, y] = product(all, across);
    const [, , z] = product(all, along);
    cell = product(
      cell,
      inverted([
        [1 + x[0], x[1], x[2]],
        [y[0], 1 + y[1], y[2]],
        [z[0], z[1], 1 + z[2]],
      ]),
    );
    if (round > 0) most = medians * median(sums.squares);
  }
  return undefined;
}
