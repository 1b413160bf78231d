/** `ewald fft IN.npy -o OUT.npy`: transforms an array in a file. */
import { failedTogether, type TransformedFile, transformFile } from '../entries/command.node.js';
import { mpiComm } from '../entries/communicator.node.js';
import { isEwaldError } from '../entries/index.node.js';
import type { FftFlags } from './fft-rows.js';
import {
  backendOption,
  bold,
  type CliDeps,
  counted,
  dim,
  exitCode,
  fail,
  note,
  Progress,
  print,
  printJson,
} from './output.js';

/** Transforms the array. */
export async function run([input = '']: readonly string[], flags: FftFlags, { signal }: CliDeps): Promise<void> {
  const { output = '', json, backend, ...words } = flags;
  const progress = new Progress('fft');
  const began = performance.now();
  let done: TransformedFile;
  try {
    done = await transformFile(input, output, {
      ...words,
      ...backendOption(backend),
      signal,
      onProgress: progress.report,
    });
  } catch (error) {
    progress.end();
    if (!failedTogether(error)) throw error;
    // The first rank that exits ends the whole job with its code: all ranks wait until the reason has been printed, and
    // end with the code of the rank that failed.
    const own = Int32Array.of(isEwaldError(error, 'Lost') ? 0 : fail(error));
    const code = new Int32Array(1);
    await (await mpiComm()).allreduce(own, code, 'max');
    process.exitCode = code[0] || exitCode.data;
    return;
  }
  progress.end();
  const { rank = 0, ...result } = done;
  if (rank > 0) return;
  // Standard output may receive the result.
  const write = output === '-' ? note : print;
  const { complex, ...facts } = result;
  if (json && output !== '-') printJson({ input, output, ...facts });
  else if (json) note(JSON.stringify({ input, output, ...facts }));
  else {
    const format = output === '-' || /\.npy$/i.test(output) ? '' : '.npy of ';
    const what = `${format}${result.shape.join(' × ')} ${complex ? 'complex' : 'real'}`;
    write(`${bold(output)}  ${what}  ${dim(how(result, began))}`);
    const hint = roundTrip(result, flags);
    if (hint !== undefined) write(dim(hint));
  }

  function how({ kind, engine, backend, ranks, ms }: TransformedFile, began: number): string {
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    const time = `${ms.toFixed(2)} ms`;
    const all = ranks === undefined ? time : `${counted(ranks, 'rank')}, ${time} of ${seconds} s`;
    const by = engine === 'ewald' ? '' : ` by ${engine}`;
    return `${kind}${words.inverse ? ' inverse' : ''} on ${backend}${by}, ${all}`;
  }
}

/** How a half spectrum is transformed back, and what an inverse without a kind has taken it for. */
function roundTrip({ kind, axes, length = 0 }: TransformedFile, flags: FftFlags): string | undefined {
  const { output = '', inverse, scale = 'none' } = flags;
  if (inverse)
    return kind === 'c2c' && flags.kind === undefined
      ? 'taken as a whole spectrum; the half that a real array has is transformed back with --kind r2c' +
          (scale === 'none' ? ', and --scale full gives the original values' : '')
      : undefined;
  if (kind !== 'r2c') return undefined;
  const words = [
    ...['ewald fft', output, '-o back.npy --kind r2c --inverse'],
    ...(axes === null ? [] : [`--axes ${axes.join()}`]),
    // The inverse takes the length to be even unless it is told.
    ...(length % 2 === 1 ? [`--length ${length}`] : []),
    ...{ none: ['--scale full'], full: [], symmetric: ['--scale symmetric'] }[scale],
  ];
  return `back: ${words.join(' ')}`;
}
