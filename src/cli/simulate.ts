/** `ewald simulate spots`: spot lists with known truth. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { flat } from '../crystal/cell.js';
import { formatSpotList } from '../data/spot-list.js';
import { type SpotSimulation, simulateSpots } from '../simulate/spots.js';
import { readCell } from './cell-option.js';
import { writeWhole } from './files.js';
import { bold, type CliDeps, exitCode, Progress, parseCount, parseNumber, print, printJson } from './output.js';

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
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  const simulate = program.command('simulate').description('make data with known truth');
  simulate
    .command('spots')
    .description('spot lists of simulated stills, one file an image, and truth.json with the orientations')
    .requiredOption('-o, --output <dir>', 'folder for the lists')
    .option(
      '--cell <cell>',
      'a,b,c,alpha,beta,gamma in angstrom and degrees, or a .cell file',
      '79.1,79.1,38.1,90,90,90',
    )
    .option('--images <n>', 'how many lists', '10')
    .option('--seed <n>', 'same seed, same lists', '0')
    .option('--spots <n>', 'spots of a list, spurious ones included', '100')
    .option('--spurious <fraction>', 'fraction of spots that belong to no crystal', '0.2')
    .option('--noise <px>', 'position noise in pixels', '0.5')
    .option('--crystals <n>', 'crystals in the beam', '1')
    .option('--wavelength <angstrom>', 'wavelength; default 1.3')
    .option('--distance <mm>', 'detector distance; default 120')
    .option('--d-min <angstrom>', 'highest resolution; default 1.9')
    .option('--json', 'one JSON document: {lists, truth}')
    .action((options: Options) => run(options, deps));
}

async function run(options: Options, { signal }: CliDeps): Promise<void> {
  const cell = await readCell(options.cell);
  const images = Number(parseCount(options.images, '--images'));
  const seed = Number(parseCount(options.seed, '--seed'));
  const simulation: SpotSimulation = {
    cell,
    images,
    seed,
    spots: Number(parseCount(options.spots, '--spots')),
    spurious: parseNumber(options.spurious, '--spurious'),
    noisePx: parseNumber(options.noise, '--noise'),
    crystals: Number(parseCount(options.crystals, '--crystals')),
    ...(options.wavelength === undefined ? {} : { wavelengthA: parseNumber(options.wavelength, '--wavelength') }),
    ...(options.distance === undefined ? {} : { distanceMm: parseNumber(options.distance, '--distance') }),
    ...(options.dMin === undefined ? {} : { dMinA: parseNumber(options.dMin, '--d-min') }),
  };
  const simulated = simulateSpots(simulation);
  await mkdir(options.output, { recursive: true });
  const progress = new Progress('simulate');
  const lists: { file: string; lattices: number[][]; owner: number[] }[] = [];
  const digits = String(images).length;
  for (const [i, image] of simulated.entries()) {
    if (signal.aborted) break;
    const file = `spots-${String(i + 1).padStart(Math.max(3, digits), '0')}.txt`;
    const comment = `simulated: seed ${seed}, image ${i + 1}, ${image.spots.length / 3} spots, ${image.lattices.length} crystal(s), ${options.spurious} spurious, noise ${options.noise} px`;
    await writeWhole(
      join(options.output, file),
      formatSpotList(cell, image.spots, [comment, 'line 1: known cell a b c in angstrom; then x y z in 1/angstrom']),
    );
    lists.push({ file, lattices: image.lattices.map(flat), owner: [...image.owner] });
    progress.report((i + 1) / images);
  }
  progress.end();
  const truth = join(options.output, 'truth.json');
  await writeWhole(truth, `${JSON.stringify({ format: 'ewald spot truth 1', options: simulation, lists })}\n`);
  if (options.json) printJson({ lists: lists.map(({ file }) => join(options.output, file)), truth });
  else
    print(
      `${bold(String(lists.length))} lists and their truth are in ${options.output}; index them with: ewald index ${join(options.output, 'spots-*.txt')}`,
    );
  if (signal.aborted) process.exitCode = exitCode.interrupted;
}
