/** A metric fitted to pooled lengths: least squares on squared lengths, each length shared among the nodes near it. */
import { solved } from '../../util/linear.js';
import { type Pool, weights } from './lengths.js';
import { determinantOf, listNodes, type Metric, reachOf, roomForNodes } from './metric.js';

/** Longest node, 1/Å. */
const longest = 1.09;
/** Relative error of a metric before the fit. */
const prior = 0.02;
/** Least error of a length, 1/Å. */
const leastError = 2e-4;

interface Length {
  readonly x: number;
  readonly sigma: number;
  /** What all other nodes together are worth. */
  readonly ground: number;
  readonly weight: number;
}

interface Sorted {
  readonly order: Uint32Array;
  readonly sorted: Float64Array;
}

/** Fits metrics to the lengths of one pool. */
export class MetricFit {
  readonly #pool: Pool;
  readonly #room = roomForNodes(40000, true);
  readonly #weight = new Float64Array(this.#room.lengths.length);
  readonly #row = new Float64Array(6);

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Improves a metric in place by the nodes that `nodes` of them reach, with a factor on the errors of lengths; false
   * if it is too flat or leads to none.
   */
  refine(metric: Metric, nodes: number, factor: number): boolean {
    const room = this.#room;
    const determinant = determinantOf(metric);
    if (!(determinant > 0)) return false;
    const volumeA3 = 1 / Math.sqrt(determinant);
    const reach = Math.min(longest, reachOf(nodes, volumeA3));
    const count = listNodes(metric, reach, room);
    if (count < 6) return false;
    const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
      (p, q) => (room.lengths[p] as number) - (room.lengths[q] as number),
    );
    const sorted = Float64Array.from(order, (i) => room.lengths[i] as number);
    const [normal, right] = [new Float64Array(36), new Float64Array(6)];
    for (const [kind, { length, error }] of this.#pool.kinds.entries())
      for (let i = 0; i < length.length; i++) {
        const x = length[i] as number;
        if (x > reach) continue;
        const sigma = Math.max(leastError, error[i] as number) * factor;
        const ground = sigma * 2.5066 * 2 * Math.PI * x * x * volumeA3;
        this.#add({ x, sigma, ground, weight: weights[kind] as number }, { order, sorted }, normal, right);
      }
    const [aa, bb, cc] = [metric[0] as number, metric[1] as number, metric[2] as number];
    const sizes = [aa, bb, cc, Math.sqrt(bb * cc), Math.sqrt(aa * cc), Math.sqrt(aa * bb)];
    for (const [u, size] of sizes.entries()) {
      const w = 1 / (prior * size) ** 2;
      normal[7 * u] = (normal[7 * u] as number) + w;
      right[u] = (right[u] as number) + w * (metric[u] as number);
    }
    for (let u = 1; u < 6; u++) for (let v = 0; v < u; v++) normal[6 * u + v] = normal[6 * v + u] as number;
    const better = solved(normal, right, 6);
    if (!better?.every(Number.isFinite)) return false;
    metric.set(better);
    return determinantOf(metric) > 0 && better.subarray(0, 3).every((square) => square > 0);
  }

  /** Adds a length to the upper half of the normal equations, once for each node near it. */
  #add(
    { x, sigma, ground, weight: kind }: Length,
    { order, sorted }: Sorted,
    normal: Float64Array,
    right: Float64Array,
  ): void {
    const [room, weight, row] = [this.#room, this.#weight, this.#row];
    const from = firstAbove(sorted, x - 3 * sigma);
    let total = ground;
    let to = from;
    for (; to < sorted.length && (sorted[to] as number) <= x + 3 * sigma; to++) {
      weight[to] = Math.exp(-((((sorted[to] as number) - x) / sigma) ** 2) / 2);
      total += weight[to] as number;
    }
    const indices = room.indices as Int16Array;
    for (let n = from; n < to; n++) {
      const part = ((weight[n] as number) / total) * kind;
      if (part < 1e-3) continue;
      const at = 3 * (order[n] as number);
      const [h, k, l] = [indices[at] as number, indices[at + 1] as number, indices[at + 2] as number];
      row[0] = h * h;
      row[1] = k * k;
      row[2] = l * l;
      row[3] = 2 * k * l;
      row[4] = 2 * h * l;
      row[5] = 2 * h * k;
      const w = part / (4 * x * x * sigma * sigma);
      for (let u = 0; u < 6; u++) {
        const wu = w * (row[u] as number);
        if (wu === 0) continue;
        right[u] = (right[u] as number) + wu * x * x;
        for (let v = u; v < 6; v++) normal[6 * u + v] = (normal[6 * u + v] as number) + wu * (row[v] as number);
      }
    }
  }
}

/** The place of the first number that is not below `least`. */
function firstAbove(sorted: Float64Array, least: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] as number) < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
