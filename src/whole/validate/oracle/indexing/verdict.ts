/**
 * The oracle of the verdict, in float64: log10 of the probability that spots unrelated to a lattice fit it equally
 * well. Written from cpp/indexing/README.md; it shares no code with cpp/.
 */
import { type Cell, dot, norm, reciprocal, type Vector, volume } from '../../../../crystal/cell.js';
import { distanceToNode } from './lattices.js';
import { solveSymmetric, turn, unit } from './search.js';

/** Degrees of freedom of a lattice besides its orientation; each multiplies the number of trials. */
interface Freedom {
  readonly strained: boolean;
  readonly scaled: boolean;
}

/** log10 of the probability of k or more hits among n of probability p each, summed from the definition. */
function tail(n: number, k: number, p: number): number {
  if (k <= n * p) return 0;
  let choose = 0; // natural logarithm of n over i
  const terms: number[] = [];
  for (let i = 0; i <= n; i++) {
    if (i > 0) choose += Math.log((n - i + 1) / i);
    if (i >= k) terms.push(choose + i * Math.log(p) + (n - i) * Math.log1p(-p));
  }
  const largest = Math.max(...terms);
  return (largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0))) / Math.LN10;
}

/**
 * The direction along which the spots extend least, which is that of the beam: the eigenvector of Σ s sᵀ with the
 * smallest eigenvalue, by inverse iteration.
 */
function thinnest(spots: readonly Vector[]): Vector {
  const squares = spots.reduce((sum, s) => sum + dot(s, s), 0);
  let v: Vector = [0.48, 0.6, 0.64];
  for (let round = 0; round < 6; round++)
    v = unit(
      solveSymmetric((i, j) => spots.reduce((sum, s) => sum + s[i] * s[j], 0) + (i === j ? 1e-6 * squares : 0), v),
    );
  return v;
}

/** log10 of the probability of a lattice of one known cell, at most 0. */
export function log10Chance(
  cell: Cell,
  spots: readonly Vector[],
  { strained, scaled }: Freedom,
  acceptLog10: number,
): number {
  const n = spots.length;
  const size = Math.abs(volume(cell));
  const dual = reciprocal(cell);
  const radiusOf = (p: number): number => Math.cbrt((3 * p) / (4 * Math.PI * size));
  // Each node counts once, by its nearest spot; 000 is not counted.
  const nodes = new Map<string, number>();
  const fitting: Vector[] = [];
  for (const s of spots) {
    const off = distanceToNode(cell, dual, s);
    const indices = cell.map((row) => Math.round(dot(row, s)));
    if (!(off < radiusOf(1 / 8)) || indices.every((index) => index === 0)) continue;
    const name = indices.join();
    nodes.set(name, Math.min(off, nodes.get(name) ?? Number.POSITIVE_INFINITY));
    fitting.push(s);
  }
  // Spots in one row do not determine an orientation.
  const moment = (i: 0 | 1 | 2, j: 0 | 1 | 2): number => fitting.reduce((sum, s) => sum + s[i] * s[j], 0);
  const minor = (i: 0 | 1 | 2, j: 0 | 1 | 2): number => moment(i, i) * moment(j, j) - moment(i, j) ** 2;
  if (minor(0, 1) + minor(0, 2) + minor(1, 2) < 1e-3 * (moment(0, 0) + moment(1, 1) + moment(2, 2)) ** 2) return 0;
  const cube = spots.reduce((sum, s) => sum + norm(s) ** 3, 0) / n;
  const resolution = Math.cbrt(cube);
  let best = { log10: 0, p: 1, radius: 0, trials: 0, occupied: 0 };
  for (let halvings = 3; halvings < 19; halvings++) {
    const p = 2 ** -halvings;
    const radius = radiusOf(p);
    const occupied = [...nodes.values()].filter((off) => off < radius).length;
    if (occupied < 4) break;
    let trials = Math.log10((8 * Math.PI ** 2 * (((4 * Math.PI) / 3) * cube * size + 1)) / p);
    if (strained) trials += 6 * Math.log10(1 + (0.02 * resolution) / radius);
    if (scaled) trials += Math.log10(1 + (0.06 * resolution) / radius);
    const log10 = tail(n, occupied, p) + trials;
    if (log10 < best.log10) best = { log10, p, radius, trials, occupied };
  }
  if (best.log10 > -1) return best.log10;
  // Rings and planes: the frequency of hits when the lattice is rotated about the beam by golden-ratio angles.
  const turns = Math.min(128, Math.max(8, Math.floor((best.log10 < 4 * acceptLog10 - 20 ? 2400 : 9600) / n)));
  const axis = thinnest(spots);
  const widths = [1, 2, 4];
  const looks = Array.from({ length: turns }, (_, i) => {
    // In steps of 1/20160 of a turn; multiples of the golden ratio in 32 bits.
    const step = Math.floor((Number((BigInt(i + 1) * 0x9e3779b9n) & 0xffffffffn) / 2 ** 32) * 20160);
    const turned = cell.map((row) => turn(row, axis, (2 * Math.PI * step) / 20160)) as unknown as Cell;
    const turnedDual = reciprocal(turned);
    const off = spots.map((s) => distanceToNode(turned, turnedDual, s));
    return widths.map((width) => off.filter((distance) => distance < width * best.radius).length);
  });
  const odd = looks.filter(([hits]) => (hits as number) > 3 && 10 * (hits as number) > 7 * best.occupied);
  const taken = 8 * odd.length <= turns ? looks.filter((look) => !odd.includes(look)) : looks;
  let worst = 1;
  for (const [g, width] of widths.entries()) {
    const even = best.p * width ** 3;
    if (even > 0.25) break;
    const hits = taken.reduce((sum, look) => sum + (look[g] as number), 0);
    const excess = (hits + 8) / (even * taken.length * n + 8);
    if (g === 0) worst = Math.max(worst, excess);
    else if (excess > 1.5) worst = Math.max(worst, excess * width);
  }
  const p = Math.min(0.5, best.p * worst);
  return p <= best.p ? best.log10 : Math.min(0, tail(n, best.occupied, p) + best.trials);
}
