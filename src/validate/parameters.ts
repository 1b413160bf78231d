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
  },
} as const satisfies Parameters;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  ValidateParameters: validateRows,
  BenchParameters: { seconds: benchRows.seconds },
} as const;
