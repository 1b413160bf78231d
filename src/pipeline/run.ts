/**
 * The run (`ctx.pipeline`): searches the frames of one detector for peaks, indexes and integrates them, in order,
 * several concurrently, with bounded memory, and writes the outputs. `ewald index` prints its events.
 */

import { abortable, closeIterator } from '../util/aborted.js';
import { checkSignal } from '../util/options.js';
import type { Resource } from '../util/resource.js';
import type { Plans } from './frame-searcher.js';
import { givenInputs } from './inputs/inputs.js';
import type { LoadPlace } from './inputs/place.js';
import { endingPlace } from './inputs/place-inputs.js';
import type { PipelineItem } from './one-frame.js';
import { closeRun, openRun } from './run/open.js';
import { preparedRun } from './run/prepare.js';
import { refuseForWorkers } from './run/refusals.js';
import { RunReporter } from './run/run-reporter.js';
import { searchFrames } from './run/search.js';
import { checkRun, type PipelineOptions } from './run-options.js';
import { endingOutputs } from './sinks/output-options.js';
import { checkNames } from './sinks/targets.js';
import type { FrameSpec } from './sources/source.js';

/**
 * Runs frames through all stages and yields their results in order; a frame that cannot be read yields an `error`.
 * Warnings of a run without `onEvent` are passed to `log`.
 *
 * Throws `Argument`, `Shape`, `Format`, `File` before the first frame, `Aborted` at its signal.
 */
export async function* runPipeline(
  context: Plans,
  resource: Resource,
  loadPlace: LoadPlace,
  options: PipelineOptions,
  log: (warning: string) => void,
): AsyncGenerator<PipelineItem, void, undefined> {
  const run = checkRun(options);
  const events = new RunReporter(options, log);
  checkSignal(options.signal);
  // A context that is disposed ends the runs that wait for their next frame.
  const signal = resource.until(options.signal);
  const ending = { ...endingOutputs(run, signal), signal };
  const place = endingPlace(await loadPlace(), signal);
  await checkNames(ending, place);
  const check = (frame: FrameSpec): void => ending.executor && refuseForWorkers(frame, ending.executor.kind);
  const given = await abortable(givenInputs(ending.inputs, place, signal, check, ending.allowOutside), signal);
  const call = { context, place, options: ending, events };
  if (given.kind === 'stream') {
    const { indexStream } = await import('./sources/stream.js');
    yield* indexStream(call, given.input);
    return;
  }
  try {
    const opened = yield* openRun(call, given);
    if (!opened) return;
    try {
      yield* searchFrames(opened, await preparedRun(opened));
    } finally {
      await closeRun(opened);
    }
  } finally {
    if (given.kind === 'frames' && !Array.isArray(given.wanted))
      await closeIterator(given.wanted as AsyncGenerator<unknown, void, undefined>);
  }
}
