/**
 * Constants of the lattice search that change answers and are not parameters, defined once for C++, CUDA, WGSL and
 * TypeScript.
 *
 * `generate.ts` writes cpp/include/generated/search.h and wgsl/generated/search.wgsl. Parameters and their ranges are
 * in indexing.ts; cpp/indexing/README.md describes the data on which the values were tuned. The oracle of the
 * conformance rows has its own copies.
 */

/** One constant: an integer, or a real number if `real` is set. */
export interface Constant {
  readonly value: number;
  readonly doc: string;
  readonly real?: true;
}
const integer = (value: number, doc: string): Constant => ({ value, doc });
const real = (value: number, doc: string): Constant => ({ value, doc, real: true });

/** Known cells and the spots that take part. */
const input = {
  minImageSpots: integer(5, 'with fewer spots there is nothing to look for'),
  farthestSpot: real(
    5,
    '1/angstrom; no crystal diffracts farther out, so a spot there is left out: a single one would spoil every scale',
  ),
  longestCell: real(1e6, 'angstrom; no component of a known cell is longer'),
  flattestCell: real(1e-3, 'of the box of its lengths: a known cell of less volume is degenerate'),
  smallestVolume: real(1, 'cubic angstrom; a cell of less volume is degenerate'),
  symmetryTolerance: real(
    0.01,
    'index units: a rotation that moves nodes by no more need not be searched; labels tell apart what it joins',
  ),
  symmetryReach: integer(2, 'two-fold axes run along lattice vectors of indices up to this'),
  acrossLimit: real(1e-3, 'of its length: what a vector has across another at least, to give a direction'),
  acceptanceOccupancy: real(
    1 / 64,
    'a spot counts as indexed within r of a node such that the spheres of r fill this fraction of reciprocal space',
  ),
  spiralCos: real(-0.7373688780783197, 'cosine of the golden angle pi (3 - sqrt 5), the step of the spiral'),
  spiralSin: real(0.6754902942615238, 'its sine'),
} as const;

/** Sampling of directions, and the fit of vectors. */
const vectors = {
  sampleSpots: integer(48, 'sampling: lowest-resolution spots that take part'),
  gridStep: real(0.4, 'sampling: periods from a direction to the next, at the outermost of these spots'),
  minDirections: integer(1024, 'sampling: directions at least'),
  directionMultiple: integer(64, 'sampling: directions are a multiple of this'),
  phaseBits: integer(12, 'sampling: bits behind the point of a phase, which is counted in integers'),
  lengthTolerance: real(
    0.01,
    'a base vector is known this well; without it the fit of a vector runs away where the Ewald sphere is flat',
  ),
  phaseError: real(0.05, 'periods; error of a phase, which weighs the fit against what is known of the vector'),
  scaleTolerance: real(
    0.03,
    'a wrong detector distance scales every length: where nothing is found the scale is left free within this',
  ),
  sampledReach: real(0.7, 'steps of the grid that a sampled vector may be off'),
  lengthLimit: real(0.04, 'a fitted vector whose length is off by more is not the one that was sampled'),
  shortListLengthLimit: real(0.2, 'the same where the list is short: all candidates have been pulled to the length'),
  ladderSpare: integer(3, 'times the candidates that are wanted are kept while the ladder grows'),
  planeCloseness: real(0.09, 'square of the distance from a plane, in periods, from which a spot adds to a vector'),
} as const;

/** Rotation about a vector. */
const rotation = {
  turnSpots: integer(96, 'rotation search: lowest-resolution spots that take part'),
  turnStep: real(0.35, 'rotation search: periods from an angle to the next, at the outermost of these spots'),
  turnSteps: integer(
    20160,
    'angles in the table of a turn: divisible by many numbers, so a search finds a close divisor that is a ' +
      'multiple of 12',
  ),
  turnMultiple: integer(12, 'angles of a turn are a multiple of this, so that the folds of lattices divide them'),
  minAngles: integer(96, 'angles of a turn at least'),
  minHitSpots: integer(3, 'spots near the nodes of a hit at least'),
  enoughHits: integer(64, 'hits of the highest counts that are compared by closeness'),
  cellCloseness: real(0.06, 'square of the distance from a node, in index units, from which a spot adds to a cell'),
} as const;

