/**
 * Parameters of a merge. Parameters with the names of options of CrystFEL's partialator have the same meanings, ranges
 * and defaults.
 */

import type { KnownCell } from '../crystal/cell-file.js';
import { grouped, type Mode, type Parameters, typed } from '../options/parameters.js';
import { range } from '../util/range.js';
import type { Split } from './collection/split.js';
import type { ReflectionList } from './lists/hkl.js';

/** The models of observations. */
export const mergeModels = ['gaussian', 'xsphere', 'unity', 'mean'] as const;
/**
 * `gaussian`: scale, relative B, profile radius and orientation of each crystal. `xsphere`: the same with the width of
 * the spectrum in the partiality. `unity`: scale and relative B alone. `mean`: the plain mean of the observations.
 */
export type MergeModel = (typeof mergeModels)[number];

const resolving = ['resolving the ambiguity'] as const;

/** Which parameters a merge uses. */
export const mergeMode = ({ model, ambiguity }: { model: MergeModel; ambiguity: boolean }): Mode => ({
  stages: [model, ...(ambiguity ? resolving : [])],
  because: (of) => (of.includes(resolving[0]) ? 'it is not resolved' : `the model ${model} does not use it`),
});

const { POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity, NaN: none } = Number;
const fitted = mergeModels.filter((model) => model !== 'mean');

