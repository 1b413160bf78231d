/** Parameters of a run from frames to crystals: parameters of the search, sources of frames, and outputs. */

import { fewLimits, fewRule, indexerRanges, thresholdRanges } from '../compute/layout/indexing.js';
import { openRows } from '../frames/parameters.js';
import { levelRows } from '../frames/raw/level-rows.js';
import { fewRows } from '../indexing/few/parameters.js';
import { cellSearchRows, methods, minimumSpots } from '../indexing/parameters.js';
import { compatRow } from '../options/crystfel-flags.js';
import { sliceRows } from '../options/frame-slice.js';
import { grouped, type Parameters } from '../options/parameters.js';
import type { FinderName } from '../peaks/contract.js';
import { finderNames, finderRows } from '../peaks/parameters.js';
import { range } from '../util/range.js';
import { centreKinds } from './centre/kinds.js';
import { profileBins, profileFrames } from './profile/options.js';
import { limitsOf } from './reduce/limits.js';
import { shardOf } from './sources/selection.js';
import { parseIntegration } from './stages/integration-method.js';

/**
 * Where peaks are taken from instead of searching for them: the columns of CXI, a table of an HDF5 file, messages, or
 * what the analysis of a DECTRIS or Jungfraujoch detector sends with its images.
 */
export const listNames = ['cxi', 'hdf5', 'msgpack', 'stream'] as const;
export type ListName = (typeof listNames)[number];
/** Where the peaks of a run come from: a finder or a list. */
export type PeakSource = FinderName | ListName;

/** Whether peaks are taken from a list; otherwise they are searched for. */
export const isList = (finder: PeakSource): finder is ListName => (listNames as readonly string[]).includes(finder);

/** Parameters of the source of peaks. */
export const peakSourceRows = /* @__PURE__ */ grouped('peaks', {
  finder: {
    common: true,
    ...finderRows.finder,
    sentence: 'how peaks are found, or where they are taken from',
    choices: [...finderNames, ...listNames],
    crystfel: {
      program: 'indexamajig',
      fallback: 'zaef',
      differs: 'its default, zaef, finds fewer peaks at the threshold that suits peakfinder8',
    },
    of: ['detector frames'],
  },
  minRes: { ...finderRows.minRes, of: ['detector frames'] },
  maxRes: { ...finderRows.maxRes, of: ['detector frames'] },
  hdf5Peaks: {
    kind: 'text',
    sentence: 'group or table of the peaks',
    defaultText: 'peak_list of the geometry, or where the file has them',
    value: 'path',
    of: ['cxi', 'hdf5'],
  },
  halfPixelShift: {
    kind: 'boolean',
    sentence: 'adds half a pixel, since such lists count from the centre of the first pixel',
    off: 'do not add half a pixel: the lists count from the corner of the first pixel',
    fallback: true,
    of: listNames,
  },
  frameCentre: {
    group: 'geometry',
    kind: 'choice',
    sentence:
      'the centre of the beam in each frame: by the direct beam, the background about it, pairs of Friedel mates or few ' +
      'spots of the known cell, whatever of the first three tells it in frames of electrons (auto), or where the geometry ' +
      'has it (off)',
    choices: ['auto', ...centreKinds, 'off'],
    fallback: 'auto',
    of: ['detector frames', 'a stream as input'],
  },
  decodeOn: {
    kind: 'choice',
    sentence:
      'where frames packed by bitshuffle and LZ4 are decoded: by the device that finds their peaks where that is ' +
      'faster (auto) or wherever it can (device), or on the CPU (cores); the results are the same',
    choices: ['auto', 'device', 'cores'],
    fallback: 'auto',
    of: ['detector frames'],
  },
  revalidate: {
    kind: 'boolean',
    sentence: 'omits peaks on bad pixels and beyond minRes and maxRes',
    off: 'keep peaks on bad pixels and beyond --min-res and --max-res',
    fallback: true,
    of: listNames,
  },
} as const satisfies Parameters);

