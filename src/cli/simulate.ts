/** `ewald simulate spots`: spot lists with known truth. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { SpotSimulation } from '../entries/index.node.js';
import { readCellOption, simulateSpotLists } from '../entries/shell.node.js';
import { bold, type CliDeps, exitCode, Progress, parseInteger, parseNumber, print, printJson } from './output.js';
import { registerFrames } from './simulate-frames.js';

interface Options {
  output: string;
  cell: string;
  images: string;
  seed: string;
  spots: string;
  spurious: string;
  noise: string;
  crystals: string;
  wavelength?: string;
  distance?: string;
  dMin?: string;
  force?: boolean;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  const simulate = program.command('simulate').description('generate data with known truth');
  registerFrames(simulate, deps);
  simulate
    .command('spots')
    .description('spot lists of simulated stills, one file per image, and truth.json with the orientations')
    .requiredOption('-o, --output <dir>', 'folder for the lists')
    .option(
      '-p, --cell <cell>',
      'a,b,c,alpha,beta,gamma in angstrom and degrees, or a CrystFEL .cell or PDB file',
      '79.1,79.1,38.1,90,90,90',
    )
    .option('--images <n>', 'number of lists', '10')
    .option('--seed <n>', 'the same seed gives the same lists', '0')
    .option('--spots <n>', 'spots per list, including spurious ones', '100')
    .option('--spurious <fraction>', 'fraction of spots that belong to no crystal', '0.2')
    .option('--noise <px>', 'position noise in pixels', '0.5')
    .option('--crystals <n>', 'crystals in the beam', '1')
    .option('--wavelength <angstrom>', 'wavelength; default 1.3')
    .option('--distance <mm>', 'detector distance; default 120')
    .option('--d-min <angstrom>', 'highest resolution; default 1.9')
    .option('--force', 'replace the lists of an earlier simulation in the folder')
    .option('--json', 'one JSON document: {lists, truth}')
    .action((options: Options) => run(options, deps));
}

async function run(options: Options, { signal }: CliDeps): Promise<void> {
  const known = await readCellOption(options.cell);
  const simulation: SpotSimulation = {
    ...known,
    images: parseInteger(options.images, '--images', 1, 1e6),
    seed: parseInteger(options.seed, '--seed', 0, Number.MAX_SAFE_INTEGER),
    spots: parseInteger(options.spots, '--spots', 1, 1e5),
    spurious: parseNumber(options.spurious, '--spurious', 0, 1),
    noisePx: parseNumber(options.noise, '--noise', 0, 100),
    crystals: parseInteger(options.crystals, '--crystals', 0, 8),
    ...(options.wavelength === undefined
      ? {}
      : { wavelengthA: parseNumber(options.wavelength, '--wavelength', 0.001, 20) }),
    ...(options.distance === undefined ? {} : { distanceMm: parseNumber(options.distance, '--distance', 1, 1e6) }),
    ...(options.dMin === undefined ? {} : { dMinA: parseNumber(options.dMin, '--d-min', 0.1, 100) }),
  };
  const progress = new Progress('simulate');
  const { force, cell, output } = options;
  const written = await simulateSpotLists(output, simulation, {
    force,
    inputs: [cell],
    signal,
    onProgress: progress.report,
  }).finally(() => progress.end());
  if (options.json) printJson(written);
  else
    print(
      `${bold(String(written.lists.length))} lists and their truth are in ${output}; index them with: ewald index ${join(output, 'spots-*.txt')}${known.centring === 'P' ? '' : ` -p ${cell}`}`,
    );
  if (signal.aborted) process.exitCode = exitCode.interrupted;
}
