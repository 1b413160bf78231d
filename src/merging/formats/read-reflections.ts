/** Reads a list of merged intensities from any file that states them. */

import type { Centring } from '../../crystal/centring.js';
import { pointGroup } from '../../crystal/symmetry/point-group.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { BadRows, failingAt } from '../lists/bad-rows.js';
import { notedCell, type ReflectionList, readListRows } from '../lists/hkl.js';
import { withoutOrigin } from '../lists/kept-rows.js';
import { readMtzFile } from '../lists/mtz-reader.js';
import { repeatedRemark } from '../lists/repeated.js';
import { isHklf4, isLikeHklf4, readHklf4 } from './hklf4.js';
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
  /** The columns of an MTZ file, or the items of an mmCIF file, that were read: the values, and their sigmas. */
  readonly columns?: readonly string[] | undefined;
  /** What to know of it: columns that were not read, and what contradicts itself. */
  readonly remarks: readonly string[];
  /** Rows that are no reflections, such as one with a negative sigma; they are left out, and the remarks say the first. */
  readonly badRows: number;
}

/** How a file is read. */
export interface ReadReflectionsOptions {
  /** The name of the file in messages; default "the list". */
  readonly name?: string;
  /** The point group of a file that states none: HKLF 4. */
  readonly symmetry?: string | undefined;
  /**
   * Which columns of an MTZ file, or items of an mmCIF file, are read: the label of intensities or amplitudes, and that of
   * their sigmas, such as `I,SIGI`. Default: the measured ones, by type and by the labels that programs give them.
   */
  readonly columns?: string | undefined;
}

/**
 * Reads a CrystFEL list, an MTZ, mmCIF, XDS_ASCII or HKLF 4 file, told apart by its contents. Amplitudes are taken as
 * intensities, I = F² with the sign of F and σ(I) = 2 |F| σ(F) + σ(F)². The symmetry is that of the operators which a file
 * states, and calculated values are never read. Rows that are no reflections are left out with a remark, up to one in
 * twenty. Throws `Format`, `Argument` for an HKLF 4 file without a point group, and for columns that it lacks.
 */
export function readReflections(bytes: Uint8Array, options: ReadReflectionsOptions = {}): ReflectionFile {
  const read = readFile(bytes, options);
  const { list, remarks: ofOrigin } = withoutOrigin(read.list);
  if (list.count === 0)
    throw new EwaldError('Format', `${options.name ?? 'the list'} holds no reflection`, {
      detail: { path: options.name },
    });
  const file = { ...read, list, remarks: [...read.remarks, ...ofOrigin] };
  // An MTZ file has each reflection under one of its indices.
  const repeated = repeatedRemark(file.list, file.kind !== 'mtz');
  return repeated === undefined ? file : { ...file, remarks: [...file.remarks, repeated] };
}

function readFile(bytes: Uint8Array, { name = 'the list', symmetry, columns }: ReadReflectionsOptions): ReflectionFile {
  if (!(bytes instanceof Uint8Array))
    throw new EwaldError(
      'Argument',
      `readReflections: the first argument is ${inspect(bytes)}; expected the bytes of a file`,
    );
  if (symmetry !== undefined) pointGroup(symmetry);
  if (columns !== undefined && typeof columns !== 'string')
    throw new EwaldError(
      'Argument',
      `readReflections: columns is ${inspect(columns)}; expected labels such as "I,SIGI"`,
    );
  if (new TextDecoder('latin1').decode(bytes.subarray(0, 4)) === 'MTZ ')
    return withColumns('mtz', readMtzFile(bytes, name, columns));
  const text = new TextDecoder().decode(bytes);
  if (/^\s*(#[^\n\r]*[\n\r]\s*)*data_/i.test(text)) return withColumns('cif', readCifReflections(text, name, columns));
  if (columns !== undefined)
    throw argumentError(
      'readReflections',
      (said) => `${name} has no columns to choose from with ${said('columns')}: it is neither an MTZ nor an mmCIF file`,
    );
  if (text.startsWith('!FORMAT=XDS_ASCII')) return { kind: 'xds', ...readXdsAscii(text, name) };
  if (isHklf4(text)) {
    if (symmetry === undefined)
      throw new EwaldError(
        'Argument',
        `${name} is HKLF 4, which states no point group and no cell; give those of its reflections, symmetry and cell ` +
          '(-y GROUP -p CELL in the shell)',
        { detail: { path: name } },
      );
    return { kind: 'shelx', ...readHklf4(text, symmetry, name) };
  }
  if (isLikeHklf4(text))
    throw new EwaldError(
      'Format',
      `${name} has the numbers of HKLF 4, and not in its columns: h, k and l of four characters each, intensity and sigma of ` +
        'eight (3I4, 2F8.2), as SHELX reads it; write it with them',
      { detail: { path: name } },
    );
  if (!text.startsWith('CrystFEL reflection list'))
    throw new EwaldError(
      'Format',
      `${name}: "${text.slice(0, 40).split(/[\r\n]/)[0]}" begins no list of reflections; expected a CrystFEL list, an MTZ, ` +
        'mmCIF, XDS_ASCII or HKLF 4 file',
      { detail: { path: name } },
    );
  const bad = new BadRows();
  const list = readListRows(text, name, (message) => bad.add(message));
  const ofBad = bad.remarks(list.count + bad.count, failingAt(name));
  return { kind: 'hkl', list, ...notedCell(text), remarks: ofBad, badRows: bad.count };
}

/** Columns as they are named in sentences. */
const shownColumns = (columns: readonly string[] = []): string => columns.join(columns.length > 2 ? ', ' : ' and ');

/** A file with a remark on the columns that were not read. */
function withColumns(
  kind: ListKind,
  { others, remarks, ...file }: Omit<ReflectionFile, 'kind'> & { readonly others: readonly string[] },
): ReflectionFile {
  const left = others.length === 0 ? [] : [`${shownColumns(file.columns)} are read, not ${others.join(', ')}.`];
  return { kind, ...file, remarks: [...left, ...remarks] };
}
