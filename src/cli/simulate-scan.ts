/** `ewald simulate scan`: a 4D-STEM scan with known truth. */
import { type ScanSimulation, scanSimulationRows, simulateScan } from '../entries/command.node.js';
import { inShell } from './command-line.js';
import { bold, type CliDeps, Progress, print, printJson } from './output.js';
import type { ScanFlags } from './simulate-rows.js';

export async function run(_: readonly string[], flags: ScanFlags, { signal }: CliDeps): Promise<void> {
  const { output = '', name, force, json, ...others } = flags;
  // The library checks the lengths of the lists.
  const simulation = others as ScanSimulation;
  const progress = new Progress('simulate');
  const files = await simulateScan(output, simulation, { name, force, signal, onProgress: progress.report }).finally(
    () => progress.end(),
  );
  if (json) return printJson(files);
  const { diskRadiusPx = scanSimulationRows.diskRadiusPx.range.fallback } = simulation;
  print(
    `${bold(files.frames)}; analyse it with: ` +
      `ewald run strain ${inShell(files.frames)} -r ${diskRadiusPx} -o strain.npy`,
  );
}
