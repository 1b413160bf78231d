/** `ewald fft IN.npy -o OUT.npy`: a transform of an array in a file. */
import type { Command } from 'commander';
import { externalEngines } from '../backends/engines.js';
import type { Context } from '../context.js';
import type { NpyArray } from '../data/npy.js';
import { EwaldError, isEwaldError, messageOf } from '../errors.js';
import type { FftEngine, FftKind, FftOptions, FftPlan, FftScale, R2rKind } from '../fft/fft.js';
import { choice } from '../options.js';
import { checkOutput, type WriteOptions, writeWhole } from './files.js';
import { inputName, readText } from './inputs.js';
import { killable } from './interrupt.js';
import { readNpyFile, writeNpyFile } from './npy-file.js';
import { backendOption, bold, type CliDeps, dim, note, parseInteger, print, printJson } from './output.js';

interface Options {
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
  force?: boolean;
  json?: boolean;
}

const text = (head: Uint8Array): string => new TextDecoder('latin1').decode(head);
const npyWriting = ({ force = false }: Options): WriteOptions => ({
  force,
  replaces: (head) => text(head).startsWith('\x93NUMPY'),
  otherwise: 'is no .npy file',
});
const wisdomWriting = ({ force = false }: Options): WriteOptions => ({
  force,
  replaces: (head) => /^\s*\{\s*"format": ?"ewald wisdom"/.test(text(head)),
  otherwise: 'is no wisdom of ewald',
});

const r2rKinds = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];
const kinds = ['c2c', 'r2c', 'c2r', 'real', ...r2rKinds];

export function register(program: Command, deps: CliDeps): void {
  program
    .command('fft')
    .description('transform an array of a .npy file into another one')
    .argument('<in.npy>', 'real or complex numbers, any rank up to 8; - for standard input')
    .requiredOption(
      '-o, --output <out.npy>',
      'where the result goes, written whole or not at all; - for standard output',
    )
    .option('--inverse', 'the other way round')
    .option('--kind <kind>', 'c2c, r2c, c2r, real, or dct1 … dst4; default: c2c for complex input, r2c for real')
    .option(
      '--axes <list>',
      'axes that are transformed, for example 0,1 or -1; r2c halves the last one named; default: all',
    )
    .option('--length <n>', 'c2r: real length of the last transformed axis; default: even, 2 (m - 1)')
    .option('--scale <how>', 'none, symmetric or full (1/N)', 'none')
    .option('--precision <p>', "f32 or f64; default: the file's own")
    .option('--backend <name>', 'where to compute')
    .option('--engine <name>', 'ewald, or a library of this machine: fftw, mkl, cufft, rocfft')
    .option(
      '--tune <how>',
      'estimate: choose by rule; measure: time the choices first; default: estimate, for fftw measure',
    )
    .option('--wisdom <file.json>', 'choices measured before, read when it is there; --tune measure adds to it')
    .option('--force', 'replace an output file that is no .npy file')
    .option('--json', '{input, output, shape, kind, axes, backend, engine, ms}')
    .action((input: string, options: Options) => run(input, options, deps));
}

/** What the options mean for the array of the file. */
interface Wish {
  readonly plan: FftOptions;
  readonly kind: string;
  readonly axes: readonly number[] | undefined;
  readonly complexIn: boolean;
  readonly complexOut: boolean;
  readonly outShape: readonly number[];
}

