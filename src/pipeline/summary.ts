/** The summary of a run: counts, cells, and the time of each stage. */

import { anglesOf, lengthsOf } from '../crystal/cell.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { RegionValues } from '../crystal/stream/regions.js';
import { lengthsHint, middleOf } from '../frames/spot-list.js';
import { median } from '../util/median.js';
import { type PlainOf, plainOf } from '../util/plain.js';
import { Sampled } from '../util/sampled.js';
import { CellQuestions, type DoubtfulCell } from './cell-agreement.js';
import { chanceText, doubtText, explainedFraction, isOtherSize } from './doubt.js';
import type { PipelineItem } from './one-frame.js';
import { minuteS, type RunRates, type RunSample, ratesBetween, sampleBefore } from './rates.js';
import { RecentValues } from './recent-values.js';
import type { FrameFailure, FrameRecord } from './record.js';
import { isFailure } from './record.js';
import { isBrief } from './shards/brief.js';
import type { RunSource } from './sources/source.js';
import type { FrameCrystal, StageTimes } from './stages/frame.js';

/** The properties of a frame that are counted. */
interface CountedFrame {
  readonly hit: boolean;
  /** Lengths in Å and angles in degrees of its crystals. */
  readonly cells: readonly (readonly number[])[];
  /** Index of the known cell of each crystal; if absent, that of the nearest one. */
  readonly which?: readonly number[] | undefined;
}

/** How many parts of a run its crystals contradict, of which its warnings tell more: of the detector, and crystals themselves. */
export interface JudgedParts {
  /** Panels of whose peaks the crystals explain far fewer than of those of others. */
  readonly unexplainedPanels: number;
  /** Panels, or squares of large ones, whose reflections are background in all frames or in a stretch of them. */
  readonly emptyRegions: number;
  /** Crystals without intensity where their own peaks are, and those that are lattices by chance. */
  readonly emptyCrystals: number;
  readonly crystalsByChance: number;
  /** Frames with crystals that were not judged by any of these, since only their numbers have come back (`briefItems`). */
  readonly notJudged: number;
}

const timedStages = ['read', 'peaks', 'index', 'integrate'] as const satisfies readonly (keyof StageTimes)[];

/** What the crystals of a frame tell about the known cells. */
interface LearntFrame extends Pick<FrameRecord, 'peaks' | 'spots' | 'beam'> {
  readonly crystals: readonly Omit<FrameCrystal, 'reflections'>[];
  readonly explained?: number | undefined;
}

/** The crystals of one known cell. */
export interface CellSummary {
  /** Number of the known cell, from 0. */
  readonly known: number;
  readonly crystals: number;
  /** Medians: lengths in Å, angles in degrees. */
  readonly parameters: readonly number[];
}

/** Counts the frames of a run as they arrive: pass every item to it, in any order. */
export class RunSummary {
  /** Frames of the run; undefined if unknown. */
  readonly total: number | undefined;
  /** What the crystals contradict; undefined until the frames have ended. */
  judged: JudgedParts | undefined;
  readonly #started = performance.now();
  #ended: number | undefined;
  readonly #ms: Record<keyof StageTimes, number> = { read: 0, peaks: 0, index: 0, integrate: 0 };
  /** Backends of the stages that have one, in the order of their first use. */
  readonly #backends = { peaks: new Set<string>(), index: new Set<string>() };
  /** Parameters of crystals, by the index of their known cell. */
  readonly #parameters: Sampled<readonly number[]>[] = [];
  readonly #explained = new Sampled<number>();
  /** Median lengths of the spots of frames, 1/Å, and the wavelength, Å. */
  readonly #middles = new Sampled<readonly [middle: number, wavelengthA: number]>();
  readonly #known: readonly KnownCell[];
  readonly #multiples: readonly CellQuestions[];
  /** About one a second of the last minute. */
  readonly #samples: RunSample[] = [];
  /** The means of regions in the last minute. */
  readonly #regions = new Map<string, RecentValues>();
  /** Number of frames searched in this session, to which times refer. */
  #timed = 0;
  /** Number of finished frames, including unreadable ones. */
  done = 0;
  /** Frames that could not be read. */
  failed = 0;
  hits = 0;
  /** Frames with a crystal. */
  indexed = 0;
  /** Crystals whose spots do not distinguish them from other lattices. */
  ambiguous = 0;
  /** Frames that were indexed as few spots of a small cell. */
  few = 0;
  /** Workers of this machine that have searched frames; 0 if this process has searched all of them. */
  workers = 0;

