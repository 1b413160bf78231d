/** What is written is none of what is read: frames may be all there is of an experiment, and --force does not mean them. */
import { stat } from 'node:fs/promises';
import { EwaldError } from '../errors.js';

/** Throws `Argument` where a file that is to be written is one of those that are read, by whatever name. */
export async function refuseInputs(outputs: readonly (string | undefined)[], inputs: readonly string[]): Promise<void> {
  const facts = (file: string) => stat(file).catch(() => undefined);
  for (const output of outputs) {
    const there = output === undefined ? undefined : await facts(output);
    if (!there?.isFile()) continue;
    for (const input of inputs) {
      const one = await facts(input);
      if (one?.ino === there.ino && one.dev === there.dev)
        throw new EwaldError('Argument', `${output} is the input itself; choose another name`);
    }
  }
}
