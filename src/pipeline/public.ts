/** The public names of the run. */
export type { Tolerance } from './accept.js';
export type { FrameOrigin } from './chunk.js';
export type { OpenOther } from './detector.js';
export type { FrameCrystal, FrameResult, StageBackends, StageTimes } from './frame.js';
export type { Measured, RingRadii } from './integrate.js';
export type { ListedSettings } from './listed.js';
export type { Reflection } from './predict.js';
export type { FailedFrame, PipelineInput, PipelineItem, PipelineOptions, SearchedFrame } from './run.js';
export type { SearchSettings } from './settings.js';
