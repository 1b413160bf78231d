/** `simulateScan`: a 4D-STEM scan with known strain and shift, as files. */
import { join } from 'node:path';
import { makeFolder } from '../frames/files/folders.js';
import { type Output, openOutput, type WriteOptions } from '../frames/files/write.js';
import { checkedOptions, row } from '../options/call-options.js';
import type { SimulationWriting } from './describe.js';
import { writeSimulated } from './hdf5-output.node.js';
import { scanWritingRows } from './parameters.js';
import { type ScanSimulation, ScanSimulator } from './scan.js';

/** Options of `simulateScan`. */
export interface SimulateScanOptions extends SimulationWriting {
  /** Name of the files without ending. Default: 'scan'. */
  readonly name?: string | undefined;
}

const rows = { ...scanWritingRows, ...row.others('inputs', 'onProgress'), signal: row.signal } as const;

/** The files of a simulated scan. */
export interface SimulatedScanFiles {
  readonly frames: string;
  readonly truth: string;
}

/**
 * Writes a simulated scan into a folder: NAME.h5 with frames [rows, columns, y, x], and NAME.truth.json with strain,
 * rotation and shift of each position. Both appear when both are complete, or none.
 *
 * Throws `Argument` for options out of range and for files that exist (see `force`), `File`, `Aborted`.
 */
export async function simulateScan(
  folder: string,
  simulation: ScanSimulation = {},
  options: SimulateScanOptions = {},
): Promise<SimulatedScanFiles> {
  const { name, force, inputs = [] } = checkedOptions('simulateScan', options, rows);
  const simulator = new ScanSimulator(simulation);
  const writing: WriteOptions = { force, inputs, otherwise: 'may belong to another simulation' };
  const unmake = await makeFolder(folder);
  const files = { frames: join(folder, `${name}.h5`), truth: join(folder, `${name}.truth.json`) };
  const outputs: Output[] = [];
  try {
    const frames = await openOutput(files.frames, writing);
    outputs.push(frames);
    const truth = await openOutput(files.truth, writing);
    outputs.push(truth);
    const { navShape, sigShape, mask } = simulator;
    const described = {
      shape: { nav: navShape, sig: sigShape },
      dtype: 'u16' as const,
      frames: navShape[0] * navShape[1],
      meta: { maker: 'ewald simulate scan', detector: 'simulated' },
    };
    const marked = simulator.truth.hotPixels.length > 0 ? mask : undefined;
    await writeSimulated(frames, files.frames, described, marked, (i) => simulator.frame(i), options);
    const document = { format: 'ewald scan truth 1', args: simulation, file: `${name}.h5`, ...simulator.truth };
    await truth.write(`${JSON.stringify(document)}\n`);
    for (const output of outputs) await output.close();
  } finally {
    for (const output of outputs) await output.discard();
    await unmake();
  }
  return files;
}
