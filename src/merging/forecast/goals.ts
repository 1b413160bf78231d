/** What the user wants of a merge, as `--wanted` states it: `CC1/2=.5@2.0A`, `complete=95%@2.0A`, `difference=5s`. */

import { argumentError } from '../../options/parameters.js';
import type { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { wordTable } from '../../util/word-table.js';

/** The quantities that can be wanted. */
export type WantedKind = 'ccHalf' | 'completeness' | 'snr' | 'difference';

/** A goal. */
export interface Goal {
  /** As it was written. */
  readonly text: string;
  readonly kind: WantedKind;
  /** CC1/2 and completeness: 0 … 1; I/σ; the σ of a difference. */
  readonly target: number;
  /** The goal is that of the outermost shell down to this d, angstrom; undefined for a difference. */
  readonly dMin: number | undefined;
}

const names = wordTable<WantedKind>({
  'cc1/2': 'ccHalf',
  cchalf: 'ccHalf',
  complete: 'completeness',
  completeness: 'completeness',
  'i/sigma': 'snr',
  'i/σ': 'snr',
  snr: 'snr',
  difference: 'difference',
});

/** The largest target of each quantity, and what it is called. */
const targets: Readonly<
  Record<WantedKind, { readonly most: number; readonly what: string; readonly example: string }>
> = {
  ccHalf: { most: 0.999, what: 'a correlation between 0 and .999', example: 'CC1/2=.5@2.0A' },
  completeness: { most: 0.9999, what: 'a share between 0 and 99.99 %', example: 'complete=95%@2.0A' },
  snr: { most: 100, what: 'a number between 0 and 100', example: 'I/sigma=2@2.0A' },
  difference: { most: 20, what: 'a number of sigmas between 0 and 20', example: 'difference=5s' },
};
const examples = Object.values(targets).map(({ example }) => example);

/** Reads goals. Throws `Argument` for one that is unknown, incomplete or given twice. */
export function readGoals(texts: readonly string[] = []): Goal[] {
  const goals = texts.map(readGoal);
  for (const [i, { kind, dMin, target, text }] of goals.entries())
    if (goals.findIndex((goal) => goal.kind === kind && goal.dMin === dMin && goal.target === target) < i)
      throw refused(text, 'the same goal was given before; give it once');
  return goals;
}

export const refused = (text: unknown, why: string): EwaldError =>
  argumentError('merge', (said) => `${said('wanted')} is ${inspect(text)}; ${why}`);

function readGoal(text: string): Goal {
  const [, name = '', value = '', unit = '', d] =
    /^\s*([^=\s]+)\s*=\s*([+-]?\d*\.?\d+)\s*(%|s|σ|sigma)?\s*(?:@\s*(\d*\.?\d+)\s*(?:A|Å|angstrom)?)?\s*$/i.exec(
      text,
    ) ?? [];
  const kind = names[name.toLowerCase()];
  if (kind === undefined) throw refused(text, `expected a goal such as ${examples.join(', ')}`);
  const { most, what, example } = targets[kind];
  const target = Number(value) / (unit === '%' ? 100 : 1);
  const isOtherUnit =
    kind === 'difference' ? unit === '%' : kind === 'snr' ? unit === '%' : /^(s|σ|sigma)$/i.test(unit);
  if (isOtherUnit || !(target > 0 && target <= most)) throw refused(text, `expected ${what}, as in ${example}`);
  if (kind === 'difference') {
    if (d !== undefined) throw refused(text, `a difference is that of all reflections; expected ${example}`);
    return { text, kind, target, dMin: undefined };
  }
  const dMin = Number(d);
  if (!(dMin >= 0.1 && dMin <= 100))
    throw refused(text, `expected the resolution of the goal, .1 to 100 angstrom, as in ${example}`);
  return { text, kind, target, dMin };
}