  readonly #source: Pick<RunSource, 'arrived' | 'lost' | 'gone' | 'replaced'>;

  constructor(
    total?: number,
    cells: readonly KnownCell[] = [],
    source: Pick<RunSource, 'arrived' | 'lost' | 'gone' | 'replaced'> = {},
  ) {
    this.total = total;
    this.#source = source;
    this.#known = cells;
    this.#multiples = cells.map((cell) => new CellQuestions(cell));
  }

  get #now(): RunSample {
    return { s: (performance.now() - this.#started) / 1000, frames: this.done, hits: this.hits, indexed: this.indexed };
  }

  /** Shares and rate of the frames of the last minute; undefined in a session that is younger than that. */
  get lastMinute(): RunRates | undefined {
    const now = this.#now;
    const before = sampleBefore(this.#samples, now, minuteS);
    return before && before.s <= now.s - minuteS ? ratesBetween(before, now) : undefined;
  }

  #sample(): void {
    const s = (performance.now() - this.#started) / 1000;
    if (s - (this.#samples.at(-1)?.s ?? Number.NEGATIVE_INFINITY) < 1) return;
    const now = this.#now;
    this.#samples.push(now);
    // One sample that is older than a minute remains.
    while ((this.#samples[1]?.s ?? Number.POSITIVE_INFINITY) <= now.s - minuteS) this.#samples.shift();
  }

  /** Counts an item of the run. */
  add(item: PipelineItem | FrameRecord | FrameFailure): void {
    this.#sample();
    if (('error' in item && item.error) || isFailure(item as FrameRecord)) {
      this.done++;
      this.failed++;
      return;
    }
    const record = item as FrameRecord | Exclude<PipelineItem, { readonly error: unknown }>;
    const { hit, peaks, spots, crystals, few, beam, ms, backends, rois } =
      'result' in record && record.result ? record.result : (record as FrameRecord);
    this.addEarlier({
      hit,
      cells: crystals.map(({ lengths, angles }) => [...lengths, ...angles]),
      which: crystals.map(({ inputCell }) => inputCell),
    });
    this.learn({ peaks, spots, crystals, beam, explained: isBrief(item) ? item.explained : undefined });
    if (few) this.few++;
    this.#timed++;
    if (rois) this.#addRegions(rois);
    for (const stage of ['peaks', 'index'] as const) if (backends[stage]) this.#backends[stage].add(backends[stage]);
    for (const stage of timedStages) this.#ms[stage] += ms[stage];
  }

  #addRegions(rois: RegionValues): void {
    for (const [name, { mean }] of Object.entries(rois)) {
      const values = this.#regions.get(name) ?? new RecentValues(minuteS);
      this.#regions.set(name, values);
      values.add(this.#now.s, mean);
    }
  }

  /** For each region of the frames (`rois`), its mean in the last minute, of the middle half of the frames; undefined without any. */
  get regions(): readonly { readonly name: string; readonly mean: number | undefined }[] | undefined {
    if (this.#regions.size === 0) return undefined;
    return [...this.#regions].map(([name, values]) => ({ name, mean: values.at(this.#now.s, 'middle half').usual }));
  }

  /** Takes what the crystals of a frame tell about the known cells, also of a frame of an earlier session. */
  learn({ peaks, spots, crystals, beam, explained = explainedFraction({ peaks, crystals }) }: LearntFrame): void {
    for (const { cell, inputCell } of crystals) this.#multiples[inputCell]?.add(cell, spots);
    this.ambiguous += crystals.filter(({ rivals }) => rivals.length > 0).length;
    if (explained !== undefined) this.#explained.add(explained);
    if (spots.length > 0) this.#middles.add([middleOf(spots), beam.wavelengthA]);
  }

  /** A hint if the lengths in the geometry may have another unit. */
  lengthsHint(): string | undefined {
    const { kept } = this.#middles;
    const middle = (k: 0 | 1): number => median(kept.map((one) => one[k]));
    return kept.length === 0 ? undefined : lengthsHint(middle(0), middle(1));
  }

  /** The summary so far as plain data, which `postMessage` and structured cloning keep whole. */
  toPlain(): PlainOf<RunSummary> {
    return plainOf<RunSummary>(this);
  }

  /** Counts a frame that an earlier session of the run finished. */
  addEarlier({ hit, cells, which = [] }: CountedFrame): void {
    this.done++;
    if (hit) this.hits++;
    if (cells.length > 0) this.indexed++;
    for (const [i, cell] of cells.entries()) {
      const known = which[i] ?? this.#nearest(cell);
      const all = this.#parameters[known] ?? new Sampled();
      this.#parameters[known] = all;
      all.add(cell);
    }
  }

  /** The known cell that is nearest to one of which a stream has the parameters alone. */
  #nearest(parameters: readonly number[]): number {
    let [nearest, least] = [0, Number.POSITIVE_INFINITY];
    for (const [known, { cell }] of this.#known.entries()) {
      const lengths = lengthsOf(cell).map((length, axis) => ((parameters[axis] ?? 0) - length) / length);
      const angles = anglesOf(cell).map((angle, axis) => (((parameters[3 + axis] ?? 0) - angle) * Math.PI) / 180);
      const distance = Math.hypot(...lengths, ...angles);
      if (distance < least) [nearest, least] = [known, distance];
    }
    return nearest;
  }

  /** The completed fraction, 0 … 1; 0 if the total is unknown. */
  get share(): number {
    return this.total ? Math.min(1, this.done / this.total) : 0;
  }

  /** Frames of this session that have arrived so far; undefined if they were all there before the run. */
  get arrived(): number | undefined {
    return this.#source.arrived;
  }

  /** Frames that a detector has numbered and that did not arrive. */
  get lost(): number {
    return this.#source.lost ?? 0;
  }

  /** Files and folders that were followed and have disappeared; frames that arrived in them meanwhile were not seen. */
  get gone(): readonly string[] {
    return this.#source.gone ?? [];
  }

  /** Files that were followed and replaced by others; frames that were added since were not searched. */
  get replaced(): readonly string[] {
    return this.#source.replaced ?? [];
  }

  /** Frames per second in this session. */
  get rate(): number {
    return (1000 * this.#timed) / Math.max(1, (this.#ended ?? performance.now()) - this.#started);
  }

  /** Called when the last frame has been added: the time in which the outputs are completed does not count. */
  end(): void {
    this.#ended ??= performance.now();
  }

  get crystals(): number {
    return this.#parameters.reduce((sum, { seen }) => sum + seen, 0);
  }

  /** Median cells of the crystals of each known cell. */
  get cells(): CellSummary[] {
    return this.#parameters.flatMap((all, known) =>
      // A known cell without crystals leaves a hole in the array.
      all
        ? [
            {
              known,
              crystals: all.seen,
              parameters: [0, 1, 2, 3, 4, 5].map((i) => median(all.kept.map((one) => one[i] ?? 0))),
            },
          ]
        : [],
    );
  }

  /** Whether spots of further frames may show that a known cell is a multiple. */
  needsSpots(): boolean {
    return this.#multiples.some(({ isFull }) => !isFull);
  }

  /**
   * The known cells, by number from 0, that the peaks do not need all of, multiples of the right ones, or that are not
   * those of their crystals.
   */
  get multiples(): (DoubtfulCell & { readonly known: number })[] {
    return this.#multiples.flatMap(({ found }, known) => (found ? [{ ...found, known }] : []));
  }

  /** Median fraction of the peaks of indexed frames that their crystals explain; undefined without any. */
  get explained(): number | undefined {
    return this.#explained.seen > 0 ? median(this.#explained.kept) : undefined;
  }

  /** Whether the crystals explain so few of the peaks that the cell is in doubt. */
  get isDoubtful(): boolean {
    return this.doubt !== undefined;
  }

  /** Why the cell is in doubt; undefined if it is not. */
  get doubt(): string | undefined {
    const hasOtherSize = (): boolean =>
      this.cells.some(({ known, parameters }) => {
        const cell = this.#known[known]?.cell;
        return cell !== undefined && isOtherSize(parameters.slice(0, 3), lengthsOf(cell));
      });
    const { kept } = this.#explained;
    return doubtText(kept, undefined, hasOtherSize) ?? chanceText(kept, this.ambiguous, this.crystals);
  }

  /** Mean milliseconds per frame of each stage, and its backends. */
  get stages(): { readonly stage: keyof StageTimes; readonly ms: number; readonly backends: readonly string[] }[] {
    const where: Readonly<Partial<Record<string, Set<string>>>> = this.#backends;
    const frames = Math.max(1, this.#timed);
    return Object.entries(this.#ms).map(([stage, ms]) => ({
      stage: stage as keyof StageTimes,
      ms: ms / frames,
      backends: [...(where[stage] ?? [])],
    }));
  }
}
