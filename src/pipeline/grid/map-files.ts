/** Files of maps as a caller names them: `[QUANTITY=]FILE.png` or `.npy`. */

import type { WriteOptions } from '../../frames/files/write.js';
import { argumentError } from '../../options/parameters.js';
import { inspect } from '../../util/options.js';
import { type MapQuantity, mapQuantities } from '../chip/quantities.js';

/** A file of a map. */
export interface MapFile {
  readonly quantity: MapQuantity;
  readonly file: string;
  readonly kind: 'png' | 'npy';
}

/** Reads `[QUANTITY=]FILE.png` or `.npy`. Throws `Argument`. */
export function parseMapFile(text: string): MapFile {
  const [, named, rest] = /^([a-z][\w:. -]*)=(.+)$/.exec(text) ?? [];
  const [quantity, file] = named === undefined ? ['hits', text] : [named, rest as string];
  const kind = /\.(png|npy)$/i.exec(file)?.[1]?.toLowerCase();
  if (kind === undefined)
    throw argumentError(
      'pipeline',
      (said) => `${said('map')} is ${inspect(text)}; expected a file that ends in .png or .npy`,
    );
  const isKnown = (mapQuantities as readonly string[]).includes(quantity) || quantity.startsWith('roi:');
  if (!isKnown)
    throw argumentError(
      'pipeline',
      (said) =>
        `${said('map')} is ${inspect(text)}: there is no map of "${quantity}"; there are ${mapQuantities.join(', ')}, ` +
        'roi:NAME.FIELD',
    );
  return { quantity, file, kind: kind as MapFile['kind'] };
}

/** The name of a file of one of several chips: chip.png, chip-2.png, … */
export const fileOfChip = (file: string, chip: number): string =>
  chip === 0 ? file : file.replace(/(\.\w+)$/, `-${chip + 1}$1`);

/** What states in a PNG that it is a map of ewald, which a run may replace. */
export const mapSoftware = 'ewald chip map';

/**
 * The existing files that a map may replace: those of earlier runs. An array of numbers does not show who wrote it; a run
 * that is resumed replaces one that has the form of its own map.
 */
export const mapWriting = (
  { kind }: MapFile,
  { resume }: { readonly resume?: boolean | undefined } = {},
): WriteOptions =>
  kind === 'png'
    ? { otherwise: 'is not a map that ewald wrote', replaces: (head) => latin1(head).includes(pngMark) }
    : { otherwise: 'may hold numbers of yours', ...(resume && { replaces: (head) => arrayOfMap.test(latin1(head)) }) };

const pngMark = `tEXtSoftware\0${mapSoftware}`;
const arrayOfMap = /^.NUMPY[^{]*\{'descr': '<f4', 'fortran_order': False, 'shape': \(\d+, ?\d+\)/s;
const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);
