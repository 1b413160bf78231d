/**
 * The stages of a distributed transform: which axes are transformed when, and how the data is distributed in between.
 *
 * Every rank computes the same plan from the boxes of all ranks. Axes that are whole on every rank are transformed
 * immediately; for the others the world is redistributed. Of all such sequences the one that moves and computes least
 * is chosen.
 */
import { type Axis, axesOfWorld, type Box, emptyBox } from './box.js';
import { findWorld, getFactors, makePencils, makeSlabs } from './geometry.js';

/** Transforms some axes of the data of each rank. */
interface FftStage {
  readonly what: 'fft';
  readonly axes: readonly Axis[];
  /** One box per rank, before and after; they differ if an axis is halved, or in order. */
  readonly from: readonly Box[];
  readonly to: readonly Box[];
}

/** Redistributes the world. */
interface ReshapeStage {
  readonly what: 'reshape';
  readonly from: readonly Box[];
  readonly to: readonly Box[];
  /** Whether elements are still real numbers. */
  readonly real: boolean;
}

export type Stage = FftStage | ReshapeStage;

export type Decomposition = 'auto' | 'pencils' | 'slabs';

interface StageWish {
  readonly inboxes: readonly Box[];
  readonly outboxes: readonly Box[];
  /** Axes that are transformed. */
  readonly axes: readonly Axis[];
  /** The axis that a real transform halves. */
  readonly reduced: Axis | undefined;
  readonly decomposition: Decomposition;
  /** Whether each transformed axis becomes the fastest in memory. */
  readonly reorder: boolean;
  /** Ranks that compute. */
  readonly computing: readonly number[];
}

/** Up to this number of ranks, boxes are assigned to the ranks that already hold most of them; beyond it, by index. */
const maxMatched = 64;
/** Number of pencil grids tried along an axis. */
const maxGrids = 4;
/**
 * The fixed cost of a redistribution, in elements: of two plans that move equally many, the one with fewer stages wins.
 */
const stageCost = 1000;

interface StagePlan {
  readonly stages: readonly Stage[];
  readonly cost: number;
}

/** Plans the stages of forward; backward runs them in reverse order. */
export function planStages(wish: StageWish): readonly Stage[] {
  const stagePlan = search(wish, wish.inboxes, new Set(wish.axes), Number.POSITIVE_INFINITY);
  // A plan always exists, since slabs of one axis and pencils of any axis are possible.
  return (stagePlan as StagePlan).stages;
}

/** The best continuation from these boxes, if there is one cheaper than `limit`. */
function search(
  wish: StageWish,
  boxes: readonly Box[],
  remaining: ReadonlySet<Axis>,
  limit: number,
): StagePlan | undefined {
  const { outboxes, reduced } = wish;
  const stages: Stage[] = [];
  let cost = 0;
  let now = boxes;
  const left = new Set(remaining);
  const ready = readyAxes(wish, now, left);
  if (ready.length > 0) {
    const halves = reduced !== undefined && ready.includes(reduced);
    let after = halves ? now.map((box) => box.r2c(reduced)) : now;
    for (const axis of ready) left.delete(axis);
    // The outboxes may have another order, in which the last transform can write.
    if (left.size === 0 && alike(after, outboxes)) after = outboxes;
    stages.push({ what: 'fft', axes: ready, from: now, to: after });
    cost += ready.length * largest(now);
    now = after;
  }
  if (cost >= limit) return undefined;
  if (left.size === 0) {
    if (now === outboxes || identical(now, outboxes)) return { stages, cost };
    cost += moved(now, outboxes) + stageCost;
    return cost < limit
      ? { stages: [...stages, { what: 'reshape', from: now, to: outboxes, real: false }], cost }
      : undefined;
  }
  const real = reduced !== undefined && left.has(reduced);
  let best: StagePlan | undefined;
  let bound = limit;
  const ranked = candidates(wish, now, left)
    .map((to) => ({ to, step: moved(now, to) + stageCost }))
    .sort((a, b) => a.step - b.step);
  for (const { to, step } of ranked) {
    if (cost + step >= bound) break;
    const rest = search(wish, to, left, bound - cost - step);
    if (!rest) continue;
    bound = cost + step + rest.cost;
    best = { stages: [...stages, { what: 'reshape', from: now, to, real }, ...rest.stages], cost: bound };
  }
  return best;
}

/** Axes that can be transformed without a redistribution; the halved axis has to be among the first. */
function readyAxes({ reduced, computing }: StageWish, boxes: readonly Box[], left: ReadonlySet<Axis>): Axis[] {
  if (computing.length < boxes.length && !boxes.every((box, rank) => box.empty || computing.includes(rank))) return [];
  const world = findWorld(boxes);
  const whole = axesOfWorld.filter(
    (axis) => left.has(axis) && boxes.every((box) => box.empty || box.size[axis] === world.size[axis]),
  );
  return reduced === undefined || !left.has(reduced) || whole.includes(reduced) ? whole : [];
}

