/** Collective calls made of messages, and sums in a fixed order made of collective calls. */
import { EwaldError } from '../errors.js';
import { choice } from '../options.js';
import { checkAlike, checkLength } from './checks.js';
import { type CommArray, type CommunicatorMethods, type ReduceOp, reduceOps } from './communicator.js';

/** Messages between the ranks of one communicator, whatever carries them. */
export interface Messages {
  readonly rank: number;
  readonly size: number;
  send(to: number, tag: number, bytes: Uint8Array): Promise<void>;
  recv(from: number, tag: number, into: Uint8Array): Promise<void>;
}

const nothing = new Uint8Array(0);
const part = (bytes: Uint8Array, first: number, count: number): Uint8Array => bytes.subarray(first, first + count);

/** Every rank hears, at distances 1, 2, 4 …, of all the others: ⌈log₂ size⌉ rounds. */
export async function barrier({ rank, size, send, recv }: Messages, tag: number): Promise<void> {
  for (let distance = 1; distance < size; distance *= 2) {
    const to = (rank + distance) % size;
    const from = (rank - distance + size) % size;
    await Promise.all([send(to, tag, nothing), recv(from, tag, new Uint8Array(0))]);
  }
}

/** From the root along a binomial tree. */
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

/** Everybody's bytes to the root, straight. */
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

/** All pairs at once, each rank beginning with another one. Counts and offsets in bytes. */
export async function alltoallv(
  m: Messages,
  tag: number,
  out: Uint8Array,
  [outCounts, outOffsets]: readonly [readonly number[], readonly number[]],
  into: Uint8Array,
  [inCounts, inOffsets]: readonly [readonly number[], readonly number[]],
): Promise<void> {
  const { rank, size } = m;
  const at = (list: readonly number[], r: number): number => list[r] ?? 0;
  if (at(outCounts, rank) !== at(inCounts, rank)) {
    const found = `${at(outCounts, rank)} bytes to itself and expects ${at(inCounts, rank)}`;
    throw new EwaldError('Shape', `alltoallv: rank ${rank} sends ${found}`);
  }
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
  // One loop an operation: they are compiled for the kind of array they meet.
  if (op === 'sum') for (let i = 0; i < n; i++) into[i] = ((into[i] as number) + (from[i] as number)) as number;
  else if (op === 'product') for (let i = 0; i < n; i++) into[i] = (into[i] as number) * (from[i] as number);
  else {
    const wins = op === 'min' ? less : greater;
    for (let i = 0; i < n; i++) if (wins(from[i], into[i])) into[i] = from[i] as number;
  }
}

type Operand = number | bigint | undefined;
// A NaN is less and greater than everything: it must not get lost.
const less = (a: Operand, b: Operand): boolean => (a as number) < (b as number) || Number.isNaN(a);
const greater = (a: Operand, b: Operand): boolean => (a as number) > (b as number) || Number.isNaN(a);

/**
 * Each rank joins its share of the elements in the order of ranks, then everybody gets all shares: each element moves
 * twice, and the bits are the same for every kind of communicator.
 */
export async function allreduce(comm: CommunicatorMethods, send: CommArray, recv: CommArray, given?: ReduceOp) {
  checkAlike('allreduce', send, recv);
  checkLength('allreduce: recv', recv, send.length);
  const op = choice('allreduce: op', given, 'sum', reduceOps);
  const { rank, size } = comm;
  const cut = Array.from({ length: size + 1 }, (_, r) => Math.floor((send.length * r) / size));
  const offsets = cut.slice(0, size);
  const counts = offsets.map((first, r) => (cut[r + 1] ?? 0) - first);
  const mine = counts[rank] ?? 0;
  const make = send.constructor as new (length: number) => CommArray;
  const parts = new make(size * mine);
  await comm.alltoallv(send, { counts, offsets }, parts, { counts: Array(size).fill(mine) });
  const joined = parts.subarray(0, mine);
  for (let r = 1; r < size; r++) join(op, joined as Numbers, parts.subarray(r * mine, (r + 1) * mine) as Numbers);
  await comm.alltoallv(joined, { counts: Array(size).fill(mine), offsets: Array(size).fill(0) }, recv, {
    counts,
    offsets,
  });
}
