/** `ewald simulate frames`: detector frames with known truth. */
import type { Command } from 'commander';
import {
  type FlagValues,
  frameSimulationRows,
  frameWritingRows,
  type Parameter,
  type Parameters,
  readCellOption,
  refuseOthers,
  simulateFrames,
} from '../../entries/command.node.js';
import { EwaldError, type FrameSimulation, type KnownCell } from '../../entries/index.node.js';
import { inShell } from './command-line.js';
import { bold, type CliDeps, counted, Progress, print, printJson } from './output.js';
import { type FlagTexts, flagValues, nameAsFlags, withFlags } from './parameter-flags.js';
import { folderRow, jsonRow } from './shell-rows.js';

/** The cell that the command simulates without `--cell`: lysozyme. */
export const usualCell = '79.1,79.1,38.1,90,90,90';

/** The rows with the defaults of the command, which simulates a series where the library simulates one image. */
export const usualRows = <Rows extends Parameters & { readonly cell: Parameter }>(
  rows: Rows,
  usual: { readonly [Name in keyof Rows]?: number },
): Rows => {
  const { required: _, ...cell } = rows.cell;
  const own = Object.entries(usual).map(([name, value]) => [name, { ...rows[name], usual: String(value) }]);
  return { ...rows, cell: { ...cell, usual: usualCell }, ...Object.fromEntries(own) };
};

/** The simulation that flags describe. */
export const simulationOf = <Simulation>(
  rows: Parameters,
  flags: Readonly<Record<string, unknown>>,
  known: KnownCell,
): Simulation => {
  const given = Object.keys(rows).map((name) => [name, flags[name]] as const);
  const { cell, centring } = known;
  return { ...Object.fromEntries(given.filter(([, value]) => value !== undefined)), cell, centring } as Simulation;
};

const usual = { images: 20 } as const;
const rows = {
  output: folderRow,
  ...usualRows(frameSimulationRows, usual),
  ...frameWritingRows,
  json: jsonRow('one JSON document: {frames, geometry, cell, truth}'),
} as const satisfies Parameters;

export function registerFrames(simulate: Command, { signal }: CliDeps): void {
  const frames = simulate
    .command('frames')
    .description('detector frames of simulated stills (NXmx), their .geom, .cell and truth')
    .action((texts: FlagTexts) => run(flagValues(rows, texts), signal));
  withFlags(frames, rows);
}

async function run(flags: FlagValues<typeof rows>, signal: AbortSignal): Promise<void> {
  const { cell = usualCell, radiation = 'xray', wavelengthA, name, force, output = '' } = flags;
  const because = (): string => `the radiation is ${radiation}: --radiation electron`;
  refuseOthers(rows, flags, { stages: [radiation], because }, nameAsFlags(rows), { electron: 'electrons' });
  if (flags.voltageV !== undefined && wavelengthA !== undefined)
    throw new EwaldError('Argument', '--voltage and --wavelength specify the same quantity; give only one of them');
  const voltageV = radiation === 'electron' && wavelengthA === undefined ? (flags.voltageV ?? 200_000) : undefined;
  const known = await readCellOption(cell);
  const simulation: FrameSimulation = simulationOf(frameSimulationRows, { ...usual, ...flags }, known);
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
