/**
 * The profile radius of a crystal: the standard deviation r of the Gaussian exp(−ε²/2r²) with which nodes at a distance
 * ε from the Ewald sphere are visible. It is the number that CrystFEL's streams hold under this name.
 */
import { median } from '../../util/median.js';

/**
 * Nodes are predicted up to this many profile radii, where a quarter of a reflection is recorded. Measured in streams
 * of indexamajig, whose largest excitation error is 1.70 of its profile radius.
 */
export const visibleRadii = 1.7;

/**
 * Nodes up to this many profile radii disturb the reflections of another crystal, although less than a twentieth of
 * them is recorded: that is as much as a weak reflection.
 */
export const disturbingRadii = 2.5;

/** Factor by which `overpredict` extends this, as in CrystFEL. */
export const overprediction = 5;

/** Rotations of the crystal that move its nodes across the sphere. */
const fitted = 2;

/**
 * The profile radius from the excitation errors of a crystal's own peaks, 1/Å: their median, which for a Gaussian is
 * 0.6745 r and is not affected by a few foreign peaks. The orientation has been fitted to the same peaks and has taken
 * up the share of two of them, which is added again. Errors of fewer than three peaks give their largest.
 */
export function profileRadiusOf(errors: ArrayLike<number>): number {
  const sizes = new Float64Array(errors);
  for (let i = 0; i < sizes.length; i++) sizes[i] = Math.abs(sizes[i] as number);
  if (sizes.length <= fitted) return sizes.reduce((most, size) => Math.max(most, size), 0);
  const count = sizes.length;
  return (median(sizes) / 0.6745) * Math.sqrt(count / (count - fitted));
}
