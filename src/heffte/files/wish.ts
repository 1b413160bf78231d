/** Interprets the options of `transformFile` for the array of a file. */

import { parseBackend } from '../../compute/backends/open.js';
import type { FftKind, FftOptions, R2rKind } from '../../fft/fft.js';
import type { WriteOptions } from '../../frames/files/write.js';
import type { NpyArray } from '../../frames/npy.js';
import { argumentError, checked, givenAs } from '../../options/parameters.js';
import type { Progress } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { knownOptions, list } from '../../util/options.js';
import type { TransformFileParameters } from '../parameter-types.js';
import { r2rKinds, transformRows } from '../parameters.js';

/** Kinds of transforms of a file; 'real' gives the whole complex spectrum of real numbers. */
export type FileTransformKind = Exclude<FftKind, 'r2r'> | R2rKind;

/** Options of `transformFile`. */
export interface TransformFileOptions extends TransformFileParameters {
  readonly signal?: PlatformSignal | undefined;
  /** Receives the completed fraction and the current stage. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The result of a transform and how it was computed. */
export interface TransformedFile {
  /** Shape of the result. */
  readonly shape: readonly number[];
  readonly complex: boolean;
  /** Of a half spectrum: points of the axis of which half are kept, the `length` with which it is transformed back. */
  readonly length?: number;
  readonly kind: FileTransformKind;
  readonly axes: readonly number[] | null;
  readonly backend: string;
  readonly engine: string;
  /** Milliseconds of the transform. */
  readonly ms: number;
  /** In an MPI job: the number of ranks, and this rank. */
  readonly ranks?: number;
  readonly rank?: number;
}

const optionNames = [...Object.keys(transformRows), 'signal', 'onProgress'];

/** Refuses options that are invalid for every file, before one is read. */
export function checkOptions(options: TransformFileOptions): void {
  knownOptions('transformFile', options, optionNames);
  const { backend, axes } = options;
  list('axes', axes);
  const { engine = 'ewald' } = checked(transformRows, { ...options, ...(axes && { axes: Array.from(axes) }) });
  if (options.tune === 'measure' && engine === 'ewald')
    throw argumentError(
      '',
      (said) => `${said('tune')} measure belongs to ${said('engine')} fftw; ewald plans by rule: leave it out`,
    );
  if (backend !== undefined) parseBackend(backend, 'backend');
  if (engine !== 'ewald' && backend !== undefined && backend !== 'native')
    throw argumentError(
      '',
      (said) =>
        `${said('engine')} ${engine} is an installed library, which ${said('backend')} ${backend} cannot call; ` +
        'leave one of them out',
    );
}

/** The files that a result may replace: a .npy file does not state who wrote it. */
export const npyWriting = (input: string, { force = false }: TransformFileOptions): WriteOptions => ({
  force,
  endings: ['.npy'],
  inputs: [input],
});

/** The options, interpreted for the array of the file. */
export interface Wish {
  readonly plan: FftOptions;
  readonly kind: FileTransformKind;
  readonly axes: readonly number[] | undefined;
  readonly complexIn: boolean;
  readonly complexOut: boolean;
  readonly outShape: readonly number[];
  /** Points of the axis of which half are kept; undefined if none is halved. */
  readonly length: number | undefined;
}

function checkAxes(axes: readonly number[], rank: number): void {
  const wrong = axes.find((axis) => !(Number.isInteger(axis) && axis >= -rank && axis < rank));
  const refuse = (why: string): never => {
    throw argumentError('', (said) => `${givenAs(said, 'axes', axes, axes.join())}; ${why}`);
  };
  if (wrong !== undefined)
    refuse(`${wrong} is not an axis of an array of rank ${rank}; expected 0 to ${rank - 1}, or -1 for the last`);
  if (new Set(axes.map((axis) => (axis + rank) % rank)).size < axes.length)
    refuse('each axis can be transformed only once');
}

/** Interprets the options for an array of this shape. Throws `Argument`, `Shape`. */
export function wishOf(array: NpyArray, options: TransformFileOptions, name: string): Wish {
  const rank = array.shape.length;
  if (rank === 0 || array.shape.includes(0))
    throw new EwaldError('Shape', `${name} has shape (${array.shape.join(', ')}): there is nothing to transform`);
  if (options.inverse && !array.complex && options.kind === undefined)
    throw new EwaldError(
      'Argument',
      `${name} holds real numbers, and a spectrum to invert is usually complex; say what it is: kind c2c, r2c (half a spectrum), or one of ${r2rKinds.join(', ')}`,
    );
  const kind = options.kind ?? (array.complex ? 'c2c' : 'r2c');
  const isR2r = (r2rKinds as readonly string[]).includes(kind);
  const planKind = isR2r ? 'r2r' : (kind as Exclude<FftKind, 'r2r'>);
  const nameOf = `${options.inverse ? 'the inverse of ' : ''}kind ${kind}`;
  const { axes } = options;
  if (axes) checkAxes(axes, rank);
  // As in NumPy the last axis that is named is the one of which half the numbers are kept.
  const last = ((axes?.at(-1) ?? -1) + rank) % rank;
  const halved = planKind === 'r2c' || planKind === 'c2r';
  const fromHalf = (planKind === 'r2c' && options.inverse) || (planKind === 'c2r' && !options.inverse);
  if (options.length !== undefined && !fromHalf)
    throw new EwaldError(
      'Argument',
      `length is that of real numbers made from half a spectrum, and requires kind c2r, or the inverse of r2c; this is ${
        planKind === 'c2r' ? 'the inverse of c2r, which makes half a spectrum' : nameOf
      }`,
    );
  const n = array.shape[last] as number;
  const length = options.length ?? Math.max(1, 2 * (n - 1));
  if (fromHalf && Math.floor(length / 2) + 1 !== n)
    throw new EwaldError(
      'Argument',
      `length is ${length}, half of which is ${Math.floor(length / 2) + 1} numbers; axis ${last} of ${name} has ${n}: expected ${2 * n - 2} or ${2 * n - 1}`,
    );
  // The file holds one side; the shape of a plan is the real one.
  const shape = fromHalf ? array.shape.map((m, axis) => (axis === last ? length : m)) : [...array.shape];
  const complexIn = planKind === 'c2c' || fromHalf || (planKind === 'real' && options.inverse === true);
  if (array.complex && !complexIn)
    throw new EwaldError(
      'Shape',
      `${name} holds complex numbers; ${nameOf} expects real ones${
        halved ? '; real numbers are made from half a spectrum by kind c2r, or the inverse of r2c' : ''
      }`,
    );
  const toHalf = halved && !fromHalf;
  return {
    kind,
    axes,
    complexIn,
    complexOut: planKind === 'c2c' || (!complexIn && !isR2r),
    length: toHalf ? shape[last] : undefined,
    outShape: shape.map((m, axis) => (toHalf && axis === last ? Math.floor(m / 2) + 1 : m)),
    plan: {
      shape,
      precision: options.precision ?? (array.data instanceof Float32Array ? 'f32' : 'f64'),
      ...(axes ? { axes } : {}),
      ...(halved ? { reducedAxis: last } : {}),
      ...(planKind === 'r2r' ? { kind: planKind, r2r: kind as R2rKind } : { kind: planKind }),
      ...(options.engine ? { engine: options.engine } : {}),
      ...(options.tune ? { tune: options.tune } : {}),
    },
  };
}
