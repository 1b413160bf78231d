/** `ewald simulate scan`: a 4D-STEM scan with known truth. */
import type { Command } from 'commander';
import {
  type FlagValues,
  type Parameters,
  type ScanSimulation,
  scanSimulationRows,
  scanWritingRows,
  simulateScan,
} from '../../entries/command.node.js';
import { inShell } from './command-line.js';
import { bold, type CliDeps, Progress, print, printJson } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { folderRow, jsonRow } from './shell-rows.js';

const rows = {
  output: folderRow,
  ...scanSimulationRows,
  ...scanWritingRows,
  json: jsonRow('one JSON document: {frames, truth}'),
} as const satisfies Parameters;

export function registerScan(simulate: Command, { signal }: CliDeps): void {
  const scan = simulate
    .command('scan')
    .description('a 4D-STEM scan of disks with known strain and shift (HDF5), and its truth')
    .action((texts: FlagTexts) => run(flagValues(rows, texts), signal));
  withFlags(scan, rows);
}

async function run(flags: FlagValues<typeof rows>, signal: AbortSignal): Promise<void> {
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
