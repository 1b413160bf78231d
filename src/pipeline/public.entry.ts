/** The public names of `ewald/pipeline` that are the same on every platform. */

export { spotUnits, unitHint } from '../frames/spot-list.js';
export { describeFrames as tunedFacts, flagsOf as tunedFlags } from '../peaks/guess.js';
export {
  type GeometryCrystal,
  type GeometryRefinement,
  type MeasuredCell,
  type MovedUnit,
  type RefineGeometryOptions,
  refineGeometry,
} from '../refinement/refine-geometry.js';
export { type ChipMap, ChipMaps, type WellFrame, type WellValues } from './chip/chip-map.js';
export type { MapQuantity } from './chip/quantities.js';
export { isFrameDoubtful } from './doubt.js';
export type { RunEvent } from './events.js';
export { cellText, errorText, oddsText, preferenceText } from './first-frames/lattice-text.js';
export { cellFileOf, fewestPeaks, latticeOf } from './first-frames/unknown-cell.js';
export type { SettledGeometry } from './geometry/settle-geometry.js';
export type { FileInput, OutputTarget } from './inputs/place.js';
export { radialProfile } from './profile/image-profile.js';
export { ProfileSum } from './profile/radial-profile.js';
export { progressText } from './progress-text.js';
export type { CrystalRecord, FrameFailure, FrameRecord } from './record.js';
export type { RunExecutor } from './run-options.js';
export type { OutputOptions } from './sinks/output-options.js';
export type { RunView, ViewedRun } from './sinks/run-view.js';
export type { FrameSink, OutputEnd } from './sinks/sink.js';
export type { Shard } from './sources/selection.js';
export type { LiveInput } from './sources/source.js';
export type { ZmqSourceOptions } from './sources/zeromq.node.js';
export type { StreamInfo } from './streams/info.js';
export type { Joined, JoinOptions } from './streams/join.js';
export { type CellSummary, type JudgedParts, RunSummary } from './summary.js';
