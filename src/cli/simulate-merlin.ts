/** `ewald simulate merlin FILE`: the sockets of a Merlin readout, which send the frames of a file. */
import type { Command } from 'commander';
import { type FlagValues, merlinSimulationRows, type Parameters } from '../entries/shell.node.js';
import { simulateMerlin } from '../entries/udf.node.js';
import { openOptions, withDataFlags } from './data-options.js';
import { bold, type CliDeps, dim, exitCode, print, printJson } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';
import { untilAborted } from './until-aborted.js';

const rows = {
  ...merlinSimulationRows,
  json: jsonRow('one line {host, port, dataPort} when it is ready'),
} as const satisfies Parameters;

export function registerMerlin(simulate: Command, { signal }: CliDeps): void {
  const command = simulate
    .command('merlin')
    .description('the sockets of a Merlin readout, which send the frames of a file until Ctrl-C')
    .argument('<file>', 'frames of any format: u8, u16 or u32')
    .action((file: string, texts: FlagTexts) => run(file, texts, flagValues(rows, texts), signal));
  withFlags(withDataFlags(command), rows);
}

async function run(
  file: string,
  texts: FlagTexts,
  { json, ...simulation }: FlagValues<typeof rows>,
  signal: AbortSignal,
): Promise<void> {
  const { signal: _, ...open } = openOptions(texts, signal);
  const simulator = await simulateMerlin(file, { ...simulation, open });
  const { host, port, dataPort } = simulator;
  try {
    if (json) printJson({ host, port, dataPort });
    else {
      print(bold(`merlin://${host}:${port}`));
      print(dim(`Frames are sent from port ${dataPort}. Press Ctrl-C to stop.`));
    }
    await untilAborted(signal);
  } finally {
    await simulator.close();
  }
  // Ctrl-C is the normal way to end it.
  process.exitCode = exitCode.ok;
}
