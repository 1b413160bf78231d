/** The tests of a list as pictures, and as a self-contained page of them. */
import { type Curve, curves } from '../../report/charts.js';
import { counted } from '../../util/amounts.js';
import { expectsMembers } from '../../util/arguments.js';
import { htmlText as escaped } from '../../util/plain-text.js';
import { withError } from '../../util/with-error.js';
import { twinValues } from '../statistics/twin-values.js';
import type { AbsenceElement } from './absences.js';
import type { ListCheck } from './check.js';
import { beginOf, byResolution, everyFifth, type ListReportOptions, listPage } from './list-page.js';
import { spaceGroupText, twinText } from './words.js';

/** The start of every such page, which identifies a file that may be replaced. */
export const checkPageBegin = beginOf('check');

const digits = (x: number, places: number): string => (Number.isFinite(x) ? x.toFixed(places) : '–');

/** Axes of which pictures are drawn: those of which both kinds of reflections were measured, the most decisive first. */
const mostAxes = 4;

function axisPicture({ condition, along }: AbsenceElement): string {
  const dots = (name: string, isAbsent: boolean): Curve => ({
    name,
    points: along.filter((one) => one.isAbsent === isAbsent).map(({ place, share }) => [place, share] as const),
    dots: true,
  });
  const places = along.map(({ place }) => place).sort((a, b) => a - b);
  return curves([dots('left out', true), dots('others', false)], {
    title: `${condition}: I/&lt;I&gt;`,
    xTicks: everyFifth(places),
    xText: String,
  });
}

/** What a page shows of a check. */
type Tests = Omit<ListCheck, 'isDoubtful'>;

/** Figures of a check: the L-test, the second moment, the Wilson plot, and the axes whose absences tell the space group. */
export function checkPictures({ twinning, wilson, spaceGroups }: Tests): string {
  const { curves: shares, moments } = twinning;
  const share = (name: string, values: readonly number[]): Curve => ({
    name,
    points: [[0, 0] as const, ...shares.at.map((x, i) => [x, values[i] as number] as const)],
  });
  const line = (name: string, value: number): Curve => ({
    name,
    points: moments.map(({ inverseD }) => [inverseD, value] as const),
  });
  const [untwinned, perfect] = twinValues(twinning.isCentric).secondMoment;
  const fitted = wilson.points.map(([s2]) => [s2, wilson.lnScale - 2 * wilson.temperatureFactor * s2] as const);
  const axes = spaceGroups.elements
    .filter(({ along }) => along.some(({ isAbsent }) => isAbsent) && along.some(({ isAbsent }) => !isAbsent))
    .sort((a, b) => Math.abs(b.lnOdds) - Math.abs(a.lnOdds));
  return [
    curves(
      [
        share('this list', shares.measured),
        share('untwinned', shares.untwinned),
        share('perfect twin', shares.perfect),
      ],
      { title: 'Share of pairs below |L|', xTicks: [0, 0.25, 0.5, 0.75, 1], xText: String, low: 0, high: 1 },
    ),
    curves(
      [
        { name: 'this list', points: moments.map(({ inverseD, value }) => [inverseD, value] as const), dots: true },
        line(`untwinned ${untwinned}`, untwinned),
        line(`perfect twin ${perfect}`, perfect),
      ],
      {
        title: '&lt;I² − σ²&gt;/&lt;I&gt;²',
        ...byResolution(moments.map(({ inverseD }) => inverseD)),
        low: 1,
        high: untwinned + 1,
      },
    ),
    curves(
      [
        { name: 'ln(&lt;I&gt;/ε)', points: wilson.points, dots: true },
        {
          name: `B ${withError(wilson.temperatureFactor, wilson.temperatureFactorError, 1)} Å²`,
          points: fitted,
        },
      ],
      {
        title: 'Wilson plot',
        xTicks: everyFifth(wilson.points.map(([s2]) => s2)),
        xText: (s2) => `${(1 / (2 * Math.sqrt(s2))).toFixed(2)} Å`,
      },
    ),
    ...axes.slice(0, mostAxes).map(axisPicture),
  ].join('');
}

/** What a check says in words. */
const paragraphs = (check: Tests): string =>
  [twinText(check), spaceGroupText(check), ...(check.stated ? [check.stated.text] : []), ...check.remarks]
    .map((text) => `<p>${escaped(text)}</p>`)
    .join('');

/** The tests as a section of another page. */
export const checkSection = (check: Tests): string =>
  `<h2>Twinning and space group</h2><section>${paragraphs(check)}<div class="grid3">${checkPictures(check)}</div></section>`;

/** The tests of a list as the text of an HTML page, in one piece. Throws `Argument`. */
export function checkReport(check: ListCheck, options: ListReportOptions = {}): string {
  expectsMembers(
    'checkReport: the check',
    check,
    ['twinning', 'wilson', 'spaceGroups'],
    'what checkReflections returns',
  );
  const { reflections, overall, outliers, ice } = check;
  const rings = ice.filter(({ isFlagged }) => isFlagged).map(({ d }) => `${digits(d, 3)} Å`);
  const facts = [
    ['Reflections', String(reflections)],
    ['Completeness', `${digits(100 * overall.completeness, 1)} % to ${digits(overall.dMin, 2)} Å`],
    ['Mean I/σ(I)', digits(overall.snr, 2)],
    ['Stronger than chance allows', counted(outliers.length, 'reflection')],
    ['Rings of ice', rings.length === 0 ? 'none' : rings.join(', ')],
  ];
  return listPage('checkReport', checkPageBegin, options, {
    title: 'Tests of a list',
    body: `${checkSection(check)}
<h2>List</h2><section><table>${facts.map(([name = '', text = '']) => `<tr><td>${name}</td><td>${escaped(text)}</td></tr>`).join('')}</table></section>`,
  });
}
