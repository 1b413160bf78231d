/** Executes a run as its options ask: reports progress, shows images, records frames, and keeps what was done in errors. */

import { checkedOptions, row } from '../../options/call-options.js';
import { argumentError } from '../../options/parameters.js';
import { rateText } from '../../util/amounts.js';
import { observer } from '../../util/callbacks.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { isTold, type PartialOfRun, type ToldRunOptions, type UdfPlace, type UdfProgress } from '../context-options.js';
import type { FrameRecorder } from '../scans/record.js';
import { changesOf } from '../scans/scan.js';
import { steps } from './engine.js';
import type { Engine } from './execution.js';
import type { Run } from './run.js';

/** The resources of the runs of a context. */
export interface Engines extends Engine {
  readonly place: UdfPlace;
  /** Sentences on files that have changed, each of which is said once. */
  readonly said: Set<string>;
  /** Ends runs over files when the context is closed. */
  readonly ending: AbortSignal;
}

/** Executes a run; yields after each merged partition. */
export async function* execute(run: Run, engines: Engines): AsyncGenerator<void, void> {
  const { place, ending } = engines;
  const { options, plots } = run;
  const { live } = run.scan;
  const recorder = await recorderOf(run, place);
  const tell = observer('run', options, 'onProgress');
  const print = options.progress && place.note && lineOf(place.note);
  let isKept = live !== undefined;
  // The scan of a live run ends when the context is closed, and the run with its results.
  const signals = [options.signal ?? [], live ? [] : ending].flat();
  try {
    for await (const _ of steps(run, engines, AbortSignal.any(signals), recorder)) {
      tell(run.progress);
      if (print) print(run.progress);
      await plots?.show(run, live !== undefined);
      yield;
    }
    isKept = true;
  } catch (error) {
    await plots?.stop();
    // What has been measured is all that there will be; the error of the run comes first.
    if (live) await plots?.finish(run.results(), run.damage).catch(() => undefined);
    throw live ? withPartial(error, run) : notePartial(error, run);
  } finally {
    run.tellReplaced();
    // The frames of a live scan cannot be read again, so they are kept whatever ends it.
    await (isKept ? recorder?.finish() : recorder?.discard());
  }
  await plots?.finish(run.results(), run.damage);
  if (!(options as ToldRunOptions)[isTold]) await tellChanges(run, engines);
}

/** Says which files of a scan have changed since they were opened. */
async function tellChanges({ scan }: Run, { place, said }: Engines): Promise<void> {
  for (const text of (await changesOf(scan)).filter((one) => !said.has(one))) {
    said.add(text);
    place.note?.(`warning: ${text}`);
  }
}

/** The file that a run writes its frames to, if it was asked to. */
async function recorderOf({ scan, shape, options }: Run, place: UdfPlace): Promise<FrameRecorder | undefined> {
  const { record, latest } = options;
  if (record === undefined) return undefined;
  const output = typeof record === 'string' ? { file: record } : record;
  checkedOptions('record', output, { file: row.required(row.text), force: row.flag });
  if (shape.selection.positions || latest)
    throw argumentError('', (nameOption) => {
      const others = latest ? [nameOption('latest')] : ['roi', 'first', 'frames'].map(nameOption);
      return `${nameOption('record')}: ${output.file} has all frames of a scan; omit ${others.join(', ')}`;
    });
  const { recordNpy } = place;
  if (recordNpy) return recordNpy(scan, output, (text) => place.note?.(`warning: ${text}`));
  throw new EwaldError('Unsupported', `record: ${output.file}: a browser cannot write files`);
}

/** The results so far of a run that has failed. */
const partialOf = (run: Run): PartialOfRun => ({
  results: run.results(),
  damage: run.damage,
  progress: run.progress,
});

/** The error of a live run with the results so far, because the frames cannot be read again. */
function withPartial(error: unknown, run: Run): unknown {
  if (!isEwaldError(error)) return error;
  const { message, tag, detail } = error;
  return new EwaldError(tag, message, { cause: error, detail: { ...detail, partial: partialOf(run) } });
}

/** Adds the results of the partitions before a failure to its error; they are computed if somebody reads them. */
function notePartial(error: unknown, run: Run): unknown {
  if (isEwaldError(error) && run.progress.frames > 0 && !Object.isFrozen(error.detail))
    Object.defineProperty(error.detail, 'partial', { get: () => partialOf(run), configurable: true });
  return error;
}

const lineOf =
  (note: (line: string) => void) =>
  ({ done, total, bytes, seconds }: UdfProgress): void =>
    note(`${done} of ${total} partitions, ${rateText(bytes, seconds)}`);