/** Refinement of a cell. */
const refinement = {
  minTurnSpots: integer(3, 'spots near nodes without which a cell is not turned'),
  turnStiffness: real(2e-4, 'of the trace: what keeps a near-singular turn small'),
  smallestTurn: real(1e-12, 'radian; a turn of less is none'),
  largestTurn: real(0.3, 'radian; a turn of more follows no spots'),
  minFitSpots: integer(5, 'spots near nodes without which the metric of a cell is not fitted'),
  smallestGrowth: real(0.5, 'a fit that shrinks the reciprocal volume by more is not taken'),
  largestGrowth: real(2, 'a fit that grows it by more neither'),
  strainTolerance: real(0.01, 'how far the true cell is expected to be from the known one'),
  strainLimit: real(
    0.02,
    'square of (relative length + relative volume), which may be 0.14, from which it is another cell',
  ),
  strainMerit: real(8, 'merit above which a strained cell is tried'),
  strainErrors: real(3, 'errors of a spot in the acceptance radius, which weigh the spots against strains'),
  growIndexLimit: real(0.3, 'strain: index units within which a spot takes part while more and more spots do'),
  growRadius: real(2, 'strain: the same in acceptance radii'),
  growStiffness: real(4, 'strain: times the weight of the metric, meanwhile'),
  fitIndexLimit: real(0.25, 'strain: index units within which a spot takes part when all do'),
  fitRadius: real(1.6, 'strain: acceptance radii where the radius begins to shrink'),
  lastRadius: real(0.3, 'strain: acceptance radii where it ends, if max_distance is 0'),
  sameLatticeLimit: real(0.1, 'index units within which two lattices are one'),
  sliverLattice: real(0.15, 'the same for a further lattice of an image against those that are accepted'),
  maxSlivers: integer(4, 'slivers of accepted lattices in a row, after which the search ends'),
  minOwnSpots: integer(8, 'spots without which a lattice is not refined on its own'),
} as const;

/** The verdict. */
const verdict = {
  levels: integer(16, 'radii that are tried, each with half the occupancy of the one before'),
  widestOccupancy: real(1 / 8, 'occupancy at the widest radius'),
  minOccupied: integer(4, 'occupied nodes without which nothing is said; as many spots'),
  rowLimit: real(1e-3, 'of the squared trace: second moments across a row below it, and the spots are in a row'),
  strainWays: integer(6, 'further parameters of a strained cell'),
  tailPrecision: real(1e-4, 'a term of the tail that adds less, relatively, ends the sum'),
  measuredFrom: real(-1, 'log10 of a chance above which its occupancy is not measured'),
  looks: integer(9600, 'spots that are looked at when an occupancy is measured'),
  clearLooks: integer(2400, 'the same where the answer is beyond doubt'),
  clearFactor: real(4, 'beyond doubt: log10 of the chance below this many times accept_log10'),
  clearDecades: real(20, 'and so many decades'),
  minTurns: integer(8, 'turns of the lattice about the beam at least'),
  maxTurns: integer(128, 'turns at most'),
  oddHits: integer(3, 'a turn with more hits is odd, if it has a good part of the hits of the answer too'),
  oddShare: integer(7, 'that part, in tenths'),
  oddTurns: integer(8, 'odd turns are left out when they are one in so many or fewer'),
  imaginedHits: integer(8, 'hits of the even case that stand beside those counted'),
  evenLimit: real(0.25, 'occupancy above which a wider radius says nothing'),
  wideExcess: real(1.5, 'excess from which a wider radius counts'),
  highestOccupancy: real(0.5, 'a measured occupancy is no higher'),
  beamShift: real(1e-6, 'of the trace: keeps the moments of spots in a plane regular'),
  beamX: real(0.48, 'where the search for the beam begins'),
  beamY: real(0.6, 'its y'),
  beamZ: real(0.64, 'its z'),
  beamRounds: integer(6, 'rounds of that search'),
} as const;

