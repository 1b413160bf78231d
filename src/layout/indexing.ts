/**
 * Constants of indexing that change answers and are no parameters: once, for C++, CUDA, WGSL and TypeScript.
 *
 * `generate.ts` writes them out as cpp/include/generated/indexing.h and wgsl/generated/indexing.wgsl. Parameters and
 * their defaults are in src/indexing/parameters.ts; what the values were tuned on is in cpp/indexing/README.md.
 */

/** One constant: an integer, or a real number where `real` says so. */
export interface IndexingConstant {
  readonly value: number;
  readonly doc: string;
  readonly real?: true;
}
const integer = (value: number, doc: string): IndexingConstant => ({ value, doc });
const real = (value: number, doc: string): IndexingConstant => ({ value, doc, real: true });

export const indexingConstants = {
  leastSpots: integer(5, 'with fewer spots there is nothing to look for'),
  farthestSpot: real(
    5,
    '1/angstrom; no crystal diffracts farther out, so a spot there is left out: a single one would spoil every scale',
  ),
  sampleSpots: integer(48, 'sampling: lowest-resolution spots that take part'),
  gridStep: real(0.4, 'sampling: periods from a direction to the next, at the outermost of these spots'),
  leastDirections: integer(1024, 'sampling: directions at least'),
  lengthTolerance: real(
    0.01,
    'a base vector is known this well; without it the fit of a vector runs away where the Ewald sphere is flat',
  ),
  phaseError: real(0.05, 'periods; error of a phase, which weighs the fit against what is known of the vector'),
  scaleTolerance: real(
    0.03,
    'a wrong detector distance scales every length: where nothing is found the scale is left free within this',
  ),
  lengthLimit: real(0.04, 'a fitted vector whose length is off by more is not the one that was sampled'),
  turnSpots: integer(96, 'rotation search: lowest-resolution spots that take part'),
  turnStep: real(0.35, 'rotation search: periods from an angle to the next, at the outermost of these spots'),
  turnSteps: integer(
    20160,
    'angles in the table of a turn: divisible by many numbers, so a search finds a close divisor that is a multiple of 12',
  ),
  acceptanceOccupancy: real(
    1 / 64,
    'a spot counts as indexed within r of a node such that the spheres of r fill this fraction of reciprocal space',
  ),
  strainTolerance: real(0.01, 'how far the true cell is expected to be from the known one'),
  strainLimit: real(0.02, '(relative length + relative volume)^2 from which it is another cell'),
  strainMerit: real(8, 'merit above which a strained cell is tried'),
  shortList: integer(40, 'with so many spots or fewer the light effort is left out: rivals share most of the spots'),
  spareDecades: real(5, 'a lattice that is to end the search is this much better than it need be'),
  rivalShare: real(0.5, 'of the best merit: lattices below it are not judged'),
  flatThickness: real(0.25, 'thickness of the spots times the shortest vector, below which the Ewald sphere is flat'),
} as const satisfies Readonly<Record<string, IndexingConstant>>;

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
export const mostOf = (what: 'directions' | 'candidates' | 'hits' | 'judged'): number =>
  Math.max(...efforts.map((effort) => effort[what]));
