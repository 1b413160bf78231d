/** Parameters of the analyses and of a run over a scan. Names, meanings and defaults of analyses are LiberTEM's. */
import { sliceRows } from '../options/frame-slice.js';
import { grouped, type Parameters, typed } from '../options/parameters.js';
import type { AnyUdf } from '../udf/functions/udf.js';
import type { MaskFactory } from '../udf/pass/masks.js';
import type { Roi } from '../udf/scans/roi.js';
import { correlationRow, filterRows, refinementRow, scanRotationRange } from '../udf/shared-rows.js';
import { range } from '../util/range.js';
import type { ComParams } from './builtin/com.js';
import type { Calibration } from './calibrate/calibration.js';

/** The analyses by name: the method of a `Context` that makes each, and what it computes. */
export const knownAnalyses = {
  sum: { method: 'createSumAnalysis', sentence: 'sum of all frames' },
  sumsig: { method: 'createSumSigAnalysis', sentence: 'sum of each frame' },
  logsum: { method: 'createLogSumAnalysis', sentence: 'sum of logarithms' },
  stddev: { method: 'createStddevAnalysis', sentence: 'standard deviation, mean and variance of each pixel' },
  max: { method: 'createMaxAnalysis', sentence: 'largest count of each pixel in all frames' },
  min: { method: 'createMinAnalysis', sentence: 'smallest count of each pixel in all frames' },
  disk: { method: 'createDiskAnalysis', sentence: 'sum over a disk' },
  ring: { method: 'createRingAnalysis', sentence: 'sum over a ring' },
  point: { method: 'createPointAnalysis', sentence: 'one pixel of each frame' },
  com: { method: 'createComAnalysis', sentence: 'centre of mass' },
  'radial-fourier': { method: 'createRadialFourierAnalysis', sentence: 'how many-fold rings are' },
  'radial-bins': { method: 'createRadialBinsAnalysis', sentence: 'sums over rings of equal width' },
  polar: {
    method: 'createPolarAnalysis',
    sentence: 'polar transform of the mean, radial mean and variance of each frame',
  },
  fem: { method: 'createFemAnalysis', sentence: 'standard deviation on a ring' },
  crystallinity: {
    method: 'createCrystallinityAnalysis',
    sentence: 'spectral weight on a ring, after a disk is taken out',
  },
  cluster: { method: 'createClusterAnalysis', sentence: 'regions of frames that are alike' },
  pick: { method: 'createPickAnalysis', sentence: 'one frame' },
  'pick-fft': { method: 'createPickFftAnalysis', sentence: 'the spectrum F of one frame as |F|' },
  'fft-sum': {
    method: 'createFftSumAnalysis',
    sentence: 'the spectrum F of the sum, after a disk is taken out, as log(|F| + 1) and complex',
  },
  masks: { method: 'createMaskAnalysis', sentence: 'sums under masks of your own' },
  disks: { method: 'createDisksAnalysis', sentence: 'positions of diffraction disks' },
  strain: { method: 'createStrainAnalysis', sentence: 'strain of the lattice through the disks' },
  bragg: {
    method: 'createBraggAnalysis',
    sentence: 'Bragg vector map: the disks of every frame, relative to the direct beam',
  },
  ssb: { method: 'createSsbAnalysis', sentence: 'single side band ptychography' },
  holo: { method: 'createHolographyAnalysis', sentence: 'waves of off-axis holograms' },
  icom: { method: 'createIcomAnalysis', sentence: 'integrated centres of mass' },
} as const;
export type AnalysisName = keyof typeof knownAnalyses;

const rings = ['ring', 'radial-fourier', 'radial-bins', 'polar', 'fem', 'crystallinity', 'cluster'] as const;
const centred = ['disk', ...rings, 'com', 'icom', 'fft-sum', 'ssb', 'bragg'] as const;
const coms = ['com', 'icom'] as const;
const picks = ['pick', 'pick-fft'] as const;
const ofDisks = ['disks', 'strain'] as const;
const withBragg = [...ofDisks, 'bragg'] as const;
const unbounded = range(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN);
const length = range(0, 1e6, Number.NaN);
const pixels = { kind: 'number', range: length, unit: 'pixels', value: 'px' } as const;
const disk = { ...pixels, short: 'r', flag: 'radius' } as const;
const coordinate = { ...pixels, range: unbounded, defaultText: 'half the size, rounded down' } as const;
const vector = {
  kind: 'numbers',
  count: 2,
  range: unbounded,
  unit: 'pixels',
  defaultText: 'from the sum',
  value: 'y,x',
  of: ['strain'],
} as const;
const perAngstrom = { unit: '1/Å', defaultText: 'no filter', value: '1/Å' } as const;
const angle = { kind: 'number', unit: 'degrees', value: 'degrees' } as const;
const file = { kind: 'text', defaultText: '', value: 'file.npy' } as const;