/** How spots are indexed. */
export const indexingRows = /* @__PURE__ */ grouped('cells and indexing', {
  method: {
    common: true,
    kind: 'choice',
    sentence: 'how lattices are looked for',
    choices: methods,
    defaultText: 'fast; few for 3 to 25 spots of primitive cells up to 6000 Å³',
    of: ['indexing'],
  },
  maxSpots: {
    kind: 'integer',
    sentence: 'most spots of a frame that take part, lowest resolution first',
    range: indexerRanges.maxSpots,
    of: ['indexing'],
  },
  multi: { common: true, kind: 'boolean', sentence: 'looks for several lattices in a frame', of: ['indexing'] },
} as const satisfies Parameters);

/** Thresholds of indexing that have flags. */
export const thresholdRows = /* @__PURE__ */ grouped('cells and indexing', {
  metric: {
    kind: 'choice',
    sentence: 'lengths and angles are fitted where that explains the spots better (free), or stay as known (held)',
    choices: ['free', 'held'],
    fallback: 'free',
    of: ['indexing'],
  },
  acceptLog10: {
    kind: 'number',
    sentence: 'a lattice is accepted when log10 of its chance probability is at most this',
    range: thresholdRanges.acceptLog10,
    flag: 'accept',
    of: ['indexing'],
  },
  ...fewRows,
} as const satisfies Parameters);

/** Parameters that select the frames to index and the lattices to accept. */
export const acceptanceRows = /* @__PURE__ */ grouped('cells and indexing', {
  useSaturated: {
    group: 'peaks',
    kind: 'boolean',
    sentence: 'uses peaks with pixels above max_adu of their panel',
    off: 'omit peaks with pixels above max_adu of their panel',
    fallback: true,
    crystfel: { program: 'indexamajig' },
    of: finderNames,
  },
  minPeaks: {
    common: true,
    kind: 'integer',
    sentence: 'frames with fewer peaks are no hits and are not indexed',
    range: range(0, 2 ** 20, minimumSpots),
    defaultText: `${minimumSpots}; ${fewLimits.leastSpots} with primitive cells up to ${fewRule.volumeA3} Å³`,
    crystfel: {
      program: 'indexamajig',
      fallback: 0,
      differs: 'its default of 0 counts every frame as a hit, so that there would be no hit rate',
    },
    of: ['detector frames', 'a stream as input'],
  },
  acceptBy: {
    kind: 'choice',
    sentence: "lattices are judged against chance, or by CrystFEL's rule",
    choices: ['chance', 'crystfel'],
    fallback: 'chance',
    of: ['the indexing of peaks'],
  },
  tolerance: {
    kind: 'numbers',
    count: 6,
    sentence: 'greatest deviations from the known cell: of a*, b* and c* in percent, of the angles in degrees',
    range: range(0, Number.POSITIVE_INFINITY, Number.NaN),
    fallback: [5, 5, 5, 1.5, 1.5, 1.5],
    value: 'list',
    crystfel: { program: 'indexamajig' },
    of: ["CrystFEL's rule"],
  },
} as const satisfies Parameters);

/** Lattices that an earlier run or another program has found. */
export const orientationRows = /* @__PURE__ */ grouped('cells and indexing', {
  orientations: {
    common: true,
    kind: 'text',
    sentence:
      'integrates again the crystals of this stream or list of orientations (.sol), by file and event, instead of a search ' +
      'for lattices; they are fitted to the peaks and judged by chance',
    more:
      'For another geometry, other radii or another resolution. The geometry is not refined. The known cell is that of the ' +
      'file unless one is given. CrystFEL: `--indexing=file` with `--fromfile-input-file`.',
    defaultText: '',
    value: 'file',
    of: ['the indexing of detector frames'],
  },
  asTheyAre: {
    kind: 'boolean',
    sentence: 'keeps the crystals of --orientations as they are, also in frames with few peaks',
    fallback: false,
    of: ['the indexing of detector frames'],
  },
} as const satisfies Parameters);

