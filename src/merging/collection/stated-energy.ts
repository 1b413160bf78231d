/**
 * Whether reflections are at the Ewald sphere of the stated photon energies. With a wrong wavelength the node g is off the
 * sphere by g²/2 times the error of the wavelength, on one side of it, whatever the orientation.
 */

import { scattered } from '../../crystal/polarisation.js';
import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';
import type { Observations } from './observations.js';

/** Crystals and reflections of each that are enough; fewer of them do not tell. */
const [enoughCrystals, enoughReflections, fewestCrystals, fewestReflections] = [200, 200, 5, 20];
/** The relative error and the number of standard errors from which on an energy is in doubt. */
const [minError, errors] = [4e-3, 6];
/** The share of crystals that must say the same. */
const agreeing = 0.75;

/** A doubt about the stated photon energies; undefined if the reflections agree with them, or do not tell. */
export function energyDoubt(observations: Observations, part: Uint8Array): string | undefined {
  const members = [...part.keys()].filter((c) => part[c] === 1);
  const step = Math.max(1, members.length / enoughCrystals);
  const found: number[] = [];
  for (let i = 0; i < members.length; i += step) {
    const change = wavelengthChange(observations, members[Math.floor(i)] as number);
    if (change !== undefined) found.push(change);
  }
  if (found.length < fewestCrystals) return undefined;
  const middle = median(found);
  const scatter = median(found.map((x) => Math.abs(x - middle))) / 0.6745;
  const error = (1.25 * scatter) / Math.sqrt(found.length);
  const alike = found.filter((x) => Math.sign(x) === Math.sign(middle)).length;
  if (Math.abs(middle) < Math.max(minError, errors * error) || alike < agreeing * found.length) return undefined;
  const percent = (x: number): string => (100 * x).toFixed(2);
  return (
    `The reflections of ${counted(found.length, 'crystal')} are at the Ewald sphere of a photon energy that is ` +
    `${percent(Math.abs(middle))} ± ${percent(Math.max(error, 5e-5))} % ${middle > 0 ? 'lower' : 'higher'} than the stated ` +
    'one, photon_energy_eV: it was changed after they were predicted, and their partialities and polarisation are ' +
    'those of another wavelength. Merge with the energy that the frames were indexed with.'
  );
}

/** By which part the wavelength of a crystal is longer than stated, by the sides on which its reflections are. */
function wavelengthChange({ h, k, l, offsets, reciprocal, wavelengths }: Observations, c: number): number | undefined {
  const [first, end] = [offsets[c] as number, offsets[c + 1] as number];
  if (end - first < fewestReflections) return undefined;
  const stars = reciprocal.subarray(9 * c, 9 * c + 9);
  const wavelength = wavelengths[c] as number;
  const toCentre = 1 / wavelength;
  const step = Math.max(1, Math.ceil((end - first) / enoughReflections));
  let [up, down] = [0, 0];
  for (let i = first; i < end; i += step) {
    const [x, y, z] = scattered(stars, h[i] as number, k[i] as number, l[i] as number);
    const q2 = x * x + y * y + z * z;
    const excitation = Math.sqrt(x * x + y * y + (z + toCentre) ** 2) - toCentre;
    // Excitation errors in proportion to q²/2k, a regression through the origin.
    const per = (q2 * wavelength) / 2;
    up += per * excitation;
    down += per * per;
  }
  return down > 0 ? -up / down : undefined;
}
