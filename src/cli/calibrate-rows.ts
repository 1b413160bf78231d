/** The flags of `ewald calibrate`. */
import { calibrateRows, type FlagValues, openRows, type Parameters, scanRunRows } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { backendRow, jsonRow } from './shell-rows.js';

const rows = {
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'file for the result, .json, which --calibration of ewald run takes; written completely or not at all',
    defaultText: '',
    value: 'file.json',
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never an input' },
  ...calibrateRows,
  keepNoCount: scanRunRows.keepNoCount,
  backend: { ...backendRow, sentence: 'backend of the kernels' },
  json: jsonRow('{format, version, file, shape, centre, disk, ellipse, descan, rotation, badPixels, stop, notes}'),
  ...openRows,
} as const satisfies Parameters;

export const command = {
  description: 'find centre, radius, descan, rotation and bad pixels of a scan from its frames',
  arguments: [['<scan>', 'a file of frames of a scan; ewald info describes it']],
  rows,
} as const satisfies CommandWords<Parameters>;
export type CalibrateFlags = FlagValues<typeof rows>;
