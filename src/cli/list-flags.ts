/** Rejects flags of frames by name if spot lists are given. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { formats, inputName, messageOf, readText } from '../entries/command.node.js';
import { EwaldError, readSpotList, type SpotUnit } from '../entries/index.node.js';

const maxText = 2 ** 26;
const endings = new Set(formats.flatMap((format) => format.endings));

/** Whether a text is what CrystFEL's users call a list: names of files, line by line, instead of numbers. */
const namesFiles = (text: string): boolean => {
  const [line = ''] = text.slice(0, 4096).trimStart().split('\n', 1);
  return line !== '' && !line.includes('\0') && !/^[\s\d.eE+-]*$/.test(line);
};

/** Whether a file that was given without -i is a list of files: by its name and its first line. */
export async function isListOfFiles(path: string): Promise<boolean> {
  if (!/\.(lst|list)$/i.test(path)) return false;
  const { size } = await stat(path).catch(() => ({ size: maxText }));
  return size < maxText && namesFiles(await readText(path));
}

/**
 * Throws `Argument` if a flag is given that lists do not use, `Format` if the first file contains neither frames nor a
 * list, `File` if it cannot be read. `refuse` throws for the flags.
 */
export async function refuseForLists(
  first: string,
  unit: SpotUnit | undefined,
  cells: readonly string[],
  refuse: () => void,
): Promise<void> {
  const isNone = cells.includes('none');
  let refusal: unknown;
  try {
    refuse();
  } catch (error) {
    refusal = error;
  }
  if (!refusal && !isNone && !endings.has(extname(first).slice(1).toLowerCase())) return;
  // Standard input never contains frames, and can only be read once.
  if (first !== '-') {
    // A file of gigabytes is not a spot list.
    const bytes = (await stat(first).catch(() => undefined))?.size ?? 0;
    const text = bytes > maxText ? '' : await readText(first);
    try {
      if (bytes > maxText) throw new EwaldError('Format', `it has ${bytes} bytes`);
      readSpotList(text, { name: first, ...(unit && { unit }) });
    } catch (error) {
      const why = bytes === 0 ? 'it is empty' : messageOf(error);
      const [, other] = / is not a list of spots; it is (.*)$/s.exec(why) ?? [];
      if (other !== undefined)
        throw new EwaldError('Format', `${first} holds neither frames nor spots; it is ${other}`);
      const isPlain = /\.(raw|bin|dat)$/i.test(first) && (bytes > maxText || text.includes('\0'));
      const convert = '; if it holds plain numbers: ewald convert FILE --dtype u16 --sig-shape 512,512 -o frames.h5';
      const hint = isPlain ? convert : namesFiles(text) ? `; if it lists files of frames: -i ${first}` : '';
      throw new EwaldError(
        'Format',
        `${first} has none of the known frame formats (ewald info lists them), and is not a list of spots: ` +
          `${why}${hint}`,
      );
    }
  }
  if (refusal) throw refusal;
  if (isNone)
    throw new EwaldError(
      'Argument',
      `-p none is for detector frames; ${inputName(first)} is a list of spots: leave the flag out, or give frames`,
    );
}
