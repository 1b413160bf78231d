/** Warnings that the frames of a run give rise to, each of them once. */
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../../crystal/geometry/pixels.js';
import { PedestalDrift } from '../../frames/raw/pedestal-drift.js';
import {
  explainedFlags,
  isDoubtfulPanel,
  PanelShares,
  unexplainedPanels,
  unexplainedText,
} from '../../refinement/misplaced.js';
import { counted } from '../../util/amounts.js';
import type { ChipMap } from '../chip/chip-map.js';
import { type FrameFailure, type FrameRecord, isFailure } from '../record.js';
import { isBrief } from '../shards/brief.js';
import { omittedMark } from '../streams/chunk.js';
import type { RunSummary } from '../summary.js';
import type { CellVerdict } from './cell-verdict.js';
import { EmptyCrystals } from './empty-crystals.js';
import { EmptyRegions } from './empty-regions.js';
import { OddBeams } from './odd-beams.js';
import type { RunReporter } from './run-reporter.js';
import type { RunState } from './run-state.js';

/** After this number of crystals a long run warns that its known cell is a multiple; the summary repeats it. */
const enoughForMultiples = 30;

/**
 * Share of saturated reflections from which on results are doubtful: the strong ones are missing, which merge last. Data
 * of a detector that is not overexposed have one in a thousand at most.
 */
const manySaturated = 0.01;

/** Share of the pixels of a detector that a file may lose to the mask of another one: bad pixels come and go. */
const fewMasked = 1e-3;

export class FrameWarnings {
  readonly #warn: RunReporter['warnQuietly'];
  readonly #summary: RunSummary;
  readonly #verdict: CellVerdict;
  /** Header fields of which no frame has lacked one yet. */
  readonly #present: Set<string>;
  #isOmittedTold = false;
  /** Frames with crystals of which only numbers have come back. */
  #brief = 0;
  /** Images that have no well. */
  #unplaced = 0;
  #areMultiplesTold = false;
  readonly #geometry: Geometry;
  readonly #shares: PanelShares;
  readonly #beams = new OddBeams();
  readonly #pedestal = new PedestalDrift();
  readonly #empty: { readonly regions: EmptyRegions; readonly crystals: EmptyCrystals };
  /** The shift of the first frame. */
  #shiftM: FrameRecord['beam']['shiftM'] | undefined;
  /** Files in which the mask of the first one leaves out more pixels than their own. */
  readonly #masked = new Set<string>();
  /** Reflections, those left out included, and how many are left out because they have saturated pixels. */
  readonly #reflections = { all: 0, saturated: 0 };

  /** `geometry` is that of the frames that are searched. */
  constructor(
    { events, state }: { readonly events: RunReporter; readonly state: Pick<RunState, 'summary' | 'verdict'> },
    geometry: Geometry,
    copyHeader: readonly string[],
  ) {
    this.#warn = events.warnQuietly;
    this.#summary = state.summary;
    this.#verdict = state.verdict;
    this.#geometry = geometry;
    this.#shares = new PanelShares(geometry.panels.length);
    this.#empty = { regions: new EmptyRegions(geometry), crystals: new EmptyCrystals() };
    this.#present = new Set(copyHeader);
  }

