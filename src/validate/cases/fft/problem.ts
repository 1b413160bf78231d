/** The problem of a row: a plan's options, a direction, and random input for every element of the input side. */

import { Random } from '../../../compute/random/random.js';
import type { FftKind, FftOptions, FftScale, R2rKind } from '../../../fft/fft.js';
import { type AxisTransform, inverseKind, logicalLength, transform } from '../../oracle/fft/sums.js';
import {
  type Box,
  boxElements,
  boxShape,
  inputBox,
  outputBox,
  perTransform,
  product,
  reducedShape,
  takeReduced,
} from './shapes.js';

/**
 * The contents of an input: random numbers between −½ and ½, the same between 0 and 1, 0 … 31 repeatedly, 1 2 3 …, or a
 * one and zeros.
 */
export type Fill = 'centred' | 'unit' | 'halves' | 'from one' | 'delta';

/**
 * Which sides of a run are device arrays. `twice`: a run, followed by another one on its result, without a copy to the
 * host in between.
 */
type OnDevice = 'input' | 'output' | 'both' | 'twice';

/** How a row uses its plan. */
export interface TransformCall {
  readonly direction: 'forward' | 'backward';
  readonly scale: FftScale;
  /** Scale of the opposite direction. */
  readonly back: FftScale;
  readonly fill: Fill;
  readonly arrays?: OnDevice | undefined;
}

/** What one side of a run holds. */
interface RunSide {
  /** Lengths of the whole array, of which the box is held. */
  readonly shape: readonly number[];
  readonly box: Box;
  readonly complex: boolean;
}

/** A plan's options, a direction, and its input. */
export interface Problem extends Omit<TransformCall, 'fill'> {
  readonly options: FftOptions;
  readonly shape: readonly number[];
  readonly kinds: readonly (AxisTransform | undefined)[];
  /** Product of the logical lengths: the factor by which a round trip without scales multiplies. */
  readonly logical: number;
  /** Numbers for every element of the input side, in C order, batch first; complex numbers are interleaved. */
  readonly input: Float64Array;
  /** The sides in the direction of the run. */
  readonly from: RunSide;
  readonly to: RunSide;
}

/** Lengths, axes and the reduced axis of a plan, with their defaults. */
export function axesOf(options: FftOptions) {
  const shape = typeof options.shape === 'number' ? [options.shape] : options.shape;
  const axes = options.axes ?? shape.map((_, i) => i);
  return { shape, axes, reduced: options.reducedAxis ?? axes.at(-1) ?? 0 };
}

/**
 * The problem of a plan in one direction: a forward input is random; a backward input of c2r has the symmetry of a real
 * signal's spectrum.
 */
export function makeProblem(options: FftOptions, { fill, ...call }: TransformCall, seed: number): Problem {
  const { shape, axes, reduced } = axesOf(options);
  const { kind = 'c2c', batch = 1 } = options;
  const forward = call.direction === 'forward';
  const [from, to] = forward ? sidesOf(options, kind) : (sidesOf(options, kind).reverse() as [RunSide, RunSide]);
  const width = from.complex ? 2 : 1;
  const random = new Random(seed, 0);
  const value = filler(fill, random);
  const input =
    from.complex && (kind === 'r2c' || kind === 'c2r')
      ? symmetricInput(shape, axes, reduced, batch, random)
      : Float64Array.from({ length: product(from.shape) * batch * width }, (_, i) => Math.fround(value(i)));
  const kinds = kindsOf(options, kind, forward);
  return {
    ...call,
    options,
    shape,
    kinds,
    logical: kinds.reduce((all, k, axis) => (k ? all * logicalLength(k, shape[axis] as number) : all), 1),
    input: perTransform(input, batch, (one) => boxElements(one, from.shape, from.box, width)),
    from,
    to,
  };
}

/** The input and the output side of a plan. */
function sidesOf(options: FftOptions, kind: FftKind): [RunSide, RunSide] {
  const { shape, reduced } = axesOf(options);
  const real = { shape, complex: false };
  const complex = { shape, complex: true };
  const half = { shape: reducedShape(shape, reduced), complex: true };
  const sides = {
    c2c: [complex, complex],
    real: [real, complex],
    r2c: [real, half],
    c2r: [half, real],
    r2r: [real, real],
  } as const;
  const [input, output] = sides[kind];
  return [
    { ...input, box: inputBox(options, input.shape) },
    { ...output, box: outputBox(options, output.shape) },
  ];
}

/** What is applied along each axis. */
function kindsOf(options: FftOptions, kind: FftKind, forward: boolean): (AxisTransform | undefined)[] {
  const { shape, axes } = axesOf(options);
  const given: R2rKind[] = [options.r2r ?? 'dct2'].flat();
  return shape.map((_, axis) => {
    if (!axes.includes(axis)) return undefined;
    if (kind !== 'r2r') return forward === (kind !== 'c2r') ? 'forward' : 'backward';
    const own = given[given.length === 1 ? 0 : axes.indexOf(axis)] as R2rKind;
    return forward ? own : inverseKind[own];
  });
}

function filler(fill: Fill, random: Random): (i: number) => number {
  switch (fill) {
    case 'centred':
      return () => random.uniform() - 0.5;
    case 'unit':
      return () => random.uniform();
    case 'halves':
      return (i) => i % 32;
    case 'from one':
      return (i) => i + 1;
    case 'delta':
      return (i) => (i === 0 ? 1 : 0);
  }
}

/** The reduced spectrum of a random real signal, for which c2r is defined. */
function symmetricInput(
  shape: readonly number[],
  axes: readonly number[],
  reduced: number,
  batch: number,
  random: Random,
): Float64Array {
  const kinds = shape.map((_, axis) => (axes.includes(axis) ? 'forward' : undefined));
  const signals = Float64Array.from({ length: 2 * product(shape) * batch }, (_, i) =>
    i % 2 === 0 ? Math.fround(random.uniform() - 0.5) : 0,
  );
  return perTransform(signals, batch, (signal) =>
    takeReduced(transform(signal, shape, kinds), shape, reduced).map(Math.fround),
  );
}

/** Whether the output is only a part of the whole one. */
export const isCropped = ({ to }: Problem): boolean => product(boxShape(to.box)) < product(to.shape);
