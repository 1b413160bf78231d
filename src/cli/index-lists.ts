/** `ewald index LISTS…`: reads spot lists and prints oriented cells. */
import {
  expand,
  fewFitText,
  fewHint,
  fewText,
  flatHint,
  indexingRows,
  inputName,
  isPipe,
  ListedMultiples,
  leastSpots,
  leftHint,
  median,
  messageOf,
  otherDistance,
  otherDistanceText,
  type RunMode,
  readCellOption,
  readText,
  thresholdRows,
  tinyCellText,
} from '../entries/command.node.js';
import {
  type BackendName,
  type Cell,
  type Crystal,
  EwaldError,
  type Indexer,
  type IndexingMethod,
  type IndexingThresholds,
  type KnownCell,
  readSpotList,
  type SpotUnit,
} from '../entries/index.node.js';
import { inputKind, unitHint } from '../entries/pipeline.node.js';
import { askedRun, flagsInUse } from './frame-flags.js';
import { ambiguityText, ambiguousText } from './frame-lines.js';
import { type IndexFlags, isNone } from './frame-rows.js';
import { runFrames } from './index-frames.js';
import { axesOfLists } from './list-axes.js';
import { isListOfFiles, refuseForLists } from './list-flags.js';
import {
  backendOption,
  bold,
  type CliDeps,
  counted,
  dim,
  endDone,
  green,
  note,
  Progress,
  print,
  printJson,
  red,
  warn,
  yellow,
} from './output.js';
import { pickFlags } from './parameter-flags.js';

/** One line of the output; its JSON is documented and stable. */
interface ListResult {
  input: string;
  spots: number;
  indexed: boolean;
  crystals: {
    cell: number[][];
    lengths: number[];
    angles: number[];
    indexedSpots: number;
    score: number;
    probability: number;
    refined: boolean;
    /** Whether other lattices, or names of the axes, explain the same spots nearly as well, and which: rows a, b, c. */
    ambiguous: boolean;
    rivals: number[][][];
    /** few: the odds of each rival, h k l of each spot (0 0 0: of none), whether they are decided, and the other hand. */
    rivalOdds?: number[];
    labelsDecided?: boolean;
    indices?: number[][];
    otherHand?: { cell: number[][]; odds: number };
  }[];
  method: IndexingMethod;
  backend: BackendName;
  ms: number;
  /** A possible reason why nothing was found; undefined without one. */
  hint?: string | undefined;
}

/** Indexes frames, or lists of spots. */
export async function run(words: readonly string[], options: IndexFlags, deps: CliDeps): Promise<void> {
  const lists = await expand(words, warn);
  if (lists.length === 0 && options.input === undefined && options.zmqInput === undefined)
    throw new EwaldError('Argument', 'nothing to index; expected files of frames, spot lists, or a list with -i');
  const [head] = lists;
  if (head !== undefined && lists.length === 1 && options.input === undefined && (await isListOfFiles(head)))
    return run([], { ...options, input: head }, deps);
  const frames =
    options.input !== undefined ||
    options.zmqInput !== undefined ||
    options.follow === true ||
    (await areFrames(lists, options.geometry !== undefined));
  const { cells: named = [] } = options;
  if ((lists.includes('-') && named.includes('-')) || named.indexOf('-') !== named.lastIndexOf('-'))
    throw new EwaldError(
      'Argument',
      'standard input can only be read once, but - is given for a list and for the cell',
    );
  const { mode, source } = frames
    ? await modeOfFrames(lists, options)
    : { mode: ofSpots, source: inputName(head ?? '') };
  const used = (): IndexFlags => flagsInUse(options, mode, source);
  if (frames) {
    const flags = used();
    const asked = askedRun(lists, flags, mode.from === 'stream' ? source : undefined);
    return runFrames(asked, flags, deps);
  }
  if (head !== undefined) await refuseForLists(head, options.unit, named, used);
  return indexLists(lists, options, await cellsOf(named), deps);
}

