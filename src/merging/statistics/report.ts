/** The statistics of a merge as a self-contained page: plots as SVG, no scripts, fonts or network access. */

import { cellFromParameters } from '../../crystal/cell.js';
import { orientedGroup } from '../../crystal/symmetry/oriented.js';
import { checkedOptions, row } from '../../options/call-options.js';
import { type Curve, curves, histogram } from '../../report/charts.js';
import { style } from '../../report/style.js';
import { counted } from '../../util/amounts.js';
import { expectsMembers } from '../../util/arguments.js';
import { htmlText as escaped } from '../../util/plain-text.js';
import { version } from '../../util/version.js';
import { withError } from '../../util/with-error.js';
import { forecastSection } from '../forecast/words.js';
import { checkReflections } from '../reflections/check.js';
import { checkSection } from '../reflections/check-report.js';
import type { MergedLists, MergeResult } from '../result.js';
import type { ShellStatistics } from './statistics.js';
import { shortOf, twinValues } from './twin-values.js';

const texts = { title: row.text, about: row.text };

/** Options of a report of a merge. */
export interface MergeReportOptions {
  /** Heading of the page; default `Merged data`. */
  readonly title?: string | undefined;
  /** How the merge was made, such as the command line; default none. */
  readonly about?: string | undefined;
}

/** The start of every such page, which identifies a file that may be replaced. */
export const pageBegin = '<!doctype html>\n<!-- Written by ewald merge. -->';

const digits = (x: number, places: number): string => (Number.isFinite(x) ? x.toFixed(places) : '–');
const percent = (x: number): string => digits(100 * x, 1);
/** Rsplit, unless too few pairs of halves are left for a correlation: it says nothing of such a shell. */
const rSplitOf = ({ rSplit, ccHalf }: ShellStatistics): number => (Number.isFinite(ccHalf) ? rSplit : Number.NaN);

/** Columns of the table of shells. */
const columns: readonly (readonly [string, (shell: ShellStatistics) => string])[] = [
  ['d / Å', ({ dMax, dMin }) => `${digits(dMax, 2)} – ${digits(dMin, 2)}`],
  ['unique', ({ unique }) => String(unique)],
  ['possible', ({ possible }) => String(possible)],
  ['complete %', ({ completeness }) => percent(completeness)],
  ['multiplicity', ({ multiplicity }) => digits(multiplicity, 1)],
  ['effective', ({ effectiveMultiplicity }) => digits(effectiveMultiplicity, 1)],
  ['I/σ(I)', ({ snr }) => digits(snr, 2)],
  ['mean I', ({ meanIntensity }) => digits(meanIntensity, 1)],
  ['CC1/2', ({ ccHalf }) => digits(ccHalf, 4)],
  ['CC*', ({ ccStar }) => digits(ccStar, 4)],
  ['Rsplit %', (shell) => percent(rSplitOf(shell))],
  ['&lt;|L|&gt;', ({ lTest }) => digits(lTest.meanAbs, 3)],
];
const anomalous: typeof columns = [
  ['CCano', ({ ccAno }) => digits(ccAno, 3)],
  ['CRDano', ({ crdAno }) => digits(crdAno, 2)],
  ['Rano %', ({ rAno }) => percent(rAno)],
];
const referred: typeof columns = [['CC to reference', ({ ccReference }) => digits(ccReference, 4)]];

function tableOf(shells: readonly ShellStatistics[], overall: ShellStatistics): string {
  const shown = [
    ...columns,
    ...(Number.isFinite(overall.rAno) ? anomalous : []),
    ...(Number.isFinite(overall.ccReference) ? referred : []),
  ];
  const heads = shown.map(([head]) => `<th>${head}</th>`).join('');
  const rows = [...shells, overall].map(
    (shell) => `<tr>${shown.map(([, of]) => `<td>${of(shell)}</td>`).join('')}</tr>`,
  );
  return `<div class="shells"><table><tr>${heads}</tr>${rows.join('')}</table></div>`;
}

