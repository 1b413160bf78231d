/** Collective calls built from messages, and sums in a fixed order built from collective calls. */
import type { Messages } from './agreement.js';
import type { CommArray, ReduceOp } from './communicator.js';

/** Counts and offsets, one of each per rank. */
export type Spread = readonly [counts: readonly number[], offsets: readonly number[]];

const part = (bytes: Uint8Array, first: number, count: number): Uint8Array => bytes.subarray(first, first + count);

/** Sends the root's bytes to all ranks along a binomial tree. */
export async function bcast({ rank, size, send, recv }: Messages, tag: number, bytes: Uint8Array, root: number) {
  const me = (rank - root + size) % size;
  let bit = 1;
  while (bit < size && !(me & bit)) bit *= 2;
  if (me !== 0) await recv((me - bit + root) % size, tag, bytes);
  const sent: Promise<void>[] = [];
  for (let down = bit / 2; down >= 1; down /= 2) {
    if (me + down < size) sent.push(send((me + down + root) % size, tag, bytes));
  }
  await Promise.all(sent);
}

/** Sends the bytes of every rank directly to the root. */
export async function gather(m: Messages, tag: number, bytes: Uint8Array, into: Uint8Array | undefined, root: number) {
  if (m.rank !== root || !into) return m.send(root, tag, bytes);
  const n = bytes.byteLength;
  const coming: Promise<void>[] = [];
  for (let r = 0; r < m.size; r++) {
    if (r === root) into.set(bytes, r * n);
    else coming.push(m.recv(r, tag, part(into, r * n, n)));
  }
  await Promise.all(coming);
}

/** Exchanges between all pairs at once; each rank starts with a different peer. Counts and offsets are in bytes. */
export async function alltoallv(
  m: Messages,
  tag: number,
  out: Uint8Array,
  [outCounts, outOffsets]: Spread,
  into: Uint8Array,
  [inCounts, inOffsets]: Spread,
): Promise<void> {
  const { rank, size } = m;
  const at = (list: readonly number[], r: number): number => list[r] ?? 0;
  const moving: Promise<void>[] = [];
  for (let step = 1; step < size; step++) {
    const from = (rank - step + size) % size;
    if (at(inCounts, from) > 0) moving.push(m.recv(from, tag, part(into, at(inOffsets, from), at(inCounts, from))));
  }
  for (let step = 1; step < size; step++) {
    const to = (rank + step) % size;
    if (at(outCounts, to) > 0) moving.push(m.send(to, tag, part(out, at(outOffsets, to), at(outCounts, to))));
  }
  into.set(part(out, at(outOffsets, rank), at(outCounts, rank)), at(inOffsets, rank));
  await Promise.all(moving);
}

type Numbers = { [i: number]: number | bigint; readonly length: number };

function join(op: ReduceOp, into: Numbers, from: Numbers): void {
  const n = into.length;
  // There is one loop per operation, so that each is compiled for the types of arrays that it processes.
  if (op === 'sum') for (let i = 0; i < n; i++) into[i] = ((into[i] as number) + (from[i] as number)) as number;
  else if (op === 'product') for (let i = 0; i < n; i++) into[i] = (into[i] as number) * (from[i] as number);
  else {
    const wins = op === 'min' ? less : greater;
    for (let i = 0; i < n; i++) if (wins(from[i], into[i])) into[i] = from[i] as number;
  }
}

type Operand = number | bigint | undefined;
// A NaN counts as less and as greater than every number, so that it is not lost.
const less = (a: Operand, b: Operand): boolean => (a as number) < (b as number) || Number.isNaN(a);
const greater = (a: Operand, b: Operand): boolean => (a as number) > (b as number) || Number.isNaN(a);

/** The exchange that `allreduce` uses; counts and offsets in elements. */
interface Exchange {
  readonly rank: number;
  readonly size: number;
  alltoallv(send: CommArray, sends: Spread, recv: CommArray, receives: Spread): Promise<void>;
}

/**
 * Each rank combines its share of the elements in the order of ranks, then every rank receives all shares: each element
 * moves twice, and the bits are the same for every kind of communicator.
 */
export async function allreduce(m: Exchange, send: CommArray, recv: CommArray, op: ReduceOp): Promise<void> {
  const { rank, size } = m;
  const cut = Array.from({ length: size + 1 }, (_, r) => Math.floor((send.length * r) / size));
  const offsets = cut.slice(0, size);
  const counts = offsets.map((first, r) => (cut[r + 1] ?? 0) - first);
  const mine = counts[rank] ?? 0;
  const make = send.constructor as new (length: number) => CommArray;
  const parts = new make(size * mine);
  const each = Array.from({ length: size }, () => mine);
  const apart = each.map((_, r) => r * mine);
  const nowhere = each.map(() => 0);
  await m.alltoallv(send, [counts, offsets], parts, [each, apart]);
  const joined = parts.subarray(0, mine);
  for (let r = 1; r < size; r++) join(op, joined as Numbers, parts.subarray(r * mine, (r + 1) * mine) as Numbers);
  await m.alltoallv(joined, [each, nowhere], recv, [counts, offsets]);
}
