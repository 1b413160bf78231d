/** `ewald simulate spots`: writes spot lists with known truth. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { EwaldError, isEwaldError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';
import { flat } from '../crystal/cell.js';
import { isCentred } from '../crystal/centring.js';
import { formatSpotList } from '../data/spot-list.js';
import { refuseInputs } from '../files/inputs.js';
import { onExit } from '../files/interrupt.js';
import { type Lock, lockFile } from '../files/lock.js';
import { followed, temporaryBeside } from '../files/names.js';
import { readCellOption } from '../files/read.js';
import { writeWhole } from '../files/write.js';
import { type SpotSimulation, simulateSpotImages } from '../simulate/spots.js';
import {
  bold,
  type CliDeps,
  counted,
  exitCode,
  Progress,
  parseInteger,
  parseNumber,
  print,
  printJson,
} from './output.js';
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
      '--cell <cell>',
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
  const images = parseInteger(options.images, '--images', 1, 1e6);
  const seed = parseInteger(options.seed, '--seed', 0, Number.MAX_SAFE_INTEGER);
  const simulation: SpotSimulation = {
    ...known,
    images,
    seed,
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
  const folder = await beginFolder(options.output, options.cell, options.force ?? false);
  const progress = new Progress('simulate');
  const lists: { file: string; lattices: number[][]; owner: number[] }[] = [];
  const digits = Math.max(3, String(images).length);
  try {
    for await (const image of simulateSpotImages(simulation, signal)) {
      const number = lists.length + 1;
      const file = `spots-${String(number).padStart(digits, '0')}.txt`;
      const comment =
        `simulated: seed ${seed}, image ${number}, ${image.spots.length / 3} ` +
        `spots, ${image.lattices.length} ` +
        `crystal(s), ${options.spurious} spurious, noise ${options.noise} px`;
      await writeWhole(
        join(folder.path, file),
        // The list format cannot state a centring, so the cell would be taken for a primitive one.
        formatSpotList(isCentred(known.centring) ? undefined : known.cell, image.spots, [
          comment,
          isCentred(known.centring)
            ? `cell of centring ${known.centring}: pass it with -p; x y z in 1/angstrom`
            : 'line 1: known cell a b c in angstrom; then x y z in 1/angstrom',
        ]),
        { lock: folder.lock },
      );
      lists.push({ file, lattices: image.lattices.map(flat), owner: [...image.owner] });
      progress.report(number / images);
    }
  } catch (error) {
    // Finished lists are kept, with their truth, unless they would replace a complete simulation.
    if (!isEwaldError(error, 'Aborted') || folder.replaces) {
      await folder.discard();
      throw error;
    }
  } finally {
    progress.end();
  }
  const truth = join(options.output, 'truth.json');
  try {
    await writeWhole(
      join(folder.path, 'truth.json'),
      `${JSON.stringify({ format: 'ewald spot truth 1', options: simulation, lists })}\n`,
      { lock: folder.lock },
    );
    await folder.close();
  } catch (error) {
    await folder.discard();
    throw error;
  }
  if (options.json) printJson({ lists: lists.map(({ file }) => join(options.output, file)), truth });
  else
    print(
      `${bold(String(lists.length))} lists and their truth are in ${options.output}; index them with: ` +
        `ewald index ${join(options.output, 'spots-*.txt')}${isCentred(known.centring) ? ` -p ${options.cell}` : ''}`,
    );
  if (signal.aborted) process.exitCode = exitCode.interrupted;
}

/** A folder being written. */
interface ListFolder {
  /** Where the lists are written. */
  readonly path: string;
  readonly lock: Lock;
  /** Whether the folder contains an earlier simulation, which is kept until this one is complete. */
  readonly replaces: boolean;
  close(): Promise<void>;
  discard(): Promise<void>;
}

const isList = (name: string): boolean => /^spots-\d{3,}\.txt$/.test(name) || name === 'truth.json';

/**
 * Creates the folder. Lists of an earlier run must not be mixed with those of this one: they are rejected, or replaced
 * with `force`.
 */
async function beginFolder(folder: string, cell: string, force: boolean): Promise<ListFolder> {
  try {
    await mkdir(folder, { recursive: true });
    const older = (await readdir(folder)).filter(isList);
    if (older.length > 0 && !force)
      throw new EwaldError(
        'Argument',
        `${folder} contains ${counted(older.length, 'file')} of an earlier simulation; ` +
          'choose another folder, or pass --force to replace them',
      );
    for (const name of older) await refuseInputs(join(folder, name), { inputs: [cell] });
    const lock = await lockFile(folder, await followed(join(folder, 'truth.json')));
    if (older.length === 0)
      return { path: folder, lock, replaces: false, close: () => lock.release(), discard: () => lock.release() };
    const path = temporaryBeside(join(folder, 'spots'));
    const forget = onExit(path);
    await mkdir(path);
    const discard = async (): Promise<void> => {
      await rm(path, { recursive: true, force: true });
      forget();
      await lock.release();
    };
    const close = async (): Promise<void> => {
      await lock.confirm();
      for (const name of older) await rm(join(folder, name));
      for (const name of await readdir(path)) await rename(join(path, name), join(folder, name));
      await discard();
    };
    return { path, lock, replaces: true, close, discard };
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(folder, 'made', cause);
  }
}
