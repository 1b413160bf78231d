/** Makes the result of a merge from its fits. */

import type { BackendName } from '../compute/backends/names.js';
import { type Operation, tripletOf } from '../crystal/symmetry/matrices.js';
import { argumentError } from '../options/parameters.js';
import { counted } from '../util/amounts.js';
import { expects } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { shownInNotebooks } from '../util/jupyter.js';
import { inspect } from '../util/options.js';
import { plainOf } from '../util/plain.js';
import { htmlText } from '../util/plain-text.js';
import { version } from '../util/version.js';
import { statedWavelength } from './collection/stated-wavelength.js';
import type { Identified } from './fit/accumulate.js';
import type { Merge, MergedSet } from './fit/merges.js';
import { lnRadius, lnScale, parameterCount, rotationX, rotationY, temperature } from './fit/model.js';
import type { PlaceScale } from './fit/place-scales.js';
import type { UniqueReflections } from './fit/unique.js';
import type { WantedAnswer } from './forecast/answers.js';
import type { StatedSubject } from './forecast/memory.js';
import { amplitudesOfPairs } from './formats/format-reflections.js';
import { formatMmcif } from './formats/mmcif.js';
import { formatTable1, table1Rows } from './formats/table1.js';
import { formatReflectionList, generatedNote, type ReflectionList } from './lists/hkl.js';
import { listWithin } from './lists/kept-rows.js';
import { withoutError } from './lists/known-errors.js';
import { matePairs } from './lists/mates.js';
import { inverseOf, listOf, scaleOnto, unit, withoutFaint } from './lists/merged-lists.js';
import { mtzOf, spaceGroupOf } from './lists/merged-mtz.js';
import { formatUnmerged, formatUnmergedCif, unmergedRows } from './lists/unmerged.js';
import type { CheckedMerge } from './options.js';
import { mergeRows } from './parameters.js';
import type { PairAmplitudes } from './reflections/amplitudes.js';
import { doubtOfSpaceGroup, settingOfStated } from './reflections/stated-absences.js';
import { testsOf, twinEstimate } from './reflections/twin-tests.js';
import type { MergeCounts, MergedCrystal, MergedLists, MergedPolarisation, MergeResult } from './result.js';
import { cellsRemark, compareCells, otherCellRemark } from './setting/cells.js';
import { forbiddenRemark } from './setting/forbidden.js';
import { multipleOf, multipleRemark } from './setting/multiple.js';
import type { Subject } from './setting/subject.js';
import { doubtsOfStatistics } from './statistics/doubt.js';
import { placesDoubt } from './statistics/place-doubts.js';
import { fewestPairs, mergeStatistics } from './statistics/statistics.js';

/** The parts from which the result of a merge is made. */
interface MergeParts {
  readonly subject: Subject;
  readonly unique: UniqueReflections;
  readonly data: Identified;
  /** The merge of all crystals, and those of the two halves. */
  readonly merges: readonly [Merge, Merge, Merge];
  readonly counts: Omit<MergeCounts, 'otherCell'>;
  readonly remarks: readonly string[];
  readonly isDoubtful: boolean;
  readonly chosen: Uint8Array;
  readonly logOdds: Float64Array;
  readonly ways: readonly Operation[];
  readonly datasets: readonly MergedSet[];
  readonly panels: readonly PlaceScale[];
  readonly polarisation: MergedPolarisation;
  readonly backend: BackendName;
  /** Answers what is wanted of the merge of a crystal of which a space group is stated. */
  readonly forecast: ((subject: StatedSubject) => readonly WantedAnswer[]) | undefined;
  /** The geometry that the first stream states. */
  readonly geometry: string;
}