  /** Tells what a frame shows that has just been added to the summary. */
  of(record: FrameRecord | FrameFailure): void {
    this.#multiples();
    if (isFailure(record)) return;
    this.#omitted(record);
    this.#maskedByFirst(record);
    this.#beams.add(record.origin, record.beam);
    this.#pedestal.add(record.unlit);
    if (isBrief(record) && record.crystals.length > 0) this.#brief++;
    else if (record.crystals.length > 0) {
      this.#shiftM ??= record.beam.shiftM;
      this.#shares.add(record.peaks.panel, explainedFlags(record.peaks.count, record.crystals));
      this.#empty.regions.add(record);
      this.#empty.crystals.add(record);
    }
    for (const { reflections, saturated } of record.crystals) {
      if (reflections === undefined) continue;
      this.#reflections.all += reflections + saturated;
      this.#reflections.saturated += saturated;
    }
    if (record.grid?.missing !== undefined && this.#unplaced++ === 0)
      this.#warn(`${record.grid.missing}: it has no well on the chip; further ones are counted`);
    for (const { name, missing } of record.headers ?? [])
      if (missing !== undefined && this.#present.delete(name))
        this.#warn(`the header field ${name} is not copied from frames without it: ${missing}`);
  }

  /** Tells at the end how many reflections were left out as saturated; `areKept` where the method of integration keeps them. */
  ofSaturated(areKept: boolean): void {
    const { all, saturated } = this.#reflections;
    if (saturated === 0 || areKept) return;
    const isMany = saturated >= manySaturated * all;
    const share = `${((100 * saturated) / all).toPrecision(2)} %`;
    const text = `${saturated} of ${all} reflections (${share}) have saturated pixels and are left out`;
    this.#warn(
      isMany
        ? `${text}: these are strong ones, without which intensities are biased; check max_adu of the geometry and the ` +
            'exposure, or keep them (--integration rings-sat)'
        : text,
      isMany,
    );
  }

  /**
   * Tells at the end of frames whose header has another beam, of panels whose peaks the crystals of all frames do not
   * explain, whether or not the geometry was refined, and of reflections that have nothing where they are predicted; of
   * none of these but the beam if the cell is in doubt, whose crystals tell nothing of panels.
   */
  ofPanels(): void {
    for (const { text, isDoubtful } of this.#beams.remarks()) this.#warn(text, isDoubtful);
    if (this.#brief > 0)
      this.#warn(
        `panels and stretches were not judged in ${counted(this.#brief, 'frame')} with crystals, of which only numbers come ` +
          'back (briefItems): empty, lagging and misplaced panels, and peaks of other frames, are not looked for',
      );
    const { crystals } = this.#empty;
    const nothing = { unexplainedPanels: 0, emptyRegions: 0, emptyCrystals: 0, crystalsByChance: 0 };
    this.#summary.judged = { ...nothing, notJudged: this.#brief };
    if (this.#summary.doubt !== undefined || !this.#shiftM) return;
    const unexplained = unexplainedPanels(this.#geometry, this.#shares.panels, this.#shiftM);
    const peaks = unexplainedText(this.#geometry, unexplained);
    if (peaks !== undefined) this.#warn(peaks, true);
    const told = new Set(unexplained.filter(isDoubtfulPanel).map(({ panel }) => panel));
    const regions = this.#empty.regions.told(told);
    if (regions.text !== undefined) this.#warn(regions.text, true);
    for (const { text, isDoubtful } of crystals.remarks()) this.#warn(text, isDoubtful);
    this.#summary.judged = {
      unexplainedPanels: told.size,
      emptyRegions: regions.count,
      ...crystals.counts,
      notJudged: this.#brief,
    };
  }

  /** Tells at the end of raw words whose pedestals drift, whichever files and workers the frames were of. */
  ofPedestal(): void {
    for (const text of this.#pedestal.remarks('the run')) this.#warn(text);
  }

  /** Tells at the end how many images have no well, or may have a wrong one. */
  ofWells(maps: readonly ChipMap[]): void {
    for (const { doubt, series } of maps)
      if (doubt !== undefined) this.#warn(`${series === undefined ? '' : `${series}: `}${doubt}`, true);
    if (this.#unplaced > 1) this.#warn(`${this.#unplaced} images have no well on the chip`);
  }

  #multiples(): void {
    if (this.#areMultiplesTold || this.#summary.crystals < enoughForMultiples) return;
    this.#areMultiplesTold = true;
    for (const text of this.#verdict.texts()) if (text !== this.#summary.doubt) this.#warn(text);
  }

  /** Results depend on which file is the first, by as much as it leaves out. */
  #maskedByFirst({ origin: { filename }, maskedByFirst = 0 }: FrameRecord): void {
    if (maskedByFirst === 0 || this.#masked.has(filename)) return;
    this.#masked.add(filename);
    if (this.#masked.size > 1) return;
    const pixels = this.#geometry.panels.reduce((sum, panel) => sum + widthOf(panel) * heightOf(panel), 0);
    this.#warn(
      `${maskedByFirst} pixels of ${filename} are left out although its own mask does not call them bad: that of the ` +
        'first file does, and a run has one mask; begin with the file that masks least, or index it in another run',
      maskedByFirst > fewMasked * pixels,
    );
  }

  /** Tells at the end in how many files the mask of the first one leaves out more than their own. */
  ofMasks(): void {
    if (this.#masked.size > 1)
      this.#warn(`${this.#masked.size} files mask less than the first one, which holds for all`);
  }

  #omitted({ origin, peaks: { count, omitted } }: FrameRecord): void {
    if (this.#isOmittedTold || !omitted) return;
    this.#isOmittedTold = true;
    this.#warn(
      `${origin.filename} has ${count + omitted} peaks, of which the ${count} strongest are kept, as in every ` +
        `frame with more; the stream states the number of the others as ${omittedMark.split(' ')[0]}`,
    );
  }
}
