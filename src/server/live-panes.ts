/**
 * What a run's page shows besides frames: answers with their history, alarms, and the numbers of the last minute. The
 * history is kept here, so that a page that was asleep, or is opened late, lacks no forecast.
 */
import type { ServerResponse } from 'node:http';
import type { ShownAlarm, ShownAnswer, ShownPanes } from '../merging/shown-panes.js';
import { whyNoIce } from '../pipeline/profile/ice.js';
import { type ProfileRecord, shellsOf } from '../pipeline/profile/radial-profile.js';
import { RecentValues } from '../pipeline/recent-values.js';
import type { FrameRecord } from '../pipeline/record.js';
import { type FrameValues, middleOfFrames, valuesOf } from './watch/frame-values.js';

/** The time of the numbers, s, and the most points of a goal that are kept. */
const [minuteS, maxPoints] = [60, 400];
/** Most data sets whose numbers are drawn apart. */
const maxDatasets = 2;

/** What an answer was at a merge. */
interface Point extends Pick<ShownAnswer, 'crystals' | 'value' | 'error' | 'needed' | 'said' | 'verdict'> {
  readonly at: number;
}

/** What the panes are made of. */
interface PanesOf {
  readonly panes?: (() => ShownPanes) | undefined;
  readonly datasetOf?: ((record: FrameRecord) => string | undefined) | undefined;
}

export class LivePanes {
  #of: PanesOf = {};
  readonly #points = new Map<string, Point[]>();
  readonly #recent = new Map<string, RecentValues>();
  readonly #sums = new Map<string, { sum: number; count: number }>();
  readonly #datasets: string[] = [];
  #shells: { readonly edges: readonly number[]; readonly counts: number[]; hits: number } | undefined;

  /** Takes a run that begins. */
  begin(run: PanesOf): void {
    this.#of = run;
  }

  /** What there is to show: names of panes. */
  get offered(): string[] {
    return this.#offeredOf(this.#shown);
  }

  #offeredOf({ answers = [], alarms = [], origin = [], more }: ShownPanes): string[] {
    const names = [...this.#recent.keys()];
    return [
      ...(answers.length > 0 ? ['answers'] : []),
      ...(alarms.length > 0 ? ['alarms'] : []),
      ...(origin.length > 0 ? ['origin'] : []),
      ...(more ? ['more'] : []),
      ...(names.some((name) => name.startsWith('roi:')) ? ['regions'] : []),
      ...(this.#hasProfile ? ['profile'] : []),
    ];
  }

  /** Made anew for each call, words and all: once for a request. */
  get #shown(): ShownPanes {
    return this.#of.panes?.() ?? {};
  }

  #hasProfile = false;
  #backgroundRange: ProfileRecord['backgroundRange'];
  #whyNoIce: string | undefined;

  /** Adds a frame at a time in ms. */
  add(record: FrameRecord, ms: number): void {
    const values = valuesOf(record);
    const dataset = this.#of.datasetOf?.(record);
    if (dataset !== undefined && !this.#datasets.includes(dataset)) this.#datasets.push(dataset);
    const isApart = dataset !== undefined && this.#datasets.indexOf(dataset) < maxDatasets;
    for (const name of this.#namesOf(values)) {
      const value = values[name];
      if (value === undefined || !Number.isFinite(value)) continue;
      const recent = this.#recent.get(name) ?? new RecentValues(minuteS);
      this.#recent.set(name, recent);
      recent.add(ms / 1000, value);
      if (name === 'spots' || name === 'resolution') continue;
      // Ice is a property of the shot and not of the pump.
      const lane = isApart && name !== 'ice' ? `${name} | ${dataset}` : name;
      const sum = this.#sums.get(lane) ?? { sum: 0, count: 0 };
      this.#sums.set(lane, sum);
      sum.sum += value;
      sum.count++;
    }
    this.#hasProfile ||= record.profile !== undefined;
    this.#backgroundRange ??= record.profile?.backgroundRange;
    if (record.profile && !record.profile.ice) this.#whyNoIce ??= whyNoIceIn(record.profile);
    if (record.hit && record.profile && record.profile.corner > 0) this.#addShells(record.profile);
  }

  /** The numbers of a frame that are shown: of a region, those that alarms watch, or its mean. */
  #namesOf(values: FrameValues): string[] {
    this.#watched ??= (this.#shown.alarms ?? []).flatMap(({ value }) => value ?? []);
    const watched = this.#watched;
    const isShown = (name: string): boolean => {
      if (!name.startsWith('roi:')) return true;
      const region = name.slice(0, name.lastIndexOf('.') + 1);
      return watched.some((one) => one.startsWith(region)) ? watched.includes(name) : name === `${region}mean`;
    };
    return Object.keys(values).filter(isShown);
  }
  #watched: readonly string[] | undefined;

