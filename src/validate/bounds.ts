/**
 * All bounds of the case tables, one line each, below the reason for it; they are defined nowhere else.
 *
 * A bound is loosened only here, and only because of a capability of a device (a missing precision, flushed
 * subnormals), never by a backend's name.
 */

/** The largest error that passes. */
export interface Bound {
  readonly limit: number;
  readonly unit: string;
}

const within = (limit: number, unit: string): Bound => ({ limit, unit });

// Copies and counts.
/** Philox and the in-circle test are integer arithmetic, so no device may differ by one point. */
export const exactCount = within(0, 'points');
/** Copies change nothing, neither the numbers nor the memory around them. */
export const sameNumbers = within(0, 'bytes');

// Indexing.
/**
 * Images of a batch are independent and candidates are ranked by (score, index), so neither their order nor the other
 * images may change a bit.
 */
export const sameBytes = within(0, 'bytes');
/**
 * Lattices that do not exist, or are attributed to another known cell: one is accepted if its chance is below 10⁻³·⁵ per
 * image, and the rows have a few hundred images.
 */
export const noLattice = within(0, 'lattices');
/**
 * True lattices that are missed: these lists have enough spots to decide, simulations of the method find 99.7 to 100 %
 * of such lattices, and the seeds are fixed.
 */
export const everyLattice = within(0, 'of the lattices');
/** Ten true spots among twenty, noise 0.5 px: simulations of the method find nine in ten. */
export const mostLattices = within(0.25, 'of the lattices');
/**
 * Three angles from spots with known errors: σ² is the trace of ē² (Σ |q|² 1 − q qᵀ)⁻¹, the mean square turn; the largest
 * of a few hundred rotations is near 2 σ.
 */
export const orientation = within(4, 'σ');
/**
 * The published refinement fits nine numbers to the spots within a shrinking radius, which are fewer than all: σ
 * doubles, and the largest rotations observed are near 9.
 */
export const orientationOfNine = within(15, 'σ');
/** Smallest σ of an orientation in degrees, limited by float32. */
export const orientationFloorDeg = 0.001;
/**
 * A perfect list after the published refinement, which ends when its radius is 0.00075 1/Å: a rotation of 0.00075 · d at
 * the outermost spots; σ is the floor of a perfect list.
 */
export const endOfRefinement = (resolutionA: number): Bound =>
  within((0.00075 * resolutionA * 180) / Math.PI / orientationFloorDeg, 'σ');
/** The known cell is the true one; a strain is fitted only where the spots carry it. */
export const lengths = within(0.01, 'relative');
/** The known lengths are off by one percent, and the answer may not be further off. */
export const lengthsOfWrongCell = within(0.015, 'relative');
/** Exact nodes in float32: a length is known to some 10 units in the last place. */
export const lengthsOfNodes = within(1e-5, 'relative');
/**
 * A spot belongs to a lattice within the radius whose spheres fill 1/64 of reciprocal space, computed again in float64
 * from the found cell; spots at the `borderline` are skipped.
 */
export const sameSpots = within(0, 'spots');
/** Relative distance to that radius within which membership depends on rounding. */
export const borderline = 2e-3;
/** Counts of spots and flags of an image are integers. */
export const exactSummary = within(0, 'fields');
/** Phases of up to 10 periods in float32 are off by 1e-6; errors of up to that are observed. */
export const searchScore = within(3e-5, 'periods');
/** Normal equations in float32 give a direction to about 1e-6, and the angle is one of a few. */
export const searchCell = within(3e-5, 'relative');
/**
 * Residual and merit of an answer: the small difference of phases of up to 50 periods in float32, some 1e-5 of the
 * membership radius; 1e-6 is observed.
 */
export const sameFigures = within(5e-5, 'relative');

// Stages of indexing.
/**
 * Largest error of the position of a spot in float32, in periods, given its largest possible phase: the direction, the
 * length and three products are rounded, about eight roundings of 2⁻²⁴ of that phase.
 */
export const phaseError = (periods: number): number => 2 ** -21 * periods;
/**
 * The same for the counts of the fast method, which read 12 bits of the phase: three additions to 1.5 · 2¹¹ round to
 * 2⁻¹³ each, and the limit is cut to 2⁻¹².
 */
