/** The flags of `ewald bench`. */
import { benchRows, type FlagValues, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...benchRows,
  json: jsonRow(
    'one JSON document: {versions, place, date, backends, rows: [{id, backend, outcome, why, error, bound, ' +
      'planMs, timing, kernels, ratios, pass}], peers, cases: {finished, chosen}, verdict, pass, interrupted}',
  ),
} as const satisfies Parameters;

export const command = {
  description: 'verify cases and time them, every backend and peer side by side',
  arguments: [['[ids...]', 'addresses of cases; default: the timing cases']],
  rows,
} as const satisfies CommandWords<Parameters>;
export type BenchFlags = FlagValues<typeof rows>;
