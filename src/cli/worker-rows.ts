/** The flags of `ewald worker`. */
import { type FlagValues, joinRows, type Parameters, proxyRows, watchRows } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { serverRows } from './server-rows.js';
import { backendRow, jsonRow } from './shell-rows.js';

const rows = {
  ...serverRows,
  ...joinRows,
  backend: { ...backendRow, sentence: 'backend of the contexts that tasks open' },
  status: watchRows.status,
  ...proxyRows,
  json: jsonRow('JSON lines: {joined, url, slots, backend}, then {event} for each event'),
} as const satisfies Parameters;
export const command = {
  description: 'join a cluster and work for it until Ctrl-C',
  rows,
} as const satisfies CommandWords<Parameters>;
export type WorkerFlags = FlagValues<typeof rows>;
