/** From a merge to the answers to what is wanted of it: its sums by groups, the reflections it lacks, its changes. */

import { type Cell, lengthsOf } from '../../crystal/cell.js';
import { crystalSymmetry } from '../../crystal/space-groups/crystal.js';
import { compareIndices, type Indices, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import type { Operation } from '../../crystal/symmetry/matrices.js';
import type { PointGroup } from '../../crystal/symmetry/point-group.js';
import { argumentError } from '../../options/parameters.js';
import type { Identified } from '../fit/accumulate.js';
import type { Merge } from '../fit/merges.js';
import type { UniqueReflections } from '../fit/unique.js';
import { inverseOf, scaleOnto } from '../lists/merged-lists.js';
import { repeatedCells, settledCell } from '../setting/cells.js';
import type { Subject } from '../setting/subject.js';
import { inverseD, type ListSubject, possibleIndices } from '../statistics/statistics.js';
import { answersOf, beyondText, shellForecast, unjudgedText, type WantedAnswer } from './answers.js';
import { Backtest } from './backtest.js';
import type { Goal } from './goals.js';
import { type Grouped, groupSums } from './group-sums.js';
import { cellDifference } from './same-cells.js';
import { HalfSums } from './shells.js';
import { driftText } from './stationarity.js';

/** What is remembered from one merge of a merger to the next. */
export class ForecastMemory {
  readonly backtest = new Backtest();
  /** Whether a first half was asked what it says of all crystals; later merges have what earlier ones said. */
  isHalfAsked = false;
  /** Whether goals beyond the data are answered in words instead of refused: more crystals may reach farther. */
  readonly isRunning: boolean;

  constructor(isRunning: boolean) {
    this.isRunning = isRunning;
  }
}

/** What is merged, with the space group that is stated and that the data do not contradict. */
export type StatedSubject = Subject & Pick<ListSubject, 'stated'>;

/** A merge that has been fitted. */
export interface FittedMerge {
  readonly data: Identified;
  readonly subject: StatedSubject;
  readonly unique: UniqueReflections;
  /** The merge of all crystals, and those of its halves. */
  readonly merges: readonly [Merge, Merge, Merge];
  readonly chosen: Uint8Array;
  readonly ways: readonly Operation[];
  /** Crystals that are merged, and those of each data set. */
  readonly part: Uint8Array;
  readonly sets: readonly (readonly [string, Uint8Array])[];
  readonly frames: number;
  readonly shells: number;
  readonly lowres: number | undefined;
  /** The first half of the crystals, and the merges of its own halves: what is asked what it says of all of them. */
  readonly first: FirstHalf | undefined;
}

/** The first half of the crystals as a merge of it alone would have it. */
export interface FirstHalf {
  readonly part: Uint8Array;
  readonly halves: readonly [Merge, Merge];
}

/** Fewest crystals whose first half is asked what it says of all of them. */
const fewestForHalf = 60;

/**
 * The crystals that are asked what they say of all: the first half of them, if a goal was never asked before. They are
 * fitted for that, since scales that know the later crystals make a merge of the first ones look better than it was.
 */
export function firstHalfOf(goals: readonly Goal[], part: Uint8Array, memory: ForecastMemory) {
  const crystals = part.reduce((sum, on) => sum + on, 0);
  const isAsked = goals.some(({ dMin, text }) => dMin !== undefined && memory.backtest.isEmpty(text));
  if (!isAsked || memory.isHalfAsked || crystals < fewestForHalf) return undefined;
  memory.isHalfAsked = true;
  return firstOf(part, crystals >> 1);
}

/** Refuses goals beyond the data, before anything is fitted. Throws `Argument`. */
export function refuseBeyond(goals: readonly Goal[], unique: UniqueReflections, subject: Subject): void {
  const highQ = largest(measuredQ(unique, subject));
  for (const goal of goals) {
    const text = beyondText(goal, highQ);
    if (text !== undefined) throw argumentError('merge', (said) => `${said('wanted')} ${goal.text}: ${text}`);
  }
}

/** Answers what is wanted of a merge. */
export function forecastOf(goals: readonly Goal[], merge: FittedMerge, memory: ForecastMemory): WantedAnswer[] {
  const { data, subject, unique, part, sets, frames, shells, lowres } = merge;
  const measured = measuredQ(unique, subject);
  const highQ = largest(measured);
  const lowQ = lowres === undefined ? smallest(measured) * (1 - 1e-9) : 1 / lowres;
  const { q, orbits } = withUnseen(measured, unique, subject, goals, lowQ);
  const wantsDifference = goals.some(({ kind }) => kind === 'difference');
  const states = wantsDifference ? statesOf(merge) : '';
  const selections = typeof states === 'string' ? [part] : withOthers(part, sets);
  const common = { q, outerQ: highQ * Math.cbrt(0.5) };
  const inputOf = ({ sums, sample }: Grouped) => ({
    data: { crystals: sums.reduce((sum, { crystals }) => sum + crystals, 0), q, orbits, sums, sample },
    lowQ,
    shells,
  });
  const { backtest } = memory;
  const atS = performance.now() / 1000;
  const ofShells = goals.filter(({ dMin, text }) => dMin !== undefined && 1 / dMin <= highQ && backtest.isEmpty(text));
  if (ofShells.length > 0 && merge.first) {
    const { part: own, halves: ofOwn } = merge.first;
    const early = inputOf(groupSums(data, { ...common, part: own, states: [own], halves: halvesOnto(merge, ofOwn) }));
    const halves = new HalfSums(early.data);
    for (const goal of ofShells) {
      const { forecast, now } = shellForecast(early, goal, halves);
      if (unjudgedText(goal.kind, now, forecast) === undefined)
        backtest.say(goal.text, forecast, early.data.crystals, atS);
    }
  }
  const [, ...ofAll] = merge.merges;
  const grouped = groupSums(data, { ...common, part, states: selections, halves: halvesOnto(merge, ofAll) });
  return answersOf(goals, {
    ...inputOf(grouped),
    highQ,
    framesPerCrystal: frames / data.observations.crystals,
    drift: driftText(grouped.outer, fittedLengths(merge)),
    states,
    backtest,
    atS,
  });
}

/** The halves with what brings them onto the scale and the relative B of the whole. */
function halvesOnto({ merges: [whole], unique, subject }: FittedMerge, halves: readonly [Merge, Merge]) {
  const onto = { whole, inverse: inverseOf(unique, subject.cell), least: 2, factor: 1 };
  return halves.map((merge) => {
    const factor = scaleOnto(merge, onto);
    return { merge, factor: Float64Array.from({ length: unique.count }, (_, id) => factor(id)) };
  }) as unknown as Parameters<typeof groupSums>[1]['halves'];
}

const largest = (values: Float64Array): number => values.reduce((most, x) => (x > most ? x : most), 0);
const smallest = (values: Float64Array): number =>
  values.reduce((least, x) => (x < least ? x : least), Number.POSITIVE_INFINITY);

const indicesAt = ({ indices }: UniqueReflections, id: number): Indices => [
  indices[3 * id] ?? 0,
  indices[3 * id + 1] ?? 0,
  indices[3 * id + 2] ?? 0,
];

/** 1/d of the unique reflections; NaN for those that the centring or the stated space group leaves out. */
function measuredQ(unique: UniqueReflections, subject: StatedSubject): Float64Array {
  const { isAbsent } = crystalSymmetry(subject);
  return inverseOf(unique, subject.cell).map((q, id) => (isAbsent(indicesAt(unique, id)) ? Number.NaN : q));
}

/** The share of a general reflection's observations: one over the number of operations that leave it as it is. */
const orbitOf = (indices: Indices, { operations }: PointGroup): number =>
  1 / operations.filter((operation) => compareIndices(transformed(indices, operation), indices) === 0).length;

/** The unique reflections, followed by those within the goals' resolution that no crystal has shown. */
function withUnseen(
  measured: Float64Array,
  unique: UniqueReflections,
  subject: StatedSubject,
  goals: readonly Goal[],
  lowQ: number,
): { q: Float64Array; orbits: Float64Array } {
  const inverse = inverseD(subject.cell);
  const seen = new Set<string>();
  for (let id = 0; id < unique.count; id++) seen.add(indicesAt(unique, id).join());
  const q = [...measured];
  const orbits = Array.from({ length: unique.count }, (_, id) => orbitOf(indicesAt(unique, id), subject.group));
  const high = Math.min(largest(measured), Math.max(...goals.map(({ dMin }) => (dMin === undefined ? 0 : 1 / dMin))));
  for (const indices of possibleIndices(subject, high)) {
    const own = inverse(indices);
    if (!(own >= lowQ && own <= high) || seen.has(indices.join())) continue;
    q.push(own);
    orbits.push(orbitOf(indices, subject.group));
  }
  return { q: Float64Array.from(q), orbits: Float64Array.from(orbits) };
}

/** The first of the selected crystals. */
function firstOf(part: Uint8Array, count: number): Uint8Array {
  let left = count;
  return part.map((on) => (on === 1 && left-- > 0 ? 1 : 0));
}

/** The crystals of two data sets, and those of neither. */
function withOthers(part: Uint8Array, sets: FittedMerge['sets']): Uint8Array[] {
  const selections = sets.map(([, selected]) => selected);
  const others = part.map((on, c) => (on === 1 && selections.every((selected) => selected[c] === 0) ? 1 : 0));
  return others.includes(1) ? [...selections, others] : selections;
}

/** a, b and c of the crystals whose cell was fitted, in the setting of the merge and in the order of the crystals. */
function fittedLengths(merge: FittedMerge): Float64Array[] {
  const lengths = fittedCells(merge, merge.part).map(lengthsOf);
  return [0, 1, 2].map((axis) => Float64Array.from(lengths, (own) => own[axis] ?? Number.NaN));
}

function fittedCells({ data, chosen, ways }: FittedMerge, selected: Uint8Array): Cell[] {
  const { parameters, crystals } = data.observations;
  const own = Array.from({ length: crystals }, (_, c) => c).filter((c) => selected[c] === 1);
  const isRepeated = repeatedCells(parameters, own);
  return own
    .filter((_, n) => !isRepeated[n])
    .map((c) => settledCell(parameters.subarray(6 * c, 6 * c + 6), ways[chosen[c] ?? 0]));
}

/** The two data sets whose difference is wanted; why they cannot be compared otherwise. */
function statesOf(merge: FittedMerge): readonly [string, string] | string {
  const { sets } = merge;
  const [first, second] = sets;
  if (!first || !second || sets.length > 2)
    return (
      `a difference is that of two data sets; there ${sets.length === 1 ? 'is' : 'are'} ${sets.length || 'none'}` +
      `${sets.length > 0 ? ` (${sets.map(([name]) => name).join(', ')})` : ', name their header field (splitBy, --split-by)'}`
    );
  const cells = [first, second].map(([, selected]) => fittedCells(merge, selected)) as [Cell[], Cell[]];
  const difference = cellDifference(...cells, merge.subject.group.operations);
  if (difference !== undefined)
    return (
      `the cells of ${first[0]} and ${second[0]} differ: ${difference}; another cell changes all intensities, which is ` +
      'not the difference that is sought'
    );
  return [first[0], second[0]];
}
