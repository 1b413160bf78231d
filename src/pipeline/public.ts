/** The public names of the run. */

export type { BytesInput } from '../bytes/source-of.js';
export type { RegionValue, RegionValues } from '../crystal/stream/regions.js';
export type {
  CellSearchEvent,
  CellSearchOptions,
  DeterminedCell,
  FewEvidence,
  LatticeEvidence,
} from '../indexing/indexer.js';
export type { FrameCentre } from './centre/centred-beam.js';
export type { ChipGridOptions, FrameGrid } from './chip/grid.js';
export type { ImagePosition } from './chip/positions.js';
export type { RunEvent } from './events.js';
export type { FramesCell, FramesCellOptions } from './first-frames/cell-of-frames.js';
export type {
  FrameSearcher,
  FrameSearcherMethods,
  FrameSearcherOptions,
  FrameSearchOptions,
} from './frame-searcher.js';
export type { CopiedHeader } from './inputs/copied-headers.js';
export type { ListInput, PipelineInput, RunInput } from './inputs/inputs.js';
export type { FileInput, OutputTarget } from './inputs/place.js';
export type { PushedRun } from './inputs/pushed.js';
export type { FailedFrame, PipelineItem, SearchedFrame } from './one-frame.js';
export type { IceScore } from './profile/ice.js';
export type { ProfileOptions } from './profile/options.js';
export type { ProfileRecord, RadialProfile } from './profile/radial-profile.js';
export type { KeptHits } from './reduce/kept-hits.js';
export type { ReduceOptions, Reduction } from './reduce/reduce.js';
export type { Region } from './regions/region.js';
export type { PipelineOptions } from './run-options.js';
export type { PeakParameters, SearchSettings } from './settings.js';
export type { Tolerance } from './stages/accept.js';
export type { FrameCrystal, FrameResult, StageBackends, StageTimes } from './stages/frame.js';
export type { Measured, RingRadii } from './stages/integrate.js';
export type { OrientedCrystal } from './stages/oriented.js';
export type { Reflection } from './stages/predict.js';
export type { FrameOrigin } from './streams/chunk.js';
