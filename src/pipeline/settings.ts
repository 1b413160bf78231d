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
  readonly cells?: readonly KnownCell[];
  readonly peaks?: PeakParameters;
  readonly thresholds?: IndexingThresholds;
}

/** Names of the settings, for checks of options. */
export const settingNames = ['cells', 'peaks', 'thresholds', ...namesOf(searchSettingRows)] as const;

/** Extracts the settings from other options. */
export const settingsOf = (options: SearchSettings): SearchSettings =>
  Object.fromEntries(settingNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));

/** The name of the indexing method in a stream. */
export const methodName = ({ cells = [], method = 'fast' }: SearchSettings): string =>
  cells.length > 0 ? `ewald-${method}` : 'none';
