/** A merge of collected observations: subject, ways to index, polarisation, fits of the whole, halves and data sets. */

import type { Planner } from '../compute/planner/planner.js';
import { isOfElectrons, polarisationText, readPolarisation } from '../crystal/polarisation.js';
import { identity, type Operation } from '../crystal/symmetry/matrices.js';
import { orientedGroup } from '../crystal/symmetry/oriented.js';
import { laueName, type PointGroup } from '../crystal/symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations } from '../crystal/symmetry/settings.js';
import { checkedOptions, row } from '../options/call-options.js';
import { argumentError } from '../options/parameters.js';
import { counted } from '../util/amounts.js';
import { type Progress, progressOf } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { median } from '../util/median.js';
import { checkSignal, yieldToEventLoop } from '../util/options.js';
import { addCounts, rejectedRows, type ScanCounts } from './collection/counts.js';
import { gainOf } from './collection/gain.js';
import { numberedCells } from './collection/named-axes.js';
import { contradictionsText, emptyMergeError } from './collection/nothing-to-merge.js';
import { type Observations, someCrystals } from './collection/observations.js';
import { copiedCrystalsRemark, repeatedFramesRemark } from './collection/repeated-frames.js';
import { rightHanded } from './collection/right-handed.js';
import type { ScannedHead } from './collection/scan.js';
import { energyDoubt } from './collection/stated-energy.js';
import type { MergingKernel } from './contract.js';
import { type Identified, largestBlock } from './fit/accumulate.js';
import { correlating } from './fit/correlating.js';
import { commonRadius } from './fit/fit.js';
import { halvesOf } from './fit/halves.js';
import { measurePolarisation, verdictOf } from './fit/measured-polarisation.js';
import { type Merge, type MergedSet, mergeOf, mergeOfSome } from './fit/merges.js';
import { placeScales } from './fit/place-scales.js';
import { depolarised } from './fit/polarisation.js';
import { identifiers, type UniqueReflections, uniqueReflections } from './fit/unique.js';
import type { ForecastMemory } from './forecast/memory.js';
import { mergingFeature } from './kernels.js';
import type { ReflectionList } from './lists/hkl.js';
import { checkSpaceGroup } from './lists/merged-mtz.js';
import { alignToReference } from './lists/reference.js';
import { makeResult } from './make-result.js';
import { automatic, type CheckedMerge } from './options.js';
import { groupRemark, joinedPairs } from './reflections/equivalents.js';
import { inSetting } from './reflections/lists-in-group.js';
import type { MergedPolarisation, MergeResult } from './result.js';
import { type AmbiguityOptions, type Assignment, resolveAmbiguity } from './setting/ambiguity.js';
import { isGroupContradicted } from './setting/laue-groups.js';
import { CellEvidence, toldApartRemark } from './setting/metric.js';
import { givenRotations, type Subject, subjectOf } from './setting/subject.js';
import { checkExecutor, type MergeExecutor, sharedFits } from './share.js';

/** Options of running a merge. */
export interface MergeRunOptions {
  /** Cancels the merge with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
  /** Receives the completed fraction, 0 … 1. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Fits the merge and its halves on this executor instead of in this process, such as `await Executor.workers()` of
   * `ewald/executors`; the caller keeps ownership. The result is the same, bit for bit, if the workers use the same
   * backend or another CPU backend.
   */
  readonly executor?: MergeExecutor | undefined;
}

/** The data that have been read from streams. */
export interface Collected {
  readonly observations: Observations;
  readonly heads: readonly { readonly name: string; readonly head: ScannedHead }[];
  readonly counts: ScanCounts;
  /** Numbers of crystals at the ends of the inputs. */
  readonly ends?: readonly number[];
  /** What earlier merges of these data have forecast. */
  readonly memory?: ForecastMemory;
}

/** Maximum number of data sets that the values of a header field may define. */
const maxDatasets = 256;
const partialities = { gaussian: 'gaussian', xsphere: 'xsphere', unity: 'none', mean: 'none' } as const;

const runRows = { ...row.others('onProgress', 'executor'), signal: row.signal } as const;