/**
 * Parameters of analyses; `of` lists those that use a parameter. A pixel has to be inside the frame, and a
 * centre but that of disk, ring, com and icom, whose disk or ring has to reach it.
 */
export const analysisRows = /* @__PURE__ */ grouped('analysis', {
  cx: { ...coordinate, sentence: 'centre along x', of: centred },
  cy: { ...coordinate, sentence: 'centre along y', of: centred },
  x: { ...coordinate, short: 'x', sentence: 'the pixel along x, rounded', of: ['point'] },
  y: { ...coordinate, short: 'y', sentence: 'the pixel along y, rounded', of: ['point'] },
  r: {
    ...disk,
    sentence: 'radius',
    defaultText:
      'what the disk of the calibration reaches; without one, disk: 0.15 of the shorter side, com: the whole frame',
    of: ['disk'],
  },
  maskRadius: {
    ...disk,
    sentence: 'radius of the disk that is used',
    defaultText: 'what the disk of the calibration reaches; the whole frame without one',
    of: coms,
  },
  radius: {
    ...disk,
    sentence: 'radius of the disk that is taken out',
    defaultText: '0',
    of: ['crystallinity', 'fft-sum'],
  },
  diskRadius: {
    ...disk,
    sentence: 'radius of diffraction disks',
    defaultText: 'that of the calibration; without one that of the direct beam in the sum',
    of: withBragg,
  },
  ri: {
    ...pixels,
    sentence: 'inner radius',
    defaultText:
      'ring: what the disk of the calibration reaches, 0.4 of the shorter side without one; others: by the analysis',
    of: rings,
  },
  maskRadiusInner: {
    ...pixels,
    sentence: 'inner radius: the centre of mass is that of a ring, without the disk inside it, as in LiberTEM',
    defaultText: '0',
    flag: 'ri',
    of: coms,
  },
  ro: { ...pixels, sentence: 'outer radius', defaultText: 'half of the shorter side', of: rings },
  scanRotation: {
    ...angle,
    sentence: 'angle between detector and scan',
    range: scanRotationRange,
    of: [...coms, 'ssb'],
  },
  flipY: { kind: 'boolean', sentence: "inverts the detector's y axis", of: [...coms, 'ssb'] },
  regression: {
    kind: 'choice',
    sentence: "trend that is subtracted, where -1, 0 and 1 are LiberTEM's numbers",
    choices: ['none', 'mean', 'plane', 'calibrated', '-1', '0', '1'],
    more: "calibrated: the calibration's descan, and the constant field that looks like it.",
    type: typed<ComParams['regression'] | 'none' | 'mean' | 'plane' | 'calibrated'>(
      "ComParams['regression'] | 'none' | 'mean' | 'plane' | 'calibrated'",
    ),
    defaultText: 'com: none; icom: mean',
    value: 'trend',
    of: coms,
  },
  nBins: {
    kind: 'integer',
    sentence: 'rings, or radii',
    range: range(1, 4096, 1),
    defaultText: 'radial-fourier: 1; radial-bins, polar: one per pixel',
    of: ['radial-fourier', 'radial-bins', 'polar'],
  },
  nAnnular: {
    kind: 'integer',
    sentence: 'azimuths of a full turn, as in PolarDatacube of py4DSTEM',
    range: range(1, 4096, 180),
    of: ['polar'],
  },
  maxOrder: { kind: 'integer', sentence: 'highest Fourier order', range: range(0, 1024, 24), of: ['radial-fourier'] },
  normalize: {
    kind: 'boolean',
    sentence: 'divides each sum by the weight of its ring',
    flag: null,
    of: ['radial-bins'],
  },
  clusters: { kind: 'integer', sentence: 'number of regions', range: range(1, 2 ** 31, 20), of: ['cluster'] },
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
    defaultText: 'the first',
    value: 'y,x',
    of: picks,
  },
  factories: {
    kind: 'texts',
    sentence:
      'functions that create masks; in the command .npy, TIFF or PNG files with a mask [y, x], or several [masks, y, x]; white (255) is 1 in a picture of black and white',
    type: typed<readonly MaskFactory[]>('readonly MaskFactory[]'),
    required: true,
    flag: 'mask',
    value: 'file.npy',
    of: ['masks'],
  },
  useSparse: {
    kind: 'boolean',
    sentence: 'multiplies by sparse matrices',
    type: typed<boolean | 'auto'>("boolean | 'auto'"),
    defaultText: 'by the number of zeros',
    flag: null,
    of: ['masks', 'radial-fourier'],
  },
  shifts: {
    kind: 'numbers',
    sentence: 'shift (dy, dx) of the masks in pixels, or one for each scan position',
    type: typed<readonly [number, number] | ArrayLike<number>>('readonly [number, number] | ArrayLike<number>'),
    defaultText: '',
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
    of: withBragg,
  },
  radiusOuter: {
    ...pixels,
    sentence: 'outer radius of the ring that the pattern subtracts',
    defaultText: '1.5 radii',
    of: withBragg,
  },
  search: {
    ...pixels,
    sentence: 'half the side of the square in which a disk is searched',
    range: range(0, 1024, Number.NaN),
    defaultText: '2 radii, and at least the outer radius',
    of: withBragg,
  },
  template: {
    kind: 'text',
    sentence: 'the pattern user: an image { data, shape }; in the command a .npy, TIFF or PNG file [y, x]',
    type: typed<{ readonly data: ArrayLike<number>; readonly shape: readonly [number, number] }>(
      '{ readonly data: ArrayLike<number>; readonly shape: readonly [number, number] }',
    ),
    defaultText: '',
    value: 'file.npy',
    of: withBragg,
  },
  correlation: {
    ...correlationRow,
    sentence: 'correlates a crop around each disk (fast) or whole frames (full)',
    of: ofDisks,
  },
  refine: {
    ...refinementRow,
    sentence: "refines maxima by a parabola, by blobfinder's centre of mass (com), or by upsampling (dft)",
    more: 'The parabola has the smallest errors; upsampling takes 11 times as long.',
    of: ofDisks,
  },
  numPeaks: {
    kind: 'integer',
    sentence: 'largest number of disks that are searched in the sum',
    range: range(1, 65536, 25),
    of: withBragg,
  },
  peakDistance: {
    kind: 'integer',
    sentence: 'smallest distance between these disks, and to the edge',
    range: range(1, 65536, Number.NaN),
    unit: 'pixels',
    defaultText: 'the radius',
    value: 'px',
    of: withBragg,
  },
  minHeight: {
    kind: 'number',
    sentence:
      'smallest height of these disks above the median of the correlation, relative to the highest; noise is usually ' +
      'below 0.1',
    range: range(0, 1, 0.1),
    of: withBragg,
  },
  positions: {
    kind: 'numbers',
    sentence: 'expected positions of the disks, instead of those found in the sum',
    type: typed<ArrayLike<number>>('ArrayLike<number>'),
    range: range(-(2 ** 20), 2 ** 20, Number.NaN),
    unit: 'pixels',
    defaultText: 'found in the sum',
    value: 'y,x,y,x,…',
    of: ofDisks,
  },
  sampling: {
    kind: 'number',
    sentence: 'pixels of the map for one of the frames, as in py4DSTEM',
    range: range(0.1, 16, 1),
    of: ['bragg'],
  },
  zero: { ...vector, sentence: 'position of the direct beam, from which a and b span the lattice' },
  a: { ...vector, sentence: 'first lattice vector' },
  b: { ...vector, sentence: 'second lattice vector' },
  tolerance: {
    kind: 'number',
    sentence: 'largest distance of a disk from its lattice point, divided by the root of its index',
    range: range(0, 1e6, 3, { exclusive: true }),
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
    sentence: 'region without strain: y,x or y0:y1,x0:x1 of the scan, or a .npy, TIFF or PNG file of it',
    type: typed<Roi>('Roi'),
    defaultText: 'the whole scan',
    value: 'region',
    of: ['strain'],
  },
  axesRotation: {
    ...angle,
    sentence: 'angle by which the axes of the strain are turned, from x to y',
    range: range(-1e4, 1e4, 0),
    of: ['strain'],
  },
  decomposition: {
    kind: 'choice',
    sentence: 'how strain is separated from rotation',
    choices: ['polar', 'linear'],
    fallback: 'polar',
    more: 'polar is exact. linear, 1 − β as in py4DSTEM, is of first order, and reads a rotation of 8 degrees as a strain of 1 %.',
    of: ['strain'],
  },
  calibration: {
    kind: 'text',
    sentence: 'result of ctx.calibrate, or a file of ewald calibrate, for the options that are not given',
    more:
      'It gives the centre, the radius of disks, bragg, strain and ssb, to disk, ring, com and icom what the disk ' +
      'reaches wherever descan moves it (radius, edge and half of the span), scale and distortion of polar and bragg, ' +
      'descan of bragg, the rotation where it is certain, the optics of ssb and the step for filters of icom; and to ' +
      'all which pixels have no count: hot, dead, in gaps, behind the beam stop. They take part in nothing. Sums ' +
      'under masks give them the mean of the others under the mask (disk, ring, point, masks, radial-bins, ' +
      'radial-fourier, sumsig), com, icom, fem, polar, cluster and ssb use the others, images of the detector are NaN ' +
      'there, and frames that are transformed or correlated have the mean of the neighbours there. pick copies frames ' +
      'as they are.',
    type: typed<Calibration>('Calibration'),
    defaultText: '',
    value: 'file.json',
    of: [
      ...centred,
      ...ofDisks,
      ...(['sum', 'sumsig', 'logsum', 'stddev', 'max', 'min', 'point', 'pick-fft', 'masks', 'holo'] as const),
    ],
  },
  mirrored: {
    kind: 'boolean',
    sentence: 'mirrors the shifts at the edges of the scan, so that they need not be periodic',
    off: 'treats the shifts as periodic',
    fallback: true,
    of: ['icom'],
  },
  qLowpass: {
    ...filterRows.qLowpass,
    sentence: 'frequency of a low pass at half of its height, as in DPC of py4DSTEM',
    ...perAngstrom,
    of: ['icom'],
  },
  qHighpass: {
    ...filterRows.qHighpass,
    sentence: 'frequency of a high pass at half of its height, which removes what varies slowly over the scan',
    ...perAngstrom,
    of: ['icom'],
  },
  butterworthOrder: {
    ...filterRows.butterworthOrder,
    sentence: 'order n of these filters, 1 / (1 + (q / q₀)²ⁿ)',
    of: ['icom'],
  },
  voltage: {
    kind: 'number',
    sentence: 'acceleration voltage',
    range: range(0.001, 3000, Number.NaN),
    unit: 'kV',
    defaultText: 'that of the calibration; required without one',
    value: 'kV',
    of: ['ssb'],
  },
  dpix: {
    kind: 'number',
    sentence: 'step of the scan',
    range: range(1e-6, 1e6, Number.NaN),
    unit: 'nm',
    defaultText: 'that of the calibration; required without one, in icom by filters only',
    value: 'nm',
    of: ['icom', 'ssb'],
  },
  semiconv: {
    kind: 'number',
    sentence: 'convergence semi-angle',
    range: range(0, 1500, Number.NaN, { exclusive: true }),
    unit: 'mrad',
    defaultText: 'that of the calibration; required without one',
    value: 'mrad',
    of: ['ssb'],
  },
  semiconvPix: {
    kind: 'number',
    sentence: 'radius of the central disk on the detector',
    range: range(0.5, 1e5, Number.NaN),
    unit: 'pixels',
    defaultText: 'that of the calibration; required without one',
    value: 'px',
    of: ['ssb'],
  },
  cutoff: {
    kind: 'number',
    sentence: 'smallest sum of weights of an overlap that is used',
    range: range(0, 1e9, 1),
    of: ['ssb'],
  },
  sbPosition: {
    kind: 'integers',
    sentence: 'side band: minus its index in the spectrum with frequency 0 in the corner, as in LiberTEM-holo',
    count: 2,
    range: range(-65536, 65536, Number.NaN),
    defaultText: 'the brightest of the sum',
    value: 'y,x',
    of: ['holo'],
  },
  sideband: {
    kind: 'choice',
    sentence: 'half of the spectrum in which the side band is searched',
    choices: ['lower', 'upper'],
    fallback: 'lower',
    of: ['holo'],
  },
  apertureRadius: {
    kind: 'number',
    sentence: 'radius of the aperture around the side band, in pixels of the spectrum',
    range: range(0.5, 1e6, Number.NaN),
    defaultText: 'half the distance of the side band',
    value: 'px',
    of: ['holo'],
  },
  apertureOrder: {
    kind: 'number',
    sentence: 'order of a Butterworth aperture; without it, the aperture is a disk',
    range: range(0.5, 1000, Number.NaN),
    defaultText: '',
    of: ['holo'],
  },
  outShape: {
    kind: 'integers',
    sentence: 'height and width of the waves',
    count: 2,
    range: range(1, 65536, Number.NaN),
    unit: 'pixels',
    defaultText: 'those of the frames',
    value: 'y,x',
    of: ['holo'],
  },
  normalised: {
    kind: 'boolean',
    sentence: "keeps the amplitude of waves smaller than the frames; LiberTEM-holo's grows by the ratio of pixels",
    of: ['holo'],
  },
} as const satisfies Parameters);