/** Redistributions of the world after which an axis can be transformed. */
function candidates(wish: StageWish, boxes: readonly Box[], left: ReadonlySet<Axis>): (readonly Box[])[] {
  const { outboxes, reduced, decomposition, computing } = wish;
  const world = findWorld(boxes).ordered(boxes[0]?.order ?? [0, 1, 2]);
  const real = reduced !== undefined && left.has(reduced);
  const found: (readonly Box[])[] = [];
  const place = (made: readonly Box[], axis: Axis): void => {
    const ordered = wish.reorder ? made.map((box) => box.ordered(fastest(axis, world))) : made;
    found.push(assign(ordered, boxes, computing));
  };
  if (!real && readyAxes(wish, outboxes, left).length > 0) found.push(outboxes);
  const n = computing.length;
  const first = real ? [reduced] : [...left];
  for (const axis of first) {
    if (decomposition === 'slabs') continue;
    const [first, second] = axesOfWorld.filter((a) => a !== axis) as [Axis, Axis];
    // The most even grids, since the slowest rank determines the time.
    const grids = getFactors(n)
      .map((grid) => ({
        grid,
        most: Math.ceil(world.size[first] / grid[0]) * Math.ceil(world.size[second] / grid[1]),
        skew: Math.abs(Math.log(grid[0] / grid[1])),
      }))
      .sort((a, b) => a.most - b.most || a.skew - b.skew);
    const even = grids[0]?.most ?? 0;
    for (const { grid, most } of grids.slice(0, maxGrids))
      if (most <= 1.25 * even) place(makePencils(world, grid, axis), axis);
  }
  for (const divided of axesOfWorld) {
    const whole = first.filter((axis) => axis !== divided);
    const fits = decomposition === 'slabs' || (decomposition === 'auto' && world.size[divided] >= n);
    if (fits && whole[0] !== undefined && world.size[divided] > 1) place(makeSlabs(world, n, divided), whole[0]);
  }
  // A world that cannot be divided is given to one rank.
  if (found.length === 0) place([world, ...Array(n - 1).fill(emptyBox(world.order))], first[0] as Axis);
  return found;
}

const fastest = (axis: Axis, { order }: Box) => [axis, ...order.filter((a) => a !== axis)] as [Axis, Axis, Axis];

/** Assigns each box to a computing rank, preferring the rank that already holds most of it. */
function assign(made: readonly Box[], boxes: readonly Box[], computing: readonly number[]): readonly Box[] {
  const out: Box[] = boxes.map(({ order }) => emptyBox(made[0]?.order ?? order));
  if (computing.length > maxMatched) {
    computing.forEach((rank, i) => {
      out[rank] = made[i] as Box;
    });
    return out;
  }
  const pairs = computing.flatMap((rank) =>
    made.map((box, i) => ({ rank, i, common: common(boxes[rank] as Box, box) })),
  );
  pairs.sort((a, b) => b.common - a.common || a.i - b.i || a.rank - b.rank);
  const [given, taken] = [new Set<number>(), new Set<number>()];
  for (const { rank, i } of pairs) {
    if (given.has(rank) || taken.has(i)) continue;
    given.add(rank);
    taken.add(i);
    out[rank] = made[i] as Box;
  }
  return out;
}

/** Number of indexes that are in both boxes. */
export function common(a: Box, b: Box): number {
  let count = 1;
  for (let axis = 0; axis < 3; axis++) {
    const high = Math.min(a.high[axis] as number, b.high[axis] as number);
    const n = high - Math.max(a.low[axis] as number, b.low[axis] as number) + 1;
    if (n <= 0) return 0;
    count *= n;
  }
  return a.empty || b.empty ? 0 : count;
}

const largest = (boxes: readonly Box[]): number => boxes.reduce((most, box) => Math.max(most, box.count), 0);

/** Number of elements that the busiest rank sends or receives. */
function moved(from: readonly Box[], to: readonly Box[]): number {
  let most = 0;
  for (let rank = 0; rank < from.length; rank++) {
    const [a, b] = [from[rank] as Box, to[rank] as Box];
    most = Math.max(most, Math.max(a.count, b.count) - common(a, b));
  }
  return most;
}

const alike = (a: readonly Box[], b: readonly Box[]): boolean => a.every((box, rank) => box.sameAs(b[rank] as Box));
const identical = (a: readonly Box[], b: readonly Box[]): boolean =>
  alike(a, b) && a.every((box, rank) => box.empty || box.orderedSameAs(b[rank] as Box));
