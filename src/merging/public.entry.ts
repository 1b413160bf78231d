/**
 * The public names of `ewald/merging` in addition to those of public.ts: lists of reflections, splits, running merges.
 * They form a separate entry, so that pages that do not merge do not load them.
 */

export { readSplitTable } from './collection/split.js';
export { answerText as wantedText } from './forecast/words.js';
export { type FormattedList, formatReflections } from './formats/format-list.js';
export {
  type ListKind,
  listKinds,
  type ReadReflectionsOptions,
  type ReflectionFile,
  readReflections,
} from './formats/read-reflections.js';
export { formatReflectionList, readReflectionList } from './lists/hkl.js';
export { readMtzReflections } from './lists/mtz-reader.js';
export type { AbsenceElement, SpaceGroupClass, SpaceGroupRanking, ZoneSummary } from './reflections/absences.js';
export type { Amplitudes } from './reflections/amplitudes.js';
export { checkReflections, compareReflections, convertReflections, frenchWilson } from './reflections/calls.js';
export type { ListCheck, ListShell } from './reflections/check.js';
export { checkReport } from './reflections/check-report.js';
export type { ComparedWay, ComparisonFigures, ListComparison, WorstPair } from './reflections/compare.js';
export { compareReport } from './reflections/compare-report.js';
export type { ConvertedList } from './reflections/convert.js';
export type { ListReportOptions } from './reflections/list-page.js';
export type { IceRing, Outlier } from './reflections/outliers.js';
export type {
  CheckListOptions,
  CompareListsOptions,
  ConvertListOptions,
  FormatListOptions,
  ListOptions,
} from './reflections/parameter-types.js';
export type { SameCrystal } from './reflections/same-crystal.js';
export type { StatedSpaceGroup } from './reflections/stated-absences.js';
export type { TwinLaw } from './reflections/twin-laws.js';
export type { LMoments, TwinStatistics } from './reflections/twinning.js';
export {
  type MergeSink,
  type MergeStatus,
  mergeSink,
  type RunningMergeOptions,
  statusText as mergeStatusText,
} from './running.js';
export { type MergeReportOptions, mergeReport } from './statistics/report.js';
