/**
 * How reflections are integrated, in the words of CrystFEL's --integration: `rings`, followed by any of `-cen`, `-sat`
 * and `-grad`.
 */
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';

/** The parts of a method. */
export interface IntegrationMethod {
  /** The disc is moved to the spot: the centroid of the pixels above the background. */
  readonly centred: boolean;
  /** Reflections with pixels above max_adu are kept. */
  readonly saturated: boolean;
  /** The background is a plane instead of a constant. */
  readonly gradient: boolean;
}

/** rings-nocen, the default of CrystFEL. */
export const usualIntegration: IntegrationMethod = { centred: false, saturated: false, gradient: false };

const words: Readonly<Record<string, Partial<IntegrationMethod>>> = {
  cen: { centred: true },
  nocen: { centred: false },
  sat: { saturated: true },
  nosat: { saturated: false },
  grad: { gradient: true },
  nograd: { gradient: false },
};

/**
 * Parses a method; later words override earlier ones. Throws `Argument`, or `Unsupported` for CrystFEL's other methods.
 */
export function parseIntegration(text: string, what = 'integration'): IntegrationMethod {
  const [base = '', ...more] = text.split('-');
  if (base === 'prof2d')
    throw new EwaldError(
      'Unsupported',
      `${what} is prof2d, profile fitting of CrystFEL, which ewald does not have; use rings, rings-cen or rings-grad`,
    );
  const unknown = base === 'rings' ? more.find((word) => !Object.hasOwn(words, word)) : base;
  if (unknown !== undefined)
    throw new EwaldError(
      'Argument',
      `${what} is ${inspect(text)}; expected rings, followed by any of -cen, -nocen, -sat, -nosat, -grad, -nograd`,
    );
  return Object.assign({ ...usualIntegration }, ...more.map((word) => words[word]));
}
