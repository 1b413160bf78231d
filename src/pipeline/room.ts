/** The methods that this room adds to a context; the room is loaded on first use. */

import type { Planner } from '../compute/planner/planner.js';
import { indexingRoom } from '../indexing/room.js';
import { peaksRoom } from '../peaks/room.js';
import { oneShot } from '../util/one-shot.js';
import type { FramesCell, FramesCellOptions } from './first-frames/cell-of-frames.js';
import type { FrameSearcher, FrameSearcherOptions } from './frame-searcher.js';
import type { LoadPlace } from './inputs/place.js';
import { type PushedRun, pushedRun } from './inputs/pushed.js';
import type { PipelineItem } from './one-frame.js';
import type { PeakSource } from './parameters.js';
import type { ReduceOptions, Reduction } from './reduce/reduce.js';
import type { PipelineOptions } from './run-options.js';

export interface PipelineMethods {
  /**
   * Searches frames of one detector for peaks, lattices and intensities. Results come in the order of the frames, and a
   * slow consumer slows down reading. Leaving the loop ends the run. See `PipelineOptions`; with `inputs: 'pushed'` the
   * run has `push` and `end` (`PushedRun`).
   *
   * Throws `Argument`, `Shape`, `Format` before the first frame, `Aborted` on its signal; an unreadable frame is an
   * item with `error`. A second loop over the same run throws `Disposed`.
   */
  pipeline<Finder extends PeakSource = 'peakfinder8'>(
    options: PipelineOptions<Finder> & { readonly inputs: 'pushed' },
  ): PushedRun;
  pipeline<Finder extends PeakSource = 'peakfinder8'>(
    options: PipelineOptions<Finder>,
  ): AsyncGenerator<PipelineItem, void, undefined>;
  /**
   * Determines the cell of an unknown crystal from frames: searches peaks, gathers the spots of frames that have
   * enough, and tries cells on them. See `FramesCellOptions`; if you already have spots, use `indexer.determineCell`.
   *
   * Throws as `pipeline` does before its first frame.
   */
  cell<Finder extends PeakSource = 'peakfinder8'>(options: FramesCellOptions<Finder>): Promise<FramesCell>;
  /**
   * Searches a run for hits and writes them, as they were recorded, to a file that is NXmx and CXI at once, with the
   * geometry beside it. See `ReduceOptions`; the option `hits` of `pipeline` does it in the pass that indexes.
   *
   * Throws as `pipeline` does; `Unsupported` for frames with masks of their own, and for a codec that is not there.
   */
  reduce<Finder extends PeakSource = 'peakfinder8'>(options: ReduceOptions<Finder>): Promise<Reduction>;
  /**
   * Plans a search of single frames, stage by stage or all at once; its parameters may change from call to call. See
   * `FrameSearcherOptions`.
   *
   * Throws `Argument` for invalid options.
   */
  frameSearcher<Finder extends PeakSource = 'peakfinder8'>(
    options: FrameSearcherOptions<Finder>,
  ): Promise<FrameSearcher>;
}

const plansOf = (planner: Planner) => ({
  ...peaksRoom(planner),
  ...indexingRoom(planner),
  hasGpu: planner.hasGpu,
});

/**
 * Uses peaks and indexing of the same context; `place` provides the functions that open and write files on the
 * platform.
 */
export const pipelineRoom = (planner: Planner, place: LoadPlace): PipelineMethods => ({
  pipeline(options: PipelineOptions) {
    const warn = (text: string): void => planner.log.write('warn', text);
    const run = async function* (runOptions: PipelineOptions): AsyncGenerator<PipelineItem, void, undefined> {
      const { runPipeline } = await import('./run.js');
      yield* runPipeline(plansOf(planner), planner.resource, place, runOptions, warn);
    };
    return (
      options?.inputs === 'pushed'
        ? pushedRun((inputs) => run({ ...options, inputs }), warn)
        : oneShot(() => run(options), 'this run', 'call pipeline again')
    ) as never;
  },
  async cell(options) {
    const { cellOfFrames } = await import('./first-frames/cell-of-frames.js');
    return cellOfFrames(plansOf(planner), planner.resource, place, options);
  },
  async reduce(options) {
    const { reduceFrames } = await import('./reduce/reduce.js');
    const warn = (text: string): void => planner.log.write('warn', text);
    return reduceFrames(plansOf(planner), planner.resource, place, options as ReduceOptions, warn);
  },
  async frameSearcher(options) {
    const { openFrameSearcher } = await import('./frame-searcher.js');
    return openFrameSearcher(plansOf(planner), options);
  },
});
