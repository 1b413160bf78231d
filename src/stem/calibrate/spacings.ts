/** Checks of the spacings of a known material: how many, and whether they are in ångströms instead of nanometres. */

import { electronWavelengthA } from '../../frames/units.js';
import { argumentError } from '../../options/parameters.js';
import { type Calibration, isKnown } from './calibration.js';

/** Cubic materials that are usual for this, and the lengths of their cells in nm. */
const standards: Readonly<Record<string, number>> = {
  gold: 0.40782,
  silver: 0.40862,
  aluminium: 0.40495,
  platinum: 0.39242,
  palladium: 0.38907,
  copper: 0.36149,
  nickel: 0.3524,
  silicon: 0.5431,
  MgO: 0.42112,
  TlCl: 0.38346,
  'LaB₆': 0.41569,
  'CeO₂': 0.54113,
};
/** Sums h² + k² + l² of lines that are far enough apart to be told. */
const maxSquares = 12;

/** The standard whose lines are a tenth of these spacings. */
function tenfold(spacings: readonly number[]): string | undefined {
  const isLine = (d: number, a: number): boolean => {
    const squares = (a / d) ** 2;
    return Math.round(squares) > 0 && squares < maxSquares + 0.5 && Math.abs(squares / Math.round(squares) - 1) < 0.006;
  };
  return Object.keys(standards).find((name) => spacings.every((d) => isLine(d / 10, standards[name] as number)));
}

/** Throws `Argument` for too few rings, spacings in Å, a lattice without an area, or one given together with rings. */
export function checkSpacings(
  what: string,
  rings: readonly number[] | undefined,
  lattice: readonly number[] | undefined,
): void {
  if (rings && new Set(rings).size < 3)
    throw argumentError(what, (said) => `${said('rings')} is ${rings.join()}; expected at least three spacings in nm`);
  const material = rings && tenfold(rings);
  if (rings && material !== undefined)
    throw argumentError(
      what,
      (said) =>
        `${said('rings')} is ${rings.join()}, ten times the spacings of ${material}; expected nm: ` +
        rings.map((d) => Number((d / 10).toPrecision(6))).join(),
    );
  if (lattice === undefined) return;
  if (rings) throw argumentError(what, (said) => `${said('rings')} and ${said('lattice')} are two scales; give one`);
  const [, , angle = 0] = lattice;
  if (lattice.length !== 3 || !(angle >= 10 && angle <= 170))
    throw argumentError(
      what,
      (said) =>
        `${said('lattice')} is ${lattice.join()}; expected two spacings in nm and an angle of 10 to 170 degrees`,
    );
}

/** Spacings above are longer than those of any usual standard, in nm. */
const longest = 0.7;
const short = (value: number): string => String(Number(value.toPrecision(3)));

/** What is odd about the size of a pixel that spacings in nm imply: another one by the optics, or long spacings. */
export function scaleNotes(
  { scale, milliradians, optics }: Pick<Calibration, 'scale' | 'milliradians' | 'optics'>,
  spacings: readonly number[],
): string[] {
  if (!scale || !isKnown(scale)) return [];
  const voltage = optics?.voltage?.value;
  if (voltage !== undefined && milliradians && isKnown(milliradians)) {
    // λ in nm times nm⁻¹ is an angle.
    const angle = 100 * electronWavelengthA(voltage * 1e3) * scale.value;
    const ratio = angle / milliradians.value;
    if (Math.abs(ratio - 1) < 0.1) return [];
    const unit = Math.abs(10 * ratio - 1) < 0.1 ? ': the spacings are in Å, and expected in nm' : ': one is wrong';
    return [
      `a pixel is ${short(scale.value)} nm⁻¹ by the spacings, which are ${short(angle)} mrad at ${voltage} kV, and ` +
        `${short(milliradians.value)} mrad by the semi-angle${unit}`,
    ];
  }
  const most = Math.max(...spacings);
  if (most <= longest) return [];
  return [
    `spacings of up to ${short(most)} nm make a pixel of ${short(scale.value)} nm⁻¹; if they are in Å, divide them by ` +
      `ten, and a pixel is ${short(10 * scale.value)} nm⁻¹`,
  ];
}
