/** Validates the options of a transform plan and turns them into the layout's descriptor. */

import { engineRow } from '../compute/backends/engines.js';
import { fftEnums, fftRanges } from '../compute/layout/fft.js';
import { type Checked, checkedOptions, checkedValue, type RowsOf, row } from '../options/call-options.js';
import { EwaldError } from '../util/errors.js';
import { checkSignal, inspect, list, ofRun } from '../util/options.js';
import type { FftDescriptor } from './contract.js';
import { type ArrayLayout, croppedLayout, type FftSide, layout, maxElements } from './layout.js';
import type { FftKind, FftOptions, R2rKind } from './options.js';
import { runRows } from './run.js';
import { type AxisWindow, inputWindows, isWhole, outputWindows } from './windows.js';

const { rank: rankRange, length: lengths } = fftRanges;
const kinds: Record<FftKind, number> = {
  c2c: fftEnums.FftKind.c2c,
  r2c: fftEnums.FftKind.r2c,
  c2r: fftEnums.FftKind.c2r,
  real: fftEnums.FftKind.realC2c,
  r2r: fftEnums.FftKind.r2r,
};
const r2rKinds = Object.keys(fftEnums.FftAxisKind) as R2rKind[];

const distanceRow = row.integer(1, maxElements);
/** Axes, strides and lengths are checked against the shape. */
const rows = {
  ...row.others('shape', 'axes', 'order', 'inputShape', 'keep', 'reducedAxis', 'r2r'),
  ...row.others('inputStrides', 'outputStrides'),
  kind: row.choice(Object.keys(kinds) as FftKind[], 'c2c'),
  precision: row.choice(['f32', 'f64'], 'f32'),
  batch: { kind: 'integer', range: fftRanges.batch },
  inputDistance: distanceRow,
  outputDistance: distanceRow,
  inPlace: row.flag,
  userWorkspace: row.flag,
  threads: row.threads,
  engine: engineRow,
  tune: row.choice(['estimate', 'measure']),
  signal: row.signal,
} as const satisfies RowsOf<FftOptions>;
const elsewhere = ofRun(Object.keys(runRows), 'fft.forward(input, output, { … })');

type Wanted = Checked<FftOptions, typeof rows>;

/** Checks a plan's options. Throws `Argument` or `Shape`. */
export function describeFft(options: FftOptions): FftDescriptor {
  if ((r2rKinds as readonly unknown[]).includes(options?.kind))
    throw new EwaldError(
      'Argument',
      `fft: kind is "${options.kind}", a kind of real-to-real transforms; write kind: 'r2r', r2r: '${options.kind}'`,
    );
  const wanted = checkedOptions('fft', options, rows, elsewhere);
  checkSignal(wanted.signal);
  refuseMeasuring(wanted);
  const transformed = checkTransformed(wanted);
  const sides = checkSides(wanted, transformed);
  const { input, output, pruned } = sides;
  const layouts = checkLayouts(wanted, transformed, sides);
  const { kind, precision, batch, inPlace, userWorkspace, threads, engine, signal } = wanted;
  return {
    ...transformed,
    kind,
    precision,
    batch,
    inputComplex: input.complex,
    outputComplex: output.complex,
    inputShape: input.shape,
    outputShape: output.shape,
    inputElements: layouts.input.elements,
    outputElements: layouts.output.elements,
    inPlace,
    userWorkspace,
    strided: layouts.input.strided || layouts.output.strided,
    engine,
    pruned,
    measure: engine !== 'ewald' && wanted.tune !== 'estimate',
    signal,
    threads,
    fields: fieldsOf(wanted, transformed, sides, layouts),
  };
}

/** ewald has no choices to be timed. */
function refuseMeasuring({ tune, engine }: Wanted): void {
  if (tune === 'measure' && engine === 'ewald')
    throw new EwaldError('Argument', 'fft: tune "measure" belongs to engine fftw; ewald plans by rule: omit it');
}

/** Which axes are transformed, and how. */
type Transformed = Pick<FftDescriptor, 'shape' | 'rank' | 'axes' | 'reduced' | 'axisKinds'>;

function checkTransformed(wanted: Wanted): Transformed {
  const shape = checkShape(wanted.shape);
  const rank = shape.length;
  // As they were given: the kinds of r2r belong to them in this order, and the last one is halved.
  const named = checkAxes(wanted.axes, rank);
  const reduced = checkReduced(wanted, wanted.kind, named, rank);
  const axisKinds = checkR2r(wanted.r2r, wanted.kind, named, rank);
  const axes = [...named].sort((a, b) => a - b);
  for (const axis of wanted.kind === 'r2r' ? axes : [])
    if (axisKinds[axis] === fftEnums.FftAxisKind.dct1 && (shape[axis] ?? 0) < 2)
      throw new EwaldError('Argument', `fft: axis ${axis} has length ${shape[axis]}; a dct1 needs at least 2`);
  return { shape, rank, axes, reduced, axisKinds };
}

