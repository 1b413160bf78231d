/**
 * Determines the Laue group of the intensities: for each group of the lattice the ways to index are resolved, and
 * single observations are predicted from equivalent observations of other crystals. In a group that is too low there
 * are fewer equivalents to predict from; one that is too high averages intensities that differ.
 */

import { Random } from '../../compute/random/random.js';
import type { Cell } from '../../crystal/cell.js';
import type { Centring } from '../../crystal/centring.js';
import {
  generateGroup,
  inverse,
  inversion,
  type Operation,
  operationKey,
  product,
  tripletOf,
} from '../../crystal/symmetry/matrices.js';
import {
  laueGroup,
  laueSettings,
  type PointGroup,
  rotationsOf,
  sameGroup,
} from '../../crystal/symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations } from '../../crystal/symmetry/settings.js';
import { EwaldError } from '../../util/errors.js';
import { rejections } from '../collection/counts.js';
import type { Observations } from '../collection/observations.js';
import { commonRadius } from '../fit/fit.js';
import { uniqueReflections } from '../fit/unique.js';
import { Annealing, sampleEvenly } from './annealing.js';
import { normalised } from './normalised.js';

/** A Laue group of the lattice. */
interface LaueCandidate {
  readonly group: PointGroup;
  /** ln of the likelihood of the observations, predicted from other crystals, relative to constant intensities. */
  readonly evidence: number;
  /** Correlation of single observations with the mean of equivalent observations of other crystals. */
  readonly correlation: number;
}

/** Largest number of crystals that are compared, and random starts for each group. */
const [maxCrystals, usualStarts] = [256, 2];
/** The same for the check of a given group, and of -1, whose many ways to index would take longest. */
const [ofCheck, ofLowest] = [
  { most: 80, starts: 1 },
  { most: 40, starts: 1 },
];
/** Below this evidence or with fewer crystals, no group is chosen: two stills prefer any group by chance. */
const [minEvidence, fewestCrystals] = [100, 10];
/**
 * Share of the largest correlation that a group must reach. Observations that are predicted from fewer equivalents are
 * easier to predict, since the settings of crystals are fitted to them: the lowest groups are up to .05 too high. A
 * wrong operation lowers the correlation by a fifth or more.
 */
const [enough, doubtful, ofFit] = [0.9, 0.85, 0.05];

/** The lattice, and the crystals that take part. */
interface Lattice {
  readonly cell: Cell;
  readonly centring: Centring;
  readonly part: Uint8Array;
}

/** The rotations of the lattice, which take a while to find, and the crystals that take part. */
interface Found {
  readonly rotations: readonly Operation[];
  readonly part: Uint8Array;
}

const foundOf = ({ cell, centring, part }: Lattice): Found => ({ rotations: latticeRotations(cell, centring), part });

/** The groups that are compared. */
interface Compared {
  readonly groups: readonly PointGroup[];
  /** Largest number of crystals, and random starts of each group. */
  readonly most?: number;
  readonly starts?: number;
}

/** Laue groups of the lattice, those with the most evidence first. */
function rankLaueGroups(
  observations: Observations,
  { rotations: lattice, part }: Found,
  { groups, most = maxCrystals, starts = usualStarts }: Compared,
): LaueCandidate[] {
  const some = selected(observations, sampleEvenly(part, most));
  const everyone = new Uint8Array(some.crystals).fill(1);
  const radius = commonRadius(some, everyone);
  const candidates = groups.map((group) => {
    const unique = uniqueReflections(some, group, indexingAmbiguities(lattice, group));
    const search = new Annealing(normalised(some, unique, { radius, part: everyone, all: true }), unique);
    const found = Array.from({ length: unique.tables.length > 1 ? starts : 1 }, (_, start) => {
      search.anneal(new Random(0, start), everyone);
      return search.prediction(everyone);
    });
    const [best = { evidence: Number.NEGATIVE_INFINITY, correlation: Number.NaN }] = found.sort(
      (a, b) => b.evidence - a.evidence,
    );
    return { group, ...best };
  });
  return candidates.sort((a, b) => b.evidence - a.evidence);
}

/**
 * The Laue groups of a lattice: those that have a name, in all of their settings, and those without one, such as twofold
 * axes along the diagonals, once up to the rotations of the lattice.
 */
function groupsOf(lattice: readonly Operation[]): PointGroup[] {
  const inLattice = new Set(lattice.map(operationKey));
  const groups: PointGroup[] = [];
  for (const group of laueSettings())
    if (
      rotationsOf(group).every((one) => inLattice.has(operationKey(one))) &&
      !groups.some((one) => sameGroup(one, group))
    )
      groups.push(group);
  const known = new Set(groups.map((group) => classOf(rotationsOf(group), lattice)));
  for (const rotations of subgroupsOf(lattice)) {
    const kind = classOf(rotations, lattice);
    if (known.has(kind)) continue;
    known.add(kind);
    groups.push(unnamedGroup(rotations));
  }
  return groups.sort((a, b) => b.operations.length - a.operations.length);
}

