/**
 * Reference implementation of the indexing verdict, in float64: log10 of the probability that spots unrelated to a
 * lattice fit it equally well. Written from cpp/indexing/README.md; it shares no code with cpp/.
 */
import { type Cell, dot, norm, reciprocal, type Vector, volume } from '../../../crystal/cell.js';
import { distanceToNode } from './lattices.js';
import { normalize, rotateVector, solveSymmetric } from './search.js';

/** Degrees of freedom of a lattice besides its orientation; each multiplies the number of trials. */
interface Freedom {
  readonly isStrained: boolean;
  readonly isScaled: boolean;
}

/** log10 of the probability of k or more hits among n of probability p each, summed from the definition. */
function log10BinomialTail(n: number, k: number, p: number): number {
  if (k <= n * p) return 0;
  let logBinomial = 0; // natural logarithm of n choose i
  const terms: number[] = [];
  for (let i = 0; i <= n; i++) {
    if (i > 0) logBinomial += Math.log((n - i + 1) / i);
    if (i >= k) terms.push(logBinomial + i * Math.log(p) + (n - i) * Math.log1p(-p));
  }
  const largest = Math.max(...terms);
  return (largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0))) / Math.LN10;
}

/**
 * The direction along which the spots extend least, which is that of the beam: the eigenvector of Σ s sᵀ with the
 * smallest eigenvalue, by inverse iteration.
 */
function beamDirection(spots: readonly Vector[]): Vector {
  const squares = spots.reduce((sum, s) => sum + dot(s, s), 0);
  let v: Vector = [0.48, 0.6, 0.64];
  for (let round = 0; round < 6; round++)
    v = normalize(
      solveSymmetric((i, j) => spots.reduce((sum, s) => sum + s[i] * s[j], 0) + (i === j ? 1e-6 * squares : 0), v),
    );
  return v;
}

/** log10 of the probability of a lattice of one known cell, at most 0. */
export function log10Chance(
  cell: Cell,
  spots: readonly Vector[],
  { isStrained, isScaled }: Freedom,
  acceptLog10: number,
): number {
  const n = spots.length;
  const cellVolume = Math.abs(volume(cell));
  const reciprocalCell = reciprocal(cell);
  const radiusOf = (p: number): number => Math.cbrt((3 * p) / (4 * Math.PI * cellVolume));
  // Each node counts once, by its nearest spot; the origin is excluded.
  const nodes = new Map<string, number>();
  const fitting: Vector[] = [];
  for (const s of spots) {
    const distance = distanceToNode(cell, reciprocalCell, s);
    const indices = cell.map((row) => Math.round(dot(row, s)));
    if (!(distance < radiusOf(1 / 8)) || indices.every((index) => index === 0)) continue;
    const hklKey = indices.join();
    nodes.set(hklKey, Math.min(distance, nodes.get(hklKey) ?? Number.POSITIVE_INFINITY));
    fitting.push(s);
  }
  // Collinear spots do not determine an orientation.
  const moment = (i: 0 | 1 | 2, j: 0 | 1 | 2): number => fitting.reduce((sum, s) => sum + s[i] * s[j], 0);
  const minor = (i: 0 | 1 | 2, j: 0 | 1 | 2): number => moment(i, i) * moment(j, j) - moment(i, j) ** 2;
  if (minor(0, 1) + minor(0, 2) + minor(1, 2) < 1e-3 * (moment(0, 0) + moment(1, 1) + moment(2, 2)) ** 2) return 0;
  const meanCubedLength = spots.reduce((sum, s) => sum + norm(s) ** 3, 0) / n;
  const resolution = Math.cbrt(meanCubedLength);
  let best = { log10: 0, p: 1, radius: 0, trials: 0, occupied: 0 };
  for (let halvings = 3; halvings < 19; halvings++) {
    const p = 2 ** -halvings;
    const radius = radiusOf(p);
    const occupied = [...nodes.values()].filter((distance) => distance < radius).length;
    if (occupied < 4) break;
    let trials = Math.log10((8 * Math.PI ** 2 * (((4 * Math.PI) / 3) * meanCubedLength * cellVolume + 1)) / p);
    if (isStrained) trials += 6 * Math.log10(1 + (0.02 * resolution) / radius);
    if (isScaled) trials += Math.log10(1 + (0.06 * resolution) / radius);
    const log10 = log10BinomialTail(n, occupied, p) + trials;
    if (log10 < best.log10) best = { log10, p, radius, trials, occupied };
  }
  if (best.log10 > -1) return best.log10;
  // Powder rings and planes of spots fit too well at any rotation, so the hit rate is measured over golden-ratio
  // rotations about the beam.
  const rotationCount = Math.min(128, Math.max(8, Math.floor((best.log10 < 4 * acceptLog10 - 20 ? 2400 : 9600) / n)));
  const axis = beamDirection(spots);
  const widths = [1, 2, 4];
  const rotationHits = Array.from({ length: rotationCount }, (_, i) => {
    // Multiples of the golden ratio in 32 bits, rounded down to 1/20160 of a turn: exactly the angles of the core, which
    // reads their sines from a table.
    const step = Math.floor((Number((BigInt(i + 1) * 0x9e3779b9n) & 0xffffffffn) / 2 ** 32) * 20160);
    const turned = cell.map((row) => rotateVector(row, axis, (2 * Math.PI * step) / 20160)) as unknown as Cell;
    const turnedReciprocal = reciprocal(turned);
    const distances = spots.map((s) => distanceToNode(turned, turnedReciprocal, s));
    return widths.map((width) => distances.filter((distance) => distance < width * best.radius).length);
  });
  const equivalentRotations = rotationHits.filter(
    ([hits]) => (hits as number) > 3 && 10 * (hits as number) > 7 * best.occupied,
  );
  const independentRotations =
    8 * equivalentRotations.length <= rotationCount
      ? rotationHits.filter((hits) => !equivalentRotations.includes(hits))
      : rotationHits;
  let excessFactor = 1;
  for (const [widthIndex, width] of widths.entries()) {
    const expectedRate = best.p * width ** 3;
    if (expectedRate > 0.25) break;
    const hits = independentRotations.reduce((sum, counts) => sum + (counts[widthIndex] as number), 0);
    const excess = (hits + 8) / (expectedRate * independentRotations.length * n + 8);
    if (widthIndex === 0) excessFactor = Math.max(excessFactor, excess);
    else if (excess > 1.5) excessFactor = Math.max(excessFactor, excess * width);
  }
  const p = Math.min(0.5, best.p * excessFactor);
  return p <= best.p ? best.log10 : Math.min(0, log10BinomialTail(n, best.occupied, p) + best.trials);
}
