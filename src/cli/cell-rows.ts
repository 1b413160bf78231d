/** The flags of `ewald cell`, and of `ewald cell compare | transform | rings | ambiguities`. */
import {
  cellAmbiguitiesRows,
  cellFrameRows,
  cellSearchRows,
  compareCellsRows,
  type FlagValues,
  fewRows,
  integrationRows,
  type Parameters,
  powderRingsRows,
  sourceRows,
  transformCellRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { listRows } from './list-rows.js';
import { peakRows } from './peak-rows.js';
import { backendRow, csvRow, jsonRow } from './shell-rows.js';

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
  ...fewRows,
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
      'errors, rivals: [{type, parameters, errors, log10Odds}], few: {log10Odds, share, next, phase}}]',
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

const forms = 'a .cell or PDB file, or a,b,c,al,be,ga, with the centring behind where it is not P';
const json = jsonRow('one JSON document');
const compareRows = { ...compareCellsRows, json } as const satisfies Parameters;
const transformRows = {
  ...transformCellRows,
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'write the new cell as a CrystFEL .cell file',
    value: 'cell',
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never an input' },
  json,
} as const satisfies Parameters;
const ringsRows = { ...powderRingsRows, csv: csvRow('a line per ring'), json } as const satisfies Parameters;
const ambiguitiesRows = { ...cellAmbiguitiesRows, json } as const satisfies Parameters;

export const commands = {
  compare: {
    description: 'whether two cells are one lattice in other axes, or one a part of the other, and by which matrix',
    arguments: [
      ['<first>', forms],
      ['<second>', 'the cell whose axes are given in terms of those of the first'],
    ],
    rows: compareRows,
  },
  transform: {
    description: 'a cell in other axes, and what becomes of its centring and of indices',
    arguments: [
      ['<cell>', forms],
      ['<axes>', 'the new axes, such as a,b,-c or a-b,a+b,c'],
    ],
    rows: transformRows,
  },
  rings: {
    description: 'the rings of a powder: spacings, indices, multiplicities and scattering angles',
    arguments: [['<cell>', forms]],
    rows: ringsRows,
  },
  ambiguities: {
    description: 'the ways to index crystals that a cell does not tell apart, exactly or by pseudosymmetry: twin laws',
    arguments: [['<cell>', forms]],
    rows: ambiguitiesRows,
  },
} as const satisfies Record<string, CommandWords<Parameters>>;
export type CompareCellsFlags = FlagValues<typeof compareRows>;
export type TransformFlags = FlagValues<typeof transformRows>;
export type RingsFlags = FlagValues<typeof ringsRows>;
export type AmbiguitiesFlags = FlagValues<typeof ambiguitiesRows>;
