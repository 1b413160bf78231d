/** The state of a run that nobody looks at: samples of its counts, alarms, its source; a function of time alone. */

import type { ShownAlarm } from '../../merging/shown-panes.js';
import { minuteS, type RunRates, type RunSample, ratesBetween, sampleBefore } from '../../pipeline/rates.js';
import { RecentValues } from '../../pipeline/recent-values.js';
import { type Alarm, alarmText, alarmValue, isRaised, type RecentFrames, tooFewText, unseenText } from './alarm.js';
import { DetectorDrift } from './detector-drift.js';
import { type FrameValues, middleOfFrames } from './frame-values.js';
import { metric } from './metric.js';

/** Counts of a run since its beginning. */
export interface RunCounts {
  /** Finished frames, unreadable ones included. */
  readonly frames: number;
  readonly failed: number;
  /** Of frames that are searched. */
  readonly hits?: number | undefined;
  readonly indexed?: number | undefined;
  readonly crystals?: number | undefined;
  /** Frames that have arrived; undefined for frames that were there before. */
  readonly arrived?: number | undefined;
  /** Frames of which it is known that they did not arrive. */
  readonly lost?: number | undefined;
  /** False once the source has sent all that it is going to send. */
  readonly isSourceOpen?: boolean | undefined;
}

/** What the machine says at a sample. */
interface MachineState {
  readonly diskBytes?: number | undefined;
  readonly memoryBytes?: number | undefined;
}

/** A goal of the run: the frames that are still to come, and its state in words. */
export interface RunGoal {
  readonly goal: string;
  readonly framesToGo: { readonly likely: number; readonly least: number; readonly most: number } | undefined;
  readonly isReached: boolean;
  readonly text: string;
}

/** What has happened: a line of the log. */
export interface RunHappening {
  readonly event: string;
  readonly [name: string]: unknown;
}

/** A source is silent if it has sent nothing for this long while no frame waits, s. */
export const silentS = 10;
/** Time between two reports of progress, s. */
const progressS = 60;

interface AlarmState {
  readonly alarm: Alarm;
  /** The numbers of single frames whose middle it watches. */
  readonly recent: RecentValues | undefined;
  value: number | undefined;
  isRaised: boolean;
  /** Since when it is raised, s. */
  sinceS: number;
  /** Whether it was reported that it cannot be judged. */
  isUnseen: boolean;
}

/** A run that is sampled about once a second. */
export class WatchedRun {
  readonly #alarms: AlarmState[];
  readonly #keptS: number;
  readonly #drift: DetectorDrift;
  readonly #samples: RunSample[] = [];
  /** The mean of each region in the last minute, by the name of the value. */
  readonly #lanes = new Map<string, RecentValues>();
  /** Times at which the number of arrived frames was first seen, for frames that are not finished. */
  readonly #arrivals: { readonly s: number; readonly arrived: number }[] = [];
  #counts: RunCounts = { frames: 0, failed: 0 };
  #machine: MachineState = {};
  #source: 'waiting' | 'sending' | 'silent' = 'waiting';
  #lastArrivalS = 0;
  #lost = 0;
  #toldS = 0;
  /** The frames to go until each goal is reached; set by who forecasts them. */
  goals: () => readonly RunGoal[] = () => [];
  /** What the run does before its first frame is finished, in words. */
  doing: string | undefined;
  /** How the run ended; undefined while it goes on. */
  ended: 'whole' | 'stopped' | undefined;