/** What indexing lists of spots uses. */
const ofSpots: RunMode = { from: 'spots' };

/** What indexing frames, or the peaks of a stream, uses; `source` is the first input. */
async function modeOfFrames(
  lists: readonly string[],
  { cells = [], input, zmqInput }: IndexFlags,
): Promise<{ readonly mode: RunMode; readonly source: string }> {
  const source = zmqInput === undefined ? (input ?? lists[0] ?? '') : '';
  const kind = source === '' ? undefined : await inputKind(source);
  const from = kind === 'stream' ? 'stream' : zmqInput === undefined ? 'files' : 'live';
  const fromList = input !== undefined && kind === 'other';
  return { mode: { from, fromList, peaksAlone: isNone(cells), unknownCell: cells.length === 0 }, source };
}

/** Number of files that are looked at until one says what they all are. */
const maxLooked = 16;

/** Whether files are frames or a stream: by the first one, or by others if it is broken or missing. */
async function areFrames([head, ...others]: readonly string[], hasGeometry: boolean): Promise<boolean> {
  if (head === undefined) return false;
  // A pipe is a list of spots, unless a geometry says that frames are meant.
  if ((await inputKind(head)) !== 'other' || (hasGeometry && (await isPipe(head)))) return true;
  for (const file of others.slice(0, maxLooked)) {
    const kind = await inputKind(file).catch(() => 'other');
    if (kind === 'frames' || kind === 'folder') return true;
  }
  return false;
}

/** Indexes lists of spots one by one; a list that cannot be read does not end the others. */
async function indexLists(
  lists: readonly string[],
  options: IndexFlags,
  cells: KnownCell[] | undefined,
  { createContext, signal }: CliDeps,
): Promise<void> {
  const {
    unit = '1/A',
    audit: audited,
    maxSpots = indexingRows.maxSpots.range.fallback,
    method,
    multi = false,
  } = options;
  const thresholds: IndexingThresholds = { maxCrystals: multi ? 8 : 1, ...pickFlags(thresholdRows, options) };
  const context = await createContext({ ...backendOption(options.backend), audit: audited });
  const progress = new Progress('index');
  const done: ListResult[] = [];
  const few: { spots: Float32Array; indexed: boolean }[] = [];
  let elsewhere: string | undefined;
  const multiples = new ListedMultiples();
  let failed = 0;
  try {
    const indexer = await context.indexer({
      maxSpots,
      maxInputCells: Math.max(1, cells?.length ?? 1),
      maxOutputCells: 16,
      maxBatchSpots: 2 ** 18,
      method,
    });
    const axes = await axesOfLists(indexer, { lists, cells, unit, thresholds, signal });
    if (axes) warn(axes.text);
    const used = axes?.cell ? [axes.cell] : cells;
    for (const [i, input] of lists.entries()) {
      if (signal.aborted) break;
      try {
        const result = await indexList(input, { cells: used, method, unit, thresholds, multiples, few }, indexer);
        done.push(result);
        if (options.json) printJson(result);
        else print(describe(result));
      } catch (error) {
        failed++;
        if (options.json) printJson({ input, error: messageOf(error) });
        else print(`${red('✗')} ${messageOf(error)}`);
      }
      progress.share((i + 1) / lists.length, input);
    }
    if (used && !signal.aborted) elsewhere = await distanceText(indexer, few, used, thresholds);
  } finally {
    progress.end();
    await context.dispose();
  }
  if (!options.json) summarise(done, failed, lists.length);
  const hint = done.find((result) => result.hint)?.hint;
  if (hint && !options.json) note(`${yellow('hint:')} ${hint}`);
  const isNoneIndexed = done.length > 0 && done.every(({ indexed }) => !indexed);
  const short =
    isNoneIndexed && elsewhere === undefined && hint === undefined ? tinyCellText(cells, 'list') : undefined;
  if (short && !options.json) note(`${yellow('hint:')} ${short}`);
  const ofFew = done.filter((listResult) => listResult.method === 'few').length;
  if (method === undefined && ofFew > 0 && !options.json)
    note(fewText(`${counted(ofFew, 'list')} ${ofFew === 1 ? 'was' : 'were'}`));
  // Where the distance explains it, it is not the cell.
  const misfit = elsewhere ?? fewFitText(done);
  const texts = [...multiples.texts, ...(misfit ? [misfit] : [])];
  for (const text of texts) warn(text);
  const { audit } = context;
  if (audit)
    note(
      `audit: ${audit.results} results, ${audit.drawn} drawn, ${audit.agreed} agree, ${audit.drifted} ` +
        `differ, ${audit.unchecked} unchecked`,
    );
  if (audit?.drifted) throw new EwaldError('Mismatch', audit.drifts.join('\n'));
  endDone(failed === 0 && texts.length === 0 && done.some(({ indexed }) => indexed), signal);
}

