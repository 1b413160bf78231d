/** The chips of a run that pages follow, and what the statistics of a frame say besides its peaks and crystals. */
import type { FrameGrid } from '../../io/chip/grid.js';
import type { LiveFrame } from '../../io/live/frame.js';
import type { FrameStatistics } from '../../io/live/frame-statistics.js';
import type { FrameRecord } from '../../serial/pipeline/record.js';
import { peakResolutionA } from '../../serial/pipeline/stages/peak-resolution.js';

/** What a frame states about itself: a place on a chip, or only the number of an image that was received. */
type Placed = FrameGrid | Pick<LiveFrame, 'image' | 'series'>;

/** The chips in the order of their first images. */
export class LiveChips {
  readonly #names: string[] = [];

  get names(): readonly string[] {
    return this.#names;
  }

  /** The number of an image, its well and its chip, for its statistics. */
  place(of: Placed | undefined, wells: { readonly columns: number } | undefined): Partial<FrameStatistics> {
    if (!of) return {};
    const { image } = of;
    if (!wells || !('row' in of) || of.row === undefined || of.column === undefined) return { image };
    const name = `${of.series ?? ''}`;
    // The latest chips are looked at first: a run has one at a time.
    let chip = this.#names.lastIndexOf(name);
    if (chip < 0) chip = this.#names.push(name) - 1;
    return { image, well: of.row * wells.columns + of.column, chip };
  }
}

/** What was measured in a frame. */
export const measuredOf = (record: FrameRecord): Partial<FrameStatistics> => ({
  background: record.profile?.background,
  iceScore: record.profile?.ice?.score,
  peakResolutionA: peakResolutionA(record),
});
