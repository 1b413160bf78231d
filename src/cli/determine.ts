/** `ewald cell FILES…`: determines an unknown cell from frames, or from the spots of several stills. */

import {
  cellFrameRows,
  cellSearchRows,
  checkCellSearch,
  expand,
  fewRows,
  inFlags,
  inputName,
  lengthsHint,
  median,
  middleOf,
  modeOf,
  type Output,
  openOutput,
  readText,
  refuseOthers,
  wholeMachine,
} from '../entries/command.node.js';
import {
  type BravaisCandidate,
  type CellSearchOptions,
  type Context,
  type DeterminedCell,
  EwaldError,
  type FramesCell,
  readSpotList,
} from '../entries/index.node.js';
import {
  cellFileOf,
  cellText,
  errorText,
  fewestPeaks,
  inputKind,
  latticeOf,
  oddsText,
  preferenceText,
  unitHint,
} from '../entries/pipeline.node.js';
import { type CellFlags, openFlags, searchFlags } from './cell-rows.js';
import { wordsInFlags } from './flag-words.js';
import { checkPeakFlags, withGeometry } from './frame-flags.js';
import { refuseForLists } from './list-flags.js';
import {
  backendOption,
  bold,
  type CliDeps,
  counted,
  dim,
  endDone,
  formatFirstFrames,
  note,
  Progress,
  print,
  printJson,
  warn,
  wrapText,
  yellow,
} from './output.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';
import { eventText } from './run-events.js';

type Search = ReturnType<typeof checkCellSearch>;

/** Rejects flags that are not used for frames, or not used for lists. */
const refuseUnused = (options: CellFlags, from: 'files' | 'spots', source: string): void =>
  withGeometry(() =>
    refuseOthers(
      searchFlags,
      options,
      modeOf({ from, finder: options.finder }, inFlags(source)),
      nameAsFlags(searchFlags),
    ),
  );

/** Determines the cell. */
export async function run(words: readonly string[], options: CellFlags, deps: CliDeps): Promise<void> {
  const { output: named, force = false, geometry } = options;
  const search = checkCellSearch('', pickFlags(cellSearchRows, options));
  const files = await expand(words, warn);
  // A cell file may have been edited by hand, so none is replaced without --force.
  const inputs = [...files, ...(geometry === undefined ? [] : [geometry])];
  const output = named === undefined ? undefined : await openOutput(named, { force, inputs, series: words });
  try {
    await determine(files, search, options, deps, output);
  } finally {
    await output?.discard();
  }
}

async function determine(
  files: readonly string[],
  search: Search,
  options: CellFlags,
  deps: CliDeps,
  output: Output | undefined,
): Promise<void> {
  const { createContext, signal } = deps;
  const { unit } = options;
  const [first = ''] = files;
  const framed = ['frames', 'folder'].includes(await inputKind(first));
  if (framed) refuseUnused(options, 'files', first);
  else await refuseForLists(first, unit, [], () => refuseUnused(options, 'spots', inputName(first)));
  for (const file of files.slice(1))
    if (['frames', 'folder'].includes(await inputKind(file)) !== framed)
      throw new EwaldError(
        'Argument',
        `${inputName(first)} ${framed ? 'holds frames' : 'is a list of spots'} and ${inputName(file)} ${framed ? 'does not' : 'holds frames'}; give files of one kind`,
      );
  const lists: Float32Array[] = [];
  if (!framed)
    for (const file of files)
      lists.push(readSpotList(await readText(file), { name: inputName(file), ...(unit && { unit }) }).spots);
  const context = await createContext(backendOption(options.backend));
  let images: readonly Float32Array[] = lists;
  let found: readonly DeterminedCell[];
  let isDoubtful = false;
  let refused = false;
  const refuse = (text: string): void => {
    refused = true;
    warn(wordsInFlags(text, searchFlags, nameAsFlags(searchFlags)));
  };
  try {
    if (framed) {
      const cell = await cellOfFrames(context, files, search, options, signal);
      ({ found, spots: images } = cell);
      isDoubtful = cell.isDoubtful || cell.doubt !== undefined;
    } else found = await cellOfLists(context, lists, { ...search, ...pickFlags(fewRows, options), signal }, refuse);
  } finally {
    await context.dispose();
  }
  if (options.json) {
    printJson(
      found.map(({ cell: _, bravais, ...others }) => ({
        ...others,
        bravais: bravais.map(({ type, parameters, distortion }) => ({ type, parameters, distortion })),
      })),
    );
  } else if (found.length === 0) {
    print(
      yellow(
        framed && images.length === 0
          ? `no frame has the ${fewestPeaks} peaks required to determine a lattice; ` +
              'a lower --threshold or --min-snr may find more'
          : refused
            ? 'no cell'
            : 'no cell explains these images beyond chance; more images, or another --max-length, may help',
      ),
    );
  } else
    for (const [rank, cell] of found.slice(0, 3).entries())
      print(describe(cell, rank, found.length === 1 ? 'no rival' : undefined));
  // Lists of a wrong unit have a cell, too: one that is ten times too small.
  const middle = median(images.map(middleOf));
  const hint = framed ? lengthsHint(middle) : unitHint([middle, 0, 0], unit);
  if (hint && !options.json) note(`${yellow('hint:')} ${hint}`);
  const best = found[0] && latticeOf(found[0]);
  // Single images of few spots tell no lengths that could differ.
  const indexed = found[0]?.few ? 0 : (found[0]?.indexed ?? 0);
  const others = found.slice(1).filter((other) => !other.few && other.indexed >= indexed).length;
  const preference = best && preferenceText(best, { ...(found[0] as DeterminedCell), others }, indexed);
  if (preference !== undefined) warn(preference);
  if (best && output !== undefined) {
    const doubt = preference ?? (isDoubtful ? 'see the warnings of the run that found it' : undefined);
    await output.write(cellFileOf(found[0] as DeterminedCell, doubt));
    await output.close();
    note(dim(`${best.type} written to ${options.output}${doubt === undefined ? '' : ', marked as doubtful'}`));
  }
  endDone(found.length > 0 && !isDoubtful && preference === undefined);
}

