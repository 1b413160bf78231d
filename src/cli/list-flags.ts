/** Flags of frames where spot lists were given: refused by name, never passed over. */
import type { Command, Option } from 'commander';
import { readSpotList, type SpotUnit } from '../data/spot-list.js';
import { EwaldError } from '../errors.js';
import { inputName, readText } from './inputs.js';

/**
 * Throws `Argument` where a flag of frames was typed and the first file is a list. A file that is neither, or cannot be
 * read, is told by whoever reads it.
 */
export async function refuseForLists(
  command: Command,
  ofFrames: readonly Option[],
  first: string,
  unit: SpotUnit,
): Promise<void> {
  const typed = ofFrames.find((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
  if (!typed) return;
  // Standard input holds no frames, and can be read but once.
  if (first !== '-') {
    try {
      readSpotList(await readText(first), { name: first, unit });
    } catch {
      return;
    }
  }
  throw new EwaldError(
    'Argument',
    `${typed.long} is for detector frames; ${inputName(first)} is a list of spots: leave the flag out, or give frames`,
  );
}
