/** `ewald simulate spots`: spot lists with known truth. */
import { join } from 'node:path';
import { readCellOption, simulateSpotLists, spotSimulationRows } from '../entries/command.node.js';
import type { SpotSimulation } from '../entries/index.node.js';
import { inShell } from './command-line.js';
import { bold, type CliDeps, counted, endDone, Progress, print, printJson } from './output.js';
import { type SpotsFlags, usual, usualCell } from './simulate-rows.js';
import { simulationOf } from './simulation-of.js';

export async function run(_: readonly string[], flags: SpotsFlags, { signal }: CliDeps): Promise<void> {
  const { force = false, cell = usualCell, output = '' } = flags;
  const known = await readCellOption(cell);
  const simulation: SpotSimulation = simulationOf(spotSimulationRows, { ...usual.spots, ...flags }, known);
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