/** Merges collected observations. Throws `File` if there are none, `Argument` for inconsistent data, `Aborted`. */
export async function runMerge(
  planner: Planner,
  checked: CheckedMerge,
  collected: Collected,
  options: MergeRunOptions,
): Promise<MergeResult> {
  const { executor: given } = checkedOptions('merger.run', options, runRows);
  const executor = checkExecutor(given);
  const report = progressOf('merger.run', options);
  const pause = async (): Promise<void> => {
    await yieldToEventLoop();
    checkSignal(options.signal);
  };
  const step = (done: number): Promise<void> => {
    report(done);
    return pause();
  };
  checkSignal(options.signal);
  const { heads, counts } = collected;
  if (collected.observations.count === 0) throw emptyMergeError(collected.counts, collected.observations);
  const remarks: string[] = [];
  if (counts.truncated > 0) {
    const ended = counted(counts.truncated, 'frame');
    remarks.push(`skipped: ${ended} in which a stream ends; those that followed are missing.`);
  }
  const unusable = unusableTexts(collected);
  remarks.push(...unusable);
  const handed = rightHanded(collected.observations);
  if (handed.remark !== undefined) remarks.push(handed.remark);
  const { observations, ends } = wantedCrystals(checked, { ...collected, ...handed }, remarks);
  const decided = decide(checked, { observations, heads, ends }, remarks);
  const { unique, chosen, radius, subject } = decided;
  const { group } = subject;
  const hands = openHandsText(counts.openHands, group);
  if (hands !== undefined) remarks.push(hands);
  // What forecasts is loaded by merges that want something.
  const wanting = checked.wanted.length > 0 ? await import('./forecast/memory.js') : undefined;
  if (!collected.memory?.isRunning) wanting?.refuseBeyond(checked.wanted, unique, subject);
  await step(0.1);
  const measured: Identified = {
    observations,
    ids: identifiers(observations, unique, chosen),
    unique: unique.count,
    noise: { gain: gainOf(heads, observations, checked.model, remarks), partiality: partialities[checked.model] },
  };
  const { backend, kernel } = await planner.plan(mergingFeature, {
    unique: unique.count,
    ...largestBlock(observations),
  });
  try {
    const beam = await depolarise(kernel, checked.polarisation, measured, subject.part, radius, remarks);
    const data = { ...measured, observations: beam.observations };
    const part = agreeing(checked, data, subject.part);
    const sets = datasetsOf(splitOf(checked, observations), observations, part, remarks);
    const undivided = undividedText(checked, sets, part);
    if (undivided !== undefined) remarks.push(undivided);
    const fit = { checked, selections: withHalves(observations, part), symmetry: group.name, radius };
    const merges = await (executor
      ? fitsElsewhere(executor, data, fit, options.signal, step)
      : fits(kernel, data, fit, step));
    const memory = wanting && (collected.memory ?? new wanting.ForecastMemory(false));
    const early = memory && wanting.firstHalfOf(checked.wanted, part, memory);
    const first = early && { part: early, halves: await fittedHalves(kernel, data, fit, early, pause) };
    // Of the crystals that are not left out, for the frames that a crystal takes.
    const frames = (counts.frames * observations.crystals) / collected.observations.crystals;
    const fitted = { ...decided, data, merges, part, sets, first, ...checked, frames };
    return makeResult(checked, {
      ...decided,
      // Sooner or later, a run that goes on has frames of the other data set.
      isDoubtful:
        decided.isDoubtful ||
        counts.truncated > 0 ||
        counts.miscounted > 0 ||
        hands !== undefined ||
        unusable.length > 0 ||
        (undivided !== undefined && checked.splitBy !== undefined && !collected.memory?.isRunning),
      forecast: memory && ((crystal) => wanting.forecastOf(checked.wanted, { ...fitted, subject: crystal }, memory)),
      subject: { ...subject, part },
      data,
      merges,
      counts: {
        ...addCounts({ ...counts }, rejectedRows(observations.rejected)),
        crystals: observations.crystals,
        reflections: observationsOf(observations, part),
        belowCc: subject.part.filter((on, c) => on !== part[c]).length,
      },
      remarks,
      datasets: await mergedSets(kernel, data, merges, part, sets),
      panels: placeScales(data, merges[0], part),
      polarisation: beam.polarisation,
      backend: backend.name,
      geometry: heads[0]?.head.geometry ?? '',
    });
  } finally {
    await kernel.dispose();
  }
}

