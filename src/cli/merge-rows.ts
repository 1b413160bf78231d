/** The flags of `ewald merge`. */
import { compatRow, type FlagValues, grouped, mergeRows, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { executorRowsOf } from './executor-rows.js';
import { csvRow, jsonRow } from './shell-rows.js';

/** Parameters of the outputs of the command, and of where it computes. */
const outputRows = grouped('output', {
  output: {
    kind: 'text',
    short: 'o',
    common: true,
    sentence: 'CrystFEL reflection list; its halves go to file.hkl1 and file.hkl2',
    value: 'file.hkl',
  },
  mtz: { kind: 'text', common: true, sentence: 'MTZ file: IMEAN, SIGIMEAN and N', value: 'file.mtz' },
  unmerged: {
    kind: 'text',
    sentence: 'file of all observations with their scales: .mtz, for careless and others, or .cif, for a deposition',
    value: 'file',
  },
  cif: {
    kind: 'text',
    common: true,
    sentence: 'mmCIF file of the merge and its statistics, for a deposition',
    value: 'file.cif',
  },
  table1: {
    kind: 'text',
    sentence: '"Table 1" of a publication: .txt, .tex (LaTeX) or .csv',
    value: 'file.txt',
  },
  html: { kind: 'text', common: true, sentence: 'report with statistics and plots, one HTML file', value: 'file.html' },
  state: {
    kind: 'text',
    sentence: 'file of all observations read, an input of later merges: shards of a run join to the same bits',
    value: 'file',
  },
  assignments: {
    kind: 'text',
    sentence: 'text file with "event way log-odds scale B radius" of each crystal',
    value: 'file',
  },
  backend: {
    kind: 'choice',
    group: 'many cores',
    sentence: 'where sums are computed',
    choices: ['native', 'wasm'],
    defaultText: 'native if available',
    value: 'name',
  },
  compat: compatRow,
  force: { kind: 'boolean', common: true, sentence: 'replaces existing files' },
  csv: csvRow('a line per resolution shell, and one for all of them'),
  json: jsonRow(
    '{"backend", "model", "cell", "centring", "wavelengthA", "polarisation", "merged", "counts", ' +
      '"statistics", "datasets", "waysToIndex", "cells", "multiple", "panels", "crystals", "remarks", "isDoubtful", "files"}, with --wanted also "forecast"',
  ),
} as const satisfies Parameters);

/** Parameters of the command. */
export const rows = { ...mergeRows, ...outputRows } as const satisfies Parameters;
export const command = {
  description: 'merge the reflections of stills: scale, correct partialities, resolve the indexing ambiguity',
  arguments: [
    [
      '<streams...>',
      'CrystFEL streams of ewald or indexamajig, with reflections, gzipped or not; files of --state; - is stdin',
    ],
  ],
  rows: { ...rows, ...executorRowsOf('workers that fit the merge and its halves') },
} as const satisfies CommandWords<Parameters>;
export type MergeFlags = FlagValues<typeof command.rows>;
