/** `ewald simulate merlin | dectris FILE`: detectors that send the frames of a file until Ctrl-C. */
import type { Command } from 'commander';
import {
  dectrisSimulationRows,
  type FlagValues,
  merlinSimulationRows,
  openRows,
  type Parameters,
} from '../../entries/command.node.js';
import { simulateDectris, simulateMerlin } from '../../entries/udf.node.js';
import { openOptions } from './data-options.js';
import { bold, type CliDeps, dim, exitCode, print, printJson } from './output.js';
import { type FlagTexts, flagValues, pickFlags, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';
import { untilAborted } from './until-aborted.js';

const merlinRows = {
  ...merlinSimulationRows,
  json: jsonRow('one line {host, port, dataPort} when it is ready'),
} as const satisfies Parameters;

const dectrisRows = {
  ...dectrisSimulationRows,
  json: jsonRow('one line {host, port} when it is ready'),
} as const satisfies Parameters;

/** A simulated detector that listens. */
interface Simulator {
  readonly host: string;
  readonly port: number;
  /** The port from which frames are sent, where it is another. */
  readonly dataPort?: number;
  close(): Promise<void>;
}

interface Detector<Rows extends Parameters> {
  readonly name: string;
  readonly description: string;
  readonly rows: Rows;
  start(
    file: string,
    options: Omit<FlagValues<Rows>, 'json'> & { readonly open: Omit<ReturnType<typeof openOptions>, 'signal'> },
  ): Promise<Simulator>;
}

export function registerDetectors(simulate: Command, deps: CliDeps): void {
  register(simulate, deps, {
    name: 'merlin',
    description: 'the sockets of a Merlin readout, which send the frames of a file until Ctrl-C',
    rows: merlinRows,
    start: simulateMerlin,
  });
  register(simulate, deps, {
    name: 'dectris',
    description: 'the stream of a DECTRIS detector, which sends the frames of a file by ZeroMQ until Ctrl-C',
    rows: dectrisRows,
    start: simulateDectris,
  });
}

function register<Rows extends Parameters>(simulate: Command, { signal }: CliDeps, detector: Detector<Rows>): void {
  const { name, description, rows } = detector;
  const command = simulate
    .command(name)
    .description(description)
    .argument('<file>', 'frames of any format: u8, u16 or u32')
    .action((file: string, texts: FlagTexts) => run(detector, file, texts, signal));
  withFlags(withFlags(command, openRows), rows);
}

async function run<Rows extends Parameters>(
  { name, rows, start }: Detector<Rows>,
  file: string,
  texts: FlagTexts,
  signal: AbortSignal,
): Promise<void> {
  const flags = flagValues<Parameters>({ ...openRows, ...rows }, texts);
  const { json, ...simulation } = pickFlags<Parameters>(rows, flags) as FlagValues<Rows> & { readonly json?: boolean };
  const { signal: _, ...open } = openOptions(flags as FlagValues<typeof openRows>, signal);
  const simulator = await start(file, { ...simulation, open });
  const { host, port, dataPort } = simulator;
  // A detector that has sent everything no longer keeps the process alive until Ctrl-C.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    if (json) printJson({ host, port, dataPort });
    else {
      const sent = dataPort === undefined ? 'when a client connects' : `from port ${dataPort}`;
      print(bold(`${name}://${host}:${port}`));
      print(dim(`Frames are sent ${sent}. Press Ctrl-C to stop.`));
      if (dataPort !== undefined && dataPort !== port + 1)
        print(dim(`Clients name the port of the frames: ewald run … --connect --data-port ${dataPort}`));
    }
    await untilAborted(signal);
  } finally {
    clearInterval(alive);
    await simulator.close();
  }
  // Ctrl-C is the normal way to end it.
  process.exitCode = exitCode.ok;
}
