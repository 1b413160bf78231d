/** `simulateFrames`: detector frames with known truth, their geometry and cell, as files. */
import { join } from 'node:path';
import { formatCellFile } from '../crystal/cell-file.js';
import { wavelengthOf } from '../crystal/geometry/geometry.js';
import { formatGeometry } from '../crystal/geometry/write.js';
import { latticeName } from '../crystal/lattice-name.js';
import { makeFolder } from '../frames/files/folders.js';
import { type Output, openOutput, type WriteOptions } from '../frames/files/write.js';
import { checkedOptions, row } from '../options/call-options.js';
import { EwaldError } from '../util/errors.js';
import {
  geometryOfSimulation,
  metadataOfSimulation,
  type SimulationWriting,
  truthOf,
  truthOfFrame,
} from './describe.js';
import { type FrameSimulation, FrameSimulator } from './frames.js';
import { writeSimulated } from './hdf5-output.node.js';
import { frameWritingRows } from './parameters.js';

/** Options of `simulateFrames`. */
export interface SimulateFramesOptions extends SimulationWriting {
  /** Name of the files without ending. Default: 'run'. */
  readonly name?: string | undefined;
  /** Accelerating voltage of electrons, which determines the wavelength. Default: none, and `wavelengthA` applies. */
  readonly voltageV?: number | undefined;
}

const rows = { ...frameWritingRows, ...row.others('inputs', 'onProgress'), signal: row.signal } as const;

/** The files of simulated frames. */
export interface SimulatedFiles {
  readonly frames: string;
  readonly geometry: string;
  readonly cell: string;
  readonly truth: string;
}

/**
 * Writes simulated frames into a folder: NAME.h5 (NXmx), NAME.geom, NAME.cell, and NAME.truth.json with the lattices
 * and reflections of each frame. All four appear when all are complete, or none.
 *
 * Throws `Argument` for options out of range and for files that exist (see `force`), `File`, `Aborted`.
 */
export async function simulateFrames(
  folder: string,
  frameSimulation: FrameSimulation,
  options: SimulateFramesOptions = {},
): Promise<SimulatedFiles> {
  const { name, voltageV, force, inputs = [] } = checkedOptions('simulateFrames', options, rows);
  const { radiation = 'xray', wavelengthA } = frameSimulation;
  if (voltageV !== undefined && radiation !== 'electron')
    throw new EwaldError(
      'Argument',
      `simulateFrames: voltageV is for electrons, and the radiation is ${radiation}; give radiation: 'electron', or ` +
        'wavelengthA instead of the voltage',
    );
  if (voltageV !== undefined && wavelengthA !== undefined)
    throw new EwaldError(
      'Argument',
      'simulateFrames: voltageV and wavelengthA are the same quantity; give one of them',
    );
  const simulation: FrameSimulation =
    voltageV === undefined
      ? frameSimulation
      : { ...frameSimulation, wavelengthA: wavelengthOf('electronVoltage', voltageV) };
  const simulator = new FrameSimulator(simulation);
  const { detector } = simulator;
  const writing: WriteOptions = { force, inputs, otherwise: 'may belong to another simulation' };
  const unmake = await makeFolder(folder);
  const named = (ending: string): string => join(folder, `${name}.${ending}`);
  const files = { frames: named('h5'), geometry: named('geom'), cell: named('cell'), truth: named('truth.json') };
  // All or none: whatever is rejected is rejected before the first frame.
  const outputs: Partial<Record<keyof typeof files, Output>> = {};
  try {
    for (const [kind, file] of Object.entries(files))
      outputs[kind as keyof typeof files] = await openOutput(file, writing);
    const frames = await writeFrames(simulator, outputs.frames as Output, files.frames, options);
    const known = { cell: simulation.cell, centring: simulation.centring ?? ('P' as const) };
    const { lattice, uniqueAxis } = latticeName(known);
    await outputs.geometry?.write(formatGeometry(geometryOfSimulation(detector, voltageV)));
    await outputs.cell?.write(formatCellFile(known, lattice, uniqueAxis as 'a' | undefined));
    await outputs.truth?.write(`${JSON.stringify({ ...truthOf(simulation, detector, frames), file: `${name}.h5` })}\n`);
    for (const output of Object.values(outputs)) await output.close();
  } finally {
    for (const output of Object.values(outputs)) await output.discard();
    await unmake();
  }
  return files;
}

/** Simulates and writes the frames; returns the truth of each. */
async function writeFrames(
  simulator: FrameSimulator,
  output: Output,
  file: string,
  options: SimulationWriting,
): Promise<ReturnType<typeof truthOfFrame>[]> {
  const { detector, images } = simulator;
  const frames: ReturnType<typeof truthOfFrame>[] = [];
  const described = {
    shape: { nav: [images], sig: [detector.height, detector.width] },
    dtype: 'u16' as const,
    frames: images,
    meta: metadataOfSimulation(detector),
  };
  const counts = (i: number): Uint16Array => {
    const frame = simulator.frame(i);
    frames.push(truthOfFrame(i, frame));
    return frame.counts;
  };
  await writeSimulated(output, file, described, detector.mask, counts, options);
  return frames;
}
