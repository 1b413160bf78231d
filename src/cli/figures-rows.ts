/** The flags of `ewald figures`. */
import { type FlagValues, figureRows, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...figureRows,
  json: jsonRow('one JSON document: [{name, caption, file}]'),
} as const satisfies Parameters;

export const command = {
  description: 'write the pictures of a report as SVG or PNG files: cells, rates, powder, CC1/2 and more',
  arguments: [['<report>', 'the file that --html of ewald index or ewald merge wrote']],
  rows,
} as const satisfies CommandWords<Parameters>;
export type FiguresFlags = FlagValues<typeof rows>;
