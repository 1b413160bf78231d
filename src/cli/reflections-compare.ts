/** `ewald reflections compare`: two lists side by side. */
import {
  checkOutput,
  compareListsRows,
  csvText,
  factorWithError,
  inputName,
  mergeWriting,
  withError,
  writeWhole,
} from '../entries/command.node.js';
import { type ComparisonFigures, compareReflections, compareReport, type ListComparison } from '../entries/merging.js';
import { commandLine } from './command-line.js';
import { bold, dim, endDone, note, print, printJson, refuseBoth, table, warn, wrapText, yellow } from './output.js';
import { pickFlags } from './parameter-flags.js';
import { cellOfLists, type InputNotes, readList, sayNotes } from './reflections-input.js';
import type { CompareFlags } from './reflections-rows.js';

export async function run([first = '', second = '']: readonly string[], flags: CompareFlags): Promise<void> {
  const { json, csv, cell, html, force = false } = flags;
  refuseBoth({ ...(json && { json }), ...(csv && { csv }) });
  const inputs = [first, second].filter((one) => one !== '-');
  const writing = { ...mergeWriting.compare, force, inputs };
  if (html !== undefined) await checkOutput(html, { ...writing, endings: ['.html', '.htm'] });
  const notes: InputNotes = [];
  const files = [await readList(first, flags, notes), await readList(second, flags, notes)] as const;
  const known = await cellOfLists(cell, files, [first, second], notes);
  const compared = compareReflections(files[0].list, files[1].list, {
    ...pickFlags(compareListsRows, flags),
    cell: known,
  });
  const isDoubtful = compared.isDoubtful || files.some(({ badRows }) => badRows > 0);
  const result = { ...compared, isDoubtful };
  sayNotes(notes);
  if (html !== undefined) {
    const title = `${inputName(first)} and ${inputName(second)}`;
    await writeWhole(html, compareReport(result, { title, about: commandLine() }), writing);
  }
  if (json) printJson({ first, second, ...result });
  else if (csv) print(csvText(rowsOf(result)));
  else show(result, first, second);
  for (const remark of result.remarks) note(`${yellow('note:')} ${remark}`);
  const { verdict, text } = result.sameCrystal;
  // A table of numbers has no place for it.
  if (csv && verdict === 'other') note(`${yellow('note:')} ${text}`);
  if (result.isDoubtful) warn('the lists contradict what they are said to be: see the notes (exit code 1)');
  endDone(!result.isDoubtful);
}

const rowsOf = ({ overall, shells }: ListComparison): object[] =>
  [...shells, overall].map(({ completeness: [a, b], ...rest }, i) => ({
    shell: i < shells.length ? String(i + 1) : 'all',
    ...rest,
    completenessFirst: a,
    completenessSecond: b,
  }));

const digits = (x: number, places: number): string =>
  // No minus before a zero.
  Number.isFinite(x) ? x.toFixed(places).replace(/^-(0\.?0*)$/, '$1') : '–';
/** Of its errors, below which a pair differs by rounding alone. */
const leastShown = 0.05;
const percent = (x: number): string => digits(100 * x, 1);

/** A relative B with its error. */
const relativeOf = ({ relativeB, relativeBError }: ListComparison): string =>
  Number.isFinite(relativeBError)
    ? `relative B ${withError(relativeB, relativeBError, 2)} Å²`
    : 'no relative B, since all pairs have one resolution';

function show(result: ListComparison, first: string, second: string): void {
  const { counts, onlyFirst, onlySecond, ways, scale, overall, shells, worst, symmetry } = result;
  print(`${bold(first)} ${counts[0]} reflections, ${bold(second)} ${counts[1]}, in ${symmetry}`);
  print(dim(wrapText(`${overall.pairs} in both, ${onlyFirst} in the first alone, ${onlySecond} in the second alone`)));
  const mates = overall.anomalousPairs > 0;
  const heads = [
    'd / Å',
    'pairs',
    'compl. % 1',
    '2',
    'CC',
    'CC*',
    'Rsplit %',
    'R1 %',
    'Riso(F) %',
    'k',
    '< 1σ %',
    '< 2σ %',
  ];
  if (mates) heads.push('CCano');
  const row = (s: ComparisonFigures): string[] => [
    `${digits(s.dMax, 2)} – ${digits(s.dMin, 2)}`,
    String(s.pairs),
    percent(s.completeness[0]),
    percent(s.completeness[1]),
    digits(s.cc, 4),
    digits(s.ccStar, 4),
    percent(s.rSplit),
    percent(s.r1),
    percent(s.rIso),
    digits(s.k, 3),
    percent(s.within1),
    percent(s.within2),
    ...(mates ? [digits(s.ccAno, 3)] : []),
  ];
  print(
    table(
      heads,
      [...shells.map(row), row(overall)],
      heads.slice(1).map((_, i) => i + 1),
    ),
  );
  if (Number.isFinite(result.scaleError))
    print(`scale ${factorWithError(scale, result.scaleError)}, ${relativeOf(result)}`);
  else print('no scale and no relative B were fitted');
  const [best, ...others] = ways;
  if (best && others.length > 0) {
    const asTheyAre = best.operation === 'h,k,l';
    const told = ways.map(({ operation, cc }) => `${operation}: CC ${digits(cc, 3)}`).join('; ');
    print(wrapText(`ways to index the second list: ${told}${asTheyAre ? '' : `; it is taken as ${best.operation}`}`));
  }
  const { verdict, text } = result.sameCrystal;
  print(verdict === 'other' ? yellow(wrapText(text)) : bold(wrapText(text)));
  const differing = worst.filter(({ deviation }) => Math.abs(deviation) >= leastShown);
  if (differing.length > 0) {
    const lines = differing.map(({ indices, first: x, second: y, deviation }) => [
      indices.join(' '),
      digits(x, 1),
      digits(y, 1),
      digits(deviation, 1),
    ]);
    print(table(['differ most', 'first', 'second', 'σ'], lines, [1, 2, 3]));
  }
}
