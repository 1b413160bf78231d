/**
 * All bounds of the case tables, with their reasons; they are defined nowhere else.
 *
 * A bound is loosened only here, and only because of a capability of a device (a missing precision, flushed
 * subnormals), never by a backend's name.
 */

/** The largest error that passes. */
export interface Bound {
  readonly limit: number;
  readonly unit: string;
  readonly reason: string;
}

/** Integer work: the same count everywhere. */
export const exactCount: Bound = {
  limit: 0,
  unit: 'points',
  reason: 'Philox and the in-circle test are integer arithmetic, so no device may differ by one point',
};

/** Data that are written and read back. */
export const sameNumbers: Bound = {
  limit: 0,
  unit: 'bytes',
  reason: 'copies change nothing, neither the numbers nor the memory around them',
};

/** The same computation on the same backend: the same bytes. */
export const sameBytes: Bound = {
  limit: 0,
  unit: 'bytes',
  reason:
    'images of a batch are independent and candidates are ranked by (score, index), so neither their order nor ' +
    'the other images may change a bit',
};

/** Lattices that do not exist, or are attributed to another known cell. */
export const noLattice: Bound = {
  limit: 0,
  unit: 'lattices',
  reason: 'a lattice is accepted if its chance is below 10⁻³·⁵ per image; the rows have a few hundred images',
};

/** Fraction of the true lattices that are missed: none, if every image has enough spots to decide. */
export const everyLattice: Bound = {
  limit: 0,
  unit: 'of the lattices',
  reason:
    'these lists have enough spots to decide: simulations of the method find 99.7 to 100 % of such lattices, ' +
    'and the seeds are fixed',
};

/** A fraction of lattices that may be missed if the spots no longer suffice to decide. */
export const maxLattices = (limit: number, reason: string): Bound => ({ limit, unit: 'of the lattices', reason });

/** Orientation, in standard deviations of the least-squares rotation that the true errors of the spots allow. */
export const orientation: Bound = {
  limit: 4,
  unit: 'σ',
  reason:
    'three angles from spots with known errors: σ² is the trace of ē² (Σ |q|² 1 − q qᵀ)⁻¹, the mean square turn; ' +
    'the largest of a few hundred rotations is near 2 σ',
};

/** The same after a fit of all nine numbers of the cell. */
export const orientationOfNine: Bound = {
  limit: 15,
  unit: 'σ',
  reason:
    'the published refinement fits nine numbers to the spots within a shrinking radius, which are fewer than all: σ ' +
    'doubles, and the largest rotations observed are near 9',
};

/** Orientation of a perfect list after the published refinement. */
export const endOfRefinement = (resolutionA: number): Bound => ({
  limit: (0.00075 * resolutionA * 180) / Math.PI / orientationFloorDeg,
  unit: 'σ',
  reason:
    'it ends when its radius is 0.00075 1/Å, which is a rotation of 0.00075 · d at the outermost spots; σ is the ' +
    'floor of a perfect list',
});

/** Smallest σ of an orientation in degrees, limited by float32. */
export const orientationFloorDeg = 0.001;

/** Lengths of a found cell compared with the true one, relative. */
export const lengths = (limit: number, reason: string): Bound => ({ limit, unit: 'relative', reason });

/** Membership of spots, computed again in float64 from the found cell. */
export const sameSpots: Bound = {
  limit: 0,
  unit: 'spots',
  reason:
    'a spot belongs to a lattice within the radius whose spheres fill 1/64 of reciprocal space; spots within 0.2 ' +
    '% of it are skipped',
};

/** Relative distance to that radius within which membership depends on rounding. */
export const borderline = 2e-3;

/** Counts and flags of an image. */
export const exactSummary: Bound = { limit: 0, unit: 'fields', reason: 'counts of spots and flags are integers' };

/** Score of the best cell against the search in float64. */
export const searchScore: Bound = {
  limit: 3e-5,
  unit: 'periods',
  reason: 'phases of up to 10 periods in float32 are off by 1e-6; errors of up to that are observed',
};

