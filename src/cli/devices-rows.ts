/** The flags of `ewald devices`. */
import type { FlagValues, Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { backendRow, jsonRow } from './shell-rows.js';

const rows = {
  backend: { ...backendRow, sentence: 'choose as if this backend had been requested', defaultText: '' },
  json: jsonRow(
    'one JSON array: [{backend, available, chosen, name, reason, limits, memory, engines, faults, numbers, works}]',
  ),
} as const satisfies Parameters;
export const command = {
  description: 'which backends this machine has, which one is chosen, and why not the others',
  rows,
} as const satisfies CommandWords<Parameters>;
export type DevicesFlags = FlagValues<typeof rows>;
