/** The events of a run, in addition to its frames. */

import type { ChipMap } from './chip/chip-map.js';
import type { Tuned } from './first-frames/tune.js';
import type { FoundCell } from './first-frames/unknown-cell.js';
import type { Preparation } from './geometry/preparation.js';
import type { SettledGeometry } from './geometry/settle-geometry.js';
import type { PeakSource } from './parameters.js';
import type { KeptHits } from './reduce/kept-hits.js';
import type { OutputEnd } from './sinks/sink.js';
import type { RunSource } from './sources/source.js';
import type { RunSummary } from './summary.js';

/** An event of a run. The frames themselves are yielded. */
export type RunEvent =
  /** The parameters of the search have been determined. */
  | ({ readonly kind: 'tuned'; readonly finder: PeakSource } & Tuned)
  /** The cell has been determined, or has not been found. */
  | ({ readonly kind: 'cell' } & FoundCell)
  /**
   * The geometry has been refined on the first crystals and is used for all frames; `text` says how it has moved. Not
   * reported if nothing has moved.
   */
  | ({ readonly kind: 'geometry'; readonly text: string } & SettledGeometry)
  /** All is determined with which the frames are searched; as the option `prepared`, another run searches with the same. */
  | ({ readonly kind: 'prepared' } & Preparation)
  /**
   * What the run does with its first frames before it searches any, such as adjusting the search to them; `source` counts
   * the frames that arrive meanwhile, as far as they do.
   */
  | {
      readonly kind: 'progress';
      readonly stage: 'start';
      readonly share: 0;
      readonly text: string;
      readonly source: Pick<RunSource, 'arrived' | 'lost'>;
    }
  /** Completed fraction of the determination of the cell, or of the frames; 0 if the number of frames is unknown. */
  | { readonly kind: 'progress'; readonly stage: 'cell'; readonly share: number }
  | { readonly kind: 'progress'; readonly stage: 'frames'; readonly share: number; readonly summary: RunSummary }
  /** Something is unusual about the geometry, the inputs, or an output; `isDoubtful` if the results are, too. */
  | { readonly kind: 'warning'; readonly text: string; readonly isDoubtful?: boolean | undefined }
  /**
   * A stream is continued after the frame with this serial number; `again` is the number of unreadable frames that are
   * tried again.
   */
  | { readonly kind: 'resumed'; readonly after: number; readonly again: number }
  /**
   * The crystals indicate that the detector is displaced, or moves; `doubts` contradict the cell or the geometry that
   * was given, so the results need a look.
   */
  | { readonly kind: 'detector'; readonly doubts: readonly string[]; readonly remarks: readonly string[] }
  /** An output failed, and the run goes on without it. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** A file of hits has been completed, or there was no hit. */
  | { readonly kind: 'hits'; readonly hits: KeptHits }
  /** The run has ended, completely or not: its results, and the state of its outputs. */
  | {
      readonly kind: 'end';
      readonly isWhole: boolean;
      readonly summary: RunSummary;
      readonly outputs: readonly OutputEnd[];
      /** The frames were received live and cannot be read again, so `resume` is not possible. */
      readonly isLive: boolean;
      /** The chips that were scanned (`grid`), with what was found in each well; absent without a grid. */
      readonly maps?: readonly ChipMap[] | undefined;
    };

/** Tells what a run does with its first frames. */
export const startEvent = (text: string, source: Pick<RunSource, 'arrived' | 'lost'>): RunEvent => ({
  kind: 'progress',
  stage: 'start',
  share: 0,
  text,
  source,
});