interface ListSettings {
  readonly cells: KnownCell[] | undefined;
  /** The method that was named. */
  readonly method: IndexingMethod | undefined;
  readonly unit: SpotUnit;
  readonly thresholds: IndexingThresholds;
  readonly multiples: ListedMultiples;
  /** Takes the spots of images of few. */
  readonly few: { spots: Float32Array; indexed: boolean }[];
}

/** That lists of few spots have the known cells at another distance; undefined if they do not. */
async function distanceText(
  indexer: Indexer,
  few: ListSettings['few'],
  cells: readonly KnownCell[],
  thresholds: IndexingThresholds,
): Promise<string | undefined> {
  const found = await otherDistance(few, async (images) => {
    let indexed = 0;
    for (const spots of images)
      indexed += (await indexer.run({ spots, cells, ...thresholds })).image(0).indexed ? 1 : 0;
    return indexed;
  });
  return found && otherDistanceText(found);
}

/** The known cells from the flags; undefined without any. */
async function cellsOf(named: readonly string[]): Promise<KnownCell[] | undefined> {
  if (named.length === 0) return undefined;
  const cells: KnownCell[] = [];
  for (const one of named) cells.push(await readCellOption(one));
  return cells;
}

async function indexList(
  file: string,
  { cells, method, unit, thresholds, multiples, few }: ListSettings,
  indexer: Indexer,
): Promise<ListResult> {
  const input = inputName(file);
  const list = readSpotList(await readText(file), { name: input, unit });
  const known = cells ?? list.cell;
  if (!known)
    throw new EwaldError(
      'Format',
      `${input}: the list does not start with a known cell; pass the cell with -p (ewald cell determines an ` +
        'unknown one)',
    );
  const spots = list.spots.length / 3;
  const least = leastSpots(cells ?? [{ cell: list.cell as Cell }], method);
  if (spots < least)
    throw new EwaldError(
      'Format',
      `${input}: the list has ${counted(spots, 'spot')}; indexing requires at least ${least}` +
        (spots >= leastSpots(undefined, 'few') ? ', or 3 of a small cell (--method few)' : ''),
    );
  const started = performance.now();
  const result = await indexer.run({ spots: list.spots, cells: known, ...thresholds });
  const ms = performance.now() - started;
  const image = result.image(0);
  if (image.few) few.push({ spots: list.spots, indexed: image.indexed });
  for (const { inputCell, cell } of image.crystals())
    multiples.add(cells?.[inputCell] ?? { cell: list.cell as Cell }, cell, list.spots);
  const explained = image.crystals().reduce((sum, { indexedSpots }) => sum + indexedSpots, 0);
  const sized = cells ?? [{ cell: list.cell as Cell }];
  // A few spots of a wrong unit fit a cell; most do not.
  const isExplained = image.crystals().some(({ indexedSpots }) => 2 * indexedSpots >= spots);
  return {
    input,
    spots,
    indexed: image.indexed,
    crystals: image.crystals().map((crystal) => ({
      cell: [...crystal.cell.map((row) => [...row])],
      lengths: [...crystal.lengths],
      angles: [...crystal.angles],
      indexedSpots: crystal.indexedSpots,
      score: crystal.score,
      probability: crystal.probability,
      refined: crystal.refined,
      ambiguous: crystal.ambiguous,
      rivals: crystal.rivals.map((rival) => rival.map((row) => [...row])),
      ...(image.few && oddsOf(crystal, list.spots)),
    })),
    method: image.few ? 'few' : indexer.method,
    backend: indexer.backend,
    ms: Number(ms.toFixed(3)),
    hint:
      flatHint(list.spots, sized) ??
      (isExplained ? undefined : (unitHint(list.spots, unit) ?? fewHint(list.spots, sized))) ??
      (image.few && !(Number(thresholds.maxCrystals) > 1) ? leftHint(spots, explained) : undefined),
  };
}