/** Best cell against the search in float64: largest difference over largest element. */
export const searchCell: Bound = {
  limit: 3e-5,
  unit: 'relative',
  reason: 'normal equations in float32 give a direction to about 1e-6, and the angle is one of a few',
};

/**
 * Root mean square distance of the indexed spots, and the merit of a fast answer, computed again in float64 from the
 * found cell.
 */
export const sameFigures: Bound = {
  limit: 5e-5,
  unit: 'relative',
  reason:
    'a residual is the small difference of phases of up to 50 periods in float32, some 1e-5 of the membership ' +
    'radius; 1e-6 is observed',
};

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

/**
 * Cells of the search closer to each other than this, in periods at the outermost spot, are the same cell of the grid,
 * whose step is much larger.
 */
export const sameCell = 2e-3;

/** The sampled length. */
export const sampledLength: Bound = {
  limit: 1e-6,
  unit: 'relative',
  reason: 'the length of a known vector, rounded to float32 once',
};

/** Numbers of directions, and of the spots from which they are derived. */
export const sameDirections: Bound = {
  limit: 0,
  unit: 'directions or spots',
  reason: 'integers that follow from the resolution of the spots',
};

/** Counts of spots. */
export const sameCounts: Bound = {
  limit: 0,
  unit: 'counts',
  reason: 'a count is between the spots that are certainly near and the spots that rounding may add',
};

/** Directions for which rounding leaves the status of a spot undecided. */
export const fewUndecided: Bound = {
  limit: 0.25,
  unit: 'of the directions',
  reason:
    '48 spots of which 4 · 6 · 10⁻⁴ each are near a limit leave one in nine directions undecided; the others must ' +
    'be correct to the last spot',
};

/** Choice of directions. */
export const rightPicks: Bound = {
  limit: 0,
  unit: 'directions',
  reason: 'ranks follow from the counts and scores of the backend',
};

/** Candidate vectors against least squares in float64. */
export const fittedVector: Bound = {
  limit: 1e-3,
  unit: 'periods at the outermost spot',
  reason:
    'normal equations in float32 leave 1e-4 of a step; one spot more or less in a round moves a vector by about 1e-2',
};

/** Score of a candidate vector, relative. */
export const vectorScore: Bound = {
  limit: 1e-4,
  unit: 'relative',
  reason: 'phases of about 30 periods in float32 are off by 1e-6, their squares from 0.09 by less than 1e-5',
};

/** No better candidate is missing, and ranks are in order. */
export const noneMissing: Bound = {
  limit: 0,
  unit: 'of them',
  reason: 'ranks follow from scores; only what rounding leaves undecided is excluded from the comparison',
};

/** Angles of the search, and cells found at none of these angles. */
export const onGrid: Bound = {
  limit: 0,
  unit: 'angles or cells',
  reason: 'the angles are an integer that follows from the resolution, and every cell is at one of them',
};

/** Metric of a rotated cell. */
export const sameMetric: Bound = {
  limit: 2e-6,
  unit: 'relative',
  reason: 'a rotation changes no length and no angle; nine numbers are rounded to float32',
};

/** Score of a cell in the search. */
export const cellScore: Bound = {
  limit: 1e-3,
  unit: 'score',
  reason: 'a sum over up to 96 spots of squares below 0.06, each off by 2 · 0.25 · 1e-5',
};

/** Refined cells against float64. */
export const refinedCell: Bound = {
  limit: 1e-3,
  unit: 'periods at the outermost spot',
  reason:
    'as for vectors: steps from residuals in float32 leave about 1e-5, and one spot more or less moves a cell ' +
    'by 1e-2',
};

/** Merit or distance of a refined cell. */
export const refinedScore: Bound = {
  limit: 1e-4,
  unit: 'relative or periods',
  reason: 'residuals are off by 1e-6 to 1e-5 periods',
};

/** log10 of a chance against float64. */
export const sameChance: Bound = {
  limit: 0.01,
  unit: 'decades',
  reason:
    'counts of nodes and of hits are integers; tails of the binomial are summed to 1e-4 of themselves, in ' +
    'float32 to 1e-4 decades. One node more is half a decade',
};

