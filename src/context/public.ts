/** The names that every build of `ewald` exports, whatever the platform. */
export * from '../arrays/public.js';
export { type BravaisCandidate, type BravaisType, bravaisCandidates } from '../crystal/bravais.js';
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
} from '../crystal/cell.js';
export { type KnownCell, readCell } from '../crystal/cell-file.js';
export type { Centring } from '../crystal/centring.js';
export type { Beam, Geometry, Panel } from '../crystal/geometry/geometry.js';
export { parseGeometry } from '../crystal/geometry/parse.js';
export { beamOf, reciprocalOf } from '../crystal/geometry/pixels.js';
export { formatGeometry } from '../crystal/geometry/write.js';
export { type MisorientationOptions, misorientation } from '../crystal/lattice-match.js';
export { niggli, type ReducedCell } from '../crystal/niggli.js';
export { cellSimilarity, covers, isViable } from '../crystal/similarity.js';
export { readStream, type StreamReader } from '../crystal/stream/read.js';
export type { StreamChunk, StreamCrystal, StreamHead, StreamPeak, StreamReflection } from '../crystal/stream/stream.js';
export { formatChunk, formatHead } from '../crystal/stream/write.js';
export { formatNpy, type NpyArray, readNpy } from '../data/npy.js';
export { formatSpotList, readSpotList, type SpotList, type SpotListOptions, type SpotUnit } from '../data/spot-list.js';
export * from '../detector/public.js';
export * from '../fft/public.js';
export * from '../indexing/public.js';
export * from '../merging/public.js';
export * from '../peaks/public.js';
export * from '../pi/public.js';
export * from '../pipeline/public.js';
export {
  type FrameSimulation,
  FrameSimulator,
  type SimulatedDetector,
  type SimulatedFrame,
} from '../simulate/frames.js';
export { type SimulatedImage, type SpotSimulation, simulateSpotImages, simulateSpots } from '../simulate/spots.js';
export * from './public.core.js';
export type { Context, ContextMethods } from './rooms.js';
