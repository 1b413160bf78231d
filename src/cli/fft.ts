/** `ewald fft IN.npy -o OUT.npy`: a transform of an array in a file. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { BackendName } from '../backends/backend.js';
import { formatNpy, readNpy } from '../data/npy.js';
import { EwaldError, messageOf } from '../errors.js';
import type { FftEngine, FftKind, FftOptions, FftScale, R2rKind } from '../fft/fft.js';
import { type WriteOptions, writeWhole } from './files.js';
import { bold, type CliDeps, dim, print, printJson } from './output.js';

interface Options {
  output: string;
  inverse?: boolean;
  kind?: string;
  axes?: string;
  length?: string;
  scale: FftScale;
  precision?: 'f32' | 'f64';
  backend?: BackendName;
  engine?: FftEngine;
  tune?: 'estimate' | 'measure';
  wisdom?: string;
  force?: boolean;
  json?: boolean;
}

const begins = (head: Uint8Array, text: string): boolean => new TextDecoder('latin1').decode(head).startsWith(text);
const npyWriting = ({ force = false }: Options): WriteOptions => ({
  force,
  replaces: (head) => begins(head, '\x93NUMPY'),
  otherwise: 'is no .npy file',
});
const wisdomWriting = ({ force = false }: Options): WriteOptions => ({
  force,
  replaces: (head) => /^\s*\{\s*"format": ?"ewald wisdom"/.test(new TextDecoder().decode(head)),
  otherwise: 'is no wisdom of ewald',
});

export function register(program: Command, deps: CliDeps): void {
  program
    .command('fft')
    .description('transform an array of a .npy file into another one')
    .argument('<in.npy>', 'real or complex numbers, any rank up to 8')
    .requiredOption('-o, --output <out.npy>', 'where the result goes; written whole or not at all')
    .option('--inverse', 'the other way round')
    .option('--kind <kind>', 'c2c, r2c, c2r, real, or dct1 … dst4; default: c2c for complex input, r2c for real')
    .option('--axes <list>', 'axes that are transformed, for example 0,1 or -1; default: all')
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

async function run(input: string, options: Options, { createContext }: CliDeps): Promise<void> {
  const array = readNpy(await readFile(input), input);
  const kind = options.kind ?? (array.complex ? 'c2c' : options.inverse ? 'c2r' : 'r2c');
  const r2r = /^d[cs]t[1-4]$/.test(kind);
  const planKind = (r2r ? 'r2r' : kind) as FftKind;
  const axes = options.axes?.split(',').map((word) => Number(word.trim()));
  const precision = options.precision ?? (array.data instanceof Float32Array ? 'f32' : 'f64');
  const rank = array.shape.length;
  const last = ((axes?.at(-1) ?? -1) + rank) % rank;
  // The file holds one side; the shape of a plan is the real one.
  const fromReduced = (planKind === 'r2c' && options.inverse) || (planKind === 'c2r' && !options.inverse);
  const shape = fromReduced
    ? array.shape.map((n, axis) => (axis === last ? Number(options.length ?? 2 * (n - 1)) : n))
    : [...array.shape];
  const plan: FftOptions = {
    shape,
    kind: planKind,
    precision,
    ...(axes ? { axes } : {}),
    ...(r2r ? { r2r: kind as R2rKind } : {}),
    ...(options.engine ? { engine: options.engine } : {}),
    ...(options.tune ? { tune: options.tune } : {}),
  };
  const complexIn = planKind === 'c2c' || fromReduced || (planKind === 'real' && options.inverse === true);
  if (array.complex && !complexIn)
    throw new EwaldError(
      'Shape',
      `${input} holds complex numbers; kind ${kind}${options.inverse ? ' --inverse' : ''} wants real ones`,
    );
  const ArrayType = precision === 'f32' ? Float32Array : Float64Array;
  let data: Float32Array | Float64Array = array.data instanceof ArrayType ? array.data : ArrayType.from(array.data);
  if (!array.complex && complexIn) {
    const real = data;
    data = new ArrayType(2 * real.length);
    for (let i = 0; i < real.length; i++) data[2 * i] = real[i] as number;
  }
  const context = await createContext(options.backend ? { backend: options.backend } : {});
  try {
    if (options.wisdom !== undefined)
      context.importWisdom((await readWisdom(options.wisdom)) ?? context.exportWisdom());
    const fft = await context.fft(plan);
    if (options.wisdom !== undefined && options.tune === 'measure')
      await writeWhole(options.wisdom, `${JSON.stringify(context.exportWisdom(), null, 2)}\n`, wisdomWriting(options));
    const started = performance.now();
    const result = await (options.inverse
      ? fft.backward(data, undefined, { scale: options.scale })
      : fft.forward(data, undefined, { scale: options.scale }));
    const ms = performance.now() - started;
    const complexOut = planKind === 'c2c' || (!complexIn && !r2r);
    const reducedOut = (planKind === 'r2c' && !options.inverse) || (planKind === 'c2r' && options.inverse);
    const outShape = shape.map((n, axis) => (reducedOut && axis === last ? Math.floor(n / 2) + 1 : n));
    await writeWhole(
      options.output,
      formatNpy({ shape: outShape, data: result, complex: complexOut }),
      npyWriting(options),
    );
    if (options.json)
      printJson({
        input,
        output: options.output,
        shape: outShape,
        kind,
        axes: axes ?? null,
        backend: fft.backend,
        engine: fft.engine,
        ms,
      });
    else
      print(
        `${bold(options.output)}  ${outShape.join(' × ')} ${complexOut ? 'complex' : 'real'}  ${dim(`${kind}${options.inverse ? ' inverse' : ''} on ${fft.backend}${fft.engine === 'ewald' ? '' : ` by ${fft.engine}`}, ${ms.toFixed(2)} ms`)}`,
      );
  } finally {
    await context.dispose();
  }
}

/** A file of wisdom; undefined when there is none yet. */
async function readWisdom(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EwaldError(
      'Format',
      `${file}: this is no JSON (${messageOf(cause)}); give a file that --tune measure wrote`,
      { cause },
    );
  }
}
