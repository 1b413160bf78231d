/** Parameters of a count of pi. */
import type { Parameters } from '../options/parameters.js';
import { range, threadRange } from '../util/range.js';

const word = range(0, 2 ** 64, 0);

/** What is counted. */
export const piRunRows = {
  points: {
    kind: 'count',
    sentence: 'number of points',
    range: range(1, 2 ** 63, Number.NaN),
    required: true,
  },
  seed: { kind: 'count', sentence: 'seed of the stream', range: word },
  stream: { kind: 'integer', sentence: 'independent stream of the same seed', range: range(0, 2 ** 32 - 1, 0) },
  first: {
    kind: 'count',
    sentence: 'index of the first point, so that a count can be split',
    range: word,
    flag: null,
  },
} as const satisfies Parameters;

/** What a count is planned with. */
export const piPlanRows = {
  threads: { kind: 'integer', sentence: 'host threads of CPU backends; 0: one per core', range: threadRange },
} as const satisfies Parameters;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  PiRunParameters: piRunRows,
  PiOptions: piPlanRows,
} as const;
