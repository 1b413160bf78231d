/** A merged list as an MTZ file. */

import type { Centring } from '../../crystal/centring.js';
import { isSymmorphic, possibleSpaceGroups, spaceGroupsOfNumber } from '../../crystal/space-groups/groups.js';
import { ccp4Unit } from '../../crystal/symmetry/asymmetric-unit.js';
import { type PointGroup, rotationsOf } from '../../crystal/symmetry/point-group.js';
import { centringsOf, hasPointGroup, type SpaceGroup, symmorphicGroup } from '../../crystal/symmetry/space-group.js';
import { EwaldError } from '../../util/errors.js';
import { version } from '../../util/version.js';
import type { PairAmplitudes } from '../reflections/amplitudes.js';
import { statedGroup } from '../reflections/space-group-laue.js';
import type { Subject } from '../setting/subject.js';
import { freeSetOf } from './free-set.js';
import type { ReflectionList } from './hkl.js';
import { type MatePair, mateMean, matePairs } from './mates.js';
import { formatMtz, type MtzColumn } from './mtz.js';
import { errorOrMissing } from './sigma-digits.js';

/**
 * The space group that a file states: the one given in the options or by the list, otherwise the symmorphic one, which
 * claims no screw axis. Throws `Unsupported` for settings that CCP4 lacks,
 * `Argument` for a space group that does not belong to the point group.
 */
export function spaceGroupOf(group: PointGroup, centring: Centring, spaceGroup?: SpaceGroup): SpaceGroup {
  if (spaceGroup) checkSpaceGroup(spaceGroup, group, centring);
  if (spaceGroup) return spaceGroup;
  const usual = symmorphicGroup(group, centring) ?? symmorphicWithMirrors(group, centring);
  if (!usual || !ccp4Unit(group)) {
    const others = centringsOf(group);
    throw new EwaldError(
      'Unsupported',
      others.length === 0
        ? `no space group has ${group.name} in this setting; reindex to the standard setting, or write a .hkl`
        : `no space group has ${group.name} with the centring ${centring}, but with ${others.join(', ')}; check the ` +
            'centring of the cell (-p), reindex to the standard setting, or write a .hkl',
    );
  }
  return usual;
}

/** The symmorphic space group of a group with mirrors or rotoinversions but no inversion, in which mates are apart. */
function symmorphicWithMirrors(group: PointGroup, centring: Centring): SpaceGroup | undefined {
  if (group.centrosymmetric || rotationsOf(group).length === group.operations.length) return undefined;
  const groupSetting = possibleSpaceGroups(group, centring, false).find(
    (one) => isSymmorphic(one) && hasPointGroup(statedGroup(one), group, centring),
  );
  return groupSetting && statedGroup(groupSetting);
}

/** Throws `Argument` for a space group that does not belong to the point group and the centring. */
export function checkSpaceGroup(spaceGroup: SpaceGroup, group: PointGroup, centring: Centring): void {
  if (hasPointGroup(spaceGroup, group, centring)) return;
  refuseOtherSetting(spaceGroup, group, centring);
  throw new EwaldError(
    'Argument',
    `spaceGroup ${spaceGroup.name} has the point group ${spaceGroup.pointGroup.slice(2)} and the centring ${spaceGroup.name[0]}; ` +
      `the reflections are in ${group.name}, with the centring ${centring}`,
  );
}

/** Throws `Argument` with the names of the settings in which the space group belongs to them, if there are any. */
function refuseOtherSetting({ name, number }: SpaceGroup, group: PointGroup, centring: Centring): void {
  const fitting = spaceGroupsOfNumber(number).filter((spaceGroup) =>
    hasPointGroup(statedGroup(spaceGroup), group, centring),
  );
  if (fitting.length === 0) return;
  throw new EwaldError(
    'Argument',
    `spaceGroup ${name} is in other axes than the reflections, which are in ${group.name} with the centring ${centring}: ` +
      `there it is ${fitting.map((groupSetting) => `"${groupSetting.name}"`).join(' or ')}`,
  );
}

