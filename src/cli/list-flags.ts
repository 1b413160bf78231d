/** Flags of frames where spot lists were given: refused by name, never passed over. */
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
 * Throws `Argument` where a flag of frames was typed and the first file is a list, `Format` where it is neither frames nor
 * a list, `File` where it cannot be read.
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
  // Standard input holds no frames, and can be read but once.
  if (first !== '-') {
    // Gigabytes are no list that somebody wrote.
    const bytes = (await stat(first).catch(() => undefined))?.size ?? 0;
    const text = bytes > mostText ? '' : await readText(first);
    try {
      if (bytes > mostText) throw new EwaldError('Format', `it has ${bytes} bytes`);
      readSpotList(text, { name: first, unit });
    } catch (error) {
      const why = bytes === 0 ? 'it is empty' : messageOf(error);
      throw new EwaldError(
        'Format',
        `${first} holds no frames of a format known here (ewald info lists them), and is no list of spots: ${why}`,
      );
    }
  }
  const flag = typed?.long ?? (none ? '-p none' : undefined);
  if (flag !== undefined)
    throw new EwaldError(
      'Argument',
      `${flag} is for detector frames; ${inputName(first)} is a list of spots: leave the flag out, or give frames`,
    );
}
