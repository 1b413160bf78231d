/** `ewald reflections check`: what a list says of the crystal and of itself. */
import {
  checkListRows,
  checkOutput,
  inputName,
  mergeWriting,
  oddsText,
  spaceGroupText,
  twinText,
  withError,
  writeWhole,
} from '../entries/command.node.js';
import { checkReflections, checkReport, type ListCheck, type ListShell } from '../entries/merging.js';
import { commandLine } from './command-line.js';
import { bold, counted, dim, endDone, note, print, printJson, table, warn, wrapText, yellow } from './output.js';
import { pickFlags } from './parameter-flags.js';
import { cellOfLists, type InputNotes, readList, sayNotes } from './reflections-input.js';
import type { CheckFlags } from './reflections-rows.js';

export async function run([input = '']: readonly string[], flags: CheckFlags): Promise<void> {
  const { html } = flags;
  const writing = { ...mergeWriting.check, force: flags.force ?? false, inputs: [input].filter((one) => one !== '-') };
  if (html !== undefined) await checkOutput(html, { ...writing, endings: ['.html', '.htm'] });
  const notes: InputNotes = [];
  const file = await readList(input, flags, notes);
  const cell = await cellOfLists(flags.cell, [file], [input], notes);
  const checked = checkReflections(file.list, { ...pickFlags(checkListRows, flags), cell });
  const result = { ...checked, isDoubtful: checked.isDoubtful || file.badRows > 0 };
  const words = { twinning: twinText(result), spaceGroup: spaceGroupText(result) };
  if (html !== undefined)
    await writeWhole(html, checkReport(result, { title: inputName(input), about: commandLine() }), writing);
  sayNotes(notes);
  for (const remark of result.remarks) note(`${yellow('note:')} ${remark}`);
  if (result.isDoubtful) warn('the list contradicts what it is said to have: see the notes (exit code 1)');
  endDone(!result.isDoubtful);
  if (flags.json) return printJson({ list: input, symmetry: flags.symmetry ?? file.list.symmetry, words, ...result });
  show(input, result, words);
}

const digits = (x: number, places: number): string => (Number.isFinite(x) ? x.toFixed(places) : '–');

/** What is weaker than usual, and there, is not called absent. */
const absentText = (lnOdds: number, isPresent: boolean): string =>
  isPresent ? `weak ${oddsText(lnOdds)}, and there` : `absent ${oddsText(lnOdds)}`;

function show(
  input: string,
  result: ListCheck,
  words: { readonly twinning: string; readonly spaceGroup: string },
): void {
  const { reflections, endsAt, wilson, twinning, laws, spaceGroups, stated, outliers, ice } = result;
  print(`${bold(input)}: ${counted(reflections, 'reflection')}`);
  if (endsAt > 0)
    print(
      yellow(
        Number.isFinite(endsAt)
          ? `no signal beyond ${digits(endsAt, 2)} Å: nothing beyond it was tested`
          : 'no signal: nothing could be tested',
      ),
    );
  const percent = (x: number): string => digits(100 * x, 1);
  const row = (shell: ListShell): string[] => [
    `${digits(shell.dMax, 2)} – ${digits(shell.dMin, 2)}`,
    String(shell.unique),
    String(shell.possible),
    percent(shell.completeness),
    String(shell.measurements),
    digits(shell.multiplicity, 1),
    digits(shell.snr, 2),
    digits(shell.meanIntensity, 1),
  ];
  const heads = ['d / Å', 'refl.', 'possible', 'compl. %', 'meas.', 'multiplicity', 'I/σ', '<I>'];
  print(table(heads, [...result.shells, result.overall].map(row), [1, 2, 3, 4, 5, 6, 7]));
  const b = `${withError(wilson.temperatureFactor, wilson.temperatureFactorError, 1)} Å²`;
  const isFitted = Number.isFinite(wilson.temperatureFactor);
  print(
    isFitted ? `Wilson B ${b}` : `Wilson B: five shells beyond 4 Å need a signal, and ${wilson.points.length} have one`,
  );
  print(bold(wrapText(words.twinning)));
  const { measured, untwinned, perfect, secondMoment, secondMomentError } = twinning;
  print(
    table(
      ['', 'this list', 'untwinned', 'perfect twin'],
      [
        ['<|L|>', measured.meanAbs, untwinned.meanAbs, perfect.meanAbs].map((x) =>
          typeof x === 'number' ? digits(x, 3) : x,
        ),
        ['<L²>', measured.meanSquare, untwinned.meanSquare, perfect.meanSquare].map((x) =>
          typeof x === 'number' ? digits(x, 3) : x,
        ),
        [
          '<I²−σ²>/<I>²',
          withError(secondMoment, secondMomentError, 2),
          ...(twinning.isCentric ? ['3', '2'] : ['2', '1.5']),
        ],
      ],
      [1, 2, 3],
    ),
  );
  print(dim('untwinned and perfect twin: draws with the errors of this list'));
  for (const law of laws)
    print(
      `law ${law.operation}: twin fraction ${withError(law.fraction, law.error, 3)} from ${counted(law.pairs, 'pair')}` +
        (law.isFound || !Number.isFinite(law.fraction)
          ? ''
          : `, as of unrelated reflections (covariance of ${digits(law.significance, 1)} errors)`),
    );
  print(bold(wrapText(words.spaceGroup)));
  if (stated) print(stated.isContradicted ? yellow(wrapText(stated.text)) : wrapText(stated.text));
  const rows = spaceGroups.elements.map(({ condition, absent, present, lnOdds, isPresent }) => [
    condition,
    String(absent.count),
    digits(absent.snr, 1),
    digits(absent.share, 3),
    String(present.count),
    digits(present.snr, 1),
    digits(present.share, 3),
    absent.count === 0 ? '–' : lnOdds > 0 ? absentText(lnOdds, isPresent) : `present ${oddsText(-lnOdds)}`,
  ]);
  if (rows.length > 0)
    print(
      table(['condition', 'out', 'I/σ', 'I/<I>', 'in', 'I/σ', 'I/<I>', 'the others are'], rows, [1, 2, 3, 4, 5, 6]),
    );
  if (outliers.length > 0) {
    print(bold(`${counted(outliers.length, 'reflection')} stronger than chance allows; none is dropped`));
    const lines = outliers
      .slice(0, 10)
      .map(({ indices, d, intensity, sigma, e2, chance }) => [
        indices.join(' '),
        digits(d, 2),
        digits(intensity, 1),
        digits(sigma, 1),
        digits(e2, 1),
        chance.toExponential(1),
      ]);
    print(table(['', 'd / Å', 'I', 'σ', 'I/<I>', 'chance'], lines, [1, 2, 3, 4, 5]));
  }
  const rings = ice.filter(({ isFlagged }) => isFlagged);
  for (const { d, ratio, error, reflections: count } of rings)
    print(
      yellow(
        `ice at ${digits(d, 3)} Å: ${counted(count, 'reflection')} with ${withError(ratio, error, 2)} of the intensity beside it`,
      ),
    );
  if (rings.length === 0 && ice.length > 0) print(`no ring of ice (${counted(ice.length, 'ring')} within the data)`);
}
