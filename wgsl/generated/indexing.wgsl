// Generated from src/layout/indexing.ts by `npm run layout`. Do not edit.
const LEAST_SPOTS = 5u; // with fewer spots there is nothing to look for
const FARTHEST_SPOT = 5.0; // 1/angstrom; no crystal diffracts farther out, so a spot there is left out: a single one would spoil every scale
const SAMPLE_SPOTS = 48u; // sampling: lowest-resolution spots that take part
const GRID_STEP = 0.4; // sampling: periods from a direction to the next, at the outermost of these spots
const LEAST_DIRECTIONS = 1024u; // sampling: directions at least
const LENGTH_TOLERANCE = 0.01; // a base vector is known this well; without it the fit of a vector runs away where the Ewald sphere is flat
const PHASE_ERROR = 0.05; // periods; error of a phase, which weighs the fit against what is known of the vector
const SCALE_TOLERANCE = 0.03; // a wrong detector distance scales every length: where nothing is found the scale is left free within this
const LENGTH_LIMIT = 0.04; // a fitted vector whose length is off by more is not the one that was sampled
const TURN_SPOTS = 96u; // rotation search: lowest-resolution spots that take part
const TURN_STEP = 0.35; // rotation search: periods from an angle to the next, at the outermost of these spots
const TURN_STEPS = 20160u; // angles in the table of a turn: divisible by many numbers, so a search finds a close divisor that is a multiple of 12
const ACCEPTANCE_OCCUPANCY = 0.015625; // a spot counts as indexed within r of a node such that the spheres of r fill this fraction of reciprocal space
const STRAIN_TOLERANCE = 0.01; // how far the true cell is expected to be from the known one
const STRAIN_LIMIT = 0.02; // (relative length + relative volume)^2 from which it is another cell
const STRAIN_MERIT = 8.0; // merit above which a strained cell is tried
const SHORT_LIST = 40u; // with so many spots or fewer the light effort is left out: rivals share most of the spots
const SPARE_DECADES = 5.0; // a lattice that is to end the search is this much better than it need be
const RIVAL_SHARE = 0.5; // of the best merit: lattices below it are not judged
const FLAT_THICKNESS = 0.25; // thickness of the spots times the shortest vector, below which the Ewald sphere is flat
const TURBO_EFFORT = 6u; // where the efforts of turbo begin
const MOST_EFFORT_DIRECTIONS = 256u; // of any effort
const MOST_EFFORT_CANDIDATES = 48u; // of any effort
const MOST_EFFORT_HITS = 12u; // of any effort
const MOST_EFFORT_JUDGED = 4u; // of any effort

// One effort of the fast method; see src/layout/indexing.ts.
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
fn effort_of(k: u32) -> Effort {
  var efforts = array<Effort, 8>(
    Effort(0u, 64u, 12u, 4u, false, 2u, 0.4, false),
    Effort(0u, 256u, 48u, 12u, false, 4u, 0.22, false),
    Effort(1u, 256u, 48u, 12u, false, 4u, 0.22, false),
    Effort(2u, 256u, 48u, 12u, false, 4u, 0.22, false),
    Effort(0u, 256u, 48u, 12u, true, 4u, 0.22, false),
    Effort(1u, 256u, 48u, 12u, true, 4u, 0.22, true),
    Effort(0u, 32u, 8u, 3u, false, 2u, 0.4, false),
    Effort(0u, 128u, 24u, 8u, false, 4u, 0.22, true),
  );
  return efforts[k];
}
