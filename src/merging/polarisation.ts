/** The share of the scattering that polarisation leaves: 1 along the beam, less to the sides of the electric field. */
import { EwaldError } from '../base/errors.js';

/** A partially polarised beam. */
export interface Polarisation {
  /** Share of the intensity whose electric field lies along `angleDeg`, 0 … 1; the rest is perpendicular to it. */
  readonly fraction: number;
  /** Direction of the electric field in degrees, from x (horizontal) towards y. */
  readonly angleDeg: number;
}

const words: Readonly<Record<string, Polarisation | undefined>> = {
  none: undefined,
  horiz: { fraction: 1, angleDeg: 0 },
  vert: { fraction: 1, angleDeg: 90 },
};

/** Reads `horiz`, `vert`, `none`, `0.98@0` (a fraction at an angle in degrees). Throws `Argument`. */
export function readPolarisation(text: string): Polarisation | undefined {
  if (Object.hasOwn(words, text)) return words[text];
  const [, fraction, angle] = /^(\d*\.?\d+)@(-?\d*\.?\d+)$/.exec(text) ?? [];
  const value = { fraction: Number(fraction ?? Number.NaN), angleDeg: Number(angle ?? Number.NaN) };
  if (!(value.fraction >= 0 && value.fraction <= 1))
    throw new EwaldError(
      'Argument',
      `polarisation is "${text.slice(0, 40)}"; expected horiz, vert, none, or FRACTION@ANGLE such as 0.98@0`,
    );
  return value;
}

/** What polarisation leaves of the scattering into the direction (x, y, z), of any length. */
export function polarisationFactor({ fraction, angleDeg }: Polarisation, x: number, y: number, z: number): number {
  const angle = (angleDeg * Math.PI) / 180;
  const length2 = x * x + y * y + z * z;
  const along = x * Math.cos(angle) + y * Math.sin(angle);
  const across = y * Math.cos(angle) - x * Math.sin(angle);
  return fraction * (1 - (along * along) / length2) + (1 - fraction) * (1 - (across * across) / length2);
}
