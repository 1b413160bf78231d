/**
 * Determines the Laue group of the intensities: for each group of the lattice the ways to index are resolved, and
 * single observations are predicted from equivalent observations of other crystals. In a group that is too low there
 * are fewer equivalents to predict from; one that is too high averages intensities that differ.
 */

import type { Cell } from '../../crystal/cell.js';
import type { Centring } from '../../crystal/centring.js';
import {
  generateGroup,
  identity,
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
import { latticeRotations } from '../../crystal/symmetry/settings.js';
import { EwaldError } from '../../util/errors.js';
import type { Observations } from '../collection/observations.js';
import { type Agreement, agreementIn, errorsBeyondChance, sampleOf } from './agreement.js';

/** A Laue group of the lattice. */
interface LaueCandidate extends Agreement {
  readonly group: PointGroup;
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
/** Largest number of crystals of the last word on a given group, and its random starts. */
const [mostJudged, startsJudged] = [128, 4];
/** A part contradicts a group beyond so many errors of chance; from the smaller number on, a longer search is worth it. */
const [beyond, worthMore] = [5, 1];
/** Random starts of the longer search, which takes a few seconds at most: 24 for 1700 observations and 12 ways. */
const startsWithin = (size: number): number => Math.max(startsJudged, Math.min(24, Math.round(5e5 / size)));

/**
 * Observations a crystal with fewer of which the settings that are fitted to them decide the correlations; observations that
 * are asked then, as many as a few seconds allow; errors of chance beyond which a part is taken instead of a group, .6 at most
 * in right ones and 1.2 or more in most that are too high (small cells of 150 and 600 crystals); and the share of the correlation
 * of half of its operations that a group keeps: right ones .88 and more, wrong ones .86 and less.
 */
const [fewObservations, mostAsked, tooHigh, ofChance] = [100, 4000, 1, 0.87];

/** The lattice, and the crystals that take part. */
interface Lattice {
  readonly cell: Cell;
  readonly centring: Centring;
  readonly part: Uint8Array;
}

/** The rotations of the lattice, which take a while to find, and the crystals that take part. */
interface LatticeRotations {
  readonly rotations: readonly Operation[];
  readonly part: Uint8Array;
}

const foundOf = ({ cell, centring, part }: Lattice): LatticeRotations => ({
  rotations: latticeRotations(cell, centring),
  part,
});

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
  { rotations: lattice, part }: LatticeRotations,
  { groups, most = maxCrystals, starts = usualStarts }: Compared,
): LaueCandidate[] {
  const sample = sampleOf(observations, part, most);
  const candidates = groups.map((group) => ({ group, ...agreementIn(sample, { group, lattice, starts }) }));
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
      rotationsOf(group).every((rotation) => inLattice.has(operationKey(rotation))) &&
      !groups.some((pointGroup) => sameGroup(pointGroup, group))
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
  const keys = lattice.map((by) => keyOf(rotations.map((rotation) => product(product(inverse(by), rotation), by))));
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
  const sorted = ranked.sort(
    (a, b) =>
      Number(b.correlation >= enough * most) - Number(a.correlation >= enough * most) ||
      order(b) - order(a) ||
      b.correlation - a.correlation,
  );
  const [agreed] = sorted;
  if (!agreed) throw new EwaldError('Internal', 'a lattice has no Laue group');
  const best = highestByChance(observations, found, ranked, agreed);
  const others = sorted.filter((laueCandidate) => laueCandidate !== best);
  const text = ({ group, correlation }: LaueCandidate): string => `${group.name} ${correlation.toFixed(2)}`;
  const near = others.filter((other) => order(other) > order(best) && other.correlation >= doubtful * most);
  // Higher groups that do not agree are the most informative.
  const shown = others.sort((a, b) => order(b) - order(a)).slice(0, 4);
  remarks.push(
    `The Laue group is ${best.group.name}: observations correlate with their equivalents by ` +
      `${best.correlation.toFixed(2)}${shown.length > 0 ? ` (${shown.map(text).join(', ')})` : ''}.` +
      `${near.length > 0 ? ` ${near[0]?.group.name} is not excluded; name the group if you know it.` : ''}` +
      (best === agreed || best.correlation >= enough * most
        ? ''
        : ' With so few observations a crystal, chance raises the correlation of its parts by as much; name the group if you know it.'),
  );
  if (hasName(best.group)) return best.group;
  const operations = new Set(best.group.operations.map(operationKey));
  const part = ranked
    .map(({ group }) => group)
    .filter((group) => hasName(group) && group.operations.every((operation) => operations.has(operationKey(operation))))
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
 * The highest group in none of whose parts observations agree better than by chance, if it is higher than the one that was
 * `agreed` on; that one where crystals have observations enough. The settings of crystals are fitted to their observations, so that in lower groups, with
 * more settings, a few observations agree by .1 to .3 more whatever the intensities are.
 */
function highestByChance(
  observations: Observations,
  { rotations, part }: LatticeRotations,
  ranked: readonly LaueCandidate[],
  agreed: LaueCandidate,
): LaueCandidate {
  const crystals = part.filter((on) => on === 1).length;
  const each = observations.count / observations.crystals;
  const order = ({ operations }: PointGroup): number => operations.length;
  const highest = Math.max(...ranked.map(({ group }) => order(group)));
  if (each >= fewObservations || order(agreed.group) === highest) return agreed;
  const sample = sampleOf(observations, part, Math.min(crystals, Math.ceil(mostAsked / each)));
  const lowest = unnamedGroup([identity]);
  const isTooHigh = (given: PointGroup, group: PointGroup): boolean =>
    errorsBeyondChance(sample, { group, given, lattice: rotations, starts: startsJudged }) > tooHigh;
  const known = new Map<string, boolean>();
  /** Whether one rotation alone makes equivalent what is not: where many are wrong, no part of them agrees. */
  const isWrong = (rotation: Operation): boolean => {
    const own = generateGroup([rotation], 24);
    const kind = classOf(own, rotations);
    const wrong = known.get(kind) ?? isTooHigh(unnamedGroup(own), lowest);
    known.set(kind, wrong);
    return wrong;
  };
  const correlations = new Map(
    ranked.map(({ group, correlation }) => [classOf(rotationsOf(group), rotations), correlation]),
  );
  /** Whether a group loses more of the correlation of a part than chance explains; a third of its operations is two steps. */
  const losesMore = ({ group, correlation }: LaueCandidate, pointGroup: PointGroup): boolean =>
    correlation <
    ofChance ** Math.log2(order(group) / order(pointGroup)) *
      (correlations.get(classOf(rotationsOf(pointGroup), rotations)) ?? 0);
  const down = ranked
    .filter(({ group }) => order(group) > order(agreed.group))
    .sort((a, b) => order(b.group) - order(a.group) || b.correlation - a.correlation);
  return (
    down.find((candidate) => {
      const parts = largestParts(candidate.group, rotations);
      return (
        !parts.some((pointGroup) => losesMore(candidate, pointGroup)) &&
        !rotationsOf(candidate.group).slice(1).some(isWrong) &&
        !parts.some((pointGroup) => isTooHigh(candidate.group, pointGroup))
      );
    }) ?? agreed
  );
}

/** The parts of a group that are no parts of other ones. */
function largestParts(group: PointGroup, lattice: readonly Operation[]): PointGroup[] {
  const parts = partsOf(group, lattice).slice(1);
  const isIn = (pointGroup: PointGroup, other: PointGroup): boolean => {
    const keys = new Set(other.operations.map(operationKey));
    return (
      other.operations.length > pointGroup.operations.length &&
      pointGroup.operations.every((m) => keys.has(operationKey(m)))
    );
  };
  return parts.filter((part) => !parts.some((other) => isIn(part, other)));
}

/**
 * Whether observations agree better with their equivalents in a subgroup than in the given point group, beyond chance,
 * with a remark; also with a remark where chance may be the reason. A group that is too high averages different
 * intensities, which no statistic of the merge shows clearly.
 */
export function isGroupContradicted(
  observations: Observations,
  lattice: Lattice,
  group: PointGroup,
  remarks: string[],
): boolean {
  const pointGroup = laueGroup(group);
  if (rotationsOf(pointGroup).length === 1 || lattice.part.filter((on) => on === 1).length < fewestCrystals)
    return false;
  const subject = foundOf(lattice);
  const parts = partsOf(pointGroup, subject.rotations);
  const order = (group: PointGroup): number => group.operations.length;
  const rank = (isWanted: (size: number) => boolean, how = ofCheck): LaueCandidate[] =>
    rankLaueGroups(observations, subject, { groups: parts.filter((part) => isWanted(order(part))), ...how });
  // The group itself, the largest parts, of which all others are parts, and -1.
  const large = order(pointGroup) / 3;
  const first = [...rank((size) => size >= large), ...(large > 2 ? rank((size) => size === 2, ofLowest) : [])];
  const own = first.find(({ group }) => group === pointGroup);
  const most = Math.max(
    ...first.filter(({ evidence }) => evidence > minEvidence).map(({ correlation }) => correlation),
    Number.NEGATIVE_INFINITY,
  );
  if (!own || !(own.correlation < Math.min(doubtful * most, most - ofFit))) return false;
  const others = rank((size) => size > 2 && size < large, { most: mostJudged, starts: startsJudged });
  const agreed = enough * Math.max(most, ...others.map(({ correlation }) => correlation).filter(Number.isFinite));
  // Of those that agree, the highest one that agrees better than by chance: where crystals have few observations, the
  // settings that are fitted to them raise the correlation of any part, by .1 to .3.
  const sample = sampleOf(observations, lattice.part, mostJudged);
  const errors = new Map<PointGroup, number>();
  /** Of the usual search; -1 may be asked for twice. */
  const errorsBeyond = ({ group }: LaueCandidate): number => {
    const known = errors.get(group) ?? beyondIn(group, startsJudged);
    errors.set(group, known);
    return known;
  };
  const beyondIn = (group: PointGroup, starts: number): number =>
    errorsBeyondChance(sample, { group, given: pointGroup, lattice: subject.rotations, starts });
  const agreeing = [...first, ...others]
    .filter(({ group, correlation }) => group !== pointGroup && correlation >= agreed)
    .sort((a, b) => order(b.group) - order(a.group) || b.correlation - a.correlation);
  const best =
    agreeing.find((part) => errorsBeyond(part) > beyond) ??
    // In -1 there are the most ways to index, which few starts may not find.
    first.find(
      (part) =>
        order(part.group) === 2 &&
        errorsBeyond(part) > worthMore &&
        beyondIn(part.group, startsWithin(sample.some.count * subject.rotations.length)) > beyond,
    );
  const [likely] = agreeing;
  if (!best) {
    if (likely)
      remarks.push(
        `The point group ${group.name} is not certain: observations correlate with their equivalents by ` +
          `${own.correlation.toFixed(2)}, and by ${likely.correlation.toFixed(2)} in ${likely.group.name}, but with so ` +
          'few observations chance makes as much. Merge more crystals to tell.',
      );
    return false;
  }
  const advice = hasName(best.group)
    ? `Merge in ${best.group.name}, or let the group be found: auto also tries groups that are no part of ${group.name}.`
    : `${best.group.name} has no name in these axes: merge in auto, which names a part of it, or index with a cell along its axes.`;
  remarks.push(
    `The intensities contradict the point group ${group.name}: observations correlate with their equivalents by ` +
      `${own.correlation.toFixed(2)}, and by ${best.correlation.toFixed(2)} in ${best.group.name}. ${advice}`,
  );
  return true;
}

/** A Laue group and all of its subgroups, one of those that a rotation of the lattice makes each other. */
function partsOf(pointGroup: PointGroup, lattice: readonly Operation[]): PointGroup[] {
  const named = laueSettings();
  const parts = subgroupsOf(rotationsOf(pointGroup)).map((rotations) => {
    const unnamed = unnamedGroup(rotations);
    return named.find((group) => sameGroup(group, unnamed)) ?? unnamed;
  });
  const seen = new Set([classOf(rotationsOf(pointGroup), lattice)]);
  return [
    pointGroup,
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
