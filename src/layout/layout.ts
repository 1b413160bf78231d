/**
 * The structures and the answer-changing constants that every wing shares, as data.
 *
 * `generate.ts` writes them out as cpp/include/generated/layout.h (read by C++ and CUDA) and as
 * wgsl/generated/layout.wgsl; TypeScript reads and writes the same bytes through `struct.ts`. What only changes the
 * speed (workgroup sizes, radices, streams) is not here: it belongs to each backend.
 *
 * Rules that make one layout right everywhere: members are u32, i32 or f32 only, sizes are multiples of 16 bytes,
 * padding is spelled out.
 */

import { numbers, peak, peaksDescriptor, peaksPanel, peaksParams } from './peaks.js';

/** The scalar types a shared structure may hold. */
export type Scalar = 'u32' | 'i32' | 'f32';

/** One member of a shared structure: name (camelCase), type and what it means, unit included. */
export interface Field {
  readonly name: string;
  readonly type: Scalar;
  readonly doc: string;
  /** An array of this many; absent for a single value. */
  readonly count?: number;
}

/** A shared structure: its fields in memory order. */
export interface Struct {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly Field[];
}

const u32 = (name: string, doc: string): Field => ({ name, type: 'u32', doc });
const f32 = (name: string, doc: string): Field => ({ name, type: 'f32', doc });

/** Parameters of one pi count. */
export const piParams: Struct = {
  name: 'PiParams',
  doc: 'One Monte Carlo count: which points of which Philox stream are thrown.',
  fields: [
    u32('seedLo', 'low half of the 64-bit seed, the first key word'),
    u32('seedHi', 'high half of the seed, the second key word'),
    u32('stream', 'independent stream, the third counter word'),
    u32('threads', 'host threads; 0 takes one a core'),
    u32('firstLo', 'index of the first point, low half'),
    u32('firstHi', 'index of the first point, high half'),
    u32('pointsLo', 'number of points, low half'),
    u32('pointsHi', 'number of points, high half'),
  ],
};

/** What fixes the memory of an indexer. */
export const indexerDescriptor: Struct = {
  name: 'IndexerDescriptor',
  doc: 'Sizes of an indexer: everything it allocates follows from these.',
  fields: [
    u32('maxSpots', 'spots of one image that are used; the lowest-resolution ones are kept'),
    u32('maxInputCells', 'known cells that one run may carry'),
    u32('maxOutputCells', 'cells returned an image'),
    u32('batch', 'images of one run'),
    u32('method', 'a Method'),
    u32('candidateVectors', 'candidate vectors kept a length; 0 takes the method default'),
    u32('maxSamplePoints', 'largest number of half-sphere points a run may ask for'),
    u32('maxAnglePoints', 'largest number of rotation angles a run may ask for'),
    u32('threads', 'host threads over the images of a batch; 0 takes one a core'),
    u32('redundant', '1: every vector of a cell serves as the sampled one, not one alone'),
    u32('debug', '1: the stages of the first image of a run stay readable'),
    u32('pad0', 'zero'),
  ],
};

/** What one run of an indexer may change. */
export const indexerParams: Struct = {
  name: 'IndexerParams',
  doc: 'Thresholds of one indexing run. Distances without a unit are in index units (periods of the lattice).',
  fields: [
    f32('lengthThreshold', 'cell vectors whose lengths differ by less share their samples, in angstrom'),
    f32('triml', 'lower trim of a distance'),
    f32('trimh', 'upper trim of a distance'),
    f32('delta', 'offset inside the logarithm of the trimmed distance'),
    f32('dist1', 'a spot this close to a plane of the sampled vector counts'),
    f32('dist3', 'a spot this close to a lattice node counts'),
    u32('minSpots', 'spots a vector refinement needs; 0 leaves the sampled vectors as they are'),
    u32('samplePoints', 'half-sphere points; 0 takes the method default'),
    u32('anglePoints', 'rotation angles; 0 takes the method default'),
    u32('maxCrystals', 'lattices looked for in an image'),
    u32('refinement', 'a Refinement'),
    f32('contraction', 'factor on the acceptance radius from round to round of the refinement'),
    f32(
      'maxDistance',
      'radius that ends the refinement: index units for ifss and ifse, 1/angstrom for ifssr and rotation',
    ),
    u32('refineMinSpots', 'spots a refinement round needs'),
    u32('refineIterations', 'most rounds of the refinement'),
    f32('acceptLog10', 'a lattice is accepted when log10 of its chance probability is at most this'),
  ],
};

