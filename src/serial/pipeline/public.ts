/** The public names of the run. */

export type { CellSearchOptions, DeterminedCell, LatticeEvidence } from '../indexing/indexer.js';
export type { Tolerance } from './accept.js';
export type { FramesCell, FramesCellOptions } from './cell-of-frames.js';
export type { FrameOrigin } from './chunk.js';
export type { CopiedHeader } from './copied-headers.js';
export type { RunEvent } from './events.js';
export type { FrameCrystal, FrameResult, StageBackends, StageTimes } from './frame.js';
export type {
  FrameSearcher,
  FrameSearcherMethods,
  FrameSearcherOptions,
  FrameSearchOptions,
} from './frame-searcher.js';
export type { ListInput, PipelineInput, RunInput } from './inputs.js';
export type { Measured, RingRadii } from './integrate.js';
export type { FileInput, OutputTarget } from './place.js';
export type { Reflection } from './predict.js';
export type { PipelineOptions } from './run-options.js';
export type { FailedFrame, PipelineItem, SearchedFrame } from './search-all.js';
export type { PeakParameters, SearchSettings } from './settings.js';
