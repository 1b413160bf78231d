/** What `ewald merge` runs: merges streams of stills to structure factors, with statistics. */
import { extname } from 'node:path';
import {
  checkOutput,
  csvText,
  expand,
  filePieces,
  inputName,
  isWrittenThrough,
  mergeMode,
  mergeRows,
  mergeWriting,
  readCellOption,
  readText,
  refuseOthers,
  refuseSame,
  statisticsRows,
  type WriteOptions,
  withError,
  writeWhole,
} from '../entries/command.node.js';
import {
  type Context,
  EwaldError,
  isEwaldError,
  type MergedLists,
  type MergeOptions,
  type MergeResult,
  type ReflectionList,
  type ShellStatistics,
} from '../entries/index.node.js';
import { mergeReport, readMtzReflections, readReflectionList, readSplitTable, wantedText } from '../entries/merging.js';
import { commandLine, inShell } from './command-line.js';
import { openExecutor, rankOf, selectExecutor } from './executor-flags.js';
import type { MergeFlags } from './merge-rows.js';
import {
  bold,
  type CliDeps,
  counted,
  dim,
  endDone,
  note,
  Progress,
  print,
  printJson,
  refuseBoth,
  table,
  warn,
  wrapText,
  yellow,
} from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';

/** Merges streams, writes the files and prints the statistics. */
export async function run(
  given: readonly string[],
  flags: MergeFlags,
  { createContext, signal }: CliDeps,
): Promise<void> {
  const { model = 'gaussian', ambiguity = true } = flags;
  refuseOthers(mergeRows, flags, mergeMode({ model, ambiguity }), nameAsFlags(mergeRows));
  const streams = await expand(given, warn);
  const options = await optionsOf(flags);
  const writing: WriteOptions = {
    force: flags.force ?? false,
    inputs: [...streams, flags.reference ?? '-', flags.split ?? '-'].filter((file) => file !== '-'),
  };
  refuseBoth(flags);
  const { output, mtz, unmerged, cif, table1, html, state, assignments } = flags;
  if (flags.frenchWilson && mtz === undefined && cif === undefined)
    throw new EwaldError(
      'Argument',
      '--french-wilson writes amplitudes into MTZ and mmCIF files, and neither is asked for; add --mtz FILE or --cif FILE',
    );
  const named: readonly (readonly [string | undefined, WriteOptions])[] = [
    [output, { ...mergeWriting.hkl, endings: ['.hkl'] }],
    ...(await halvesOf(output)).map((half) => [`${output}${half}`, mergeWriting.hkl] as const),
    [mtz, { ...mergeWriting.mtz, endings: ['.mtz'] }],
    [unmerged, { ...(isCif(unmerged) ? mergeWriting.cif : mergeWriting.mtz), endings: ['.mtz', '.cif'] }],
    [cif, { ...mergeWriting.cif, endings: ['.cif', '.mmcif'] }],
    [table1, { ...mergeWriting.table1, endings: ['.txt', '.tex', '.csv'] }],
    [html, { ...mergeWriting.html, endings: ['.html', '.htm'] }],
    [state, mergeWriting.state],
    [assignments, {}],
  ];
  const planned = named.flatMap(([file, kind]) => (file === undefined ? [] : [{ file, kind }]));
  const outputs = planned.map(({ file }) => file);
  if (outputs.includes('-')) throw new EwaldError('Argument', 'merging writes several files, which - cannot hold');
  if (/\.mtz$/i.test(output ?? ''))
    throw new EwaldError(
      'Argument',
      `${output} is named like an MTZ file, but -o writes CrystFEL lists: the merge and its halves; ` +
        `--mtz ${inShell(output ?? '')} writes an MTZ file of the merge`,
    );
  await refuseSame(outputs);
  for (const { file, kind } of planned) await checkOutput(file, { ...writing, ...kind });
  const chosen = selectExecutor(flags, { jobs: 1 });
  const context = await contextFor(flags.backend, createContext);
  const executor = chosen.kind === 'inline' ? undefined : await openExecutor(chosen, backendOf(context), signal);
  const progress = new Progress('merge');
  let result: MergeResult;
  try {
    // The other ranks of an MPI job perform the fits that the first one assigns; the first one reads, writes and
    // prints.
    if (executor && (await rankOf(chosen)) > 0) {
      for await (const _ of executor.run([]));
      return;
    }
    const merger = await context.merger(options);
    for (const file of streams) await merger.addStream({ name: inputName(file), bytes: filePieces(file) });
    if (flags.state !== undefined) {
      await writeWhole(flags.state, merger.toState(), { ...writing, ...mergeWriting.state });
      // A shard alone may have too few reflections for a merge.
      if (outputs.length === 1) {
        note(
          `${counted(merger.crystals, 'crystal')}, ${counted(merger.observations, 'observation')} in ${flags.state}`,
        );
        return;
      }
    }
    result = await merger.run({ signal, onProgress: progress.report, ...(executor && { executor }) });
  } finally {
    progress.end();
    await executor?.dispose();
    await context.dispose();
  }
  const { files, refused } = await filesOf(result, flags);
  // Checked first, so that either all files are written or none is.
  for (const { file, kind } of files) await checkOutput(file, { ...writing, ...kind });
  for (const { file, kind, content } of files) await writeWhole(file, content, { ...writing, ...kind });
  const names = files.map(({ file }) => file);
  if (flags.json) printJson(summaryOf(result, names));
  else if (flags.csv) {
    print(csvText(statisticsRows([{ name: '', statistics: result.statistics }, ...result.datasets])));
    for (const answer of result.forecast ?? []) note(wantedText(answer));
    noteRemarks(result);
  } else show(result, names, flags);
  // The files are written, since only the user knows whether the point group is right.
  if (result.isDoubtful) warn('the merge is doubtful: see the notes (exit code 1)');
  // A setting that MTZ and mmCIF files lack does not cost the lists.
  if (refused) throw refused;
  endDone(!result.isDoubtful);
}

