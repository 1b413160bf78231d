/** `ewald merge`: merges streams of stills to structure factors, with statistics. */
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import type { Command } from 'commander';
import {
  type Context,
  EwaldError,
  isEwaldError,
  type MergedLists,
  type MergeModel,
  type MergeOptions,
  type MergeResult,
  type ReflectionList,
  type ShellStatistics,
} from '../entries/index.node.js';
import { mergeModels, readMtzReflections, readReflectionList, readSplitTable } from '../entries/merging.js';
import {
  checkOutput,
  choice,
  expand,
  fileError,
  inputName,
  readCellOption,
  readText,
  type WriteOptions,
  writeWhole,
} from '../entries/shell.node.js';
import { chosenExecutor, type ExecutorFlags, openExecutor, rankOf, withExecutor } from './executor-flags.js';
import {
  bold,
  type CliDeps,
  counted,
  dim,
  note,
  Progress,
  parseInteger,
  parseNumber,
  print,
  printJson,
  table,
  yellow,
} from './output.js';

interface Flags extends ExecutorFlags {
  symmetry: string;
  output?: string;
  mtz?: string;
  unmerged?: string;
  cell?: string;
  model?: string;
  iterations?: string;
  minMeasurements?: string;
  pushRes?: string;
  minSnr?: string;
  maxAdu?: string;
  polarisation?: string | boolean;
  ambiguity: boolean;
  starts?: string;
  seed?: string;
  reference?: string;
  customSplit?: string;
  nshells?: string;
  lowres?: string;
  highres?: string;
  assignments?: string;
  backend?: string;
  force?: boolean;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('merge')
    .description('merge the reflections of stills: scale, correct partialities, resolve the indexing ambiguity')
    .argument(
      '<streams...>',
      'CrystFEL streams of ewald or indexamajig, with reflections, gzipped or not; - is standard input',
    )
    .requiredOption('-y, --symmetry <group>', 'point group as CrystFEL names it: 4/mmm, 422, 321_H, 2/m_uab, …')
    .option('-o, --output <file.hkl>', 'CrystFEL reflection list; its halves go to file.hkl1 and file.hkl2')
    .option('--mtz <file.mtz>', 'MTZ file: IMEAN, SIGIMEAN and N')
    .option('--unmerged <file.mtz>', 'MTZ file of all observations with their scales, for careless and others')
    .option(
      '-p, --cell <cell>',
      'the cell: a .cell or PDB file, or a,b,c,al,be,ga; default: the median of the crystals',
    )
    .option('--model <name>', `${mergeModels.join(', ')}; default: gaussian`)
    .option('-n, --iterations <n>', 'largest number of cycles of scaling and merging; default: 10')
    .option('--min-measurements <n>', 'fewest observations per merged reflection; default: 2')
    .option('--push-res <1/nm>', "how far beyond each crystal's resolution limit observations are used; default: inf")
    .option('--min-snr <n>', 'reject observations with a smaller I/sigma(I); default: -inf')
    .option('--max-adu <n>', 'reject observations whose peak is above this value; default: inf')
    .option(
      '--polarisation <beam>',
      'auto, horiz, vert, none, or FRACTION@ANGLE such as 0.98@0; default: auto, from the intensities',
    )
    .option('--no-polarisation', 'do not correct for polarisation')
    .option(
      '--no-ambiguity',
      'keep the indexing of all crystals, even if their lattice has several equivalent indexings',
    )
    .option('--starts <n>', 'random starts in resolving the indexing ambiguity; default: 6')
    .option('--seed <n>', 'seed of these starts; default: 0')
    .option('--reference <file.hkl>', 'reference intensities, to choose the indexing and for comparison')
    .option(
      '--custom-split <table>',
      'one line per frame, "filename event dataset": also merges each data set, to file-dataset.hkl',
    )
    .option('--nshells <n>', 'resolution shells of the statistics; default: 10')
    .option('--lowres <angstrom>', 'largest d of the statistics; default: all')
    .option('--highres <angstrom>', 'smallest d of the statistics; default: all')
    .option('--assignments <file>', 'write "event way log-odds scale B radius" of each crystal to a text file')
    .option('--backend <name>', 'native or wasm; default: native if available')
    .option('--force', 'replace existing files')
    .option(
      '--json',
      '{"backend", "model", "cell", "centring", "wavelengthA", "polarisation", "merged", "counts", "statistics", ' +
        '"datasets", "waysToIndex", "remarks", "files"}',
    )
    .action((streams: string[], flags: Flags) => merge(streams, flags, deps));
  withExecutor(command, 'workers that fit the merge and its halves; default: none, this process does');
}

