/** The flags of `ewald view`. */
import {
  type FlagValues,
  listenRows,
  type Parameters,
  receivedRows,
  savedViewRows,
  startRows,
  viewRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...viewRows,
  ...receivedRows,
  ...listenRows,
  save: {
    kind: 'text',
    group: 'output',
    common: true,
    sentence: 'writes the pictures with their numbers as one HTML file that opens without a server, and ends',
    value: 'file.html',
  },
  ...savedViewRows,
  ...startRows,
  force: {
    kind: 'boolean',
    group: 'output',
    sentence: 'replaces existing files, of --save or of runs that the page starts; never an input',
    needs: ['save', 'outputDir'],
  },
  open: {
    kind: 'boolean',
    group: 'page',
    sentence: 'starts a browser',
    off: 'print the address and do not start a browser',
    fallback: true,
  },
  json: jsonRow('one line {url} when it is ready, without a browser; of --save, {file, lacks}'),
} as const satisfies Parameters;
export const command = {
  description: 'look at frames, peaks and crystals in your browser; serves them on this computer until Ctrl-C',
  arguments: [
    ['[files...]', 'frames of any format, or a folder, which is listed; without any, drop files on the page'],
  ],
  rows,
} as const satisfies CommandWords<Parameters>;
export type ViewFlags = FlagValues<typeof rows>;
