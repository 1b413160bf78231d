/** The flags of `ewald udf new`. */
import { type FlagValues, newUdfRows, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

export const description = 'user-defined functions, which ewald run and JavaScript call';
const newRows = {
  ...newUdfRows,
  json: jsonRow('one JSON document: {name, language, folder, files}'),
} as const satisfies Parameters;
export const commands = {
  new: {
    description: 'start a project with a function, its test and package.json',
    arguments: [['<name>', 'name of the function, such as radialVariance']],
    rows: newRows,
  },
} as const satisfies Record<string, CommandWords<Parameters>>;
export type NewUdfFlags = FlagValues<typeof newRows>;
