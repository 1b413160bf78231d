/** The symmetry that the file of a list states: by its operators where it has them, else by the name or the number. */
import type { Centring } from '../../crystal/centring.js';
import { type SpaceGroupSetting, spaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { settingWith, statedSymmetry } from '../../crystal/space-groups/stated.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { laueOfSpaceGroup, pointGroupOfSpaceGroup } from '../reflections/space-group-laue.js';

/** What a file says of its symmetry. */
export interface SymmetryWords {
  /** Operators on coordinates such as `-X,Y+1/2,-Z`, those of the centring among them; may be empty. */
  readonly operators: readonly string[];
  readonly name?: string | undefined;
  /** Of International Tables A. */
  readonly number?: number | undefined;
  /** Lengths in angstrom and angles in degrees: they tell which axes `R 3` has. */
  readonly parameters?: readonly number[] | undefined;
}

/** The symmetry of a list. */
export interface GroupOfFile {
  /** The Laue group, as CrystFEL names it. */
  readonly symmetry: string;
  /** The point group in which Friedel mates are apart; the Laue group if there are no mates. */
  readonly apart: string;
  readonly centring: Centring;
  /** The setting of the tables; undefined if none has the operators of the file. */
  readonly spaceGroup: string | undefined;
  readonly remarks: readonly string[];
}

/** Reads it. Throws `Format` for a file that states none that is known, `Unsupported` for axes without a point group. */
export function groupOfFile(path: string, words: SymmetryWords): GroupOfFile {
  const named = namedSetting(words);
  if (words.operators.length === 0) {
    if (named instanceof EwaldError)
      throw new EwaldError('Format', `${path}: ${named.message}`, { cause: named, detail: { path } });
    if (!named)
      throw new EwaldError('Format', `${path}: it states no space group; give the point group`, { detail: { path } });
    const laue = laueOfSpaceGroup(named);
    const apart = pointGroupOfSpaceGroup(named.operators)?.name ?? laue;
    return { symmetry: laue, apart, centring: named.centring, spaceGroup: named.name, remarks: [] };
  }
  const said = named instanceof EwaldError ? undefined : named;
  const symmetry = statedSymmetry(words.operators, path);
  const setting = settingWith(symmetry, words.number ?? said?.number);
  const shown = setting?.name ?? 'a group without a name in these axes';
  const isOther = said !== undefined && said.number !== setting?.number;
  const laue = laueOfSpaceGroup({ ...symmetry, name: setting?.name ?? 'its operators' });
  return {
    symmetry: laue,
    apart: pointGroupOfSpaceGroup(symmetry.operators)?.name ?? laue,
    centring: symmetry.centring,
    spaceGroup: setting?.name,
    remarks: isOther
      ? [`It names the space group ${said.name}, and has the operators of ${shown}, which are used.`]
      : [],
  };
}

/** The setting of the name, or else of the number; an error for a name that is not known. */
function namedSetting({ name, number, parameters }: SymmetryWords): SpaceGroupSetting | EwaldError | undefined {
  const text = name?.trim() || (number === undefined ? '' : String(number));
  if (text === '') return undefined;
  try {
    const groupSetting = spaceGroupSetting(text);
    const isHexagonal = !parameters || Math.abs((parameters[5] as number) - 120) < 3;
    if (groupSetting.centring !== 'H' || isHexagonal || text.endsWith(':H')) return groupSetting;
    return spaceGroupSetting(groupSetting.name.replace(/:H$/, ':R'));
  } catch (error) {
    if (isEwaldError(error)) return error;
    throw error;
  }
}
