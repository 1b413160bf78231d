/** The form of the next program, as it is asked for from JavaScript: options are checked here. */
import { expects, expectsMembers } from '../../../base/arguments.js';
import { checkedOptions, row } from '../../../base/call-options.js';
import type { KnownCell } from '../../../crystal/cell-file.js';
import { spaceGroup } from '../../../crystal/symmetry/space-group.js';
import type { ReflectionList } from '../lists/hkl.js';
import { checkSpaceGroup } from '../lists/merged-mtz.js';
import { groupInCell } from '../reflections/calls.js';
import { type FormattedList, formatReflections as formatted } from './format-reflections.js';
import { type ListKind, listKinds } from './read-reflections.js';

export type { FormattedList } from './format-reflections.js';

/** What a file states besides the list. */
export interface FormatListOptions {
  /** The cell and its centring. */
  readonly cell: KnownCell;
  /** Wavelength in angstrom; default 0, which is written as unknown. */
  readonly wavelengthA?: number | undefined;
  /** Hermann and Mauguin's name; default: the symmorphic group of point group and centring. */
  readonly spaceGroup?: string | undefined;
  /** Whether amplitudes are written beside the intensities of mtz and cif; default false. */
  readonly frenchWilson?: boolean | undefined;
}

const rows = {
  cell: row.any,
  wavelengthA: row.number(0, 100, 0),
  spaceGroup: row.text,
  frenchWilson: row.flag,
} as const;

/**
 * Writes a list as a CrystFEL list, an MTZ, mmCIF, XDS_ASCII or HKLF 4 file (hkl, mtz, cif, xds, shelx). Throws `Argument`,
 * `Unsupported` for what the format cannot state, `Limit` for indices that do not fit.
 */
export function formatReflections(list: ReflectionList, kind: ListKind, options: FormatListOptions): FormattedList {
  const what = 'formatReflections';
  expectsMembers(
    `${what}: the list`,
    list,
    ['symmetry', 'count', 'indices', 'intensity', 'sigma'],
    'what readReflections or a merge returns',
  );
  expects(Object.hasOwn(listKinds, kind), `${what}: the kind`, kind, `one of ${Object.keys(listKinds).join(', ')}`);
  const { wavelengthA, spaceGroup: name, frenchWilson } = checkedOptions(what, options, rows);
  const known = options.cell;
  expects(
    Array.isArray((known as Partial<KnownCell> | undefined)?.cell),
    `${what}: cell`,
    known,
    'what readCell(text) returns',
  );
  const group = groupInCell(list.symmetry, known);
  const given = name === undefined ? undefined : spaceGroup(name);
  if (given) checkSpaceGroup(given, group, known.centring);
  const { cell, centring } = known;
  return formatted(list, kind, { cell, centring, group, wavelengthA, spaceGroup: given, frenchWilson });
}
