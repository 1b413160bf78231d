/** Watches a run that nobody looks at, as `--log`, `--status`, `--alarm` and `--on-alarm` do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { anglesOf, lengthsOf } from '../crystal/cell.js';
import { LogFile } from '../frames/files/log-file.js';
import type { WantedAnswer } from '../merging/forecast/answers.js';
import { answerText } from '../merging/forecast/words.js';
import { checkedOptions, row } from '../options/call-options.js';
import { argumentError, namesOf, refuseAlone } from '../options/parameters.js';
import type { RunEvent } from '../pipeline/events.js';
import type { FrameSink } from '../pipeline/sinks/sink.js';
import type { RunSource } from '../pipeline/sources/source.js';
import type { RunSummary } from '../pipeline/summary.js';
import type { LiveStatus } from '../udf/acquisition/acquisition.js';
import type { UdfProgress } from '../udf/context-options.js';
import { type Observer, observer } from '../util/callbacks.js';
import { isEwaldError, messageOf } from '../util/errors.js';
import { fileReason } from '../util/file-errors.js';
import { inspect } from '../util/options.js';
import { version } from '../util/version.js';
import type { ProxyParameters, WatchParameters } from './parameter-types.js';
import { proxyRows, watchRows } from './parameters.js';
import { StatusServer } from './status-server.js';
import { parseAlarm } from './watch/alarm.js';
import { valuesOf } from './watch/frame-values.js';
import { type RunCounts, type RunHappening, WatchedRun } from './watch/watched-run.js';

/** Options of `watchRun`. */
export interface WatchRunOptions extends WatchParameters, ProxyParameters {
  /** The folder of the outputs, of whose disk the alarm `disk` is; default: the current one. */
  readonly folder?: string | undefined;
  /** Whether the frames are searched, as by `ctx.pipeline`, or belong to a scan (`false`). Default true. */
  readonly searches?: boolean | undefined;
  /** The names of the regions of the run (`rois`), which alarms may watch: `roi:NAME.mean<2`. */
  readonly rois?: readonly string[] | undefined;
  /** Whether frames have a radial profile (`profile`), which alarms on `background` and `ice` need. Default true. */
  readonly hasProfile?: boolean | undefined;
  /** Receives every line of the log as an object, without its time. What it throws is thrown by `close`. */
  readonly onLine?: ((line: RunHappening) => void) | undefined;
}

/** The watch of a run; pass its members to `ctx.pipeline` (`onEvent`, `sinks`) or to `runUdf` (`onProgress`). */
export interface RunWatch {
  /** The address of `/health` with its token; undefined without `status`. */
  readonly url: string | undefined;
  /** Receives the events of `ctx.pipeline`. */
  readonly onEvent: (event: RunEvent) => void;
  /** Counts the frames of `ctx.pipeline`, one of its `sinks`; a viewer shows the alarms that are raised. */
  readonly sink: FrameSink;
  /** Counts the frames of a scan: `onProgress` of `runUdf` and `runToFiles`. */
  readonly onProgress: (progress: UdfProgress) => void;
  /** Takes the goals of a running merge for `/health` and `/metrics`: `watch.wanted(merge)` for a `mergeSink`. */
  wanted(merge: { readonly wanted: readonly WantedAnswer[] }): void;
  /** Counts the frames of a live scan as they arrive: `watch.live(scan.live)`. */
  live(scan: LiveScan): void;
  /** Ends the log and the server; `failure` is what the run has thrown. Commands of alarms get ten seconds to end. */
  close(failure?: unknown): Promise<void>;
}

/** Time between two samples, ms. */
const sampleMs = 1000;
/** A difference of the computer's clock from that of the run that is reported, ms. */
const clockSetMs = 2000;
/** Longest wait for commands of alarms at the end, ms. */
const lastCommandMs = 10_000;

const rows = {
  ...watchRows,
  ...proxyRows,
  folder: row.text,
  searches: row.on,
  rois: row.any,
  hasProfile: row.on,
  onLine: row.any,
} as const;

/**
 * Watches a run of `ctx.pipeline` or of a scan: writes its events to a log, answers `/health` and `/metrics`, and
 * raises alarms. Close it after the run.
 *
 * Throws `Argument` for an alarm, an address or a log that cannot be used, and `File` for a log that cannot be written.
 */