const isCif = (file: string | undefined): boolean => /\.cif$/i.test(file ?? '');

/** Reads a CrystFEL list or an MTZ file. */
async function readReference(file: string): Promise<ReflectionList> {
  const pieces: Uint8Array[] = [];
  for await (const piece of filePieces(file)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  return bytes.subarray(0, 4).toString('latin1') === 'MTZ '
    ? readMtzReflections(bytes, inputName(file))
    : readReflectionList(bytes.toString('utf8'), inputName(file));
}

/** A context on the given backend, otherwise on the faster of the two that can merge. */
async function contextFor(backend: MergeFlags['backend'], create: CliDeps['createContext']): Promise<Context> {
  try {
    return await create({ backend: backend ?? 'native', strict: true });
  } catch (error) {
    if (backend !== undefined || !isEwaldError(error, 'Unsupported')) throw error;
    return create({ backend: 'wasm', strict: true });
  }
}

/** The options of the merge; files that flags name are read. */
async function optionsOf(flags: MergeFlags): Promise<MergeOptions> {
  const { cell, reference, split } = flags;
  return {
    ...pickFlags(mergeRows, flags),
    ...(cell !== undefined && { cell: await readCellOption(cell) }),
    ...(reference !== undefined && { reference: await readReference(reference) }),
    ...(split !== undefined && { split: readSplitTable(await readText(split), inputName(split)) }),
  } as MergeOptions;
}

/** A file of the results, and how its kind is written. */
interface ResultFile {
  readonly file: string;
  readonly kind: WriteOptions;
  readonly content: string | Uint8Array;
}

/** The halves that are written beside a list; beside a device or a pipe there is no place for them. */
const halvesOf = async (output: string | undefined): Promise<readonly (1 | 2)[]> =>
  output === undefined || (await isWrittenThrough(output)) ? [] : [1, 2];

/** All output files, and why others are not among them if there is no such file of this point group. */
async function filesOf(
  result: MergeResult,
  flags: MergeFlags,
): Promise<{ readonly files: readonly ResultFile[]; readonly refused: EwaldError | undefined }> {
  const { output, mtz, unmerged, cif, table1, html, assignments } = flags;
  const halves = await halvesOf(output);
  const hasBeside = async (file: string | undefined): Promise<boolean> =>
    file !== undefined && !(await isWrittenThrough(file));
  const [besideOutput, besideMtz, besideCif] = [await hasBeside(output), await hasBeside(mtz), await hasBeside(cif)];
  const lists = [
    { lists: result as MergedLists, named: (file: string): string => file },
    ...result.datasets.map((lists) => ({ lists, named: (file: string): string => beside(file, lists.name) })),
  ];
  const files: ResultFile[] = [];
  const add = (file: string, kind: WriteOptions, content: string | Uint8Array): void => {
    files.push({ file, kind, content });
  };
  let refused: EwaldError | undefined;
  const addIfThere = (file: string, kind: WriteOptions, contentOf: () => string | Uint8Array): void => {
    try {
      add(file, kind, contentOf());
    } catch (error) {
      if (!isEwaldError(error, 'Unsupported')) throw error;
      refused ??= error;
    }
  };
  for (const { lists: one, named } of lists) {
    const isWhole = one === result;
    if (output !== undefined && (isWhole || besideOutput))
      for (const half of [undefined, ...halves])
        add(`${named(output)}${half ?? ''}`, mergeWriting.hkl, one.toHkl(half));
    if (mtz !== undefined && (isWhole || besideMtz)) addIfThere(named(mtz), mergeWriting.mtz, () => one.toMtz());
    if (cif !== undefined && (isWhole || besideCif)) addIfThere(named(cif), mergeWriting.cif, () => one.toCif());
  }
  if (unmerged !== undefined && isCif(unmerged)) addIfThere(unmerged, mergeWriting.cif, () => result.toUnmergedCif());
  else if (unmerged !== undefined) addIfThere(unmerged, mergeWriting.mtz, () => result.toUnmergedMtz());
  if (table1 !== undefined) addIfThere(table1, mergeWriting.table1, () => result.toTable1(table1Form(table1)));
  if (html !== undefined) add(html, mergeWriting.html, mergeReport(result, { about: commandLine() }));
  if (assignments !== undefined) add(assignments, {}, assignmentsOf(result));
  return { files, refused };
}

/** The form of a Table 1 by the name of its file. */
const table1Form = (file: string): 'text' | 'latex' | 'csv' =>
  /\.tex$/i.test(file) ? 'latex' : /\.csv$/i.test(file) ? 'csv' : 'text';

/** The name of a data set's file: `out.hkl` becomes `out-pumped.hkl`. */
const beside = (file: string, dataset: string): string =>
  `${file.slice(0, file.length - extname(file).length)}-${dataset}${extname(file)}`;

const assignmentsOf = ({ crystals }: MergeResult): string =>
  crystals
    .map(({ filename, event, way, logOdds, scale, relativeB, radius }) =>
      [
        filename,
        event || '-',
        way,
        logOdds.toFixed(1),
        scale.toPrecision(5),
        relativeB.toFixed(2),
        radius.toExponential(3),
      ].join(' '),
    )
    .join('\n')
    .concat('\n');

const summaryOf = (
  {
    backend,
    model,
    cell,
    centring,
    wavelengthA,
    polarisation,
    merged,
    counts,
    statistics,
    datasets,
    waysToIndex,
    cells,
    multiple,
    panels,
    crystals,
    remarks,
    isDoubtful,
    forecast,
  }: MergeResult,
  files: readonly string[],
): unknown => ({
  backend,
  model,
  cell,
  centring,
  wavelengthA,
  polarisation,
  counts,
  merged,
  statistics,
  datasets: datasets.map(({ name, statistics: own }) => ({ name, statistics: own })),
  waysToIndex,
  cells,
  multiple,
  panels,
  crystals,
  remarks,
  isDoubtful,
  ...(forecast && { forecast }),
  files,
});

const percent = (x: number): string => (Number.isFinite(x) ? (100 * x).toFixed(1) : '-');
const rounded = (x: number, digits: number): string => (Number.isFinite(x) ? x.toFixed(digits) : '-');

function show(result: MergeResult, files: readonly string[], flags: MergeFlags): void {
  const { statistics, counts, merged, datasets, forecast = [] } = result;
  // In a point group without inversion, Friedel mates are merged separately.
  const mates = Number.isFinite(statistics.overall.rAno);
  const row = (what: string, s: ShellStatistics): string[] => [
    what,
    String(s.unique),
    percent(s.completeness),
    rounded(s.multiplicity, 1),
    rounded(s.effectiveMultiplicity, 1),
    rounded(s.snr, 2),
    rounded(s.meanIntensity, 1),
    rounded(s.ccHalf, 4),
    rounded(s.ccStar, 4),
    // Of a shell with too few pairs of halves for a correlation, it says nothing.
    percent(Number.isFinite(s.ccHalf) ? s.rSplit : Number.NaN),
    ...(flags.reference ? [rounded(s.ccReference, 4)] : []),
    ...(mates ? [rounded(s.ccAno, 3), rounded(s.crdAno, 2), percent(s.rAno)] : []),
  ];
  const heads = ['d / Å', 'unique', 'compl %', 'mult', 'eff', 'I/σ', 'mean I', 'CC1/2', 'CC*', 'Rsplit %'];
  if (flags.reference) heads.push('CCref');
  if (mates) heads.push('CCano', 'CRDano', 'Rano %');
  const rows = statistics.shells.map((s) => row(`${s.dMax.toFixed(2)} – ${s.dMin.toFixed(2)}`, s));
  print(
    table(
      heads,
      [...rows, row('all', statistics.overall)],
      heads.slice(1).map((_, i) => i + 1),
    ),
  );
  for (const { name, statistics: own } of datasets)
    print(
      table(
        heads,
        [row(`${name}, ${own.overall.dMax.toFixed(2)} – ${own.overall.dMin.toFixed(2)}`, own.overall)],
        heads.slice(1).map((_, i) => i + 1),
      ),
    );
  const { lTest, wilson } = statistics;
  const of = statistics.isCentric
    ? { meanAbs: '.637, twinned .500', meanSquare: '.500, .333', secondMoment: '3, twinned 2' }
    : { meanAbs: '.500, twinned .375', meanSquare: '.333, .200', secondMoment: '2, twinned 1.5' };
  print(
    dim(
      wrapText(
        `L-test: <|L|> ${rounded(lTest.meanAbs, 3)} (untwinned ${of.meanAbs}), ` +
          `<L²> ${rounded(lTest.meanSquare, 3)} (${of.meanSquare}) · ` +
          `Wilson B ${withError(wilson.temperatureFactor, wilson.temperatureFactorError, 1)} Å² · ` +
          `<I²>/<I>² ${withError(statistics.secondMoment, statistics.secondMomentError, 2)} (${of.secondMoment})`,
      ),
    ),
  );
  print(
    bold(
      `${counted(merged, 'crystal')}, ${counted(counts.reflections, 'observation')} of ` +
        counted(counts.frames, 'frame'),
    ),
  );
  for (const answer of forecast) print(wrapText(wantedText(answer)));
  noteRemarks(result);
  if (files.length > 0) print(dim(files.join(' ')));
}

/** The backend that the workers of a merge use as well. */
const backendOf = ({ backends: [first] }: Context) => first?.name;

/** Says what was left out, and what there is to say of the rest. */
function noteRemarks({ counts, remarks }: MergeResult): void {
  for (const line of [...leftOut(counts), ...remarks]) note(`${yellow('note:')} ${line}`);
}

/** Rejected data, by reason. */
function leftOut(counts: MergeResult['counts']): string[] {
  type Said = 'frames' | 'crystals' | 'reflections' | 'otherCell' | 'truncated' | 'openHands';
  const reasons: Record<Exclude<keyof typeof counts, Said>, string[]> = {
    incomplete: ['crystal', 'without a reciprocal cell or a wavelength above 0'],
    otherAxes: ['crystal', 'whose stated cell is not that of a*, b*, c*'],
    offSphere: ['crystal', 'whose reflections are not at the Ewald sphere of orientation and photon energy'],
    empty: ['crystal', 'without reflections'],
    miscounted: ['crystal', 'whose list does not have the stated num_reflections; lines are lost'],
    tooCoarse: ['crystal', 'that do not reach --min-res'],
    belowCc: ['crystal', 'that correlate less than --min-cc with the others'],
    notFinite: ['observation', 'without a finite value'],
    withoutSigma: ['observation', 'without sigma'],
    saturated: ['observation', 'above --max-adu'],
    beyondResolution: ['observation', 'beyond --push-res'],
    belowSnr: ['observation', 'below --min-snr'],
    impossible: ['observation', 'of indices that no orientation can measure: 0 0 0, or d below half the wavelength'],
  };
  return Object.entries(reasons).flatMap(([name, [what = '', which = '']]) => {
    const count = counts[name as keyof typeof counts];
    return count > 0 ? [`skipped: ${counted(count, what)} ${which}.`] : [];
  });
}