/** Refuses options of a method that has none: what its file states was decided by the merge. Throws `Argument`. */
function refuseOptions(method: string, [options]: readonly unknown[]): void {
  if (options === undefined) return;
  const names = typeof options === 'object' && options !== null ? Object.keys(options) : [];
  const name = names.find((one) => one in mergeRows);
  throw new EwaldError(
    'Argument',
    `${method} takes no options and was given ${inspect(options)}` +
      (name === undefined ? '' : `; ${name} is an option of the merge: ctx.merger({ ${name}: … })`),
  );
}

/** What all lists of a merge have in common. */
interface ListInput {
  readonly checked: CheckedMerge;
  readonly subject: StatedSubject;
  readonly wavelengthA: number;
  /** Limits of the statistics, d in angstrom; undefined for those of the list. */
  readonly lowres: number | undefined;
  readonly highres: number | undefined;
}

type Halves = readonly [ReflectionList, ReflectionList];

/** A list and its halves with their statistics and files. */
function listsWithFiles(
  { checked, subject, wavelengthA, lowres, highres }: ListInput,
  whole: ReflectionList,
  ofWhole: Halves,
): MergedLists {
  const { cell: axes } = subject;
  // Where nothing is within the limits, a doubt says so.
  const within = listWithin(whole, axes, checked);
  const isWithin = within.count > 0;
  const list = isWithin ? within : whole;
  const of = isWithin ? (ofWhole.map((half) => listWithin(half, axes, checked)) as unknown as Halves) : ofWhole;
  const { shells, reference, spaceGroup } = checked;
  const { cell, parameters, centring, group } = subject;
  const limits = { ...(lowres !== undefined && { lowres }), ...(highres !== undefined && { highres }) };
  const statistics = mergeStatistics(list, of, subject, { shells, ...(reference && { reference }), ...limits });
  // Made when a file is: most merges write none.
  let pairAmplitudes: PairAmplitudes | undefined;
  const amplitudes = (): PairAmplitudes | undefined => {
    if (checked.frenchWilson)
      pairAmplitudes ??= amplitudesOfPairs(matePairs(list, group, centring), subject).amplitudes;
    return pairAmplitudes;
  };
  return {
    reflections: list,
    halves: of,
    statistics,
    toHkl(half) {
      const chosen = half === undefined ? list : of[half - 1];
      if (chosen) return formatReflectionList(chosen, [generatedNote({ parameters, centring })]);
      throw new EwaldError('Argument', `toHkl: the half is ${inspect(half)}; expected 1, 2, or nothing for the merge`);
    },
    toMtz(...given: readonly unknown[]) {
      refuseOptions('toMtz', given);
      return mtzOf(list, { cell, parameters, centring, group, wavelengthA, spaceGroup, amplitudes: amplitudes() });
    },
    toCif(...given: readonly unknown[]) {
      refuseOptions('toCif', given);
      const pairs = matePairs(list, group, centring);
      const hasMates = !group.centrosymmetric;
      const stated = spaceGroupOf(group, centring, spaceGroup);
      return formatMmcif({
        parameters,
        wavelengthA,
        spaceGroup: stated,
        statistics,
        isSerial: true,
        pairs,
        hasMates,
        amplitudes: amplitudes(),
      });
    },
  };
}

