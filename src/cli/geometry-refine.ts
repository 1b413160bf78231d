/** `ewald geometry refine`: corrects a geometry by the crystals of a stream. */
import { refinementText, refineStreamGeometry } from '../entries/command.node.js';
import type { RefineFlags } from './geometry-rows.js';
import { counted, endDone, note, print, printJson, warn } from './output.js';

export async function run(
  [stream = '']: readonly string[],
  { json, output = '', ...given }: RefineFlags,
): Promise<void> {
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