/** Share of crystals that cannot be used from which on a merge of the others is doubtful: right streams have none. */
const manyUnusable = 0.1;

/** That many crystals were left out because they contradict themselves or lack what is needed; empty if they are few. */
function unusableTexts({ counts, observations: { crystals } }: Collected): string[] {
  const { otherAxes, offSphere, incomplete } = counts;
  const all = crystals + otherAxes + offSphere + incomplete;
  if (all - crystals < manyUnusable * all) return [];
  const contradictory = otherAxes + offSphere;
  const of = counted(all, 'crystal');
  return [
    ...(contradictory > 0
      ? [`${contradictory} of ${of} contradict themselves: ${contradictionsText(counts)}. They are left out.`]
      : []),
    ...(incomplete > 0
      ? [`${incomplete} of ${of} lack a reciprocal cell or a wavelength above 0, and are left out.`]
      : []),
  ];
}

/** The crystals between `startAfter` and `stopAfter`. */
function wantedCrystals(
  { startAfter, stopAfter = Number.POSITIVE_INFINITY }: CheckedMerge,
  { observations, ends = [] }: Collected,
  remarks: string[],
): Required<Pick<Collected, 'observations' | 'ends'>> {
  const { crystals } = observations;
  const end = Math.min(crystals, startAfter + stopAfter);
  if (startAfter === 0 && end === crystals) return { observations, ends };
  if (startAfter >= crystals)
    throw argumentError(
      '',
      (said) => `${said('startAfter')} is ${startAfter}; there are ${counted(crystals, 'crystal')}`,
    );
  remarks.push(`Crystals ${startAfter + 1} to ${end} of ${crystals} are merged.`);
  return {
    observations: someCrystals(observations, startAfter, end),
    ends: ends.map((one) => Math.min(Math.max(one - startAfter, 0), end - startAfter)),
  };
}

/** Number of observations of the selected crystals. */
const observationsOf = ({ offsets }: Observations, part: Uint8Array): number =>
  part.reduce((sum, on, c) => sum + (on === 1 ? (offsets[c + 1] ?? 0) - (offsets[c] ?? 0) : 0), 0);

/** The selected crystals that agree with the others as far as `minCc` asks. */
function agreeing({ minCc }: CheckedMerge, data: Identified, part: Uint8Array): Uint8Array {
  if (minCc === undefined) return part;
  const kept = correlating(data, part, minCc);
  if (kept.includes(1)) return kept;
  throw argumentError('', (said) => `${said('minCc')} ${minCc} rejects all crystals; expected a smaller correlation`);
}

/** The ways to index between which the merge decides: those that the cell allows, or the given ones. */
function waysOf({ ambiguity, operator }: CheckedMerge, { cell, centring, group }: Subject): readonly Operation[] {
  if (!ambiguity) return [identity];
  if (operator === undefined) return indexingAmbiguities(latticeRotations(cell, centring), group);
  const ways = indexingAmbiguities(givenRotations(operator, cell), group);
  // A point group without further rotations says that there is no ambiguity.
  if (ways.length > 1 || !operator.includes(',')) return ways;
  throw argumentError(
    '',
    (said) => `${said('operator')} is "${operator}", an operation of ${group.name}; expected one that it does not have`,
  );
}

