/** How well the observations of crystals agree in a Laue group, and whether better than by chance. */

import { Random } from '../../compute/random/random.js';
import { transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { inverse, type Operation } from '../../crystal/symmetry/matrices.js';
import type { PointGroup } from '../../crystal/symmetry/point-group.js';
import { indexingAmbiguities } from '../../crystal/symmetry/settings.js';
import { rejections } from '../collection/counts.js';
import type { Observations } from '../collection/observations.js';
import { commonRadius } from '../fit/fit.js';
import { uniqueReflections } from '../fit/unique.js';
import { Annealing, sampleEvenly } from './annealing.js';
import { normalised } from './normalised.js';

/** Agreement of observations in a group. */
export interface Agreement {
  /** ln of the likelihood of the observations, predicted from other crystals, relative to constant intensities. */
  readonly evidence: number;
  /** Correlation of single observations with the mean of equivalent observations of other crystals. */
  readonly correlation: number;
}

/** The observations of some crystals, and their common profile radius. */
export interface Sample {
  readonly some: Observations;
  readonly everyone: Uint8Array;
  readonly radius: number;
}

type Indices = Pick<Observations, 'h' | 'k' | 'l'>;

/** A group of a lattice, in which ways to index are found from this many random starts. */
interface Searched {
  readonly group: PointGroup;
  /** The rotations of the lattice. */
  readonly lattice: readonly Operation[];
  readonly starts: number;
}

/** The observations of at most `most` of the crystals that take part. */
export function sampleOf(observations: Observations, part: Uint8Array, most: number): Sample {
  const some = selected(observations, sampleEvenly(part, most));
  const everyone = new Uint8Array(some.crystals).fill(1);
  return { some, everyone, radius: commonRadius(some, everyone) };
}

/** The best agreement of the starts, and the way to index of each crystal. `named` has other indices. */
export function agreementIn(
  { some, everyone, radius }: Sample,
  { group, lattice, starts }: Searched,
  named: Indices = some,
): Agreement & { readonly wayOf: readonly Operation[] } {
  const ways = indexingAmbiguities(lattice, group);
  const unique = uniqueReflections({ ...some, ...named }, group, ways);
  const search = new Annealing(normalised(some, unique, { radius, part: everyone, all: true, named }), unique);
  let best: Agreement = { evidence: Number.NEGATIVE_INFINITY, correlation: Number.NaN };
  let wayOf: readonly Operation[] = [];
  for (let start = 0; start < (ways.length > 1 ? starts : 1); start++) {
    search.anneal(new Random(0, start), everyone);
    const found = search.prediction(everyone);
    if (!(start === 0 || found.evidence > best.evidence)) continue;
    best = found;
    wayOf = Array.from(search.ways, (way) => ways[way] as Operation);
  }
  return { ...best, wayOf };
}

/** Draws of what chance makes. */
const draws = 8;
/** Standard deviations of eight draws may be small by chance; those that were seen are .35 to .9 of the root. */
const leastSpread = 0.5;

/**
 * By how many standard errors observations agree better in a part of a given group than they would if the given group
 * were right: then each observation may as well have the indices of any of its equivalents. Exchanging them at random
 * keeps what the given group predicts, the errors of each crystal and the freedom of the settings, which are fitted
 * anew. 0 as soon as a draw agrees as well.
 */
export function errorsBeyondChance(sample: Sample, part: Searched & { readonly given: PointGroup }): number {
  const { evidence } = agreementIn(sample, part);
  const { wayOf } = agreementIn(sample, { ...part, group: part.given });
  const chance: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const named = exchanged(sample.some, part.given, wayOf, new Random(1, draw));
    const drawn = agreementIn(sample, part, named).evidence;
    if (!(drawn < evidence)) return 0;
    chance.push(drawn);
  }
  const mean = chance.reduce((sum, one) => sum + one, 0) / draws;
  const spread = Math.sqrt(chance.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (draws - 1));
  return (evidence - mean) / Math.max(spread, leastSpread * Math.sqrt(Math.max(mean, 0)), Number.MIN_VALUE);
}

/** The indices of a random equivalent of each observation in a group in which crystals are indexed in these ways. */
function exchanged({ h, k, l, offsets }: Observations, group: PointGroup, wayOf: readonly Operation[], random: Random) {
  const moved = { h: h.slice(), k: k.slice(), l: l.slice() };
  for (const [c, way] of wayOf.entries()) {
    const back = inverse(way);
    for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
      const by = group.operations[random.below(group.operations.length)] as Operation;
      const own = transformed([h[i] as number, k[i] as number, l[i] as number], way);
      [moved.h[i], moved.k[i], moved.l[i]] = transformed(transformed(own, by), back);
    }
  }
  return moved;
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
    places: rows(observations.places, new Uint16Array(count)),
    placeList: observations.placeList,
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