/** The list of the whole, and those of halves and data sets on its scale. Throws `Argument` if it is empty. */
function commonLists(
  { minMeasurements, model }: CheckedMerge,
  { subject, unique, merges: [whole, first, second], datasets }: MergeParts,
): {
  factor: number;
  reflections: ReflectionList;
  halves: Halves;
  sets: { name: string; list: ReflectionList; halves: Halves }[];
} {
  const inverse = inverseOf(unique, subject.cell);
  const isPartial = model !== 'mean' && model !== 'unity';
  const known = (merge: Merge): Merge => (isPartial ? withoutFaint(merge, minMeasurements, inverse) : merge);
  const listed = known(whole);
  const factor = model === 'mean' ? 1 : unit(listed, minMeasurements);
  const list = (merge: Merge, factorOf = (_: number) => factor): ReflectionList =>
    listOf(subject.group.name, unique, merge, minMeasurements, factorOf);
  const reflections = list(listed);
  if (reflections.count === 0)
    throw argumentError(
      '',
      (said) =>
        `no reflection was observed ${minMeasurements} times in ${counted(mergedOf(subject), 'crystal')}; merge more ` +
        `crystals, or lower ${said('minMeasurements')}`,
    );
  const onto = { whole, inverse, least: minMeasurements, factor };
  const [ofFirst, ofSecond] = [first, second].map((half) => (model === 'mean' ? undefined : scaleOnto(half, onto)));
  return {
    factor,
    reflections,
    halves: [list(known(first), ofFirst), list(known(second), ofSecond)],
    // Data sets have common scales, so that they can be compared reflection by reflection.
    sets: datasets.map(({ name, merges: [own, one, other] }) => ({
      name,
      list: list(known(own)),
      halves: [list(known(one), ofFirst), list(known(other), ofSecond)],
    })),
  };
}

/** What to know of reflections whose observations are all the same number. */
function withoutSigma(list: ReflectionList): string[] {
  const without = withoutError(list);
  return without === 0
    ? []
    : [
        `${without} of ${list.count} merged reflections have no sigma above 0: a list has 0 for them, and MTZ and mmCIF no sigma.`,
      ];
}

/** Number of crystals that are merged. */
const mergedOf = ({ part }: Subject): number => part.filter((on) => on === 1).length;

/** The crystals with their parameters of the merge of the whole. */
function mergedCrystals({ data: { observations }, merges: [whole], chosen, logOdds }: MergeParts): MergedCrystal[] {
  return observations.filenames.map((filename, c) => {
    const at = (which: number): number => whole.parameters[parameterCount * c + which] ?? 0;
    return {
      filename,
      event: observations.events[c] ?? '',
      way: chosen[c] ?? 0,
      logOdds: logOdds[c] ?? 0,
      scale: Math.exp(at(lnScale)),
      relativeB: at(temperature),
      radius: Math.exp(at(lnRadius)),
      rotation: [at(rotationX), at(rotationY)],
      deviation: whole.deviations[c] ?? 0,
    };
  });
}

