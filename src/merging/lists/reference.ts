/** A list of known intensities, which determines the setting of a merge and is used to judge its quality. */

import { type Cell, norm, reciprocal, type Vector } from '../../crystal/cell.js';
import { type Indices, representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { inverse, type Operation, operationKey, product } from '../../crystal/symmetry/matrices.js';
import { laueGroup, type PointGroup, pointGroup, rotationsOf } from '../../crystal/symmetry/point-group.js';
import { correlation } from '../../util/correlation.js';
import type { Observations } from '../collection/observations.js';
import { plainSums } from '../fit/accumulate.js';
import { identifiers, type UniqueReflections } from '../fit/unique.js';
import type { ReflectionList } from './hkl.js';

/** Intensities of a reference by representative in a point group: means of those that the group makes equivalent. */
export function referenceBy(reference: ReflectionList, group: PointGroup): Map<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  const { operations } = pointGroup(reference.symmetry);
  for (let i = 0; i < reference.count; i++) {
    const indices: Indices = [
      reference.indices[3 * i] ?? 0,
      reference.indices[3 * i + 1] ?? 0,
      reference.indices[3 * i + 2] ?? 0,
    ];
    const places = new Set(
      operations.map((operation) => representative(transformed(indices, operation), group).join()),
    );
    for (const place of places) {
      const { sum, count } = sums.get(place) ?? { sum: 0, count: 0 };
      sums.set(place, { sum: sum + (reference.intensity[i] ?? 0), count: count + 1 });
    }
  }
  return new Map([...sums].map(([place, { sum, count }]) => [place, sum / count]));
}

const atIndices = ([a, b, c]: Cell, [h, k, l]: Indices): Vector => [
  h * a[0] + k * b[0] + l * c[0],
  h * a[1] + k * b[1] + l * c[1],
  h * a[2] + k * b[2] + l * c[2],
];

/** Reflections per shell in which intensities are divided by their mean. */
const shellSize = 50;

/** A shell tells something if its mean is larger than so many of its standard errors. */
const fewestErrors = 2;

/**
 * Shells of values in this order of resolution, with the mean of each list. Shells of which one list has no mean, such as
 * those beyond the edge of the data, are left out: divided by next to nothing, they would decide.
 */
export function knownShells(
  lists: readonly (readonly number[])[],
  order: readonly number[],
): { readonly places: readonly number[]; readonly means: readonly number[] }[] {
  const shells = Math.max(1, Math.floor(order.length / shellSize));
  return Array.from({ length: shells }, (_, shell) => {
    const [from, to] = [shell, shell + 1].map((n) => Math.floor((n * order.length) / shells));
    const places = order.slice(from, to);
    const means = lists.map((own) => places.reduce((sum, i) => sum + (own[i] ?? Number.NaN), 0) / places.length);
    return { places, means };
  }).filter(({ places, means }) =>
    lists.every((own, n) => {
      const mean = means[n] as number;
      const variance = places.reduce((sum, i) => sum + ((own[i] ?? Number.NaN) - mean) ** 2, 0) / places.length;
      return mean > fewestErrors * Math.sqrt(variance / places.length);
    }),
  );
}

/**
 * Two lists in units of their means in shells, less one: the decrease with resolution, which any two crystals have in
 * common, does not count.
 */
export const relativeIn = (shells: ReturnType<typeof knownShells>, lists: readonly (readonly number[])[]): number[][] =>
  lists.map((own, n) =>
    shells.flatMap(({ places, means }) => places.map((i) => (own[i] ?? Number.NaN) / (means[n] as number) - 1)),
  );

/** The ways to index as determined by a reference. */
export interface Alignment {
  /** Way to index of each crystal, such that the merge is indexed like the reference. */
  readonly ways: Uint8Array;
  /** Correlation of the plain mean with the reference for each way to index the whole merge, the chosen one first. */
  readonly correlations: readonly number[];
}

/** Chooses the setting of a whole merge, whose crystals are already consistent with each other, by a reference. */
export function alignToReference(
  observations: Observations,
  unique: UniqueReflections,
  {
    ways,
    group,
    chosen,
    part,
    cell,
  }: { ways: readonly Operation[]; group: PointGroup; chosen: Uint8Array; part: Uint8Array; cell: Cell },
  reference: ReflectionList,
): Alignment {
  const known = referenceBy(reference, group);
  const ids = identifiers(observations, unique, chosen);
  const data = { observations, ids, unique: unique.count, noise: { gain: 1, partiality: 'none' } } as const;
  const { counts, mean } = plainSums(data, part);
  const stars = reciprocal(cell);
  const scored = ways.map((way) => {
    const [mine, theirs, resolutions]: [number[], number[], number[]] = [[], [], []];
    for (let id = 0; id < unique.count; id++) {
      if ((counts[id] as number) === 0) continue;
      const indices = unique.indices.subarray(3 * id, 3 * id + 3) as unknown as Indices;
      const value = known.get(representative(transformed([indices[0], indices[1], indices[2]], way), group).join());
      if (value === undefined) continue;
      mine.push(mean[id] as number);
      theirs.push(value);
      resolutions.push(norm(atIndices(stars, indices)));
    }
    const order = [...mine.keys()].sort((a, b) => (resolutions[a] ?? 0) - (resolutions[b] ?? 0));
    const [ofMine = [], ofTheirs = []] = relativeIn(knownShells([mine, theirs], order), [mine, theirs]);
    return { way, value: correlation(ofMine, ofTheirs) };
  });
  const ranked = [...scored].sort((a, b) => (b.value || -1) - (a.value || -1));
  const best = ranked[0]?.way;
  const inside = new Set(rotationsOf(laueGroup(group)).map(operationKey));
  const moved = ways.map((way) =>
    best === undefined
      ? 0
      : ways.findIndex((other) => inside.has(operationKey(product(inverse(other), product(way, best))))),
  );
  return { ways: chosen.map((way) => moved[way] ?? way), correlations: ranked.map(({ value }) => value) };
}
