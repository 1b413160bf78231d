/** Rejects flags of frames by name if spot lists are given. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Command, Option } from 'commander';
import { EwaldError, messageOf } from '../base/errors.js';
import { formats } from '../data/formats/table.js';
import { readSpotList, type SpotUnit } from '../data/spot-list.js';
import { inputName, readText } from '../files/read.js';

const mostText = 2 ** 26;
const endings = new Set(formats.flatMap((format) => format.endings));

/**
 * Throws `Argument` if a flag of frames is given and the first file is a list, `Format` if it is neither frames nor a
 * list, `File` if it cannot be read.
 */
export async function refuseForLists(
  command: Command,
  ofFrames: readonly Option[],
  first: string,
  unit: SpotUnit,
): Promise<void> {
  const typed = ofFrames.find((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
  const none = [command.getOptionValue('cell')].flat().includes('none');
  const meant = typed ?? (none ? '-p none' : endings.has(extname(first).slice(1).toLowerCase()));
  if (!meant) return;
  // Standard input cannot contain frames, and can only be read once.
  if (first !== '-') {
    // A file of gigabytes is not a spot list.
    const bytes = (await stat(first).catch(() => undefined))?.size ?? 0;
    const text = bytes > mostText ? '' : await readText(first);
    try {
      if (bytes > mostText) throw new EwaldError('Format', `it has ${bytes} bytes`);
      readSpotList(text, { name: first, unit });
    } catch (error) {
      const why = bytes === 0 ? 'it is empty' : messageOf(error);
      throw new EwaldError(
        'Format',
        `${first} has none of the known frame formats (ewald info lists them), and is not a list of spots: ${why}`,
      );
    }
  }
  const flag = typed?.long ?? (none ? '-p none' : undefined);
  if (flag !== undefined)
    throw new EwaldError(
      'Argument',
      `${flag} is for detector frames, but ${inputName(first)} is a list of spots: omit the flag, or pass frames`,
    );
}
