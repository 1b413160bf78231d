/** `ewald simulate merlin FILE`: the sockets of a Merlin readout. */
import { merlinSimulationRows } from '../entries/command.node.js';
import { simulateMerlin } from '../entries/udf.node.js';
import type { CliDeps } from './output.js';
import { sendFrames } from './send-frames.js';
import type { MerlinFlags } from './simulate-rows.js';

export const run = ([file = '']: readonly string[], flags: MerlinFlags, deps: CliDeps): Promise<void> =>
  sendFrames('merlin', merlinSimulationRows, simulateMerlin, file, flags, deps);
