/** The flags of `ewald fft`. */
import { type FlagValues, type Parameters, transformRows } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  output: {
    kind: 'text',
    short: 'o',
    sentence: 'output file, written completely or not at all; - for standard output',
    required: true,
    value: 'out.npy',
  },
  ...transformRows,
  json: jsonRow('{input, output, shape, kind, axes, backend, engine, ms}'),
} as const satisfies Parameters;

export const command = {
  description: 'transform an array of a .npy file',
  arguments: [['<in.npy>', 'real or complex numbers, any rank up to 8; - for standard input']],
  rows,
} as const satisfies CommandWords<Parameters>;
export type FftFlags = FlagValues<typeof rows>;
