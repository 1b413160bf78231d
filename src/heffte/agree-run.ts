/** Compares the requests of all ranks for one run of a transform, before anything is computed. */

import type { FftPrecision } from '../fft/options.js';
import type { Communicator } from '../parallel/communicator/communicator.js';
import { rowsOfAll } from '../parallel/communicator/rows.js';
import { EwaldError } from '../util/errors.js';
import { type HeffteScale, scales } from './names.js';
import type { SharedBarrier } from './shared-barrier.js';

/** The parameters of a run. */
export interface RunRequest {
  readonly direction: 'forward' | 'backward';
  readonly precision: FftPrecision;
  readonly batch: number;
  readonly scale: HeffteScale;
}

const directions = ['forward', 'backward'] as const;
const precisions = ['f32', 'f64'] as const;
const settings: readonly {
  readonly name: string;
  number(request: RunRequest): number;
  word(number: number): string;
}[] = [
  {
    name: 'direction',
    number: ({ direction }) => directions.indexOf(direction),
    word: (n) => directions[n] ?? String(n),
  },
  {
    name: 'precision',
    number: ({ precision }) => precisions.indexOf(precision),
    word: (n) => precisions[n] ?? String(n),
  },
  { name: 'batch', number: ({ batch }) => batch, word: String },
  { name: 'scale', number: ({ scale }) => scales.indexOf(scale), word: (n) => scales[n] ?? String(n) },
];

/**
 * Throws `Argument` on every rank if the requests differ, naming the difference, or if a rank cannot start: that rank
 * passes undefined, and its own error states the reason. It is a barrier: no rank returns before all have called it.
 */
export async function agreeOnRun(
  comm: Communicator,
  request: RunRequest | undefined,
  barrier: SharedBarrier | undefined,
): Promise<void> {
  const mine = request ? [1, ...settings.map(({ number }) => number(request))] : [0];
  const rows: readonly ArrayLike<number>[] = await (barrier ? barrier.arrive(mine) : rowsOfAll(comm, mine));
  const unable = rows.findIndex((row) => row[0] !== 1);
  if (unable >= 0)
    throw new EwaldError('Argument', `heffte: rank ${unable} could not start this run; see the error of that rank`, {
      detail: { rank: unable },
    });
  settings.forEach(({ name, word }, i) => {
    const [first, ...others] = rows.map((row) => row[i + 1] as number);
    const other = 1 + others.findIndex((value) => value !== first);
    if (other === 0 || first === undefined) return;
    const found = `rank 0 was called with ${name} ${word(first)} and rank ${other} with ${word(others[other - 1] as number)}`;
    throw new EwaldError('Argument', `heffte: ${found}; all ranks need the same ${name}`, { detail: { rank: other } });
  });
}
