/** Parameters of validations and benchmarks. */

import { externalEngines } from '../compute/backends/engines.js';
import type { BackendName } from '../compute/backends/names.js';
import { type Parameters, typed } from '../options/parameters.js';
import { range } from '../util/range.js';

/** Backends of both, as the command names them. */
const backendsRow = {
  kind: 'text',
  sentence: 'backends, separated by commas, or all',
  more: 'Unavailable ones count as absent.',
  type: typed<readonly BackendName[]>('readonly BackendName[]'),
  defaultText: 'all',
  flag: 'backend',
  value: 'names',
} as const;

/** What is validated. */
export const validateRows = {
  backends: backendsRow,
  engine: {
    kind: 'choice',
    sentence: 'only transforms, by an external engine on native',
    choices: ['ewald', ...externalEngines],
    defaultText: 'all rooms, by ewald',
  },
  budget: {
    kind: 'number',
    sentence: 'longest estimated time of a case; longer ones are counted as sampled',
    more: 'On a software device a tenth of it.',
    range: range(0, Number.POSITIVE_INFINITY, 2),
    unit: 'seconds',
    value: 'seconds',
  },
  seconds: {
    kind: 'number',
    sentence: 'ends after this time; rooms take turns, and cases that would take longer are not started',
    range: range(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    defaultText: 'no limit',
    unit: 'seconds',
    value: 'seconds',
  },
} as const satisfies Parameters;

/** What is timed. */
export const benchRows = {
  backends: backendsRow,
  seconds: {
    kind: 'number',
    sentence: 'seconds of runs per contestant of a case',
    range: range(0, Number.POSITIVE_INFINITY, 1),
    unit: 'seconds',
    value: 's',
    of: ['cases'],
  },
  size: {
    kind: 'integers',
    count: 3,
    sentence: 'with fft: times the distributed transform of this shape instead of the cases',
    range: range(1, 2 ** 20, Number.NaN),
    defaultText: '128,128,128',
    flag: 'shape',
    value: 'x,y,z',
    of: ['ranks'],
  },
  executor: {
    kind: 'choice',
    sentence: 'its ranks: workers, or mpi for those of this job (mpirun, srun)',
    choices: ['workers', 'mpi'],
    fallback: 'workers',
    value: 'where',
    of: ['ranks'],
  },
  ranks: {
    kind: 'integer',
    sentence: '1, 2, 4 … workers up to this number',
    range: range(1, 256, 4),
    of: ['ranks'],
  },
} as const satisfies Parameters;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  ValidateParameters: validateRows,
  BenchParameters: { seconds: benchRows.seconds },
} as const;