/** Decides what is merged, and how each crystal is indexed. */
function decide(
  checked: CheckedMerge,
  { observations, heads, ends = [] }: Omit<Collected, 'counts'>,
  remarks: string[],
) {
  const repeated = [repeatedFramesRemark(observations, ends), copiedCrystalsRemark(observations)];
  remarks.push(...repeated.flatMap((remark) => remark?.text ?? []));
  const subject = subjectOf(observations, checked, heads, remarks);
  const { cell, centring, group, part } = subject;
  if (checked.spaceGroup) checkSpaceGroup(checked.spaceGroup, group, centring);
  const { starts, seed } = checked;
  const ways = waysOf(checked, subject);
  const unique = uniqueReflections(observations, group, ways);
  const radius = commonRadius(observations, part);
  const { parameters, axes } = observations;
  const isGiven = checked.cell !== undefined;
  const known = numberedCells(heads.map(({ head }) => head.cell));
  const indexed = { parameters, axes, known, part, ways, group, cell, isGiven };
  const cells = ways.length > 1 ? new CellEvidence(indexed) : undefined;
  const { ways: resolved, logOdds } = settingsOf(observations, unique, { starts, seed, radius, part, cells });
  const settings = { ways, group, chosen: resolved, part, cell };
  const chosen = aligned(checked.reference, observations, unique, settings, remarks);
  if (checked.reference) {
    const reference = inSetting(checked.reference, { cell });
    if (!orientedGroup(reference.symmetry, cell))
      remarks.push(
        `The reference is in ${reference.symmetry}, and the cell does not have this symmetry: it is of another crystal, or of ` +
          'other axes.',
      );
    const joined = joinedPairs(reference, group, subject);
    const averaged = joined && groupRemark('The reference', reference, subject, joined);
    if (averaged !== undefined) remarks.push(averaged);
  }
  const isContradicted = checked.symmetry !== automatic && isGroupContradicted(observations, subject, group, remarks);
  const energy = energyDoubt(observations, part);
  if (energy !== undefined) remarks.push(energy);
  if (cells) remarks.push(toldApartRemark({ ways, chosen, logOdds, part, ...cells.counts }));
  const isDoubtful =
    isContradicted ||
    energy !== undefined ||
    repeated.some((remark) => remark?.isDoubtful) ||
    heads.some(({ head }) => head.isCellDoubtful);
  return { subject, ways, unique, radius, chosen, logOdds, isDoubtful };
}

/** What is fitted: the crystals of the whole and of its halves. */
interface Fits {
  readonly checked: CheckedMerge;
  readonly selections: readonly Uint8Array[];
  readonly symmetry: string;
  readonly radius: number;
}

type Step = (done: number) => Promise<void>;
type OfHalves = readonly [Merge, Merge, Merge];

/** Fits one after the other in this process. */
async function fits(
  kernel: MergingKernel,
  data: Identified,
  { checked, selections, radius }: Fits,
  step: Step,
): Promise<OfHalves> {
  const merges: Merge[] = [];
  for (const [n, selected] of selections.entries())
    merges.push(
      await mergeOf(kernel, data, selected, checked, radius, (done) =>
        step(0.1 + 0.9 * ((n + done / Math.max(checked.iterations, 1)) / 3)),
      ),
    );
  return merges as unknown as OfHalves;
}

/** The merges of the halves of some crystals. */
async function fittedHalves(
  kernel: MergingKernel,
  data: Identified,
  { checked, radius }: Fits,
  part: Uint8Array,
  pause: () => Promise<void>,
) {
  const [, ...halves] = withHalves(data.observations, part);
  const merges: Merge[] = [];
  for (const half of halves) merges.push(await mergeOf(kernel, data, half, checked, radius, pause));
  return merges as unknown as readonly [Merge, Merge];
}

/** Fits on the workers of an executor. */
async function fitsElsewhere(
  executor: MergeExecutor,
  data: Identified,
  { checked: { model, iterations }, selections, symmetry, radius }: Fits,
  signal: PlatformSignal | undefined,
  step: Step,
): Promise<OfHalves> {
  const each = selections.map((selected) => ({ selected, symmetry, model, iterations, radius }));
  const merges = await sharedFits<Merge>(executor, data, each, signal, (done) => step(0.1 + (0.9 * done) / 3));
  return merges as unknown as OfHalves;
}

/**
 * Merges the crystals of each data set with the scales of the whole, and its halves with those of either half of the
 * whole: scales that were fitted to both halves would make these alike.
 */
