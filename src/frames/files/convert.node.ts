/** `convert`: writes frames of any format as a .h5, .npy, .raw or .mrc file, completely or not at all. */
import { extname } from 'node:path';
import { untilOf } from '../../options/frame-slice.js';
import { EwaldError } from '../../util/errors.js';
import {
  checkWriteFrames,
  type FrameFormat,
  frameFormats,
  type WriteFramesOptions,
  type WrittenFrames,
  writeFrames,
} from '../convert.js';
import type { OpenOptions } from '../open.js';
import { open, openCodecs } from '../opening.node.js';
import { openOutput, type WriteOptions } from './write.js';

/** Options of `convert`: those of `open`, which determine how the input is read, and those of writing the file. */
export interface ConvertOptions extends Omit<WriteFramesOptions, 'format'>, OpenOptions {
  /** Replace an existing file; an input is never replaced. Default: false. */
  readonly force?: boolean | undefined;
}

/**
 * Writes the frames of any file that `open` can read to another file, whose ending (.h5, .hdf5, .npy, .raw, .mrc)
 * determines the format. The file appears under its name once it is complete.
 *
 * `input` is a path, a folder or a pattern such as 'run_*.tif'. See `writeFrames` for what is preserved. Throws
 * `Argument` for another ending, for invalid options and for an output that is the input or exists (see `force`),
 * `Format` and `File` for the input, `Unsupported` if the format cannot hold the frames, `Aborted`.
 */
export async function convert(input: string, output: string, options: ConvertOptions = {}): Promise<WrittenFrames> {
  const { first, frames, packing, onProgress, force = false, ...opening } = options;
  const { signal } = opening;
  const format = formatOf(output);
  const chosen = { format, first, frames, packing };
  const { end } = checkWriteFrames(chosen).slice;
  const writing: WriteOptions = { force, signal, series: [input], otherwise: 'may hold frames of an experiment' };
  const file = await openOutput(output, writing);
  try {
    const dataset = await open(input, { ...untilOf(end), ...opening });
    const codecs = format === 'h5' ? await openCodecs() : undefined;
    try {
      const { patch } = file;
      if (format === 'h5' && !patch)
        throw new EwaldError(
          'Argument',
          `${output} is not a regular file; HDF5 cannot be written into a pipe or a device`,
        );
      const sink = { append: file.write, ...(patch && { patch }) };
      const written = await writeFrames(dataset, sink, codecs, { ...chosen, signal, onProgress });
      await file.close();
      return written;
    } finally {
      await codecs?.dispose();
      await dataset.dispose();
    }
  } catch (error) {
    await file.discard();
    throw error;
  }
}

function formatOf(output: string): FrameFormat {
  const ending = extname(output).slice(1).toLowerCase();
  const format = frameFormats.find((frameFormat) => frameFormat === (ending === 'hdf5' ? 'h5' : ending));
  if (format) return format;
  throw new EwaldError(
    'Argument',
    `"${output}" should end in ${frameFormats.map((frameFormat) => `.${frameFormat}`).join(' or ')}; the ending says the format`,
  );
}