/** Verdicts. */
export const rightVerdicts: Bound = {
  limit: 0,
  unit: 'lattices',
  reason: 'a lattice is accepted if its chance is at most the limit, the best first',
};

/** Transforms, by precision, number of points, and whether a length needs a convolution. */
export function fft(
  precision: 'f32' | 'f64',
  points: number,
  convolution: boolean,
  oracle: 'sums' | 'fast' = 'sums',
): Record<string, Bound> {
  const unit = precision === 'f32' ? 2 ** -24 : 2 ** -53;
  const growth = Math.sqrt(Math.log2(points) + 1);
  const factor = convolution ? 8 : 2;
  // The oracle has float64 as well, which only a double transform can detect: sums of n terms have random errors of
  // sqrt(n), like those of fast transforms.
  const oracleError =
    precision === 'f32' ? 0 : 2 ** -53 * (oracle === 'sums' ? Math.sqrt(points) : (factor / 2) * growth);
  const why =
    'errors of rounded butterflies add up like a random walk over log2 N stages, with roots of unity rounded ' +
    'once from float64; measured constants are 0.5 to 0.8';
  return {
    l2: {
      limit: factor * unit * growth + oracleError,
      unit: 'relative',
      reason: convolution
        ? `${why}; a prime above 13 goes through a convolution, three transforms of more than twice the length`
        : why,
    },
    worst: {
      limit: 2 * factor * unit * growth + 2 * oracleError,
      unit: 'relative to the largest',
      reason: 'the same for the single worst bin, which a norm would hide',
    },
    returned: {
      limit: 2 * factor * unit * growth,
      unit: 'relative',
      reason: 'forward and back: the errors of two transforms; the input is known exactly',
    },
    strays: { limit: 0, unit: 'words', reason: 'nothing outside the output is written, and the input is unchanged' },
  };
}

/** Two spectra, their product, and the inverse transform. */
export function threeTransforms(precision: 'f32' | 'f64', points: number): Bound {
  const { l2, returned } = fft(precision, points, false, 'fast') as { l2: Bound; returned: Bound };
  return { limit: l2.limit + returned.limit, unit: l2.unit, reason: 'the errors of three transforms of a good length' };
}

/** Properties of any transform, from the bounds of one: `l2` forward, `returned` forward and back. */
export function properties(l2: Bound, returned: Bound): Record<string, Bound> {
  const times = (factor: number, reason: string): Bound => ({ limit: factor * l2.limit, unit: l2.unit, reason });
  return {
    delta: l2,
    wave: l2,
    energy: times(2, 'the square of a norm that is accurate to l2'),
    symmetry: times(2, 'two numbers of one spectrum, each accurate to l2'),
    shift: times(3, 'three spectra, each accurate to l2'),
    returned,
  };
}

/** The fraction of the bound of its length that a transform uses, over many lengths. */
export const ofLength: Bound = {
  limit: 1,
  unit: 'of the bound of its length',
  reason: 'each length has the bound that a separate row would have',
};

/** Individual numbers of a transform, bounded as in heFFTe's own tests, forward and back. */
export const heffte = (precision: 'f32' | 'f64'): Bound => ({
  limit: precision === 'f32' ? 5e-4 : 1e-11,
  unit: 'absolute',
  reason:
    'the bound of the tests of heFFTe 2.4.1 on input from 0 to 1; the rows have the tighter relative bounds as well',
});

/** Peaks of a frame: all of them, no other, in the same order. */
export const samePeaks: Bound = {
  limit: 0,
  unit: 'peaks',
  reason:
    'the criterion is equality, on GPUs too: sums of integers are exact, and backgrounds contain no pixel ' +
    'of a blob, so that none depends on another; real numbers of the rows are on a grid that no limit touches',
};

/** Centroids and sums of a peak, relative where they are above 1. */
export const peakFigures: Bound = {
  limit: 4e-6,
  unit: 'relative',
  reason: 'sums of up to 200 pixels in float64, returned as float32: 2^-24, and cancellation in a variance',
};

/** Statistics of rings of integers. */
export const ringsOfIntegers: Bound = {
  limit: 1e-13,
  unit: 'relative, or of 1',
  reason:
    'sums and sums of squares of integers are exact below 2^53, and the rest is rounded identically to float32; a ' +
    'limit that is zero except for the last bit of float64 is not',
};

