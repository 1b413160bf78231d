/** `ewald simulate frames`: detector frames with known truth. */
import { frameSimulationRows, readCellOption, refuseOthers, simulateFrames } from '../entries/command.node.js';
import { EwaldError, type FrameSimulation } from '../entries/index.node.js';
import { inShell } from './command-line.js';
import { bold, type CliDeps, counted, Progress, print, printJson } from './output.js';
import { nameAsFlags } from './parameter-flags.js';
import { type FramesFlags, framesRows, usual, usualCell } from './simulate-rows.js';
import { simulationOf } from './simulation-of.js';

export async function run(_: readonly string[], flags: FramesFlags, { signal }: CliDeps): Promise<void> {
  const { cell = usualCell, radiation = 'xray', wavelengthA, name, force, output = '' } = flags;
  const because = (): string => `the radiation is ${radiation}: --radiation electron`;
  refuseOthers(framesRows, flags, { stages: [radiation], because }, nameAsFlags(framesRows), { electron: 'electrons' });
  if (flags.voltageV !== undefined && wavelengthA !== undefined)
    throw new EwaldError('Argument', '--voltage and --wavelength specify the same quantity; give only one of them');
  const voltageV = radiation === 'electron' && wavelengthA === undefined ? (flags.voltageV ?? 200_000) : undefined;
  const known = await readCellOption(cell);
  const simulation: FrameSimulation = simulationOf(frameSimulationRows, { ...usual.frames, ...flags }, known);
  const progress = new Progress('simulate');
  const files = await simulateFrames(output, simulation, {
    name,
    voltageV,
    force,
    inputs: [cell],
    signal,
    onProgress: progress.report,
  }).finally(() => progress.end());
  if (flags.json) return printJson(files);
  const { frames, geometry } = files;
  const [file, geom, cellFile, stream] = [frames, geometry, files.cell, frames.replace(/\.h5$/, '.stream')].map(
    inShell,
  );
  const images = simulation.images ?? 1;
  print(
    `${bold(counted(images, 'frame'))} in ${frames}; index ${images === 1 ? 'it' : 'them'} with: ` +
      `ewald index ${file} -g ${geom} -p ${cellFile} -o ${stream}`,
  );
}
