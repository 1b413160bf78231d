/** The public names of the run. */
export type { Tolerance } from './accept.js';
export type { FrameOrigin } from './chunk.js';
export type { FrameCrystal, FrameResult, StageBackends, StageTimes } from './frame.js';
export type {
  FrameSearcher,
  FrameSearcherMethods,
  FrameSearcherOptions,
  FrameSearchOptions,
} from './frame-searcher.js';
export type { PipelineInput } from './inputs.js';
export type { Measured, RingRadii } from './integrate.js';
export type { ListedSettings } from './listed.js';
export type { Reflection } from './predict.js';
export type { PipelineOptions, RunEvent } from './run.js';
export type { FailedFrame, PipelineItem, SearchedFrame } from './search-all.js';
export type { SearchSettings } from './settings.js';
