/** The flags of `ewald cell`. */
import {
  cellFrameRows,
  cellSearchRows,
  type FlagValues,
  integrationRows,
  type Parameters,
  sourceRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { listRows } from './list-rows.js';
import { peakRows } from './peak-rows.js';
import { backendRow, jsonRow } from './shell-rows.js';

const { geometry, dataset, thresholdChannel, allowMissing, checksums, maxFrameBytes, allowOutside } = sourceRows;
/** How frames are opened. */
export const openFlags = {
  geometry,
  dataset,
  thresholdChannel,
  allowMissing,
  checksums,
  maxFrameBytes,
  allowOutside,
} as const;
/** Flags whose use depends on the contents of the files. */
export const searchFlags = {
  unit: listRows.unit,
  ...openFlags,
  ...peakRows,
  highres: integrationRows.highres,
  ...cellFrameRows,
} as const satisfies Parameters;

const ownRows = {
  backend: { ...backendRow, sentence: 'where the candidates are tested' },
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'write the best cell, in its highest symmetry, as a CrystFEL .cell file',
    value: 'cell',
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never an input' },
  json: jsonRow(
    'one JSON array, best first: [{parameters, spread, indexed, images, bravais: [{type, parameters, distortion}], ' +
      'errors, rivals: [{type, parameters, errors, log10Odds}]}]',
  ),
} as const satisfies Parameters;

const rows = { ...ownRows, ...cellSearchRows, ...searchFlags } as const satisfies Parameters;

export const command = {
  description:
    'determine an unknown cell from detector frames, or the spots of several stills: ' +
    'the Bravais lattices that fit, in conventional cells',
  arguments: [
    [
      '<files...>',
      'files of detector frames, or spot lists, or - for standard input: x y z of one spot per line; ' +
        'further columns, and a first line with a cell, are ignored',
    ],
  ],
  rows,
} as const satisfies CommandWords<Parameters>;
export type CellFlags = FlagValues<typeof rows>;