/** One cell of the answer. */
export const indexedCell: Struct = {
  name: 'IndexedCell',
  doc: 'One found cell: real-space rows a, b, c in angstrom, laboratory frame, and how well it explains the spots.',
  fields: [
    f32('ax', 'a, x'),
    f32('ay', 'a, y'),
    f32('az', 'a, z'),
    f32('bx', 'b, x'),
    f32('by', 'b, y'),
    f32('bz', 'b, z'),
    f32('cx', 'c, x'),
    f32('cy', 'c, y'),
    f32('cz', 'c, z'),
    f32('score', 'merit of the cell; larger is better for fast, lower is better for exhaustive'),
    f32('log10Chance', 'log10 of the probability that spots without this lattice give an answer as good'),
    u32('indexedSpots', 'spots within the acceptance radius of a node'),
    u32('inputCell', 'which known cell it is'),
    u32('crystal', '0: a candidate only; k: the k-th accepted lattice'),
    f32('rmsResidual', 'root mean square distance of the indexed spots from their nodes, in 1/angstrom'),
    u32('pad0', 'zero'),
  ],
};

/** What is said of one image. */
export const imageResult: Struct = {
  name: 'ImageResult',
  doc: 'Summary of one image of a batch.',
  fields: [
    u32('cells', 'cells written for the image, accepted lattices first'),
    u32('crystals', 'accepted lattices'),
    u32('usedSpots', 'spots that took part'),
    u32('flags', 'ImageFlag bits'),
  ],
};

/** Sizes of the stages of one search. */
export const stageSummary: Struct = {
  name: 'StageSummary',
  doc: 'What the stages of one search hold: that of the first image of a run, its first effort, its first known cell.',
  fields: [
    f32('length', 'length of the sampled vector, angstrom; 0: no search was made'),
    u32('row', 'which row of the known cell that vector is'),
    u32('spots', 'lowest-resolution spots that the directions were counted on'),
    u32('directions', 'sampled directions of the half-sphere'),
    u32('picked', 'directions that were taken on'),
    u32('vectors', 'candidate vectors'),
    u32('angles', 'angles of a full turn in the cell search'),
    u32('hits', 'cells that the cell search kept'),
    u32('cells', 'cells that were refined'),
    u32('pad0', 'zero'),
    u32('pad1', 'zero'),
    u32('pad2', 'zero'),
  ],
};

/** A sampled direction that was taken on. */
export const stagePick: Struct = {
  name: 'StagePick',
  doc: 'A sampled direction that was taken on: fast in the order of directions, exhaustive best first.',
  fields: [
    u32('direction', 'its index on the spiral'),
    f32(
      'score',
      'fast: spots near its planes; exhaustive: mean distance less one more than their number, smaller is better',
    ),
    u32('pad0', 'zero'),
    u32('pad1', 'zero'),
  ],
};

/** A candidate vector. */
export const stageVector: Struct = {
  name: 'StageVector',
  doc: 'A candidate vector after its refinement, best first.',
  fields: [
    f32('x', 'angstrom, laboratory frame'),
    f32('y', 'angstrom'),
    f32('z', 'angstrom'),
    f32('score', 'fast: closeness to its planes, larger is better; exhaustive: zero'),
  ],
};

/** A cell of the cell search, before or after its refinement. */
export const stageCell: Struct = {
  name: 'StageCell',
  doc: 'A cell of the cell search, in its rank order.',
  fields: [
    ...['ax', 'ay', 'az', 'bx', 'by', 'bz', 'cx', 'cy', 'cz'].map((name) => f32(name, 'angstrom, laboratory frame')),
    f32('score', 'what ranks it: fast closeness, then merit; exhaustive the score, then the refined distance'),
    u32('count', 'spots near its nodes; zero once it is refined'),
    u32('pad0', 'zero'),
  ],
};

const eight = (name: string, doc: string): Field => ({ name, type: 'u32', doc, count: 8 });