export async function watchRun(options: WatchRunOptions = {}): Promise<RunWatch> {
  const {
    alarm = [],
    searches,
    hasProfile,
    status,
    log,
    logBytes,
    ...given
  } = checkedOptions('watchRun', options, rows);
  refuseAlone('watchRun', { ...watchRows, ...proxyRows }, { ...options });
  checkCommand(given.onAlarm);
  const run = new WatchedRun(
    alarm.map((text) => parseAlarm(text, 'watchRun', searches, { regions: options.rois, hasProfile })),
  );
  const onLine = observer('watchRun', options, 'onLine');
  const file = log === undefined ? undefined : new LogFile(log, logBytes);
  const server = status === undefined ? undefined : await StatusServer.listen(status, 'watchRun', run, given);
  return new Watch(run, { file, server, onLine, onAlarm: given.onAlarm, folder: given.folder ?? '.' }).begin();
}

/** What `withWatch` watches besides. */
export interface WatchedWork extends WatchParameters {
  readonly searches: boolean;
  /** The names of its regions. */
  readonly rois?: readonly string[] | undefined;
  readonly hasProfile?: boolean | undefined;
  /** The proxy before its state. */
  readonly proxy?: ProxyParameters | undefined;
  /** The output of whose disk the alarm `disk` is; undefined, or - for standard output: the current folder's. */
  readonly output: string | undefined;
  /** Receives what a person has to know, in words. */
  readonly tell: (text: string, isAlarm: boolean) => void;
}

/** Runs something that is watched if any parameter asks for it; it gets the watch, which ends with it. */
export async function withWatch<T>(of: WatchedWork, work: (watch: RunWatch | undefined) => Promise<T>): Promise<T> {
  const { searches, rois, hasProfile = true, output = '-', tell } = of;
  const names = namesOf(watchRows).filter((name) => of[name] !== undefined);
  if (names.length === 0) return work(undefined);
  const given = Object.fromEntries(names.map((name) => [name, of[name]]));
  const onLine = (line: RunHappening): void => {
    const text = textOf[line.event]?.(line);
    if (text !== undefined) tell(text, line.event === 'alarm-begin');
  };
  const watch = await watchRun({
    ...given,
    ...(of.status === undefined ? {} : of.proxy),
    searches,
    rois,
    hasProfile,
    folder: output === '-' ? '.' : dirname(output),
    onLine,
  });
  // A token that its user has chosen stays out of journals and logs.
  const isSecret = Boolean(process.env.EWALD_STATUS_TOKEN);
  const address = isSecret ? watch.url?.replace(/\?token=.*$/, ', with the token EWALD_STATUS_TOKEN') : watch.url;
  if (address) tell(`the state of the run is at ${address}`, false);
  try {
    const done = await work(watch);
    await watch.close();
    return done;
  } catch (error) {
    await watch.close(error);
    throw error;
  }
}

/** Lines of the log that a run does not print by itself. */
const textOf: Readonly<Record<string, (line: RunHappening) => string>> = {
  'alarm-begin': ({ text }) => String(text),
  'alarm-end': ({ text }) => `the alarm has ended: ${text}`,
  'alarm-unseen': ({ text }) => String(text),
  'source-silent': ({ seconds }) => `no frame has arrived for ${Number(seconds).toFixed(0)} s; the run waits`,
  'source-back': () => 'frames arrive again',
  'watch-failed': ({ text }) => String(text),
};

/** A scan whose frames arrive, and whether more can come. */
interface LiveScan {
  readonly status: LiveStatus;
  readonly open: boolean;
}

interface WatchParts {
  readonly file: LogFile | undefined;
  readonly server: StatusServer | undefined;
  readonly onLine: Observer<[line: RunHappening]>;
  readonly onAlarm: string | undefined;
  readonly folder: string;
}

class Watch implements RunWatch {
  readonly #run: WatchedRun;
  readonly #parts: WatchParts;
  readonly #beganMs = performance.now();
  /** The computer's clock minus that of the run, ms; times of the log are those of the run and never go back. */
  #aheadMs = Date.now() - performance.now();
  /** The same when the computer's clock was last looked at. */
  #setMs = this.#aheadMs;
  readonly #commands = new Map<ChildProcess, Promise<void>>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #found = { frames: 0, failed: 0, hits: 0, indexed: 0, crystals: 0 };
  #unread: { readonly count: number; readonly frame: string; readonly reason: string } | undefined;
  #source: Pick<RunSummary, 'arrived' | 'lost'> | Pick<RunSource, 'arrived' | 'lost'> | undefined;
  #scanned: number | undefined;
  #live: LiveScan | undefined;
  #diskBytes: number | undefined;
  #isAsking = false;
  #isLogged = true;

  constructor(run: WatchedRun, parts: WatchParts) {
    this.#run = run;
    this.#parts = parts;
  }

  get url(): string | undefined {
    return this.#parts.server?.url;
  }

