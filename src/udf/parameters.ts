/** Parameters of the analyses and of a run over a scan. Names, meanings and defaults of analyses are LiberTEM's. */
import type { Parameters } from '../base/parameters.js';
import { range } from '../base/range.js';
import { liveRows } from './acquisition/parameters.js';

/** The analyses by name, with a description of what each computes. */
export const analysisNames = {
  sum: 'sum of all frames',
  sumsig: 'sum of each frame',
  logsum: 'sum of logarithms',
  stddev: 'standard deviation, mean and variance of each pixel',
  disk: 'sum over a disk',
  ring: 'sum over a ring',
  point: 'one pixel of each frame',
  com: 'centre of mass',
  'radial-fourier': 'how many-fold rings are',
  'radial-bins': 'sums over rings of equal width',
  fem: 'standard deviation on a ring',
  crystallinity: 'spectral weight on a ring, after a disk is taken out',
  cluster: 'regions of frames that are alike',
  pick: 'one frame',
  'pick-fft': 'the spectrum of one frame',
  'fft-sum': 'the spectrum of the sum, after a disk is taken out',
  masks: 'sums under masks of your own',
  disks: 'positions of diffraction disks',
  strain: 'strain of the lattice through the disks',
} as const;
export type AnalysisName = keyof typeof analysisNames;

const rings = ['ring', 'radial-fourier', 'radial-bins', 'fem', 'crystallinity', 'cluster'] as const;
const centred = ['disk', ...rings, 'com', 'fft-sum'] as const;
const picks = ['pick', 'pick-fft'] as const;
const ofDisks = ['disks', 'strain'] as const;
const unbounded = range(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN);
const length = range(0, 1e6, Number.NaN);
const disk = { kind: 'number', range: length, unit: 'pixels', value: 'px', short: 'r', flag: 'radius' } as const;

