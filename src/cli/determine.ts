/** `ewald cell LISTS…`: an unknown cell from the spots of several stills. */
import type { Command } from 'commander';
import type { BravaisCandidate } from '../crystal/bravais.js';
import { readSpotList, type SpotUnit, spotUnits, unitHint } from '../data/spot-list.js';
import type { DeterminedCell } from '../indexing/indexer.js';
import { choice } from '../options.js';
import { expand, inputName, readText } from './inputs.js';
import {
  backendOption,
  bold,
  type CliDeps,
  dim,
  exitCode,
  note,
  Progress,
  parseNumber,
  print,
  printJson,
  yellow,
} from './output.js';

interface Options {
  min: string;
  max: string;
  tolerance: string;
  unit: SpotUnit;
  backend?: string;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  program
    .command('cell')
    .description(
      'determine an unknown cell from the spots of several stills: the Bravais lattices that fit, in conventional cells',
    )
    .argument(
      '<lists...>',
      'spot lists, or - for standard input: x y z of a spot a line, more columns are passed over; a first line with a cell, too',
    )
    .option('--unit <unit>', 'of the lists: 1/A, 1/nm, 2pi/A or 2pi/nm', '1/A')
    .option('--min <angstrom>', 'shortest cell edge', '3')
    .option('--max <angstrom>', 'longest cell edge', '150')
    .option('--tolerance <x>', 'how far lengths (relative) and angles (radians) may be bent for a symmetry', '0.02')
    .option('--backend <name>', 'where the candidates are tried')
    .option(
      '--json',
      'one JSON array, best first: [{parameters, spread, indexed, images, bravais: [{type, parameters, distortion}]}]',
    )
    .action((lists: string[], options: Options) => run(lists, options, deps));
}

async function run(words: readonly string[], options: Options, { createContext, signal }: CliDeps): Promise<void> {
  const unit = choice('--unit', options.unit, '1/A', spotUnits);
  const minLengthA = parseNumber(options.min, '--min', 1, 1000);
  const search = {
    minLengthA,
    maxLengthA: parseNumber(options.max, '--max', minLengthA, 1000),
    tolerance: parseNumber(options.tolerance, '--tolerance', 0, 0.2),
  };
  const images: Float32Array[] = [];
  for (const file of await expand(words))
    images.push(readSpotList(await readText(file), { name: inputName(file), unit }).spots);
  const context = await createContext(backendOption(options.backend));
  const progress = new Progress('cell');
  let found: DeterminedCell[];
  try {
    const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
    found = await indexer.determineCell(images, { ...search, signal, onProgress: progress.report });
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
    print(yellow('no cell explains these images beyond chance; more images, or another --max, may help'));
    const hint = images.map(unitHint).find((text) => text !== undefined);
    if (hint) note(`${yellow('hint:')} ${hint}`);
  } else for (const [rank, cell] of found.slice(0, 3).entries()) print(describe(cell, rank));
  if (found.length === 0) process.exitCode = exitCode.data;
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
    `${rank === 0 ? bold('best') : '  or'}, indexes ${indexed} of ${images} lists:`,
    ...bravais.map((candidate, i) => (i === 0 && rank === 0 ? bold(line(candidate)) : line(candidate))),
  ].join('\n');
}
