/** An input is never an output: frames may be all there is of an experiment, and `force` does not mean them. */
import { readdir, stat } from 'node:fs/promises';
import { EwaldError } from '../base/errors.js';
import { seriesNames, wouldHold } from '../data/series-files.js';

/** What is read; see `WriteOptions`. */
export interface Inputs {
  readonly inputs?: readonly string[];
  readonly series?: readonly string[];
  readonly everyFormat?: boolean;
}

/**
 * Throws `Argument` where a file that is to be written is one that is read, by whatever name (links of both kinds, other
 * mounts and other cases are one file of one device), or would be among the files of a folder or a pattern next time.
 */
export async function refuseInputs(output: string, { inputs = [], series = [], everyFormat }: Inputs): Promise<void> {
  const there = await identity(output);
  for (const input of [...inputs, ...series])
    if (there !== undefined && there === (await identity(input)))
      throw new EwaldError('Argument', `${output} is the input itself; choose another name`, {
        detail: { path: output },
      });
  for (const input of series) {
    const names = await seriesNames(input).catch(() => undefined);
    if (names && (await wouldHold(input, names, output, everyFormat)))
      throw new EwaldError(
        'Argument',
        `${output} would be one of the files of ${input}; write it into another folder, or by a name that is none of them`,
        { detail: { path: output } },
      );
  }
}

/**
 * Throws `Argument` for a file that this process has open: a master file or a header may have named it, which nobody
 * typed. Linux alone lists its open files; elsewhere a file like that is replaced with `force`, and not without.
 */
export async function refuseOpen(output: string, target: string): Promise<void> {
  const there = await identity(target);
  if (there === undefined) return;
  for (const fd of await readdir('/proc/self/fd').catch(() => []))
    if ((await identity(`/proc/self/fd/${fd}`)) === there)
      throw new EwaldError('Argument', `${output} is being read, as a part of an input; choose another name`, {
        detail: { path: output },
      });
}

/** What a file is, whatever it is called; undefined where it does not exist or is a folder, a device or a pipe. */
export async function identity(file: string): Promise<string | undefined> {
  const there = await stat(file, { bigint: true }).catch(() => undefined);
  return there?.isFile() ? `${there.dev} ${there.ino}` : undefined;
}