/** Plots over the resolution: shells are placed at the middle of their volume, and axes are labelled by d. */
function plotsOf({ statistics: { shells, overall, wilson, lTest, isCentric } }: MergedLists): string {
  const [untwinned, perfect] = twinValues(isCentric).meanAbs;
  const middle = ({ dMax, dMin }: ShellStatistics): number => Math.cbrt((dMax ** -3 + dMin ** -3) / 2);
  const places = shells.map(middle);
  const step = Math.max(1, Math.ceil(shells.length / 5));
  const xTicks = places.filter((_, i) => i % step === 0);
  const xText = (q: number): string => `${(1 / q).toFixed(2)} Å`;
  const curve = (name: string, of: (shell: ShellStatistics) => number): Curve => ({
    name,
    points: shells.map((shell, i) => [places[i] ?? 0, of(shell)] as const),
  });
  const plot = (title: string, series: readonly Curve[], ends: { low?: number; high?: number } = {}): string =>
    curves(series, { title, xText, xTicks, ...ends });
  const fitted = wilson.points.map(([s2]) => [s2, wilson.lnScale - 2 * wilson.temperatureFactor * s2] as const);
  const s2Ticks = wilson.points.filter((_, i) => i % 5 === 0).map(([s2]) => s2);
  return [
    plot('Correlation', [curve('CC1/2', ({ ccHalf }) => ccHalf), curve('CC*', ({ ccStar }) => ccStar)], {
      low: 0,
      high: 1,
    }),
    plot('Completeness %', [curve('completeness', ({ completeness }) => 100 * completeness)], { low: 0, high: 100 }),
    plot('Rsplit %', [curve('Rsplit', (shell) => 100 * rSplitOf(shell))], { low: 0 }),
    plot('Mean I/σ(I)', [curve('I/σ(I)', ({ snr }) => snr)], { low: 0 }),
    plot(
      'Multiplicity',
      [
        curve('measured', ({ multiplicity }) => multiplicity),
        curve('effective, by weights', ({ effectiveMultiplicity }) => effectiveMultiplicity),
      ],
      { low: 0 },
    ),
    plot(
      'L-test: &lt;|L|&gt;',
      [
        curve(`this merge ${digits(lTest.meanAbs, 3)}`, (shell) => shell.lTest.meanAbs),
        curve(`untwinned ${shortOf(untwinned, 3)}`, () => untwinned),
        curve(`perfect twin ${shortOf(perfect, 3)}`, () => perfect),
      ],
      { low: perfect - 0.025, high: untwinned + 0.05 },
    ),
    curves(
      [
        { name: 'ln(&lt;I&gt;/ε)', points: wilson.points, dots: true },
        {
          name: `B ${withError(wilson.temperatureFactor, wilson.temperatureFactorError, 1)} Å²`,
          points: fitted,
        },
      ],
      { title: 'Wilson plot', xTicks: s2Ticks, xText: (s2) => `${(1 / (2 * Math.sqrt(s2))).toFixed(2)} Å` },
    ),
    Number.isFinite(overall.ccAno)
      ? plot('Anomalous correlation', [curve('CCano', ({ ccAno }) => ccAno)], { low: 0 })
      : '',
    Number.isFinite(overall.ccReference)
      ? plot('Correlation with the reference', [curve('CC', ({ ccReference }) => ccReference)], { low: 0, high: 1 })
      : '',
  ].join('');
}

/** The most important numbers of a merge. */
function tilesOf({ statistics: { overall }, counts, merged }: MergeResult): string {
  const tile = (value: string, what: string): string => `<div><b>${value}</b><span>${what}</span></div>`;
  const tiles = [
    tile(String(merged), `${merged === 1 ? 'crystal' : 'crystals'} of ${counted(counts.frames, 'frame')}`),
    tile(String(counts.reflections), 'observations'),
    tile(String(overall.unique), 'unique reflections'),
    tile(`${percent(overall.completeness)} %`, `complete to ${digits(overall.dMin, 2)} Å`),
    tile(digits(overall.ccHalf, 4), 'CC1/2, halves scaled independently'),
    tile(`${percent(rSplitOf(overall))} %`, 'Rsplit'),
    tile(digits(overall.multiplicity, 1), 'measurements of a reflection'),
    tile(digits(overall.snr, 1), 'mean I/σ(I)'),
  ].join('');
  return `<div class="tiles">${tiles}</div>`;
}

const remarksOf = ({ remarks }: MergeResult): string =>
  remarks.length === 0
    ? ''
    : `<div class="remarks">${remarks.map((remark) => `<p>${escaped(remark)}</p>`).join('')}</div>`;

/** The table of shells, and how it counts. */
const shellsOf = ({ statistics: { shells, overall } }: MergedLists): string =>
  `${tableOf(shells, overall)}<p class="about">Shells of equal volume. Possible
reflections are those of the asymmetric unit without the absences of the centring; screw-axis absences count as
possible. The two halves are divided by frame and scaled independently.</p>`;

