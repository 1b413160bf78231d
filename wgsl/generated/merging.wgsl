// Generated from src/compute/layout/merging.ts by `npm run layout`. Do not edit.
const MERGING_PARAMETERS: u32 = 5u;
const MERGING_TUKEY: u32 = 6u;
const PARTIALITY_NONE: u32 = 0u;
const PARTIALITY_GAUSSIAN: u32 = 1u;
const PARTIALITY_XSPHERE: u32 = 2u;

// A pass over some crystals: their number, and what is summed or refined.
struct MergingPass {
  crystals: u32, // crystals of the pass
  observations: u32, // their observations
  unique: u32, // unique reflections
  partiality: u32, // how the recorded share follows from the excitation error: EWALD_PARTIALITY
  width: u32, // numbers a unique reflection of a sum: 2 or 4
  radius: u32, // 1: the profile radius is refined
  rotations: u32, // 1: the orientation is refined
  steps: u32, // Gauss-Newton steps of a refinement
  first: u32, // number of the first crystal of the pass among all
  every: u32, // each n-th crystal of all is looked at for the proportional error; 0: none
  reserved0: u32, // zero
  reserved1: u32, // zero
}
