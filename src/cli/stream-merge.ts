/** `ewald stream merge`: joins streams. */
import { joinStreams } from '../entries/pipeline.node.js';
import { bold, counted, endDone, note, print, yellow } from './output.js';
import type { MergeFlags } from './stream-rows.js';

export async function run(files: readonly string[], { output = '', force = false }: MergeFlags): Promise<void> {
  const { frames, streams, remarks } = await joinStreams(files, { output, force });
  for (const { kind, text } of remarks) note(`${yellow(`${kind}:`)} ${text}`);
  const text = `${bold(counted(frames, 'frame'))} of ${counted(streams, 'stream')}`;
  if (output === '-') note(text);
  else print(`${text} are in ${output}`);
  endDone(!remarks.some(({ kind }) => kind === 'warning'));
}
