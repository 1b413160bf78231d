/** The public names of merging in the entry `ewald`; `ewald/merging` adds the names of public.entry.ts. */

export type { ScanCounts } from './collection/counts.js';
export type { MergeBytes } from './collection/pieces.js';
export type { Split } from './collection/split.js';
export type { PlaceScale, RelativeScale } from './fit/place-scales.js';
export type { Likely, Sensitivity, WantedAnswer, WantedDifference } from './forecast/answers.js';
export type { SaidBefore } from './forecast/backtest.js';
export type { WantedKind } from './forecast/goals.js';
export type { ReflectionList } from './lists/hkl.js';
export { mergeStream } from './merge-stream.js';
export type { MergeFeed, MergeFile, MergeInput, Merger } from './merger.js';
export type { MergeModel, MergeOptions } from './options.js';
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
export type { CellPopulation, MergedCells } from './setting/cells.js';
export type { MergedMultiple } from './setting/multiple.js';
export type { MergeExecutor } from './share.js';
export type { LTest, MergeStatistics, ShellStatistics, WilsonFit } from './statistics/statistics.js';
