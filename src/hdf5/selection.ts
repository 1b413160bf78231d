/** Selections of virtual datasets: the selected indices of each axis, in order. */
import { EwaldError } from '../util/errors.js';
import type { Fields } from './fields.js';

/** Indices of one axis: `count` blocks of `block` indices, one every `stride`. Infinity: unlimited. */
export interface AxisSelection {
  readonly start: number;
  readonly stride: number;
  readonly count: number;
  readonly block: number;
}

/** A selection; 'all' is the whole array. */
export type Selection = 'all' | 'none' | readonly AxisSelection[];

/** Reads a selection as stored in virtual datasets. */
export function readSelection(fields: Fields): Selection {
  const kind = fields.u32();
  if (kind === 3 || kind === 0) {
    fields.skip(12);
    return kind === 3 ? 'all' : 'none';
  }
  if (kind !== 2) throw fields.wrong(`selections of type ${kind} are not supported`);
  const version = fields.u32();
  if (version === 1) {
    fields.skip(8);
    const rank = fields.u32();
    return blocks(fields, rank, fields.u32(), 4);
  }
  if (version !== 2 && version !== 3) throw fields.wrong(`version ${version} of a selection is not supported`);
  const flags = fields.u8();
  let bytes = 8;
  if (version === 2) fields.skip(4);
  else bytes = fields.u8();
  const rank = fields.u32();
  if (rank > 32 || ![2, 4, 8].includes(bytes)) throw fields.wrong('a selection is inconsistent');
  if (!(flags & 1)) return blocks(fields, rank, fields.uint(bytes), bytes);
  return Array.from({ length: rank }, () => {
    const [start, stride, count, block] = [
      fields.uint(bytes),
      fields.uint(bytes),
      fields.limit(bytes),
      fields.limit(bytes),
    ];
    // With a single block the stride is irrelevant; files store 1.
    if (count > 1 && stride < block) throw fields.wrong('blocks of a selection overlap');
    return { start, stride: Math.max(stride, block === Infinity ? 1 : block), count, block };
  });
}

/** A list of boxes, which must be equal and equally far apart along one axis: older files have no other form for those. */
function blocks(fields: Fields, rank: number, count: number, bytes: number): Selection {
  if (count === 0) return 'none';
  if (2 * rank * bytes * count > fields.left) throw fields.wrong(`${count} boxes do not fit in ${fields.left} bytes`);
  const box = (): AxisSelection[] => {
    const start = Array.from({ length: rank }, () => fields.uint(bytes));
    return start.map((from) => {
      const to = fields.uint(bytes);
      if (to < from) throw fields.wrong('a box ends before it starts');
      return { start: from, stride: to - from + 1, count: 1, block: to - from + 1 };
    });
  };
  const first = box();
  if (count === 1) return first;
  const others = Array.from({ length: count - 1 }, box);
  const moving = first.findIndex(({ start }, axis) => others[0]?.[axis]?.start !== start);
  const stride = (others[0]?.[moving]?.start ?? 0) - (first[moving]?.start ?? 0);
  const isRegular = others.every((other, i) =>
    other.every(({ start, block }, axis) => {
      const own = first[axis] as AxisSelection;
      return block === own.block && start === own.start + (axis === moving ? (i + 1) * stride : 0);
    }),
  );
  if (!isRegular || stride < (first[moving]?.block ?? 0))
    throw new EwaldError('Unsupported', `${fields.what}: a selection of ${count} unlike boxes is not supported`);
  return first.map((axis, i) => (i === moving ? { ...axis, stride, count } : axis));
}

/** Number of indices selected along an axis. */
export const selected = ({ count, block }: AxisSelection): number => count * block;

/** The index at position i of an axis. */
export const indexAt = ({ start, stride, block }: AxisSelection, i: number): number =>
  start + Math.floor(i / block) * stride + (i % block);

/** Positions whose index is in from … to − 1, as one run from the first to the last, since indices ascend. */
export function positionsIn(axis: AxisSelection, from: number, to: number): { first: number; end: number } {
  // The first position whose index is at least `value`.
  const at = (value: number): number => {
    if (value <= axis.start) return 0;
    const blockIndex = Math.floor((value - axis.start) / axis.stride);
    const within = value - axis.start - blockIndex * axis.stride;
    return Math.min(selected(axis), blockIndex * axis.block + Math.min(within, axis.block));
  };
  return { first: at(from), end: at(to) };
}