/** Parameters of analyses; `of` lists those that use a parameter. A centre or pixel has to be inside the frame. */
export const analysisRows = {
  cx: {
    kind: 'number',
    sentence: 'centre along x',
    range: unbounded,
    unit: 'pixels',
    usual: 'the middle',
    value: 'px',
    of: centred,
  },
  cy: {
    kind: 'number',
    sentence: 'centre along y',
    range: unbounded,
    unit: 'pixels',
    usual: 'the middle',
    value: 'px',
    of: centred,
  },
  x: {
    kind: 'number',
    short: 'x',
    sentence: 'the pixel along x',
    range: unbounded,
    unit: 'pixels',
    usual: 'the middle',
    value: 'px',
    of: ['point'],
  },
  y: {
    kind: 'number',
    short: 'y',
    sentence: 'the pixel along y',
    range: unbounded,
    unit: 'pixels',
    usual: 'the middle',
    value: 'px',
    of: ['point'],
  },
  r: { ...disk, sentence: 'radius', usual: 'disk: 0.15 of the shorter side; com: the whole frame', of: ['disk'] },
  maskRadius: { ...disk, sentence: 'radius of the disk that is used', usual: 'the whole frame', of: ['com'] },
  radius: { ...disk, sentence: 'radius of the disk that is taken out', usual: '0', of: ['crystallinity', 'fft-sum'] },
  diskRadius: {
    ...disk,
    sentence: 'radius of diffraction disks',
    usual: 'required unless the pattern is user',
    of: ofDisks,
  },
  ri: {
    kind: 'number',
    sentence: 'inner radius',
    range: length,
    unit: 'pixels',
    usual: 'by the analysis',
    value: 'px',
    of: rings,
  },
  maskRadiusInner: {
    kind: 'number',
    sentence: 'inner radius of the ring that is used',
    range: length,
    unit: 'pixels',
    usual: '0',
    flag: 'ri',
    value: 'px',
    of: ['com'],
  },
  ro: {
    kind: 'number',
    sentence: 'outer radius',
    range: length,
    unit: 'pixels',
    usual: 'half of the shorter side',
    value: 'px',
    of: rings,
  },
  scanRotation: {
    kind: 'number',
    sentence: 'angle between detector and scan',
    range: range(-1e4, 1e4, 0),
    unit: 'degrees',
    value: 'degrees',
    of: ['com'],
  },
  flipY: { kind: 'boolean', sentence: "inverts the detector's y axis", of: ['com'] },
  regression: {
    kind: 'choice',
    sentence: "trend that is subtracted, where -1, 0 and 1 are LiberTEM's numbers",
    choices: ['none', 'mean', 'plane', '-1', '0', '1'],
    type: "ComParams['regression'] | 'none' | 'mean' | 'plane'",
    fallback: 'none',
    value: 'trend',
    of: ['com'],
  },
  nBins: {
    kind: 'integer',
    sentence: 'rings',
    range: range(1, 4096, 1),
    usual: 'radial-fourier: 1; radial-bins: one per pixel',
    of: ['radial-fourier', 'radial-bins'],
  },
  maxOrder: { kind: 'integer', sentence: 'highest Fourier order', range: range(0, 1024, 24), of: ['radial-fourier'] },
  normalize: {
    kind: 'boolean',
    sentence: 'divides each sum by the weight of its ring',
    flag: null,
    of: ['radial-bins'],
  },
  clusters: {
    kind: 'integer',
    sentence: 'number of regions',
    range: range(1, 2 ** 31, 20),
    of: ['cluster'],
  },
  nPeaks: {
    kind: 'integer',
    sentence: 'largest number of pixels per frame that are compared',
    range: range(1, 65536, 500),
    of: ['cluster'],
  },
  minDistance: {
    kind: 'integer',
    sentence: 'smallest distance between these pixels, and to the edge',
    range: range(1, 65536, 1),
    unit: 'pixels',
    value: 'px',
    of: ['cluster'],
  },
  at: {
    kind: 'integers',
    sentence: 'scan position, slowest axis first',
    range: range(0, 2 ** 31, Number.NaN),
    usual: 'the first',
    value: 'y,x',
    of: picks,
  },
  factories: {
    kind: 'texts',
    sentence: 'functions that create masks; in the command .npy files with a mask [y, x], or several [masks, y, x]',
    type: 'readonly MaskFactory[]',
    required: true,
    flag: 'mask',
    value: 'file.npy',
    of: ['masks'],
  },
  useSparse: {
    kind: 'boolean',
    sentence: 'multiplies by sparse matrices',
    type: "boolean | 'auto'",
    usual: 'by the number of zeros',
    flag: null,
    of: ['masks', 'radial-fourier'],
  },
  shifts: {
    kind: 'numbers',
    sentence: 'shift (dy, dx) of the masks in pixels, or one for each scan position',
    type: 'readonly [number, number] | ArrayLike<number>',
    usual: '',
    flag: null,
    of: ['masks'],
  },
  pattern: {
    kind: 'choice',
    sentence: 'pattern with which frames are correlated; one of background subtraction suits most',
    choices: [
      'circular',
      'radial-gradient',
      'background-subtraction',
      'radial-gradient-background-subtraction',
      'user',
    ],
    fallback: 'background-subtraction',
    of: ofDisks,
  },
  radiusOuter: {
    kind: 'number',
    sentence: 'outer radius of the ring that the pattern subtracts',
    range: length,
    unit: 'pixels',
    usual: '1.5 radii',
    value: 'px',
    of: ofDisks,
  },
  search: {
    kind: 'number',
    sentence: 'half the side of the square in which a disk is searched',
    range: range(0, 1024, Number.NaN),
    unit: 'pixels',
    usual: '2 radii, and at least the outer radius',
    value: 'px',
    of: ofDisks,
  },
  template: {
    kind: 'text',
    sentence: 'the pattern user: an image { data, shape }; in the command a .npy file [y, x]',
    type: '{ readonly data: ArrayLike<number>; readonly shape: readonly [number, number] }',
    usual: '',
    value: 'file.npy',
    of: ofDisks,
  },
  correlation: {
    kind: 'choice',
    sentence: 'correlates a crop around each disk (fast) or whole frames (full)',
    choices: ['fast', 'full'],
    fallback: 'fast',
    of: ofDisks,
  },
  refine: {
    kind: 'choice',
    sentence: "refines maxima by a parabola, by blobfinder's centre of mass (com), or by upsampling (dft)",
    more: 'The parabola has the smallest errors; upsampling takes 11 times as long.',
    choices: ['parabola', 'com', 'dft'],
    fallback: 'parabola',
    of: ofDisks,
  },
  numPeaks: {
    kind: 'integer',
    sentence: 'largest number of disks that are searched in the sum',
    range: range(1, 65536, 25),
    of: ofDisks,
  },
  peakDistance: {
    kind: 'integer',
    sentence: 'smallest distance between these disks, and to the edge',
    range: range(1, 65536, Number.NaN),
    unit: 'pixels',
    usual: 'the radius',
    value: 'px',
    of: ofDisks,
  },
  peaks: {
    kind: 'numbers',
    sentence: 'expected positions of the disks, instead of those found in the sum',
    type: 'ArrayLike<number>',
    range: range(-(2 ** 20), 2 ** 20, Number.NaN),
    unit: 'pixels',
    usual: 'found in the sum',
    value: 'y,x,y,x,…',
    of: ofDisks,
  },
  zero: {
    kind: 'numbers',
    sentence: 'position of the direct beam, from which a and b span the lattice',
    count: 2,
    range: unbounded,
    unit: 'pixels',
    usual: 'from the sum',
    value: 'y,x',
    of: ['strain'],
  },
  a: {
    kind: 'numbers',
    sentence: 'first lattice vector',
    count: 2,
    range: unbounded,
    unit: 'pixels',
    usual: 'from the sum',
    value: 'y,x',
    of: ['strain'],
  },
  b: {
    kind: 'numbers',
    sentence: 'second lattice vector',
    count: 2,
    range: unbounded,
    unit: 'pixels',
    usual: 'from the sum',
    value: 'y,x',
    of: ['strain'],
  },
  tolerance: {
    kind: 'number',
    sentence: 'largest distance of a disk from its lattice point, divided by the root of its index',
    range: range(0, 1e6, 3, { above: true }),
    unit: 'pixels',
    value: 'px',
    of: ['strain'],
  },
  minWeight: {
    kind: 'number',
    sentence: 'smallest elevation of a disk that is used',
    range: range(0, 1e9, 0.1),
    of: ['strain'],
  },
  minMatch: {
    kind: 'integer',
    sentence: 'smallest number of disks of a fit',
    range: range(3, 65536, 3),
    of: ['strain'],
  },
  reference: {
    kind: 'text',
    sentence: 'region without strain: y,x or y0:y1,x0:x1 of the scan, or a .npy file of it',
    type: 'Roi',
    usual: 'the whole scan',
    value: 'region',
    of: ['strain'],
  },
  axesRotation: {
    kind: 'number',
    sentence: 'angle by which the axes of the strain are turned, from x to y',
    range: range(-1e4, 1e4, 0),
    unit: 'degrees',
    value: 'degrees',
    of: ['strain'],
  },
} as const satisfies Parameters;

