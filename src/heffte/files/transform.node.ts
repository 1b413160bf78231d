/**
 * `transformFile`: the transform of an array in a .npy file as another one; in memory, or by the ranks of a job.
 */

import { machineMemory } from '../../compute/backends/system.js';
import type { ContextOptions } from '../../compute/context/context.js';
import type { FftMethods } from '../../fft/room.js';
import { killable } from '../../frames/files/interrupt.js';
import { readNpyFile, writeNpyFile } from '../../frames/files/npy.node.js';
import { isPipe } from '../../frames/files/pieces.js';
import { inputName } from '../../frames/files/read.js';
import { checkOutput } from '../../frames/files/write.js';
import type { NpyArray } from '../../frames/npy.js';
import { openNpyParts } from '../../frames/npy-parts.node.js';
import type { Communicator } from '../../parallel/communicator/communicator.js';
import { ranksOfJob } from '../../parallel/communicator/job.js';
import { observer, progressOf } from '../../util/callbacks.js';
import { checkSignal } from '../../util/options.js';
import type { MakeFft3d, MakeFft3dR2c } from '../bind.js';
import { checkFits } from './memory.js';
import {
  checkOptions,
  npyWriting,
  type TransformedFile,
  type TransformFileOptions,
  type Wish,
  wishOf,
} from './wish.js';

/** The platform functions that open contexts and plans. */
interface TransformPlace {
  createContext(options: ContextOptions): Promise<FileContext>;
  readonly fft3d: MakeFft3d;
  readonly fft3dR2c: MakeFft3dR2c;
  mpiComm(): Promise<Communicator>;
}
interface FileContext extends FftMethods {
  readonly backends: readonly { readonly name: string }[];
  dispose(): Promise<void>;
}

/**
 * Transforms the array of a .npy file into another .npy file, written whole or not at all; `-` is standard input and
 * standard output.
 *
 * In an MPI job every rank makes the same call, and together they transform up to three axes; each holds its
 * part of the array. Throws `Argument` and `Shape` for options that do not fit the array, `File`, `Format`, `OutOfMemory`
 * for an array whose transform is larger than memory, `Unsupported` without the backend or engine, `Aborted`.
 */
export type TransformFile = (input: string, output: string, options?: TransformFileOptions) => Promise<TransformedFile>;

/** Binds the function to a platform. */
export const fileTransform =
  (place: TransformPlace): TransformFile =>
  async (input, output, given = {}) => {
    checkOptions(given);
    const options = { ...given, onProgress: observer('transformFile', given, 'onProgress') };
    if (ranksOfJob() > 1) {
      const { transformOnRanks } = await import('./on-ranks.node.js');
      return transformOnRanks(await place.mpiComm(), place, input, output, options);
    }
    return transformWhole(place, input, output, options);
  };

async function transformWhole(
  { createContext }: TransformPlace,
  input: string,
  output: string,
  options: TransformFileOptions,
): Promise<TransformedFile> {
  const { inverse, signal, scale = 'none' } = options;
  const run = signal ? { signal } : {};
  const report = progressOf('transformFile', options);
  checkSignal(signal);
  const writing = npyWriting(input, options);
  await checkOutput(output, writing);
  report(0, 1, 'reading');
  await refuseLarge(input, options);
  const array = await readNpyFile(input, signal);
  const wish = wishOf(array, options, inputName(input));
  const data = numbersFor(array, wish);
  const context = await createContext(options.backend === undefined ? {} : { backend: options.backend });
  try {
    report(0.2, 1, 'planning');
    // Not every engine and backend ends at the signal; nothing is written meanwhile.
    const fft = await killable(() => context.fft({ ...wish.plan, ...run }));
    report(0.4, 1, 'transforming');
    const started = performance.now();
    const result = await killable(() =>
      inverse ? fft.backward(data, undefined, { scale, ...run }) : fft.forward(data, undefined, { scale, ...run }),
    );
    const ms = performance.now() - started;
    report(0.7, 1, 'writing');
    const { outShape: shape, complexOut: complex, length, kind, axes = null } = wish;
    await writeNpyFile(output, { shape, data: result, complex }, writing, signal);
    const { backend, engine } = fft;
    return { shape, complex, ...(length === undefined ? {} : { length }), kind, axes, backend, engine, ms };
  } finally {
    await context.dispose();
  }
}

/** Refuses a file whose transform this machine cannot hold; of a pipe the size is not known. */
async function refuseLarge(input: string, options: TransformFileOptions): Promise<void> {
  if (input === '-' || (await isPipe(input))) return;
  const { header, like, close } = await openNpyParts(input);
  await close();
  const name = inputName(input);
  checkFits(name, header, wishOf(like, options, name), { memory: machineMemory() });
}

/** The numbers in the form of the plan's input: in its precision, and complex if it is. */
function numbersFor(array: NpyArray, { plan, complexIn }: Wish): Float32Array | Float64Array {
  const ArrayType = plan.precision === 'f32' ? Float32Array : Float64Array;
  if (array.complex || !complexIn)
    return array.data instanceof ArrayType ? array.data : ArrayType.from(array.data as Float32Array);
  const data = new ArrayType(2 * array.data.length);
  for (let i = 0; i < array.data.length; i++) data[2 * i] = array.data[i] as number;
  return data;
}
