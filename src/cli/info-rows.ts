/** The flags of `ewald info`. */
import { type FlagValues, inspectRows, openRows, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...openRows,
  ...inspectRows,
  header: { kind: 'boolean', group: 'output', sentence: 'the whole header as the file has it' },
  json: jsonRow(
    'one JSON array: [{file, format, title, why, alsoLikely, shape, frames, dtype, frameBytes, filters, ' +
      'firstFrame, selected, meta, missing, notes, ' +
      ' sizes, arrays, maskedPixels, maskVaries, peakList, options}] or {file, error} for a file that ' +
      'cannot be read',
  ),
} as const satisfies Parameters;
export const command = {
  description: 'describe files of detector frames: format, frames, geometry, and what they do not state',
  arguments: [['<files...>', "files of any known format; a folder or a quoted 'run_*.tif' is one stack"]],
  rows,
} as const satisfies CommandWords<Parameters>;
export type InfoFlags = FlagValues<typeof rows>;
