/** `ewald cell FILES…`: determines an unknown cell from frames, or from the spots of several stills. */
import type { Command } from 'commander';
import {
  type BravaisCandidate,
  type Context,
  type DeterminedCell,
  EwaldError,
  type FramesCell,
  readSpotList,
  type SpotUnit,
} from '../entries/index.node.js';
import { cellFileOf, fewestPeaks, inputKind, latticeOf, spotUnits, unitHint } from '../entries/pipeline.node.js';
import { choice, expand, inputName, type Output, openOutput, readText } from '../entries/shell.node.js';
import { largestFrame, noChecksums, readingOf } from './data-options.js';
import { unlessGeometrySays } from './index-frames.js';
import { refuseForLists } from './list-flags.js';
import {
  backendOption,
  bold,
  type CliDeps,
  dim,
  exitCode,
  note,
  Progress,
  parseInteger,
  parseNumber,
  print,
  printJson,
  yellow,
} from './output.js';
import { checkPeakFlags, withPeakFlags } from './peak-flags.js';
import { eventText } from './run-events.js';

interface Options {
  min: string;
  max: string;
  tolerance: string;
  unit: SpotUnit;
  backend?: string;
  json?: boolean;
  output?: string;
  force?: boolean;
  geometry?: string;
  data?: string;
  checksums?: boolean;
  maxFrameBytes?: string;
  images: string;
}

interface Search {
  readonly minLengthA: number;
  readonly maxLengthA: number;
  readonly tolerance: number;
}

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('cell')
    .description(
      'determine an unknown cell from detector frames, or the spots of several stills: ' +
        'the Bravais lattices that fit, in conventional cells',
    )
    .argument(
      '<files...>',
      'files of detector frames, or spot lists, or - for standard input: x y z of one spot per line; ' +
        'further columns, and a first line with a cell, are ignored',
    )
    .option('--unit <unit>', 'of the lists: 1/A, 1/nm, 2pi/A or 2pi/nm', '1/A')
    .option('--min <angstrom>', 'shortest cell edge', '3')
    .option('--max <angstrom>', 'longest cell edge', '150')
    .option(
      '--tolerance <x>',
      'largest change of lengths (relative) and angles (radians) that a symmetry ' + 'may require',
      '0.02',
    )
    .option('--backend <name>', 'where the candidates are tested')
    .option('-o, --output <cell>', 'write the best cell, in its highest symmetry, as a CrystFEL .cell file')
    .option('--force', 'replace an existing file; never an input')
    .option(
      '--json',
      'one JSON array, best first: [{parameters, spread, indexed, images, bravais: [{type, parameters, distortion}]}]',
    );
  const shared = command.options.length;
  command
    .option('-g, --geometry <geom>', "frames: CrystFEL geometry; default: described by the frames' file")
    .option('--data <path>', 'frames: dataset of HDF5 files')
    .option('--no-checksums', `frames: ${noChecksums}`)
    .option('--max-frame-bytes <n>', `frames: ${largestFrame}`);
  withPeakFlags(command)
    .option('--images <n>', 'frames: how many with peaks enough take part', '30')
    .action((lists: string[], options: Options) =>
      run(lists, options, deps, (first, unit) => refuseForLists(command, command.options.slice(shared), first, unit)),
    );
}

async function run(
  words: readonly string[],
  options: Options,
  deps: CliDeps,
  refuseFrameFlags: (first: string, unit: SpotUnit) => Promise<void>,
): Promise<void> {
  const unit = choice('--unit', options.unit, '1/A', spotUnits);
  const minLengthA = parseNumber(options.min, '--min', 1, 1000);
  const search = {
    minLengthA,
    maxLengthA: parseNumber(options.max, '--max', minLengthA, 1000),
    tolerance: parseNumber(options.tolerance, '--tolerance', 0, 0.2),
  };
  const { output: named, force = false, geometry } = options;
  const files = await expand(words);
  // A cell file may have been edited by hand, so none is replaced without --force.
  const inputs = [...files, ...(geometry === undefined ? [] : [geometry])];
  const output = named === undefined ? undefined : await openOutput(named, { force, inputs, series: words });
  try {
    await determine(files, unit, search, options, deps, output, refuseFrameFlags);
  } finally {
    await output?.discard();
  }
}

