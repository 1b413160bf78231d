/** Frames whose sums, means and maxima are computed where their files are: the page gets one picture for many frames. */
import type { Dataset } from '../../frames/dataset.js';
import { openStacked } from '../../frames/detector/stacked.js';
import { open } from '../../frames/opening.node.js';
import { type Stacked, stackOf } from '../../frames/stack.js';
import { givenGeometry } from '../../pipeline/inputs/given.js';
import { runPlace } from '../../pipeline/inputs/place.node.js';
import type { ComputedScanOptions } from './computed-scan.js';

/** How frames are opened. */
export interface StackedFramesOptions extends Pick<ComputedScanOptions, 'input' | 'opening'> {
  /** A .geom file, which says what of a file is a frame. */
  readonly geometry?: string | undefined;
}

export class StackedFrames {
  readonly dataset: Dataset;

  private constructor(dataset: Dataset) {
    this.dataset = dataset;
  }

  /** Opens frames as the page does; undefined for frames of complex numbers. Throws what `open` throws. */
  static async open({ input, opening, geometry }: StackedFramesOptions): Promise<StackedFrames | undefined> {
    const given = await givenGeometry(geometry, runPlace);
    const { dataset: named, ...reading } = opening;
    const dataset = await openStacked(
      (how) => open(input as string, { ...reading, ...how }),
      given?.geometry,
      named as string | undefined,
    );
    if (!dataset.dtype.startsWith('c')) return new StackedFrames(dataset);
    await dataset.dispose();
    return undefined;
  }

  /** Frames combined into one. */
  stack(stacked: Stacked, signal: AbortSignal): Promise<Float32Array> {
    return stackOf(this.dataset, stacked, signal);
  }

  async close(): Promise<void> {
    await this.dataset.dispose();
  }
}
