/** The flags of `ewald validate`. */
import { type FlagValues, type Parameters, validateRows } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const { backends, ...ofRun } = validateRows;
/** What uses the flags of a run of cases. */
export const checking = ['a run'] as const;
const commandRows = {
  backends,
  engine: { ...ofRun.engine, of: checking },
  budget: { ...ofRun.budget, of: checking },
  seconds: { ...ofRun.seconds, of: checking },
  html: { kind: 'text', sentence: 'writes the report as one HTML page', value: 'file', of: checking },
  force: { kind: 'boolean', sentence: 'replaces a file that ewald did not write', of: checking },
  verbose: {
    kind: 'boolean',
    sentence: 'one line per case; default: one line per room, and each failure in full',
    of: checking,
  },
  list: { kind: 'boolean', sentence: 'lists the cases and their purpose' },
  json: jsonRow(
    'one JSON document: {versions, place, date, backends, rows: [{id, backend, outcome, why, error, bound, ' +
      'unit, ms, device, driver}], counts, pass}',
  ),
} as const satisfies Parameters;

export const command = {
  description: 'run the shipped cases on the backends of this machine, against an independent reference',
  arguments: [['[ids...]', 'addresses of cases: one, all below one (pi:count), or with * as a wildcard']],
  rows: commandRows,
} as const satisfies CommandWords<Parameters>;
export type ValidateFlags = FlagValues<typeof commandRows>;
