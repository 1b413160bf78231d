/** The frames of a run, from the first to the last: those that an earlier session has finished are not searched again. */

import { latticeName } from '../../crystal/lattice-name.js';
import { stackedGeometry } from '../../frames/detector/stacked.js';
import { abortable, closeIterator } from '../../util/aborted.js';
import { isEwaldError } from '../../util/errors.js';
import { displacedFewText, tinyCellText, wavelengthText } from '../doubt.js';
import { type RunEvent, startEvent } from '../events.js';
import type { PipelineItem } from '../one-frame.js';
import { pipelineItem } from '../record.js';
import { searched } from '../search-places.js';
import { methodName } from '../settings.js';
import { storedResults, withStored } from '../shards/stored.js';
import { Outputs } from '../sinks/outputs.js';
import type { IsDone } from '../sources/source.js';
import { parseIntegration } from '../stages/integration-method.js';
import { RunSummary } from '../summary.js';
import { CellVerdict } from './cell-verdict.js';
import { FrameWarnings } from './frame-warnings.js';
import type { OpenRun, PreparedRun, Run } from './run-state.js';

/** Searches the frames that an earlier session did not finish, and writes the outputs. */
export async function* searchFrames(
  open: OpenRun,
  prepared: PreparedRun,
): AsyncGenerator<PipelineItem, void, undefined> {
  const { source, grid, events } = open;
  const { settings } = prepared;
  const summary = new RunSummary(source.total, settings.cells, source);
  const verdict = new CellVerdict(summary, settings.cells, prepared.geometry.fitted?.cells);
  const run: Run = { ...open, prepared, state: { summary, verdict, chip: grid && new grid.ChipSink(grid.found) } };
  events.report(startEvent('searching the first frames', source));
  const { outputs, isDone, isEarlier } = await openOutputs(run);
  const stored = await storedResults(run, outputs, isDone);
  const isFound: IsDone = (...frame) => stored.has(...frame) || isEarlier(...frame);
  yield* written(run, withStored(searched(run, stored, isFound), stored, run.options.signal), outputs);
}

interface OpenOutputs {
  readonly outputs: Outputs;
  /** Which frames earlier sessions have finished. */
  readonly isDone: IsDone;
  /** Likewise, for the frames of the run in their order: counts those that have no chunk as they are passed over. */
  readonly isEarlier: IsDone;
}

