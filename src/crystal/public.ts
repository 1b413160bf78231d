/** The public names of cells, geometries and streams. */
export { type BravaisCandidate, type BravaisType, bravaisCandidates } from './bravais.js';
export {
  anglesOf,
  type Cell,
  cellFrom,
  cellFromParameters,
  lengthsOf,
  reciprocal,
  sameLattice,
  type Vector,
  volume,
} from './cell.js';
export { type KnownCell, readCell } from './cell-file.js';
export type { Centring } from './centring.js';
export { type Beam, type Geometry, type Panel, photonEnergyOf } from './geometry/geometry.js';
export { parseGeometry } from './geometry/parse.js';
export { beamOf, meanDistance, reciprocalOf } from './geometry/pixels.js';
export { formatGeometry } from './geometry/write.js';
export { type MisorientationOptions, misorientation } from './lattice-match.js';
export { niggli, type ReducedCell } from './niggli.js';
export { covers } from './similarity.js';
export {
  compareStreams,
  type FrameTruth,
  readTruth,
  type StreamComparison,
  type TrueFrame,
  type TruthComparison,
} from './stream/compare.js';
export { readStream, type StreamReader } from './stream/read.js';
export type { StreamChunk, StreamCrystal, StreamHead, StreamPeak, StreamReflection } from './stream/stream.js';
export { formatChunk, formatHead } from './stream/write.js';
