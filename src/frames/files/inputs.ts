/** Prevents an input from being overwritten: frames may be the only copy of an experiment, even with `force`. */
import { readdir } from 'node:fs/promises';
import { EwaldError } from '../../util/errors.js';
import { fileIdentity } from '../../util/file-identity.js';
import { seriesNames, wouldHold } from '../series-files.js';

/** The inputs; see `WriteOptions`. */
export interface Inputs {
  readonly inputs?: readonly string[] | undefined;
  readonly series?: readonly string[] | undefined;
  readonly everyFormat?: boolean | undefined;
}

/**
 * Throws `Argument` if an output is also an input, under any name (hard and symbolic links, other mounts and spellings
 * of one file), or would be among the files of an input folder or pattern next time.
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
        `${output} would be one of the files of ${input}; write it to another folder, or choose a name that does ` +
          'not match',
        { detail: { path: output } },
      );
  }
}

/**
 * Throws `Argument` for a file that this process has open: a master file or a header may have named it, even though the
 * user did not. Only Linux lists open files; on other systems such a file is replaced with `force`, and not without.
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

/** Identity of a file, whatever its name; undefined if it does not exist or is a folder, a device or a pipe. */
export const identity = (file: string): Promise<string | undefined> => fileIdentity(file, (there) => there.isFile());
