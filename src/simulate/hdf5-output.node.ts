/** Writes simulated frames to an HDF5 file. */

import type { Dataset } from '../frames/dataset.js';
import type { Output } from '../frames/files/write.js';
import { openCodecs } from '../frames/opening.node.js';
import { beginHdf5Frames } from '../frames/write-hdf5.js';
import { progressOf } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import { checkSignal, yieldToEventLoop } from '../util/options.js';
import type { SimulationWriting } from './describe.js';

/** Simulates and writes all frames: `frame` returns the counts of one. Throws `Argument`, `Aborted`. */
export async function writeSimulated(
  output: Output,
  file: string,
  described: Pick<Dataset, 'shape' | 'dtype' | 'frames' | 'meta'>,
  mask: Uint8Array | undefined,
  frame: (index: number) => Uint16Array,
  options: SimulationWriting,
): Promise<void> {
  const { signal } = options;
  const report = progressOf('the simulation', options);
  const { patch } = output;
  if (!patch) throw new EwaldError('Argument', `${file} is not a regular file`);
  const codecs = await openCodecs();
  try {
    const sink = { append: (bytes: Uint8Array) => output.write(bytes), patch: patch.bind(output) };
    const writer = await beginHdf5Frames(sink, codecs, described, { mask });
    for (let i = 0; i < described.frames; i++) {
      checkSignal(signal);
      await yieldToEventLoop();
      await writer.write(frame(i));
      report(i + 1, described.frames);
    }
    await writer.finish();
  } finally {
    await codecs.dispose();
  }
}
