/** The cell of one still by least squares of its rows, with the quantities of its covariance. */

import { type Cell, cellFrom, dot, reciprocal, type Vector, volume } from '../../crystal/cell.js';
import { inverted, product } from '../../crystal/strain.js';
import { median } from '../../util/median.js';

/** The cell of one still. Cov(B_kα, B_lβ) = (B_k Σ B_lᵀ) (N⁻¹)_αβ with Σ = diag(across, across, along). */
export interface StillFit {
  readonly cell: Cell;
  /** N⁻¹, where N = Σ s sᵀ over the spots, in Å². */
  readonly spread: Cell;
  /** Variance of the spots about their nodes across the beam and along it, in Å⁻². */
  readonly across: number;
  readonly along: number;
}

/** Distance of a spot from its node, in indices, up to which it is used: at first and, round by round, at last. */
const [widest, narrowest, narrowing, rounds] = [0.18, 0.08, 0.7, 6];
/** Spots required for nine numbers and their errors. */
const fewestSpots = 12;
/**
 * The last fits use the spots within so many scatters of their nodes, across the ray and along it. Mosaic crystals
 * scatter along the ray by more than the window of indices, which would keep the cell where it was.
 */
const [scattersAcross, scattersAlong] = [5, 3.5];
/** Scatters in 1/Å: the initial values, and the limits of those that are estimated. */
const across = { first: 3e-4, least: 3e-5, most: 5e-4 } as const;
const along = { first: 1e-3, least: 1e-4, most: 4e-3 } as const;
/** Volumes of a fit, relative to that of the start, beyond which its nodes are those of another lattice, or of a plane. */
const [leastVolume, mostVolume] = [0.5, 2];
/** Most of these fits, and the relative change of the scatters that ends them. */
const [maxFits, settled] = [12, 0.01];
/** Median magnitude of a normal distribution in one dimension and in two, in standard deviations. */
const [ofNormal, ofRayleigh] = [0.6745, 1.1774];
/** Spots nearer to the beam do not tell the length of the ray. */
const minDepth = 1e-4;

/** A spot and its node. */
interface Pair {
  readonly spot: Vector;
  readonly index: Vector;
}

/**
 * Fits nine numbers to the spots ([n, 3], 1/Å) that lie near nodes of `start`: B = Y N⁻¹ with Y = Σ h sᵀ. Undefined if
 * too few do, or if they lead to another lattice.
 */
export function fitStill(start: Cell, spots: ArrayLike<number>): StillFit | undefined {
  let latest: Fitted | undefined;
  for (let round = 0; round < rounds; round++) {
    latest = fitted(nearNodes(latest?.cell ?? start, spots, Math.max(narrowest, widest * narrowing ** round)));
    if (!latest) return undefined;
  }
  if (!latest || !(Math.abs(volume(latest.cell)) > 0)) return undefined;
  const { cell, spread, used } = withinScatters(latest, spots);
  const grown = volume(cell) / volume(start);
  if (!(grown > leastVolume && grown < mostVolume)) return undefined;
  const nodes = reciprocal(cell);
  let [squareAcross, squareAlong] = [0, 0];
  for (const { spot, index } of used) {
    const [x, y, z] = fromNode(nodes, spot, index);
    squareAcross += x * x + y * y;
    squareAlong += z * z;
  }
  // Three parameters for each direction.
  const free = used.length - 3;
  return { cell, spread, across: squareAcross / 2 / free, along: squareAlong / free };
}

/** A cell, N⁻¹, and the pairs to which it was fitted. */
interface Fitted {
  readonly cell: Cell;
  readonly spread: Cell;
  readonly used: readonly Pair[];
}