/** Rows of one analysis. */
export const rowsOfAnalysis = (analysis: AnalysisName): Parameters =>
  Object.fromEntries(Object.entries(analysisRows).filter(([, { of }]) => (of as readonly string[]).includes(analysis)));

/** Parameters of a run over a scan and of its files; they are the flags of `ewald run`. */
export const scanRunRows = /* @__PURE__ */ grouped('output', {
  output: {
    common: true,
    kind: 'text',
    short: 'o',
    sentence:
      'results: .npy (of several, one file each: out-x.npy, …), .h5 or .zarr (all in one), .tif (an image each, float32), ' +
      '.csv (one row per scan position, or per detector pixel of an image of the detector), or - for one as .npy on ' +
      'standard output',
    defaultText: '',
    value: 'file',
  },
  png: {
    common: true,
    kind: 'text',
    sentence:
      'images of the results: numbers in colours for colour-blind readers, vectors by hue; with more than 2560 values on ' +
      'a side, the greatest of each block',
    defaultText: '',
    value: 'file',
  },
  html: {
    common: true,
    kind: 'text',
    sentence: 'one page of the results that opens without a server: pictures, values, profiles, and the numbers',
    defaultText: '',
    value: 'file',
  },
  htmlMb: {
    kind: 'number',
    sentence: 'largest size of the page of --html: larger results are rounded to 4 bytes a number, then left out',
    range: range(1, 1000, 20),
    unit: '10⁶ bytes',
    value: 'MB',
    needs: ['html'],
  },
  channels: {
    kind: 'texts',
    sentence: 'only this result of an analysis; may be repeated',
    defaultText: 'all',
    flag: 'channel',
    value: 'name',
  },
  force: { common: true, kind: 'boolean', sentence: 'replaces existing files; never an input' },
  udfs: {
    common: true,
    group: 'analysis',
    kind: 'texts',
    sentence: 'a module that exports UDFs (.mjs, .js; .ts if Node supports it); may be repeated',
    type: typed<readonly AnyUdf[]>('readonly AnyUdf[]'),
    defaultText: '',
    flag: 'udf',
    value: 'file',
  },
  params: {
    common: true,
    group: 'analysis',
    kind: 'texts',
    sentence: 'sets a parameter of the UDFs, of the type that they declare; may be repeated',
    defaultText: 'as declared',
    flag: 'param',
    value: 'name=value',
    needs: ['udfs'],
  },
  roi: {
    common: true,
    group: 'input',
    kind: 'text',
    sentence: 'y,x or y0:y1,x0:x1 of the scan, or a .npy, TIFF or PNG file of it',
    type: typed<Roi>('Roi'),
    defaultText: 'the whole scan',
    value: 'region',
  },
  ...sliceRows,
  syncOffset: {
    group: 'input',
    kind: 'integer',
    sentence: 'first frame of the file that belongs to the scan; if negative, that many positions have no frame',
    range: range(-(2 ** 31), 2 ** 31, 0),
    unit: 'frames',
    value: 'frames',
  },
  fileMask: {
    group: 'input',
    kind: 'boolean',
    sentence: "excludes the pixels that the file's own mask marks as bad; otherwise a warning mentions the mask",
  },
  fileDark: {
    group: 'input',
    kind: 'boolean',
    sentence: 'subtracts the mean of the dark frames that the file has (FRMS6); otherwise a warning mentions them',
  },
  keepNoCount: {
    group: 'input',
    kind: 'boolean',
    sentence:
      'treats values that the file declares to be no counts (ewald info) as counts; otherwise they are left out',
  },
  dark: {
    common: true,
    group: 'input',
    ...file,
    sentence: 'dark frame to subtract',
  },
  gain: {
    flag: 'gain-map',
    common: true,
    group: 'input',
    ...file,
    sentence: 'gain factor applied after that',
  },
  excludedPixels: {
    ...file,
    group: 'input',
    sentence: 'nonzero where a pixel has no count; it gets the mean of its neighbours',
  },
  record: {
    ...file,
    sentence: 'writes the frames to this file while they are processed; if a live scan ends early, those received',
  },
  plots: { group: 'live', kind: 'boolean', sentence: 'shows partial results on standard error' },
  view: {
    common: true,
    group: 'live',
    kind: 'integer',
    sentence:
      'shows the growing results in your browser, on this port or a free one, and prints the address; at a terminal, ' +
      'the page remains after the run until Ctrl-C',
    range: { low: 0, high: 65535, fallback: 0 },
    bare: 0,
    defaultText: '',
    value: 'port',
  },
} as const satisfies Parameters);