/** Statistics of rings of reals. */
export const ringsOfReals: Bound = {
  limit: 1e-6,
  unit: 'relative',
  reason: 'float64 sums in another order, and a variance as a difference of means: about 10^-9, returned as float32',
};

/** Sums of the good pixels of rings: of integers on every backend the same. */
export const ringSumsOfIntegers: Bound = {
  limit: 0,
  unit: 'relative, or pixels',
  reason: 'sums of integers are exact below 2^53 in any order, and the number of good pixels is a count',
};

/** The same of reals. */
export const ringSumsOfReals: Bound = {
  limit: 1e-12,
  unit: 'relative, or pixels',
  reason: 'float64 sums of some hundred numbers in another order',
};

/** Sums of integers in a pass over frames. */
export const sumsOfIntegers: Bound = {
  limit: 0,
  unit: 'sums',
  reason: 'integers are added as integers, and the sums of the rows are below 2^53',
};

/** Sums in float32 in a pass over frames: columns of reals and of products, and planes if there is no float64. */
export const sumsInSingle: Bound = {
  limit: 4e-6,
  unit: 'of the terms',
  reason:
    'float32 in runs of a few dozen before a double: at most about 40 roundings of 2^-24; a GPU’s ' +
    'logarithm is within 2^-21',
};

/** Corrected frames in float32. */
export const correctedInSingle: Bound = {
  limit: 1e-6,
  unit: 'of the corrected value',
  reason:
    'three float32 operations and the rounding of the gain, 2^-24 each, and a mean of eight neighbours: at most 14 ' +
    'roundings; a dark value is a pair of floats',
};

/** Corrected frames in float64. */
export const correctedInDouble: Bound = {
  limit: 3e-15,
  unit: 'of the corrected value',
  reason: 'two float64 operations and a mean of eight neighbours: at most 12 roundings of 2^-53',
};

/** Sums of each pixel if there is float64. */
export const sumsInDouble: Bound = {
  limit: 1e-12,
  unit: 'of the terms',
  reason: 'float64 in the order of the frames: at most one rounding of 2^-53 per frame, a few thousand frames',
};

/** Refined positions of disks. */
export const positionsOfDisks: Bound = {
  limit: 2e-5,
  unit: 'pixels',
  reason: 'a correlation in float32 over its curvature: a few roundings of 2^-24 of a sum of some dozen logarithms',
};

/** Heights and elevations of correlations of disks. */
export const correlations: Bound = {
  limit: 1e-5,
  unit: 'of the largest',
  reason: 'two transforms in float32: roundings of 2^-24 of the largest correlation, and a difference of two of them',
};

/** Images of phases: spectra, waves, integrated shifts. */
export const phases: Bound = {
  limit: 2e-6,
  unit: 'of the largest',
  reason: 'transforms in float32, whose relative error is a few 2^-24, and sums of them in float64',
};

/** Strain and rotation of a lattice of disks. */
export const strains: Bound = {
  limit: 5e-6,
  unit: 'strain',
  reason: 'two positions of disks to 2e-5 pixels over a lattice vector of a dozen pixels, averaged over the disks',
};

/** Quantities that UDFs derive from the sums: shifts, deviations, products. */
export const resultsOfUdfs: Bound = {
  limit: 1e-5,
  unit: 'of the largest',
  reason: 'sums to 4e-6 of their terms; a shift is the difference of a quotient of two and the centre, a few pixels',
};

/** Counts of a merge, and its set of reflections. */
export const sameMeasurements: Bound = {
  limit: 0,
  unit: 'reflections',
  reason: 'an observation counts if its weight is above 0, which no rounding error decides in these rows',
};

/** Numbers of a merge compared with those of the oracle. */
export const mergedNumbers: Bound = {
  limit: 1e-8,
  unit: 'relative',
  reason:
    'sums of a few hundred terms and solutions of 5 × 5 systems in float64 differ by 10⁻¹³; ' +
    'cycles of refinement, which approach the same fixed point, do not amplify that by more than 10⁵',
};