/** Lists, statistics and crystals of a merge. Throws `Argument` if no reflection has enough measurements. */
export function makeResult(checked: CheckedMerge, parts: MergeParts): MergeResult {
  const { data, counts, chosen, ways, polarisation, backend } = parts;
  const { cell, parameters, centring, group, part } = parts.subject;
  const [whole] = parts.merges;
  const { wavelengthA, remark: ofWavelengths } = statedWavelength(data.observations.wavelengths, part);
  const { factor, reflections, halves, sets } = commonLists(checked, parts);
  const ofSpaceGroup =
    checked.spaceGroup && doubtOfSpaceGroup({ ...reflections, wavelengthA }, parts.subject, checked.spaceGroup.name);
  const stated =
    checked.spaceGroup && !ofSpaceGroup?.isContradicted
      ? settingOfStated(checked.spaceGroup.name, centring)
      : undefined;
  const subject = { ...parts.subject, stated };
  const listInput = { checked, subject, wavelengthA, lowres: checked.lowres, highres: checked.highres };
  const lists = listsWithFiles(listInput, reflections, halves);
  const { common } = lists.statistics.overall;
  // Data sets have the limits of the whole, so that their completeness can be compared.
  const { dMax, dMin } = lists.statistics.overall;
  const ofSets = { ...listInput, lowres: dMax, highres: dMin };
  const isOutside = reflections.count > 0 && lists.statistics.overall.unique === 0;
  const isJudged = common >= fewestPairs || isOutside;
  const cells = compareCells(data.observations.parameters, part, chosen, ways);
  const multiple = multipleOf(reflections, subject);
  const otherCell = checked.cell && otherCellRemark(cells, parameters, ways);
  const doubts = [
    cellsRemark(cells),
    otherCell?.isDoubtful ? otherCell.text : undefined,
    multiple && multipleRemark(multiple, parameters),
    forbiddenRemark(reflections, centring),
    ofSpaceGroup?.isContradicted ? ofSpaceGroup.text : undefined,
    ...doubtsOfStatistics(lists.statistics),
    placesDoubt(parts.panels),
    isJudged
      ? undefined
      : `The halves have ${counted(common, 'reflection')} in common: nothing says how good these intensities are. ` +
        'CC1/2 and Rsplit need more crystals or fewer measurements.',
    isOutside ? 'No reflection of the merge lies between lowres and highres, so there are no statistics.' : undefined,
  ].filter((doubt) => doubt !== undefined);
  const unmergedHead = () => {
    if (!whole.fit)
      throw new EwaldError('Unsupported', 'a plain mean has no scales to write; use another model for unmerged data');
    return {
      of: { fit: whole.fit, chosen, ways, factor, geometry: parts.geometry },
      title: 'scaled by ewald',
      history: [`ewald ${version}: scaled with symmetry ${group.name}`],
      parameters,
      cell,
      wavelengthA,
      group,
      spaceGroup: spaceGroupOf(group, centring, checked.spaceGroup),
    };
  };
  const result: MergeResult = {
    ...lists,
    backend,
    model: checked.model,
    cell: parameters,
    centring,
    wavelengthA,
    polarisation,
    proportionalError: whole.fit ? Math.sqrt(whole.fit.proportional2) : Number.NaN,
    datasets: sets.map(({ name, list, halves }) => ({ name, ...listsWithFiles(ofSets, list, halves) })),
    crystals: mergedCrystals(parts),
    waysToIndex: ways.map(tripletOf),
    merged: mergedOf(subject),
    cells,
    multiple,
    panels: parts.panels,
    ...(parts.forecast && { forecast: parts.forecast(subject) }),
    counts: { ...counts, otherCell: part.filter((on) => on === 0).length - counts.belowCc },
    remarks: [
      ...parts.remarks,
      ...(ofWavelengths === undefined ? [] : [ofWavelengths]),
      ...withoutSigma(lists.reflections),
      ...(checked.origin === undefined ? [] : [checked.origin]),
      ...(checked.frenchWilson
        ? amplitudesOfPairs(matePairs(lists.reflections, group, subject.centring), subject).remarks
        : []),
      ...(otherCell && !otherCell.isDoubtful ? [otherCell.text] : []),
      ...(ofSpaceGroup && !ofSpaceGroup.isContradicted ? [ofSpaceGroup.text] : []),
      ...doubts,
    ],
    isDoubtful: parts.isDoubtful || doubts.length > 0,
    toUnmergedMtz(...given: readonly unknown[]) {
      refuseOptions('toUnmergedMtz', given);
      const head = unmergedHead();
      return formatUnmerged(unmergedRows(data, head.of, head, 'mtz'), head);
    },
    toUnmergedCif(...given: readonly unknown[]) {
      refuseOptions('toUnmergedCif', given);
      const head = unmergedHead();
      return formatUnmergedCif(unmergedRows(data, head.of, head, 'cif'), head);
    },
    toTable1(form = 'text') {
      expects(['text', 'latex', 'csv'].includes(form), 'toTable1: the form', form, 'text, latex or csv');
      const { name } = spaceGroupOf(group, centring, checked.spaceGroup);
      return formatTable1(
        table1Rows(result, { spaceGroup: name, twin: twinEstimate(testsOf(lists.reflections, subject)) }),
        form,
      );
    },
    toPlain: () => ({ ...plainOf(result), datasets: result.datasets.map(plainOf) }),
  };
  return shownInNotebooks(result, async () => {
    const text = [result.toTable1(), ...result.remarks].join('\n');
    return { 'text/plain': text, 'text/html': `<pre>${htmlText(text)}</pre>` };
  });
}