/** Whether one of the sides has half of an axis. */
const isHalved = ({ kind }: Pick<FftOptions, 'kind'>): boolean => kind === 'r2c' || kind === 'c2r';

/** Both sides in full. */
function wholeSides({ kind, inPlace }: Wanted, { shape, reduced }: Transformed): [FftSide, FftSide] {
  const half = isHalved({ kind });
  const complexShape = shape.map((n, axis) => (half && axis === reduced ? Math.floor(n / 2) + 1 : n));
  const real = { shape, complex: false, padded: half && inPlace };
  const complex = { shape: complexShape, complex: true, padded: false };
  if (kind === 'c2c') return [complex, complex];
  if (kind === 'c2r') return [complex, real];
  return kind === 'r2r' ? [real, real] : [real, complex];
}

/** The parts of both sides that a plan reads and writes. */
interface Sides {
  readonly input: FftSide & { readonly windows: readonly AxisWindow[] };
  readonly output: FftSide & { readonly windows: readonly AxisWindow[] };
  readonly pruned: boolean;
}

const countsOf = (windows: readonly AxisWindow[]): number[] => windows.map(({ count }) => count);

function checkSides(wanted: Wanted, transformed: Transformed): Sides {
  const { axes, reduced } = transformed;
  const [wholeIn, wholeOut] = wholeSides(wanted, transformed);
  const inWindows = inputWindows(wanted.inputShape, wholeIn.shape, axes);
  const around = (axis: number): boolean => wholeOut.complex && !(isHalved(wanted) && axis === reduced);
  const outWindows = outputWindows(wanted.keep, wholeOut.shape, axes, around);
  const pruned = ![...inWindows, ...outWindows].every(isWhole);
  if (wanted.inPlace) checkInPlace(wanted, transformed, pruned);
  return {
    input: { ...wholeIn, shape: countsOf(inWindows), windows: inWindows },
    output: { ...wholeOut, shape: countsOf(outWindows), windows: outWindows },
    pruned,
  };
}

function checkInPlace(wanted: Wanted, { rank, reduced }: Transformed, pruned: boolean): void {
  if (pruned)
    throw new EwaldError(
      'Argument',
      'fft: inputShape and keep make the sides of different sizes; use two arrays instead of inPlace',
    );
  if (wanted.kind === 'real')
    throw new EwaldError(
      'Argument',
      'fft: kind real cannot be in place: its output is twice its input; use r2c, or two arrays',
    );
  if (!isHalved(wanted)) return;
  if (reduced !== rank - 1)
    throw new EwaldError(
      'Argument',
      `fft: in place, the reduced axis must be the last one (${rank - 1}), not ${reduced}; name it last in axes, or as reducedAxis`,
    );
  if (wanted.order || wanted.inputStrides || wanted.outputStrides)
    throw new EwaldError(
      'Argument',
      'fft: in-place r2c and c2r have the padded C order; omit order and strides, or use two arrays',
    );
}

interface Layouts {
  readonly input: ArrayLayout;
  readonly output: ArrayLayout;
}

function checkLayouts(wanted: Wanted, { rank }: Transformed, { input, output }: Sides): Layouts {
  const { batch } = wanted;
  const order = checkOrder(wanted.order, rank);
  const ofSide = (what: 'input' | 'output') => ({
    what,
    strides: wanted[`${what}Strides`],
    distance: wanted[`${what}Distance`],
    order,
    batch,
  });
  // Of longer data the beginning is read: the strides are the data's.
  const stored = typeof wanted.inputShape === 'number' ? [wanted.inputShape] : (wanted.inputShape ?? input.shape);
  const cropped = stored.some((n, axis) => n > (input.shape[axis] ?? n));
  return {
    input: cropped ? croppedLayout(input, stored, ofSide('input')) : layout(input, ofSide('input')),
    output: layout(output, ofSide('output')),
  };
}

