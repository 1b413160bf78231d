/**
 * The public names of `ewald/merging` in addition to those of public.ts: lists of reflections, splits, running merges.
 * They form a separate entry, so that pages that do not merge do not load them.
 */

export { readSplitTable } from './collection/split.js';
export { answerText as wantedText } from './forecast/words.js';
export { formatReflectionList, readReflectionList } from './lists/hkl.js';
export { readMtzReflections } from './lists/mtz-reader.js';
export {
  type MergeSink,
  type MergeStatus,
  mergeSink,
  type RunningMergeOptions,
  statusText as mergeStatusText,
} from './running.js';
export { type MergeReportOptions, mergeReport } from './statistics/report.js';
