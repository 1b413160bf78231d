/** The local transforms of one rank, planned on its context. */

import type { FftPlan } from '../fft/fft.js';
import type { FftOptions, FftPrecision, R2rKind } from '../fft/options.js';
import type { Axis, Box, Triple } from './box.js';
import type { AxisKinds, FftContextLike } from './options.js';

interface LocalWish {
  readonly context: FftContextLike;
  readonly from: Box;
  readonly to: Box;
  /** Strides of the axes in elements, if they differ from those of the box, as in shared memory. */
  readonly fromStrides?: Triple;
  readonly toStrides?: Triple;
  readonly fromDistance: number;
  readonly toDistance: number;
  readonly axes: readonly Axis[];
  readonly kind: 'c2c' | 'r2c' | 'r2r';
  readonly reduced: Axis | undefined;
  readonly r2r: AxisKinds | undefined;
  readonly inPlace: boolean;
  readonly precision: FftPrecision;
  readonly batch: number;
  readonly threads: number;
  readonly engine: FftOptions['engine'];
  readonly tune: FftOptions['tune'];
}

/** Plans one stage; undefined for a rank without elements. */
export async function planLocal(wish: LocalWish): Promise<FftPlan | undefined> {
  const { from, to, kind, axes, reduced, r2r } = wish;
  if (from.empty) return undefined;
  // The plan's axes are those of the input's memory, slowest first: then it has the C order, which needs no strides.
  const slowest = [...from.order].reverse() as Axis[];
  const position = (axis: Axis): number => slowest.indexOf(axis);
  // In a real transform, all stages except the one that halves an axis are complex.
  const halves = kind === 'r2c' && reduced !== undefined && axes.includes(reduced);
  const sorted = [...axes].sort((a, b) => position(a) - position(b));
  const ordered = (strides: Triple): number[] => slowest.map((axis) => strides[axis]);
  const strided = wish.fromStrides !== undefined || wish.toStrides !== undefined || !from.orderedSameAs(to);
  return wish.context.fft({
    shape: slowest.map((axis) => from.size[axis]),
    axes: sorted.map(position),
    precision: wish.precision,
    batch: wish.batch,
    inPlace: wish.inPlace,
    threads: wish.threads,
    ...(kind === 'r2r'
      ? { kind, r2r: r2r && sorted.map((axis) => r2r[axis] as R2rKind) }
      : halves
        ? { kind: 'r2c', reducedAxis: position(reduced) }
        : {}),
    ...(wish.engine ? { engine: wish.engine } : {}),
    ...(wish.tune ? { tune: wish.tune } : {}),
    ...(strided && !wish.inPlace
      ? {
          inputStrides: ordered(wish.fromStrides ?? from.strides),
          inputDistance: wish.fromDistance,
          outputStrides: ordered(wish.toStrides ?? to.strides),
          outputDistance: wish.toDistance,
        }
      : {}),
  });
}
