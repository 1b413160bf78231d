/** Interprets the options of `ewald fft` for the array of a file. */

import { EwaldError } from '../base/errors.js';
import type { NpyArray } from '../data/npy.js';
import type { FftEngine, FftKind, FftOptions, FftScale, R2rKind } from '../fft/fft.js';
import type { WriteOptions } from '../files/write.js';
import { parseInteger } from './output.js';

/** The options of `ewald fft`. */
export interface Options {
  output: string;
  inverse?: boolean;
  kind?: string;
  axes?: string;
  length?: string;
  scale: FftScale;
  precision?: 'f32' | 'f64';
  backend?: string;
  engine?: FftEngine;
  tune?: 'estimate' | 'measure';
  wisdom?: string;
  memory?: string;
  force?: boolean;
  json?: boolean;
}

/** What a result may replace: a .npy file does not state who wrote it. */
export const npyWriting = (input: string, { force = false, wisdom }: Options): WriteOptions => ({
  force,
  inputs: [input, ...(wisdom === undefined ? [] : [wisdom])],
});
const r2rKinds = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];
export const kinds = ['c2c', 'r2c', 'c2r', 'real', ...r2rKinds];

/** The options as they apply to the array of the file. */
export interface Wish {
  readonly plan: FftOptions;
  readonly kind: string;
  readonly axes: readonly number[] | undefined;
  readonly complexIn: boolean;
  readonly complexOut: boolean;
  readonly outShape: readonly number[];
}

function axesOf(list: string, rank: number): number[] {
  const words = list.split(',').map((word) => word.trim());
  const axes = words.map((word) => (/^-?\d+$/.test(word) ? Number(word) : Number.NaN));
  const wrong = axes.findIndex((axis) => !(axis >= -rank && axis < rank));
  if (wrong >= 0)
    throw new EwaldError(
      'Argument',
      `--axes is "${list}"; "${words[wrong]}" is not an axis of an array of rank ${rank}; ` +
        `expected 0 to ${rank - 1}, or -1 for the last`,
    );
  const counted = axes.map((axis) => (axis + rank) % rank);
  if (new Set(counted).size < counted.length)
    throw new EwaldError('Argument', `--axes is "${list}"; each axis can be transformed only once`);
  return axes;
}

/** Applies the options to an array of this shape. Throws `Argument`, `Shape`. */
export function wishOf(array: NpyArray, options: Options, name: string): Wish {
  const rank = array.shape.length;
  if (rank === 0 || array.shape.includes(0))
    throw new EwaldError('Shape', `${name} has shape (${array.shape.join(', ')}): there is nothing to transform`);
  const kind = options.kind ?? (array.complex ? 'c2c' : options.inverse ? 'c2r' : 'r2c');
  const isR2r = r2rKinds.includes(kind);
  const planKind = (isR2r ? 'r2r' : kind) as FftKind;
  const axes = options.axes === undefined ? undefined : axesOf(options.axes, rank);
  // As in NumPy, the last axis given is the one of which half the numbers are kept.
  const last = ((axes?.at(-1) ?? -1) + rank) % rank;
  const halved = planKind === 'r2c' || planKind === 'c2r';
  const fromHalf = (planKind === 'r2c' && options.inverse) || (planKind === 'c2r' && !options.inverse);
  if (options.length !== undefined && !fromHalf)
    throw new EwaldError('Argument', `--length requires c2r, or r2c --inverse; this is ${kind}`);
  const n = array.shape[last] as number;
  const length =
    options.length === undefined ? Math.max(1, 2 * (n - 1)) : parseInteger(options.length, '--length', 1, 2 ** 27);
  if (fromHalf && Math.floor(length / 2) + 1 !== n)
    throw new EwaldError(
      'Argument',
      `--length is ${length}, of which half are ${Math.floor(length / 2) + 1} numbers; ` +
        `axis ${last} of ${name} has ${n}: expected ${2 * n - 2} or ${2 * n - 1}`,
    );
  // The file holds one side; the shape of a plan is that of the real side.
  const shape = fromHalf ? array.shape.map((m, axis) => (axis === last ? length : m)) : [...array.shape];
  const complexIn = planKind === 'c2c' || fromHalf || (planKind === 'real' && options.inverse === true);
  if (array.complex && !complexIn)
    throw new EwaldError(
      'Shape',
      `${name} holds complex numbers; kind ${kind}${options.inverse ? ' --inverse' : ''} expects real ones`,
    );
  const toHalf = halved && !fromHalf;
  return {
    kind,
    axes,
    complexIn,
    complexOut: planKind === 'c2c' || (!complexIn && !isR2r),
    outShape: shape.map((m, axis) => (toHalf && axis === last ? Math.floor(m / 2) + 1 : m)),
    plan: {
      shape,
      kind: planKind,
      precision: options.precision ?? (array.data instanceof Float32Array ? 'f32' : 'f64'),
      ...(axes ? { axes } : {}),
      ...(halved ? { reducedAxis: last } : {}),
      ...(isR2r ? { r2r: kind as R2rKind } : {}),
      ...(options.engine ? { engine: options.engine } : {}),
      ...(options.tune ? { tune: options.tune } : {}),
    },
  };
}