export const fastPhaseError = (periods: number): number => 3 * 2 ** -13 + 2 ** -12 + phaseError(periods);
/** The same for distances from a node in its cell search, where two of the three indices may be read this way. */
export const fastNodeError = 2 * (2 * 2 ** -13 + 2 ** -12);
/**
 * Distance from a limit of a least-squares round, relative or in periods, within which a spot may be included or not,
 * because of rounding in the previous round.
 */
export const atLimit = 1e-4;
/** Candidates of the fast method closer to each other than this, in periods at the outermost spot, count as one. */
export const twinVectors = 0.08;
/** Cells closer to each other, in periods at the outermost spot, are the same cell of the grid, whose step is larger. */
export const sameCell = 2e-3;
/** The length of a known vector, rounded to float32 once. */
export const sampledLength = within(1e-6, 'relative');
/** Integers that follow from the resolution of the spots. */
export const sameDirections = within(0, 'directions or spots');
/** A count is between the spots that are certainly near and the spots that rounding may add. */
export const sameCounts = within(0, 'counts');
/**
 * 48 spots of which 4 · 6 · 10⁻⁴ each are near a limit leave one in nine directions undecided; the others must be correct
 * to the last spot.
 */
export const fewUndecided = within(0.25, 'of the directions');
/** Ranks follow from the counts and scores of the backend. */
export const rightPicks = within(0, 'directions');
/** Normal equations in float32 leave 1e-4 of a step; one spot more or less in a round moves a vector by about 1e-2. */
export const fittedVector = within(1e-3, 'periods at the outermost spot');
/** Phases of about 30 periods in float32 are off by 1e-6, their squares from 0.09 by less than 1e-5. */
export const vectorScore = within(1e-4, 'relative');
/** No better candidate is missing: ranks follow from scores; what rounding leaves undecided is not compared. */
export const noneMissing = within(0, 'of them');
/** The angles are an integer that follows from the resolution, and every cell is at one of them. */
export const onGrid = within(0, 'angles or cells');
/** A rotation changes no length and no angle; nine numbers are rounded to float32. */
export const sameMetric = within(2e-6, 'relative');
/** A sum over up to 96 spots of squares below 0.06, each off by 2 · 0.25 · 1e-5. */
export const cellScore = within(1e-3, 'score');
/** As for vectors: residuals in float32 leave about 1e-5, and one spot more or less moves a cell by 1e-2. */
export const refinedCell = within(1e-3, 'periods at the outermost spot');
/** Residuals are off by 1e-6 to 1e-5 periods. */
export const refinedScore = within(1e-4, 'relative or periods');
/**
 * Counts of nodes and of hits are integers; tails of the binomial are summed to 1e-4 of themselves, in float32 to 1e-4
 * decades. One node more is half a decade.
 */
export const sameChance = within(0.01, 'decades');
/** A lattice is accepted if its chance is at most the limit, the best first. */
export const rightVerdicts = within(0, 'lattices');

// Transforms.
/**
 * Transforms, by precision, number of points, whether a length needs a convolution, and the oracle.
 *
 * Errors of rounded butterflies add up like a random walk over log2 N stages, with roots of unity rounded once from
 * float64; measured constants are 0.5 to 0.8. A prime above 13 goes through a convolution, three transforms of more than
 * twice the length.
 */
export function fft(
  precision: 'f32' | 'f64',
  points: number,
  convolution: boolean,
  oracle: 'sums' | 'fast' = 'sums',
): Record<'l2' | 'worst' | 'returned' | 'strays', Bound> {
  const unit = precision === 'f32' ? 2 ** -24 : 2 ** -53;
  const growth = Math.sqrt(Math.log2(points) + 1);
  const factor = convolution ? 8 : 2;
  // The oracle has float64 as well, which only a double transform can detect: sums of n terms have random errors of
  // sqrt(n), like those of fast transforms.
  const oracleError =
    precision === 'f32' ? 0 : 2 ** -53 * (oracle === 'sums' ? Math.sqrt(points) : (factor / 2) * growth);
  return {
    l2: within(factor * unit * growth + oracleError, 'relative'),
    // The single worst bin, which a norm would hide.
    worst: within(2 * factor * unit * growth + 2 * oracleError, 'relative to the largest'),
    // Forward and back: the errors of two transforms; the input is known exactly.
    returned: within(2 * factor * unit * growth, 'relative'),
    // Nothing outside the output is written, and the input is unchanged.
    strays: within(0, 'words'),
  };
}
/** Transforms of a NaN or an infinity have no finite result. */
export const lostNumbers = within(0, 'finite results');
/** Two spectra, their product, and the inverse transform: the errors of three transforms of a good length. */
export function threeTransforms(precision: 'f32' | 'f64', points: number): Bound {
  const { l2, returned } = fft(precision, points, false, 'fast');
  return within(l2.limit + returned.limit, l2.unit);
}
/** Each of many lengths has the bound that a separate row would have. */
export const ofLength = within(1, 'of the bound of its length');
/** The bound of the tests of heFFTe 2.4.1 on input from 0 to 1; the rows have the tighter relative bounds as well. */
export const heffte = { f32: within(5e-4, 'absolute'), f64: within(1e-11, 'absolute') };

