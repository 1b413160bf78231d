/** `ewald cell LISTS…`: an unknown cell from the spots of several stills. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { BackendName } from '../backends/backend.js';
import { parseSpots } from '../data/spot-list.js';
import type { DeterminedCell } from '../indexing/indexer.js';
import { bold, type CliDeps, dim, exitCode, Progress, parseNumber, print, printJson, yellow } from './output.js';

interface Options {
  min: string;
  max: string;
  tolerance: string;
  backend?: BackendName;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  program
    .command('cell')
    .description(
      'determine an unknown cell from the spots of several stills: reduced cell and the Bravais lattices that fit',
    )
    .argument('<lists...>', 'spot lists: x y z a line (1/angstrom); a first line with a cell is passed over')
    .option('--min <angstrom>', 'shortest cell edge', '3')
    .option('--max <angstrom>', 'longest cell edge; twice as long costs four times the time', '150')
    .option('--tolerance <x>', 'how far lengths (relative) and angles (radians) may be bent for a symmetry', '0.02')
    .option('--backend <name>', 'where the candidates are tried')
    .option(
      '--json',
      'one JSON array, best first: [{parameters, spread, indexed, images, bravais: [{type, parameters, distortion}]}]',
    )
    .action((lists: string[], options: Options) => run(lists, options, deps));
}

async function run(lists: readonly string[], options: Options, { createContext, signal }: CliDeps): Promise<void> {
  const images = await Promise.all(lists.map(async (path) => parseSpots(await readFile(path, 'utf8'), path).spots));
  const search = {
    minLengthA: parseNumber(options.min, '--min'),
    maxLengthA: parseNumber(options.max, '--max'),
    tolerance: parseNumber(options.tolerance, '--tolerance'),
  };
  const context = await createContext(options.backend ? { backend: options.backend } : {});
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
  } else if (found.length === 0)
    print(yellow('no cell explains these images beyond chance; more images, or another --max, may help'));
  else for (const [rank, cell] of found.slice(0, 3).entries()) print(describe(cell, rank));
  if (found.length === 0) process.exitCode = exitCode.data;
}

const shape = (p: readonly number[]): string =>
  `${p
    .slice(0, 3)
    .map((x) => x.toFixed(2))
    .join(' ')} Å  ${p
    .slice(3)
    .map((x) => x.toFixed(2))
    .join(' ')}°`;

function describe({ parameters, indexed, images, bravais }: DeterminedCell, rank: number): string {
  const lines = bravais.map(
    ({ type, parameters, distortion }) =>
      `    ${type}  ${shape(parameters)}  ${dim(`bent by ${(100 * distortion).toFixed(2)} %`)}`,
  );
  return [
    `${rank === 0 ? bold('best ') : '  or '} ${shape(parameters)}  indexes ${indexed} of ${images}`,
    ...lines,
  ].join('\n');
}