/** Parameters of the calibration of a scan. */
export const calibrateRows = {
  first: { ...sliceRows.first, sentence: 'calibrates the first frames only, whole rows of the scan' },
  frames: {
    ...sliceRows.frames,
    sentence: 'calibrates these frames only, whole rows of the scan, counted from 0: first:end',
    value: 'first:end',
  },
  semiconv: {
    ...analysisRows.semiconv,
    common: true,
    sentence: 'convergence semi-angle, for mrad a pixel and ssb',
    defaultText: 'what the file says, if anything',
    of: undefined,
  },
  voltage: {
    ...analysisRows.voltage,
    common: true,
    sentence: 'acceleration voltage, for ssb',
    defaultText: 'what the file says, if anything',
    of: undefined,
  },
  dpix: {
    ...analysisRows.dpix,
    sentence: 'step of the scan, for ssb',
    defaultText: 'what the file says, if anything',
    of: undefined,
  },
  rings: {
    common: true,
    group: 'analysis',
    kind: 'numbers',
    sentence: 'lattice spacings of a known powder, whose rings give the size of a pixel; at least three',
    range: range(0.001, 1000, Number.NaN),
    unit: 'nm',
    defaultText: 'none',
    value: 'nm,…',
  },
  lattice: {
    group: 'analysis',
    kind: 'numbers',
    sentence: 'spacings of a known crystal whose two vectors span the pattern, and the angle between these',
    range: range(0.001, 1000, Number.NaN),
    unit: 'nm, nm, degrees',
    defaultText: 'none',
    value: 'nm,nm,degrees',
  },
} as const satisfies Parameters;

/** Languages of a new user-defined function; `as` (AssemblyScript) compiles to a WebAssembly module. */
export const udfLanguages = ['js', 'as'] as const;

/** Parameters of a new project for a user-defined function. */
export const newUdfRows = {
  language: {
    kind: 'choice',
    sentence: 'JavaScript, or AssemblyScript, which compiles to WebAssembly',
    choices: udfLanguages,
    fallback: 'js',
  },
  folder: {
    kind: 'text',
    sentence: 'folder to create, which appears with all files or not at all',
    defaultText: 'the name of the function, in the current folder',
    value: 'dir',
  },
} as const satisfies Parameters;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  AnalysisParameters: analysisRows,
  NewUdfParameters: newUdfRows,
} as const;
