/** Parameters shared by all frames of a run: plain data, the same in every process that works for the run. */
import type { KnownCell } from '../crystal/cell-file.js';
import type { IndexingMethod, IndexingThresholds } from '../indexing/indexer.js';
import type { FinderName, PeaksRunOptions } from '../peaks/peaks.js';
import type { Tolerance } from './accept.js';
import type { RingRadii } from './integrate.js';
import type { ListedSettings } from './listed.js';

/** Parameters of the peak search that apply to every frame. */
export type PeakParameters = Omit<PeaksRunOptions, 'bad' | 'rings' | 'signal' | 'validRange'>;

/** Parameters of peaks, indexing and integration. */
export interface SearchSettings {
  /** Known cells; without any, only peaks are searched for. */
  readonly cells?: readonly KnownCell[];
  /** How peaks are found; default peakfinder8. */
  readonly finder?: FinderName;
  readonly peaks?: PeakParameters;
  /** Uses the peaks listed in files instead of a search; default: peaks are searched for. */
  readonly listed?: ListedSettings;
  /** Radii in pixels between which pixels are used; default 0, 0: all. */
  readonly minRes?: number;
  readonly maxRes?: number;
  /** Frames with fewer peaks are not hits; default 0. */
  readonly minPeaks?: number;
  /** Spots of a frame that are used for indexing, lowest resolution first; default 300. */
  readonly maxSpots?: number;
  readonly method?: IndexingMethod;
  readonly thresholds?: IndexingThresholds;
  /**
   * Lattices are accepted by `chance` (default: the indexer's own verdict) or by CrystFEL's rule, half of the peaks
   * within a quarter of an index and the cell within a tolerance.
   */
  readonly accept?: 'chance' | 'crystfel';
  /** For `accept: 'crystfel'`; default 5 % and 1.5°. */
  readonly tolerance?: Tolerance;
  /** Radii of integration in pixels, or null to disable integration; default 4, 5, 7. */
  readonly rings?: RingRadii | null;
  /** 1/Å beyond the spots' own resolution to which reflections are predicted; default 0. */
  readonly pushResolution?: number;
  /** Pixels beyond this 1/d, in 1/Å, are ignored; default: no limit. CrystFEL's highres. */
  readonly maxInverseD?: number;
}

/** Names of the settings, for checks of options. */
export const settingNames = [
  'cells',
  'finder',
  'peaks',
  'listed',
  'minRes',
  'maxRes',
  'minPeaks',
  'maxSpots',
  'method',
  'thresholds',
  'accept',
  'tolerance',
  'rings',
  'pushResolution',
  'maxInverseD',
] as const;

/** Extracts the settings from other options. */
export const settingsOf = (options: SearchSettings): SearchSettings =>
  Object.fromEntries(settingNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));

/** The name of the indexing method in a stream. */
export const methodName = ({ cells = [], method = 'fast' }: SearchSettings): string =>
  cells.length > 0 ? `ewald-${method}` : 'none';
