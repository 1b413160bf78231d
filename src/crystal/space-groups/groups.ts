/** Space groups in all their settings: names, operators, and the reflections that they leave out. */
import { EwaldError } from '../../util/errors.js';
import { nearest } from '../../util/options.js';
import type { Centring } from '../centring.js';
import type { Indices } from '../symmetry/asymmetric-unit.js';
import { determinant, type Operation, operationKey } from '../symmetry/matrices.js';
import { laueGroup, type PointGroup, pointGroupNames } from '../symmetry/point-group.js';
import { type HallGroup, hallGroup, translationUnit } from './hall.js';
import { type SettingRow, settingRows } from './setting-rows.js';

/** A space group in one setting. */
export interface SpaceGroupSetting extends HallGroup {
  /** Number of International Tables A, 1 … 230. */
  readonly number: number;
  /** Hermann and Mauguin's name, `P 21/n` as `P 1 21/n 1`, with the choice of origin or axes: `F d -3 m:2`. */
  readonly name: string;
  readonly hall: string;
  /** H is R in hexagonal axes, as everywhere in the package. */
  readonly centring: Centring;
  /** Whether it has rotations and screw axes only, as the 65 groups of chiral molecules have. */
  readonly isChiral: boolean;
}

const made = new Map<string, SpaceGroupSetting>();

/** The setting of a row of the table. Operators of all settings take .2 s, so that each is made when it is wanted. */
function settingOf(row: SettingRow): SpaceGroupSetting {
  const known = made.get(row.name);
  if (known) return known;
  const group = hallGroup(row.hall);
  const letter = row.name[0] as Centring | 'R';
  const centring: Centring = letter === 'R' ? (row.name.endsWith(':R') ? 'R' : 'H') : letter;
  const isChiral = group.operators.every((operator) => determinant(operator.slice(0, 9)) === 1);
  const setting = { ...row, ...group, centring, isChiral };
  made.set(row.name, setting);
  return setting;
}

/** All settings. */
export const spaceGroupSettings = (): SpaceGroupSetting[] => settingRows.map(settingOf);

/** The settings of a number of International Tables A. */
export const spaceGroupsOfNumber = (number: number): SpaceGroupSetting[] =>
  settingRows.filter((row) => row.number === number).map(settingOf);

/** CCP4 has parentheses in `P 21212(a)` and `C 2 2 21a)`. */
const compact = (name: string): string => name.replace(/[\s_()]/g, '').toUpperCase();

/** Names by which a setting is known: `P 1 21/c 1` is `P 21/c` as well, and `R 3 2:H` is `H 3 2` and `R 3 2`. */
function namesOf({ name }: SettingRow): string[] {
  const [plain = '', choice] = name.split(':');
  const short = /^(\S) 1 (\S+) 1$/.exec(plain);
  const all = [name, plain];
  if (short) all.push(`${short[1]} ${short[2]}`);
  if (choice === 'H') all.push(plain.replace('R', 'H'));
  return all.map(compact);
}

/** The setting of a name such as `P 21 21 21`, `P21/n` or `F d -3 m:1`, or of a number. Throws `Argument`. */
export function spaceGroupSetting(name: string): SpaceGroupSetting {
  const wanted = compact(name);
  const exact = settingRows.find((row) => compact(row.name) === wanted);
  // The second origin and hexagonal axes are the usual ones.
  const usual = (row: SettingRow): boolean => !/:[1R]$/.test(row.name);
  const tableRow =
    exact ?? settingRows.find((row) => usual(row) && (String(row.number) === wanted || namesOf(row).includes(wanted)));
  if (tableRow) return settingOf(tableRow);
  if (pointGroupNames.includes(name) || pointGroupNames.includes(`${name}_H`))
    throw new EwaldError(
      'Argument',
      `the space group is "${name}", which is a point group (symmetry, -y); expected a name or a number of International ` +
        'Tables A, such as "P 43 21 2" or 19, with :R for rhombohedral axes, as "R -3:R"',
    );
  const near = nearest(
    name,
    settingRows.map((row) => row.name),
  );
  throw new EwaldError(
    'Argument',
    `the space group is "${name.slice(0, 40)}"; ${near ? `did you mean "${near}"? E` : 'e'}xpected a name or a number of ` +
      'International Tables A, such as "P 43 21 2", "P 21/n" or 19',
  );
}

/** Whether a space group has no reflection at these indices: an operator (R, t) has h R = h, and h·t is not whole. */
export function isAbsentIn({ operators, centres }: HallGroup, [h, k, l]: Indices): boolean {
  for (const centre of centres)
    if ((h * centre[0] + k * centre[1] + l * centre[2]) % translationUnit !== 0) return true;
  for (const m of operators) {
    const at = (i: number): number => m[i] as number;
    if (h * at(0) + k * at(3) + l * at(6) !== h) continue;
    if (h * at(1) + k * at(4) + l * at(7) !== k) continue;
    if (h * at(2) + k * at(5) + l * at(8) !== l) continue;
    if ((h * at(9) + k * at(10) + l * at(11)) % translationUnit !== 0) return true;
  }
  return false;
}

/** Whether no operator moves beyond the centring: a group without screw axes and glide planes, at its usual origin. */
export const isSymmorphic = ({ operators }: HallGroup): boolean =>
  operators.every((m) => m.slice(9).every((x) => x === 0));

/** Whether two settings leave out the same reflections: an axis of the same place, whatever the origin. */
export function haveSameAbsences(a: HallGroup, b: HallGroup): boolean {
  for (let h = -6; h <= 6; h++)
    for (let k = -6; k <= 6; k++)
      for (let l = 0; l <= 6; l++) if (isAbsentIn(a, [h, k, l]) !== isAbsentIn(b, [h, k, l])) return false;
  return true;
}

/** The rotations of a setting with the inversion: what intensities show of it. */
function laueKeys({ operators }: HallGroup): Set<string> {
  const rotations: Operation[] = operators.map((m) => m.slice(0, 9));
  return new Set(rotations.flatMap((m) => [m, m.map((x) => -x + 0)]).map((m) => operationKey(m.map((x) => x + 0))));
}

/**
 * The space groups that merged intensities of a point group, a centring and these axes can have, each number once per set
 * of operators; with `chiral` those of chiral molecules alone.
 */
export function possibleSpaceGroups(group: PointGroup, centring: Centring, chiral: boolean): SpaceGroupSetting[] {
  const own = new Set(laueGroup(group).operations.map(operationKey));
  return spaceGroupSettings().filter((setting) => {
    if (setting.centring !== centring || (chiral && !setting.isChiral)) return false;
    const keys = laueKeys(setting);
    return keys.size === own.size && [...keys].every((key) => own.has(key));
  });
}