async function merge(given: readonly string[], flags: Flags, { createContext, signal }: CliDeps): Promise<void> {
  const streams = await expand(given);
  const options = await optionsOf(flags);
  // Neither format states who wrote it near its beginning, so an existing file is only replaced with --force.
  const writing: WriteOptions = {
    force: flags.force ?? false,
    inputs: [...streams, flags.reference ?? '-', flags.customSplit ?? '-'].filter((file) => file !== '-'),
  };
  const outputs = [
    ...(flags.output === undefined ? [] : [flags.output, `${flags.output}1`, `${flags.output}2`]),
    ...[flags.mtz, flags.unmerged, flags.assignments].filter((file) => file !== undefined),
  ];
  if (outputs.includes('-')) throw new EwaldError('Argument', 'merging writes several files, which - cannot hold');
  for (const file of outputs) await checkOutput(file, writing);
  const chosen = chosenExecutor(flags, { jobs: 1 });
  const context = await contextFor(flags.backend, createContext);
  const executor = chosen.kind === 'inline' ? undefined : await openExecutor(chosen, context.backends[0]?.name);
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
    for (const file of streams) await merger.addStream({ name: inputName(file), bytes: piecesOf(file) });
    result = await merger.run({ signal, onProgress: progress.report, ...(executor && { executor }) });
  } finally {
    progress.end();
    await executor?.dispose();
    await context.dispose();
  }
  const files = filesOf(result, flags);
  // Either all files can be written, or none is.
  for (const [file] of files) await checkOutput(file, writing);
  for (const [file, content] of files) await writeWhole(file, content, writing);
  const names = files.map(([file]) => file);
  if (flags.json) printJson(summaryOf(result, names));
  else show(result, names, flags);
}

/** Reads a CrystFEL list or an MTZ file. */
async function readReference(file: string): Promise<ReflectionList> {
  const pieces: Uint8Array[] = [];
  for await (const piece of piecesOf(file)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  return bytes.subarray(0, 4).toString('latin1') === 'MTZ '
    ? readMtzReflections(bytes, inputName(file))
    : readReflectionList(bytes.toString('utf8'), inputName(file));
}

/** A context on the given backend, otherwise on the faster of the two that can merge. */
async function contextFor(named: string | undefined, create: CliDeps['createContext']): Promise<Context> {
  const backend =
    named === undefined
      ? undefined
      : choice<'native' | 'wasm'>('--backend', named as 'native', 'native', ['native', 'wasm']);
  try {
    return await create({ backend: backend ?? 'native', strict: true });
  } catch (error) {
    if (backend !== undefined || !isEwaldError(error, 'Unsupported')) throw error;
    return create({ backend: 'wasm', strict: true });
  }
}

async function optionsOf(flags: Flags): Promise<MergeOptions> {
  const number = (name: string, text: string | undefined): number | undefined =>
    text === undefined
      ? undefined
      : /^[+-]?inf(inity)?$/i.test(text)
        ? text.startsWith('-')
          ? -Infinity
          : Infinity
        : parseNumber(text, name);
  const integer = (name: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseInteger(text, name, 0, Number.MAX_SAFE_INTEGER);
  const all: Record<string, unknown> = {
    symmetry: flags.symmetry,
    cell: flags.cell === undefined ? undefined : await readCellOption(flags.cell),
    model: flags.model as MergeModel | undefined,
    iterations: integer('--iterations', flags.iterations),
    minMeasurements: integer('--min-measurements', flags.minMeasurements),
    pushRes: number('--push-res', flags.pushRes),
    minSnr: number('--min-snr', flags.minSnr),
    maxAdu: number('--max-adu', flags.maxAdu),
    polarisation: flags.polarisation === false ? 'none' : flags.polarisation === true ? undefined : flags.polarisation,
    ambiguity: flags.ambiguity,
    starts: integer('--starts', flags.starts),
    seed: integer('--seed', flags.seed),
    reference: flags.reference === undefined ? undefined : await readReference(flags.reference),
    split:
      flags.customSplit === undefined
        ? undefined
        : readSplitTable(await readText(flags.customSplit), inputName(flags.customSplit)),
    shells: integer('--nshells', flags.nshells),
    lowres: number('--lowres', flags.lowres),
    highres: number('--highres', flags.highres),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as MergeOptions;
}

async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    const source = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 2 ** 20 });
    for await (const piece of source) yield piece as Uint8Array;
  } catch (cause) {
    throw fileError(inputName(file), 'read', cause);
  }
}