/** The fields of the layout's FftDescriptor. */
function fieldsOf(wanted: Wanted, of: Transformed, sides: Sides, layouts: Layouts): FftDescriptor['fields'] {
  const { kind, precision, inPlace, userWorkspace, batch, threads } = wanted;
  const { input, output, pruned } = sides;
  const array = (values: readonly number[]): number[] =>
    Array.from({ length: rankRange.high }, (_, i) => values[i] ?? 0);
  // Zeros stand for all of the axes.
  const starts = ({ windows }: Sides['input']): number[] => array(pruned ? windows.map(({ start }) => start) : []);
  const parts = ({ shape }: Sides['input']): readonly number[] => array(pruned ? shape : []);
  return {
    rank: of.rank,
    kind: kinds[kind],
    precision: precision === 'f32' ? fftEnums.FftPrecision.f32 : fftEnums.FftPrecision.f64,
    flags: (inPlace ? fftEnums.FftFlag.inPlace : 0) | (userWorkspace ? fftEnums.FftFlag.userWorkspace : 0),
    axes: of.axes.reduce((bits, axis) => bits | (1 << axis), 0),
    reduced: of.reduced,
    batch,
    threads,
    inDistance: layouts.input.distance,
    outDistance: layouts.output.distance,
    shape: array(of.shape),
    axisKind: array(of.axisKinds),
    inStride: array(layouts.input.strides),
    outStride: array(layouts.output.strides),
    inStart: starts(input),
    inCount: parts(input),
    outStart: starts(output),
    outCount: parts(output),
  };
}

function checkShape(given: readonly number[] | number): number[] {
  const shape = typeof given === 'number' ? [given] : given;
  if (!Array.isArray(shape) || shape.length < rankRange.low || shape.length > rankRange.high) {
    throw new EwaldError(
      'Shape',
      `fft: shape is ${inspect(given)}; expected ${rankRange.low} to ${rankRange.high} lengths, slowest axis first`,
    );
  }
  shape.forEach((n, axis) => {
    if (!Number.isInteger(n) || n < lengths.low || n > lengths.high)
      throw new EwaldError(
        'Shape',
        `fft: length ${inspect(n)} of axis ${axis}; expected an integer from ${lengths.low} to ${lengths.high}`,
      );
  });
  const elements = shape.reduce((product, n) => product * n, 1);
  if (elements > maxElements)
    throw new EwaldError(
      'Limit',
      `fft: shape ${shape.join(' × ')} has ${elements} elements; at most ${maxElements} fit a plan`,
    );
  return [...shape];
}

function axisOf(axis: number, rank: number, what: string): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new EwaldError(
      'Argument',
      `fft: ${what} names axis ${inspect(axis)}; a shape of ${rank} axes has 0 to ${rank - 1}`,
    );
  return axis < 0 ? axis + rank : axis;
}

function checkAxes(wanted: readonly number[] | undefined, rank: number): number[] {
  const given = list('fft: axes', wanted);
  if (given === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = given.map((axis) => axisOf(axis, rank, 'axes'));
  if (axes.length === 0 || new Set(axes).size !== axes.length)
    throw new EwaldError('Argument', `fft: axes is ${inspect(given)}; expected each transformed axis once`);
  return axes;
}

function checkReduced(
  { reducedAxis }: Pick<FftOptions, 'reducedAxis'>,
  kind: FftKind,
  axes: readonly number[],
  rank: number,
): number {
  const last = axes.at(-1) ?? 0;
  if (reducedAxis === undefined) return last;
  if (kind !== 'r2c' && kind !== 'c2r')
    throw new EwaldError('Argument', `fft: reducedAxis goes with kind r2c or c2r, not ${kind}`);
  const reduced = axisOf(reducedAxis, rank, 'reducedAxis');
  if (!axes.includes(reduced))
    throw new EwaldError(
      'Argument',
      `fft: reducedAxis ${reduced} is not among the transformed axes ${axes.join(', ')}`,
    );
  return reduced;
}

function checkR2r(given: FftOptions['r2r'], kind: FftKind, axes: readonly number[], rank: number): number[] {
  const out = new Array<number>(rank).fill(0);
  if (kind !== 'r2r') {
    if (given !== undefined) throw new EwaldError('Argument', `fft: r2r goes with kind r2r, not ${kind}`);
    return out;
  }
  const wanted = typeof given === 'string' ? [given] : (list('fft: r2r', given) ?? ['dct2' as const]);
  if (wanted.length !== 1 && wanted.length !== axes.length)
    throw new EwaldError(
      'Argument',
      `fft: r2r has ${wanted.length} kinds for ${axes.length} axes; expected one, or one each`,
    );
  axes.forEach((axis, i) => {
    const name = checkedValue('fft: r2r', wanted.length === 1 ? wanted[0] : wanted[i], row.choice(r2rKinds, 'dct2'));
    out[axis] = fftEnums.FftAxisKind[name];
  });
  return out;
}

function checkOrder(given: readonly number[] | undefined, rank: number): readonly number[] | undefined {
  const order = list('fft: order', given);
  if (order === undefined) return undefined;
  if (
    order.length !== rank ||
    new Set(order).size !== rank ||
    order.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= rank)
  ) {
    throw new EwaldError(
      'Argument',
      `fft: order is ${inspect(given)}; expected each of the axes 0 to ${rank - 1} once, slowest first`,
    );
  }
  return [...order];
}
