/** The flags of `ewald reflections compare | convert | check`. */
import {
  checkListRows,
  compareListsRows,
  convertListRows,
  type FlagValues,
  formatListRows,
  type Parameters,
  readListRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { csvRow, jsonRow } from './shell-rows.js';

export const description = 'compare, convert and test lists of merged intensities';

const forms = 'a CrystFEL list, or an MTZ, mmCIF, XDS_ASCII or HKLF 4 file';
const compareRows = {
  ...compareListsRows,
  ...readListRows,
  html: {
    common: true,
    group: 'output',
    kind: 'text',
    sentence: 'report with pictures: CC, R values, ratio and errors by resolution; one HTML file',
    value: 'file.html',
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never an input' },
  csv: csvRow('a line per resolution shell, and one for all of them'),
  json: jsonRow('one JSON document'),
} as const satisfies Parameters;
const convertRows = {
  ...convertListRows,
  ...readListRows,
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'the file; its form follows from its name: .hkl, .mtz, .cif, .xds, or .shelx for HKLF 4',
    required: true,
    value: 'file',
  },
  ...formatListRows,
  ins: {
    kind: 'text',
    sentence: 'the .ins file that SHELX reads beside .shelx: cell, wavelength, lattice and operators',
    value: 'file.ins',
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never an input' },
  json: jsonRow('one JSON document'),
} as const satisfies Parameters;
const checkRows = {
  ...checkListRows,
  ...readListRows,
  html: {
    common: true,
    group: 'output',
    kind: 'text',
    sentence: 'report with pictures: the L-test, moments, the Wilson plot, absences along axes; one HTML file',
    value: 'file.html',
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never an input' },
  json: jsonRow('one JSON document'),
} as const satisfies Parameters;

export const commands = {
  compare: {
    description: 'figures of merit of two lists: correlations, R values, scale, ways to index, by resolution',
    arguments: [
      ['<first>', forms],
      ['<second>', 'the list that is scaled and indexed like the first'],
    ],
    rows: compareRows,
  },
  convert: {
    description: 'other axes, symmetry, limits or form: intensities for the next program',
    arguments: [['<list>', forms]],
    rows: convertRows,
  },
  check: {
    description: 'Wilson plot, twinning, space groups by their absences, outliers and ice, each with its errors',
    arguments: [['<list>', forms]],
    rows: checkRows,
  },
} as const satisfies Record<string, CommandWords<Parameters>>;
export type CompareFlags = FlagValues<typeof compareRows>;
export type ConvertFlags = FlagValues<typeof convertRows>;
export type CheckFlags = FlagValues<typeof checkRows>;
