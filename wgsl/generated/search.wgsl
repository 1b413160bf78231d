// Generated from src/compute/layout/search.ts by `npm run layout`. Do not edit.
const MIN_IMAGE_SPOTS = 5u; // with fewer spots there is nothing to look for
const FARTHEST_SPOT = 5.0; // 1/angstrom; no crystal diffracts farther out, so a spot there is left out: a single one would spoil every scale
const LONGEST_CELL = 1000000.0; // angstrom; no component of a known cell is longer
const FLATTEST_CELL = 0.001; // of the box of its lengths: a known cell of less volume is degenerate
const SMALLEST_VOLUME = 1.0; // cubic angstrom; a cell of less volume is degenerate
const SYMMETRY_TOLERANCE = 0.01; // index units: a rotation that moves nodes by no more need not be searched; labels tell apart what it joins
const SYMMETRY_REACH = 2u; // two-fold axes run along lattice vectors of indices up to this
const ACROSS_LIMIT = 0.001; // of its length: what a vector has across another at least, to give a direction
const ACCEPTANCE_OCCUPANCY = 0.015625; // a spot counts as indexed within r of a node such that the spheres of r fill this fraction of reciprocal space
const SPIRAL_COS = -0.7373688780783197; // cosine of the golden angle pi (3 - sqrt 5), the step of the spiral
const SPIRAL_SIN = 0.6754902942615238; // its sine
const SAMPLE_SPOTS = 48u; // sampling: lowest-resolution spots that take part
const GRID_STEP = 0.4; // sampling: periods from a direction to the next, at the outermost of these spots
const MIN_DIRECTIONS = 1024u; // sampling: directions at least
const DIRECTION_MULTIPLE = 64u; // sampling: directions are a multiple of this
const PHASE_BITS = 12u; // sampling: bits behind the point of a phase, which is counted in integers
const LENGTH_TOLERANCE = 0.01; // a base vector is known this well; without it the fit of a vector runs away where the Ewald sphere is flat
const PHASE_ERROR = 0.05; // periods; error of a phase, which weighs the fit against what is known of the vector
const SCALE_TOLERANCE = 0.03; // a wrong detector distance scales every length: where nothing is found the scale is left free within this
const SAMPLED_REACH = 0.7; // steps of the grid that a sampled vector may be off
const LENGTH_LIMIT = 0.04; // a fitted vector whose length is off by more is not the one that was sampled
const SHORT_LIST_LENGTH_LIMIT = 0.2; // the same where the list is short: all candidates have been pulled to the length
const LADDER_SPARE = 3u; // times the candidates that are wanted are kept while the ladder grows
const PLANE_CLOSENESS = 0.09; // square of the distance from a plane, in periods, from which a spot adds to a vector
const TURN_SPOTS = 96u; // rotation search: lowest-resolution spots that take part
const TURN_STEP = 0.35; // rotation search: periods from an angle to the next, at the outermost of these spots
const TURN_STEPS = 20160u; // angles in the table of a turn: divisible by many numbers, so a search finds a close divisor that is a multiple of 12
const TURN_MULTIPLE = 12u; // angles of a turn are a multiple of this, so that the folds of lattices divide them
const MIN_ANGLES = 96u; // angles of a turn at least
const MIN_HIT_SPOTS = 3u; // spots near the nodes of a hit at least
const ENOUGH_HITS = 64u; // hits of the highest counts that are compared by closeness
const CELL_CLOSENESS = 0.06; // square of the distance from a node, in index units, from which a spot adds to a cell
const MIN_TURN_SPOTS = 3u; // spots near nodes without which a cell is not turned
const TURN_STIFFNESS = 0.0002; // of the trace: what keeps a near-singular turn small
const SMALLEST_TURN = 1e-12; // radian; a turn of less is none
const LARGEST_TURN = 0.3; // radian; a turn of more follows no spots
const MIN_FIT_SPOTS = 5u; // spots near nodes without which the metric of a cell is not fitted
const SMALLEST_GROWTH = 0.5; // a fit that shrinks the reciprocal volume by more is not taken
const LARGEST_GROWTH = 2.0; // a fit that grows it by more neither
const STRAIN_TOLERANCE = 0.01; // how far the true cell is expected to be from the known one
const STRAIN_LIMIT = 0.02; // square of (relative length + relative volume), which may be 0.14, from which it is another cell
const STRAIN_MERIT = 8.0; // merit above which a strained cell is tried
const STRAIN_ERRORS = 3.0; // errors of a spot in the acceptance radius, which weigh the spots against strains
const GROW_INDEX_LIMIT = 0.3; // strain: index units within which a spot takes part while more and more spots do
const GROW_RADIUS = 2.0; // strain: the same in acceptance radii
const GROW_STIFFNESS = 4.0; // strain: times the weight of the metric, meanwhile
const FIT_INDEX_LIMIT = 0.25; // strain: index units within which a spot takes part when all do
const FIT_RADIUS = 1.6; // strain: acceptance radii where the radius begins to shrink
const LAST_RADIUS = 0.3; // strain: acceptance radii where it ends, if max_distance is 0
const SAME_LATTICE_LIMIT = 0.1; // index units within which two lattices are one
const SLIVER_LATTICE = 0.15; // the same for a further lattice of an image against those that are accepted
const MAX_SLIVERS = 4u; // slivers of accepted lattices in a row, after which the search ends
const MIN_OWN_SPOTS = 8u; // spots without which a lattice is not refined on its own
const LEVELS = 16u; // radii that are tried, each with half the occupancy of the one before
const WIDEST_OCCUPANCY = 0.125; // occupancy at the widest radius
const MIN_OCCUPIED = 4u; // occupied nodes without which nothing is said; as many spots
const ROW_LIMIT = 0.001; // of the squared trace: second moments across a row below it, and the spots are in a row
const STRAIN_WAYS = 6u; // further parameters of a strained cell
const TAIL_PRECISION = 0.0001; // a term of the tail that adds less, relatively, ends the sum
const MEASURED_FROM = -1.0; // log10 of a chance above which its occupancy is not measured
const LOOKS = 9600u; // spots that are looked at when an occupancy is measured
const CLEAR_LOOKS = 2400u; // the same where the answer is beyond doubt
const CLEAR_FACTOR = 4.0; // beyond doubt: log10 of the chance below this many times accept_log10
const CLEAR_DECADES = 20.0; // and so many decades
const MIN_TURNS = 8u; // turns of the lattice about the beam at least
const MAX_TURNS = 128u; // turns at most
const ODD_HITS = 3u; // a turn with more hits is odd, if it has a good part of the hits of the answer too
const ODD_SHARE = 7u; // that part, in tenths
const ODD_TURNS = 8u; // odd turns are left out when they are one in so many or fewer
const IMAGINED_HITS = 8u; // hits of the even case that stand beside those counted
const EVEN_LIMIT = 0.25; // occupancy above which a wider radius says nothing
const WIDE_EXCESS = 1.5; // excess from which a wider radius counts
const HIGHEST_OCCUPANCY = 0.5; // a measured occupancy is no higher
const BEAM_SHIFT = 0.000001; // of the trace: keeps the moments of spots in a plane regular
const BEAM_X = 0.48; // where the search for the beam begins
const BEAM_Y = 0.6; // its y
const BEAM_Z = 0.64; // its z
const BEAM_ROUNDS = 6u; // rounds of that search
const SHORT_LIST = 40u; // with so many spots or fewer the light effort is left out: rivals share most of the spots
const SPARE_DECADES = 5.0; // a lattice that is to end the search is this much better than it need be
const RIVAL_SHARE = 0.5; // of the best merit: lattices below it are not judged
const FLAT_THICKNESS = 0.25; // thickness of the spots times the shortest vector, below which the Ewald sphere is flat
const GLANCE_CANDIDATES = 2u; // candidate vectors that a glance turns, refines and judges before the others
const GLANCE_HITS = 2u; // cells of these that are refined; the better one is judged
const GLANCE_DECADES = 10.0; // a lattice that is to end the search at a glance is this much better than it need be
const GLANCE_SHARE = 0.5; // of the spots, of which its merit must exceed this part
const GLANCE_THICKNESS = 0.5; // thickness of the spots times the shortest vector, below which there is no glance: candidates may be rivals
const POOL_SPARE = 16u; // lattices that a fast search keeps beside those it returns
const EXHAUSTIVE_POINTS = 32768u; // exhaustive: directions where the caller asks for none
const EXHAUSTIVE_VECTORS = 32u; // exhaustive: candidate vectors a length where the caller asks for none
const ANGLES_PER_ROOT = 2.5; // exhaustive: angles times the square root of the directions
const ANGLE_MULTIPLE = 1024u; // exhaustive: angles are a multiple of this
const TIES_PER_OUTPUT = 8u; // exhaustive: cells a returned one whose mean distance is computed, where counts tie
const MIDDLE_LIMIT = 0.000001; // of the length: two vectors are opposite when their sum is shorter
const TURBO_EFFORT = 6u; // where the efforts of turbo begin
const MAX_EFFORT_DIRECTIONS = 256u; // of any effort
const MAX_EFFORT_CANDIDATES = 48u; // of any effort
const MAX_EFFORT_HITS = 12u; // of any effort
const MAX_EFFORT_JUDGED = 4u; // of any effort
const MAX_PICKED = 384u; // sampled directions that are taken on, with those that tie

