/** All outputs of a run. They are independent: an output that fails is reported, and the others are written. */

import { marks } from '../../crystal/stream/stream.js';
import type { WriteOptions } from '../../frames/files/write.js';
import { argumentError, setting } from '../../options/parameters.js';
import type { DetectorRemarks } from '../../refinement/detector-remarks.js';
import type { OutputTarget } from '../inputs/place.js';
import { type FrameFailure, type FrameRecord, isFailure } from '../record.js';
import type { Run } from '../run/run-state.js';
import type { ShardFolder } from '../shards/folder.js';
import { JoinedStream } from '../shards/joined-stream.js';
import type { IsDone } from '../sources/source.js';
import { Ends } from './ends.js';
import { openSinks, viewedRun } from './open-sinks.js';
import { DetectorSink } from './refined-geometry.js';
import type { FrameSink, OutputEnd } from './sink.js';
import { agreementSink } from './stream-agreement.js';
import type { EarlierFrames, StreamFile } from './stream-file.js';
import { streamText } from './stream-text.js';
import { milleTarget, targetName, writingOf } from './targets.js';

/** The results of an earlier session of the run. */
export interface Earlier {
  readonly frame: (chunk: {
    readonly filename: string;
    readonly event: string | undefined;
    readonly serial: number;
    readonly hit: boolean;
    readonly cells: readonly (readonly number[])[];
    readonly text: string;
    readonly frameSum: number | undefined;
  }) => void;
  readonly unread: (serials: ReadonlySet<number>) => void;
}

/** Outputs that need the frames of all sessions, apart from the sinks of the caller. */
const ofAllFrames = ['hdf5', 'sol', 'hits', 'html', 'refinedGeometry', 'mille'] as const;

/** The outputs that are open. */
interface Opened {
  /** The files other than the stream, with the one that `stand` may write. */
  readonly files: readonly FrameSink[];
  readonly stand: DetectorSink;
  readonly view: readonly FrameSink[];
  readonly stream: StreamFile | undefined;
}

export class Outputs {
  readonly #options: Run['options'];
  readonly #run: Run;
  readonly #ends: Ends;
  readonly #sinks: readonly FrameSink[];
  #stream: StreamFile | undefined;
  #joined: JoinedStream | undefined;
  readonly #frames: EarlierFrames | undefined;
  readonly #stand: DetectorSink;
  /** The files other than the stream. */
  readonly #files: readonly FrameSink[];
  /**
   * What the first new frame leads to, in a run that is resumed after all its files were finished: until then, they
   * stay as they are.
   */
  #lacks: (() => void) | undefined;
  /** Whether this session has written a chunk. */
  #isWritten = false;

  private constructor(run: Run, { files, stand, view, stream }: Opened) {
    const { options, events } = run;
    this.#options = options;
    // The sinks of the caller are closed before the report and the viewer, which show their results.
    this.#sinks = [...(options.sinks ?? []), ...files, ...view];
    this.#files = files;
    this.#stand = stand;
    this.#stream = stream;
    this.#frames = stream?.frames;
    this.#run = run;
    this.#ends = new Ends(this.#sinks, (error) => events.reportQuietly({ kind: 'failed', error }));
  }

  /** Remarks on the detector, derived from the crystals. */
  aboutDetector(): DetectorRemarks {
    return this.#stand.told();
  }

  /** Opens all outputs: one that cannot be written must not leave an unfinished stream. */
  static async open(run: Run, earlier: Earlier): Promise<Outputs> {
    const { options, place, reads, before, source, prepared, events } = run;
    const { verdict } = run.state;
    const writing: WriteOptions = { force: options.force, signal: options.signal, ...reads };
    const sinks: FrameSink[] = [];
    try {
      const { refinedGeometry } = options;
      const file =
        refinedGeometry === undefined
          ? undefined
          : {
              output: await place.openOutput(refinedGeometry, { ...writing, ...writingOf('refinedGeometry', options) }),
              name: targetName(refinedGeometry, 'the refined geometry'),
            };
      const stand = new DetectorSink(prepared.geometry, verdict, file);
      sinks.push(stand);
      const remarks = (): string[] => {
        const { doubts, remarks: others } = stand.told();
        // What is wrong with the files matters to whoever reads the report, too.
        return [...new Set([...verdict.texts(), ...doubts, ...others, ...events.warnings])];
      };
      for await (const sink of openSinks(run, writing, remarks)) sinks.push(sink);
      const { findings } = source;
      const agreement = findings
        ? [agreementSink(findings, prepared.settings.finder === 'stream', events.warnQuietly)]
        : [];
      sinks.push(...agreement);
      for (const sink of options.sinks ?? []) sink.begin?.(prepared.head);
      const files = [...sinks];
      const ofPage = [...(options.sinks ?? []), ...agreement];
      const view = options.view ? [options.view.runSink(viewedRun(run, ofPage))] : [];
      sinks.push(...view);
      const stream =
        options.output === undefined
          ? undefined
          : await place.openStream(options.output, {
              force: options.force,
              resume: options.resume,
              keepsFrames:
                ofAllFrames.some((name) => options[name]) || options.sinks?.some((sink) => sink.isOfWholeRun === true),
              reads,
              before,
              head: prepared.head,
              tell: events.warnQuietly,
              signal: options.signal,
              earlier: earlier.frame,
              unread: earlier.unread,
            });
      return new Outputs(run, { files, stand, view, stream });
    } catch (error) {
      for (const sink of sinks) await sink.discard();
      throw error;
    }
  }

