/** The room of indexing: structures, enumerations, ranges and defaults. Constants of the search are in search.ts. */
import { type Range, range, threadRange } from '../../util/range.js';
import { f32, type Struct, u32 } from './struct.js';

/** The sizes that determine the memory of an indexer. */
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
    u32('efforts', 'fast and turbo: efforts of a search at most; 0 takes all of the method'),
  ],
};

/** The parameters of one run of an indexer. */
export const indexerParams: Struct = {
  name: 'IndexerParams',
  doc: 'Thresholds of one indexing run. Distances without a unit are in index units (periods of the lattice).',
  fields: [
    f32('lengthThreshold', 'cell vectors whose lengths differ by less share their samples, in angstrom'),
    f32('trimLow', 'lower trim of a distance'),
    f32('trimHigh', 'upper trim of a distance'),
    f32('delta', 'offset inside the logarithm of the trimmed distance'),
    f32('planeDistance', 'a spot this close to a plane of the sampled vector counts'),
    f32('nodeDistance', 'a spot this close to a lattice node counts'),
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

/** One cell of the result. */
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
    u32(
      'rivalOf',
      '0, or k where the names of the axes of the k-th accepted lattice are undecided: it, and its rivals; with few ' +
        'spots: where its labels are, and with otherHand added, where its hand is: it, and the lattice of the other hand',
    ),
  ],
};

/** The result of one image. */
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

