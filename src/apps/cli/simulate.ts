/** `ewald simulate spots`: spot lists with known truth. */
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type FlagValues,
  type Parameters,
  readCellOption,
  simulateSpotLists,
  simulationWritingRows,
  spotSimulationRows,
} from '../../entries/command.node.js';
import type { SpotSimulation } from '../../entries/index.node.js';
import { inShell } from './command-line.js';
import { bold, type CliDeps, counted, endDone, Progress, print, printJson } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { folderRow, jsonRow } from './shell-rows.js';
import { registerDetectors } from './simulate-detectors.js';
import { registerFrames, simulationOf, usualCell, usualRows } from './simulate-frames.js';
import { registerScan } from './simulate-scan.js';

const usual = { images: 10, spurious: 0.2 } as const;
const rows = {
  output: folderRow,
  ...usualRows(spotSimulationRows, usual),
  ...simulationWritingRows,
  json: jsonRow('one JSON document: {lists, truth}'),
} as const satisfies Parameters;

export function register(program: Command, deps: CliDeps): void {
  const simulate = program.command('simulate').description('generate data with known truth');
  registerFrames(simulate, deps);
  registerScan(simulate, deps);
  registerDetectors(simulate, deps);
  const spots = simulate
    .command('spots')
    .description('spot lists of simulated stills, one file per image, and truth.json with the orientations')
    .action((texts: FlagTexts) => run(flagValues(rows, texts), deps));
  withFlags(spots, rows);
}

async function run(flags: FlagValues<typeof rows>, { signal }: CliDeps): Promise<void> {
  const { force = false, cell = usualCell, output = '' } = flags;
  const known = await readCellOption(cell);
  const simulation: SpotSimulation = simulationOf(spotSimulationRows, { ...usual, ...flags }, known);
  const progress = new Progress('simulate');
  const written = await simulateSpotLists(output, simulation, {
    force,
    inputs: [cell],
    signal,
    onProgress: progress.report,
  }).finally(() => progress.end());
  if (flags.json) printJson(written);
  else
    print(
      `${bold(counted(written.lists.length, 'list'))} and ` +
        `${written.lists.length === 1 ? 'its' : 'their'} truth are in ${output}; index them with: ` +
        `ewald index ${inShell(join(output, 'spots-'))}*.txt${known.centring === 'P' ? '' : ` -p ${inShell(cell)}`}`,
    );
  endDone(true, signal);
}
