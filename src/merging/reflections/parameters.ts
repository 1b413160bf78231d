/** Parameters of the tools for lists of reflections: `ewald reflections` and the functions of `ewald/merging`. */

import type { KnownCell } from '../../crystal/cell-file.js';
import { type Parameters, typed } from '../../options/parameters.js';
import { wavelengthRange } from '../../util/range.js';
import { mergeRows } from '../parameters.js';

/** What a list belongs to. */
export const listSubjectRows = {
  symmetry: {
    common: true,
    kind: 'text',
    short: 'y',
    sentence: 'point group of the reflections, as CrystFEL names it',
    defaultText: 'that of the list',
    value: 'group',
  },
  cell: {
    common: true,
    kind: 'text',
    short: 'p',
    sentence: 'the cell; in the command a .cell or PDB file, or a,b,c,al,be,ga',
    type: typed<KnownCell>('KnownCell'),
    defaultText: 'that of the list, if the file states one',
    value: 'cell',
  },
} as const satisfies Parameters;

/** Ranges and defaults are those of a merge. */
const limits = {
  lowres: { ...mergeRows.lowres, sentence: 'largest d that is used' },
  highres: { ...mergeRows.highres, sentence: 'smallest d that is used' },
} as const satisfies Parameters;

/** How the files of lists are read: options of `readReflections`. */
export const readListRows = {
  columns: {
    kind: 'text',
    sentence: 'the columns of an MTZ file, or items of an mmCIF file: the values, and their sigmas, such as I,SIGI',
    defaultText: 'the measured ones, by their types and labels',
    value: 'labels',
  },
} as const satisfies Parameters;

/** Options of a comparison of two lists. */
export const compareListsRows = {
  ...listSubjectRows,
  scale: {
    common: true,
    kind: 'boolean',
    sentence: 'fits a scale and a relative B of the second list',
    off: 'compare the intensities as they are, as compare_hkl does with -u',
    fallback: true,
  },
  scaleBy: {
    kind: 'choice',
    sentence: 'how they are fitted: by sums of intensities, or by logarithms of positive pairs, as compare_hkl does',
    more: 'Sums are free of the errors of both lists; logarithms give the figures of compare_hkl to its digits.',
    choices: ['sums', 'logarithms'],
    fallback: 'sums',
  },
  shells: { ...mergeRows.shells, sentence: 'resolution shells, of equal volume' },
  ...limits,
} as const satisfies Parameters;

/** Options of a conversion of a list. */
export const convertListRows = {
  ...listSubjectRows,
  reindex: {
    common: true,
    kind: 'text',
    sentence: 'new indices as a function of the old ones, such as k,h,-l',
    defaultText: 'as they are',
    value: 'operation',
  },
  expand: {
    kind: 'text',
    sentence: 'point group of less symmetry, in which each reflection is written with its equivalents',
    defaultText: '',
    value: 'group',
  },
  twin: {
    kind: 'text',
    sentence: 'point group of the lattice over which intensities are averaged, as a perfect twin has them',
    defaultText: '',
    value: 'group',
  },
  ...limits,
} as const satisfies Parameters;

/** What a file of the next program states besides the list. */
export const formatListRows = {
  cell: listSubjectRows.cell,
  wavelengthA: {
    kind: 'number',
    flag: 'wavelength',
    sentence: 'wavelength that the file states',
    range: wavelengthRange,
    defaultText: 'that of the list, if its file states one',
    unit: 'angstrom',
    value: 'angstrom',
  },
  spaceGroup: {
    ...mergeRows.spaceGroup,
    sentence: 'space group that the file states, such as P43212',
    more: 'In any setting of the point group and the centring.',
    defaultText: 'that of the list, else the symmorphic one of its point group',
  },
  frenchWilson: mergeRows.frenchWilson,
} as const satisfies Parameters;

/** Options of the tests of a list. */
export const checkListRows = {
  ...listSubjectRows,
  spaceGroups: {
    common: true,
    kind: 'choice',
    sentence: 'which space groups are considered: the 65 of chiral molecules, or all 230',
    choices: ['chiral', 'all'],
    defaultText: 'chiral if the cell has an edge above 40 Å, all otherwise',
    value: 'which',
  },
  shells: { ...mergeRows.shells, sentence: 'resolution shells of completeness and I/sigma, of equal volume' },
  lowres: { ...mergeRows.lowres, sentence: 'largest d of these shells; the tests take all reflections' },
  highres: { ...mergeRows.highres, sentence: 'smallest d of these shells' },
} as const satisfies Parameters;

/** The tables by the names of their types. */
export const tables = {
  ListOptions: listSubjectRows,
  CompareListsOptions: compareListsRows,
  ConvertListOptions: convertListRows,
  FormatListOptions: formatListRows,
  CheckListOptions: checkListRows,
} as const;
