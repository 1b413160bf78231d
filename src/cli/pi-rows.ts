/** The flags of `ewald pi`. */
import { type FlagValues, type Parameters, piPlanRows, piRunRows } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { backendRow, jsonRow } from './shell-rows.js';

const { required: _, ...points } = piRunRows.points;
const rows = {
  ...piRunRows,
  points: { ...points, defaultText: '1e9' },
  ...piPlanRows,
  backend: { ...backendRow, sentence: 'a backend, or all' },
  json: jsonRow('{"results":[{backend, points, hits, pi, seconds}], "agree"}; hits is a string beyond 2^53'),
} as const satisfies Parameters;
export const command = {
  description: 'count pi by Monte Carlo: Philox4x32-10 points, integer in-circle test, the same hits on every backend',
  rows,
} as const satisfies CommandWords<Parameters>;
export type PiFlags = FlagValues<typeof rows>;
