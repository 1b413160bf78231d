/** `ewald fft IN.npy -o OUT.npy`: transforms an array in a file. */
import type { Command } from 'commander';
import { externalEngines } from '../backends/engines.js';
import { EwaldError, isEwaldError, messageOf } from '../base/errors.js';
import { choice } from '../base/options.js';
import { ranksOfJob } from '../communicator/job.js';
import type { Context } from '../context/rooms.js';
import type { NpyArray } from '../data/npy.js';
import type { FftPlan } from '../fft/fft.js';
import { killable } from '../files/interrupt.js';
import { inputName, readText } from '../files/read.js';
import { checkOutput, type WriteOptions, writeWhole } from '../files/write.js';
import { kinds, npyWriting, type Options, type Wish, wishOf } from './fft-wish.js';
import { readNpyFile, writeNpyFile } from './npy-file.js';
import { backendOption, bold, type CliDeps, dim, note, print, printJson } from './output.js';

/** Wisdom is the only file that is both read and written: choices are added to it. */
const wisdomWriting = (input: string, { force = false }: Options): WriteOptions => ({
  force,
  inputs: [input],
  replaces: (head) => /^\s*\{\s*"format": ?"ewald wisdom"/.test(new TextDecoder('latin1').decode(head)),
  otherwise: 'is not wisdom that ewald wrote',
});

export function register(program: Command, deps: CliDeps): void {
  program
    .command('fft')
    .description('transform an array of a .npy file')
    .argument('<in.npy>', 'real or complex numbers, any rank up to 8; - for standard input')
    .requiredOption('-o, --output <out.npy>', 'output file, written completely or not at all; - for standard output')
    .option('--inverse', 'the other way round')
    .option('--kind <kind>', 'c2c, r2c, c2r, real, or dct1 … dst4; default: c2c for complex input, r2c for real')
    .option('--axes <list>', 'axes to transform, for example 0,1 or -1; r2c halves the last one given; default: all')
    .option('--length <n>', 'c2r: real length of the last transformed axis; default: even, 2 (m - 1)')
    .option('--scale <how>', 'none, symmetric or full (1/N)', 'none')
    .option('--precision <p>', "f32 or f64; default: the file's own")
    .option('--backend <name>', 'where to compute')
    .option('--engine <name>', 'ewald, or an installed library: fftw, mkl, cufft, rocfft')
    .option(
      '--tune <how>',
      'estimate: choose by rule; measure: time the choices first; default: estimate, measure for fftw',
    )
    .option('--wisdom <file.json>', 'choices measured before, read if the file exists; --tune measure adds to it')
    .option(
      '--memory <size>',
      'memory limit, such as 2G: a larger array stays in its file, which is processed in parts',
    )
    .option('--force', 'replace existing files; never the input')
    .option('--json', '{input, output, shape, kind, axes, backend, engine, ms}')
    .action((input: string, options: Options) => run(input, options, deps));
}

async function run(input: string, options: Options, deps: CliDeps): Promise<void> {
  const { createContext, signal } = deps;
  checkWords(options);
  if (ranksOfJob() > 1) return (await import('./fft-ranks.js')).runOnRanks(input, options, deps);
  if (options.memory !== undefined && (await (await import('./fft-disk.js')).runOnDisk(input, options, deps))) return;
  const writing = npyWriting(input, options);
  await checkOutput(options.output, writing);
  const measured = options.tune === 'measure' ? options.wisdom : undefined;
  if (measured !== undefined) await checkOutput(measured, wisdomWriting(input, options));
  const array = await readNpyFile(input, signal);
  const wish = wishOf(array, options, inputName(input));
  const data = numbersFor(array, wish);
  const context = await createContext(backendOption(options.backend));
  try {
    // Planning with measure and the transform itself cannot be aborted; nothing is written in the meantime.
    const fft = await killable(() => planned(context, wish, options));
    if (measured !== undefined)
      await writeWhole(measured, `${JSON.stringify(context.exportWisdom(), null, 2)}\n`, wisdomWriting(input, options));
    const started = performance.now();
    const result = await killable(() =>
      options.inverse
        ? fft.backward(data, undefined, { scale: options.scale })
        : fft.forward(data, undefined, { scale: options.scale }),
    );
    const ms = performance.now() - started;
    const { outShape: shape, complexOut: complex, kind, axes = null } = wish;
    await writeNpyFile(options.output, { shape, data: result, complex }, writing, signal);
    // Standard output belongs to the file if the file is written there.
    const tell = options.output === '-' ? note : print;
    const { backend, engine } = fft;
    if (!options.json)
      tell(
        `${bold(options.output)}  ${shape.join(' × ')} ${complex ? 'complex' : 'real'} ` +
          ` ${dim(
            `${kind}${options.inverse ? ' inverse' : ''} ` +
              `on ${backend}${engine === 'ewald' ? '' : ` by ${engine}`}, ${ms.toFixed(2)} ms`,
          )}`,
      );
    else if (options.output !== '-')
      printJson({ input, output: options.output, shape, kind, axes, backend, engine, ms });
    else note(JSON.stringify({ input, output: options.output, shape, kind, axes, backend, engine, ms }));
  } finally {
    await context.dispose();
  }
}

async function planned(context: Context, { plan }: Wish, { wisdom }: Options): Promise<FftPlan> {
  if (wisdom !== undefined) context.importWisdom((await readWisdom(wisdom)) ?? context.exportWisdom());
  return context.fft(plan);
}

/** Rejects invalid option values before a file is read. */
function checkWords(options: Options): void {
  choice('--kind', options.kind, 'c2c', kinds);
  choice('--scale', options.scale, 'none', ['none', 'symmetric', 'full']);
  choice('--precision', options.precision, 'f32', ['f32', 'f64']);
  choice('--tune', options.tune, 'estimate', ['estimate', 'measure']);
  const engine = choice('--engine', options.engine, 'ewald', ['ewald', ...externalEngines]);
  const { backend } = backendOption(options.backend);
  if (engine !== 'ewald' && backend !== undefined && backend !== 'native')
    throw new EwaldError(
      'Argument',
      `--engine ${engine} is an installed library, which --backend ${backend} cannot call; omit one of them`,
    );
}

/** The numbers in the form that the plan requires: in its precision, complex if that side is. */
function numbersFor(array: NpyArray, { plan, complexIn }: Wish): Float32Array | Float64Array {
  const ArrayType = plan.precision === 'f32' ? Float32Array : Float64Array;
  if (array.complex || !complexIn)
    return array.data instanceof ArrayType ? array.data : ArrayType.from(array.data as Float32Array);
  const data = new ArrayType(2 * array.data.length);
  for (let i = 0; i < array.data.length; i++) data[2 * i] = array.data[i] as number;
  return data;
}

/** A file of wisdom; undefined if it does not exist. */
async function readWisdom(file: string): Promise<unknown> {
  let content: string;
  try {
    content = await readText(file);
  } catch (error) {
    if (isEwaldError(error, 'File') && (error.cause as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new EwaldError(
      'Format',
      `${file}: this is not valid JSON (${messageOf(cause)}); pass a file written by --tune measure`,
      { cause },
    );
  }
}