// Peaks.
/**
 * All peaks, no other, in the same order, on GPUs too: sums of integers are exact, and backgrounds contain no pixel of a
 * blob, so that none depends on another; real numbers of the rows are on a grid that no limit touches.
 */
export const samePeaks = within(0, 'peaks');
/** Sums of up to 200 pixels in float64, returned as float32: 2^-24, and cancellation in a variance. */
export const peakFigures = within(4e-6, 'relative');
/**
 * Sums and sums of squares of integers are exact below 2^53, and the rest is rounded identically to float32; a limit
 * that is zero except for the last bit of float64 is not.
 */
export const ringsOfIntegers = within(1e-13, 'relative, or of 1');
/** float64 sums in another order, and a variance as a difference of means: about 10^-9, returned as float32. */
export const ringsOfReals = within(1e-6, 'relative');
/** Sums of integers are exact below 2^53 in any order, and the number of good pixels is a count. */
export const ringSumsOfIntegers = within(0, 'relative, or pixels');
/** float64 sums of some hundred numbers in another order. */
export const ringSumsOfReals = within(1e-12, 'relative, or pixels');

// Frames.
/** Integers are added as integers, and the sums of the rows are below 2^53. */
export const sumsOfIntegers = within(0, 'sums');
/**
 * Columns of reals and of products, and planes if there is no float64: float32 in runs of a few dozen before a double,
 * at most about 40 roundings of 2^-24; a GPU’s logarithm is within 2^-21.
 */
export const sumsInSingle = within(4e-6, 'of the terms');
/** float64 in the order of the frames: at most one rounding of 2^-53 per frame, a few thousand frames. */
export const sumsInDouble = within(1e-12, 'of the terms');
/**
 * Three float32 operations and the rounding of the gain, 2^-24 each, and a mean of eight neighbours: at most 14
 * roundings; a dark value is a pair of floats.
 */
export const correctedInSingle = within(1e-6, 'of the corrected value');
/** Two float64 operations and a mean of eight neighbours: at most 12 roundings of 2^-53. */
export const correctedInDouble = within(3e-15, 'of the corrected value');
/** A correlation in float32 over its curvature: a few roundings of 2^-24 of a sum of some dozen logarithms. */
export const positionsOfDisks = within(2e-5, 'pixels');
/** Two transforms in float32: roundings of 2^-24 of the largest correlation, and a difference of two of them. */
export const correlations = within(1e-5, 'of the largest');
/** Transforms in float32, whose relative error is a few 2^-24, and sums of them in float64. */
export const phases = within(2e-6, 'of the largest');
/** Two positions of disks to 2e-5 pixels over a lattice vector of a dozen pixels, averaged over the disks. */
export const strains = within(5e-6, 'strain');
/** Sums to 4e-6 of their terms; a shift is the difference of a quotient of two and the centre, a few pixels. */
export const resultsOfUdfs = within(1e-5, 'of the largest');

// Merging.
/** An observation counts if its weight is above 0, which no rounding error decides in these rows. */
export const sameMeasurements = within(0, 'reflections');
/**
 * Sums of a few hundred terms and solutions of 5 × 5 systems in float64 differ by 10⁻¹³; cycles of refinement, which
 * approach the same fixed point, do not amplify that by more than 10⁵.
 */
export const mergedNumbers = within(1e-8, 'relative');
