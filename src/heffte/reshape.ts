/** The messages that one rank sends and receives when the world is redistributed. */
import { type Axis, axesOfWorld, type Box } from './box.js';
import { isRow, joinAxes, type StridedBlock } from './copy.js';

/** A message to or from one rank. Its elements have the memory order of the receiving box, without gaps. */
export interface RankMessage {
  readonly peer: number;
  /** Elements. */
  readonly count: number;
  /** The offset of the message among all messages of this side, in elements. */
  readonly offset: number;
  /** The copy between this rank's array and a message that begins at 0. */
  readonly block: StridedBlock;
}

/** This rank's part of a redistribution, in one direction. */
export interface Traffic {
  readonly sends: readonly RankMessage[];
  readonly receives: readonly RankMessage[];
  /** The elements that stay on this rank, copied from array to array. */
  readonly own: StridedBlock | undefined;
  /** Number of elements of all messages of a side. */
  readonly sent: number;
  readonly received: number;
  /** Whether messages are rows of the array itself, so that nothing has to be packed or unpacked. */
  readonly sendsRows: boolean;
  readonly receivesRows: boolean;
}

const inOrder = <T>(order: readonly Axis[], of: (axis: Axis) => T): [T, T, T] => [
  of(order[0] as Axis),
  of(order[1] as Axis),
  of(order[2] as Axis),
];

/** The offset of `part` inside `box`. */
const beginning = (part: Box, box: Box): number =>
  axesOfWorld.reduce<number>((sum, axis) => sum + (part.low[axis] - box.low[axis]) * box.strides[axis], 0);

/** The messages of rank `me` from its box in `from` to the boxes in `to`, and from all boxes to its own. */
export function traffic(from: readonly Box[], to: readonly Box[], me: number): Traffic {
  const [mine, wanted] = [from[me] as Box, to[me] as Box];
  const sends: RankMessage[] = [];
  const receives: RankMessage[] = [];
  let own: StridedBlock | undefined;
  let [sent, received] = [0, 0];
  // Starts with the next rank, so that not all ranks send to the same one first.
  for (let step = 0; step < from.length; step++) {
    const peer = (me + step) % from.length;
    const theirs = to[peer] as Box;
    const out = mine.collide(theirs);
    if (!out.empty) {
      const order = theirs.order;
      const compact = out.ordered(order).strides;
      const sizes = inOrder(order, (axis) => out.size[axis]);
      const fromStrides = inOrder(order, (axis) => mine.strides[axis]);
      if (peer === me) {
        const toStrides = inOrder(order, (axis) => theirs.strides[axis]);
        own = joinAxes({ sizes, from: beginning(out, mine), fromStrides, to: beginning(out, theirs), toStrides });
      } else {
        const toStrides = inOrder(order, (axis) => compact[axis]);
        const block = joinAxes({ sizes, from: beginning(out, mine), fromStrides, to: 0, toStrides });
        sends.push({ peer, count: out.count, offset: sent, block });
        sent += out.count;
      }
    }
    const source = (me - step + from.length) % from.length;
    const arriving = wanted.collide(from[source] as Box);
    if (!arriving.empty && source !== me) {
      const order = wanted.order;
      const compact = arriving.strides;
      const block = joinAxes({
        sizes: inOrder(order, (axis) => arriving.size[axis]),
        from: 0,
        fromStrides: inOrder(order, (axis) => compact[axis]),
        to: beginning(arriving, wanted),
        toStrides: inOrder(order, (axis) => wanted.strides[axis]),
      });
      receives.push({ peer: source, count: arriving.count, offset: received, block });
      received += arriving.count;
    }
  }
  const rows = (parts: readonly RankMessage[]): boolean => parts.every(({ block }) => isRow(block));
  return { sends, receives, own, sent, received, sendsRows: rows(sends), receivesRows: rows(receives) };
}