/** All groups that are generated by two of the rotations, which are all subgroups of a lattice's rotations. */
function subgroupsOf(rotations: readonly Operation[]): Operation[][] {
  const found = new Map<string, Operation[]>();
  for (const [i, one] of rotations.entries())
    for (const other of rotations.slice(i)) {
      const group = generateGroup([one, other], 24);
      found.set(keyOf(group), group);
    }
  return [...found.values()];
}

const keyOf = (rotations: readonly Operation[]): string => rotations.map(operationKey).sort().join();

/** A text that two groups share exactly when a rotation of the lattice makes one of them the other. */
function classOf(rotations: readonly Operation[], lattice: readonly Operation[]): string {
  const keys = lattice.map((by) => keyOf(rotations.map((one) => product(product(inverse(by), one), by))));
  return keys.reduce((least, key) => (key < least ? key : least));
}

const typeOfOrder: Readonly<Record<number, string>> = { 2: '2/m', 3: '-3', 4: 'mmm', 6: '-3m' };

/** A Laue group that has no name in these axes. */
function unnamedGroup(rotations: readonly Operation[]): PointGroup {
  const operations = generateGroup([...rotations, inversion]);
  const axes = rotations.slice(1, 3).map(tripletOf).join('; ');
  const type = typeOfOrder[rotations.length] ?? `a group of ${rotations.length} rotations`;
  return { name: `${type} (${axes})`, operations, centrosymmetric: true };
}

const hasName = (group: PointGroup): boolean => !group.name.includes('(');

/** The highest Laue group whose equivalents agree, with a remark on the others. Throws `Argument` for too few data. */
export function likeliestLaueGroup(observations: Observations, subject: Lattice, remarks: string[]): PointGroup {
  const found = foundOf(subject);
  const enoughCrystals = subject.part.filter((on) => on === 1).length >= fewestCrystals;
  // Without a single pair of equivalents, there is no correlation.
  const ranked = enoughCrystals
    ? rankLaueGroups(observations, found, { groups: groupsOf(found.rotations) }).filter(({ correlation }) =>
        Number.isFinite(correlation),
      )
    : [];
  if (!((ranked[0]?.evidence ?? 0) > minEvidence))
    throw new EwaldError(
      'Argument',
      'the observations have too few equivalents to determine the point group; merge more crystals, or name the group',
    );
  const order = ({ group }: LaueCandidate): number => group.operations.length;
  const most = Math.max(...ranked.map(({ correlation }) => correlation));
  const [best, ...others] = ranked.sort(
    (a, b) =>
      Number(b.correlation >= enough * most) - Number(a.correlation >= enough * most) ||
      order(b) - order(a) ||
      b.correlation - a.correlation,
  );
  if (!best) throw new EwaldError('Internal', 'a lattice has no Laue group');
  const text = ({ group, correlation }: LaueCandidate): string => `${group.name} ${correlation.toFixed(2)}`;
  const near = others.filter((other) => order(other) > order(best) && other.correlation >= doubtful * most);
  // Higher groups that do not agree are the most informative.
  const shown = others.sort((a, b) => order(b) - order(a)).slice(0, 4);
  remarks.push(
    `The Laue group is ${best.group.name}: observations correlate with their equivalents by ` +
      `${best.correlation.toFixed(2)}${shown.length > 0 ? ` (${shown.map(text).join(', ')})` : ''}.` +
      `${near.length > 0 ? ` ${near[0]?.group.name} is not excluded; name the group if you know it.` : ''}`,
  );
  if (hasName(best.group)) return best.group;
  const operations = new Set(best.group.operations.map(operationKey));
  const part = ranked
    .map(({ group }) => group)
    .filter((group) => hasName(group) && group.operations.every((one) => operations.has(operationKey(one))))
    .reduce((most, group) =>
      order({ group } as LaueCandidate) > order({ group: most } as LaueCandidate) ? group : most,
    );
  remarks.push(
    `${best.group.name} has no name in these axes: the data are merged in ${part.name}, which is a part of it. Index ` +
      'with a cell along its axes to merge in all of it (ewald cell names the lattices of the frames).',
  );
  return part;
}

/**
 * A remark if observations agree much better with their equivalents in a subgroup than in the given point group. A
 * group that is too high averages different intensities, which no statistic of the merge shows clearly.
 */
