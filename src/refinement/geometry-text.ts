/** Describes a refinement of the geometry in text, for messages and for the geometry in a stream. */

import { meanDistance } from '../crystal/geometry/pixels.js';
import { counted } from '../util/amounts.js';
import type { GeometryRefinement, MovedUnit } from './refine-geometry.js';

/** Maximum number of panels named in a message. */
const maxNamed = 4;

/**
 * Describes motions in words: first that of the whole detector, then those of its parts, beginning with the largest.
 */
export function refinementText({ moved, crystals, pairs, rmsPx, geometry }: GeometryRefinement): string {
  const [whole] = moved.filter(({ name }) => name === undefined);
  const parts = moved.filter(({ name }) => name !== undefined).sort((a, b) => shiftPx(b) - shiftPx(a));
  const ofWhole = whole ? wholeText(whole, geometry) : [];
  const of = ofWhole.length > 0 ? '' : ' of the detector';
  const where = ofWhole.length > 0 ? ' relative to it' : '';
  const ofParts =
    parts.length > 0
      ? [
          `${counted(parts.length, 'part')}${of} ${parts.length === 1 ? 'has' : 'have'} moved${where} (${partsText(parts)})`,
        ]
      : [];
  const moves = [...(ofWhole.length > 0 ? [`the detector is ${ofWhole.join(', and ')}`] : []), ...ofParts];
  // Crystals whose cells are free take most of a wrong distance up.
  const isTakenUp = whole !== undefined && whole.shiftM[2] !== 0 && rmsPx[0] < 1.2 * rmsPx[1];
  return (
    `according to ${crystals} crystals (${pairs} peaks), ${moves.join(', and ')}; peaks are ` +
    `${rmsPx[1].toFixed(2)} pixels from their predictions (${rmsPx[0].toFixed(2)} with the given geometry` +
    `${isTakenUp ? ', and with cells of other lengths' : ''})`
  );
}

/** Digits that show an error, which would be 0.00 with fewer; 0 is the error of what does not move. */
const digitsOf = (error: number, least: number): number =>
  error > 0 ? Math.min(6, Math.max(least, Math.ceil(-Math.log10(error)))) : least;

/** Size of a motion in pixels. */
const shiftPx = ({ shiftM, pixelM }: MovedUnit): number => Math.hypot(...shiftM) / pixelM;

function wholeText(
  { shiftM: [x, y, z], shiftErrorM: [ex, ey, ez], pixelM }: MovedUnit,
  { distance, panels }: GeometryRefinement['geometry'],
): string[] {
  const away = distance && 'value' in distance ? meanDistance({ panels }, { distanceM: distance.value }) : undefined;
  const at = away === undefined ? '' : ` (at ${(1000 * away).toFixed(3)} mm)`;

  const mm = (metres: number): string => (1000 * metres).toFixed(digitsOf(1000 * ez, 3));
  const px = (metres: number): string => (metres / pixelM).toFixed(digitsOf(Math.min(ex, ey) / pixelM, 2));
  return [
    ...(z === 0
      ? []
      : [`${mm(Math.abs(z))} ± ${mm(ez)} mm ${z > 0 ? 'farther away' : 'nearer'} than in the geometry${at}`]),
    ...(x === 0 && y === 0 ? [] : [`shifted by ${px(x)} ± ${px(ex)}, ${px(y)} ± ${px(ey)} pixels`]),
  ];
}

const partsText = (parts: readonly MovedUnit[]): string => {
  const named = parts.slice(0, maxNamed).map((part) => `${part.name} ${partText(part)}`);
  return `${named.join('; ')}${parts.length > maxNamed ? '; …' : ''}`;
};

/** What has moved of a part; a part that was only turned is not shifted by 0.00. */
function partText({ shiftM: [x, y, z], shiftErrorM: [ex, ey], turnRad, pixelM, misplaced }: MovedUnit): string {
  const px = (metres: number): string => (metres / pixelM).toFixed(digitsOf(Math.min(ex, ey) / pixelM, 2));
  const shift = [
    ...(x === 0 && y === 0 ? [] : [`${px(x)}, ${px(y)} pixels`]),
    ...(z === 0 ? [] : [`${(1e6 * z).toFixed(0)} µm along the beam`]),
  ];
  const turn = 1e3 * Math.hypot(turnRad[0], turnRad[1], turnRad[2] - (misplaced?.isTurned ? Math.PI : 0));
  return [
    ...(misplaced?.at === undefined ? [] : [`to the place of ${misplaced.at}`]),
    ...(shift.length > 0 ? [`by ${shift.join(' and ')}`] : []),
    ...(misplaced?.isTurned ? ['turned by 180°'] : []),
    ...(turn > 1e-6 ? [`turned by ${turn.toFixed(digitsOf(turn / 10, 2))} mrad`] : []),
    ...(misplaced
      ? [`where the geometry has it, ${misplaced.explained} of its ${misplaced.peaks} peaks are explained`]
      : []),
  ].join(', ');
}

/** The beginning of a refined geometry as text. */
export const refinedMark = '; ewald refined this geometry';

/** Comments for the refined geometry in a file or a stream: each motion with its errors. CrystFEL ignores them. */
export function refinementComments({ moved, crystals, pairs }: GeometryRefinement): string {
  const lines = moved.map(({ name, shiftM, shiftErrorM, turnRad, turnErrorRad }) => {
    const numbers = (values: readonly number[], by: number, digits: number): string =>
      values.map((x) => (by * x).toFixed(digits)).join(', ');
    const turn = turnRad.every((x) => x === 0)
      ? ''
      : `; turned by ${numbers(turnRad, 1000, 3)} mrad, errors ${numbers(turnErrorRad, 1000, 3)}`;
    return (
      `; ewald refined ${name ?? 'the detector'}: shifted by ${numbers(shiftM, 1e6, 1)} µm, errors ` +
      `${numbers(shiftErrorM, 1e6, 1)}${turn}`
    );
  });
  return [`${refinedMark} on ${crystals} crystals with ${pairs} peaks`, ...lines, ''].join('\n');
}
