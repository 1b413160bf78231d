/** Estimates the time of a transform on other numbers of ranks from measurements on a few. */

import { checkedValue, row } from '../options/call-options.js';
import { expectsMembers, expectsNumbers } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { type Axis, box3d } from './box.js';
import { makeSlabs, procSetupMinSurface, splitWorld } from './geometry.js';
import { common, type Decomposition, planStages } from './stages.js';

/** Measurements of messages between two ranks, and of the transform on one rank. */
export interface Measured {
  /** Seconds of the shortest message. */
  readonly latencyS: number;
  /** Bytes per second of long messages; infinite if memory is shared and nothing is sent. */
  readonly bytesPerS: number;
  /** Seconds of the whole transform of `size` on one rank with one thread. */
  readonly oneRankS: number;
  readonly size: readonly [number, number, number];
}

export interface EstimateOptions {
  readonly size: readonly [number, number, number];
  readonly ranks: number;
  readonly measured: Measured;
  /**
   * Input and output boxes: `bricks` with the smallest surface; `slabs` along z on input and along y on output. Default
   * `slabs`, up to the length of the shorter axis.
   */
  readonly layout?: 'bricks' | 'slabs' | undefined;
  readonly decomposition?: Decomposition | undefined;
  /** Bytes of an element, default 8: complex in single precision. */
  readonly elementBytes?: number | undefined;
  /** Number of ranks that compute at the same time; default all, fewer if they share cores. */
  readonly cores?: number | undefined;
}

/** One stage of an estimate. */
export interface EstimatedStage {
  readonly what: 'transform' | 'reshape';
  readonly axes: readonly Axis[];
  /** Number of messages of the busiest rank. */
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface Estimate {
  readonly ranks: number;
  readonly seconds: number;
  readonly transformS: number;
  readonly messageS: number;
  readonly stages: readonly EstimatedStage[];
}

/**
 * Estimates the seconds of a complex transform on many ranks: the time of each stage is that of its busiest rank.
 *
 * Transforms are counted as elements × log₂ of the transformed lengths, at the rate of the measured one; a division of
 * the world as its messages' latency and bytes. Messages of other ranks do not slow it: on a crowded network it takes
 * longer. Throws `Argument`.
 */
export function estimateFft3d(options: EstimateOptions): Estimate {
  expectsMembers('estimateFft3d: the options', options, ['size', 'ranks', 'measured'], '{ size, ranks, measured }');
  expectsNumbers('estimateFft3d: size', options.size);
  expectsMembers('estimateFft3d: measured', options.measured, ['bytesPerS', 'oneRankS'], 'what was measured');
  const { size, measured } = options;
  const ranks = checkedValue('estimateFft3d: ranks', options.ranks, row.integer(1, 2 ** 20, 1));
  const cores = Math.min(ranks, checkedValue('estimateFft3d: cores', options.cores, row.integer(1, 2 ** 20, ranks)));
  const elementBytes = checkedValue('estimateFft3d: elementBytes', options.elementBytes, row.integer(4, 32, 8));
  checkedValue('estimateFft3d: measured.latencyS', measured.latencyS, row.number(0, 1e6, 0));
  if (!(measured.bytesPerS > 0) || !(measured.oneRankS > 0))
    throw new EwaldError('Argument', 'estimateFft3d: measured.bytesPerS and oneRankS must be above 0');
  const world = box3d(
    [0, 0, 0],
    size.map((n) => n - 1),
  );
  const slabs = options.layout === undefined ? ranks <= Math.min(size[1], size[2]) : options.layout === 'slabs';
  const grid = slabs ? undefined : procSetupMinSurface(world, ranks);
  const inboxes = grid ? splitWorld(world, grid) : makeSlabs(world, ranks, 2);
  const outboxes = grid ? inboxes : makeSlabs(world, ranks, 1);
  const stages = planStages({
    inboxes,
    outboxes,
    axes: ([0, 1, 2] as const).filter((axis) => size[axis] > 1),
    reduced: undefined,
    decomposition: options.decomposition ?? 'auto',
    reorder: false,
    computing: inboxes.map((_, rank) => rank),
  });
  const work = (count: number, lengths: readonly number[]): number =>
    count * lengths.reduce((sum, n) => sum + Math.log2(Math.max(2, n)), 0);
  const whole = measured.size.reduce((product, n) => product * n, 1);
  const rate = measured.oneRankS / work(whole, measured.size);
  const crowd = ranks / cores;
  const list = stages.map((stage): EstimatedStage => {
    if (stage.what === 'fft') {
      const most = stage.from.reduce((count, box) => Math.max(count, box.count), 0);
      const lengths = stage.axes.map((axis) => size[axis]);
      const seconds = rate * crowd * work(most, lengths);
      return { what: 'transform', axes: stage.axes, messages: 0, bytes: 0, seconds };
    }
    let [messages, bytes] = [0, 0];
    // In a large job, the first ranks represent all of them.
    stage.from.slice(0, 64).forEach((box, rank) => {
      const peers = stage.to.filter((to, other) => other !== rank && common(box, to) > 0).length;
      messages = Math.max(messages, peers);
      const kept = common(box, stage.to[rank] ?? box);
      bytes = Math.max(bytes, elementBytes * (box.count - kept));
    });
    const seconds = measured.latencyS * messages + (crowd * bytes) / measured.bytesPerS;
    return { what: 'reshape', axes: [], messages, bytes, seconds };
  });
  const total = (what: EstimatedStage['what']): number =>
    list.reduce((sum, stage) => sum + (stage.what === what ? stage.seconds : 0), 0);
  const [transformS, messageS] = [total('transform'), total('reshape')];
  return { ranks, seconds: transformS + messageS, transformS, messageS, stages: list };
}
