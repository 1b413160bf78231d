/** The structures of udf: one pass of sums over frames, and corrections of frames. */
import { type Struct, u32 } from './struct.js';

/** Types of frames that a pass accepts, which are those of peaks. */
export { numbers as udfNumbers } from './peaks.js';

/** Pieces of work of a pass. The last two have float64 weights, and their products are made in float64. */
export const udfStepKinds = {
  sumOf: 0,
  squaresOf: 1,
  com: 2,
  dense: 3,
  sparse: 4,
  sum: 5,
  moments: 6,
  logSum: 7,
  denseDouble: 8,
  sparseDouble: 9,
} as const;

/** The sizes that determine the memory of a pass. */
export const udfDescriptor: Struct = {
  name: 'UdfDescriptor',
  doc: 'Sizes of a pass over frames: everything it allocates follows from these.',
  fields: [
    u32('width', 'pixels of a row'),
    u32('height', 'rows of a frame'),
    u32('dtype', 'a Number'),
    u32('threads', 'host threads; 0 takes one a core'),
    u32('steps', 'pieces of work'),
    u32('indices', 'spans and sparse masks of all steps, in words'),
    u32('weights', 'weights of all steps, in words: a float64 weight takes two'),
    u32('reserved0', 'zero'),
  ],
};

/** One piece of work. */
export const udfStep: Struct = {
  name: 'UdfStep',
  doc: 'A piece of work of a pass: sums of each frame go into columns, sums over the frames into planes.',
  fields: [
    u32('kind', 'a UdfStepKind'),
    u32('firstIndex', 'where its spans, or its sparse masks (starts, then pixels), begin'),
    u32('firstWeight', 'the word where its weights begin; even where they are float64'),
    u32('count', 'spans, or masks'),
    u32('column', 'the first of its columns'),
    u32('plane', 'the first of its planes'),
    u32('reserved0', 'zero'),
    u32('reserved1', 'zero'),
  ],
};

/** How frames are correlated with the pattern of disks: crops around the peaks, or whole frames. */
export const disksCorrelations = { fast: 0, full: 1 } as const;
/** How the maximum of a correlation is refined. */
export const disksRefinements = { com: 0, parabola: 1, dft: 2 } as const;

/** The sizes that determine the memory of a disk finder. */
export const disksDescriptor: Struct = {
  name: 'DisksDescriptor',
  doc: 'Sizes and methods of a disk finder: everything it allocates follows from these.',
  fields: [
    u32('width', 'pixels of a row'),
    u32('height', 'rows of a frame'),
    u32('dtype', 'a Number'),
    u32('threads', 'host threads; 0 takes one a core'),
    u32('peaks', 'disks of a frame'),
    u32('search', 'half the side of a crop'),
    u32('correlation', 'a DisksCorrelation'),
    u32('refine', 'a DisksRefine'),
  ],
};

/** The sizes of a correction, and how bad pixels are treated. */
export const correctionDescriptor: Struct = {
  name: 'CorrectionDescriptor',
  doc: 'Corrections of frames: everything that they allocate follows from these.',
  fields: [
    u32('pixels', 'pixels of a frame'),
    u32('panelWidth', 'pixels of a row of a panel; 0: bad pixels become 0'),
    u32('panelHeight', 'rows of a panel; bad pixels get the mean of their good neighbours within it'),
    u32('dtype', 'a Number'),
    u32('wide', '1: results are float64, 0: float32'),
    u32('threads', 'host threads; 0 takes one a core'),
    u32('markers', 'values that mark a pixel without a count'),
    u32('nanIsBad', '1: NaN marks a pixel without a count'),
  ],
};