/** The course of a search. */
const course = {
  shortList: integer(40, 'with so many spots or fewer the light effort is left out: rivals share most of the spots'),
  spareDecades: real(5, 'a lattice that is to end the search is this much better than it need be'),
  rivalShare: real(0.5, 'of the best merit: lattices below it are not judged'),
  flatThickness: real(0.25, 'thickness of the spots times the shortest vector, below which the Ewald sphere is flat'),
  glanceCandidates: integer(2, 'candidate vectors that a glance turns, refines and judges before the others'),
  glanceHits: integer(2, 'cells of these that are refined; the better one is judged'),
  glanceDecades: real(10, 'a lattice that is to end the search at a glance is this much better than it need be'),
  glanceShare: real(0.5, 'of the spots, of which its merit must exceed this part'),
  glanceThickness: real(
    0.5,
    'thickness of the spots times the shortest vector, below which there is no glance: candidates may be rivals',
  ),
  poolSpare: integer(16, 'lattices that a fast search keeps beside those it returns'),
  exhaustivePoints: integer(32768, 'exhaustive: directions where the caller asks for none'),
  exhaustiveVectors: integer(32, 'exhaustive: candidate vectors a length where the caller asks for none'),
  anglesPerRoot: real(2.5, 'exhaustive: angles times the square root of the directions'),
  angleMultiple: integer(1024, 'exhaustive: angles are a multiple of this'),
  tiesPerOutput: integer(8, 'exhaustive: cells a returned one whose mean distance is computed, where counts tie'),
  middleLimit: real(1e-6, 'of the length: two vectors are opposite when their sum is shorter'),
} as const;

/** Names of the axes of lattices that are nearly more symmetric than they are: on CPUs alone. */
const labels = {
  labelReach: real(0.08, 'largest principal strain by which a rotation changes a lattice that it renames'),
  labelExact: real(2e-4, 'the same up to which a rotation is the own symmetry of the lattice'),
  labelScatter: real(1e-3, 'strain by which crystals differ from the known cell'),
  labelScale: real(0.01, 'the same of their scale, which a wrong distance changes'),
  labelShift: real(1e-3, '1/angstrom; how far the beam may be off'),
  labelOdds: real(5, 'ln of the odds from which on a name is decided'),
  fewLabelSpots: integer(15, 'spots at nodes below which the fit of nine numbers needs more'),
  fewLabelOdds: real(15, 'ln of the odds that it then needs'),
  minLabelSpots: integer(6, 'spots at nodes without which there is no fit'),
  labelLimit: real(0.2, 'index units within which a spot takes part at last'),
  labelMedians: real(7, 'medians of the squared distances within which it does: four standard deviations'),
  shortLabelList: integer(60, 'spots at nodes below which the mixture must agree'),
  spuriousShare: real(0.3, 'mixture: spots that may be anywhere'),
  excludedOdds: real(15, 'mixture: ln of the odds of the moments from which on a name is not looked at'),
  mixtureRounds: integer(4, 'mixture: rounds of its fit, from three standard deviations to one'),
  othersOdds: real(1, 'mixture: ln of the odds that remain without its two best spots; of the moments as well'),
  labelTurnPrior: real(0.05, 'mixture: radian by which the known cell may be turned'),
  labelScalePrior: real(0.005, 'mixture: by which it may be scaled'),
} as const;

/**
 * Cells of an image without a known one: on CPUs alone. Lengths and points of its scan are those of lattice vectors.
 */
