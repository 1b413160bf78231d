/** The problem of a row: a plan's options, a direction, and random input for every element of the input side. */

import { Random } from '../../../../core/random/random.js';
import type { FftKind, FftOptions, FftScale, R2rKind } from '../../../../transforms/fft/fft.js';
import { type AxisTransform, inverseKind, logicalLength, transform } from '../../oracle/fft/sums.js';
import { type Box, boxElements, boxShape, inputBox, outputBox } from './boxes.js';
import { halved, perTransform, product, takeReduced } from './shapes.js';

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
export interface Way {
  readonly direction: 'forward' | 'backward';
  readonly scale: FftScale;
  /** Scale of the opposite direction. */
  readonly back: FftScale;
  readonly fill: Fill;
  readonly arrays?: OnDevice | undefined;
}

/** A plan's options, a direction, and its input. */
export interface Problem {
  readonly options: FftOptions;
  readonly shape: readonly number[];
  readonly kinds: readonly (AxisTransform | undefined)[];
  readonly direction: 'forward' | 'backward';
  readonly scale: FftScale;
  /** Scale of the opposite direction. */
  readonly back: FftScale;
  readonly arrays: OnDevice | undefined;
  /** Product of the logical lengths: the factor by which a round trip without scales multiplies. */
  readonly logical: number;
  /** Numbers for every element of the input side, in C order, batch first; complex numbers are interleaved. */
  readonly input: Float64Array;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** The parts of the whole arrays that the sides hold, in the direction of the run. */
  readonly inputBox: Box;
  readonly outputBox: Box;
  /** Whether the output is only a part of the whole one. */
  readonly cuts: boolean;
  readonly inputComplex: boolean;
  readonly outputComplex: boolean;
}

/**
 * The problem of a plan in one direction: a forward input is random; a backward input of c2r has the symmetry of a real
 * signal's spectrum.
 */
export function problem(options: FftOptions, { direction, scale, back, fill, arrays }: Way, seed: number): Problem {
  const shape = typeof options.shape === 'number' ? [options.shape] : options.shape;
  const kind: FftKind = options.kind ?? 'c2c';
  const axes = options.axes ?? shape.map((_, i) => i);
  const reduced = options.reducedAxis ?? axes.at(-1) ?? 0;
  const r2r = (i: number): R2rKind =>
    (Array.isArray(options.r2r) ? options.r2r[options.r2r.length === 1 ? 0 : i] : (options.r2r ?? 'dct2')) as R2rKind;
  const forwardKinds = shape.map((_, axis): AxisTransform | undefined =>
    axes.includes(axis) ? (kind === 'r2r' ? r2r(axes.indexOf(axis)) : 'forward') : undefined,
  );
  const half = kind === 'r2c' || kind === 'c2r';
  const toComplex = kind === 'c2r' ? direction === 'backward' : direction === 'forward';
  const [real, complex] = [
    { shape: [...shape], complex: false },
    { shape: half ? halved(shape, reduced) : [...shape], complex: true },
  ];
  const [from, to] =
    kind === 'c2c' ? [complex, complex] : kind === 'r2r' ? [real, real] : toComplex ? [real, complex] : [complex, real];
  const random = new Random(seed, 0);
  const batch = options.batch ?? 1;
  const length = product(from.shape) * batch * (from.complex ? 2 : 1);
  const value = filler(fill, random);
  let input: Float64Array = Float64Array.from({ length }, (_, i) => Math.fround(value(i)));
  const backwards =
    (kind === 'c2r' ? !toComplex : !toComplex && kind !== 'r2r') || (kind === 'c2c' && direction === 'backward');
  const kinds = forwardKinds.map(
    (k) => k && (kind === 'r2r' ? (direction === 'backward' ? inverseKind[k] : k) : backwards ? 'backward' : 'forward'),
  );
  if (half && !toComplex) input = symmetricInput(shape, axes, reduced, batch, random);
  const boxed = (side: typeof from, plans: 'input' | 'output'): Box =>
    (direction === 'forward') === (plans === 'input') ? inputBox(options, side.shape) : outputBox(options, side.shape);
  const [inBox, outBox] = [boxed(from, 'input'), boxed(to, 'output')];
  const width = from.complex ? 2 : 1;
  return {
    options,
    shape,
    kinds,
    direction,
    scale,
    back,
    arrays,
    logical: kinds.reduce((all, k, axis) => (k ? all * logicalLength(k, shape[axis] as number) : all), 1),
    input: perTransform(input, batch, (one) => boxElements(one, from.shape, inBox, width)),
    inputShape: boxShape(inBox),
    outputShape: boxShape(outBox),
    inputBox: inBox,
    outputBox: outBox,
    cuts: product(boxShape(outBox)) < product(to.shape),
    inputComplex: from.complex,
    outputComplex: to.complex,
  };
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
  const elements = product(shape);
  const spectra: number[] = [];
  for (let b = 0; b < batch; b++) {
    const signal = new Float64Array(2 * elements);
    for (let i = 0; i < elements; i++) signal[2 * i] = Math.fround(random.uniform() - 0.5);
    const spectrum = transform(
      signal,
      shape,
      shape.map((_, axis) => (axes.includes(axis) ? 'forward' : undefined)),
    );
    for (const value of takeReduced(spectrum, shape, reduced)) spectra.push(Math.fround(value));
  }
  return Float64Array.from(spectra);
}
