/** A plan in words and numbers: stages, messages, bytes, and the times of the latest run. */

import type { Axis, Box } from './box.js';
import { type HeffteScale, parseScale } from './names.js';
import type { AxisKinds } from './options.js';
import type { Transform } from './transform.js';

/** One stage of a plan from the point of view of one rank. */
export interface StageDescription {
  readonly what: 'transform' | 'reshape';
  /** Axes that are transformed. */
  readonly axes: readonly Axis[];
  readonly from: Box;
  readonly to: Box;
  /**
   * Number of messages that this rank sends forward, 0 if memory is shared; and the bytes that others receive from it,
   * in single precision; double precision takes twice as many.
   */
  readonly messages: number;
  readonly bytes: number;
  /** Elements that stay on this rank. */
  readonly kept: number;
  /** Milliseconds of the latest run on this rank; undefined before the first run. */
  readonly ms: number | undefined;
}

export interface PlanDescription {
  readonly kind: 'c2c' | 'r2c' | 'r2r';
  readonly rank: number;
  readonly ranks: number;
  readonly world: readonly number[];
  readonly algorithm: string;
  /** The backend of this rank, on which the engine computes. */
  readonly backend: string;
  /** `ewald`, or the installed library. */
  readonly engine: string;
  readonly stages: readonly StageDescription[];
  /** The description with one line per stage. */
  readonly text: string;
}

const letters = ['x', 'y', 'z'];

/** Describes a plan. */
export function describePlan(transform: Transform): PlanDescription {
  const { layout, comm, kind, algorithm, agreement, context, engine = 'ewald' } = transform.parts;
  const stages = layout.stages.map((stage, s): StageDescription => {
    const [before, after] = [layout.boundaries[s], layout.boundaries[s + 1]];
    const traffic = layout.divisions.get(s)?.forward;
    const kept = traffic?.own?.sizes.reduce((a, b) => a * b, 1) ?? 0;
    return {
      what: stage.what === 'fft' ? 'transform' : 'reshape',
      axes: stage.what === 'fft' ? stage.axes : [],
      from: before?.box as Box,
      to: after?.box as Box,
      messages: algorithm === 'shared' ? 0 : (traffic?.sends.length ?? 0),
      bytes: (traffic?.sent ?? 0) * (before?.unit ?? 2) * 4,
      kept: kept,
      ms: transform.times?.of(s),
    };
  });
  const lines = stages.map(({ what, axes, from, to, messages, bytes, ms }) => {
    const time = ms === undefined ? '' : `, ${ms.toFixed(2)} ms`;
    return what === 'transform'
      ? `transform ${axes.map((axis) => letters[axis]).join('')} of ${from.size.join(' × ')}${time}`
      : `reshape ${from.size.join(' × ')} to ${to.size.join(' × ')}: ` +
          `${algorithm === 'shared' ? 'shared memory' : `${messages} messages`}, ${bytes} bytes${time}`;
  });
  const backend = context.backends[0]?.name ?? '';
  const where = engine === 'ewald' ? backend : `${backend} by ${engine}`;
  const size = agreement.world.size.join(' × ');
  return {
    kind,
    rank: comm.rank,
    ranks: comm.size,
    world: agreement.world.size,
    algorithm,
    backend,
    engine,
    stages,
    text: [`${kind} ${size}, rank ${comm.rank} of ${comm.size}, ${where}, ${algorithm}`, ...lines].join('\n'),
  };
}

/** The factor of a scale; N of sines and cosines is the product of their logical lengths. */
export function scaleFactorOf(world: Box, kinds: AxisKinds | undefined, given: HeffteScale | number): number {
  const scale = parseScale(given);
  const logical = world.size.map((n, axis) => {
    const kind = kinds?.[axis];
    if (kind === undefined) return n;
    if (kind === null) return 1;
    return kind === 'dct1' ? 2 * (n - 1) : kind === 'dst1' ? 2 * (n + 1) : 2 * n;
  });
  const n = logical.reduce((product, length) => product * length, 1);
  return scale === 'none' ? 1 : scale === 'full' ? 1 / n : 1 / Math.sqrt(n);
}
