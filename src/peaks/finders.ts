/** The peak finders, and which parameters are whose. */
import { EwaldError } from '../base/errors.js';
import { dispersionDefaults } from '../layout/peaks.js';
import type { FinderName } from './contract.js';

const dispersed = [
  'threshold',
  'minPixCount',
  'maxPixCount',
  'gain',
  'kernelSize',
  'sigmaBackground',
  'sigmaStrong',
  'minCount',
] as const;

/** Numbers that a search of each takes, at the command as well. */
export const finderParameters = {
  peakfinder8: ['threshold', 'minSnr', 'minPixCount', 'maxPixCount', 'localBgRadius'],
  zaef: ['threshold', 'minSnr', 'minSquaredGradient', 'peakRadius'],
  dispersion: dispersed,
  'dispersion-extended': dispersed,
} as const satisfies Record<FinderName, readonly string[]>;

/** What stands for a number that is not given, where it is not the range's own. */
export const ownDefaults: Readonly<Record<FinderName, { readonly [name: string]: number }>> = {
  peakfinder8: {},
  zaef: {},
  dispersion: dispersionDefaults,
  'dispersion-extended': dispersionDefaults,
};

/** What else belongs to one of them, of the library alone. */
const alone: Partial<Record<FinderName, readonly string[]>> = { peakfinder8: ['rings', 'plain'] };

/** Names of the finders. */
export const finderNames = Object.keys(finderParameters) as FinderName[];

/**
 * Refuses parameters of another finder; `named` is how who calls writes a name. Throws `Argument`.
 */
export function refuseOthers(
  what: string,
  given: Readonly<Record<string, unknown>>,
  finder: FinderName,
  named: (name: string) => string = (name) => name,
): void {
  const own: readonly string[] = finderParameters[finder];
  for (const other of finderNames)
    for (const name of [...finderParameters[other], ...(alone[other] ?? [])]) {
      if (other === finder || own.includes(name) || given[name] === undefined) continue;
      const list = own.map(named).join(', ');
      throw new EwaldError('Argument', `${what}${named(name)} belongs to ${other}; ${finder} takes ${list}`);
    }
}
