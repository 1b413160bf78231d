/** Friedel mates, which simulated frames give the same numbers. */
import type { Indices } from '../crystal/symmetry/asymmetric-unit.js';

/** Of a reflection and its mate the one whose first index other than 0 is positive. */
export function friedelUnique([h, k, l]: Indices): Indices {
  const isUnique = h > 0 || (h === 0 && (k > 0 || (k === 0 && l > 0)));
  // No −0: it is another number where bits are compared.
  return isUnique ? [h, k, l] : [0 - h, 0 - k, 0 - l];
}