  constructor(alarms: readonly Alarm[] = []) {
    const recentOf = ({ value, seconds }: Alarm) => (value === undefined ? undefined : new RecentValues(seconds));
    this.#alarms = alarms.map((alarm) => ({
      alarm,
      recent: recentOf(alarm),
      value: undefined,
      isRaised: false,
      sinceS: 0,
      isUnseen: false,
    }));
    this.#keptS = Math.max(minuteS, ...alarms.map(({ seconds }) => seconds));
    this.#drift = new DetectorDrift(this.#keptS);
  }

  /** A crystal shows where the detector is: its shift from the geometry, m. */
  crystal(shiftM: readonly [number, number]): void {
    this.#drift.add(shiftM);
  }

  /** Takes the numbers of a frame that was finished at a time. */
  frame(s: number, values: FrameValues): void {
    for (const { alarm, recent } of this.#alarms) if (recent) recent.add(s, values[alarm.value ?? '']);
    for (const [name, value] of Object.entries(values)) {
      if (!/^roi:.*\.mean$/.test(name)) continue;
      const lane = this.#lanes.get(name) ?? new RecentValues(minuteS);
      this.#lanes.set(name, lane);
      lane.add(s, value);
    }
  }

  /** Takes a sample at a time, in seconds since the beginning of the run, and returns what it shows. */
  sample(s: number, { isSourceOpen = true, ...counts }: RunCounts, machine: MachineState = {}): RunHappening[] {
    this.#machine = machine;
    const found = [...this.#sourceOf(s, counts, isSourceOpen), ...this.#lossOf(counts)];
    this.#counts = counts;
    const { frames, hits, indexed } = counts;
    const now = { s, frames, hits, indexed, lagS: this.#lagS(s), ...machine };
    this.#samples.push(now);
    this.#drift.reach(s);
    // One sample before the longest time is needed, and the first one for the whole run.
    while ((this.#samples[2]?.s ?? Number.POSITIVE_INFINITY) <= s - this.#keptS) this.#samples.splice(1, 1);
    for (const alarm of this.#alarms) found.push(...this.#judge(alarm));
    if (s - this.#toldS >= progressS) {
      this.#toldS = s;
      found.push({ event: 'progress', ...this.summary });
    }
    return found;
  }

  /** Ends the run: alarms that are raised end with it. */
  end(isWhole: boolean): RunHappening[] {
    if (this.ended) return [];
    this.ended = isWhole ? 'whole' : 'stopped';
    const raised = this.#alarms.filter((alarm) => alarm.isRaised);
    for (const alarmState of raised) alarmState.isRaised = false;
    return raised.map(({ alarm: { text }, value }) => ({
      event: 'alarm-end',
      alarm: text,
      value,
      text: `${text}: the run ended`,
    }));
  }

  /** The alarms that are raised, in words. */
  get alarms(): string[] {
    return this.#alarms.flatMap((alarm) => (alarm.isRaised ? [alarmText(alarm.alarm, alarm.value)] : []));
  }

  /** All alarms, for the page of the run. */
  get shownAlarms(): ShownAlarm[] {
    const { s } = this.#samples.at(-1) ?? { s: 0 };
    return this.#alarms.map(({ alarm, value, isRaised, sinceS }) => ({
      text: alarm.text,
      isRaised,
      ...(isRaised && { seconds: s - sinceS }),
      ...(value !== undefined && { now: alarmText(alarm, value).slice(alarm.text.length + 2) }),
      value: alarm.value,
      level: alarm.level,
      isBelow: alarm.isBelow,
    }));
  }

  /** Whether the run can be left alone: no alarm, no silent source, not stopped. */
  get isHealthy(): boolean {
    return this.alarms.length === 0 && this.#source !== 'silent' && this.ended !== 'stopped';
  }

  /** Counts and rates of the last minute and of the whole run, as plain data. */
  get summary() {
    const { minute, whole } = this.#rates();
    const { arrived, frames } = this.#counts;
    const queue = arrived === undefined ? undefined : Math.max(0, arrived - frames);
    const { byM, errorM } = this.#drift.over(minuteS);
    const drift = byM !== undefined && { drift: { byM, errorM } };
    const lagS = this.#samples.at(-1)?.lagS;
    return { ...this.#counts, lastMinute: minute, whole, lagS, queue, ...this.#machine, ...drift, ...this.#regions() };
  }

  /** The answer of `/health`. */
  get health(): object {
    const goals = this.goals().map(({ text }) => text);
    const { doing } = this;
    const isStarting = this.ended === undefined && this.#counts.frames === 0 && doing !== undefined;
    const state = this.ended ?? (this.#counts.frames > 0 ? 'running' : isStarting ? 'starting' : 'waiting');
    return {
      healthy: this.isHealthy,
      state,
      ...(isStarting && { doing }),
      source: this.#source,
      alarms: this.alarms,
      ...this.summary,
      ...(goals.length > 0 && { goals }),
    };
  }

  /** The answer of `/metrics`, in the text format of Prometheus (version 0.0.4). */
  get metrics(): string {
    const { frames, failed, hits, indexed, crystals, arrived, lost } = this.#counts;
    const { queue, lagS } = this.summary;
    const { byM } = this.#drift.over(minuteS);
    const windows = Object.entries(this.#rates());
    const ofWindows = (name: 'rate' | 'hits' | 'indexed') =>
      windows.map(([window, rates]) => [rates[name], { window }] as const);
    return [
      metric('ewald_frames_total', 'counter', 'Finished frames, unreadable ones included.', [[frames]]),
      metric('ewald_frames_failed_total', 'counter', 'Frames that could not be read.', [[failed]]),
      metric('ewald_frames_arrived_total', 'counter', 'Frames that have arrived during the run.', [[arrived]]),
      metric('ewald_frames_lost_total', 'counter', 'Frames that did not arrive.', [[lost]]),
      metric('ewald_hits_total', 'counter', 'Frames with enough peaks.', [[hits]]),
      metric('ewald_indexed_total', 'counter', 'Frames with a crystal.', [[indexed]]),
      metric('ewald_crystals_total', 'counter', 'Crystals.', [[crystals]]),
      metric('ewald_frames_per_second', 'gauge', 'Finished frames per second.', ofWindows('rate')),
      metric('ewald_hit_ratio', 'gauge', 'Hits per finished frame, 0 to 1.', ofWindows('hits')),
      metric('ewald_indexed_ratio', 'gauge', 'Indexed frames per finished frame, 0 to 1.', ofWindows('indexed')),
      metric('ewald_lag_seconds', 'gauge', 'Time for which the oldest unfinished frame has waited.', [[lagS]]),
      metric('ewald_queue_frames', 'gauge', 'Frames that have arrived and are not finished.', [[queue]]),
      metric('ewald_detector_drift_metres', 'gauge', 'Shift of the detector since the beginning, last minute.', [
        [byM],
      ]),
      metric(
        'ewald_roi_mean',
        'gauge',
        'Counts of a pixel of a region, middle half of the last minute.',
        Object.entries(this.#regions().rois ?? {}).map(
          ([name, value]) => [value, { roi: name.replace(/\.mean$/, '') }] as const,
        ),
      ),
      metric('ewald_resident_memory_bytes', 'gauge', 'Memory of this process.', [[this.#machine.memoryBytes]]),
      metric('ewald_disk_free_bytes', 'gauge', 'Disk left for the outputs.', [[this.#machine.diskBytes]]),
      metric('ewald_source_up', 'gauge', '0 if the source has fallen silent.', [[this.#source === 'silent' ? 0 : 1]]),
      metric('ewald_frames_to_go', 'gauge', 'Frames until a goal is reached: likeliest, and the range.', this.#toGo()),
      metric(
        'ewald_alarm',
        'gauge',
        '1 while an alarm is raised.',
        this.#alarms.map((alarm) => [alarm.isRaised ? 1 : 0, { alarm: alarm.alarm.text }] as const),
      ),
    ].join('');
  }

  /** The mean of each region in the last minute, of the middle half of its frames; nothing without regions. */
  #regions(): { readonly rois?: Readonly<Record<string, number | undefined>> } {
    if (this.#lanes.size === 0) return {};
    const { s } = this.#samples.at(-1) ?? { s: 0 };
    const means = [...this.#lanes].map(
      ([name, lane]) => [name.slice('roi:'.length), lane.at(s, middleOfFrames(name)).usual] as const,
    );
    return { rois: Object.fromEntries(means) };
  }

  /** Nothing for a goal of which nothing can be said. */
  #toGo() {
    return this.goals().flatMap(({ goal, framesToGo, isReached }) =>
      (['likely', 'least', 'most'] as const).map((which) => {
        const bound = which === 'likely' ? which : which === 'least' ? 'low' : 'high';
        const frames = isReached ? 0 : framesToGo?.[which];
        return [Number.isFinite(frames) ? Math.round(frames as number) : undefined, { goal, bound }] as const;
      }),
    );
  }

  #rates(): { readonly minute: RunRates; readonly whole: RunRates } {
    const now = this.#samples.at(-1) ?? { s: 0, frames: 0 };
    const [first = now] = this.#samples;
    return {
      minute: ratesBetween(sampleBefore(this.#samples, now, minuteS) ?? now, now),
      whole: ratesBetween(first, now),
    };
  }

  #judge(alarmState: AlarmState): RunHappening[] {
    const { alarm, isRaised: was } = alarmState;
    const drift = alarm.quantity === 'drift' ? this.#drift.over(alarm.seconds) : undefined;
    const recent = this.#recentOf(alarmState);
    alarmState.value = alarmValue(alarm, this.#samples, drift, recent) ?? alarmState.value;
    alarmState.isRaised = isRaised(alarm, alarmState.value, was);
    const unseen = this.#isJudged(alarm)
      ? ((drift && unseenText(alarm, drift)) ?? (recent && tooFewText(alarm, recent)))
      : undefined;
    const found: RunHappening[] = [];
    if (unseen !== undefined && !alarmState.isUnseen)
      found.push({ event: 'alarm-unseen', alarm: alarm.text, text: unseen });
    alarmState.isUnseen = unseen !== undefined;
    if (alarmState.isRaised === was) return found;
    alarmState.sinceS = this.#samples.at(-1)?.s ?? 0;
    const event = alarmState.isRaised ? 'alarm-begin' : 'alarm-end';
    return [...found, { event, alarm: alarm.text, value: alarmState.value, text: alarmText(alarm, alarmState.value) }];
  }

  #recentOf({ alarm, recent }: AlarmState): RecentFrames | undefined {
    if (!recent) return undefined;
    const { s } = this.#samples.at(-1) ?? { s: 0 };
    return { ...recent.at(s, middleOfFrames(alarm.value ?? '')), isWhole: recent.isWhole(s) };
  }

  /** Whether frames have been finished for as long as an alarm looks back. */
  #isJudged({ seconds }: Alarm): boolean {
    const first = this.#samples.find(({ frames }) => frames > 0);
    const now = this.#samples.at(-1);
    return first !== undefined && now !== undefined && now.s - first.s >= seconds;
  }

  /** Whether frames arrive: a source is silent if it has sent frames, and the run waits for more. */
  #sourceOf(s: number, { arrived, frames }: RunCounts, isOpen: boolean): RunHappening[] {
    if (arrived === undefined) return [];
    const before = this.#source;
    if (arrived > (this.#counts.arrived ?? 0)) {
      this.#arrivals.push({ s, arrived });
      this.#lastArrivalS = s;
      this.#source = 'sending';
      return before === 'silent' ? [{ event: 'source-back' }] : [];
    }
    // While frames wait, the source may be held up by the run; one that has sent all has nothing to send.
    if (arrived > frames || !isOpen) this.#lastArrivalS = s;
    if (before !== 'sending' || s - this.#lastArrivalS < silentS) return [];
    this.#source = 'silent';
    return [{ event: 'source-silent', seconds: s - this.#lastArrivalS }];
  }

  #lossOf({ lost = 0 }: RunCounts): RunHappening[] {
    const more = lost - this.#lost;
    this.#lost = lost;
    return more > 0 ? [{ event: 'frames-lost', frames: more, lost }] : [];
  }

  /** Age of the oldest frame that has arrived and is not finished; undefined unless frames arrive. */
  #lagS(s: number): number | undefined {
    const { arrived, frames } = this.#counts;
    if (arrived === undefined) return undefined;
    while ((this.#arrivals[0]?.arrived ?? Number.POSITIVE_INFINITY) <= frames) this.#arrivals.shift();
    const [oldest] = this.#arrivals;
    return oldest === undefined ? 0 : s - oldest.s;
  }
}
