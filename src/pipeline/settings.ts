/** The settings with which every frame of a run is searched: plain data, the same in every process of the run. */

import type { KnownCell } from '../crystal/cell-file.js';
import type { IndexingThresholds } from '../indexing/indexer.js';
import { namesOf } from '../options/parameters.js';
import type { FinderName } from '../peaks/contract.js';
import type { PeaksRunOptions } from '../peaks/peaks.js';
import type { SearchParameters } from './parameter-types.js';
import { type PeakSource, searchSettingRows } from './parameters.js';
import type { ProfileOptions } from './profile/options.js';

/** Parameters of the peak search by a finder that apply to every frame. */
export type PeakParameters<Finder extends PeakSource = PeakSource> = Omit<
  PeaksRunOptions<Extract<Finder, FinderName>>,
  'bad' | 'rings' | 'signal' | 'sums' | 'validRange'
>;

/** Parameters of peaks, indexing and integration; `Finder` is the finder whose parameters `peaks` has. */
export interface SearchSettings<Finder extends PeakSource = PeakSource> extends SearchParameters {
  /** Of detector frames. How peaks are found, or where they are taken from. Default peakfinder8. */
  readonly finder?: Finder | undefined;
  /** Known cells; without any, frames are only searched for peaks. */
  readonly cells?: readonly KnownCell[] | undefined;
  readonly peaks?: PeakParameters<Finder> | undefined;
  readonly thresholds?: IndexingThresholds | undefined;
  /** What is done with lattices of known orientation (`oriented`): fitted to the peaks and judged by chance, or kept. */
  readonly knownLattices?: 'refined' | 'kept' | undefined;
  /** The radial profile of every frame, with its background and ice; default: none. */
  readonly profile?: ProfileOptions | undefined;
}

/** Names of the settings, for checks of options. */
export const settingNames = [
  'cells',
  'knownLattices',
  'peaks',
  'profile',
  'thresholds',
  ...namesOf(searchSettingRows),
] as const;

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
export const methodName = ({ cells = [], method = 'fast', knownLattices }: SearchSettings): string =>
  cells.length > 0 ? `ewald-${knownLattices === undefined ? method : 'orientations'}` : 'none';
