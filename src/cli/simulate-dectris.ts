/** `ewald simulate dectris FILE`: the stream of a DECTRIS detector. */
import { dectrisSimulationRows } from '../entries/command.node.js';
import { simulateDectris } from '../entries/udf.node.js';
import type { CliDeps } from './output.js';
import { sendFrames } from './send-frames.js';
import type { DectrisFlags } from './simulate-rows.js';

export const run = ([file = '']: readonly string[], flags: DectrisFlags, deps: CliDeps): Promise<void> =>
  sendFrames('dectris', dectrisSimulationRows, simulateDectris, file, flags, deps);