const unknown = {
  minUnknownSpots: integer(8, 'with fewer spots an image shows no cell by itself'),
  maxUnknownSpots: integer(400, 'lowest-resolution spots that take part'),
  maxScanSpots: integer(80, 'lowest-resolution spots of the scan, at most'),
  minScanSpots: integer(28, 'the same where a scan of more costs too much, at least'),
  maxScanSums: real(
    1.2e8,
    'sums that the scan of an image may cost: beyond it fewer spots take part, then fewer points',
  ),
  scanLengthStep: real(0.35, 'periods of the outermost spot from one length of the scan to the next'),
  scanDirectionStep: real(0.5, 'the same from a direction to the next'),
  minScanDirections: integer(64, 'directions of a length at least'),
  maxScanLengths: integer(1024, 'lengths of the scan at most'),
  pointsPerLength: integer(24, 'points of the scan that are kept of each length'),
  pointsApart: real(1.5, 'steps between directions: nearer points are one'),
  shortestWave: real(
    1.6,
    'over the resolution of the outermost spot: the spread of the spots looks like a shorter wave',
  ),
  maxStarts: integer(192, 'points of the scan that are fitted, best first'),
  startLengthShare: real(0.03, 'starts are apart by this share of their length'),
  startGap: real(0.8, 'and so many angstrom'),
  unknownDamping: real(1e-3, 'of the mean diagonal: what keeps a fit where no spot speaks of it'),
  minUnknownFitSpots: integer(6, 'spots near planes, or near nodes, without which a fit fails'),
  maxStretch: real(0.08, 'a fitted vector whose length differs by more is not the one of the scan'),
  supportLimit: real(0.15, 'periods from a plane within which a spot supports a vector'),
  originSupport: real(0.5, 'what a spot on the plane through the origin adds, where another adds 1'),
  twinLengthShare: real(0.02, 'fitted vectors within this share of their length'),
  twinGap: real(0.3, 'and so many angstrom are one'),
  maxUnknownVectors: integer(32, 'vectors of which every three are tried as a cell'),
  enoughSupport: real(0.75, 'of the best support: from here on the shorter vector is preferred'),
  unknownNodeLimit: real(0.2, 'periods from a node within which a spot is explained'),
  minPairSine: real(0.2, 'sine between two vectors of a cell at least'),
  minCellShare: real(0.15, 'volume of a cell over the product of its edges at least'),
  nearlyBest: real(0.85, 'of the spots that the best cell explains: cells that explain fewer are left out'),
  clearSigmas: real(4, 'standard deviations above chance that a cell explains at least'),
  clearSpots: integer(4, 'and so many spots'),
  unknownSameLattice: real(0.15, 'index units within which two proposed cells are one lattice'),
  maxVolumeDrift: real(0.1, 'of the volume: a fit that changes it by more is not taken'),
} as const;
/** What C++ alone reads. */
export const cellSearchConstants = { ...unknown, ...labels };

/** What a block of CUDA has room for: one number for its kernels and for what they say they support. */
export const cudaCapacities = {
  maxBlockSpots: integer(2048, 'spots of an image that a block of CUDA holds'),
} as const;

export const searchConstants = { ...input, ...vectors, ...rotation, ...refinement, ...verdict, ...course };

/** A round of the ladder. */
export interface LadderRound {
  /** Periods within which a spot takes part. */
  readonly limit: number;
  /** Spots without which a candidate fails. */
  readonly spots: number;
  /** Periods at the outermost spot below which two candidates are one. */
  readonly apart: number;
}
/** The first spots, twice as many each time, all of them, and all once more. */
export const ladder = {
  first: { limit: 0.25, spots: 4, apart: 0.1 },
  growing: { limit: 0.2, spots: 4, apart: 0.08 },
  full: { limit: 0.12, spots: 4, apart: 0.08 },
  last: { limit: 0.07, spots: 5, apart: 0.08 },
} as const satisfies Record<string, LadderRound>;

