/** The settings with which every frame of a run is searched: plain data, the same in every process of the run. */
import { namesOf } from '../base/parameters.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { IndexingThresholds } from '../indexing/indexer.js';
import type { PeaksRunOptions } from '../peaks/peaks.js';
import type { SearchParameters } from './parameter-types.js';
import { searchSettingRows } from './parameters.js';

/** Parameters of the peak search that apply to every frame. */
export type PeakParameters = Omit<PeaksRunOptions, 'bad' | 'rings' | 'signal' | 'validRange'>;

/** Parameters of peaks, indexing and integration. */
export interface SearchSettings extends SearchParameters {
  /** Known cells; without any, frames are only searched for peaks. */
  readonly cells?: readonly KnownCell[] | undefined;
  readonly peaks?: PeakParameters | undefined;
  readonly thresholds?: IndexingThresholds | undefined;
}

/** Names of the settings, for checks of options. */
export const settingNames = ['cells', 'peaks', 'thresholds', ...namesOf(searchSettingRows)] as const;

/** Extracts the settings from other options. */
export function settingsOf(options: SearchSettings): SearchSettings {
  const { peaks, thresholds } = options;
  return given({ ...options, peaks: givenIn(peaks), thresholds: givenIn(thresholds) }, settingNames);
}

/** The members of these names that are given; one that is undefined does not replace a default. */
const given = (values: object, names: readonly string[]): object =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = (values as Readonly<Record<string, unknown>>)[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
const givenIn = <T>(values: T): T =>
  typeof values === 'object' && values !== null ? (given(values, Object.keys(values)) as T) : values;

/** The name of the indexing method in a stream. */
export const methodName = ({ cells = [], method = 'fast' }: SearchSettings): string =>
  cells.length > 0 ? `ewald-${method}` : 'none';