/** Rows of one analysis. */
export const rowsOfAnalysis = (analysis: AnalysisName): Parameters =>
  Object.fromEntries(Object.entries(analysisRows).filter(([, { of }]) => (of as readonly string[]).includes(analysis)));

/** Parameters of a run over a scan and of its files; they are the flags of `ewald run`. */
export const scanRunRows = {
  output: {
    kind: 'text',
    short: 'o',
    sentence: 'results: .npy (one file each), .h5 (all in one), .csv (one row per scan position)',
    usual: '',
    value: 'file',
  },
  png: {
    kind: 'text',
    sentence: 'images of the results, with colours suitable for colour-blind readers',
    usual: '',
    value: 'file',
  },
  channels: {
    kind: 'texts',
    sentence: 'only this result of an analysis; may be repeated',
    usual: 'all',
    flag: 'channel',
    value: 'name',
  },
  force: { kind: 'boolean', sentence: 'replaces existing files; never an input' },
  udfs: {
    kind: 'texts',
    sentence: 'a module that exports UDFs (.mjs, .js; .ts if Node supports it); may be repeated',
    type: 'readonly AnyUdf[]',
    usual: '',
    flag: 'udf',
    value: 'file',
  },
  roi: {
    kind: 'text',
    sentence: 'y,x or y0:y1,x0:x1 of the scan, or a .npy file of it',
    type: 'Roi',
    usual: 'the whole scan',
    value: 'region',
  },
  syncOffset: {
    kind: 'integer',
    sentence: 'first frame of the file that belongs to the scan; if negative, that many positions have no frame',
    range: range(-(2 ** 31), 2 ** 31, 0),
    unit: 'frames',
    value: 'frames',
  },
  dark: { kind: 'text', sentence: 'dark frame to subtract', usual: '', value: 'file.npy' },
  gain: { kind: 'text', sentence: 'gain factor applied after that', usual: '', value: 'file.npy' },
  excludedPixels: {
    kind: 'text',
    sentence: 'nonzero where a pixel has no count; it gets the mean of its neighbours',
    usual: '',
    value: 'file.npy',
  },
  plots: { kind: 'boolean', sentence: 'shows partial results on standard error' },
} as const satisfies Parameters;

/** Languages of a user-defined function; all but `js` compile to a WebAssembly module. */
export const udfLanguages = ['js', 'c', 'rust', 'as'] as const;

/** Parameters of a new project for a user-defined function. */
export const newUdfRows = {
  language: {
    kind: 'choice',
    sentence: 'JavaScript, or a language that compiles to WebAssembly: C, Rust or AssemblyScript',
    choices: udfLanguages,
    fallback: 'js',
  },
  folder: {
    kind: 'text',
    sentence: 'folder to create, which appears with all files or not at all',
    usual: 'the name of the function, in the current folder',
    value: 'dir',
  },
} as const satisfies Parameters;

/** The tables of this room, from which `npm run layout` writes types and README tables. */
export const tables = [
  {
    name: 'LiveParameters',
    about: 'Parameters of connections to detectors and of live scans.',
    rows: liveRows,
    loose: true,
    imports: ["import type { DetectorControl } from './acquisition/connection.js';"],
  },
  {
    name: 'AnalysisParameters',
    about: 'Parameters of analyses.',
    rows: analysisRows,
    imports: [
      "import type { ComParams } from './builtin/com.js';",
      "import type { MaskFactory } from './masks.js';",
      "import type { Roi } from './roi.js';",
    ],
  },
  { name: 'NewUdfParameters', about: 'Options of `newUdf`.', rows: newUdfRows },
] as const;