/** A merge as a section of another report, such as that of the run whose crystals it merges. */
export const mergeSection = (result: MergeResult): string =>
  `<h2>Merge in ${escaped(result.reflections.symmetry)}</h2>${tilesOf(result)}${remarksOf(result)}${forecastSection(result.forecast)}` +
  `<section><div class="grid3">${plotsOf(result)}</div>${shellsOf(result)}</section>${testsOf(result)}`;

/** The tests of the merged list, with pictures. */
function testsOf({ reflections, cell, centring }: MergeResult): string {
  const known = { cell: cellFromParameters(...cell), centring };
  const group = orientedGroup(reflections.symmetry, known.cell)?.group;
  return group === undefined || reflections.count === 0
    ? ''
    : checkSection(checkReflections(reflections, { ...known, group }));
}

/**
 * The report of a merge as the text of an HTML page, in one piece: statistics by shell, plots, crystals and remarks.
 *
 * Throws `Argument`.
 */
export function mergeReport(result: MergeResult, options: MergeReportOptions = {}): string {
  expectsMembers(
    'mergeReport: the merge',
    result,
    ['statistics', 'crystals', 'reflections'],
    'what merger.run returns',
  );
  const { title = 'Merged data', about = '' } = checkedOptions('mergeReport', options, texts);
  const { statistics, crystals, cell, model, polarisation, reflections, waysToIndex } = result;
  const values = twinValues(statistics.isCentric);
  const twinsText = ([untwinned, perfect]: readonly [number, number]): string =>
    `(untwinned ${shortOf(untwinned, 3)}, perfect twin ${shortOf(perfect, 3)})`;
  const facts: readonly (readonly [string, string])[] = [
    ['Point group', reflections.symmetry],
    ['Cell', `${cell.map((x, i) => digits(x, i < 3 ? 2 : 1)).join(' ')} (Å, °), ${result.centring}`],
    ['Wavelength', result.wavelengthA > 0 ? `${digits(result.wavelengthA, 5)} Å` : 'several'],
    ['Model', model],
    ['Polarisation corrected', polarisation.correction],
    ['Proportional error', digits(result.proportionalError, 3)],
    ['Ways to index', waysToIndex.join('; ')],
    [
      '&lt;I²&gt;/&lt;I&gt;²',
      `${withError(statistics.secondMoment, statistics.secondMomentError, 2)} ${twinsText(values.secondMoment)}`,
    ],
    ['&lt;L²&gt;', `${digits(statistics.lTest.meanSquare, 3)} ${twinsText(values.meanSquare)}`],
  ];
  const used = crystals.filter(({ deviation }) => model === 'mean' || deviation > 0);
  const odds = used.map(({ logOdds }) => logOdds).filter(Number.isFinite);
  const histograms =
    model === 'mean'
      ? ''
      : [
          histogram(
            used.map(({ scale }) => Math.log(scale)),
            'ln G',
            '',
            undefined,
          ),
          histogram(
            used.map(({ relativeB }) => relativeB),
            'relative B',
            'Å²',
            undefined,
          ),
          histogram(
            used.map(({ radius }) => radius * 1e4),
            'profile radius',
            '10⁻⁴/Å',
            undefined,
          ),
          ...(odds.length > 0 ? [histogram(odds, 'ln of the odds of the way to index', '', undefined)] : []),
        ].join('');
  const datasets = result.datasets
    .map(
      (dataset) =>
        `<h2>Data set ${escaped(dataset.name)}</h2><section>${tableOf(dataset.statistics.shells, dataset.statistics.overall)}` +
        `<div class="grid3">${plotsOf(dataset)}</div></section>`,
    )
    .join('');
  const rows = facts.map(([name, text]) => `<tr><td>${name}</td><td>${escaped(text)}</td></tr>`).join('');
  return `${pageBegin}
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${style}</style></head>
<body><main>
<h1>${escaped(title)}</h1>${about === '' ? '' : `<code>${escaped(about)}</code>`}
${tilesOf(result)}
${remarksOf(result)}
${forecastSection(result.forecast)}<h2>By resolution</h2><section><div class="grid3">${plotsOf(result)}</div></section>
<h2>Shells</h2><section>${shellsOf(result)}</section>
${testsOf(result)}
${histograms === '' ? '' : `<h2>Crystals</h2><section><div class="grid3">${histograms}</div></section>`}
${datasets}
<h2>Merge</h2><section><table>${rows}</table></section>
<footer>ewald ${escaped(version)}</footer>
</main></body></html>
`;
}
