/**
 * The public names of `ewald/merging` beside those of public.ts: lists of reflections, splits, running merges. They are an
 * entry of their own, so that pages that do not merge load none of it.
 */
export { formatReflectionList, readReflectionList } from './hkl.js';
export { readMtzReflections } from './mtz-reader.js';
export { mergeModels } from './options.js';
export {
  type MergeSink,
  type MergeStatus,
  mergeSink,
  type RunningMergeOptions,
  statusText as mergeStatusText,
} from './running.js';
export { readSplitTable } from './split.js';
