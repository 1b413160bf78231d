/** `ewald fft IN.npy -o OUT.npy`: transforms an array in a file. */
import type { Command } from 'commander';
import { mpiComm } from '../entries/communicator.node.js';
import { EwaldError, isEwaldError } from '../entries/index.node.js';
import {
  failedTogether,
  type TransformedFile,
  type TransformFileOptions,
  transformFile,
} from '../entries/shell.node.js';
import {
  backendOption,
  bold,
  type CliDeps,
  dim,
  exitCode,
  fail,
  note,
  Progress,
  parseInteger,
  print,
  printJson,
} from './output.js';

type Words = 'inverse' | 'kind' | 'scale' | 'precision' | 'engine' | 'tune' | 'wisdom' | 'force';
interface Options extends Pick<TransformFileOptions, Words> {
  output: string;
  axes?: string;
  length?: string;
  backend?: string;
  memory?: string;
  json?: boolean;
}

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

async function run(input: string, options: Options, { signal }: CliDeps): Promise<void> {
  const { output, json, axes, length, memory, backend, ...words } = options;
  const progress = new Progress('fft');
  const began = performance.now();
  let done: TransformedFile;
  try {
    done = await transformFile(input, output, {
      ...words,
      ...backendOption(backend),
      axes: axes?.split(',').map((word) => parseInteger(word.trim(), '--axes', -8, 7)),
      length: length === undefined ? undefined : parseInteger(length, '--length', 1, 2 ** 27),
      memory: memory === undefined ? undefined : parseMemory(memory),
      signal,
      onProgress: progress.report,
    });
  } catch (error) {
    progress.end();
    if (!failedTogether(error)) throw error;
    // The first rank that ends, ends the job: all of them wait until the reason is printed.
    process.exitCode = isEwaldError(error, 'Lost') ? exitCode.data : fail(error);
    return (await mpiComm()).barrier();
  }
  progress.end();
  const { rank = 0, ...result } = done;
  if (rank > 0) return;
  // Standard output may be the result's.
  const tell = output === '-' ? note : print;
  const { complex, ...facts } = result;
  if (json && output !== '-') printJson({ input, output, ...facts });
  else if (json) note(JSON.stringify({ input, output, ...facts }));
  else tell(`${bold(output)}  ${result.shape.join(' × ')} ${complex ? 'complex' : 'real'}  ${dim(how(result, began))}`);

  function how({ kind, engine, backend, ranks, passes, ms }: TransformedFile, began: number): string {
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    const parts = passes === undefined ? `${ms.toFixed(2)} ms` : `${passes} passes over the file, ${seconds} s`;
    const all = ranks === undefined ? parts : `${ranks} ranks, ${parts} of ${seconds} s`;
    return `${kind}${words.inverse ? ' inverse' : ''} on ${backend}${engine === 'ewald' ? '' : ` by ${engine}`}, ${all}`;
  }
}

/** Bytes of "2G", "512M", "100k", "1000000". Throws `Argument`. */
function parseMemory(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kKMGT]?)(?:i?B)?$/.exec(text.trim()) ?? [];
  const bytes = Number(number) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
  if (number === '' || !(bytes >= 1024) || bytes > 2 ** 50)
    throw new EwaldError('Argument', `--memory is "${text}"; expected a size such as 2G or 512M, at least 1k`);
  return Math.floor(bytes);
}