async function determine(
  files: readonly string[],
  unit: SpotUnit,
  search: Search,
  options: Options,
  deps: CliDeps,
  output: Output | undefined,
  refuseFrameFlags: (first: string, unit: SpotUnit) => Promise<void>,
): Promise<void> {
  const { createContext, signal } = deps;
  const [first = ''] = files;
  const framed = ['frames', 'folder'].includes(await inputKind(first));
  if (!framed) await refuseFrameFlags(first, unit);
  const lists: Float32Array[] = [];
  if (!framed)
    for (const file of files) lists.push(readSpotList(await readText(file), { name: inputName(file), unit }).spots);
  const context = await createContext(backendOption(options.backend));
  let images: readonly Float32Array[] = lists;
  let found: readonly DeterminedCell[];
  try {
    if (framed) ({ found, spots: images } = await cellOfFrames(context, files, search, options, signal));
    else found = await cellOfLists(context, lists, search, signal);
  } finally {
    await context.dispose();
  }
  if (options.json) {
    printJson(
      found.map(({ parameters, spread, indexed, images, bravais }) => ({
        parameters,
        spread,
        indexed,
        images,
        bravais: bravais.map(({ type, parameters, distortion }) => ({ type, parameters, distortion })),
      })),
    );
  } else if (found.length === 0) {
    print(
      yellow(
        framed && images.length === 0
          ? `no frame has the ${fewestPeaks} peaks required to determine a lattice; ` +
              'a lower --threshold or --min-snr may find more'
          : 'no cell explains these images beyond chance; more images, or another --max, may help',
      ),
    );
    const hint = images.map(unitHint).find((text) => text !== undefined);
    if (hint) note(`${yellow('hint:')} ${hint}`);
  } else for (const [rank, cell] of found.slice(0, 3).entries()) print(describe(cell, rank));
  const best = found[0] && latticeOf(found[0]);
  if (best && output !== undefined) {
    await output.write(cellFileOf(best));
    await output.close();
    note(dim(`${best.type} written to ${options.output}`));
  }
  if (found.length === 0) process.exitCode = exitCode.data;
}

/** Determines the cell of spots in hand. */
async function cellOfLists(
  context: Context,
  lists: readonly Float32Array[],
  search: Search,
  signal: AbortSignal,
): Promise<readonly DeterminedCell[]> {
  const progress = new Progress('cell');
  try {
    const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
    return await indexer.determineCell([...lists], { ...search, signal, onProgress: progress.report });
  } finally {
    progress.end();
  }
}

/** Determines the cell of frames. */
async function cellOfFrames(
  context: Context,
  files: readonly string[],
  search: Search,
  options: Options,
  signal: AbortSignal,
): Promise<FramesCell> {
  const { peaks, settings, list } = checkPeakFlags(options);
  const { hdf5Peaks } = options as { readonly hdf5Peaks?: string };
  const images = parseInteger(options.images, '--images', 1, 1000);
  if (list === 'msgpack')
    throw new EwaldError(
      'Argument',
      '--peaks msgpack reads peaks from messages, which only ewald index receives; for files use cxi or hdf5',
    );
  const progress = new Progress('cell');
  try {
    const cell = await context.cell({
      inputs: files.map((file) => ({ file })),
      ...settings,
      ...(settings.listed && hdf5Peaks === undefined ? { listed: unlessGeometrySays(settings.listed) } : {}),
      ...{ peaks, images, signal, geometry: options.geometry, data: options.data },
      ...readingOf(options),
      min: search.minLengthA,
      max: search.maxLengthA,
      tolerance: search.tolerance,
      onEvent: (event) => {
        if (event.kind === 'progress') progress.report(event.share);
        else if (event.kind !== 'cell' && eventText(event) !== '') note(eventText(event));
      },
    });
    note(dim(`${cell.spots.length} of the first ${cell.frames} frames have enough peaks`));
    if (cell.doubt !== undefined) note(`${yellow('warning:')} the cell may be longer: ${cell.doubt}`);
    return cell;
  } finally {
    progress.end();
  }
}

const shape = (p: readonly number[]): string =>
  p.map((x, i) => `${x.toFixed(2).padStart(i < 3 ? 7 : 6)}${i === 2 ? ' Å ' : i === 5 ? '°' : ''}`).join(' ');

/** One line per Bravais lattice, highest symmetry first; the last, aP, is the reduced cell. */
function describe({ indexed, images, bravais }: DeterminedCell, rank: number): string {
  const line = ({ type, parameters, distortion }: BravaisCandidate): string => {
    const bent = type === 'aP' ? 'reduced' : `distorted by ${(100 * distortion).toFixed(2)} %`;
    return `  ${type} ${shape(parameters)}  ${dim(bent)}`;
  };
  return [
    `${rank === 0 ? bold('best') : '  or'}, indexes ${indexed} of ${images} stills:`,
    ...bravais.map((candidate, i) => (i === 0 && rank === 0 ? bold(line(candidate)) : line(candidate))),
  ].join('\n');
}
