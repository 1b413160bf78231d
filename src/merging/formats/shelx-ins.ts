/** What SHELX reads beside HKLF 4: the cell, the lattice and the operators of an .ins file. */
import type { Centring } from '../../crystal/centring.js';
import { operatorOfText } from '../../crystal/space-groups/stated.js';
import type { SpaceGroup } from '../../crystal/symmetry/space-group.js';
import { EwaldError } from '../../util/errors.js';
import { version } from '../../util/version.js';

/** What the file states. */
export interface ShelxContent {
  /** Lengths in angstrom, angles in degrees. */
  readonly parameters: readonly number[];
  readonly wavelengthA: number;
  readonly centring: Centring;
  readonly spaceGroup: SpaceGroup;
}

/** SHELX's numbers of lattices; H is R in hexagonal axes, obverse. A primitive rhombohedral cell is P. */
const lattices: Readonly<Record<Centring, number>> = { P: 1, R: 1, I: 2, H: 3, F: 4, A: 5, B: 6, C: 7 };

/**
 * The text of an .ins file that SHELX completes with the contents of the cell. An inversion is stated by the sign of LATT,
 * and SYMM lines have one operator of each pair then. Throws `Unsupported` if it is not at the origin, as SHELX needs it,
 * `Argument` without a wavelength.
 */
export function formatShelxIns({ parameters, wavelengthA, centring, spaceGroup }: ShelxContent): string {
  if (!(wavelengthA > 0))
    throw new EwaldError(
      'Argument',
      "an .ins file states the wavelength, and the list has none; give wavelengthA (--wavelength), such as that of the run's geometry",
    );
  const texts = spaceGroup.operators.slice(0, spaceGroup.primitive);
  const operators = texts.map((text) => ({ text, numbers: operatorOfText(text) ?? [] }));
  const rotation = (numbers: readonly number[], sign = 1): string =>
    numbers
      .slice(0, 9)
      .map((x) => sign * x + 0)
      .join();
  const inversions = operators.filter(({ numbers }) => rotation(numbers) === '-1,0,0,0,-1,0,0,0,-1');
  const isAtOrigin = ({ numbers }: (typeof operators)[number]): boolean => numbers.slice(9).every((x) => x === 0);
  if (inversions.length > 0 && !inversions.some(isAtOrigin))
    throw new EwaldError(
      'Unsupported',
      `SHELX needs an inversion at the origin, and ${spaceGroup.name} has none there; give the setting with the other ` +
        `origin (${spaceGroup.name.replace(/:\d$/, '')}:2)`,
    );
  const isCentric = inversions.length > 0;
  const seen = new Set([rotation(operators[0]?.numbers ?? [])]);
  if (isCentric) seen.add(rotation(operators[0]?.numbers ?? [], -1));
  const symmetry: string[] = [];
  for (const { text, numbers } of operators) {
    if (seen.has(rotation(numbers))) continue;
    seen.add(rotation(numbers));
    if (isCentric) seen.add(rotation(numbers, -1));
    symmetry.push(`SYMM ${text.toUpperCase().replaceAll(',', ', ')}`);
  }
  const cell = parameters.map((x, i) => x.toFixed(i < 3 ? 4 : 3)).join(' ');
  return [
    `TITL ${spaceGroup.name}, by ewald ${version}`,
    `CELL ${wavelengthA.toFixed(5)} ${cell}`,
    `ZERR ${spaceGroup.operators.length} 0 0 0 0 0 0`,
    `LATT ${isCentric ? '' : '-'}${lattices[centring]}`,
    ...symmetry,
    'REM SFAC and UNIT of the crystal belong here',
    'HKLF 4',
    'END',
    '',
  ].join('\n');
}