/** The bytes of the file. Throws `Unsupported`. */
export function mtzOf(
  list: ReflectionList,
  {
    cell,
    parameters,
    centring,
    group,
    wavelengthA,
    spaceGroup: given,
    amplitudes,
  }: Omit<Subject, 'part'> & {
    readonly wavelengthA: number;
    readonly spaceGroup: SpaceGroup | undefined;
    /** Written beside the intensities, in the order of the pairs of mates; default none. */
    readonly amplitudes?: PairAmplitudes | undefined;
  },
): Uint8Array {
  const spaceGroup = spaceGroupOf(group, centring, given);
  const pairs = matePairs(list, group, centring);
  const free = freeSetOf(list);
  const means = pairs.map(mateMean);
  const column = (label: string, type: string, values: readonly (number | undefined)[]): MtzColumn => ({
    label,
    type,
    values: values.map((x) => x ?? Number.NaN),
  });
  const mates = group.centrosymmetric
    ? []
    : [
        // The two mates of a centric reflection are the same.
        ...(['plus', 'minus'] as const).flatMap((which) => {
          const own = pairs.map((pair) => (pair.centric ? pair.plus : pair[which]));
          const sign = which === 'plus' ? '+' : '-';
          return [
            column(
              `I(${sign})`,
              'K',
              own.map((mate) => mate?.intensity),
            ),
            column(
              `SIGI(${sign})`,
              'M',
              own.map((mate) => errorOrMissing(mate?.sigma)),
            ),
            column(
              `N(${sign})`,
              'I',
              own.map((mate) => mate?.measurements),
            ),
          ];
        }),
      ];
  return formatMtz({
    title: 'merged by ewald',
    parameters,
    cell,
    wavelengthA,
    spaceGroup,
    indices: pairs.map(({ indices }) => indices),
    columns: [
      column(
        'IMEAN',
        'J',
        means.map(({ intensity }) => intensity),
      ),
      column(
        'SIGIMEAN',
        'Q',
        means.map(({ sigma }) => errorOrMissing(sigma)),
      ),
      column(
        'N',
        'I',
        means.map(({ measurements }) => measurements),
      ),
      ...(amplitudes ? [column('F', 'F', [...amplitudes.amplitude]), column('SIGF', 'Q', [...amplitudes.sigma])] : []),
      ...mates,
      ...(free
        ? [
            column(
              'FreeR_flag',
              'I',
              pairs.map(({ indices }) => free.flagOf(indices)),
            ),
          ]
        : []),
      ...anomalousColumns(amplitudes?.mates, pairs, column),
    ],
    history: [`ewald ${version}: merged with symmetry ${group.name}`],
  });
}

/** F(+), F(−) and their difference, of reflections that are not centric. */
function anomalousColumns(
  mates: PairAmplitudes['mates'],
  pairs: readonly MatePair[],
  column: (label: string, type: string, values: readonly (number | undefined)[]) => MtzColumn,
): MtzColumn[] {
  if (!mates) return [];
  const [plus, minus] = mates;
  const difference = (of: (i: number) => number): number[] =>
    pairs.map(({ centric }, i) => (centric ? Number.NaN : of(i)));
  return [
    column('F(+)', 'G', [...plus.amplitude]),
    column('SIGF(+)', 'L', [...plus.sigma]),
    column('F(-)', 'G', [...minus.amplitude]),
    column('SIGF(-)', 'L', [...minus.sigma]),
    column(
      'DANO',
      'D',
      difference((i) => (plus.amplitude[i] as number) - (minus.amplitude[i] as number)),
    ),
    column(
      'SIGDANO',
      'Q',
      difference((i) => Math.hypot(plus.sigma[i] as number, minus.sigma[i] as number)),
    ),
  ];
}
