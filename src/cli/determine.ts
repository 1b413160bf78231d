/** `ewald cell LISTS…`: an unknown cell from the spots of several stills. */
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { choice } from '../base/options.js';
import type { BravaisCandidate } from '../crystal/bravais.js';
import { formatCellFile } from '../crystal/cell-file.js';
import { parseGeometry } from '../crystal/geometry/parse.js';
import { readSpotList, type SpotUnit, spotUnits, unitHint } from '../data/spot-list.js';
import { openDetector } from '../detector/detector.js';
import { expand, inputName, readText } from '../files/read.js';
import { type Output, openOutput } from '../files/write.js';
import type { DeterminedCell } from '../indexing/indexer.js';
import { latticeName } from '../pipeline/chunk.js';
import { openFrameSearcher } from '../pipeline/frame-searcher.js';
import { FrameSource } from '../pipeline/sources/files.js';
import { holdsFrames, isFolder } from '../pipeline/sources/frame-files.node.js';
import { fewestPeaks, knownOf, latticeOf, spotsOfFrames } from '../pipeline/unknown-cell.js';
import { largestFrame, noChecksums, readingOf } from './data-options.js';
import { settle } from './frame-settings.js';
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
import { checkPeakFlags, listedBy, withPeakFlags } from './peak-flags.js';

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

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('cell')
    .description(
      'determine an unknown cell from detector frames, or the spots of several stills: the Bravais lattices that fit, in conventional cells',
    )
    .argument(
      '<files...>',
      'files of detector frames, or spot lists, or - for standard input: x y z of a spot a line, more columns are passed over; a first line with a cell, too',
    )
    .option('--unit <unit>', 'of the lists: 1/A, 1/nm, 2pi/A or 2pi/nm', '1/A')
    .option('--min <angstrom>', 'shortest cell edge', '3')
    .option('--max <angstrom>', 'longest cell edge', '150')
    .option('--tolerance <x>', 'how far lengths (relative) and angles (radians) may be bent for a symmetry', '0.02')
    .option('--backend <name>', 'where the candidates are tried')
    .option('-o, --output <cell>', 'write the best one, in its highest symmetry, as a CrystFEL .cell file')
    .option('--force', 'replace a file that exists; never an input')
    .option(
      '--json',
      'one JSON array, best first: [{parameters, spread, indexed, images, bravais: [{type, parameters, distortion}]}]',
    );
  const shared = command.options.length;
  command
    .option('-g, --geometry <geom>', "frames: CrystFEL geometry; default: what the frames' file says")
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
  // A cell file is written by hand, or corrected by hand: none is replaced without --force.
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
  search: { minLengthA: number; maxLengthA: number; tolerance: number },
  options: Options,
  deps: CliDeps,
  output: Output | undefined,
  refuseFrameFlags: (first: string, unit: SpotUnit) => Promise<void>,
): Promise<void> {
  const { createContext, signal } = deps;
  const [first = ''] = files;
  const framed = (await isFolder(first)) || (await holdsFrames(first));
  if (!framed) await refuseFrameFlags(first, unit);
  const images: Float32Array[] = [];
  if (framed) images.push(...(await imagesOf(files, options, deps)));
  else for (const file of files) images.push(readSpotList(await readText(file), { name: inputName(file), unit }).spots);
  const context = await createContext(backendOption(options.backend));
  const progress = new Progress('cell');
  let found: DeterminedCell[];
  try {
    const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
    // Frames without peaks are no mistake of who asks; a list of none is.
    const nothing = framed && images.length === 0;
    found = nothing ? [] : await indexer.determineCell(images, { ...search, signal, onProgress: progress.report });
  } finally {
    progress.end();
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
          ? `no frame has the ${fewestPeaks} peaks that say something of a lattice; a lower --threshold or --min-snr may find them`
          : 'no cell explains these images beyond chance; more images, or another --max, may help',
      ),
    );
    const hint = images.map(unitHint).find((text) => text !== undefined);
    if (hint) note(`${yellow('hint:')} ${hint}`);
  } else for (const [rank, cell] of found.slice(0, 3).entries()) print(describe(cell, rank));
  const best = found[0] && latticeOf(found[0]);
  if (best && output !== undefined) {
    const known = knownOf(best);
    const { lattice, uniqueAxis } = latticeName(known);
    await output.write(formatCellFile(known, lattice, uniqueAxis as 'a' | undefined));
    await output.close();
    note(dim(`${best.type} written to ${options.output}`));
  }
  if (found.length === 0) process.exitCode = exitCode.data;
}

/** Spots of the frames with peaks enough. */
async function imagesOf(files: readonly string[], options: Options, deps: CliDeps): Promise<Float32Array[]> {
  const { signal, createContext } = deps;
  const checked = checkPeakFlags(options);
  const images = parseInteger(options.images, '--images', 1, 1000);
  if (checked.list === 'msgpack')
    throw new EwaldError(
      'Argument',
      '--peaks msgpack takes peaks of messages, which ewald index reads; of files it is cxi or hdf5',
    );
  const geometry =
    options.geometry === undefined ? undefined : parseGeometry(await readText(options.geometry), options.geometry);
  const [path] = geometry?.panels.map((panel) => panel.data).filter((one) => one !== '/data/data') ?? [];
  const data = options.data === undefined ? path && { path, must: false } : { path: options.data, must: true };
  const wanted = files.map((file) => ({ file, frames: undefined }));
  const some = { wanted, data: data || undefined, geometry };
  const all = { ...some, serialStart: 1, shard: undefined, follow: undefined, ...readingOf(options), signal };
  const source = await FrameSource.open(all);
  const context = await createContext(backendOption(options.backend));
  try {
    const listed = listedBy(checked.settings, options, geometry);
    const asked = { ...checked.settings, ...listed, peaks: checked.peaks, cells: [], rings: null };
    const settings = await settle(source, geometry, asked, options.backend, deps);
    const openOther = source.openOther.bind(source);
    const detector = await openDetector(source.first, { geometry, openOther });
    const searcher = await openFrameSearcher(context, { ...settings, detector });
    const { spots, frames } = await spotsOfFrames(searcher, (most) => source.firstFrames(most), { images, signal });
    await searcher.dispose();
    note(dim(`${spots.length} of the first ${frames} frames have enough peaks`));
    return spots;
  } finally {
    await context.dispose();
    await source.close();
  }
}

const shape = (p: readonly number[]): string =>
  p.map((x, i) => `${x.toFixed(2).padStart(i < 3 ? 7 : 6)}${i === 2 ? ' Å ' : i === 5 ? '°' : ''}`).join(' ');

/** One line a Bravais lattice, highest symmetry first; the last, aP, is the reduced cell. */
function describe({ indexed, images, bravais }: DeterminedCell, rank: number): string {
  const line = ({ type, parameters, distortion }: BravaisCandidate): string => {
    const bent = type === 'aP' ? 'reduced' : `bent by ${(100 * distortion).toFixed(2)} %`;
    return `  ${type} ${shape(parameters)}  ${dim(bent)}`;
  };
  return [
    `${rank === 0 ? bold('best') : '  or'}, indexes ${indexed} of ${images} stills:`,
    ...bravais.map((candidate, i) => (i === 0 && rank === 0 ? bold(line(candidate)) : line(candidate))),
  ].join('\n');
}
