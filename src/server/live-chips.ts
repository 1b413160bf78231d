/** The chips of a run that pages follow, and what the statistics of a frame say besides its peaks and crystals. */

import type { LiveFrame } from '../frames/streams/frame.js';
import type { FrameGrid } from '../pipeline/chip/grid.js';
import type { FrameRecord } from '../pipeline/record.js';
import { peakResolutionA } from '../pipeline/stages/peak-resolution.js';
import { type FoundWells, LivePositions } from './live-positions.js';
import type { FrameStatistics } from './watch/frame-statistics.js';

/** What a frame states about itself: a place on a chip, or only the number of an image that was received. */
type Placed = FrameGrid | Pick<LiveFrame, 'image' | 'series'>;

/** The chips in the order of their first images. */
export class LiveChips {
  readonly #names: string[] = [];
  readonly positions = new LivePositions();

  /** The wells that follow from positions. */
  get found(): FoundWells | undefined {
    return this.positions.found;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** The number of an image, its well and its chip, for the statistics of the frame of this number. */
  place(
    of: Placed | undefined,
    wells: { readonly columns: number } | undefined,
    frame: number,
  ): Partial<FrameStatistics> {
    if (!of) return {};
    const { image } = of;
    if (!wells && 'x' in of && of.x !== undefined && of.y !== undefined)
      return { image, well: this.positions.add(frame, of.x, of.y), chip: this.#chipOf(of) };
    if (!wells || !('row' in of) || of.row === undefined || of.column === undefined) return { image };
    return { image, well: of.row * wells.columns + of.column, chip: this.#chipOf(of) };
  }

  #chipOf(of: Placed): number {
    const name = `${of.series ?? ''}`;
    // The latest chips are looked at first: a run has one at a time.
    let chip = this.#names.lastIndexOf(name);
    if (chip < 0) chip = this.#names.push(name) - 1;
    return chip;
  }
}

/** What was measured in a frame of a run with these regions. */
export const measuredOf = (record: FrameRecord, regions: readonly string[]): Partial<FrameStatistics> => ({
  ...(regions.length > 0 && { regions: regions.map((name) => record.rois?.[name]?.mean ?? Number.NaN) }),
  background: record.profile?.background,
  iceScore: record.profile?.ice?.score,
  peakResolutionA: peakResolutionA(record),
});