/** A round of the refinement of the orientation. */
export interface TurnRound {
  /** Index units within which a spot takes part. */
  readonly indexLimit: number;
  /** Acceptance radii within which it takes part; 0: at any distance. */
  readonly radius: number;
  /** Over the lowest-resolution spots only. */
  readonly low: boolean;
}
export const turnRounds: readonly TurnRound[] = [
  { indexLimit: 0.3, radius: 0, low: true },
  { indexLimit: 0.25, radius: 0, low: true },
  { indexLimit: 0.25, radius: 3.2, low: false },
  { indexLimit: 0.25, radius: 1.6, low: false },
  { indexLimit: 0.25, radius: 1.2, low: false },
];

/** A round of the exhaustive method's fit of a vector. */
export interface VectorRound {
  /** Periods within which a spot takes part. */
  readonly limit: number;
}
export const vectorRounds: readonly VectorRound[] = [
  { limit: 0.1 },
  { limit: 0.05 },
  { limit: 0.025 },
  { limit: 0.01 },
];

/** Rounds of the fit of a vector of an unknown cell, over more and more spots. */
export const climbRounds: readonly VectorRound[] = [0.3, 0.25, 0.2, 0.15, 0.12, 0.12].map((limit) => ({ limit }));
/** Rounds of the fit of an unknown cell. */
export const cellRounds: readonly VectorRound[] = [0.2, 0.16, 0.13].map((limit) => ({ limit }));

/** One effort of the fast method. */
export interface Effort {
  /** Which vector is sampled, shortest first. */
  readonly base: 0 | 1 | 2;
  /** Sampled directions that are taken on; half as many again where counts tie. */
  readonly directions: number;
  /** Candidate vectors whose rotation is searched. */
  readonly candidates: number;
  /** Cells that are refined. */
  readonly hits: number;
  /** The scale of the cell is left free. */
  readonly freeScale: boolean;
  /** Lattices that are judged, at most. */
  readonly judged: number;
  /** A lattice that explains more of the spots may end the search. */
  readonly share: number;
  /** No effort of the same method follows. */
  readonly last: boolean;
}

const light = {
  base: 0,
  directions: 64,
  candidates: 12,
  hits: 4,
  freeScale: false,
  judged: 2,
  share: 0.4,
  last: false,
} as const;
const thorough = {
  base: 0,
  directions: 256,
  candidates: 48,
  hits: 12,
  freeScale: false,
  judged: 4,
  share: 0.22,
  last: false,
} as const;

/** The efforts of the method `fast`, and behind them those of `turbo`; the first one of each is light. */
export const efforts: readonly Effort[] = [
  light,
  thorough,
  { ...thorough, base: 1 },
  { ...thorough, base: 2 },
  { ...thorough, freeScale: true },
  { ...thorough, base: 1, freeScale: true, last: true },
  { ...light, directions: 32, candidates: 8, hits: 3 },
  { ...thorough, directions: 128, candidates: 24, hits: 8, last: true },
];
/** Where the efforts of `turbo` begin. */
export const turboEffort = 6;

/** What the largest effort asks for. */
export const maxOf = (what: 'directions' | 'candidates' | 'hits' | 'judged'): number =>
  Math.max(...efforts.map((effort) => effort[what]));

/** What follows from the table of efforts. */
export const effortConstants = {
  turboEffort: integer(turboEffort, 'where the efforts of turbo begin'),
  maxEffortDirections: integer(maxOf('directions'), 'of any effort'),
  maxEffortCandidates: integer(maxOf('candidates'), 'of any effort'),
  maxEffortHits: integer(maxOf('hits'), 'of any effort'),
  maxEffortJudged: integer(maxOf('judged'), 'of any effort'),
  maxPicked: integer((3 * maxOf('directions')) / 2, 'sampled directions that are taken on, with those that tie'),
} as const;