  async add(item: FrameRecord | FrameFailure): Promise<void> {
    if (isFailure(item)) {
      for (const sink of this.#sinks) sink.fail?.(item);
      await this.#stream?.unread(item.origin.serial);
      return;
    }
    this.#lacks?.();
    await this.#ends.add(item);
    await this.#frames?.add(item);
    const { storedText } = item;
    if (storedText) await (storedText.length > 0 && this.#joined?.join(storedText));
    else {
      const text = item.text ?? (this.#stream && streamText(item, this.#options));
      if (text && text.length > 0) await this.#stream?.write(text);
    }
    this.#isWritten = true;
  }

  /** Whether there is a stream that a later run can continue: a regular file. */
  get isContinuable(): boolean {
    return this.#stream?.isContinuable === true;
  }

  /** Whether an output needs frames with their peaks, indices and reflections. */
  get needsWhole(): boolean {
    return this.#sinks.some(({ isBrief }) => !isBrief);
  }

  /**
   * Passes the frames of earlier sessions to the outputs that hold them, and to `learn`; `streamed` of them are in the
   * stream. If some are missing, throws `Argument` for tables, and warns of other outputs, that would lack them; if all
   * outputs were finished, only when a frame is added.
   */
  async resume(isDone: IsDone, streamed: number, learn: (record: FrameRecord) => void): Promise<void> {
    if (!this.#frames) return;
    let found = 0;
    const done = ({ origin: { serial, filename, event = 0 } }: FrameRecord): boolean => isDone(serial, filename, event);
    for await (const record of this.#frames.read(done)) {
      if (record.hit || this.#options.nonHitsInStream) found++;
      learn(record);
      await this.#ends.add(record, true);
    }
    if (found >= streamed) return;
    const lacking = ofAllFrames.filter((name) => this.#options[name]);
    const tables = lacking.filter((name) => ['hdf5', 'sol', 'hits'].includes(name));
    const why = `the results of ${streamed - found} of the ${streamed} frames in the stream were not kept`;
    const lacks = (): void => {
      this.#lacks = undefined;
      if (tables.length > 0)
        throw argumentError(
          'pipeline',
          (said) =>
            `${tables.map(said).join(' and ')} would lack frames: ${why}; leave it out with ${said('resume')}, or ` +
            `begin again with ${setting(said, 'force', true)}`,
        );
      this.#run.events.warnQuietly(
        `${lacking.length > 0 ? lacking.join(' and ') : 'the merge'} will cover only frames of this session: ${why}`,
      );
    };
    // The merge of a run has no file; it was told when the stream was finished.
    const areFinished =
      lacking.length > 0 ? await this.#areFinished(lacking) : this.#stream?.isFinished === true && found === 0;
    if (found === 0 && areFinished) this.#lacks = lacks;
    else lacks();
  }

  /** Whether files were finished after the stream, as the end of a run does: each is then of all its frames. */
  async #areFinished(names: readonly (typeof ofAllFrames)[number][]): Promise<boolean> {
    const { files } = this.#run.place;
    const { output } = this.#options;
    const targets = names.map((name) => (name === 'mille' ? milleTarget(this.#options) : this.#options[name]));
    for (const target of targets)
      if (typeof target !== 'string' || typeof output !== 'string' || !(await files?.isAfter(target, output)))
        return false;
    return true;
  }

  /** Joins the stream from the texts that workers store in a folder. */
  joinFrom(folder: ShardFolder): void {
    if (!this.#stream) return;
    this.#joined = new JoinedStream(this.#stream, folder);
    this.#stream = this.#joined;
  }

  /** Ends a run: outputs are complete, or contain the frames finished so far; with `mayGoOn`, `resume` adds more. */
  async close(isWhole: boolean, mayGoOn: boolean): Promise<OutputEnd[]> {
    const { output } = this.#options;
    const wholes = (this.#options.sinks ?? []).filter(({ isOfWholeRun }) => isOfWholeRun);
    const finished = this.#lacks ? [...this.#files, ...wholes] : [];
    if (isWhole && this.#isWritten && this.#run.state.verdict.isOther)
      await this.#stream?.write(`${marks.otherCell}\n`);
    const ended = await this.#ends.close(this.#stream, isWhole, finished);
    // The last thing of a run: a process that is killed before has lost nothing of an output.
    if (isWhole && !mayGoOn && this.#frames) {
      if (!this.#ends.failed) await this.#frames.remove();
      else
        this.#run.events.warnQuietly(
          'the results of the frames are kept: resume (--resume) writes the outputs once more',
        );
    }
    const sinks = ended.sinks.filter((text) => text !== '');
    const state = isWhole ? 'written' : 'kept';
    const all: OutputEnd[] = [];
    if (this.#stream) {
      const file = typeof ended.stream === 'string' ? ended.stream : isWhole ? plainName(output) : undefined;
      all.push({ output: 'stream', state: ended.stream === false ? 'failed' : state, file });
    }
    for (const text of sinks) all.push({ output: 'sink', state, text });
    if (this.#ends.failed && ended.stream !== false) all.push({ output: 'sink', state: 'failed' });
    return all;
  }

  /** Ends a failed run; returns the name of the unfinished stream, if it is kept. */
  async discard(): Promise<string | undefined> {
    await this.#ends.discard();
    return this.#stream?.leave();
  }
}

const plainName = (target: OutputTarget | undefined): string | undefined =>
  typeof target === 'string' && target !== '-' ? target : undefined;