/** The parameters of one run over few spots of small cells. */
export const fewParams: Struct = {
  name: 'FewParams',
  doc: 'How far spots are from their nodes, as standard deviations, and what a run over few spots accepts.',
  fields: [
    f32('spotError', 'of a spot across the beam, near it, in 1/angstrom'),
    f32('bandwidth', 'of the wavelength, relative'),
    f32('mosaicity', 'of the orientation within a crystal, in radian'),
    f32('inverseThickness', 'of a node along the beam, in 1/angstrom'),
    f32('acceptLog10', 'a lattice is accepted when log10 of its odds is at least minus this'),
    u32('maxCrystals', 'lattices looked for in an image'),
    u32('maxOutputCells', 'cells returned an image'),
    u32('maxSpots', 'spots of an image that are used; the lowest-resolution ones are kept'),
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

/** A sampled direction that was selected. */
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

export const indexingEnums = {
  Method: { fast: 0, exhaustive: 1, turbo: 2 },
  Refinement: { rotation: 0, raw: 1, ifss: 2, ifse: 3, ifssr: 4 },
  /**
   * Kinds of stage records: one StageSummary, u32 counts of the directions, StagePick, StageVector, StageCell found,
   * StageCell refined.
   */
  Stage: { summary: 0, counts: 1, picked: 2, vectors: 3, hits: 4, cells: 5 },
  ImageFlag: { tooFewSpots: 1, truncated: 2, nonFinite: 4, tooFar: 8, unsettled: 16, few: 32 },
  RivalFlag: { otherHand: 256 },
} as const;

/** Sizes of an indexer: the range of each field of its descriptor. */
export const indexerRanges = {
  maxSpots: range(6, 4096, 300),
  maxInputCells: range(1, 64, 1),
  maxOutputCells: range(1, 1024, 32),
  batch: range(1, 65536, 1),
  method: range(0, 2, indexingEnums.Method.fast),
  candidateVectors: range(1, 1024, 0, { zero: "the method's own" }),
  maxSamplePoints: range(1024, 2 ** 20, 65536),
  maxAnglePoints: range(64, 65536, 5040),
  threads: threadRange,
  redundant: range(0, 1, 0),
  debug: range(0, 1, 0),
  efforts: range(1, 6, 0, { zero: "all of the method's" }),
} as const satisfies Record<string, Range>;

/** Spots of all images of one run together; the default follows from batch and maxSpots. */
export const batchSpotRange = range(6, 2 ** 28, 4096);

/**
 * The beam of images of few spots, and the crystals in it: standard deviations. Small cells are taken for few spots by
 * themselves up to `fewRule`; `fewLimits` are those of the method.
 */
export const fewRanges = {
  wavelengthA: range(0.001, 10, 0, { zero: 'from the spots' }),
  spotError: range(1e-6, 0.1, 0, { zero: 'of the beam' }),
  bandwidth: range(1e-7, 0.2, 0, { zero: 'of the beam' }),
  mosaicityRad: range(1e-6, 0.2, 0, { zero: 'of the beam' }),
  thicknessA: range(10, 1e7, 0, { zero: 'of the beam' }),
} as const satisfies Record<string, Range>;
export const fewRule = { volumeA3: 6000, spots: 25 } as const;
export const fewLimits = { leastSpots: 3, spots: 64, nodes: 2 ** 18 } as const;

/** Options of streams: number of batches in progress at once, and how long an incomplete batch may wait. */
export const streamRanges = { inFlight: range(1, 16, 2), maxDelayS: range(0, 60, 0.02) } as const;

/** The search for an unknown cell: the parameters for each image. */
export const proposalRanges = {
  proposalSpots: range(0, 2 ** 20, 0),
  proposals: range(1, 64, 12),
  minLengthA: range(1, 1000, 3),
  maxLengthA: range(1, 1000, 1000),
} as const satisfies Record<string, Range>;

/** How its results are used: number of proposing images, and tolerance of a Bravais lattice (lengths; radians). */
export const cellSearchRanges = { proposers: range(1, 1000, 12), tolerance: range(0, 0.2, 0.02) } as const;

/**
 * A lattice is ambiguous when a distinct one explains its spots within this many powers of ten of chance. Of simulated
 * electron stills (test/indexing/rivals.test.ts, test/soak/rivals.mjs) 0.6 percent of the accepted ones are wrong and
 * not flagged at this value; at 4 powers of ten it is 0.9 percent.
 */
export const rivalDecades = 6;

/**
 * Thresholds of a run: the range of each parameter. In addition, trimLow is below trimHigh, and samplePoints,
 * anglePoints and maxCrystals are at most those of the descriptor.
 */
export const thresholdRanges = {
  lengthThreshold: range(0, 10, 1e-9),
  trimLow: range(0, 0.5, 0.001),
  trimHigh: range(0, 0.5, 0.3, { exclusive: true }),
  delta: range(0, 1, 0.1, { exclusive: true }),
  planeDistance: range(0, 0.5, 0.2, { exclusive: true }),
  nodeDistance: range(0, 0.87, 0.15, { exclusive: true }),
  minSpots: range(4, 1024, 6, { zero: 'off' }),
  samplePoints: range(32, 2 ** 20, 0, { zero: "the method's own" }),
  anglePoints: range(64, 65536, 0, { zero: "the method's own" }),
  maxCrystals: range(1, 8, 1),
  refinement: range(0, 4, indexingEnums.Refinement.rotation),
  contraction: range(0.01, 0.99, 0.8),
  maxDistance: range(0, 1, 0),
  refineMinSpots: range(4, 1024, 8),
  refineIterations: range(1, 1024, 32),
  // The lowest value is below that of any image: then none is accepted, and every candidate is returned.
  acceptLog10: range(-1e6, 0, -3.5),
} as const satisfies Record<string, Range>;

/** Refinements with their own defaults. */
export const refinementDefaults: Readonly<
  Record<keyof typeof indexingEnums.Refinement, Partial<Record<keyof typeof thresholdRanges, number>>>
> = {
  rotation: {},
  raw: {},
  ifss: { maxDistance: 0.01, refineMinSpots: 6, refineIterations: 15 },
  ifse: { maxDistance: 0.01, refineMinSpots: 6, refineIterations: 15 },
  ifssr: { maxDistance: 0.00075 },
};