async function run(input: string, options: Options, { createContext, signal }: CliDeps): Promise<void> {
  checkWords(options);
  await checkOutput(options.output, npyWriting(options));
  const array = await readNpyFile(input, signal);
  const wish = wishOf(array, options, inputName(input));
  const data = numbersFor(array, wish);
  const context = await createContext(backendOption(options.backend));
  try {
    // Planning with measure and the transform itself cannot be asked to end; nothing is written meanwhile.
    const fft = await killable(() => planned(context, wish, options));
    if (options.wisdom !== undefined && options.tune === 'measure')
      await writeWhole(options.wisdom, `${JSON.stringify(context.exportWisdom(), null, 2)}\n`, wisdomWriting(options));
    const started = performance.now();
    const result = await killable(() =>
      options.inverse
        ? fft.backward(data, undefined, { scale: options.scale })
        : fft.forward(data, undefined, { scale: options.scale }),
    );
    const ms = performance.now() - started;
    const { outShape: shape, complexOut: complex, kind, axes = null } = wish;
    await writeNpyFile(options.output, { shape, data: result, complex }, npyWriting(options), signal);
    // Standard output is the file's where it goes there.
    const tell = options.output === '-' ? note : print;
    const { backend, engine } = fft;
    if (!options.json)
      tell(
        `${bold(options.output)}  ${shape.join(' × ')} ${complex ? 'complex' : 'real'}  ${dim(`${kind}${options.inverse ? ' inverse' : ''} on ${backend}${engine === 'ewald' ? '' : ` by ${engine}`}, ${ms.toFixed(2)} ms`)}`,
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

/** Refuses words that no option takes, before a file is read. */
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
      `--engine ${engine} is a library of this machine, which --backend ${backend} cannot call; leave one of them out`,
    );
}

function axesOf(list: string, rank: number): number[] {
  const words = list.split(',').map((word) => word.trim());
  const axes = words.map((word) => (/^-?\d+$/.test(word) ? Number(word) : Number.NaN));
  const wrong = axes.findIndex((axis) => !(axis >= -rank && axis < rank));
  if (wrong >= 0)
    throw new EwaldError(
      'Argument',
      `--axes is "${list}"; "${words[wrong]}" is no axis of an array of rank ${rank}, which has 0 to ${rank - 1}, or -1 for the last`,
    );
  const counted = axes.map((axis) => (axis + rank) % rank);
  if (new Set(counted).size < counted.length)
    throw new EwaldError('Argument', `--axes is "${list}"; each axis can be transformed once`);
  return axes;
}

function wishOf(array: NpyArray, options: Options, name: string): Wish {
  const rank = array.shape.length;
  if (rank === 0 || array.shape.includes(0))
    throw new EwaldError('Shape', `${name} has shape (${array.shape.join(', ')}): there is nothing to transform`);
  const kind = options.kind ?? (array.complex ? 'c2c' : options.inverse ? 'c2r' : 'r2c');
  const isR2r = r2rKinds.includes(kind);
  const planKind = (isR2r ? 'r2r' : kind) as FftKind;
  const axes = options.axes === undefined ? undefined : axesOf(options.axes, rank);
  // As in NumPy the last axis that is named is the one of which half the numbers are kept.
  const last = ((axes?.at(-1) ?? -1) + rank) % rank;
  const halved = planKind === 'r2c' || planKind === 'c2r';
  const fromHalf = (planKind === 'r2c' && options.inverse) || (planKind === 'c2r' && !options.inverse);
  if (options.length !== undefined && !fromHalf)
    throw new EwaldError('Argument', `--length goes with c2r, or r2c --inverse; this is ${kind}`);
  const n = array.shape[last] as number;
  const length =
    options.length === undefined ? Math.max(1, 2 * (n - 1)) : parseInteger(options.length, '--length', 1, 2 ** 27);
  if (fromHalf && Math.floor(length / 2) + 1 !== n)
    throw new EwaldError(
      'Argument',
      `--length is ${length}, of which half are ${Math.floor(length / 2) + 1} numbers; axis ${last} of ${name} has ${n}: needed is ${2 * n - 2} or ${2 * n - 1}`,
    );
  // The file holds one side; the shape of a plan is the real one.
  const shape = fromHalf ? array.shape.map((m, axis) => (axis === last ? length : m)) : [...array.shape];
  const complexIn = planKind === 'c2c' || fromHalf || (planKind === 'real' && options.inverse === true);
  if (array.complex && !complexIn)
    throw new EwaldError(
      'Shape',
      `${name} holds complex numbers; kind ${kind}${options.inverse ? ' --inverse' : ''} wants real ones`,
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

/** The numbers as the plan wants them: in its precision, complex where its side is. */
function numbersFor(array: NpyArray, { plan, complexIn }: Wish): Float32Array | Float64Array {
  const ArrayType = plan.precision === 'f32' ? Float32Array : Float64Array;
  if (array.complex || !complexIn)
    return array.data instanceof ArrayType ? array.data : ArrayType.from(array.data as Float32Array);
  const data = new ArrayType(2 * array.data.length);
  for (let i = 0; i < array.data.length; i++) data[2 * i] = array.data[i] as number;
  return data;
}

/** A file of wisdom; undefined when there is none yet. */
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
      `${file}: this is no JSON (${messageOf(cause)}); give a file that --tune measure wrote`,
      { cause },
    );
  }
}
