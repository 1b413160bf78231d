/** The subject of a row of stages: one image, what a backend reports about it, and how lists are examined. */
import { type Cell, lengthsOf, norm, scale, type Vector } from '../../../crystal/cell.js';
import type {
  IndexerOptions,
  IndexingMethod,
  IndexingResult,
  IndexingStages,
  IndexingThresholds,
} from '../../../indexing/indexer.js';
import type { Comparison } from '../../case.js';
import * as sampling from '../../oracle/indexing/sampling.js';
import { type Search, spiralDirection } from '../../oracle/indexing/search.js';

/** One image: its spots in order of resolution, rounded to float32. */
export interface Image {
  readonly method: Exclude<IndexingMethod, 'few'>;
  readonly spots: readonly Vector[];
  readonly known: Cell;
  readonly options: IndexerOptions;
  readonly thresholds: IndexingThresholds & Search;
}
export interface Answer {
  readonly result: IndexingResult;
  readonly stages: IndexingStages;
}
export type Check = (stages: IndexingStages, image: Image, result: IndexingResult) => Comparison;

export const indexOfBest = <T>(list: readonly T[], value: (item: T) => number): number =>
  list.reduce((best, item, i) => (value(item) < value(list[best] as T) ? i : best), 0);
/** Number of places at which a list is not in descending or not in ascending order. */
export const notDescending = (values: readonly number[]): number =>
  values.filter((value, i) => i > 0 && !(value <= (values[i - 1] as number))).length;
export const notAscending = (values: readonly number[]): number => notDescending(values.map((value) => -value));
export const maxOrNaN = (values: readonly number[]): number =>
  values.reduce((most, value) => (value > most || Number.isNaN(value) ? value : most), 0);
export const longestRow = (known: Cell): number => lengthsOf(known).indexOf(Math.max(...lengthsOf(known)));

/** The vector whose directions are sampled. */
export const baseOf = ({ method, known }: Image): number =>
  method !== 'exhaustive' ? sampling.shortestVector(known).row : longestRow(known);
export const vectorAlong = (stages: IndexingStages, image: Image, k: number): Vector =>
  scale(norm(image.known[baseOf(image)] as Vector), spiralDirection(k, stages.counts.length));