  async begin(): Promise<this> {
    await this.#askDisk();
    this.#tell({ event: 'start', version, pid: process.pid });
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), sampleMs);
    // The run decides how long the process lives.
    (this.#timer as { unref?: () => void }).unref?.();
    return this;
  }

  readonly onEvent = (event: RunEvent): void => {
    if (event.kind === 'progress') {
      if (event.stage === 'frames') this.#source = event.summary;
      else if (event.stage === 'start') [this.#source, this.#run.doing] = [event.source, event.text];
      return;
    }
    if (event.kind === 'prepared') return;
    this.#tell(lineOf(event));
    if (event.kind === 'end') this.#end(event.isWhole);
  };

  readonly sink: FrameSink = {
    isBrief: true,
    add: async (record) => {
      const { hit, crystals } = record;
      this.#run.frame((performance.now() - this.#beganMs) / 1000, valuesOf(record));
      this.#found.frames++;
      if (hit) this.#found.hits++;
      if (crystals.length > 0) this.#found.indexed++;
      this.#found.crystals += crystals.length;
      for (const { detector } of crystals) if (detector) this.#run.crystal(detector.shiftM);
    },
    fail: ({ origin: { filename, event }, message }) => {
      this.#found.frames++;
      this.#found.failed++;
      // A damaged file may have thousands of them: those of a second are one line.
      const { count = 0, frame = `${filename} //${event ?? 0}`, reason = message } = this.#unread ?? {};
      this.#unread = { count: count + 1, frame, reason };
    },
    status: () => (this.#run.alarms.length === 0 ? undefined : `⚠ ${this.#run.alarms.join('; ')}`),
    panes: () => ({ alarms: this.#run.shownAlarms }),
    close: async () => '',
    discard: async () => {},
  };

  readonly onProgress = ({ frames }: UdfProgress): void => {
    // An analysis with two passes reads from the beginning again.
    this.#scanned = Math.max(frames, this.#scanned ?? 0);
  };

  wanted(merge: { readonly wanted: readonly WantedAnswer[] }): void {
    this.#run.goals = () =>
      merge.wanted.map((answer) => ({
        goal: answer.goal,
        framesToGo: answer.framesToGo,
        isReached: answer.isReached,
        text: answerText(answer),
      }));
  }

  live(scan: LiveScan): void {
    this.#live = scan;
  }

  async close(failure?: unknown): Promise<void> {
    clearInterval(this.#timer);
    if (this.#run.ended && isEwaldError(failure, 'Aborted')) this.#tell({ event: 'interrupted' });
    if (!this.#run.ended) {
      this.#sample();
      if (failure !== undefined) this.#tell({ event: 'error', ...failureOf(failure) });
      const lost = this.#live?.status.lost ?? 0;
      const isWhole = failure === undefined && lost === 0;
      this.#tell({ event: 'end', isWhole, ...this.#run.summary });
      this.#end(isWhole);
    }
    await Promise.race([Promise.all(this.#commands.values()), after(lastCommandMs, undefined, { ref: false })]);
    for (const child of this.#commands.keys()) {
      this.#tell({ event: 'watch-failed', text: `the command of the alarm "${this.#parts.onAlarm}" still runs` });
      child.unref();
    }
    await this.#parts.server?.close();
    // Unless the run has failed by itself.
    if (failure === undefined && this.#parts.onLine.failure) throw this.#parts.onLine.failure;
  }

  #end(isWhole: boolean): void {
    clearInterval(this.#timer);
    this.#sample();
    for (const runHappening of this.#run.end(isWhole)) this.#happened(runHappening);
  }

  #sample(): void {
    if (this.#run.ended) return;
    this.#askClock();
    if (this.#unread) this.#tell({ event: 'frames-failed', ...this.#unread });
    this.#unread = undefined;
    void this.#askDisk();
    const machine = { diskBytes: this.#diskBytes, memoryBytes: process.memoryUsage.rss() };
    for (const runHappening of this.#run.sample((performance.now() - this.#beganMs) / 1000, this.#counts(), machine))
      this.#happened(runHappening);
  }

  /** Tells when somebody has set the clock of the computer; the log follows it forwards only. */
  #askClock(): void {
    const ahead = Date.now() - performance.now();
    const byMs = ahead - this.#setMs;
    if (Math.abs(byMs) < clockSetMs) return;
    this.#setMs = ahead;
    this.#aheadMs = Math.max(this.#aheadMs, ahead);
    this.#tell({ event: 'clock-set', seconds: byMs / 1000 });
  }

  #counts(): RunCounts {
    if (this.#live) {
      const { processed, dropped, received, lost } = this.#live.status;
      return { frames: processed + dropped, failed: 0, arrived: received, lost, isSourceOpen: this.#live.open };
    }
    if (this.#scanned !== undefined) return { frames: this.#scanned, failed: 0 };
    return { ...this.#found, arrived: this.#source?.arrived, lost: this.#source?.lost };
  }

  /** Asks for the room on the disk; a file system that does not answer delays nothing else. */
  async #askDisk(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const found = statfs(this.#parts.folder).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => undefined,
    );
    void found.finally(() => {
      this.#isAsking = false;
    });
    this.#diskBytes = await Promise.race([found, after(sampleMs, undefined, { ref: false })]);
  }

  #happened(runHappening: RunHappening): void {
    this.#tell(runHappening);
    if (runHappening.event === 'alarm-begin' || runHappening.event === 'alarm-end') this.#runCommand(runHappening);
  }

  #tell(line: RunHappening): void {
    this.#hand(line);
    try {
      this.#parts.file?.append(new Date(performance.now() + this.#aheadMs), line);
      this.#isLogged = true;
    } catch (error) {
      // A full disk does not end the run; it is reported once.
      if (this.#isLogged) this.#hand({ event: 'watch-failed', text: `the log is not written: ${fileReason(error)}` });
      this.#isLogged = false;
    }
  }

  /** What the caller's function throws is thrown when the watch is closed: a timer has nobody to throw it to. */
  #hand(line: RunHappening): void {
    try {
      this.#parts.onLine(line);
    } catch {}
  }

  #runCommand({ event, alarm, text }: RunHappening): void {
    const { onAlarm } = this.#parts;
    if (onAlarm === undefined) return;
    const env = {
      ...process.env,
      EWALD_ALARM: String(alarm),
      EWALD_ALARM_STATE: event === 'alarm-begin' ? 'begin' : 'end',
      EWALD_ALARM_TEXT: String(text),
    };
    const child = spawn(onAlarm, { shell: true, env, stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = new Promise<void>((resolve) => {
      const done = (why: string | undefined): void => {
        if (why !== undefined)
          this.#tell({ event: 'watch-failed', text: `the command of the alarm "${onAlarm}" ${why}` });
        resolve();
      };
      child.once('error', (error) => done(`could not be started: ${messageOf(error)}`));
      child.once('exit', (code) => done(code === 0 ? undefined : `ended with ${code ?? 'a signal'}`));
    });
    this.#commands.set(child, ended);
    void ended.finally(() => this.#commands.delete(child));
  }
}

/** Refuses a path that does not exist; a shell finds programs by their names alone. Throws `Argument`. */
function checkCommand(command: string | undefined): void {
  const [program = ''] = command?.trim().split(/\s/) ?? [];
  if (/^[\w./-]*\/[\w./-]+$/.test(program) && !existsSync(program))
    throw argumentError('watchRun', (said) => `${said('onAlarm')} is ${inspect(command)}, and there is no ${program}`);
}

const failureOf = (error: unknown): object => ({
  ...(isEwaldError(error) && { tag: error.tag }),
  text: messageOf(error),
});

/** An event of the run as a line of the log: numbers and texts alone. */
function lineOf(event: Exclude<RunEvent, { readonly kind: 'progress' | 'prepared' }>): RunHappening {
  if (event.kind === 'failed') return { event: 'output-failed', ...failureOf(event.error) };
  if (event.kind === 'warning') return { event: 'warning', text: event.text };
  if (event.kind === 'resumed') return { event: 'resumed', after: event.after, again: event.again };
  if (event.kind === 'detector') return { event: 'detector', text: [...event.doubts, ...event.remarks].join('; ') };
  if (event.kind === 'geometry') return { event: 'geometry', text: event.text, frames: event.frames };
  if (event.kind === 'tuned') return { event: 'tuned', finder: event.finder, peaks: event.peaks, frames: event.frames };
  if (event.kind === 'hits') return { event: 'hits', ...event.hits };
  if (event.kind === 'cell') {
    const { cell, lattice, images, frames, doubt } = event;
    const parameters = cell && [...lengthsOf(cell.cell), ...anglesOf(cell.cell)];
    return { event: 'cell', cell: parameters, lattice: lattice?.type, images, frames, doubt };
  }
  const { isWhole, summary, outputs } = event;
  const { done, failed, lost, hits, indexed, crystals, rate, cells, doubt } = summary;
  return { event: 'end', isWhole, done, failed, lost, hits, indexed, crystals, rate, cells, doubt, outputs };
}