export function doubtOfGroup(observations: Observations, lattice: Lattice, group: PointGroup): string | undefined {
  const given = laueGroup(group);
  if (rotationsOf(given).length === 1 || lattice.part.filter((on) => on === 1).length < fewestCrystals)
    return undefined;
  const subject = foundOf(lattice);
  const parts = partsOf(given, subject.rotations);
  const order = (group: PointGroup): number => group.operations.length;
  const rank = (isWanted: (size: number) => boolean, how = ofCheck): LaueCandidate[] =>
    rankLaueGroups(observations, subject, { groups: parts.filter((one) => isWanted(order(one))), ...how });
  // The group itself, the largest parts, of which all others are parts, and -1.
  const large = order(given) / 3;
  const first = [...rank((size) => size >= large), ...(large > 2 ? rank((size) => size === 2, ofLowest) : [])];
  const own = first.find(({ group }) => group === given);
  const most = Math.max(
    ...first.filter(({ evidence }) => evidence > minEvidence).map(({ correlation }) => correlation),
    Number.NEGATIVE_INFINITY,
  );
  if (!own || !(own.correlation < Math.min(doubtful * most, most - ofFit))) return undefined;
  const others = rank((size) => size > 2 && size < large, { most: 128, starts: 2 * usualStarts });
  const agreed = enough * Math.max(most, ...others.map(({ correlation }) => correlation).filter(Number.isFinite));
  // Of those that agree, the highest one.
  const [best] = [...first, ...others]
    .filter(({ group, correlation }) => group !== given && correlation >= agreed)
    .sort((a, b) => order(b.group) - order(a.group) || b.correlation - a.correlation);
  if (!best) return undefined;
  const advice = hasName(best.group)
    ? `Merge in ${best.group.name}, or let the group be found: auto also tries groups that are no part of ${group.name}.`
    : `${best.group.name} has no name in these axes: merge in auto, which names a part of it, or index with a cell along its axes.`;
  return (
    `The intensities contradict the point group ${group.name}: observations correlate with their equivalents by ` +
    `${own.correlation.toFixed(2)}, and by ${best.correlation.toFixed(2)} in ${best.group.name}. ${advice}`
  );
}

/** A Laue group and all of its subgroups, one of those that a rotation of the lattice makes each other. */
function partsOf(given: PointGroup, lattice: readonly Operation[]): PointGroup[] {
  const named = laueSettings();
  const parts = subgroupsOf(rotationsOf(given)).map((rotations) => {
    const unnamed = unnamedGroup(rotations);
    return named.find((group) => sameGroup(group, unnamed)) ?? unnamed;
  });
  const seen = new Set([classOf(rotationsOf(given), lattice)]);
  return [
    given,
    ...parts
      .sort((a, b) => Number(hasName(b)) - Number(hasName(a)))
      .filter((group) => {
        const kind = classOf(rotationsOf(group), lattice);
        if (seen.has(kind)) return false;
        seen.add(kind);
        return true;
      }),
  ];
}

/** The observations of some of the crystals. */
function selected(observations: Observations, mask: Uint8Array): Observations {
  const { offsets } = observations;
  const members = [...mask.keys()].filter((c) => mask[c] === 1);
  const ends = [0];
  for (const c of members)
    ends.push((ends[ends.length - 1] ?? 0) + (offsets[c + 1] as number) - (offsets[c] as number));
  const count = ends[ends.length - 1] ?? 0;
  const rows = <T extends { set(values: T, at: number): void; subarray(from: number, to: number): T }>(
    column: T,
    out: T,
  ): T => {
    for (const [n, c] of members.entries())
      out.set(column.subarray(offsets[c] as number, offsets[c + 1] as number), ends[n] ?? 0);
    return out;
  };
  const each = (column: Float64Array, width = 1): Float64Array =>
    Float64Array.from(members.flatMap((c) => [...column.subarray(width * c, width * (c + 1))]));
  return {
    count,
    crystals: members.length,
    h: rows(observations.h, new Int16Array(count)),
    k: rows(observations.k, new Int16Array(count)),
    l: rows(observations.l, new Int16Array(count)),
    intensity: rows(observations.intensity, new Float32Array(count)),
    sigma: rows(observations.sigma, new Float32Array(count)),
    offsets: Uint32Array.from(ends),
    reciprocal: each(observations.reciprocal, 9),
    parameters: each(observations.parameters, 6),
    wavelengths: each(observations.wavelengths),
    bandwidths: each(observations.bandwidths),
    limits: each(observations.limits),
    profileRadii: each(observations.profileRadii),
    axes: Uint32Array.from(members, (c) => observations.axes[c] ?? 0),
    rejected: new Uint32Array(rejections.length * members.length),
    filenames: members.map((c) => observations.filenames[c] ?? ''),
    events: members.map((c) => observations.events[c] ?? ''),
    headerValues: members.map((c) => observations.headerValues[c] ?? ''),
  };
}
