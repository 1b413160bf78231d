/** A comparison of two lists as pictures, on a self-contained page. */
import { type Curve, curves } from '../../report/charts.js';
import { expectsMembers } from '../../util/arguments.js';
import { htmlText as escaped } from '../../util/plain-text.js';
import { factorWithError, withError } from '../../util/with-error.js';
import type { ComparisonFigures, ListComparison } from './compare.js';
import { beginOf, byResolution, type ListReportOptions, listPage } from './list-page.js';

/** The start of every such page, which identifies a file that may be replaced. */
export const comparePageBegin = beginOf('compare');

const digits = (x: number, places: number): string => (Number.isFinite(x) ? x.toFixed(places) : '–');

/** Curves of figures by the middle of each shell, and what they would be. */
function picture(
  shells: readonly ComparisonFigures[],
  title: string,
  of: Readonly<Record<string, (shell: ComparisonFigures) => number>>,
  { low, high, expected = {} }: { low?: number; high?: number; expected?: Readonly<Record<string, number>> } = {},
): string {
  const middle = ({ dMax, dMin }: ComparisonFigures): number => (1 / dMax + 1 / dMin) / 2;
  const drawn = Object.entries(of).map(
    ([name, value]): Curve => ({ name, points: shells.map((shell) => [middle(shell), value(shell)] as const) }),
  );
  const lines = Object.entries(expected).map(
    ([name, value]): Curve => ({ name, points: shells.map((shell) => [middle(shell), value] as const) }),
  );
  return curves([...drawn, ...lines], {
    title,
    ...byResolution(shells.map(middle)),
    ...(low !== undefined && { low }),
    ...(high !== undefined && { high }),
  });
}

function pictures({ shells, overall }: ListComparison): string {
  const hasSigmas = Number.isFinite(overall.within1);
  return [
    picture(shells, 'Correlation', { CC: ({ cc }) => cc, 'CC*': (shell) => shell.ccStar }, { low: 0, high: 1 }),
    picture(
      shells,
      'R values',
      { Rsplit: ({ rSplit }) => rSplit, 'R1(I)': ({ r1 }) => r1, 'Riso(F)': ({ rIso }) => rIso },
      { low: 0 },
    ),
    picture(shells, 'Ratio of sums after scaling', { k: ({ k }) => k }, { expected: { 'the same': 1 } }),
    hasSigmas
      ? picture(
          shells,
          'Share of pairs within their errors',
          { '1σ': ({ within1 }) => within1, '2σ': ({ within2 }) => within2 },
          { low: 0, high: 1, expected: { 'right errors .683': 0.683, 'and .954': 0.954 } },
        )
      : '',
    picture(
      shells,
      'Completeness',
      { first: ({ completeness }) => completeness[0], second: ({ completeness }) => completeness[1] },
      { low: 0, high: 1 },
    ),
    overall.anomalousPairs > 0
      ? picture(shells, 'Correlation of differences of mates', { CCano: ({ ccAno }) => ccAno }, { low: 0, high: 1 })
      : '',
  ].join('');
}

const rowsOf = (rows: readonly (readonly string[])[]): string =>
  `<table>${rows.map((cells) => `<tr>${cells.map((text) => `<td>${escaped(text)}</td>`).join('')}</tr>`).join('')}</table>`;

/** A comparison of two lists as the text of an HTML page, in one piece. Throws `Argument`. */
export function compareReport(comparison: ListComparison, options: ListReportOptions = {}): string {
  expectsMembers(
    'compareReport: the comparison',
    comparison,
    ['overall', 'shells', 'ways', 'worst', 'sameCrystal'],
    'what compareReflections returns',
  );
  const { counts, overall, ways, sameCrystal, scale, scaleError, relativeB, relativeBError, onlyFirst, onlySecond } =
    comparison;
  const facts = [
    [
      'Reflections',
      `${counts[0]} and ${counts[1]}, ${overall.pairs} in both; ${onlyFirst} and ${onlySecond} in one alone`,
    ],
    ['Crystals', sameCrystal.text],
    ['Resolution', `${digits(overall.dMax, 2)} – ${digits(overall.dMin, 2)} Å`],
    ['CC, CC*', `${digits(overall.cc, 4)}, ${digits(overall.ccStar, 4)}`],
    ['Rsplit, R1(I), Riso(F)', [overall.rSplit, overall.r1, overall.rIso].map((x) => digits(x, 4)).join(', ')],
    [
      'Scale, relative B',
      Number.isFinite(scaleError)
        ? `${factorWithError(scale, scaleError)}, ${withError(relativeB, relativeBError, 2)} Å²`
        : 'none was fitted',
    ],
    ...ways.map(({ operation, cc }, i) => [
      i === 0 ? 'Ways to index the second list' : '',
      `${operation}: CC ${digits(cc, 3)}`,
    ]),
  ];
  const worst = comparison.worst.map(({ indices, first, second, deviation }) => [
    indices.join(' '),
    ...[first, second, deviation].map((x) => digits(x, 1)),
  ]);
  return listPage('compareReport', comparePageBegin, options, {
    title: 'Two lists',
    body: `<h2>By resolution</h2><section>${comparison.remarks.map((text) => `<p>${escaped(text)}</p>`).join('')}<div class="grid3">${pictures(comparison)}</div></section>
<h2>All reflections</h2><section>${rowsOf(facts)}</section>
${worst.length === 0 ? '' : `<h2>Pairs that differ most</h2><section>${rowsOf([['', 'first', 'second', 'σ'], ...worst])}</section>`}`,
  });
}
