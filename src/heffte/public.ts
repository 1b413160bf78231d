/** The names that both builds of `ewald/heffte` export. */
export type { MakeFft3d, MakeFft3dR2c } from './bind.js';
export { Box, box3d, type MakeBox, type Triple } from './box.js';
export type { PlanDescription, StageDescription } from './describe.js';
export type { Fft3dPlan, Fft3dPlanMethods, Fft3dRun } from './fft3d.js';
export {
  findWorld,
  getFactors,
  makePencils,
  makeProcgrid,
  makeSlabs,
  procSetupMinSurface,
  procSetupMinSurface as proc_setup,
  splitWorld,
  splitWorld as split_world,
} from './geometry.js';
export type { HeffteBackend, HeffteScale, ReshapeAlgorithm } from './names.js';
export type { Fft3dOptions, Fft3dRunOptions, FftContextLike } from './options.js';
export { backend, heffte_input_error, scale } from './python.js';
export type { Decomposition } from './stages.js';
