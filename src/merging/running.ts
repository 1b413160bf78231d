/** A merge that follows a run: a sink of frames that merges again whenever the number of crystals has grown by half. */

import type { KnownCell } from '../crystal/cell-file.js';
import { notOfSymmetry, orientedGroup, symmetryTolerance } from '../crystal/symmetry/oriented.js';
import { checkedOptions, row } from '../options/call-options.js';
import { counted } from '../util/amounts.js';
import { expectsMembers } from '../util/arguments.js';
import { observer } from '../util/callbacks.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import { Collector } from './collection/collector.js';
import { ObservationColumns } from './collection/columns.js';
import { beyondText, type WantedAnswer } from './forecast/answers.js';
import { readGoals, refused } from './forecast/goals.js';
import { RunningAnswers } from './forecast/running.js';
import { shownAnswer } from './forecast/shown.js';
import { answerText } from './forecast/words.js';
import { expectsMerging } from './merge-stream.js';
import type { Merger } from './merger.js';
import { automatic, type MergeOptions } from './options.js';
import type { MergeResult } from './result.js';
import type { MergingMethods } from './room.js';
import type { ShownPanes } from './shown-panes.js';

/** Progress of a running merge. */
export interface MergeStatus {
  readonly frames: number;
  readonly crystals: number;
  /** CC1/2 of all reflections; NaN if the halves have too few in common. */
  readonly ccHalf: number;
  /** Share of the possible reflections down to `dMin`, 0 … 1. */
  readonly completeness: number;
  /** The resolution to which `completeness` refers, in angstrom. */
  readonly dMin: number;
  /** The answers to what is wanted; absent if nothing is. */
  readonly wanted?: readonly WantedAnswer[] | undefined;
}

/** Options of a running merge in addition to those of a merge. */
export interface RunningMergeOptions {
  /** Called after each merge. */
  readonly onStatus?: ((status: MergeStatus, result: MergeResult) => void) | undefined;
  /**
   * Whether frames arrive while the run goes on: answers to what is wanted then have a time, by the crystals of the last
   * ten minutes. Default false.
   */
  readonly isLive?: boolean | undefined;
}

/** A sink of a run (`sinks` of a pipeline) that merges. */
export interface MergeSink {
  /** It receives the frames of the earlier sessions of a run that is resumed as well. */
  readonly isOfWholeRun: true;
  /** Adds a frame; `chunk` is the text of its chunk of a stream. Merges run concurrently with the run. */
  add(record: { readonly chunk: string }): Promise<void>;
  /** Merges what has been collected; returns the last status in words. Throws what `merger.run` throws. */
  close(isWhole: boolean): Promise<string>;
  discard(): Promise<void>;
  /** The latest status in words, which the viewer of a run shows. */
  status(): string | undefined;
  /** The statistics of the last merge as HTML, which the report of a run includes. */
  reportSection(): string | undefined;
  /** Takes the head of the stream, whose centring and counts of a photon the merge uses; called before the first frame. */
  begin(head: string): void;
  /** Throws `Argument` for a goal beyond the corner of the detector, at its largest 1/d in 1/Å. */
  checkReach(largestInverseD: number): void;
  /** Throws `Argument` if crystals of none of these cells can have the symmetry of the merge. */
  checkCells(cells: readonly KnownCell[]): void;
  /** What the page of a run shows of it. */
  panes(): ShownPanes;
  /** The data set of a frame; absent without `splitBy`. */
  datasetOf?(record: { readonly chunk: string }): string | undefined;
  /** The latest answers to what is wanted, with the time that is left; empty if nothing is. */
  readonly wanted: readonly WantedAnswer[];
  /** The latest merge; undefined before the first. */
  readonly result: MergeResult | undefined;
}

/** Largest deviation of a known cell from the symmetry of the merge: crystals may have more of it than their known cell. */
const asFound = { lengths: 2 * symmetryTolerance.lengths, anglesDeg: 2 * symmetryTolerance.anglesDeg };
/** Number of crystals for the first merge; each later merge takes half as many more, or a fifth if something is wanted. */
const firstMerge = 30;

/**
 * A sink that keeps a running merge of the crystals of a run. It says what the crystals give so far, and how many more
 * crystals the goals of `wanted` take. CC1/2 of all reflections is no such goal: it does not follow a law of the number
 * of frames, because new weak reflections enter as fast as old ones improve. Throws `Argument`.
 */
