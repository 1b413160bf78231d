/** Validates the options of a transform plan and turns them into the layout's descriptor. */

import { type Checked, checkedOptions, type RowsOf, row, valid } from '../../base/call-options.js';
import { EwaldError } from '../../base/errors.js';
import { checkSignal, list, shown } from '../../base/options.js';
import { externalEngines } from '../../core/backends/engines.js';
import { fftEnums, fftRanges } from '../../core/layout/fft.js';
import type { FftDescriptor } from './contract.js';
import { croppedLayout, type Layout, layout, maxElements, type Side } from './layout.js';
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

/** The same plan seen from its other side: `c2r` forward is `r2c` backward, so kernels know only the latter. */
export function otherSide(given: FftDescriptor): FftDescriptor {
  const { fields } = given;
  const exchanged = Object.entries(fields).map(([name, value]) => [
    name,
    fields[name.replace(/^(in|out)(?=[A-Z])/, (side) => (side === 'in' ? 'out' : 'in'))] ?? value,
  ]);
  return {
    ...given,
    kind: 'r2c',
    inputShape: given.outputShape,
    outputShape: given.inputShape,
    inputComplex: given.outputComplex,
    outputComplex: given.inputComplex,
    inputElements: given.outputElements,
    outputElements: given.inputElements,
    fields: { ...Object.fromEntries(exchanged), kind: kinds.r2c },
  };
}

const distanceRow = row.integer(1, maxElements);
/** Axes, strides and lengths are checked against the shape. */
const rows = {
  ...row.others('shape', 'axes', 'order', 'inputShape', 'keep', 'reducedAxis', 'r2r', 'onProgress'),
  ...row.others('inputStrides', 'outputStrides'),
  kind: row.choice(Object.keys(kinds) as FftKind[], 'c2c'),
  precision: row.choice(['f32', 'f64'], 'f32'),
  batch: { kind: 'integer', range: fftRanges.batch },
  inputDistance: distanceRow,
  outputDistance: distanceRow,
  inPlace: row.flag,
  userWorkspace: row.flag,
  threads: row.threads,
  engine: row.choice(['ewald', ...externalEngines], 'ewald'),
  tune: row.choice(['estimate', 'measure']),
  signal: row.signal,
} as const satisfies RowsOf<FftOptions>;
const ofRun = { names: Object.keys(runRows), call: 'fft.forward(input, output, { … })' };

type Wanted = Checked<FftOptions, typeof rows>;

