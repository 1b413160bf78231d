/** Exchanges numbers between all ranks, for rooms that compare more than a call of the communicator. */
import type { Communicator } from './communicator.js';
import { agreedRows, type Ranks } from './ranks.js';

/** Collective: gives each rank the rows of all, in the order of ranks; a row is at most `maxOwn` numbers. */
export async function rowsOfAll(comm: Communicator, row: readonly number[]): Promise<ArrayLike<number>[]> {
  const agreeing = (comm as unknown as Partial<Ranks>)[agreedRows];
  if (agreeing) return agreeing.call(comm as unknown as Ranks, row);
  // The communicator is not one of ewald's.
  const n = row.length;
  const all = new Float64Array(n * comm.size);
  await comm.gather(Float64Array.from(row), all);
  await comm.bcast(all);
  return Array.from({ length: comm.size }, (_, rank) => all.subarray(rank * n, (rank + 1) * n));
}
