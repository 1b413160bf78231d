/** The public names of merging in the entry `ewald`; `ewald/merging` adds the names of public.entry.ts. */
export type { CellPopulation, MergedCells } from './cells.js';
export type { ScanCounts } from './counts.js';
export type { ReflectionList } from './hkl.js';
export { mergeStream } from './merge-stream.js';
export type { MergeFeed, MergeFile, MergeInput, Merger } from './merger.js';
export type { MergedMultiple } from './multiple.js';
export type { MergeModel, MergeOptions } from './options.js';
export type { MergeBytes } from './pieces.js';
export type {
  MergeCounts,
  MergedCrystal,
  MergedDataset,
  MergedLists,
  MergedPolarisation,
  MergeResult,
  MergeResultMethods,
} from './result.js';
export type { MergeRunOptions } from './run.js';
export type { MergeExecutor } from './share.js';
export type { Split } from './split.js';
export type { LTest, MergeStatistics, ShellStatistics, WilsonFit } from './statistics.js';
