/** Detector counts per photon: what the streams state, and what their sigmas allow. */

import { unitsPerPhotonOf } from '../../crystal/geometry/geometry.js';
import { EwaldError } from '../../util/errors.js';
import { median } from '../../util/median.js';
import type { MergeModel } from '../options.js';
import type { Observations } from './observations.js';
import type { ScannedHead } from './scan.js';

interface NamedHead {
  readonly name: string;
  readonly head: ScannedHead;
}

/** Fewest strong observations that tell something, and the I/σ(I) from which on one is strong. */
const [fewest, strong] = [100, 5];
/** Sigmas of fewer than this share of the counting statistics contradict the counts per photon. */
const leastShare = 0.5;

/**
 * Counts per photon, on which all streams must agree; where none states them 1, or what the sigmas of strong observations
 * allow if that is less, which `remarks` say. Throws `Argument` for streams that differ.
 */
export function gainOf(
  heads: readonly NamedHead[],
  observations: Observations,
  model: MergeModel,
  remarks: string[],
): number {
  const [first] = heads;
  const wavelength = median(observations.wavelengths.filter((one) => one > 0));
  const of = ({ aduPerPhoton: unitsPerPhoton, aduPerEv }: ScannedHead): number | undefined =>
    unitsPerPhotonOf({ unitsPerPhoton, unitsPerEv: wavelength > 0 ? aduPerEv : undefined }, wavelength);
  const stated = first && of(first.head);
  const gain = stated ?? 1;
  const other = heads.find(({ head }) => (of(head) ?? 1) !== gain);
  if (first && other)
    throw new EwaldError(
      'Argument',
      `${first.name} has ${gain} counts a photon and ${other.name} ${of(other.head) ?? 1}; merge streams of one detector`,
    );
  const second = first && heads.find(({ head }) => head.geometry !== first.head.geometry);
  if (first && second)
    remarks.push(
      `${first.name} and ${second.name} have different geometries: their intensities may differ systematically.`,
    );
  // A plain mean takes the sigmas as they are.
  const most = model === 'mean' ? gain : mostGain(observations);
  if (!(most < leastShare * gain)) return gain;
  const shown = most.toPrecision(2);
  if (stated === undefined) {
    remarks.push(
      `The streams do not state the counts of a photon, and the sigmas of strong observations allow ${shown} at most, ` +
        'which is taken; adu_per_photon or adu_per_eV of the geometry states it.',
    );
    return most;
  }
  remarks.push(
    `The geometry states ${Number(gain.toPrecision(3))} counts a photon, and the sigmas of strong observations allow ${shown} ` +
      'at most: intensities were scaled, or adu_per_photon is wrong; weights and sigmas follow what is stated.',
  );
  return gain;
}

/**
 * The most counts per photon that the stated sigmas allow, as σ² is gain · I and the background: the median of σ²/I of
 * strong observations; infinite if there are few.
 */
function mostGain({ intensity, sigma }: Observations): number {
  const found: number[] = [];
  // A sample of a long run tells as much.
  const step = Math.ceil(intensity.length / 2 ** 18);
  for (let i = 0; i < intensity.length; i += step) {
    const [x, s] = [intensity[i] as number, sigma[i] as number];
    if (x > strong * s && s > 0) found.push((s * s) / x);
  }
  return found.length < fewest ? Number.POSITIVE_INFINITY : median(found);
}