/** What a transform plan transforms. */
export const fftDescriptor: Struct = {
  name: 'FftDescriptor',
  doc: 'A transform: axis 0 is the slowest of a C array. Strides and distances count elements (complex or real) of their side; a side whose strides are all 0 is contiguous in C order (in-place R2C: the last axis of the real side is padded to 2 (n / 2 + 1)).',
  fields: [
    u32('rank', '1 to 8'),
    u32('kind', 'an FftKind'),
    u32('precision', 'an FftPrecision'),
    u32('flags', 'FftFlag bits'),
    u32('axes', 'bit i: axis i is transformed; 0 takes all'),
    u32('reduced', 'the axis that r2c and c2r halve; it must be transformed'),
    u32('batch', 'transforms of a run; 0 is 1'),
    u32('threads', 'host threads; 0 takes one a core'),
    u32('inDistance', 'elements from one transform of the batch to the next, input side; 0 is one behind the other'),
    u32('outDistance', 'the same on the output side'),
    u32('tune', '0: choose by rule; other values force a choice'),
    u32('pad0', 'zero'),
    eight('shape', 'logical (real) lengths'),
    eight('axisKind', 'an FftAxisKind for each transformed axis of r2r'),
    eight('inStride', 'elements from one index of an axis to the next, input side'),
    eight('outStride', 'the same on the output side'),
    eight('inStart', 'index along an axis of the first element that the input side holds'),
    eight(
      'inCount',
      'elements along an axis that the input side holds, from inStart on and around; the others are zero; 0 is all',
    ),
    eight('outStart', 'the same on the output side'),
    eight('outCount', 'elements along an axis that the output side holds; the others are left out; 0 is all'),
  ],
};

/** Every shared structure, in the order the headers show them. */
export const structs: readonly Struct[] = [
  piParams,
  indexerDescriptor,
  indexerParams,
  indexedCell,
  imageResult,
  stageSummary,
  stagePick,
  stageVector,
  stageCell,
  fftDescriptor,
  peaksDescriptor,
  peaksPanel,
  peaksParams,
  peak,
];

/** Enumerations: the same numbers in every language. */
export const enums = {
  Number: numbers,
  Status: {
    ok: 0,
    invalidArgument: 1,
    outOfMemory: 2,
    limit: 3,
    noDevice: 4,
    driverTooOld: 5,
    deviceLost: 6,
    device: 7,
    internal: 8,
    /** Data does not follow its format. */
    damaged: 9,
  },
  Method: { fast: 0, exhaustive: 1, turbo: 2 },
  Refinement: { rotation: 0, raw: 1, ifss: 2, ifse: 3, ifssr: 4 },
  /**
   * Kinds of stage records: one StageSummary, u32 counts of the directions, StagePick, StageVector, StageCell found,
   * StageCell refined.
   */
  Stage: { summary: 0, counts: 1, picked: 2, vectors: 3, hits: 4, cells: 5 },
  ImageFlag: { tooFewSpots: 1, truncated: 2, nonFinite: 4, tooFar: 8 },
  /** c2r has input and output of r2c exchanged; realC2c has real input and a full complex output. */
  FftKind: { c2c: 0, r2c: 1, c2r: 2, realC2c: 3, r2r: 4 },
  FftPrecision: { f32: 0, f64: 1 },
  /** FFTW's REDFT00, 10, 01, 11 and RODFT00, 10, 01, 11, unnormalised. */
  FftAxisKind: { dct1: 0, dct2: 1, dct3: 2, dct4: 3, dst1: 4, dst2: 5, dst3: 6, dst4: 7 },
  /** Forward is the negative exponent; backward runs the inverse kinds. */
  FftDirection: { forward: 0, backward: 1 },
  /** Factor on a result: 1, 1/N or 1/sqrt(N). */
  FftScale: { none: 0, full: 1, symmetric: 2 },
  FftFlag: { inPlace: 1, userWorkspace: 2 },
  /** What chunks of detector data are packed with; cpp/data/README.md says what each one's arguments are. */
  Codec: {
    bitshuffleLz4: 0,
    bitshuffle: 1,
    lz4: 2,
    lz4Block: 3,
    shuffle: 4,
    lzf: 5,
    byteOffset: 6,
    packedMsb: 7,
    packedLsb: 8,
  },
} as const;

/** Constants that change an answer. Integers are u32, the others are float32 with the given value. */
export const constants = {
  /** Version of the C ABI; the loader refuses another. */
  abiVersion: 2,
  /** Philox4x32-10 (Salmon et al., SC11, table 2). */
  philoxM0: 0xd2511f53,
  philoxM1: 0xcd9e8d57,
  philoxW0: 0x9e3779b9,
  philoxW1: 0xbb67ae85,
  philoxRounds: 10,
} as const;
