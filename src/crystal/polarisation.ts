/** The polarisation factor: 1 along the beam, and smaller for scattering in the direction of the electric field. */
import { EwaldError } from '../util/errors.js';

/** A partially polarised beam. */
export interface Polarisation {
  /** Share of the intensity whose electric field lies along `angleDeg`, 0 … 1; the rest is perpendicular to it. */
  readonly fraction: number;
  /** Direction of the electric field in degrees, from x (horizontal) towards y. */
  readonly angleDeg: number;
}

/** Shorter wavelengths, in angstrom, are those of electrons: photons would have 124 keV and more. */
const shortestOfXrays = 0.1;
/** Whether a wavelength is that of electrons, whose scattering no polarisation changes. */
export const isOfElectrons = (wavelengthA: number): boolean => wavelengthA < shortestOfXrays;

const words: Readonly<Record<string, Polarisation | undefined>> = {
  none: undefined,
  horiz: { fraction: 1, angleDeg: 0 },
  vert: { fraction: 1, angleDeg: 90 },
};

/** The angles of CrystFEL's forms, whose number is the fraction in per cent: `horiz98`, `vert90`, `45deg90`. */
const directions: Readonly<Record<string, number | undefined>> = { horiz: 0, vert: 90 };

/** The fraction and the angle of a text, which are undefined if it states none. */
function statedIn(text: string): readonly [fraction: number, angleDeg: number] | undefined {
  const [at, fraction, angle] = /^(\d*\.?\d+)@(-?\d*\.?\d+)$/.exec(text) ?? [];
  if (at !== undefined) return [Number(fraction), Number(angle)];
  const [, direction = '', degrees, percent] = /^(horiz|vert|(-?\d*\.?\d+)deg)(\d*\.?\d+)$/.exec(text) ?? [];
  return percent === undefined ? undefined : [Number(percent) / 100, directions[direction] ?? Number(degrees)];
}

/**
 * Reads `horiz`, `vert`, `none`, `0.98@0` (a fraction at an angle in degrees), and CrystFEL's `horiz98`, `vert90` and
 * `45deg90`, whose fractions are in per cent. Throws `Argument`.
 */
export function readPolarisation(text: string): Polarisation | undefined {
  if (Object.hasOwn(words, text)) return words[text];
  const [fraction, angleDeg] = statedIn(text) ?? [Number.NaN, Number.NaN];
  const value = { fraction, angleDeg };
  if (!(value.fraction >= 0 && value.fraction <= 1))
    throw new EwaldError(
      'Argument',
      `polarisation is "${text.slice(0, 40)}"; expected auto, horiz, vert, none, FRACTION@ANGLE such as 0.98@0, or horiz98, vert90, 45deg90 in per cent`,
    );
  return value;
}

/** The text of a polarisation, as `readPolarisation` reads it. */
export function polarisationText(polarisation: Polarisation | undefined): string {
  if (!polarisation) return 'none';
  const { fraction, angleDeg } = polarisation;
  return fraction === 1 && angleDeg === 0
    ? 'horiz'
    : fraction === 1 && angleDeg === 90
      ? 'vert'
      : `${fraction}@${angleDeg}`;
}

/** The polarisation factor of scattering into the direction (x, y, z), a vector of any length, as a function of it. */
export function polarisationFactorOf({
  fraction,
  angleDeg,
}: Polarisation): (x: number, y: number, z: number) => number {
  const angle = (angleDeg * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return (x, y, z) => {
    const length2 = x * x + y * y + z * z;
    const along = x * cosine + y * sine;
    const across = y * cosine - x * sine;
    return fraction * (1 - (along * along) / length2) + (1 - fraction) * (1 - (across * across) / length2);
  };
}

/** The scattering vector of a reflection, 1/angstrom. */
export function scattered(star: ArrayLike<number>, h: number, k: number, l: number): [number, number, number] {
  const at = (axis: number): number =>
    h * (star[axis] as number) + k * (star[3 + axis] as number) + l * (star[6 + axis] as number);
  return [at(0), at(1), at(2)];
}