/** What few spots say about a crystal besides its lattice. */
function oddsOf(
  { cell, mask, rivalOdds = [], labelsDecided = false, otherHand }: Crystal,
  spots: Float32Array,
): Pick<ListResult['crystals'][number], 'rivalOdds' | 'labelsDecided' | 'indices' | 'otherHand'> {
  const indicesOf = (i: number): number[] =>
    cell.map(([x, y, z]) => {
      const [u = 0, v = 0, w = 0] = spots.subarray(3 * i, 3 * i + 3);
      return mask[i] ? Math.round(x * u + y * v + z * w) : 0;
    });
  return {
    rivalOdds: [...rivalOdds],
    labelsDecided,
    indices: Array.from(mask, (_, i) => indicesOf(i)),
    ...(otherHand && { otherHand: { cell: otherHand.cell.map((row) => [...row]), odds: otherHand.odds } }),
  };
}

function describe({ input, spots, crystals, ms }: ListResult): string {
  const [first] = crystals;
  if (!first) return `${yellow('–')} ${input}  ${dim(`${counted(spots, 'spot')}, no lattice found`)}`;
  return crystals
    .map(({ lengths, angles, indexedSpots, probability, refined, rivals, otherHand }, i) => {
      const shape = `${lengths.map((x) => x.toFixed(2)).join(' ')} Å  ${angles.map((x) => x.toFixed(2)).join(' ')}°`;
      const chance = probability === 0 ? 'chance < 1e-300' : `chance ${probability.toExponential(0)}`;
      const where = i === 0 ? `${green('✓')} ${input}` : `  ${dim(`lattice ${i + 1}`)}`;
      return (
        `${where}  ${shape}  ${indexedSpots}/${spots} spots ` +
        ` ${dim(
          `${chance}  ` + `cell ${refined ? 'refined' : 'held'}${i === 0 ? `  ${ms.toFixed(2)} ms` : ''}`,
        )}${ambiguityText(rivals, otherHand)}`
      );
    })
    .join('\n');
}

function summarise(done: readonly ListResult[], failed: number, total: number): void {
  const indexed = done.filter((result) => result.indexed);
  const crystals = done.reduce((sum, result) => sum + result.crystals.length, 0);
  const ms = median(done.map((result) => result.ms));
  const [first] = done;
  const methods = [...new Set(done.map((result) => result.method))].join(' and ');
  const rate = first ? `; median ${ms.toFixed(2)} ms per list, ${methods} on ${first.backend}` : '';
  const more = crystals > indexed.length ? ` (${crystals} lattices)` : '';
  const left = total - done.length - failed;
  const ambiguous = done.reduce(
    (sum, result) => sum + result.crystals.filter((crystal) => crystal.ambiguous).length,
    0,
  );
  print(
    `${bold(`${indexed.length} of ${counted(done.length + failed, 'list')} indexed`)}${more}${rate}${
      failed ? red(`; ${failed} could not be read`) : ''
    }${left ? yellow(`; ${left} not started`) : ''}`,
  );
  if (ambiguous > 0) print(yellow(ambiguousText(ambiguous)));
}