/** Least squares; undefined if there are too few pairs. */
function fitted(used: readonly Pair[]): Fitted | undefined {
  const [n, y] = [new Float64Array(9), new Float64Array(9)];
  for (const { spot, index } of used)
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        n[3 * i + j] = (n[3 * i + j] ?? 0) + (spot[i] ?? 0) * (spot[j] ?? 0);
        y[3 * i + j] = (y[3 * i + j] ?? 0) + (index[i] ?? 0) * (spot[j] ?? 0);
      }
  const normal = cellFrom(n);
  if (used.length < fewestSpots || !(volume(normal) > 0)) return undefined;
  const spread = inverted(normal);
  return { cell: product(cellFrom(y), spread), spread, used };
}

/** Fits again with the spots within some scatters of their nodes; the given fit if that leaves too few. */
function withinScatters(start: Fitted, spots: ArrayLike<number>): Fitted {
  const k0 = rayLength(spots);
  let latest = start;
  if (!Number.isFinite(k0)) return latest;
  let [wide, deep] = [across.first, along.first] as [number, number];
  for (let round = 0; round < maxFits; round++) {
    const nodes = reciprocal(latest.cell);
    const close = nearNodes(latest.cell, spots, Number.POSITIVE_INFINITY).flatMap((pair) => {
      const [x, y, z] = fromNode(nodes, pair.spot, pair.index);
      const [u, v, w] = [pair.spot[0], pair.spot[1], pair.spot[2] + k0];
      const depth = (x * u + y * v + z * w) / Math.hypot(u, v, w);
      const width = Math.sqrt(Math.max(0, x * x + y * y + z * z - depth * depth));
      return width <= scattersAcross * wide ? [{ pair, width, depth: Math.abs(depth) }] : [];
    });
    const next = fitted(close.flatMap(({ pair, depth }) => (depth <= scattersAlong * deep ? [pair] : [])));
    if (!next || !(Math.abs(volume(next.cell)) > 0)) return latest;
    latest = next;
    const scatters = [
      within(median(close.map(({ width }) => width)) / ofRayleigh, across),
      within(median(close.map(({ depth }) => depth)) / ofNormal, along),
    ] as const;
    const isSettled = Math.abs(scatters[0] / wide - 1) < settled && Math.abs(scatters[1] / deep - 1) < settled;
    [wide, deep] = scatters;
    if (isSettled) break;
  }
  return latest;
}

const within = (x: number, { least, most }: { readonly least: number; readonly most: number }): number =>
  Math.min(most, Math.max(least, x));

/** 1/λ in 1/Å from the spots, which lie on a sphere through the origin; NaN if they are all near the beam. */
function rayLength(spots: ArrayLike<number>): number {
  const lengths: number[] = [];
  for (let i = 0; i + 2 < spots.length; i += 3) {
    const [x, y, z] = [spots[i] ?? 0, spots[i + 1] ?? 0, spots[i + 2] ?? 0];
    if (z < -minDepth) lengths.push(-(x * x + y * y + z * z) / (2 * z));
  }
  return lengths.length > 0 ? median(lengths) : Number.NaN;
}

/** The vector from the node to the spot in 1/Å. */
const fromNode = (nodes: Cell, spot: Vector, index: Vector): Vector =>
  [0, 1, 2].map(
    (i) => (spot[i] ?? 0) - nodes.reduce((sum, edge, k) => sum + (index[k] ?? 0) * (edge[i] ?? 0), 0),
  ) as unknown as Vector;

/** The spots within `limit` indices of a node, the origin excepted. */
function nearNodes(cell: Cell, spots: ArrayLike<number>, limit: number): Pair[] {
  const found: Pair[] = [];
  for (let i = 0; i + 2 < spots.length; i += 3) {
    const spot: Vector = [spots[i] ?? 0, spots[i + 1] ?? 0, spots[i + 2] ?? 0];
    const at = cell.map((edge) => dot(edge, spot)) as [number, number, number];
    const index = at.map(Math.round) as [number, number, number];
    if (index.every((h) => h === 0)) continue;
    if (Math.hypot(at[0] - index[0], at[1] - index[1], at[2] - index[2]) <= limit) found.push({ spot, index });
  }
  return found;
}
