/** Writes a list in the form of the next program. */

import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import type { Centring } from '../../crystal/centring.js';
import { haveSameAbsences, spaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { laueGroup, type PointGroup } from '../../crystal/symmetry/point-group.js';
import { hasPointGroup, type SpaceGroup } from '../../crystal/symmetry/space-group.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { withError } from '../../util/with-error.js';
import { freeSetOf } from '../lists/free-set.js';
import { formatReflectionList, generatedNote, type ReflectionList } from '../lists/hkl.js';
import { type ErrorForm, withoutError, writableList } from '../lists/known-errors.js';
import { type MatePair, mateMean, matePairs } from '../lists/mates.js';
import { mtzOf, spaceGroupOf } from '../lists/merged-mtz.js';
import { type Amplitudes, frenchWilson, type PairAmplitudes } from '../reflections/amplitudes.js';
import { crystalText } from '../reflections/crystal-text.js';
import { fewestExpected, type ListSubject } from '../reflections/expected.js';
import { statedGroup } from '../reflections/space-group-laue.js';
import { testsOf, twinEstimate } from '../reflections/twin-tests.js';
import { areLikeCentric } from '../reflections/twinning.js';
import { indicesOf, type MergeStatistics } from '../statistics/statistics.js';
import { formatHklf4 } from './hklf4.js';
import { formatMmcif } from './mmcif.js';
import type { ListKind } from './read-reflections.js';
import { formatShelxIns } from './shelx-ins.js';
import { formatXdsAscii } from './xds-ascii.js';

/** What a file states besides the list. */
export interface FormatContent extends ListSubject {
  /** Wavelength in angstrom; 0 if it is unknown, which is written as such. */
  readonly wavelengthA: number;
  /** Default: the symmorphic one of point group and centring. */
  readonly spaceGroup?: SpaceGroup | undefined;
  /** Whether amplitudes are written beside the intensities, where the format has a place for them. */
  readonly frenchWilson?: boolean | undefined;
  readonly statistics?: MergeStatistics | undefined;
  /** Whether the list is that of many crystals. */
  readonly isSerial?: boolean | undefined;
}

/** A file, and what to know of it. */
export interface FormattedList {
  readonly content: string | Uint8Array;
  /** Rows of the file, of which MTZ and mmCIF have one for both mates. */
  readonly reflections: number;
  readonly remarks: readonly string[];
  /** Of HKLF 4, where a space group is given or stated: the text of an .ins file, without the contents of the cell. */
  readonly instructions?: (() => string) | undefined;
}

/** Twin fraction from which on amplitudes are said to have a wrong prior. */
const leastTwin = 0.05;

/** The kinds that hold amplitudes beside intensities. */
export const holdsAmplitudes = (kind: ListKind): boolean => kind === 'mtz' || kind === 'cif';

/** Amplitudes of pairs of mates, from the mean of both, in their order; and what to know of them. */
export function amplitudesOfPairs(
  pairs: readonly MatePair[],
  { cell, centring, group, stated }: ListSubject,
): { readonly amplitudes: Amplitudes & PairAmplitudes; readonly remarks: readonly string[] } {
  const laue = laueGroup(group);
  const means = pairs.map(mateMean);
  const list: ReflectionList = {
    symmetry: laue.name,
    count: pairs.length,
    indices: Int16Array.from(pairs.flatMap(({ indices }) => [...indices])),
    intensity: Float64Array.from(means, ({ intensity }) => intensity),
    sigma: Float64Array.from(means, ({ sigma }) => sigma),
    measurements: Float64Array.from(means, ({ measurements }) => measurements),
  };
  const subject = { cell, centring, group: laue, stated };
  const amplitudes = frenchWilson(list, subject);
  const remarks = [...withoutAmplitude(list, amplitudes, stated?.name), ...crystalText(stated, true)];
  const tests = testsOf(list, subject);
  const { fraction, error } = twinEstimate(tests);
  const { secondMoment, secondMomentError, measured } = tests.twinning;
  if (!stated && areLikeCentric(tests.twinning))
    remarks.push(
      `The intensities vary as those of a centrosymmetric crystal do (⟨I²⟩/⟨I⟩² ${withError(secondMoment, secondMomentError, 2)}, ` +
        `usual 3; ⟨|L|⟩ ${measured.meanAbs.toFixed(3)}, usual 0.637), and no space group with an inversion is taken: weak amplitudes are too large if it has one; state it.`,
    );
  if (fraction > leastTwin && fraction > 3 * error)
    remarks.push(
      `The intensities are like those of a twin of ${withError(fraction, error, 2)}: Wilson's law does not hold for ` +
        'them, and weak amplitudes are too small; refine against intensities.',
    );
  if (group.centrosymmetric) return { amplitudes, remarks };
  const ofMates = (['plus', 'minus'] as const).map((which) =>
    amplitudesOfMates(
      pairs,
      pairs.map((pair) => (pair.centric ? pair.plus : pair[which])),
      subject,
    ),
  );
  return { amplitudes: { ...amplitudes, mates: ofMates as unknown as NonNullable<PairAmplitudes['mates']> }, remarks };
}

/** Why reflections have no amplitude, in sentences. */
function withoutAmplitude(list: ReflectionList, { endsAt, without, forbidden }: Amplitudes, name?: string): string[] {
  const unknown = withoutError(list);
  const others = without - unknown - forbidden;
  if (endsAt === Number.POSITIVE_INFINITY) return ['The intensities have no signal: there are no amplitudes.'];
  const why =
    endsAt > 0
      ? `Beyond ${endsAt.toFixed(2)} Å the mean intensity is within two of its errors; ${others} reflections have no amplitude.`
      : list.count < fewestExpected
        ? `Amplitudes need the mean intensity of ${fewestExpected} reflections, and there are ${list.count}: there are no amplitudes.`
        : `${others} reflections are those that the centring forbids, and have no amplitude.`;
  return [
    ...(unknown > 0 ? [`${unknown} reflections have no sigma above 0, and so no amplitude.`] : []),
    ...(forbidden > 0
      ? [
          `${counted(forbidden, 'reflection')} that the space group ${name} leaves out ${forbidden === 1 ? 'has' : 'have'} no amplitude.`,
        ]
      : []),
    ...(others > 0 ? [why] : []),
  ];
}

/** Amplitudes of one mate of each pair; NaN where it was not measured. */
function amplitudesOfMates(
  pairs: readonly MatePair[],
  mates: readonly MatePair['plus'][],
  subject: ListSubject,
): Pick<Amplitudes, 'amplitude' | 'sigma'> {
  const there = [...mates.keys()].filter((i) => mates[i] !== undefined);
  const of = frenchWilson(
    {
      symmetry: subject.group.name,
      count: there.length,
      indices: Int16Array.from(there.flatMap((i) => [...(pairs[i] as MatePair).indices])),
      intensity: Float64Array.from(there, (i) => mates[i]?.intensity as number),
      sigma: Float64Array.from(there, (i) => mates[i]?.sigma as number),
      measurements: Float64Array.from(there, (i) => mates[i]?.measurements as number),
    },
    subject,
  );
  const [amplitude, sigma] = [0, 1].map(() => new Float64Array(pairs.length).fill(Number.NaN)) as [
    Float64Array,
    Float64Array,
  ];
  for (const [n, i] of there.entries()) {
    amplitude[i] = of.amplitude[n] as number;
    sigma[i] = of.sigma[n] as number;
  }
  return { amplitude, sigma };
}

/** How each kind takes a reflection whose error is unknown. */
const errorForms: Readonly<Record<ListKind, ErrorForm>> = {
  hkl: { name: 'the list', missing: '0 or inf' },
  mtz: { name: 'the MTZ file', missing: 'a missing value' },
  cif: { name: 'the mmCIF file', missing: '?' },
  xds: { name: 'XDS_ASCII', missing: undefined },
  shelx: { name: 'HKLF 4', missing: undefined },
};

/** The reflections of a list that a kind of file holds, and what became of the others. Throws `Unsupported`. */
export function writableAs(reflectionList: ReflectionList, kind: ListKind): ReturnType<typeof writableList> {
  const { list, remarks } = writableList(reflectionList, errorForms[kind]);
  return { list, remarks: [...remarks, ...withoutFree(list, kind)] };
}

/** Writes a list as a file of a kind. Throws `Unsupported` for what a format cannot state. */
export function formatReflections(
  reflectionList: ReflectionList,
  kind: ListKind,
  content: FormatContent,
): FormattedList {
  const { list, remarks } = writableAs(reflectionList, kind);
  const written = formatted(list, kind, content);
  return { ...written, remarks: [...remarks, ...written.remarks] };
}

/** What becomes of a free set in formats without a place for one. */
function withoutFree(list: ReflectionList, kind: ListKind): string[] {
  const set = kind === 'hkl' || kind === 'xds' ? freeSetOf(list) : undefined;
  if (!set) return [];
  let free = 0;
  for (let i = 0; i < list.count; i++) if (set.flagOf(indicesOf(list, i)) === set.test) free++;
  return [
    `The list has a free set of ${counted(free, 'reflection')}, for which ${errorForms[kind].name} has no place: it is lost. ` +
      'Write .mtz, .cif or .shelx to keep it.',
  ];
}

function formatted(list: ReflectionList, kind: ListKind, content: FormatContent): FormattedList {
  const { cell, centring, group, wavelengthA } = content;
  const parameters = [...lengthsOf(cell), ...anglesOf(cell)] as [number, number, number, number, number, number];
  if (content.frenchWilson && !holdsAmplitudes(kind))
    throw new EwaldError('Unsupported', `${kind} files hold intensities alone; write amplitudes as .mtz or .cif`);
  const reflections = list.count;
  if (kind === 'hkl')
    return { content: formatReflectionList(list, [generatedNote({ parameters, centring })]), reflections, remarks: [] };
  if (kind === 'shelx') {
    const { text, factor, raised } = formatHklf4(list);
    const remarks = [
      factor === 1 ? '' : `Intensities are multiplied by ${factor}, so that they fit into the columns of HKLF 4.`,
      raised === 0
        ? ''
        : `${raised} sigmas are more than 10⁷ times smaller than the strongest intensity, which the columns of HKLF 4 do not ` +
          'hold, and are written as 0.0005.',
    ].filter((one) => one !== '');
    const { spaceGroup } = content;
    return {
      content: text,
      reflections,
      remarks,
      ...(spaceGroup && { instructions: () => formatShelxIns({ parameters, wavelengthA, centring, spaceGroup }) }),
    };
  }
  const spaceGroup = spaceGroupOf(group, centring, content.spaceGroup);
  if (kind === 'xds') {
    refuseUnusual(spaceGroup, group, centring);
    return {
      content: formatXdsAscii(list, {
        parameters,
        wavelengthA,
        spaceGroupNumber: spaceGroup.number,
        friedel: group.centrosymmetric,
      }),
      reflections,
      remarks: [],
    };
  }
  const pairs = matePairs(list, group, centring);
  const { amplitudes, remarks } = content.frenchWilson
    ? amplitudesOfPairs(pairs, content)
    : { amplitudes: undefined, remarks: [] };
  if (kind === 'mtz')
    return {
      content: mtzOf(list, {
        cell,
        parameters,
        centring,
        group,
        wavelengthA,
        spaceGroup: content.spaceGroup,
        amplitudes,
      }),
      reflections: pairs.length,
      remarks,
    };
  return {
    content: formatMmcif({
      parameters,
      wavelengthA,
      spaceGroup,
      statistics: content.statistics,
      isSerial: content.isSerial ?? false,
      pairs,
      hasMates: !group.centrosymmetric,
      amplitudes,
      free: freeSetOf(list),
    }),
    reflections: pairs.length,
    remarks,
  };
}

/** XDS_ASCII states the number alone, which means the first setting of the tables. */
function refuseUnusual(spaceGroup: SpaceGroup, group: PointGroup, centring: Centring): void {
  const first = spaceGroupSetting(String(spaceGroup.number));
  if (hasPointGroup(statedGroup(first), group, centring) && haveSameAbsences(first, spaceGroupSetting(spaceGroup.name)))
    return;
  const isLarger = first.name.endsWith(':H');
  const advice = isLarger
    ? 'whose cell is three times as large, which no --reindex gives; index with a cell on hexagonal axes'
    : 'reindex to this setting (ewald reflections convert --reindex)';
  throw new EwaldError(
    'Unsupported',
    `XDS_ASCII files state the number of the space group alone, and ${spaceGroup.number} is not ${spaceGroup.name} but ` +
      `${first.name}${isLarger ? ', ' : '; '}${advice}, or write .mtz or .cif`,
  );
}
