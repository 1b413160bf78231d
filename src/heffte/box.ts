/** Boxes of indexes: the part of the world that a rank holds, and its order in memory. */
import { expects, expectsMembers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';

/** Three numbers, for the axes x, y, z. */
export type Triple = readonly [number, number, number];
export type Axis = 0 | 1 | 2;
export const axesOfWorld: readonly Axis[] = [0, 1, 2];

/** Computes a value for each axis. */
export const each = <T>(value: (axis: Axis) => T): [T, T, T] => [value(0), value(1), value(2)];

/** The indexes from `low` to `high` (inclusive); the box is empty if a high is below its low. */
export class Box {
  readonly low: Triple;
  readonly high: Triple;
  /** Axes from the fastest in memory to the slowest. */
  readonly order: readonly [Axis, Axis, Axis];
  /** Lengths along x, y, z; 0 throughout when the box is empty. */
  readonly size: Triple;

  /** Throws `Argument` unless the numbers are integers below 2³¹ and the order names each axis once, `Limit`. */
  constructor(low: ArrayLike<number>, high: ArrayLike<number>, order: ArrayLike<number> = axesOfWorld) {
    const [from, to] = [corner('low', low), corner('high', high)];
    this.low = from;
    this.high = to;
    this.order = orderOf(order ?? axesOfWorld);
    const lengths = each((axis) => to[axis] - from[axis] + 1);
    this.size = Object.freeze(lengths.some((n) => n <= 0) ? ([0, 0, 0] as const) : lengths);
    if (!Number.isSafeInteger(this.count)) throw new EwaldError('Limit', `the box ${this} has more than 2⁵³ indexes`);
    Object.freeze(this);
  }

  /** Number of indexes. */
  get count(): number {
    return this.size[0] * this.size[1] * this.size[2];
  }

  get empty(): boolean {
    return this.size[0] === 0;
  }

  /** Length along the i-th axis of memory, 0 the fastest. */
  osize(i: Axis): number {
    return this.size[this.order[i]];
  }

  /** Distance in elements between consecutive indexes along x, y, z. */
  get strides(): Triple {
    const strides: [number, number, number] = [0, 0, 0];
    let stride = 1;
    for (const axis of this.order) {
      strides[axis] = stride;
      stride *= this.size[axis];
    }
    return strides;
  }

  /** Whether an index, or every index of another box, is inside. */
  contains(what: Triple | Box): boolean {
    if (what instanceof Box)
      return (
        what.empty ||
        axesOfWorld.every((axis) => this.low[axis] <= what.low[axis] && what.high[axis] <= this.high[axis])
      );
    return axesOfWorld.every((axis) => this.low[axis] <= what[axis] && what[axis] <= this.high[axis]);
  }

  /** The indexes that are in both boxes, in the order of this one. */
  collide(other: Box): Box {
    if (this.empty || other.empty) return emptyBox(this.order);
    const low = each((axis) => Math.max(this.low[axis], other.low[axis]));
    const high = each((axis) => Math.min(this.high[axis], other.high[axis]));
    return new Box(low, high, this.order);
  }

  /** The box of the size / 2 + 1 numbers that a real transform along `axis` keeps. */
  r2c(axis: Axis): Box {
    if (this.empty) return this;
    const high = each((a) => (a === axis ? this.low[a] + Math.floor(this.size[a] / 2) : this.high[a]));
    return new Box(this.low, high, this.order);
  }

  /** Whether an axis has length 1. */
  is2d(): boolean {
    return this.size.includes(1);
  }

  /** Whether both boxes contain the same indexes; their order is ignored. */
  sameAs(other: Box): boolean {
    if (this.empty || other.empty) return this.empty && other.empty;
    return axesOfWorld.every((axis) => this.low[axis] === other.low[axis] && this.high[axis] === other.high[axis]);
  }

  orderedSameAs(other: Box): boolean {
    return this.order.every((axis, i) => axis === other.order[i]);
  }

  /** The same indexes in another order of memory. */
  ordered(order: readonly [Axis, Axis, Axis]): Box {
    return new Box(this.low, this.high, order);
  }

  toString(): string {
    return this.empty ? '(empty)' : `(${this.low.join(', ')}) to (${this.high.join(', ')})`;
  }
}

/** An empty box. */
export const emptyBox = (order?: readonly [Axis, Axis, Axis]): Box => new Box([0, 0, 0], [-1, -1, -1], order);

const most = 2 ** 31 - 1;

const isIndex = (n: number): boolean => Number.isInteger(n) && Math.abs(n) <= most;

/** Three integers; two describe a two-dimensional box. */
function corner(what: string, given: ArrayLike<number>): Triple {
  const length = given?.length;
  const [x, y, z] = [Number(given?.[0]), Number(given?.[1]), length === 2 ? 0 : Number(given?.[2])];
  if ((length === 2 || length === 3) && isIndex(x) && isIndex(y) && isIndex(z))
    return Object.freeze([x, y, z] as const);
  const list = Array.from(given ?? [], Number).join(', ');
  throw new EwaldError('Argument', `the ${what} of a box is [${list}]; expected three integers, of x, y, z`);
}

/** The axes from the fastest to the slowest. */
function orderOf(given: ArrayLike<number>): readonly [Axis, Axis, Axis] {
  const [a, b, c] = [Number(given[0]), Number(given[1]), Number(given[2])] as [Axis, Axis, Axis];
  const isOrder = given.length === 3 && axesOfWorld.every((axis) => axis === a || axis === b || axis === c);
  if (isOrder) return Object.freeze([a, b, c] as const);
  throw new EwaldError(
    'Argument',
    `the order of a box is [${Array.from(given, Number).join(', ')}]; expected the axes 0, 1 and 2 once each, the fastest first`,
  );
}

export interface MakeBox {
  (low: ArrayLike<number>, high: ArrayLike<number>, order?: ArrayLike<number>): Box;
  new (low: ArrayLike<number>, high: ArrayLike<number>, order?: ArrayLike<number>): Box;
}
/**
 * The box from `low` to `high` (inclusive); `[0, 0, 0], [-1, -1, -1]` is empty. Two numbers make a two-dimensional box.
 * It can be called with or without `new`.
 *
 * @param order Axes from the fastest in memory to the slowest, default [0, 1, 2].
 * Throws `Argument` unless the numbers are integers below 2³¹ and the order names each axis once.
 */
// biome-ignore lint/complexity/useArrowFunction: an arrow function cannot be called with new
export const box3d = function (low: ArrayLike<number>, high: ArrayLike<number>, order?: ArrayLike<number>): Box {
  return new Box(low, high, order);
} as MakeBox;

/** Throws `Argument` unless `value` is a box. */
export const expectsBox = (what: string, value: unknown): void =>
  expectsMembers(what, value, ['low', 'high', 'size', 'order'], 'a box, box3d([x, y, z], [x, y, z])');

/** Throws `Argument` unless `value` is a list of boxes. */
export function expectsBoxes(what: string, value: unknown): void {
  expects(Array.isArray(value), what, value, 'a list of boxes');
  for (const [i, box] of (value as unknown[]).entries()) expectsBox(`${what} [${i}]`, box);
}