async function mergedSets(
  kernel: MergingKernel,
  data: Identified,
  [whole, ...ofHalves]: OfHalves,
  part: Uint8Array,
  sets: readonly (readonly [string, Uint8Array])[],
): Promise<MergedSet[]> {
  const halves = halvesOf(data.observations, part);
  const datasets: MergedSet[] = [];
  for (const [name, selected] of sets) {
    const some = [await mergeOfSome(kernel, data, whole, selected)];
    for (const [half, merge] of ofHalves.entries()) {
      const own = selected.map((on, c) => (halves[c] === half ? on : 0));
      some.push(await mergeOfSome(kernel, data, merge, own));
    }
    datasets.push({ name, merges: some as unknown as MergedSet['merges'] });
  }
  return datasets;
}

/** That a split has not divided the crystals, in words. */
function undividedText(
  { splitBy }: CheckedMerge,
  sets: readonly (readonly [string, Uint8Array])[],
  part: Uint8Array,
): string | undefined {
  const [first, ...others] = sets;
  if (!first || others.length > 0 || !part.every((on, c) => on === first[1][c])) return undefined;
  const what = splitBy === undefined ? 'The split' : `splitBy (--split-by) ${splitBy}`;
  const how = splitBy?.trim().startsWith('roi:') ? '; choose another level' : '';
  const crystals = part.reduce((sum, on) => sum + on, 0);
  return `${what} divides nothing: all ${counted(crystals, 'crystal')} are in ${first[0]}${how}.`;
}

/** The selected crystals, and those of either half. */
function withHalves(observations: Observations, selected: Uint8Array): Uint8Array[] {
  const halves = halvesOf(observations, selected);
  return [selected, ...[0, 1].map((half) => selected.map((on, c) => (halves[c] === half ? on : 0)))];
}

/** Determines the polarisation of the beam; returns it and the corrected observations. */
async function depolarise(
  kernel: MergingKernel,
  given: CheckedMerge['polarisation'],
  data: Identified,
  part: Uint8Array,
  radius: number,
  remarks: string[],
): Promise<{ observations: Observations; polarisation: MergedPolarisation }> {
  const { observations } = data;
  if (given !== 'auto')
    return {
      observations,
      polarisation: { correction: polarisationText(given), degree: Number.NaN, error: Number.NaN },
    };
  const { wavelengths } = observations;
  if (wavelengths.every(isOfElectrons)) {
    const waveA = median(wavelengths).toPrecision(3);
    remarks.push(`The wavelength, ${waveA} Å, is that of electrons: no polarisation is corrected.`);
    return { observations, polarisation: { correction: 'none', degree: Number.NaN, error: Number.NaN } };
  }
  const noise = { ...data.noise, partiality: 'gaussian' } as const;
  const measured = await measurePolarisation(kernel, { ...data, noise }, part, radius);
  const { correction, decided } = verdictOf(measured);
  const { degree, error } = measured;
  const found = `${degree.toFixed(2)} ± ${error.toFixed(2)} (1 horizontal, −1 vertical, 0 none)`;
  const action =
    correction === 'none'
      ? 'nothing is corrected'
      : `they are corrected for a ${correction === 'horiz' ? 'horizontally' : 'vertically'} polarised beam`;
  remarks.push(
    decided
      ? `The intensities show a degree of polarisation of ${found}: ${action}.`
      : 'The intensities do not say how the beam was polarised; they are corrected for a horizontally ' +
          'polarised one. Set polarisation (--polarisation) where that is wrong.',
  );
  const beam = readPolarisation(correction);
  return {
    observations: beam ? depolarised(observations, beam) : observations,
    polarisation: { correction, ...measured },
  };
}

