/**
 * The public names of `ewald/merging` in addition to those of public.ts: lists of reflections, splits, running merges.
 * They form a separate entry, so that pages that do not merge do not load them.
 */
export { formatReflectionList, readReflectionList } from './hkl.js';
export { readMtzReflections } from './mtz-reader.js';
export { type MergeReportOptions, mergeReport } from './report.js';
export {
  type MergeSink,
  type MergeStatus,
  mergeSink,
  type RunningMergeOptions,
  statusText as mergeStatusText,
} from './running.js';
export { readSplitTable } from './split.js';
