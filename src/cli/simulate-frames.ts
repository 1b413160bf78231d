/** `ewald simulate frames`: writes detector frames with known truth, their geometry and cell. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';
import { breathe, checkSignal, choice } from '../base/options.js';
import { formatCellFile } from '../crystal/cell-file.js';
import { wavelengthOf } from '../crystal/geometry/geometry.js';
import { formatGeometry } from '../crystal/geometry/write.js';
import { openCodecs } from '../data/opening.node.js';
import { beginHdf5Frames } from '../data/write-hdf5.js';
import { readCellOption } from '../files/read.js';
import { type Output, openOutput, type WriteOptions } from '../files/write.js';
import { latticeName } from '../pipeline/chunk.js';
import { geometryOfSimulation, metadataOfSimulation, truthOf, truthOfFrame } from '../simulate/describe.js';
import { type FrameSimulation, FrameSimulator } from '../simulate/frames.js';
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
      '--cell <cell>',
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
    wavelengthA:
      voltageV === undefined
        ? number(options.wavelength, '--wavelength', 0.001, 20)
        : wavelengthOf('electronVoltage', voltageV),
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
  const simulator = new FrameSimulator(simulation);
  const { detector, images } = simulator;
  const writing: WriteOptions = {
    force: options.force ?? false,
    inputs: [options.cell],
    otherwise: 'may belong to another simulation',
  };
  await mkdir(options.output, { recursive: true }).catch((cause) => {
    throw fileError(options.output, 'made', cause);
  });
  const named = (ending: string): string => join(options.output, `${options.name}.${ending}`);
  const files = { frames: named('h5'), geometry: named('geom'), cell: named('cell'), truth: named('truth.json') };
  // All files or none: rejected outputs are reported before the first frame.
  const outputs: Partial<Record<keyof typeof files, Output>> = {};
  const progress = new Progress('simulate');
  try {
    for (const [name, file] of Object.entries(files))
      outputs[name as keyof typeof files] = await openOutput(file, writing);
    const frames = await writeFrames(simulator, outputs.frames as Output, files.frames, progress, signal);
    const known = { cell: simulation.cell, centring: simulation.centring ?? ('P' as const) };
    const { lattice, uniqueAxis } = latticeName(known);
    await outputs.geometry?.write(formatGeometry(geometryOfSimulation(detector, voltageV)));
    await outputs.cell?.write(formatCellFile(known, lattice, uniqueAxis as 'a' | undefined));
    await outputs.truth?.write(`${JSON.stringify(truthOf(simulation, detector, frames))}\n`);
    for (const output of Object.values(outputs)) await output.close();
  } finally {
    progress.end();
    for (const output of Object.values(outputs)) await output.discard();
  }
  if (options.json) printJson(files);
  else
    print(
      `${bold(counted(images, 'frame'))} in ${files.frames}; index them with: ` +
        `ewald index ${files.frames} -g ${files.geometry} -p ${files.cell} -o ${named('stream')}`,
    );
}

/** Simulates and writes the frames; returns the truth of each. */
async function writeFrames(
  simulator: FrameSimulator,
  output: Output,
  file: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<ReturnType<typeof truthOfFrame>[]> {
  const { detector, images } = simulator;
  const { patch } = output;
  if (!patch) throw new EwaldError('Argument', `${file} is not a regular file`);
  const codecs = await openCodecs();
  try {
    const sink = { append: (bytes: Uint8Array) => output.write(bytes), patch: patch.bind(output) };
    const described = {
      shape: { navigation: [images], signal: [detector.height, detector.width] },
      dtype: 'u16' as const,
      frames: images,
      meta: metadataOfSimulation(detector),
    };
    const writer = await beginHdf5Frames(sink, codecs, described, { mask: detector.mask });
    const frames: ReturnType<typeof truthOfFrame>[] = [];
    for (let i = 0; i < images; i++) {
      checkSignal(signal);
      await breathe();
      const frame = simulator.frame(i);
      await writer.write(frame.counts);
      frames.push(truthOfFrame(i, frame));
      progress.report((i + 1) / images);
    }
    await writer.finish();
    return frames;
  } finally {
    await codecs.dispose();
  }
}