/** Checks a plan's options. Throws `Argument` or `Shape`. */
export function describeFft(given: FftOptions): FftDescriptor {
  if ((r2rKinds as readonly unknown[]).includes(given?.kind))
    throw new EwaldError(
      'Argument',
      `fft: kind is "${given.kind}", a kind of real-to-real transforms; write kind: 'r2r', r2r: '${given.kind}'`,
    );
  const wanted = checkedOptions('fft', given, rows, ofRun);
  checkSignal(wanted.signal);
  const transformed = checkTransformed(wanted);
  const sides = checkSides(wanted, transformed);
  const { input, output, pruned } = sides;
  const layouts = checkLayouts(wanted, transformed, sides);
  const { kind, precision, batch, inPlace, userWorkspace, threads, engine, signal } = wanted;
  checkSignal(signal);
  const shape = checkShape(wanted.shape);
  const rank = shape.length;
  const axes = checkAxes(wanted.axes, rank);
  const reduced = checkReduced(wanted, kind, axes, rank);
  const axisKinds = checkR2r(wanted.r2r, kind, axes, rank);
  for (const axis of kind === 'r2r' ? axes : []) {
    if (axisKinds[axis] === fftEnums.FftAxisKind.dct1 && (shape[axis] ?? 0) < 2) {
      throw new EwaldError('Argument', `fft: axis ${axis} has length ${shape[axis]}; a dct1 needs at least 2`);
    }
  }
  const half = kind === 'r2c' || kind === 'c2r';
  const complexShape = shape.map((n, axis) => (half && axis === reduced ? Math.floor(n / 2) + 1 : n));
  const realSide = { shape, complex: false, padded: half && inPlace };
  const complexSide = { shape: complexShape, complex: true, padded: false };
  const [wholeIn, wholeOut] =
    kind === 'c2c'
      ? [complexSide, complexSide]
      : kind === 'c2r'
        ? [complexSide, realSide]
        : kind === 'r2r'
          ? [realSide, realSide]
          : [realSide, complexSide];
  const inWindows = inputWindows(wanted.inputShape, wholeIn.shape, axes);
  const outWindows = outputWindows(
    wanted.keep,
    wholeOut.shape,
    axes,
    (axis) => wholeOut.complex && !(half && axis === reduced),
  );
  const pruned = ![...inWindows, ...outWindows].every(isWhole);
  if (pruned && inPlace)
    throw new EwaldError(
      'Argument',
      'fft: inputShape and keep make the sides of different sizes; use two arrays instead of inPlace',
    );
  const counts = (windows: readonly AxisWindow[]): number[] => windows.map(({ count }) => count);
  const [inSide, outSide] = [
    { ...wholeIn, shape: counts(inWindows) },
    { ...wholeOut, shape: counts(outWindows) },
  ];
  if (inPlace && kind === 'real')
    throw new EwaldError(
      'Argument',
      'fft: kind real cannot be in place: its output is twice its input; use r2c, or two arrays',
    );
  if (inPlace && half && reduced !== rank - 1)
    throw new EwaldError(
      'Argument',
      `fft: in place, the reduced axis must be the last one (${rank - 1}), not ${reduced}`,
    );
  const order = checkOrder(wanted.order, rank);
  if (inPlace && half && (wanted.order || wanted.inputStrides || wanted.outputStrides)) {
    throw new EwaldError(
      'Argument',
      'fft: in-place r2c and c2r have the padded C order; omit order and strides, or use two arrays',
    );
  }
  // Of longer data the beginning is read: the strides are the data's.
  const stored = typeof wanted.inputShape === 'number' ? [wanted.inputShape] : (wanted.inputShape ?? inSide.shape);
  const cropped = stored.some((n, axis) => n > (inSide.shape[axis] ?? n));
  const sideLayout = (what: 'input' | 'output', side: Side) =>
    layout(what, side, wanted[`${what}Strides`], wanted[`${what}Distance`], order, batch, wanted.order !== undefined);
  const input = cropped ? croppedLayout(inSide, stored, wanted, order, batch) : sideLayout('input', inSide);
  const output = sideLayout('output', outSide);
  const array = (values: readonly number[]): number[] =>
    Array.from({ length: rankRange.high }, (_, i) => values[i] ?? 0);
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
    measure: (wanted.tune ?? (engine === 'ewald' ? 'estimate' : 'measure')) === 'measure',
    signal,
    threads,
    reduced,
    axisKinds,
    fields: {
      rank,
      kind: kinds[kind],
      precision: precision === 'f32' ? fftEnums.FftPrecision.f32 : fftEnums.FftPrecision.f64,
      flags: (inPlace ? fftEnums.FftFlag.inPlace : 0) | (userWorkspace ? fftEnums.FftFlag.userWorkspace : 0),
      axes: axes.reduce((bits, axis) => bits | (1 << axis), 0),
      reduced,
      batch,
      threads,
      inDistance: input.distance,
      outDistance: output.distance,
      shape: array(shape),
      axisKind: array(axisKinds),
      inStride: array(input.strides),
      outStride: array(output.strides),
      // Zeros stand for all of the axes.
      inStart: array(pruned ? inWindows.map(({ start }) => start) : []),
      inCount: array(pruned ? counts(inWindows) : []),
      outStart: array(pruned ? outWindows.map(({ start }) => start) : []),
      outCount: array(pruned ? counts(outWindows) : []),
    },
  };
}

function checkShape(given: readonly number[] | number): number[] {
  const shape = typeof given === 'number' ? [given] : given;
  if (!Array.isArray(shape) || shape.length < rankRange.low || shape.length > rankRange.high) {
    throw new EwaldError(
      'Shape',
      `fft: shape is ${shown(given)}; expected ${rankRange.low} to ${rankRange.high} lengths, slowest axis first`,
    );
  }
  shape.forEach((n, axis) => {
    if (!Number.isInteger(n) || n < lengths.low || n > lengths.high)
      throw new EwaldError(
        'Shape',
        `fft: length ${shown(n)} of axis ${axis}; expected an integer from ${lengths.low} to ${lengths.high}`,
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
      `fft: ${what} names axis ${shown(axis)}; a shape of ${rank} axes has 0 to ${rank - 1}`,
    );
  return axis < 0 ? axis + rank : axis;
}

function checkAxes(wanted: readonly number[] | undefined, rank: number): number[] {
  const given = list('fft: axes', wanted);
  if (given === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = [...new Set(given.map((axis) => axisOf(axis, rank, 'axes')))].sort((a, b) => a - b);
  if (axes.length === 0 || axes.length !== given.length)
    throw new EwaldError('Argument', `fft: axes is ${shown(given)}; expected each transformed axis once`);
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
    const name = valid('fft: r2r', wanted.length === 1 ? wanted[0] : wanted[i], row.choice(r2rKinds, 'dct2'));
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
      `fft: order is ${shown(given)}; expected each of the axes 0 to ${rank - 1} once, slowest first`,
    );
  }
  return [...order];
}
