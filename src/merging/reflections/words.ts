/** What the tests of a list say, in sentences. */
import { spaceGroupSetting } from '../../crystal/space-groups/groups.js';
import { counted } from '../../util/amounts.js';
import { withError } from '../../util/with-error.js';
import { fewestRatios } from '../statistics/statistics.js';
import type { ListCheck } from './check.js';
import { decided, oddsText } from './odds.js';
import { areLikeCentric } from './twinning.js';

/** ⟨L²⟩ and ⟨I²⟩/⟨I⟩² that no twin has: translations within the cell. */
const modulated = { acentric: 2.3, centric: 3.6 };

/** What else intensities of no stated centrosymmetric space group may be. */
const centrosymmetric =
  'a crystal with an inversion (usual 3), whose space group has to be stated for the tests of twins and outliers, ';

/** Largest error of a twin fraction that tells an untwinned crystal from a perfect twin, .5, by five of them. */
const tellsTwins = 0.1;

/** Errors from which on the covariance of a law's pairs is no sign that there is no twin. */
const hinted = 3;

/** What the twin tests decide, and what they leave open. */
export function twinText({ twinning, laws }: Pick<ListCheck, 'twinning' | 'laws'>): string {
  const { fraction, error, pairs, secondMoment, secondMomentError, isCentric } = twinning;
  if (pairs < fewestRatios)
    return `Twinning: not decided, since ${counted(pairs, 'pair')} of ${isCentric ? 'centric' : 'acentric'} reflections are too few.`;
  const said = Number.isFinite(fraction) ? withError(fraction, error, 2) : 'not decided';
  if (secondMoment - 3 * secondMomentError > modulated[isCentric ? 'centric' : 'acentric'] || areLikeCentric(twinning))
    return (
      `Intensities vary more than those of any ${isCentric ? 'crystal' : 'acentric crystal'} without pseudosymmetry (⟨I²⟩/⟨I⟩² ` +
      `${withError(secondMoment, secondMomentError, 2)}, usual ${isCentric ? 3 : 2}): ${isCentric ? '' : centrosymmetric}translations ` +
      'within the cell, a multiple of the right cell, or two lattices.'
    );
  const possible = laws
    .filter(({ isFound }) => isFound)
    .map((law) => `${withError(law.fraction, law.error, 2)} by ${law.operation}`);
  // A law is found where the L-test is not, if large errors of a merge hide the distribution: an ambiguity left unresolved.
  if (possible.length === 0 && Number.isNaN(fraction))
    return `Twinning: not decided, since the errors of ${pairs} pairs hide how their intensities are distributed.`;
  if (possible.length === 0 && fraction < 3 * error)
    return error < tellsTwins && !laws.some(({ significance }) => significance > hinted)
      ? `Untwinned: twin fraction ${said}.`
      : `Twinning: not decided, twin fraction ${said}.`;
  if (possible.length === 0) return lawlessText(said, twinning, laws);
  const isBelow = laws.every((law) => !law.isFound || fraction + 4 * error < law.fraction - 4 * law.error);
  return (
    `Like a twin of ${possible.join('; ')} (L-test ${said}), or an indexing ambiguity that was left unresolved: merge with -w.` +
    (isBelow ? ' The L-test sees less of it: it may be pseudosymmetry that is nearly this operation.' : '')
  );
}

/** What is said where intensities are like those of a twin, and no law is found. */
function lawlessText(
  said: string,
  { fraction, error, isCentric }: Pick<ListCheck['twinning'], 'fraction' | 'error' | 'isCentric'>,
  laws: ListCheck['laws'],
): string {
  const without = isCentric ? ', or a crystal without the inversion of the stated space group' : '';
  if (laws.length === 0)
    return (
      `Like a twin of ${said}, though the lattice has no more symmetry than the point group: twinned by pseudosymmetry, or a ` +
      `point group that is too high${without}.`
    );
  // A law with few pairs, or with large errors, excludes nothing.
  const isExcluded = laws.every((law) => law.fraction + 3 * Math.hypot(law.error, error) < fraction);
  return isExcluded
    ? `Like a twin of ${said}, by no law of the lattice: twinned by pseudosymmetry, or a point group that is too high${without}.`
    : `Like a twin of ${said}; the pairs of reflections that a law of the lattice relates do not tell whether it is by one.`;
}

/** Names of a class, each group once: all of them, since any may be the one. */
function classNames(names: readonly string[]): string {
  const groups = [
    ...new Map([...names].reverse().map((name) => [spaceGroupSetting(name).number, name])).values(),
  ].reverse();
  return groups.length > 6 ? `one of ${groups.length}, ${groups.join(', ')}` : groups.join(', ');
}

/** What absences decide. */
export function spaceGroupText({
  spaceGroups: { classes, verdict, margin, elements, isPresent },
}: Pick<ListCheck, 'spaceGroups'>): string {
  const [first] = classes;
  if (!first) return 'No space group fits the point group and the centring in these axes.';
  const names = classNames(first.names);
  const same = first.isUntold
    ? ' (no reflection was measured that tells these apart)'
    : ' (the same absences: intensities do not tell these apart)';
  const hands = first.names.length > 1 ? same : '';
  const odds = Number.isFinite(margin) ? `, ${oddsText(margin)} against the next` : '';
  if (verdict !== 'not decided') return `Space group ${verdict}: ${names}${hands}${odds}.`;
  const weak = elements
    .filter(({ lnOdds }) => Math.abs(lnOdds) < 7)
    .map(({ condition, absent }) =>
      absent.count === 0 ? `none for ${condition}` : `${counted(absent.count, 'reflection')} for ${condition}`,
    )
    .slice(0, 3);
  // What is excluded is no candidate; then the odds are for the first class, whose groups nothing tells apart.
  const next = margin < decided ? classes[1]?.names[0] : undefined;
  return (
    `Space group not decided: ${names}${hands}${next ? `, or ${next}` : ''}${odds}` +
    `${weak.length > 0 ? `; measured: ${weak.join(', ')}` : ''}.` +
    (isPresent
      ? ' What the first one leaves out is weak, and there: by a translation that holds nearly, by strong neighbours, or in a ' +
        'list whose axes lack the factor ε.'
      : '')
  );
}
