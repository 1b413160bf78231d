/** Simulated detectors, which send the frames of a file until Ctrl-C. */
import type { FlagValues, openRows, Parameters } from '../entries/command.node.js';
import { openOptions } from './data-options.js';
import { bold, type CliDeps, dim, exitCode, print, printJson } from './output.js';
import { pickFlags } from './parameter-flags.js';
import { untilAborted } from './until-aborted.js';

/** A simulated detector that listens. */
interface Simulator {
  readonly host: string;
  readonly port: number;
  /** The port from which frames are sent, where it is another. */
  readonly dataPort?: number;
  close(): Promise<void>;
}

type Start<Rows extends Parameters> = (
  file: string,
  options: FlagValues<Rows> & { readonly open: Omit<ReturnType<typeof openOptions>, 'signal'> },
) => Promise<Simulator>;

/** Starts a detector with the flags that its `rows` name, and says where it listens. */
export async function sendFrames<Rows extends Parameters>(
  name: string,
  rows: Rows,
  start: Start<Rows>,
  file: string,
  flags: FlagValues<Rows> & FlagValues<typeof openRows> & { readonly json?: boolean },
  { signal }: CliDeps,
): Promise<void> {
  const { signal: _, ...open } = openOptions(flags, signal);
  const simulator = await start(file, { ...(pickFlags<Parameters>(rows, flags) as FlagValues<Rows>), open });
  const { json } = flags;
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
