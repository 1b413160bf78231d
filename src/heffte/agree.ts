/** Exchanges and compares what the ranks request of a transform. */

import type { Communicator } from '../parallel/communicator/communicator.js';
import { EwaldError } from '../util/errors.js';
import { Box, type Triple } from './box.js';
import { algorithms } from './names.js';
import type { CheckedOptions } from './options.js';
import { r2rKinds } from './parameters.js';
import { checkTiling } from './tiling.js';

/** The request of this rank. */
export interface Request {
  readonly inbox: Box;
  readonly outbox: Box;
  readonly reduced: 0 | 1 | 2 | undefined;
  readonly options: CheckedOptions;
}

/** The values on which all ranks agree. */
export interface Agreement {
  readonly inboxes: readonly Box[];
  readonly outboxes: readonly Box[];
  /** The input of forward; for real transforms the world of real numbers. */
  readonly world: Box;
}

const boxNumbers = 9;
const decompositions = ['auto', 'pencils', 'slabs'];
/** Settings that must be the same on all ranks, as one number each. */
const settings: readonly (readonly [name: string, value: (request: Request) => number])[] = [
  ['the r2c direction', ({ reduced }) => reduced ?? -1],
  ['algorithm', ({ options }) => algorithms.indexOf(options.algorithm)],
  ['decomposition', ({ options }) => decompositions.indexOf(options.decomposition)],
  ['reorder', ({ options }) => Number(options.reorder)],
  [
    'r2r',
    ({ options }) =>
      (options.r2r ?? []).reduce((sum, kind) => 9 * sum + (kind === null ? 0 : r2rKinds.indexOf(kind) + 1), 0),
  ],
  // A hash of the list of ranks.
  ['subranks', ({ options }) => options.computing.reduce((sum, rank) => (31 * sum + rank + 1) % 2 ** 40, 7)],
];
const rowNumbers = 1 + 2 * boxNumbers + settings.length;

const rowFromBox = (box: Box): number[] => [...box.low, ...box.high, ...box.order];
const boxFromRow = (row: ArrayLike<number>): Box => {
  const list = Array.from(row);
  const order = list.slice(6) as [0, 1, 2];
  return new Box(list.slice(0, 3) as unknown as Triple, list.slice(3, 6) as unknown as Triple, order);
};

/**
 * Sends the request of each rank to all others and validates it. A rank whose request was already rejected passes
 * undefined, so that no other rank waits for it. Throws `Argument`, on every rank.
 */
export async function agree(comm: Communicator, request: Request | undefined): Promise<Agreement> {
  const mine = new Float64Array(rowNumbers);
  if (request)
    mine.set([
      1,
      ...rowFromBox(request.inbox),
      ...rowFromBox(request.outbox),
      ...settings.map(([, value]) => value(request)),
    ]);
  const all = new Float64Array(rowNumbers * comm.size);
  await comm.gather(mine, all);
  await comm.bcast(all);
  const rows = Array.from({ length: comm.size }, (_, rank) => all.subarray(rank * rowNumbers, (rank + 1) * rowNumbers));
  const refused = rows.findIndex(([there]) => there !== 1);
  if (refused >= 0)
    throw new EwaldError(
      'Argument',
      `fft3d: rank ${refused} could not create its part of the plan; see the error of that rank`,
      {
        detail: { rank: refused },
      },
    );
  settings.forEach(([name], i) => {
    const at = 1 + 2 * boxNumbers + i;
    const other = rows.findIndex((row) => row[at] !== rows[0]?.[at]);
    if (other > 0)
      throw new EwaldError(
        'Argument',
        `fft3d: ranks 0 and ${other} were given different values of ${name}; all ranks must pass the same`,
      );
  });
  const inboxes = rows.map((row) => boxFromRow(row.subarray(1, 1 + boxNumbers)));
  const outboxes = rows.map((row) => boxFromRow(row.subarray(1 + boxNumbers, 1 + 2 * boxNumbers)));
  const world = checkTiling('fft3d: inboxes', inboxes);
  const outWorld = checkTiling('fft3d: outboxes', outboxes);
  const reduced = request?.reduced;
  const expected = reduced === undefined ? world : world.r2c(reduced);
  if (!outWorld.sameAs(expected)) {
    const how = reduced === undefined ? '' : `, of which a real transform along axis ${reduced} keeps ${expected}`;
    throw new EwaldError(
      'Argument',
      `fft3d: the inboxes hold ${world}${how}, but the outboxes hold ${outWorld}; both must belong to the same world`,
    );
  }
  return { inboxes, outboxes, world };
}
