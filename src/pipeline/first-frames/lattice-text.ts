/** Says how well a determined lattice is known: its errors, its odds, and what was preferred against them. */

import type { BravaisCandidate } from '../../crystal/bravais.js';
import { centringOfType } from '../../crystal/settings.js';
import type { DeterminedCell } from '../../indexing/indexer.js';

type Lattice = Pick<BravaisCandidate, 'type' | 'parameters'>;

/** A parameter of a cell as it is written. */
export const written = (x: number): number => Number(x.toFixed(3));

/** A lattice as the value of `-p`: its numbers, and its centring unless it is P. */
export function cellText({ type, parameters }: Lattice): string {
  const centring = centringOfType(type);
  return [...parameters.map(written), ...(centring === 'P' ? [] : [centring])].join(',');
}

/**
 * Standard errors of lengths and angles. Spots do not tell an error of the distance or the wavelength from one of all
 * lengths, so that the words have to say what these errors are of.
 */
export const errorText = (errors: readonly number[]): string => {
  const [lengths, angles] = [errors.slice(0, 3), errors.slice(3)].map((some) => some.map(written).join(' '));
  // Angles that the symmetry fixes have no errors.
  const ofAngles = errors.slice(3).some((error) => error > 0) ? `, ${angles} deg` : '';
  return `${lengths} A${ofAngles}, if distance and wavelength are right`;
};

/** Odds below this decide nothing. */
const decisive = Math.log10(20);
const times = (log10: number): string => (log10 < 3 ? (10 ** log10).toFixed(0) : `10^${log10.toFixed(0)}`);

/** The odds against the most probable rivals; undefined if they are not known. */
export function oddsText(rivals: DeterminedCell['rivals'], most = 3): string | undefined {
  const known = rivals.slice(0, most).filter(({ log10Odds }) => log10Odds > 0);
  return known.length === 0
    ? undefined
    : `odds against ${known.map(({ type, log10Odds }) => `${type} ${times(log10Odds)}`).join(', ')}`;
}

/**
 * Lengths of stills that differ by more, as a share, are not those of one lattice. Simulated stills reach 0.0007, real
 * ones with a distance that is 1.3 % wrong 0.005; a distance that is 10 % wrong bends lattices by 0.01.
 */
const maxSpread = 0.008;
/** Fewer stills do not tell how much they differ. */
const fewestStills = 4;

/**
 * A mean lattice that is bent by more than this from its symmetry, and by so many of its errors, contradicts it: a
 * geometry that is off bends lattices, and another lattice may need no bending.
 */
const [maxBent, errorsOfBent] = [0.008, 10];

/** The contradiction in words; undefined if there is none. */
function bentText(
  { type, distortion = 0 }: Lattice & Partial<Pick<BravaisCandidate, 'distortion'>>,
  rivals: DeterminedCell['rivals'],
  errorsOfMean: readonly number[],
): string | undefined {
  if (type === 'aP' || distortion < Math.max(maxBent, errorsOfBent * Math.max(0, ...errorsOfMean))) return undefined;
  const others = rivals.slice(0, 3).map((rival) => `${rival.type} ${cellText(rival)}`);
  return (
    `the mean lattice of the stills is distorted by ${(100 * distortion).toFixed(1)} % from ${type}, far more than its ` +
    'errors: the distance, the beam centre or a tilt of the detector is wrong, or the lattice is another one' +
    `${others.length > 0 ? ` (${others.join('; ')})` : ''}; correct the geometry (ewald geometry check), or name the cell`
  );
}

/**
 * What a user has to know if the stills or the odds do not support the lattice; undefined if they do. `others` are cells
 * that explain as many stills.
 */
export function preferenceText(
  lattice: Lattice & Partial<Pick<BravaisCandidate, 'distortion'>>,
  { errors, rivals, others = 0 }: Pick<DeterminedCell, 'errors' | 'rivals'> & { readonly others?: number },
  stills: number,
): string | undefined {
  const [rival] = rivals;
  const errorsOfMean = (errors ?? []).slice(0, 3).map((error, i) => error / (lattice.parameters[i] ?? 1));
  const spread = Math.sqrt(stills) * Math.max(0, ...errorsOfMean);
  if (stills >= fewestStills && spread > maxSpread)
    return (
      `the lattices of the ${stills} stills differ from each other by ${(100 * spread).toFixed(1)} %, which those of ` +
      'one crystal form do not: the distance, the beam centre or the wavelength is wrong, or the cell'
    );
  const bent = errors && bentText(lattice, rivals, errorsOfMean);
  if (bent !== undefined) return bent;
  if (!errors && others > 0)
    return (
      `${others === 1 ? 'another cell explains' : `${others} other cells explain`} as many of the ${stills} stills: they do ` +
      'not determine the cell, as few of them do not where all spots are at small angles; index more images or a tilt ' +
      'series, or name the cell'
    );
  if (!errors && lattice.type === 'aP')
    return (
      `the cell rests on ${stills === 1 ? 'one image, which no other confirms' : 'images that do not agree on its lengths'}: ` +
      'it may be wrong; index more images, or name the cell'
    );
  if (!errors)
    return `${lattice.type} is the most symmetric lattice within the tolerance, without odds; more images may decide`;
  if (!rival || rival.log10Odds >= decisive) return undefined;
  const how = `more images may decide; -p ${cellText(rival)} takes ${rival.type}`;
  if (rival.log10Odds > -decisive)
    return `the images do not decide between ${lattice.type} and ${rival.type} ${cellText(rival)}; ${how}`;
  return (
    `${rival.type} is ${times(-rival.log10Odds)} times as probable as ${lattice.type}, which has fewer parameters ` +
    `and is preferred up to odds of 10^5, because crystals that differ can look like a slight distortion; ${how}`
  );
}
