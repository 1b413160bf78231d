/** Parameters of the tools for cells: `ewald cell compare | transform | rings | ambiguities`. */
import type { Parameters } from '../options/parameters.js';
import { range, wavelengthRange } from '../util/range.js';

const degrees = { unit: 'degrees', value: 'degrees' } as const;

/** How far edges and angles may differ in cells that count as the same. */
const toleranceRows = {
  lengthTolerance: {
    common: true,
    kind: 'number',
    sentence: 'largest difference of an edge between cells that count as the same',
    range: range(0, 10, 1.5),
    unit: 'percent',
    value: 'percent',
  },
  angleTolerance: {
    common: true,
    kind: 'number',
    sentence: 'largest difference of an angle between cells that count as the same',
    range: range(0, 10, 1.5),
    ...degrees,
  },
} as const satisfies Parameters;

/** Options of a comparison of two cells. */
export const compareCellsRows = {
  ...toleranceRows,
  maxIndex: {
    kind: 'integer',
    sentence: 'largest number by which one lattice may be coarser than the other',
    more: 'Lattices that share a coarser one are looked for up to 4 on each side.',
    range: range(1, 24, 12),
  },
} as const satisfies Parameters;

/** Options of new axes of a cell. */
export const transformCellRows = {
  newLattice: {
    common: true,
    kind: 'boolean',
    sentence: 'takes the axes as a primitive lattice of their own, coarser or finer than that of the cell',
    fallback: false,
  },
} as const satisfies Parameters;

/** Options of the rings of a powder. */
export const powderRingsRows = {
  highres: {
    common: true,
    kind: 'number',
    sentence: 'smallest d',
    range: range(0.1, 1e6, 3),
    unit: 'angstrom',
    value: 'angstrom',
  },
  lowres: {
    common: true,
    kind: 'number',
    sentence: 'largest d',
    range: range(0.1, 1e6, 1e6),
    defaultText: 'all',
    unit: 'angstrom',
    value: 'angstrom',
  },
  symmetry: {
    common: true,
    kind: 'text',
    short: 'y',
    sentence: 'point group whose equivalent reflections are one ring, as CrystFEL names it',
    defaultText: 'all of the symmetry that the lattice has',
    value: 'group',
  },
  spaceGroup: {
    kind: 'text',
    sentence: 'space group whose screw axes and glide planes leave out reflections, such as "F d -3 m" or 227',
    defaultText: 'the centring alone leaves out reflections',
    value: 'name',
  },
  wavelengthA: {
    kind: 'number',
    flag: 'wavelength',
    sentence: 'wavelength at which scattering angles are given',
    range: wavelengthRange,
    defaultText: '',
    unit: 'angstrom',
    value: 'angstrom',
  },
} as const satisfies Parameters;

/** Options of the ways to index a cell. */
export const cellAmbiguitiesRows = {
  symmetry: {
    common: true,
    kind: 'text',
    short: 'y',
    sentence: 'point group of the crystal, as CrystFEL names it',
    required: true,
    value: 'group',
  },
  ...toleranceRows,
} as const satisfies Parameters;

/** The tables by the names of their types. */
export const tables = {
  CompareCellsOptions: compareCellsRows,
  TransformCellOptions: transformCellRows,
  PowderRingsOptions: powderRingsRows,
  CellAmbiguitiesOptions: cellAmbiguitiesRows,
} as const;
