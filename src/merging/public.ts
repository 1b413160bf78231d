/** The public names of merging. */
export type { ReflectionList } from './hkl.js';
export { formatReflectionList, readReflectionList } from './hkl.js';
export { mergeStream } from './merge-stream.js';
export type {
  MergeCounts,
  MergedCrystal,
  MergedDataset,
  MergedLists,
  MergedPolarisation,
  MergeFeed,
  MergeInput,
  MergeResult,
  MergeResultMethods,
  MergeRunOptions,
  Merger,
} from './merger.js';
export { readMtzReflections } from './mtz-reader.js';
export { type MergeModel, type MergeOptions, mergeModels } from './options.js';
export type { MergeBytes } from './pieces.js';
export {
  type MergeSink,
  type MergeStatus,
  mergeSink,
  type RunningMergeOptions,
  statusText as mergeStatusText,
} from './running.js';
export type { ScanCounts } from './scan.js';
export type { MergeExecutor } from './share.js';
export { readSplitTable, type Split } from './split.js';
export type { LTest, MergeStatistics, ShellStatistics, WilsonFit } from './statistics.js';