/** Options of a merge; `of` lists the models, and the steps, that use a parameter. */
export const mergeRows = /* @__PURE__ */ grouped('model', {
  symmetry: {
    common: true,
    group: 'input',
    kind: 'text',
    short: 'y',
    sentence: 'point group as CrystFEL names it (4/mmm, 422, 321_H, 2/m_uab, …), or auto',
    more:
      'Equivalent intensities of the group are merged. With auto it is the highest Laue group of the lattice whose ' +
      'equivalent observations agree. A name without an axis takes the unique axis of the cell.',
    required: true,
    value: 'group',
    crystfel: { program: 'partialator' },
  },
  cell: {
    common: true,
    group: 'input',
    kind: 'text',
    short: 'p',
    sentence: 'the cell; in the command a .cell or PDB file, or a,b,c,al,be,ga',
    type: typed<KnownCell>('KnownCell'),
    defaultText: 'the median of the crystals',
    value: 'cell',
  },
  spaceGroup: {
    kind: 'text',
    sentence: 'space group that MTZ, mmCIF and Table 1 state, such as P43212 or P21/c',
    more: 'In any setting of the point group and the centring; merging does not depend on it.',
    defaultText: 'the symmorphic one of the point group',
    value: 'name',
  },
  model: {
    common: true,
    kind: 'choice',
    short: 'm',
    sentence: 'how observations depend on the intensities',
    more:
      'The models `gaussian` and `xsphere` fit scale, relative B, profile radius and orientation of each crystal, ' +
      'xsphere with the width of the spectrum; `unity` fits scale and relative B alone; `mean` is the plain mean.',
    choices: mergeModels,
    fallback: 'gaussian',
    crystfel: {
      program: 'partialator',
      fallback: 'xsphere',
      differs: 'its default is xsphere, and it has neither gaussian nor mean',
    },
  },
  iterations: {
    common: true,
    kind: 'integer',
    short: 'n',
    sentence: 'largest number of cycles of scaling and merging, which end when the merge has converged',
    range: range(0, 100, 10),
    of: fitted,
    crystfel: { program: 'partialator' },
  },
  minMeasurements: {
    common: true,
    kind: 'integer',
    sentence: 'fewest observations per merged reflection',
    range: range(1, 1000, 2),
    crystfel: { program: 'partialator' },
  },
  pushRes: {
    common: true,
    kind: 'number',
    sentence: "how far beyond each crystal's resolution limit observations are used",
    range: range(minusInfinity, infinity, infinity),
    unit: '1/nm',
    crystfel: { program: 'partialator' },
  },
  minSnr: {
    kind: 'number',
    sentence: 'observations with a smaller I/sigma(I) are rejected',
    more: 'Weak observations carry information as well.',
    range: range(minusInfinity, infinity, minusInfinity),
  },
  maxAdu: {
    kind: 'number',
    sentence: 'observations whose peak is above this value are rejected',
    range: range(minusInfinity, infinity, infinity),
    unit: 'counts',
    crystfel: { program: 'partialator' },
  },
  minRes: {
    kind: 'number',
    sentence: 'only crystals that diffract to this d or beyond are merged',
    more: 'Crystals whose resolution limit is unknown are merged.',
    range: range(0.1, infinity, infinity),
    unit: 'angstrom',
    value: 'angstrom',
    crystfel: { program: 'partialator' },
  },
  minCc: {
    kind: 'number',
    sentence: 'crystals that correlate less with the mean of all others are not merged',
    more:
      'The correlation is that of the intensities as they are, without scales and partialities, which is low for ' +
      'stills; deviating crystals have less weight in any case.',
    range: range(-1, 1, none),
    defaultText: 'none',
    crystfel: { program: 'process_hkl' },
  },
  startAfter: {
    group: 'input',
    kind: 'integer',
    sentence: 'leaves out this many crystals at the beginning',
    more: 'Those that cannot be merged, or that minRes leaves out, are not counted.',
    range: range(0, 2 ** 32 - 1, 0),
    crystfel: { program: 'partialator', differs: 'it counts crystals that are not merged as well' },
  },
  stopAfter: {
    group: 'input',
    kind: 'integer',
    sentence: 'merges this many crystals at most, of those after --start-after',
    range: range(1, 2 ** 32 - 1, none),
    defaultText: 'all',
    crystfel: { program: 'partialator' },
  },
  polarisation: {
    kind: 'text',
    sentence: 'polarisation of the beam: auto, horiz, vert, none, or FRACTION@ANGLE such as 0.98@0',
    more:
      "CrystFEL's forms horiz98, vert90 and 45deg90, with a fraction in per cent, are read as well. " +
      'With auto it is measured from the data, horizontal if they do not determine it, and none for electrons.',
    fallback: 'auto',
    without: 'none',
    value: 'beam',
    crystfel: {
      program: 'partialator',
      fallback: 'horiz',
      differs: 'its default is horiz, and it does not measure the polarisation',
    },
  },
  ambiguity: {
    common: true,
    kind: 'boolean',
    sentence: 'resolves the indexing ambiguity where the cell has one',
    off: 'keep the indexing of all crystals, even if their lattice has several equivalent indexings',
    fallback: true,
  },
  operator: {
    kind: 'text',
    short: 'w',
    sentence: 'the operation on indices that is ambiguous, such as k,h,-l, or the point group of the lattice',
    more: 'Without it all operations that keep the cell are tried.',
    defaultText: 'as the cell allows',
    value: 'operation',
    of: resolving,
    crystfel: { program: 'partialator' },
  },
  starts: {
    kind: 'integer',
    sentence: 'random starts in resolving the indexing ambiguity',
    range: range(1, 1000, 6),
    of: resolving,
  },
  seed: {
    kind: 'integer',
    sentence: 'seed of these starts',
    range: range(0, Number.MAX_SAFE_INTEGER, 0),
    of: resolving,
  },
  frenchWilson: {
    group: 'output',
    kind: 'boolean',
    sentence: "writes amplitudes beside the intensities of MTZ and mmCIF files: posterior means under Wilson's law",
    more:
      'No reflection is dropped for being negative. Refinement programs make their own; the law does not hold for twins ' +
      'and translational pseudosymmetry. French & Wilson 1978.',
  },
  reference: {
    common: true,
    group: 'input',
    kind: 'text',
    sentence: 'known intensities, which determine the setting of the merge and are compared with it; .hkl or .mtz',
    type: typed<ReflectionList>('ReflectionList'),
    defaultText: '',
    value: 'file.hkl',
  },
  split: {
    common: true,
    group: 'input',
    kind: 'text',
    sentence: 'data set of each frame: scales and settings are common, and each set is also merged separately',
    more: 'In the command, a table with one line per frame, "filename event dataset".',
    type: typed<Split>('Split'),
    flag: 'custom-split',
    defaultText: '',
    value: 'table',
    crystfel: { program: 'partialator' },
  },
  splitBy: {
    group: 'input',
    kind: 'text',
    sentence:
      'field that --copy-header wrote into the stream, whose value is the data set of a frame; or the level of a region ' +
      'of --roi that divides the frames, such as roi:lamp.mean>50',
    more: 'Takes the place of a table: pump on and off, delays, temperatures. A frame without it is in no data set.',
    defaultText: '',
    value: 'field',
  },
  wanted: {
    common: true,
    group: 'statistics',
    kind: 'texts',
    sentence:
      "a goal, such as 'CC1/2=.5@2.0A', 'complete=95%@2.0A', 'I/sigma=2@2.0A' or 'difference=5s', and when it is reached",
    more:
      'The first three are those of the outermost of the shells down to this d. A difference is that of the two data ' +
      'sets of splitBy or split. May be repeated.',
    defaultText: '',
    value: 'goal',
    of: fitted,
  },
  shells: {
    common: true,
    group: 'statistics',
    kind: 'integer',
    sentence: 'resolution shells of the statistics',
    range: range(1, 1000, 10),
    flag: 'nshells',
    crystfel: { program: 'check_hkl' },
  },
  lowres: {
    group: 'statistics',
    kind: 'number',
    sentence: 'largest d of the merged lists and their statistics',
    range: range(0.1, 1e6, none),
    defaultText: 'all',
    unit: 'angstrom',
    value: 'angstrom',
    crystfel: { program: 'check_hkl' },
  },
  highres: {
    common: true,
    group: 'statistics',
    kind: 'number',
    sentence: 'smallest d of the merged lists and their statistics',
    range: range(0.1, 1e6, none),
    defaultText: 'all',
    unit: 'angstrom',
    value: 'angstrom',
    crystfel: { program: 'check_hkl' },
  },
} as const satisfies Parameters);

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  MergeOptions: mergeRows,
} as const;
