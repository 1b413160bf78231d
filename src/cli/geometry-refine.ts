/** `ewald geometry refine`: corrects a geometry by the crystals of a stream. */
import { powderText, refinementText, refinePowderGeometry, refineStreamGeometry } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';
import type { RefineFlags } from './geometry-rows.js';
import { type CliDeps, counted, endDone, note, Progress, print, printJson, warn } from './output.js';

export async function run(
  [stream = '']: readonly string[],
  { json, output = '', powder, ...given }: RefineFlags,
  { createContext, signal }: CliDeps,
): Promise<void> {
  if (powder !== undefined) {
    const { cell, trustCell, ...files } = given;
    if (cell !== undefined || trustCell)
      throw new EwaldError(
        'Argument',
        `--powder takes no ${cell === undefined ? '--trust-cell' : '--cell'}: it states the rings, and may be a file with a cell`,
      );
    const progress = new Progress('rings');
    const context = await createContext();
    const { geometry, ...refined } = await refinePowderGeometry(stream, {
      ...files,
      powder,
      output,
      context,
      signal,
      onProgress: progress.report,
    }).finally(async () => {
      progress.end();
      await context.dispose();
    });
    endDone(true);
    if (json) return printJson({ input: stream, output, powder, ...refined });
    return print(`${powderText({ geometry, ...refined }, powder)}\nrefined geometry in ${output}`);
  }
  const { geometry, ...refined } = await refineStreamGeometry(stream, { ...given, output });
  for (const text of refined.notes) note(text);
  if (refined.doubt !== undefined) warn(refined.doubt);
  endDone(refined.doubt === undefined);
  if (json) return printJson({ stream, output, ...refined });
  const isMoved = refined.moved.length > 0;
  const text = isMoved
    ? refinementText({ geometry, ...refined })
    : `nothing moves beyond its errors, according to ${counted(refined.crystals, 'crystal')} ` +
      `(${counted(refined.pairs, 'peak')})`;
  print(`${text}\n${isMoved ? 'refined' : 'unchanged'} geometry in ${output}`);
}