  #addShells({ spotsByShell, corner }: { readonly spotsByShell: readonly number[]; readonly corner: number }): void {
    this.#shells ??= { edges: shellsOf(corner), counts: spotsByShell.map(() => 0), hits: 0 };
    const { counts } = this.#shells;
    for (const [i, count] of spotsByShell.entries()) counts[i] = (counts[i] ?? 0) + count;
    this.#shells.hits++;
  }

  /** The means of the frames since the last call, and what there is to show; keeps what the answers are now. */
  sample(at: number): {
    readonly means: (readonly [name: string, value: number])[];
    readonly offered: readonly string[];
  } {
    const shown = this.#shown;
    this.#keep(shown, at);
    const means = [...this.#sums].map(([name, { sum, count }]) => [name, sum / count] as const);
    this.#sums.clear();
    return { means, offered: this.#offeredOf(shown) };
  }

  #keep({ answers = [] }: ShownPanes, at: number): void {
    for (const answer of answers) {
      const { goal, crystals, value, error, needed, said, verdict } = answer;
      const points = this.#points.get(goal) ?? [];
      this.#points.set(goal, points);
      if (points.at(-1)?.crystals === crystals) continue;
      points.push({ at, crystals, value, error, needed, said, verdict });
      if (points.length > maxPoints) points.splice(0, points.length, ...points.filter((_, i) => i % 2 === 1));
    }
  }

  /** Answers a request of a page at a time in ms; returns false before there is anything. */
  answer(response: ServerResponse, isHead: boolean, ms: number): boolean {
    const shown = this.#shown;
    if (this.#offeredOf(shown).length === 0 && this.#recent.size === 0) return false;
    const { answers = [], alarms = [], origin = [], more } = shown;
    const minute = [...this.#recent].map(([name, recent]) => {
      const { usual, frames } = recent.at(ms / 1000, middleOfFrames(name));
      return [name, frames === 0 ? undefined : usual] as const;
    });
    const text = JSON.stringify({
      answers: answers.map((answer) => ({ ...answer, points: this.#points.get(answer.goal) ?? [] })),
      alarms,
      origin,
      datasets: this.#datasets.slice(0, maxDatasets),
      minute: Object.fromEntries(minute),
      hasProfile: this.#hasProfile,
      backgroundRange: this.#backgroundRange,
      whyNoIce: this.#whyNoIce,
      ...(more && { more }),
      ...(this.#shells && { shells: this.#shells }),
    });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(isHead ? undefined : text);
    return true;
  }
}

/** Why a profile measures no ice; unknown of brief ones, which have no bins. */
const whyNoIceIn = (profile: Partial<ProfileRecord>): string | undefined => {
  const { backgroundCounts, backgroundNorm, low, step, q, gain } = profile;
  if (!backgroundCounts?.length || !backgroundNorm || !q || low === undefined || !step || !gain) return undefined;
  return whyNoIce({ low, step, q, gain }, backgroundCounts, backgroundNorm);
};

/** What `/live/panes` answers. */
export interface ServedPanes {
  readonly answers: readonly (ShownAnswer & { readonly points: readonly Point[] })[];
  readonly alarms: readonly ShownAlarm[];
  readonly origin: readonly string[];
  readonly datasets: readonly string[];
  readonly minute: Readonly<Record<string, number | undefined>>;
  readonly hasProfile: boolean;
  readonly more?: ShownPanes['more'];
  /** What the background is the mean of, d in Å. */
  readonly backgroundRange?: readonly [from: number, to: number];
  /** Why a profile did not measure ice; absent while all did. */
  readonly whyNoIce?: string;
  /** Spots of hits in shells, whose outer limits are Å. */
  readonly shells?: { readonly edges: readonly number[]; readonly counts: readonly number[]; readonly hits: number };
}
