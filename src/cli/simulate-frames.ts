/** `ewald simulate frames`: detector frames with known truth, their geometry and cell. */
import type { Command } from 'commander';
import { EwaldError, type FrameSimulation } from '../entries/index.node.js';
import { choice, readCellOption, simulateFrames } from '../entries/shell.node.js';
import { bold, type CliDeps, counted, Progress, parseInteger, parseNumber, print, printJson } from './output.js';

interface Options {
  output: string;
  name: string;
  cell: string;
  images: string;
  seed: string;
  radiation: string;
  crystals?: string;
  blank?: string;
  wavelength?: string;
  voltage?: string;
  bandwidth?: string;
  mosaicity?: string;
  distance?: string;
  pixel?: string;
  size?: string;
  centre?: string;
  modules?: string;
  gap?: string;
  beamStop?: string;
  badPixels?: string;
  background?: string;
  scale?: string;
  bFactor?: string;
  dMin?: string;
  force?: boolean;
  json?: boolean;
}

/** Adds the command to `ewald simulate`. */
export function registerFrames(simulate: Command, { signal }: CliDeps): void {
  simulate
    .command('frames')
    .description('detector frames of simulated stills (NXmx), their .geom, .cell and truth')
    .requiredOption('-o, --output <dir>', 'folder for the files')
    .option('--name <text>', 'base name of the files', 'run')
    .option(
      '-p, --cell <cell>',
      'a,b,c,alpha,beta,gamma in angstrom and degrees, or a CrystFEL .cell or PDB file',
      '79.1,79.1,38.1,90,90,90',
    )
    .option('--images <n>', 'number of frames', '20')
    .option('--seed <n>', 'the same seed gives the same frames', '0')
    .option('--radiation <kind>', 'xray or electron', 'xray')
    .option('--crystals <n>', 'crystals in the beam; default 1')
    .option('--blank <fraction>', 'frames without a crystal; default 0')
    .option('--wavelength <angstrom>', 'default 1.3')
    .option('--voltage <kV>', 'accelerating voltage, instead of the wavelength of electrons; default 200')
    .option('--bandwidth <fraction>', 'standard deviation; default 0.0005')
    .option('--mosaicity <degrees>', 'standard deviation; default 0.03')
    .option('--distance <mm>', 'default 60, electrons 1000')
    .option('--pixel <mm>', 'pixel size; default 0.075')
    .option('--size <w,h>', 'pixels of the detector; default 1024,1024')
    .option('--centre <x,y>', 'where the beam hits, in pixels; default slightly off the middle')
    .option('--modules <nx,ny>', 'number of modules, separated by gaps; default 1,1')
    .option('--gap <px>', 'width of a gap; default 8')
    .option('--beam-stop <px>', 'radius of the beam stop; default 16')
    .option('--bad-pixels <fraction>', 'hot and dead pixels; default 0.0001')
    .option('--background <counts>', "counts per pixel on the solvent's ring; default 5")
    .option('--scale <counts>', 'counts of a full reflection of average intensity; default 900')
    .option('--b-factor <angstrom2>', 'temperature factor; default 25')
    .option('--d-min <angstrom>', 'highest resolution; default: the corner of the detector')
    .option('--force', 'replace existing files; never the one given by --cell')
    .option('--json', 'one JSON document: {frames, geometry, cell, truth}')
    .action((options: Options) => run(options, signal));
}

async function simulationOf(options: Options): Promise<{ simulation: FrameSimulation; voltageV: number | undefined }> {
  const known = await readCellOption(options.cell);
  const radiation = choice('--radiation', options.radiation as 'xray', 'xray', ['xray', 'electron']);
  if (radiation === 'xray' && options.voltage !== undefined)
    throw new EwaldError('Argument', '--voltage requires electrons: --radiation electron');
  if (options.voltage !== undefined && options.wavelength !== undefined)
    throw new EwaldError('Argument', '--voltage and --wavelength specify the same quantity; give only one of them');
  const number = (text: string | undefined, flag: string, low: number, high: number): number | undefined =>
    text === undefined ? undefined : parseNumber(text, flag, low, high);
  const voltageV =
    radiation === 'electron' && options.wavelength === undefined
      ? 1000 * parseNumber(options.voltage ?? '200', '--voltage', 1, 1e4)
      : undefined;
  const given = {
    wavelengthA: number(options.wavelength, '--wavelength', 0.001, 20),
    crystals: options.crystals === undefined ? undefined : parseInteger(options.crystals, '--crystals', 1, 8),
    blank: number(options.blank, '--blank', 0, 1),
    bandwidth: number(options.bandwidth, '--bandwidth', 0, 0.2),
    mosaicityRad:
      options.mosaicity === undefined
        ? undefined
        : (parseNumber(options.mosaicity, '--mosaicity', 0, 10) * Math.PI) / 180,
    distanceMm: number(options.distance, '--distance', 1, 1e6),
    pixelMm: number(options.pixel, '--pixel', 1e-4, 10),
    detectorPx: pairOf(options.size, '--size', [16, 16384]),
    centrePx: pairOf(options.centre, '--centre'),
    modules: pairOf(options.modules, '--modules', [1, 64]),
    gapPx: options.gap === undefined ? undefined : parseInteger(options.gap, '--gap', 0, 1024),
    beamStopPx: number(options.beamStop, '--beam-stop', 0, 1e4),
    badPixels: number(options.badPixels, '--bad-pixels', 0, 0.5),
    background: number(options.background, '--background', 0, 1e5),
    scale: number(options.scale, '--scale', 0, 1e9),
    bFactorA2: number(options.bFactor, '--b-factor', 0, 1e4),
    dMinA: number(options.dMin, '--d-min', 0.1, 100),
  };
  return {
    simulation: {
      ...known,
      radiation,
      images: parseInteger(options.images, '--images', 1, 1e6),
      seed: parseInteger(options.seed, '--seed', 0, Number.MAX_SAFE_INTEGER),
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    },
    voltageV,
  };
}

/** Two numbers, which must be integers if a range is given. */
function pairOf(
  text: string | undefined,
  flag: string,
  range?: readonly [low: number, high: number],
): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  const numbers = text.split(/[,x×]/).map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  const [x = 0, y = 0] = numbers;
  if (numbers.length !== 2 || !numbers.every(Number.isFinite))
    throw new EwaldError(
      'Argument',
      `${flag} is "${text}"; expected two numbers separated by a comma, such as 1024,1024`,
    );
  if (range && !numbers.every((n) => Number.isInteger(n) && n >= range[0] && n <= range[1]))
    throw new EwaldError('Argument', `${flag} is "${text}"; expected whole numbers from ${range[0]} to ${range[1]}`);
  return [x, y];
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const { simulation, voltageV } = await simulationOf(options);
  const { output, name, force, cell } = options;
  const progress = new Progress('simulate');
  const files = await simulateFrames(output, simulation, {
    name,
    voltageV,
    force,
    inputs: [cell],
    signal,
    onProgress: progress.report,
  }).finally(() => progress.end());
  if (options.json) return printJson(files);
  const { frames, geometry } = files;
  const stream = frames.replace(/\.h5$/, '.stream');
  print(
    `${bold(counted(simulation.images ?? 1, 'frame'))} in ${frames}; index them with: ewald index ${frames} -g ${geometry} -p ${files.cell} -o ${stream}`,
  );
}