/** Opens the outputs, with the frames of earlier sessions. */
async function openOutputs(run: Run): Promise<OpenOutputs> {
  const { options, source, events } = run;
  const { summary, chip } = run.state;
  const isFollowed = options.follow;
  const done = new Set<string>();
  const doneSerials = new Set<number>();
  let last = Number.NEGATIVE_INFINITY;
  let again: ReadonlySet<number> = new Set();
  let streamed = 0;
  const outputs = await Outputs.open(run, {
    frame: (chunk) => {
      const { filename, event, serial, hit, cells, frameSum } = chunk;
      chip?.earlier(chunk);
      streamed++;
      last = Math.max(last, serial);
      doneSerials.add(serial);
      if (isFollowed) done.add(`${filename} ${event ?? '//0'}`);
      if (frameSum !== undefined) source.expectFrame?.(filename, event ?? '//0', frameSum);
      summary.addEarlier({ hit, cells });
    },
    unread: (serials) => {
      again = serials;
    },
  });
  for (const serial of again) last = Math.max(last, serial);
  if (last >= options.serialStart) events.reportQuietly({ kind: 'resumed', after: last, again: again.size });
  const { total = streamed } = source;
  if (streamed > total)
    events.warnQuietly(
      `the stream keeps the ${streamed} frames that it has, more than the ${total} that this run is to search`,
    );
  // A stream without its non-hits does not tell which frames before the last one were searched; any other does, also if
  // another choice of frames is searched now.
  const isByOrder = !options.nonHitsInStream || options.output === undefined;
  const isDone: IsDone = (serial, file, event) => {
    if (isFollowed) return done.has(`${file} ${source.eventOf?.(file, event) ?? `//${event}`}`);
    return isByOrder ? serial <= last && !again.has(serial) : doneSerials.has(serial);
  };
  try {
    await outputs.resume(isDone, streamed, (record) => summary.learn(record));
  } catch (error) {
    await outputs.discard();
    throw error;
  }
  let passed = Number.NEGATIVE_INFINITY;
  const isEarlier: IsDone = (serial, ...frame) => {
    if (!isDone(serial, ...frame)) return false;
    // A run whose workers take over passes the first frames twice.
    if (isByOrder && !isFollowed && serial > passed) {
      passed = serial;
      if (!doneSerials.has(serial)) summary.addEarlier({ hit: false, cells: [] });
    }
    return true;
  };
  return { outputs, isDone, isEarlier };
}

/** Passes results to the outputs, and ends these with the run. */
async function* written(
  run: Run,
  records: ReturnType<typeof withStored>,
  outputs: Outputs,
): AsyncGenerator<PipelineItem, void, undefined> {
  const {
    options,
    source,
    prepared,
    events,
    state: { summary },
  } = run;
  const { settings } = prepared;
  const isLive = source.live !== undefined;
  const lattices = (settings.cells ?? []).map(latticeName);
  const geometry = stackedGeometry(prepared.geometry.used, source.first);
  const warnings = new FrameWarnings(run, geometry, options.copyHeader);
  const itemSetup = { geometry, lattices, method: methodName(settings) };
  let state: 'under way' | 'whole' | 'failed' = 'under way';
  let file: string | undefined;
  try {
    for await (const { record, item } of records) {
      events.throwIfFailed();
      const { filename } = record.origin;
      // A run may go on for days after the frames of a file that was written over.
      if (file !== undefined && file !== filename)
        for (const text of (await source.changesOf?.(file)) ?? []) events.warnQuietly(text, true);
      file = filename;
      summary.add(record);
      run.orientations?.count(record.origin);
      warnings.of(record);
      await abortable(outputs.add(record), options.signal);
      events.report({ kind: 'progress', stage: 'frames', share: summary.share, summary });
      yield item ?? pipelineItem(record, itemSetup);
    }
    events.throwIfFailed();
    state = 'whole';
  } catch (error) {
    if (!isEwaldError(error, 'Aborted') && error !== events.failure) {
      state = 'failed';
      events.reportQuietly({ ...(await keptOf(outputs)), summary, isLive });
    } else if ((options.follow || isLive) && summary.done > 0) {
      // This is how one ends a run that waits for more. `resume` continues a complete stream of files as well.
      state = 'whole';
    }
    throw error;
  } finally {
    await closeIterator(records);
    // If the consumer leaves the loop or the signal fires, finished results are kept.
    if (state !== 'failed') await endOutputs(run, outputs, warnings, state === 'whole');
  }
}

/** Ends a run: tells what is doubtful about its results, and completes the outputs. */
async function endOutputs(run: Run, outputs: Outputs, warnings: FrameWarnings, isWhole: boolean): Promise<void> {
  const {
    source,
    events,
    prepared: { settings, farWavelength },
    state: { summary, verdict, chip },
  } = run;
  summary.end();
  for (const text of verdict.texts()) events.warnQuietly(text);
  for (const { text, isDoubtful } of run.orientations?.texts() ?? []) events.warnQuietly(text, isDoubtful);
  const untold = wavelengthText(summary.explained, farWavelength);
  if (untold !== undefined) events.warnQuietly(untold, true);
  for (const text of (await source.changes?.()) ?? []) events.warnQuietly(text, true);
  const displaced = settings.cells && displacedFewText(summary);
  if (displaced !== undefined) events.warnQuietly(displaced, true);
  const question = summary.hits > 0 && summary.indexed === 0 ? tinyCellText(settings.cells, 'frame') : undefined;
  if (question !== undefined) events.warnQuietly(question);
  const hint = summary.lengthsHint();
  if (hint !== undefined) events.warnQuietly(hint);
  const { doubts, remarks } = outputs.aboutDetector();
  if (doubts.length + remarks.length > 0) events.reportQuietly({ kind: 'detector', doubts, remarks });
  const ended = await outputs.close(isWhole, mayGoOn(run));
  const maps = chip && { maps: chip.maps.maps };
  warnings.ofSaturated(parseIntegration(settings.integration ?? 'rings').saturated);
  warnings.ofPanels();
  warnings.ofMasks();
  warnings.ofPedestal();
  warnings.ofWells(maps?.maps ?? []);
  events.reportQuietly({ kind: 'end', isWhole, summary, outputs: ended, isLive: source.live !== undefined, ...maps });
  events.throwIfFailed();
}

/** Whether a later session may add frames to a run that ends now: one that was ended, or of the first frames only. */
const mayGoOn = ({ options: { signal, first }, source, state: { summary } }: Run): boolean =>
  source.live === undefined && (signal.aborted || summary.done >= (first ?? Number.POSITIVE_INFINITY));

/** The end of a run that failed: what it keeps of its outputs. */
async function keptOf(outputs: Outputs): Promise<Pick<RunEvent & { kind: 'end' }, 'kind' | 'isWhole' | 'outputs'>> {
  const file = await outputs.discard().catch(() => undefined);
  const kept = file === undefined ? [] : [{ output: 'stream' as const, state: 'kept' as const, file }];
  return { kind: 'end', isWhole: false, outputs: kept };
}
