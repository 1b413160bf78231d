/** What a context can do in this room; the room is fetched when it is first asked. */
import { indexingRoom } from '../indexing/room.js';
import { peaksRoom } from '../peaks/room.js';
import type { Planner } from '../planner.js';
import type { PipelineItem, PipelineOptions } from './run.js';

export interface PipelineMethods {
  /**
   * Runs frames of one detector through peaks, indexing and integration; results come in the order of the frames, a slow
   * reader slows the reading. Leaving the loop ends the run. See `PipelineOptions`.
   *
   * Throws `Argument`, `Shape`, `Format` before the first frame, `Aborted` at its signal; a frame that cannot be read is
   * an item with `error`.
   */
  pipeline(options: PipelineOptions): AsyncGenerator<PipelineItem, void, undefined>;
}

/** Stands on peaks and indexing of the same context. */
export const pipelineRoom = (planner: Planner): PipelineMethods => ({
  async *pipeline(options) {
    const { runPipeline } = await import('./run.js');
    yield* runPipeline({ ...peaksRoom(planner), ...indexingRoom(planner) }, options);
  },
});
