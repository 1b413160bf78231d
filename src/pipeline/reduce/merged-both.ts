/**
 * The mean intensities of reflections both ways, by resolution and by thirds of intensity: what a selection of
 * observations does to them, each of which is exact by itself.
 */
import type { Cell } from '../../crystal/cell.js';
import { representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { laueSettings, type PointGroup, rotationsOf } from '../../crystal/symmetry/point-group.js';
import { strainOf } from '../../crystal/symmetry/settings.js';
import { isMissing, type Known, meanOfFrames, type Pair, shellOf } from './pairs.js';

/** The differences of the weak, the middle and the strong third of a shell, relative to its mean intensity. */
export type ThirdsOfShell = readonly [weak: Known, middle: Known, strong: Known];

/** The merges of the same frames. */
export interface MergedBoth {
  readonly unique: number;
  readonly uniqueLost: number;
  readonly shells: readonly ThirdsOfShell[];
}

/** The symmetry of a lattice, which an ambiguity of indexing does not disturb: both ways mix the same reflections. */
export function latticeGroup(cell: Cell): PointGroup {
  const fits = (group: PointGroup): boolean =>
    rotationsOf(group).every((rotation) => strainOf(rotation, cell, { lengths: 1e-3, anglesDeg: 0.1 }) <= 1);
  return laueSettings().find(fits) as PointGroup;
}

/** A reflection: sums of intensities and partialities in the frames of each parity, and its observations. */
interface Reflection {
  readonly sum: [number, number];
  readonly partiality: [number, number];
  readonly pairs: Pair[];
}

/**
 * How the merged intensities of the pairs change; `edges`: 1/d between shells. An observation that is there changes them
 * by its own change. One that is missing does by how far it was from what the other half of the frames makes it: if those
 * are missing that were too high or too low, the rest is biased. The same half makes the classes, since noise that both
 * classes and changes have would look like a bias.
 */
export function mergedBoth(pairs: readonly Pair[], cell: Cell, edges: readonly number[]): MergedBoth {
  const group = latticeGroup(cell);
  const reflections = new Map<string, Reflection>();
  for (const pair of pairs) {
    const key = representative([...pair.indices], group).join();
    const known = reflections.get(key) ?? { sum: [0, 0], partiality: [0, 0], pairs: [] };
    reflections.set(key, known);
    const parity = parityOf(pair);
    known.sum[parity] += pair.intensity;
    known.partiality[parity] += pair.partiality;
    known.pairs.push(pair);
  }
  const all = [...reflections.values()];
  const expected = new Map<Pair, number>();
  for (const { sum, partiality, pairs: own } of all)
    for (const pair of own) {
      const other = (1 - parityOf(pair)) as 0 | 1;
      if (partiality[other] > 0) expected.set(pair, (pair.partiality * sum[other]) / partiality[other]);
    }
  correct(expected);
  const shells = Array.from({ length: edges.length + 1 }, () => [] as Pair[]);
  for (const pair of expected.keys()) shells[shellOf(pair, edges)]?.push(pair);
  return {
    unique: all.length,
    uniqueLost: all.filter(({ pairs: own }) => own.every(isMissing)).length,
    shells: shells.map((some) => thirdsOf(some, expected)),
  };
}

const parityOf = ({ frame }: Pair): 0 | 1 => (frame % 2) as 0 | 1;

/** Classes of partiality, of which the edges of a prediction, that move, have the lowest. */
const partialityClasses = 32;

/** Corrects what is expected by the size of each crystal, and by what its partialities turn out to be. */
function correct(expected: Map<Pair, number>): void {
  const byPartiality = ({ partiality }: Pair): number => Math.floor(partialityClasses * Math.min(partiality, 0.999));
  for (const classOf of [({ frame }: Pair): number => frame, byPartiality]) {
    const sums = new Map<number, [number, number]>();
    for (const [pair, other] of expected) {
      const sum = sums.get(classOf(pair)) ?? [0, 0];
      sums.set(classOf(pair), [sum[0] + pair.intensity, sum[1] + other]);
    }
    for (const [pair, other] of expected) {
      const [own, others] = sums.get(classOf(pair)) as [number, number];
      expected.set(pair, others > 0 ? other * Math.max(0, own / others) : other);
    }
  }
}

/** The changes of a shell by thirds of the intensity that the other half expects. */
function thirdsOf(pairs: readonly Pair[], expected: ReadonlyMap<Pair, number>): ThirdsOfShell {
  const of = (pair: Pair): number => expected.get(pair) as number;
  // By the intensity of the whole reflection, not by what is recorded of it.
  const sorted = [...pairs].sort((a, b) => of(a) / a.partiality - of(b) / b.partiality);
  const mean = pairs.reduce((sum, { intensity }) => sum + intensity, 0) / Math.max(1, pairs.length);
  const third = (i: number): Known => {
    const some = sorted.slice(Math.floor((i * sorted.length) / 3), Math.floor(((i + 1) * sorted.length) / 3));
    const change = (pair: Pair): number => (isMissing(pair) ? of(pair) : pair.intensityAfter) - pair.intensity;
    const { value, error } = meanOfFrames(some, change);
    return { value: value / Math.abs(mean), error: error / Math.abs(mean) };
  };
  return [third(0), third(1), third(2)];
}