// One effort of the fast method. See src/compute/layout/search.ts.
struct Effort {
  base: u32,
  directions: u32,
  candidates: u32,
  hits: u32,
  free_scale: bool,
  judged: u32,
  share: f32,
  last: bool,
}
const EFFORTS = 8u;
fn effort_of(i: u32) -> Effort {
  var rows = array<Effort, 8>(
    Effort(0u, 64u, 12u, 4u, false, 2u, 0.4, false),
    Effort(0u, 256u, 48u, 12u, false, 4u, 0.22, false),
    Effort(1u, 256u, 48u, 12u, false, 4u, 0.22, false),
    Effort(2u, 256u, 48u, 12u, false, 4u, 0.22, false),
    Effort(0u, 256u, 48u, 12u, true, 4u, 0.22, false),
    Effort(1u, 256u, 48u, 12u, true, 4u, 0.22, true),
    Effort(0u, 32u, 8u, 3u, false, 2u, 0.4, false),
    Effort(0u, 128u, 24u, 8u, false, 4u, 0.22, true),
  );
  return rows[i];
}

// A round of the ladder. See src/compute/layout/search.ts.
struct LadderRound {
  limit: f32,
  spots: u32,
  apart: f32,
}
const LADDER_FIRST = 0u;
const LADDER_GROWING = 1u;
const LADDER_FULL = 2u;
const LADDER_LAST = 3u;
const LADDER_ROUNDS = 4u;
fn ladder_round_of(i: u32) -> LadderRound {
  var rows = array<LadderRound, 4>(
    LadderRound(0.25, 4u, 0.1),
    LadderRound(0.2, 4u, 0.08),
    LadderRound(0.12, 4u, 0.08),
    LadderRound(0.07, 5u, 0.08),
  );
  return rows[i];
}

// A round of the refinement of the orientation. See src/compute/layout/search.ts.
struct TurnRound {
  index_limit: f32,
  radius: f32,
  low: bool,
}
const TURN_ROUNDS = 5u;
fn turn_round_of(i: u32) -> TurnRound {
  var rows = array<TurnRound, 5>(
    TurnRound(0.3, 0.0, true),
    TurnRound(0.25, 0.0, true),
    TurnRound(0.25, 3.2, false),
    TurnRound(0.25, 1.6, false),
    TurnRound(0.25, 1.2, false),
  );
  return rows[i];
}

// A round of the exhaustive method's fit. See src/compute/layout/search.ts.
struct VectorRound {
  limit: f32,
}
const VECTOR_ROUNDS = 4u;
fn vector_round_of(i: u32) -> VectorRound {
  var rows = array<VectorRound, 4>(
    VectorRound(0.1),
    VectorRound(0.05),
    VectorRound(0.025),
    VectorRound(0.01),
  );
  return rows[i];
}