/** Prediction and integration of reflections. */
export const integrationRows = /* @__PURE__ */ grouped('integration', {
  integrate: {
    kind: 'boolean',
    sentence: 'predicts and integrates reflections; without it a run gives orientations and peaks alone',
    off: 'do not predict and integrate reflections: orientations and peaks only',
    fallback: true,
    of: ['detector frames'],
  },
  integration: {
    common: true,
    kind: 'text',
    sentence:
      'how reflections are integrated: rings, with -cen (moved to the spot), -sat (also saturated), -grad (plane)',
    fallback: 'rings-nocen',
    check: (what: string, method: unknown): unknown => parseIntegration(method as string, what),
    value: 'method',
    crystfel: { program: 'indexamajig', differs: 'prof2d is refused' },
    of: ['integration'],
  },
  intRadius: {
    common: true,
    kind: 'numbers',
    count: 3,
    rising: true,
    sentence: 'radii of integration: of a reflection, and between which its background lies',
    range: { low: 0, exclusive: true, high: 1e6, fallback: Number.NaN },
    unit: 'pixels',
    defaultText: 'from the first frames',
    crystfel: {
      program: 'indexamajig',
      fallback: '4,5,7',
      differs: 'its default of 4,5,7 is not appropriate for most experiments, as its manual says',
    },
    of: ['integration', 'zaef'],
  },
  pushRes: {
    common: true,
    kind: 'number',
    sentence: "predicts this far beyond the resolution of a crystal's own peaks; below 0: less far",
    range: range(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    unit: '1/nm',
    crystfel: { program: 'indexamajig' },
    of: ['integration'],
  },
  fixProfileRadius: {
    kind: 'number',
    sentence: 'the profile radius of every crystal; nodes within 1.7 of it of the Ewald sphere are predicted',
    range: { low: 0, exclusive: true, high: 1e12, fallback: Number.NaN },
    defaultText: "from each crystal's own peaks",
    unit: '1/m',
    crystfel: { program: 'indexamajig' },
    of: ['integration'],
  },
  overpredict: {
    kind: 'boolean',
    sentence: 'predicts nodes five times as far from the Ewald sphere: a buffer for programs that post-refine',
    crystfel: { program: 'indexamajig' },
    of: ['integration'],
  },
  highres: {
    common: true,
    kind: 'number',
    sentence: 'pixels beyond this resolution take no part, and nothing is predicted there',
    range: range(0.1, 1000, Number.NaN),
    defaultText: 'no limit',
    unit: 'angstrom',
    of: ['detector frames'],
  },
} as const satisfies Parameters);

/** Parameters of refining the geometry of a run before its frames are searched. */
export const refinementRows = /* @__PURE__ */ grouped('geometry', {
  refineGeometry: {
    common: true,
    kind: 'choice',
    sentence:
      'refines distance, shift and panels (auto), or distance and shift (detector), on the first crystals, and uses ' +
      'the result for all frames; nothing moves by less than three errors',
    choices: ['auto', 'detector', 'off'],
    fallback: 'auto',
    of: ['the indexing of detector frames'],
  },
  trustCell: {
    kind: 'boolean',
    sentence:
      'the known cell is right to 0.03 % and fixes the distance; without it its size may be wrong by 0.3 %, ' +
      'and the distance moves only if wide scattering angles tell it from the size',
    of: ['the indexing of detector frames'],
  },
} as const satisfies Parameters);

/** Parameters of searching frames, except those of the peak search, the cells and the thresholds. */
export const searchSettingRows = {
  ...peakSourceRows,
  ...indexingRows,
  ...acceptanceRows,
  ...integrationRows,
} as const satisfies Parameters;

/** Parameters of the source of frames. */
export const sourceRows = /* @__PURE__ */ grouped('input', {
  input: {
    common: true,
    kind: 'text',
    short: 'i',
    sentence: 'list of files of frames, one a line, where "file //3" is one frame of it; or a stream to index again',
    value: 'list',
    of: ['frames in files', 'a stream as input'],
  },
  prefix: {
    kind: 'text',
    short: 'x',
    sentence: 'put before each file of the list',
    of: ['a list of files (-i)'],
    mayBeEmpty: true,
  },
  zmqInput: {
    common: true,
    group: 'live',
    kind: 'text',
    sentence: 'takes frames as they come by ZeroMQ, such as tcp://host:5002, instead of files',
    value: 'address',
    of: ['frames by ZeroMQ'],
  },
  zmqSubscribe: {
    group: 'live',
    kind: 'texts',
    sentence: 'takes messages that begin so; several: repeat the flag',
    defaultText: 'all that are published',
    value: 'prefix',
    of: ['frames by ZeroMQ'],
    mayBeEmpty: true,
  },
  zmqRequest: {
    group: 'live',
    kind: 'text',
    sentence: 'asks for each frame with this message',
    of: ['frames by ZeroMQ'],
  },
  zmqPull: {
    group: 'live',
    kind: 'boolean',
    sentence: 'takes what is pushed, as DECTRIS detectors do (streams V1 and V2)',
    of: ['frames by ZeroMQ'],
  },
  geometry: {
    common: true,
    group: 'geometry',
    kind: 'text',
    short: 'g',
    sentence: 'CrystFEL .geom of the detector',
    defaultText: 'what the file itself says',
    value: 'file',
    of: ['detector frames', 'a stream as input'],
    neutral: true,
  },
  dataset: {
    common: true,
    kind: 'text',
    sentence: 'dataset of the frames in HDF5 files',
    defaultText: "the geometry's, or the file's own choice",
    value: 'path',
    of: ['detector frames'],
  },
  copyHeader: {
    kind: 'texts',
    sentence:
      "copies this field of each frame's header into the stream: a path in HDF5 files, a name in others; several: " +
      'repeat the flag',
    defaultText: '',
    value: 'field',
    crystfel: { program: 'indexamajig' },
    of: ['detector frames'],
  },
  thresholdChannel: { ...openRows.thresholdChannel, of: ['detector frames'] },
  constants: { ...openRows.constants, of: ['frames in files'] },
  energy: { ...openRows.energy, of: ['frames in files'], needs: ['constants'] },
  dark: { ...levelRows.dark, of: ['frames in files'] },
  gainMap: { ...levelRows.gainMap, of: ['frames in files'] },
  allowMissing: { ...openRows.allowMissing, of: ['frames in files'], neutral: true },
  checksums: { ...openRows.checksums, of: ['frames in files'], neutral: true },
  maxFrameBytes: { ...openRows.maxFrameBytes, of: ['frames in files'], neutral: true },
  allowOutside: {
    kind: 'boolean',
    sentence: 'opens files that lists, geometries and frames name wherever they are',
    defaultText:
      'in the folder of the file that names them; commands open what lists and geometries name on this machine',
    of: ['frames in files'],
    neutral: true,
  },
} as const satisfies Parameters);

/** Regions of frames, which `regions/region.ts` checks. */
export const regionRows = /* @__PURE__ */ grouped('analysis', {
  rois: {
    kind: 'texts',
    flag: 'roi',
    sentence:
      'sums, mean, maximum and centre of a region of each frame: NAME=ring:1.85:2.05 (2π/d in 1/Å), ' +
      'sector:1.0:2.0,30:60 (and degrees from +x to +y), rect:200:600,1500:1800 or circle:1034,1083,40 (fs, ss); ' +
      'several: repeat the flag',
    defaultText: '',
    value: 'region',
    of: ['detector frames'],
  },
} as const satisfies Parameters);

/** Parameters of a run whose declarations, checks and flags follow from their rows alone. */
export const ownRunRows = /* @__PURE__ */ grouped('input', {
  serialStart: {
    kind: 'integer',
    sentence: 'serial number of the first frame',
    range: range(0, 2 ** 31, 1),
    of: ['detector frames'],
  },
  follow: {
    common: true,
    group: 'live',
    kind: 'boolean',
    sentence: 'waits for more frames: of files that grow, and of new files in folders',
    more: 'Node only.',
    of: ['frames in files'],
  },
  noDataTimeout: {
    group: 'live',
    kind: 'number',
    sentence: 'a run that waits for frames ends after this long without any',
    more: 'Of files with `follow`.',
    range: range(0, 1e9, 60),
    unit: 's',
    crystfel: { program: 'indexamajig' },
    of: ['waiting for frames (--follow, --zmq-input)'],
    neutral: true,
  },
  firstFramesTimeoutS: {
    group: 'live',
    flag: 'first-frames-timeout',
    kind: 'number',
    sentence:
      'frames that are still arriving are collected for this long, from the first one, until there are enough to ' +
      'determine parameters, cell and geometry; the run then starts with those that there are',
    more: 'With `follow`, for frames received live, and for an iterable of inputs, which has no limit by default.',
    range: range(0, 1e9, 20),
    unit: 's',
    of: ['waiting for frames (--follow, --zmq-input)'],
    neutral: true,
  },
  maxMemory: {
    group: 'many cores',
    kind: 'bytes',
    sentence: 'memory of this process near which frames are searched one at a time, with a warning',
    range: range(2 ** 20, Number.MAX_SAFE_INTEGER, Number.NaN),
    unit: 'bytes',
    defaultText: "the machine's or container's",
    value: 'bytes',
    of: ['detector frames'],
    neutral: true,
  },
} as const satisfies Parameters);

/** Where the images of a run are on a chip, and maps of what was found there. */
export const gridRows = /* @__PURE__ */ grouped('input', {
  grid: {
    common: true,
    kind: 'text',
    sentence:
      'rows and columns of a chip that is scanned, such as 400x400; then ,serpentine; ,columns: along the columns; ' +
      ',first=N: number of the first image; ,repeat=K: images of each well',
    defaultText: '',
    value: 'grid',
    of: ['detector frames'],
  },
  gridFile: {
    kind: 'text',
    sentence: 'positions on a chip: a line "image x y" for the number of each image',
    defaultText: '',
    value: 'file',
    of: ['detector frames'],
  },
  gridFields: {
    kind: 'text',
    sentence: "fields of each frame's header that state its position on a chip, such as /motors/x,/motors/y",
    defaultText: '',
    value: 'x,y',
    of: ['detector frames'],
  },
  map: {
    group: 'output',
    kind: 'texts',
    sentence:
      'writes a map of the chip (--grid) as FILE.png or FILE.npy; QUANTITY=FILE: hits (default), indexed, spots, ' +
      'resolution, background, roi:NAME.FIELD; several: repeat the flag',
    defaultText: '',
    value: 'file',
    of: ['detector frames'],
    neutral: true,
  },
} as const satisfies Parameters);

/** Parameters that select the frames of a run, and how long it waits for more. */
export const runRows = /* @__PURE__ */ grouped('input', {
  ...ownRunRows,
  first: { ...sliceRows.first, sentence: 'the first frames only; --resume adds the others', of: ['frames in files'] },
  frames: { ...sliceRows.frames, of: ['frames in files'] },
  shard: {
    common: true,
    group: 'many cores',
    kind: 'text',
    sentence:
      'takes every n-th frame, the i-th first, counted from 1; ewald stream merge joins streams, ewald reduce files of hits',
    check: shardOf,
    value: 'i/n',
    of: ['frames in files'],
  },
  resume: {
    common: true,
    group: 'output',
    kind: 'boolean',
    sentence: 'continues the stream of a run that did not end; frames that could not be read are tried again',
    of: ['frames in files'],
    neutral: true,
  },
} as const satisfies Parameters);

/** The radial profile of every frame; `profile` of the library. `--profile` prints times, as in CrystFEL. */
export const profileRows = /* @__PURE__ */ grouped('output', {
  radialProfile: {
    common: true,
    kind: 'integer',
    sentence:
      'measures the radial profile of every frame, with background, ice and spots by shell, in this number of bins; ' +
      '0: bins of 0.01 1/Å, or of 1.5 pixels',
    range: { low: 0, high: profileBins.high, fallback: Number.NaN },
    bare: 0,
    defaultText: 'no profile',
    value: 'bins',
    of: ['detector frames'],
  },
  profileRange: {
    kind: 'text',
    sentence: 'lowest and highest q = 2 pi/d of the profile in 1/Å, such as 0.05:4.5',
    defaultText: 'from 0.05 to the corner of the detector',
    value: 'low:high',
    of: ['detector frames'],
    needs: ['radialProfile'],
  },
  profilePolarisation: {
    kind: 'text',
    sentence: 'polarisation for which the profile is corrected: horiz, vert, none, or FRACTION@ANGLE',
    defaultText: 'horiz, and none for electrons',
    value: 'how',
    of: ['detector frames'],
    needs: ['radialProfile'],
  },
  profileFrames: {
    kind: 'choice',
    sentence: 'which profiles --hdf5 holds: means of 100 frames, those of hits, or those of all frames',
    choices: profileFrames,
    fallback: 'mean',
    of: ['detector frames'],
    needs: ['radialProfile'],
    neutral: true,
  },
} as const satisfies Parameters);

/** The file of calibration data and the number of levels of groups, as in CrystFEL. */
export const milleDefaults = { file: 'mille-data.bin', levels: 99 } as const;

/** What a file of hits holds, and how it is packed. */
const keptRows = {
  keep: {
    common: true,
    kind: 'choice',
    sentence:
      'what the file of hits has: whole hits, or of them the pixels around peaks and predicted reflections (spots), ' +
      'the others marked as not measured; hits of which crystals explain less than half are whole',
    more:
      'spots needs a known cell and a geometry that no longer moves, and fixes both: what a better program would find between ' +
      'the spots is lost if the originals are.',
    choices: ['hits', 'spots'],
    fallback: 'hits',
    of: ['detector frames'],
    neutral: true,
  },
  margin: {
    kind: 'integer',
    sentence: 'pixels that are kept around each spot (--keep spots) beyond the outer radius of its background',
    range: range(2, 100, 2),
    unit: 'pixels',
    of: ['detector frames'],
    neutral: true,
  },
  proof: {
    common: true,
    kind: 'integer',
    sentence:
      'searches this number of hits, spread over the run, once more as they are in the file, and says what that did to ' +
      'intensities: biases with errors, in the file as well',
    range: { low: 1, high: 2 ** 20, fallback: Number.NaN },
    defaultText: 'no proof',
    of: ['the indexing of detector frames'],
    neutral: true,
  },
  acceptProof: {
    kind: 'text',
    sentence:
      'greatest values of a proof: bias in sigmas, noise as a factor of the variance, missing observations, merged ' +
      'intensities and lost crystals as shares; beyond them by two errors, the command ends with 1',
    defaultText: 'bias<.02, noise<1.03, missing<.15, merge<.01, lost<.02',
    check: (what: string, text: unknown): unknown => limitsOf(what, text as string),
    value: 'limits',
    of: ['the indexing of detector frames'],
    neutral: true,
  },
  blanks: {
    kind: 'number',
    sentence: 'share of the frames without hits that the file of hits has as well, for the background and hit rates',
    range: range(0, 1, 0),
    of: ['detector frames'],
    neutral: true,
  },
  codec: {
    kind: 'choice',
    sentence:
      'how the file of hits is packed: bitshuffle with LZ4 or Zstandard (Node 22.15), or gzip, which h5py and CrystFEL ' +
      'read without plugins',
    choices: ['bslz4', 'bszstd', 'gzip'],
    fallback: 'bslz4',
    of: ['detector frames'],
    neutral: true,
  },
} as const satisfies Parameters;

/** Parameters of the outputs of a run. */
export const sinkRows = /* @__PURE__ */ grouped('output', {
  output: {
    common: true,
    kind: 'text',
    short: 'o',
    sentence: 'writes a CrystFEL stream; - is standard output',
    value: 'stream',
    of: ['detector frames', 'a stream as input'],
    neutral: true,
  },
  nonHitsInStream: {
    kind: 'boolean',
    sentence: 'writes frames that are no hits to the stream as well',
    off: 'omit frames that are no hits from the stream',
    fallback: true,
    of: ['a stream (-o)'],
  },
  peaksInStream: {
    kind: 'boolean',
    sentence: 'writes the lists of peaks to the stream',
    off: 'omit the lists of peaks from the stream',
    fallback: true,
    crystfel: { program: 'indexamajig' },
    of: ['a stream (-o)'],
  },
  reflsInStream: {
    kind: 'boolean',
    sentence: 'writes the lists of reflections to the stream; without them it cannot be merged',
    off: 'omit the lists of reflections from the stream, which then cannot be merged',
    fallback: true,
    crystfel: { program: 'indexamajig' },
    of: ['a stream (-o)'],
  },
  html: {
    common: true,
    kind: 'text',
    sentence: 'writes a report with pictures: one page that needs nothing else',
    value: 'page',
    of: ['detector frames'],
    neutral: true,
  },
  hdf5: {
    common: true,
    kind: 'text',
    sentence: 'writes peaks, cells and reflections as HDF5',
    value: 'file',
    of: ['detector frames'],
    neutral: true,
  },
  hits: {
    common: true,
    kind: 'text',
    sentence:
      'writes the frames that are hits, bit for bit, to a file that is NXmx and CXI at once; its geometry beside it',
    value: 'file',
    of: ['detector frames'],
    neutral: true,
  },
  ...keptRows,
  sol: {
    kind: 'text',
    sentence: "writes orientations as CrystFEL's --indexing=file reads them",
    value: 'file',
    of: ['the indexing of detector frames'],
    neutral: true,
  },
  refinedGeometry: {
    group: 'geometry',
    kind: 'text',
    sentence: 'writes the geometry with distance and beam as the crystals say',
    value: 'geom',
    of: ['the indexing of detector frames'],
    neutral: true,
  },
  mille: {
    group: 'geometry',
    kind: 'boolean',
    sentence: "writes calibration data of the detector for Millepede-II, which CrystFEL's align_detector reads",
    crystfel: { program: 'indexamajig' },
    of: ['the indexing of detector frames'],
    neutral: true,
  },
  milleFile: {
    group: 'geometry',
    kind: 'text',
    sentence: 'the file of the calibration data (--mille)',
    fallback: milleDefaults.file,
    value: 'file',
    crystfel: { program: 'indexamajig' },
    of: ['the indexing of detector frames'],
    neutral: true,
  },
  maxMilleLevel: {
    group: 'geometry',
    kind: 'integer',
    sentence: 'calibration data allow groups down to this level to move; 0: the whole detector alone',
    range: range(0, milleDefaults.levels, milleDefaults.levels),
    crystfel: { program: 'indexamajig' },
    of: ['the indexing of detector frames'],
    neutral: true,
  },
  force: {
    common: true,
    kind: 'boolean',
    sentence: 'replaces files that ewald did not write, or a run that did not end',
    of: ['detector frames', 'a stream as input'],
    neutral: true,
  },
} as const satisfies Parameters);

/** Parameters of the command only: what it prints, and how. */
export const commandRows = /* @__PURE__ */ grouped('output', {
  compat: compatRow,
  profile: {
    kind: 'boolean',
    sentence: 'prints the time of each stage, and memory',
    of: ['detector frames', 'a stream as input'],
    neutral: true,
  },
  merge: {
    common: true,
    group: 'live',
    kind: 'text',
    sentence: 'keeps a running merge in this point group: CC1/2 and completeness so far',
    value: 'group',
    of: ['detector frames'],
    neutral: true,
  },
  // The goals of the running merge.
  wanted: {
    common: true,
    group: 'live',
    kind: 'texts',
    sentence:
      "a goal of --merge, such as 'CC1/2=.5@2.0A', 'complete=95%@2.0A', 'I/sigma=2@2.0A' or 'difference=5s': says when it " +
      'is reached; may be repeated',
    defaultText: '',
    value: 'goal',
    of: ['detector frames'],
    needs: ['merge'],
    neutral: true,
  },
  splitBy: {
    group: 'live',
    kind: 'text',
    sentence: 'field of --copy-header whose value is the data set of a frame in --merge: pump on and off',
    defaultText: '',
    value: 'field',
    of: ['detector frames'],
    needs: ['merge'],
    neutral: true,
  },
  json: {
    common: true,
    kind: 'boolean',
    sentence:
      'prints one JSON line per frame, {filename, event, serial, hit, peaks, crystals, ms, backends} or {filename, event, ' +
      'serial, error}, or per list, {input, spots, indexed, crystals, method, backend, ms} or {input, error}',
    neutral: true,
  },
  view: {
    common: true,
    group: 'live',
    kind: 'integer',
    sentence:
      'shows the run in your browser, on this port or a free one, and prints the address; at a terminal, the page ' +
      'remains after the run until Ctrl-C',
    range: { low: 0, high: 65535, fallback: 0 },
    bare: 0,
    defaultText: '',
    value: 'port',
    of: ['detector frames'],
    neutral: true,
  },
  stay: {
    group: 'live',
    kind: 'boolean',
    sentence: 'keeps the page of --view after the run',
    off: 'end the page of --view with the run, at a terminal, too',
    fallback: true,
    of: ['detector frames'],
    needs: ['view'],
    neutral: true,
  },
} as const satisfies Parameters);

/** Parameters of checking a geometry, and of the files written by the check. */
export const checkGeometryRows = {
  framesFile: {
    kind: 'text',
    sentence: 'frames that the geometry should fit',
    defaultText: '',
    flag: null,
  },
  dataset: { ...sourceRows.dataset, of: ['frames'] },
  checksums: { ...openRows.checksums, of: ['frames'] },
  allowOutside: {
    kind: 'boolean',
    sentence: 'opens masks that the geometry names wherever they are',
    defaultText: 'on this machine, and at no address',
    of: ['frames'],
  },
  svg: {
    kind: 'text',
    sentence: 'draws panels, their first pixels and directions, and resolution rings into this file',
    defaultText: '',
    value: 'file',
  },
  output: { kind: 'text', short: 'o', sentence: 'writes it as a .geom file', defaultText: '', value: 'geom' },
  force: { kind: 'boolean', sentence: 'replaces existing files; never an input' },
} as const satisfies Parameters;

/** Parameters of refining a geometry on the crystals of a stream. */
export const refineStreamRows = {
  geometry: {
    kind: 'text',
    short: 'g',
    sentence: 'the .geom file to refine',
    defaultText: "the stream's own",
    value: 'file',
  },
  cell: {
    kind: 'text',
    short: 'p',
    sentence: 'the known cell, as for ewald index',
    defaultText: "the stream's own",
    value: 'cell',
  },
  trustCell: refinementRows.trustCell,
  output: { kind: 'text', short: 'o', sentence: 'the .geom file to write', required: true, value: 'geom' },
  force: {
    kind: 'boolean',
    sentence: 'replaces an existing file, never an input; writes a geometry although the cell is doubtful',
  },
} as const satisfies Parameters;

/** What refines a geometry on the rings of a powder instead. */
export const refinePowderRows = {
  powder: {
    kind: 'text',
    sentence: 'refines on the rings of a powder, without crystals',
    more:
      'A calibrant (LaB6, CeO2, Si, Au), spacings in angstrom such as 3.1356,1.9201,1.6375, or a file with a cell; the ' +
      'input is frames, their sum, or a stream with peaks. A tilt is refined if it is determined.',
    defaultText: 'on crystals',
    value: 'rings',
  },
} as const satisfies Parameters;

/** Parameters of joining streams. */
export const joinStreamRows = {
  output: {
    kind: 'text',
    short: 'o',
    sentence: 'output file; - is standard output',
    required: true,
    value: 'stream',
  },
  force: {
    kind: 'boolean',
    sentence: 'replaces a file that ewald did not write; merges streams of different geometries or cells',
  },
} as const satisfies Parameters;

/** Parameters of drawing the chips of streams. */
export const mapStreamRows = {
  output: {
    kind: 'texts',
    short: 'o',
    sentence:
      'the map: FILE.png or FILE.npy, or QUANTITY=FILE with hits (default), indexed, spots, resolution, background, ' +
      'roi:NAME.FIELD; several: repeat the flag',
    required: true,
    value: 'file',
  },
  force: { kind: 'boolean', sentence: 'replaces files that ewald did not write; never an input' },
} as const satisfies Parameters;

/** Parameters of determining the cell of a run if it is unknown. */
export const unknownCellRows = /* @__PURE__ */ grouped('cells and indexing', {
  maxLengthA: { ...cellSearchRows.maxLengthA, of: ['an unknown cell'] },
} as const satisfies Parameters);

/** Parameters of the frames from which an unknown cell is determined. */
export const cellFrameRows = /* @__PURE__ */ grouped('cells and indexing', {
  images: {
    common: true,
    kind: 'integer',
    sentence: 'frames with enough peaks that take part',
    range: range(1, 1000, 30),
    of: ['detector frames'],
  },
  first: { ...sliceRows.first, of: ['detector frames'] },
  frames: { ...sliceRows.frames, of: ['detector frames'] },
} as const satisfies Parameters);

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  SearchParameters: searchSettingRows,
  RefinementParameters: refinementRows,
  // The stages of these are named by flags, and their sentences say as much.
  RunParameters: Object.fromEntries(Object.entries(ownRunRows).map(([name, { of: _, ...row }]) => [name, row])),
  CheckGeometryOptions: checkGeometryRows,
} as const;
