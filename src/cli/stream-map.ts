/** `ewald stream map`: draws the chips that streams scan. */
import { writeStreamMaps } from '../entries/command.node.js';
import { endDone, print, warn } from './output.js';
import type { MapFlags } from './stream-rows.js';

export async function run(files: readonly string[], { output = [], force = false }: MapFlags): Promise<void> {
  const { files: written, doubts } = await writeStreamMaps(files, { output, force });
  print(`map in ${written.join(', ')}`);
  for (const doubt of doubts) warn(doubt);
  endDone(doubts.length === 0);
}