export async function mergeSink(
  context: MergingMethods,
  options: MergeOptions,
  running: RunningMergeOptions = {},
): Promise<MergeSink> {
  expectsMerging('mergeSink: the first argument', context);
  const { isLive } = checkedOptions('mergeSink', running, { onStatus: row.any, isLive: row.flag });
  const onStatus = observer('mergeSink', running, 'onStatus');
  const merger: Merger = await context.merger(options);
  const feed = merger.follow('the run');
  const encoder = new TextEncoder();
  /** The head of a stream that states nothing. */
  const noHead = 'CrystFEL stream format 2.3';
  let hasBegun = false;
  const begin = (head: string): void => {
    if (hasBegun) return;
    hasBegun = true;
    feed.push(encoder.encode(head.endsWith('\n') ? head : `${head}\n`));
  };
  let frames = 0;
  const isAsked = (options.wanted ?? []).length > 0;
  const answers = new RunningAnswers(isLive, firstMerge);
  const now = (): number => performance.now() / 1000;
  let next = firstMerge;
  let result: MergeResult | undefined;
  let status: MergeStatus | undefined;
  let under: Promise<void> | undefined;
  let section: string | undefined;
  const merge = async (): Promise<void> => {
    const seen = frames;
    answers.begin(now(), merger.crystals);
    result = await merger.run();
    answers.end(now(), result.forecast);
    status = { ...statusOf(result, seen), ...(isAsked && { wanted: answers.at(now()) }) };
    onStatus(status, result);
  };
  return {
    isOfWholeRun: true,
    get wanted() {
      return answers.at(now());
    },
    get result() {
      return result;
    },
    begin,
    async add({ chunk }) {
      begin(noHead);
      feed.push(encoder.encode(chunk.endsWith('\n') ? chunk : `${chunk}\n`));
      frames++;
      const isDue = isAsked ? answers.isDue(now(), merger.crystals) : merger.crystals >= next;
      if (!isDue || under) return;
      next = Math.ceil(1.5 * merger.crystals);
      // A merge that fails now may succeed with more crystals; only at the end is it an error.
      under = merge()
        .catch((error) => {
          if (!isEwaldError(error)) throw error;
        })
        .finally(() => {
          under = undefined;
        });
    },
    async close() {
      await under;
      begin(noHead);
      feed.end();
      await merge();
      if (result) section = (await import('./statistics/report.js')).mergeSection(result);
      if (!status) throw new EwaldError('Internal', 'a merge has ended without a status');
      return statusText(status);
    },
    async discard() {
      await under;
    },
    status: () => status && [statusText(status), ...answers.at(now()).map(answerText)].join(' · '),
    reportSection: () => section,
    checkReach(largestInverseD) {
      for (const goal of readGoals(options.wanted)) {
        const beyond = beyondText(goal, largestInverseD);
        if (beyond !== undefined)
          throw refused(goal.text, beyond.replace('the data end', 'the corner of the detector is'));
      }
    },
    checkCells(cells) {
      const { symmetry, cell } = options;
      const merged = cell ? [cell] : cells;
      const [first] = merged;
      if (!first || symmetry === automatic) return;
      if (!merged.some((knownCell) => orientedGroup(symmetry, knownCell.cell, knownCell.uniqueAxis, asFound)))
        throw notOfSymmetry(first.cell, symmetry, ', or auto');
    },
    panes: () => ({ answers: answers.at(now()).map(shownAnswer) }),
    ...(options.splitBy !== undefined && { datasetOf: datasetBy(options.splitBy) }),
  };
}

/** Reads the data set of a frame from the head of its chunk. */
function datasetBy(splitBy: string): (record: { readonly chunk: string }) => string | undefined {
  const reader = new Collector(new ObservationColumns(), { splitBy });
  return ({ chunk }) => {
    const end = chunk.search(/^Peaks from peak search|^--- Begin crystal/m);
    for (const line of (end < 0 ? chunk : chunk.slice(0, end)).split('\n')) {
      const value = reader.headerValue(line);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function statusOf({ statistics, merged }: MergeResult, frames: number): MergeStatus {
  const { ccHalf, completeness, dMin } = statistics.overall;
  return { frames, crystals: merged, ccHalf, completeness, dMin };
}

/** A status in words: `CC1/2 .93, complete 98 % to 2.1 Å, 850 crystals`. */
export function statusText(status: MergeStatus): string {
  const numbers = ['crystals', 'ccHalf', 'completeness', 'dMin'];
  expectsMembers('mergeStatusText: the argument', status, numbers, 'the status of a running merge');
  const { crystals, ccHalf, completeness, dMin } = status;
  const short = Number.isNaN(ccHalf) ? '-' : ccHalf.toFixed(2).replace(/^0/, '');
  return `CC1/2 ${short}, complete ${Math.round(100 * completeness)} % to ${dMin.toFixed(1)} Å, ${counted(crystals, 'crystal')}`;
}
