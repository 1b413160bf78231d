/** The flags of `ewald convert`. */
import { convertRows, type FlagValues, openRows, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'a name that ends in .h5, .npy, .raw or .mrc; written completely or not at all',
    required: true,
    value: 'out',
  },
  ...convertRows,
  json: jsonRow('{input, output, format, shape, dtype, frames, bytes, warnings, ms}'),
  ...openRows,
} as const satisfies Parameters;

export const command = {
  description: 'write frames of any known format to a .h5, .npy, .raw or .mrc file',
  arguments: [['<in>', "a file of frames, a folder or a quoted 'run_*.tif'; ewald info describes it"]],
  rows,
} as const satisfies CommandWords<Parameters>;
export type ConvertFlags = FlagValues<typeof rows>;
