/** Checks with two numbers per rank whether ranks send in an `alltoallv` what the others expect. */
import { EwaldError } from '../../util/errors.js';
import { type Agreed, allRows, type Messages } from './agreement.js';

/** A hash of 32 bits for `count` elements from one rank to another; 0 for no elements. */
function mixed(from: number, to: number, count: number): number {
  if (count === 0) return 0;
  let h = 0x9e3779b9;
  for (const value of [from, to, count % 2 ** 32, Math.floor(count / 2 ** 32)]) {
    h = Math.imul(h ^ value, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
    h ^= h >>> 13;
  }
  return h >>> 0;
}

const sum = (numbers: Iterable<number>): number => {
  let all = 0;
  for (const number of numbers) all = (all + number) >>> 0;
  return all;
};

/** Hash sums of the counts sent and expected by this rank; their totals over all ranks agree if every pair agrees. */
export const countSums = (rank: number, sends: readonly number[], receives: readonly number[]): [number, number] => [
  sum(sends.map((count, to) => mixed(rank, to, count))),
  sum(receives.map((count, from) => mixed(from, rank, count))),
];

/**
 * Throws `Shape` on every rank, naming the first pair that disagrees; `tags` are two tags of the call. One in 2³²
 * wrong calls is not detected here, and is then refused when the message arrives.
 */
export async function checkCounts(
  m: Messages,
  tags: readonly [number, number],
  agreed: Agreed,
  sends: readonly number[],
  receives: readonly number[],
): Promise<void> {
  const sums = (column: number) => sum(Array.from({ length: m.size }, (_, r) => agreed.own(r)[column] as number));
  if (sums(0) === sums(1)) return;
  const [sent, expected] = [
    await allRows(m, tags[0], Float64Array.from(sends)),
    await allRows(m, tags[1], Float64Array.from(receives)),
  ];
  for (let from = 0; from < m.size; from++)
    for (let to = 0; to < m.size; to++) {
      const [is, wanted] = [sent[from * m.size + to], expected[to * m.size + from]];
      if (is === wanted) continue;
      const what = `alltoallv: rank ${from} sends ${is} elements to rank ${to}, which expects ${wanted}`;
      throw new EwaldError('Shape', `${what}; both must pass the same count`, { detail: { rank: from } });
    }
}