/** All output files, by name. */
function filesOf(result: MergeResult, flags: Flags): (readonly [string, string | Uint8Array])[] {
  const { output, mtz, unmerged, assignments } = flags;
  const lists = [
    { lists: result as MergedLists, named: (file: string): string => file },
    ...result.datasets.map((lists) => ({ lists, named: (file: string): string => beside(file, lists.name) })),
  ];
  return [
    ...lists.flatMap(({ lists: one, named }) => [
      ...(output === undefined
        ? []
        : ([undefined, 1, 2] as const).map((half) => [`${named(output)}${half ?? ''}`, one.toHkl(half)] as const)),
      ...(mtz === undefined ? [] : [[named(mtz), one.toMtz()] as const]),
    ]),
    ...(unmerged === undefined ? [] : [[unmerged, result.toUnmergedMtz()] as const]),
    ...(assignments === undefined ? [] : [[assignments, assignmentsOf(result)] as const]),
  ];
}

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
    remarks,
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
  remarks,
  files,
});

const percent = (x: number): string => (Number.isFinite(x) ? (100 * x).toFixed(1) : '-');
const rounded = (x: number, digits: number): string => (Number.isFinite(x) ? x.toFixed(digits) : '-');

function show(
  { statistics, counts, remarks, merged, datasets }: MergeResult,
  files: readonly string[],
  flags: Flags,
): void {
  // In a point group without inversion, Friedel mates are merged separately.
  const mates = Number.isFinite(statistics.overall.rAno);
  const row = (what: string, s: ShellStatistics): string[] => [
    what,
    String(s.unique),
    percent(s.completeness),
    rounded(s.multiplicity, 1),
    rounded(s.snr, 2),
    rounded(s.meanIntensity, 1),
    rounded(s.ccHalf, 4),
    rounded(s.ccStar, 4),
    percent(s.rSplit),
    ...(flags.reference ? [rounded(s.ccReference, 4)] : []),
    ...(mates ? [rounded(s.ccAno, 3), percent(s.rAno)] : []),
  ];
  const heads = ['d / Å', 'unique', 'compl %', 'mult', 'I/σ', 'mean I', 'CC1/2', 'CC*', 'Rsplit %'];
  if (flags.reference) heads.push('CCref');
  if (mates) heads.push('CCano', 'Rano %');
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
        [row(name, own.overall)],
        heads.slice(1).map((_, i) => i + 1),
      ),
    );
  const { lTest, wilson } = statistics;
  print(
    dim(
      `L-test: <|L|> ${rounded(lTest.meanAbs, 3)} (untwinned .500, twinned .375), ` +
        `<L²> ${rounded(lTest.meanSquare, 3)} (.333, .200) · Wilson B ${rounded(wilson.temperatureFactor, 1)} Å² · ` +
        `<I²>/<I>² ${rounded(statistics.secondMoment, 2)} (2, twinned 1.5)`,
    ),
  );
  print(
    bold(`${counted(merged, 'crystal')}, ${counts.reflections} observations of ${counted(counts.frames, 'frame')}`),
  );
  for (const line of leftOut(counts)) note(`${yellow('note:')} ${line}`);
  for (const remark of remarks) note(`${yellow('note:')} ${remark}`);
  if (files.length > 0) print(dim(files.join(' ')));
}

/** Rejected data, by reason. */
function leftOut(counts: MergeResult['counts']): string[] {
  const reasons: [number, string][] = [
    [counts.truncated, 'stream ends within a frame, which is skipped'],
    [counts.incomplete, 'crystals without a reciprocal cell or wavelength are skipped'],
    [counts.empty, 'crystals have no reflections'],
    [counts.notFinite, 'observations are not finite'],
    [counts.withoutSigma, 'observations have no sigma'],
    [counts.saturated, 'observations are above --max-adu'],
    [counts.beyondResolution, 'observations are beyond --push-res'],
    [counts.belowSnr, 'observations are below --min-snr'],
  ];
  return reasons.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}.`);
}