/** Determines the cell from lists of spots. */
async function cellOfLists(
  context: Context,
  lists: readonly Float32Array[],
  search: CellSearchOptions,
  refuse: (text: string) => void,
): Promise<readonly DeterminedCell[]> {
  const progress = new Progress('cell');
  try {
    const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
    return await indexer.determineCell([...lists], {
      ...search,
      onProgress: progress.report,
      onEvent: ({ text }) => refuse(text),
    });
  } finally {
    progress.end();
  }
}

/** Determines the cell from frames. */
async function cellOfFrames(
  context: Context,
  files: readonly string[],
  search: Search,
  options: CellFlags,
  signal: AbortSignal,
): Promise<FramesCell & { readonly isDoubtful: boolean }> {
  const { peaks, settings } = checkPeakFlags(options);
  const { images = cellFrameRows.images.range.fallback, highres, first, frames } = options;
  if (options.finder === 'msgpack' || options.finder === 'stream')
    throw new EwaldError(
      'Argument',
      `--peaks ${options.finder} reads peaks from messages, which only ewald index receives; for files use cxi or hdf5`,
    );
  const progress = new Progress('cell');
  let isDoubtful = false;
  try {
    const cell = await context.cell({
      inputs: files.map((file) => ({ file })),
      ...settings,
      highres,
      peaks,
      images,
      first,
      frames,
      signal,
      ...pickFlags(openFlags, options),
      ...pickFlags(fewRows, options),
      allowOutside: options.allowOutside || wholeMachine,
      minLengthA: search.minLengthA,
      maxLengthA: search.maxLengthA,
      symmetryTolerance: search.symmetryTolerance,
      onEvent: (event) => {
        if (event.kind === 'warning' && event.isDoubtful) isDoubtful = true;
        if (event.kind === 'progress') progress.share(event.share);
        else if (event.kind !== 'cell' && eventText(event) !== '') note(eventText(event));
      },
    });
    const many = cell.spots.length;
    const which = cell.frames === 1 ? `${many} of 1 frame` : `${many} of ${formatFirstFrames(cell.frames)}`;
    note(dim(`${which} ${many === 1 ? 'has' : 'have'} enough peaks`));
    if (cell.doubt !== undefined)
      warn(`an axis may be longer: ${wordsInFlags(cell.doubt, searchFlags, nameAsFlags(searchFlags))}`);
    return { ...cell, isDoubtful };
  } finally {
    progress.end();
  }
}

const shape = (p: readonly number[]): string =>
  p.map((x, i) => `${x.toFixed(3).padStart(7)}${i === 2 ? ' Å ' : i === 5 ? '°' : ''}`).join(' ');

/** One line per Bravais lattice, the chosen one first. */
function describe(
  { indexed, images, bravais, errors, rivals, few }: DeterminedCell,
  rank: number,
  alone: string | undefined,
): string {
  const line = ({ type, parameters, distortion }: BravaisCandidate): string => {
    const bent = type === 'aP' ? 'reduced' : `distorted by ${(100 * distortion).toFixed(2)} %`;
    return `  ${type} ${shape(parameters)}  ${dim(bent)}`;
  };
  const odds = oddsText(rivals) ?? alone;
  return [
    `${few && few.phase > 1 ? bold('another phase') : rank === 0 ? bold('best') : '  or'}, indexes ${indexed} of ` +
      `${counted(images, 'still')}${few ? `, odds of 10^${few.log10Odds.toFixed(0)} against no lattice` : ''}:`,
    ...bravais.map((candidate, i) => (i === 0 && rank === 0 ? bold(line(candidate)) : line(candidate))),
    ...(errors && bravais[0]
      ? [
          `  ${wrapText(`standard errors ${errorText(errors)}; ${odds === undefined ? '' : `${odds}; `}reuse it with -p ${cellText(bravais[0])}`, 2)}`,
        ]
      : []),
    ...(few?.next
      ? [
          `  ${dim(`next best: ${shape(few.next.parameters).trim()}, 10^${few.next.log10Odds.toFixed(0)} less probable`)}`,
        ]
      : []),
  ].join('\n');
}
