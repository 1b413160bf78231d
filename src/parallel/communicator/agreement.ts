/**
 * Collective calls are compared before they are carried out: each rank describes its call in one row, and every rank
 * receives all rows, so that all of them refuse a wrong call with the same message. This takes ⌈log₂ size⌉ rounds of
 * small messages.
 */
import { EwaldError } from '../../util/errors.js';
import { sentBytes } from './checks.js';
import { type CommArray, reduceOps } from './communicator.js';
import { elementKind, kindName } from './kinds.js';

/** Messages between the ranks of one communicator, independent of the transport. */
export interface Messages {
  readonly rank: number;
  readonly size: number;
  send(to: number, tag: number, bytes: Uint8Array): Promise<void>;
  recv(from: number, tag: number, into: Uint8Array): Promise<void>;
}

const names = ['barrier', 'bcast', 'gather', 'alltoallv', 'allreduce', 'split', 'share', 'transform'] as const;
type CallName = (typeof names)[number];

/** What must be the same on every rank. */
export interface Call {
  readonly name: CallName;
  readonly data?: CommArray;
  /** Number of elements, or bytes; default: the length of `data`. */
  readonly length?: number;
  readonly root?: number;
  readonly op?: number;
}

const columns = 5;
/** Additional numbers of a call, which may differ from rank to rank. */
export const maxOwn = 6;
const width = columns + maxOwn;

/** What all ranks were called with: `own(rank)` are the numbers that a rank added. */
export interface Agreed {
  own(rank: number): Float64Array;
}

/**
 * Gives every rank the rows of all ranks, in order: Bruck's algorithm, in which the number of known rows doubles in
 * each round.
 */
export async function allRows({ rank, size, send, recv }: Messages, tag: number, row: Float64Array) {
  const n = row.length;
  // Row i belongs to the i-th rank after this one.
  const rows = new Float64Array(n * size);
  rows.set(row);
  for (let have = 1; have < size; have *= 2) {
    const more = Math.min(have, size - have);
    await Promise.all([
      send((rank - have + size) % size, tag, sentBytes(rows.subarray(0, n * more))),
      recv((rank + have) % size, tag, sentBytes(rows.subarray(n * have, n * (have + more)))),
    ]);
  }
  const ordered = new Float64Array(n * size);
  ordered.set(rows.subarray(n * (size - rank)), 0);
  ordered.set(rows.subarray(0, n * (size - rank)), n * rank);
  return ordered;
}

/** Compares a call with those of the other ranks. Throws `Argument` or `Shape` on all of them, naming what differs. */
export async function agree(m: Messages, tag: number, call: Call, own: ArrayLike<number> = []): Promise<Agreed> {
  const row = new Float64Array(width);
  const { name, data, length = data?.length ?? 0, root = 0, op = 0 } = call;
  row.set([names.indexOf(name), data ? elementKind(data) : 0, length, root, op]);
  row.set(own, columns);
  const table = m.size === 1 ? row : await allRows(m, tag, row);
  const rows = Array.from({ length: m.size }, (_, rank) => table.subarray(rank * width, (rank + 1) * width));
  const [first] = rows;
  for (const [rank, other] of rows.entries())
    for (let column = 0; first && column < columns; column++)
      if (other[column] !== first[column]) throw difference(first, rank, other, column);
  return { own: (rank) => (rows[rank] as Float64Array).subarray(columns) };
}

function difference(first: Float64Array, rank: number, other: Float64Array, column: number): EwaldError {
  const nameOf = (row: Float64Array): string => names[row[0] as number] ?? 'something else';
  const name = nameOf(first);
  const value = (row: Float64Array): number => row[column] as number;
  const differ = (of: (row: Float64Array) => string): string => `rank 0 ${of(first)} and rank ${rank} ${of(other)}`;
  const detail = { rank };
  if (column === 0) {
    const rule = 'all ranks of a communicator make the same collective calls in the same order';
    return new EwaldError('Argument', `${differ((row) => `called ${nameOf(row)}`)}; ${rule}`, { detail });
  }
  if (column <= 2) {
    const elements = ({ 2: n }: Float64Array): string => (n === 1 ? '1 element' : `${n} elements`);
    const kind = (row: Float64Array): string => kindName(row[1] as number);
    const [what, needed] =
      name === 'share'
        ? [(row: Float64Array) => `asked for ${row[2]} bytes`, 'number']
        : name === 'alltoallv'
          ? [(row: Float64Array) => `has ${kind(row)}`, 'type']
          : [(row: Float64Array) => `has ${kind(row)} of ${elements(row)}`, 'type and length'];
    return new EwaldError('Shape', `${name}: ${differ(what)}; all ranks need the same ${needed}`, { detail });
  }
  const what = (row: Float64Array): string =>
    column === 3 ? `gave root ${value(row)}` : `gave op "${reduceOps[value(row)] ?? value(row)}"`;
  const needed = column === 3 ? 'root' : 'op';
  return new EwaldError('Argument', `${name}: ${differ(what)}; all ranks need the same ${needed}`, { detail });
}
