/** "Table 1" of a publication: what was measured and how good it is, with the outermost shell in brackets. */

import { version } from '../../util/version.js';
import { withError } from '../../util/with-error.js';
import type { TwinEstimate } from '../reflections/twin-tests.js';
import type { MergeResult } from '../result.js';
import type { ShellStatistics } from '../statistics/statistics.js';

/** A line of the table. */
export interface Table1Row {
  readonly name: string;
  readonly value: string;
}

/** Further facts that a merge alone does not know. */
export interface Table1Facts {
  /** Hermann and Mauguin's name. */
  readonly spaceGroup: string;
  readonly twin?: TwinEstimate | undefined;
}

const digits = (x: number, places: number): string => (Number.isFinite(x) ? x.toFixed(places) : '–');

/** The rows of the table. R values are fractions, completeness is in per cent. */
export function table1Rows(
  {
    cell,
    wavelengthA,
    statistics,
    counts,
    merged,
  }: Pick<MergeResult, 'cell' | 'wavelengthA' | 'statistics' | 'counts' | 'merged'>,
  { spaceGroup, twin }: Table1Facts,
): Table1Row[] {
  const { overall, shells, wilson } = statistics;
  const outer = shells.findLast(({ unique }) => unique > 0) ?? (shells.at(-1) as ShellStatistics);
  const both = (of: (shell: ShellStatistics) => number, places: number): string =>
    `${digits(of(overall), places)} (${digits(of(outer), places)})`;
  const count = (of: (shell: ShellStatistics) => number): string => `${of(overall)} (${of(outer)})`;
  const rows: [string, string][] = [
    ['Wavelength (Å)', wavelengthA > 0 ? digits(wavelengthA, 4) : 'several'],
    // A publication names the group; which origin was chosen belongs to the coordinates.
    ['Space group', spaceGroup.replace(/:[12]$/, '')],
    [
      'a, b, c (Å)',
      cell
        .slice(0, 3)
        .map((x) => digits(x, 2))
        .join(', '),
    ],
    [
      'α, β, γ (°)',
      cell
        .slice(3)
        .map((x) => digits(x, 2))
        .join(', '),
    ],
    [
      'Resolution (Å)',
      `${digits(overall.dMax, 2)}–${digits(overall.dMin, 2)} (${digits(outer.dMax, 2)}–${digits(outer.dMin, 2)})`,
    ],
    ...(outer === shells.at(-1) ? [] : [['No reflections beyond (Å)', digits(outer.dMin, 2)] as [string, string]]),
    ['Frames', String(counts.frames)],
    ['Merged crystals', String(merged)],
    ['Observations', count(({ measurements }) => measurements)],
    ['Unique reflections', count(({ unique }) => unique)],
    ['Multiplicity', both(({ multiplicity }) => multiplicity, 1)],
    ['Completeness (%)', both(({ completeness }) => 100 * completeness, 1)],
    ['Mean I/σ(I)', both(({ snr }) => snr, 1)],
    ['CC1/2', both(({ ccHalf }) => ccHalf, 3)],
    ['CC*', both((shell) => shell.ccStar, 3)],
    ['Rsplit', both(({ rSplit }) => rSplit, 3)],
    ...(Number.isFinite(overall.ccAno) ? [['CCano', both(({ ccAno }) => ccAno, 3)] as [string, string]] : []),
    [
      'Wilson B (Å²)',
      Number.isFinite(wilson.temperatureFactor)
        ? withError(wilson.temperatureFactor, wilson.temperatureFactorError, 1)
        : '–',
    ],
    ...(twin && Number.isFinite(twin.fraction) ? [['Twin fraction', twinWords(twin)] as [string, string]] : []),
    ['Program', `ewald ${version}`],
  ];
  return rows.map(([name, value]) => ({ name, value }));
}

/** A fraction by a law may as well be that of crystals whose way to index was not resolved. */
const twinWords = ({ fraction, error, by }: TwinEstimate): string =>
  withError(fraction, error, 2) + (by === undefined ? '' : ` by ${by}, or an indexing ambiguity left unresolved`);

const latexOf = (text: string): string =>
  text
    .replace(/[%_&#]/g, '\\$&')
    .replace(/Å²/g, '\\AA$^2$')
    .replace(/Å/g, '\\AA{}')
    .replace(/α, β, γ/g, '$\\alpha$, $\\beta$, $\\gamma$')
    .replace(/°/g, '$^\\circ$')
    .replace(/σ/g, '$\\sigma$')
    .replace(/±/g, '$\\pm$')
    .replace(/–/g, '--')
    .replace(/CC1\/2/g, 'CC$_{1/2}$')
    .replace(/Rsplit/g, '$R_{\\mathrm{split}}$');

/** The rows as text, as a LaTeX table or as CSV. */
export function formatTable1(rows: readonly Table1Row[], form: 'text' | 'latex' | 'csv'): string {
  if (form === 'csv') {
    const quoted = (text: string): string => (/[",]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
    return ['name,value', ...rows.map(({ name, value }) => `${quoted(name)},${quoted(value)}`), ''].join('\n');
  }
  if (form === 'latex')
    return [
      '\\begin{tabular}{ll}',
      '\\hline',
      ...rows.map(({ name, value }) => `${latexOf(name)} & ${latexOf(value)} \\\\`),
      '\\hline',
      '\\end{tabular}',
      '% Values in parentheses are those of the outermost shell with reflections.',
      '',
    ].join('\n');
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2;
  return [
    ...rows.map(({ name, value }) => name.padEnd(width) + value),
    'Values in parentheses are those of the outermost shell with reflections.',
    '',
  ].join('\n');
}
