/** Reads a list of merged intensities from any file that states them. */

import type { Centring } from '../../crystal/centring.js';
import { pointGroup } from '../../crystal/symmetry/point-group.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { type ReflectionList, readReflectionList } from '../lists/hkl.js';
import { mtzCell, readMtzReflections } from '../lists/mtz-reader.js';
import { isHklf4, readHklf4 } from './hklf4.js';
import { readCifReflections } from './mmcif.js';
import { readXdsAscii } from './xds-ascii.js';

/** The kinds of files, by what they are called in messages. */
export const listKinds = {
  hkl: 'a CrystFEL list',
  mtz: 'an MTZ file',
  cif: 'an mmCIF file',
  xds: 'an XDS_ASCII file',
  shelx: 'an HKLF 4 file',
} as const;
export type ListKind = keyof typeof listKinds;

/** A list of a file. */
export interface ReflectionFile {
  readonly kind: ListKind;
  readonly list: ReflectionList;
  /** Lengths in angstrom and angles in degrees, if the file states them. */
  readonly parameters?: readonly number[] | undefined;
  /** The centring of the space group, if the file states one. */
  readonly centring?: Centring | undefined;
}

/** How a file is read. */
export interface ReadReflectionsOptions {
  /** The name of the file in messages; default "the list". */
  readonly name?: string;
  /** The point group of a file that states none: HKLF 4. */
  readonly symmetry?: string | undefined;
}

/**
 * Reads a CrystFEL list, an MTZ, mmCIF, XDS_ASCII or HKLF 4 file, told apart by its contents. Amplitudes are taken as
 * intensities, I = F² and σ(I) = 2 F σ(F). Throws `Format`, `Argument` for an HKLF 4 file without a point group.
 */
export function readReflections(
  bytes: Uint8Array,
  { name = 'the list', symmetry }: ReadReflectionsOptions = {},
): ReflectionFile {
  if (!(bytes instanceof Uint8Array))
    throw new EwaldError(
      'Argument',
      `readReflections: the first argument is ${inspect(bytes)}; expected the bytes of a file`,
    );
  if (symmetry !== undefined) pointGroup(symmetry);
  if (new TextDecoder('latin1').decode(bytes.subarray(0, 4)) === 'MTZ ')
    return { kind: 'mtz', list: readMtzReflections(bytes, name), ...mtzCell(bytes) };
  const text = new TextDecoder().decode(bytes);
  if (text.startsWith('!FORMAT=XDS_ASCII')) return { kind: 'xds', ...readXdsAscii(text, name) };
  if (/^\s*(#[^\n]*\n\s*)*data_/i.test(text)) return { kind: 'cif', ...readCifReflections(text, name) };
  if (isHklf4(text)) {
    if (symmetry === undefined)
      throw new EwaldError(
        'Argument',
        `${name} is HKLF 4, which states no point group and no cell; give those of its reflections, symmetry and cell ` +
          '(-y GROUP -p CELL in the shell)',
        { detail: { path: name } },
      );
    return { kind: 'shelx', list: readHklf4(text, symmetry, name) };
  }
  if (!text.startsWith('CrystFEL reflection list'))
    throw new EwaldError(
      'Format',
      `${name}: "${text.slice(0, 40).split('\n')[0]}" begins no list of reflections; expected a CrystFEL list, an MTZ, ` +
        'mmCIF, XDS_ASCII or HKLF 4 file',
      { detail: { path: name } },
    );
  return { kind: 'hkl', list: readReflectionList(text, name) };
}
