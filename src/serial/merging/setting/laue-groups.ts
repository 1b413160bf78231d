/**
 * Determines the Laue group of the intensities: for each group of the lattice the ways to index are resolved, and
 * single observations are predicted from equivalent observations of other crystals. In a group that is too low there
 * are fewer equivalents to predict from; one that is too high averages intensities that differ.
 */
import { EwaldError } from '../../../base/errors.js';
import { Random } from '../../../core/random/random.js';
import type { Cell } from '../../../crystal/cell.js';
import type { Centring } from '../../../crystal/centring.js';
import { operationKey } from '../../../crystal/symmetry/matrices.js';
import {
  laueGroup,
  laueSettings,
  type PointGroup,
  rotationsOf,
  sameGroup,
} from '../../../crystal/symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations } from '../../../crystal/symmetry/settings.js';
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
const [maxCrystals, starts] = [256, 2];
/** The same for the check of a given group. */
const maxChecked = 128;
/** Below this evidence or with fewer crystals, no group is chosen: two stills prefer any group by chance. */
const [minEvidence, fewestCrystals] = [100, 10];
/**
 * Share of the largest correlation that a group must reach. Observations that are predicted from fewer equivalents are
 * easier to predict, since the settings of crystals are fitted to them: the lowest groups are up to .05 too high. A
 * wrong operation lowers the correlation by a fifth or more.
 */
const [enough, doubtful] = [0.9, 0.85];

/** The lattice, and the crystals that take part. */
interface Lattice {
  readonly cell: Cell;
  readonly centring: Centring;
  readonly part: Uint8Array;
}

/** The Laue groups of the lattice that are `wanted`, those with the most evidence first. */
function rankLaueGroups(
  observations: Observations,
  { cell, centring, part }: Lattice,
  { wanted = () => true, most = maxCrystals }: { wanted?: (group: PointGroup) => boolean; most?: number } = {},
): LaueCandidate[] {
  const some = selected(observations, sampleEvenly(part, most));
  const everyone = new Uint8Array(some.crystals).fill(1);
  const radius = commonRadius(some, everyone);
  const lattice = latticeRotations(cell, centring);
  const inLattice = new Set(lattice.map(operationKey));
  const groups: PointGroup[] = [];
  for (const group of laueSettings())
    if (
      rotationsOf(group).every((one) => inLattice.has(operationKey(one))) &&
      wanted(group) &&
      !groups.some((one) => sameGroup(one, group))
    )
      groups.push(group);
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

/** The highest Laue group whose equivalents agree, with a remark on the others. Throws `Argument` for too few data. */
export function likeliestLaueGroup(observations: Observations, subject: Lattice, remarks: string[]): PointGroup {
  const enoughCrystals = subject.part.filter((on) => on === 1).length >= fewestCrystals;
  // Without a single pair of equivalents, there is no correlation.
  const ranked = enoughCrystals
    ? rankLaueGroups(observations, subject).filter(({ correlation }) => Number.isFinite(correlation))
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
  return best.group;
}

/**
 * A remark if observations agree much better with their equivalents in a subgroup than in the given point group. A
 * group that is too high averages different intensities, which no statistic of the merge shows clearly.
 */
export function doubtOfGroup(observations: Observations, lattice: Lattice, group: PointGroup): string | undefined {
  const given = laueGroup(group);
  const operations = new Set(rotationsOf(given).map(operationKey));
  const isSubgroup = (one: PointGroup): boolean =>
    rotationsOf(one).every((operation) => operations.has(operationKey(operation)));
  // Subgroups of half and of a third of the operations: the others are subgroups of these.
  const wanted = (one: PointGroup): boolean =>
    isSubgroup(one) && [1, 2, 3].includes(rotationsOf(given).length / rotationsOf(one).length);
  if (operations.size === 1 || lattice.part.filter((on) => on === 1).length < fewestCrystals) return undefined;
  const ranked = rankLaueGroups(observations, lattice, { wanted, most: maxChecked });
  const own = ranked.find((one) => sameGroup(one.group, given));
  const [best] = ranked.filter((one) => one !== own).sort((a, b) => b.correlation - a.correlation);
  if (!own || !best || !(best.evidence > minEvidence) || !(own.correlation < doubtful * best.correlation))
    return undefined;
  return (
    `The intensities contradict the point group ${group.name}: observations correlate with their equivalents by ` +
    `${own.correlation.toFixed(2)}, and by ${best.correlation.toFixed(2)} in ${best.group.name}. Merge in ` +
    `${best.group.name}, or let the group be found: auto also tries groups that are no part of ${group.name}.`
  );
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