/** The data set of a crystal: by a function of the frame, or the value of a header field. */
function splitOf(
  { split, splitBy }: CheckedMerge,
  { filenames, events, headerValues }: Observations,
): ((c: number) => string | undefined) | undefined {
  if (split) return (c) => split({ filename: filenames[c] ?? '', event: events[c] ?? '' });
  if (splitBy === undefined) return undefined;
  const sets = new Set(headerValues.filter((value) => value !== ''));
  if (sets.size === 0)
    throw new EwaldError(
      'Argument',
      splitBy.startsWith('roi:')
        ? `no frame states the region of ${splitBy}; index with rois (--roi NAME=…), or name another region`
        : `no frame has the header field ${splitBy}; index with copyHeader (--copy-header ${splitBy}), or name another ` +
            'field',
    );
  if (sets.size > maxDatasets)
    throw new EwaldError(
      'Limit',
      `the header field ${splitBy} has ${sets.size} values, ${maxDatasets} data sets are possible; assign frames by a ` +
        'table instead',
    );
  const names = new Map([...sets].map((value) => [value, fileNameOf(value)]));
  const values = new Map<string, string>();
  for (const [value, name] of names) {
    const other = values.get(name);
    if (other !== undefined)
      throw new EwaldError(
        'Argument',
        `the values "${other}" and "${value}" of ${splitBy} would both be the data set ${name}, since names of files have ` +
          'letters, digits and . + - _; assign frames by a table instead',
      );
    values.set(name, value);
  }
  return (c) => names.get(headerValues[c] ?? '');
}

/** A value as a part of the name of a file. */
const fileNameOf = (value: string): string => value.replace(/[^\w.+-]/g, '_');

/** The crystals of each data set. */
function datasetsOf(
  split: ((c: number) => string | undefined) | undefined,
  observations: Observations,
  part: Uint8Array,
  remarks: string[],
): [string, Uint8Array][] {
  if (!split) return [];
  const sets = new Map<string, Uint8Array>();
  let none = 0;
  for (let c = 0; c < observations.crystals; c++) {
    if (part[c] !== 1) continue;
    const name = split(c);
    if (name === undefined) none++;
    else {
      const selected = sets.get(name) ?? new Uint8Array(observations.crystals);
      selected[c] = 1;
      sets.set(name, selected);
    }
  }
  if (sets.size === 0)
    throw new EwaldError(
      'Argument',
      `the split names no data set for any of ${observations.crystals} crystals; the first is of ` +
        `${observations.filenames[0]} ${observations.events[0]}`,
    );
  if (none > 0) remarks.push(`${none} crystals belong to no data set and are in the common merge alone.`);
  return [...sets].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The way to index of every crystal; with a reference, all are transformed together to the reference's setting. */
function aligned(
  reference: ReflectionList | undefined,
  observations: Observations,
  unique: UniqueReflections,
  settings: Parameters<typeof alignToReference>[2],
  remarks: string[],
): Uint8Array {
  if (!reference) return settings.chosen;
  const { ways, correlations } = alignToReference(observations, unique, settings, reference);
  const [best = Number.NaN, second] = correlations;
  if (!(best > 0.2))
    remarks.push(
      `The reference correlates with the mean of the observations by ${best.toFixed(2)} alone, apart from their ` +
        'common decrease with resolution; is it of this crystal form?',
    );
  else if (second !== undefined && best - second < 0.1)
    remarks.push(
      'The reference hardly tells the ways to index apart: correlations ' +
        `${correlations.map((cc) => cc.toFixed(2)).join(', ')}.`,
    );
  return ways;
}

function settingsOf(
  observations: Observations,
  unique: UniqueReflections,
  options: AmbiguityOptions,
): Pick<Assignment, 'ways' | 'logOdds'> {
  if (unique.tables.length > 1) return resolveAmbiguity(observations, unique, options);
  return {
    ways: new Uint8Array(observations.crystals),
    logOdds: new Float64Array(observations.crystals).fill(Number.POSITIVE_INFINITY),
  };
}

/**
 * What is said of crystals of either hand where mates are apart; where they are merged, both hands have the same
 * reflections.
 */
const openHandsText = (crystals: number, group: PointGroup): string | undefined =>
  crystals === 0 || group.centrosymmetric
    ? undefined
    : `${counted(crystals, 'crystal')} of few spots ${crystals === 1 ? 'leaves its hand' : 'leave their hands'} open, and mates ` +
      `are apart in ${group.name}: h k l of these may be -h -k -l, so that differences of mates mean nothing. Merge in the ` +
      `Laue group ${laueName(group)} for intensities.`;
