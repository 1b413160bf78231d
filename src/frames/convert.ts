/** Writes the frames of a dataset in another format, piece by piece, to any sink of bytes. */

import type { Codecs } from '../bytes/codecs/codecs.js';
import type { DataType, FrameArray } from '../bytes/dtype.js';
import type { Packing } from '../hdf5/writer.js';
import { checkedValue, row } from '../options/call-options.js';
import { emptySlice, type FrameSlice, sliceLength, sliceOf } from '../options/frame-slice.js';
import { argumentError } from '../options/parameters.js';
import { abortable } from '../util/aborted.js';
import { expects, expectsMembers } from '../util/arguments.js';
import { type Progress, progressOf } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import type { MethodOf } from '../util/members.js';
import { checkSignal, knownOptions } from '../util/options.js';
import { isCutFile } from './cut-files.js';
import { changedFiles, type Dataset, type DatasetShape, type Metadata } from './dataset.js';
import type { OpenOptions } from './open.js';
import type { ConvertParameters } from './parameter-types.js';
import { convertRows } from './parameters.js';
import { readOrAborted } from './read-or-aborted.js';
import { writers } from './write.js';
import { beginHdf5Frames } from './write-hdf5.js';

/** Formats in which frames can be written; the ending of a file determines one. */
export type FrameFormat = 'h5' | 'npy' | 'raw' | 'mrc';

/** The formats in which frames are written. */
export const frameFormats: readonly FrameFormat[] = ['h5', 'npy', 'raw', 'mrc'];

/** Receives the bytes of a file. */
export interface FrameSink {
  append(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes written before. HDF5 requires it, the other formats do not. */
  patch?: MethodOf<[at: number, bytes: Uint8Array], Promise<void>> | undefined;
}

/** Options of `writeFrames`. */
export interface WriteFramesOptions extends Omit<ConvertParameters, 'force'> {
  /** The format of the file. Default: 'h5'. */
  readonly format?: FrameFormat | undefined;
  /** Fires to stop between two pieces. */
  readonly signal?: PlatformSignal | undefined;
  /** Called after each piece with the number of frames written and the total number. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Describes what was written. */
export interface WrittenFrames {
  readonly format: FrameFormat;
  /** The scan becomes one axis if only some of the frames were written. */
  readonly shape: DatasetShape;
  readonly dtype: DataType;
  readonly frames: number;
  /** Size of the file. */
  readonly bytes: number;
  /**
   * The options of `open` that are required to read the file with the same shape and dtype; undefined if it states
   * everything.
   */
  readonly reopen: OpenOptions | undefined;
  /** What is wrong with the frames that were read; empty if nothing is. */
  readonly warnings: readonly string[];
  /** Whether the file that was read had been cut, or changed while it was read. */
  readonly isCut: boolean;
}

const writeFramesOptions = ['format', 'first', 'frames', 'packing', 'signal', 'onProgress'] as const;

/** Checks the options that do not depend on a dataset. Throws `Argument`. */
export function checkWriteFrames(options: WriteFramesOptions): {
  format: FrameFormat;
  packing: Packing;
  slice: FrameSlice;
} {
  const format = checkedValue('format', options.format, row.choice(frameFormats, 'h5'));
  if (options.packing !== undefined && format !== 'h5')
    throw argumentError('', (said) => `${said('packing')} is for HDF5; ${format} stores numbers uncompressed`);
  return {
    format,
    packing: checkedValue('packing', options.packing, convertRows.packing),
    slice: sliceOf('', options),
  };
}

/**
 * Writes the frames of a dataset as a file: NeXus HDF5 with mask and metadata, NumPy's .npy, plain numbers, or MRC2014.
 *
 * The detector's dtype is kept, except that MRC stores u8 as u16. The caller owns `sink`, `dataset` and `codecs`, which
 * compress HDF5. Throws `Argument` for invalid options and for HDF5 into a sink without `patch`, `Unsupported` if the
 * format cannot hold the frames, `Aborted`, and the errors of reading and of `sink`.
 */
export async function writeFrames(
  dataset: Dataset,
  sink: FrameSink,
  codecs: Codecs | undefined,
  options: WriteFramesOptions = {},
): Promise<WrittenFrames> {
  const isDataset = typeof (dataset as Partial<Dataset> | null | undefined)?.read === 'function';
  expects(isDataset, 'writeFrames: the first argument', dataset, 'an open dataset: await open(file)');
  expectsMembers('writeFrames: the second argument', sink, ['append'], 'a sink with a method append');
  knownOptions('writeFrames', options, writeFramesOptions);
  const { format, packing, slice } = checkWriteFrames(options);
  const { signal } = options;
  const report = progressOf('writeFrames', options);
  const frames = sliceLength(slice, dataset.frames);
  // The writer of the format rejects a dataset without frames.
  if (frames === 0 && dataset.frames > 0) throw emptySlice(slice, dataset.name, dataset.frames);
  const isWhole = options.first === undefined && options.frames === undefined;
  const navigation = isWhole ? dataset.shape.nav : [frames];
  const shape = { nav: navigation, sig: dataset.shape.sig };
  const described = { shape, dtype: dataset.dtype, frames, meta: metaOf(dataset, navigation) };
  checkSignal(signal);
  const { patch } = sink;
  // The sink is the caller's, and may never answer.
  const ended: FrameSink = {
    append: (bytes) => abortable(sink.append(bytes), signal),
    ...(patch && { patch: (at, bytes) => abortable(patch.call(sink, at, bytes), signal) }),
  };
  const writer =
    format === 'h5'
      ? await beginHdf5(dataset, described, ended, codecs, packing)
      : await beginPlain(described, ended, format);
  let done = 0;
  for await (const { data, count } of pieces(dataset, slice, signal)) {
    await writer.write(data);
    done += count;
    report(done, frames);
  }
  checkSignal(signal);
  const { bytes, reopen } = await writer.finish();
  // As the writer of MRC stores it.
  const dtype = format === 'mrc' && dataset.dtype === 'u8' ? 'u16' : dataset.dtype;
  return { format, shape, dtype, frames, bytes, reopen, ...(await problemsOf(dataset, format)) };
}

async function problemsOf(dataset: Dataset, format: FrameFormat): Promise<Pick<WrittenFrames, 'warnings' | 'isCut'>> {
  const changes = (await dataset[changedFiles]?.()) ?? [];
  const isCut = isCutFile(dataset);
  const warnings = dataset.notes.flatMap(({ kind, text }) => (kind === 'warning' ? [text] : []));
  warnings.push(...changes);
  if (isCut && !dataset.notes.some((note) => note.isCut))
    warnings.push(`${dataset.name} was cut, and lacks frames or parts of them`);
  if (dataset.maskVaries && format === 'h5')
    warnings.push('the mask of the file differs from frame to frame, and is not written');
  for (const [name, what] of [
    ['radiation', 'wavelength'],
    ['distance', 'distance'],
  ] as const)
    if (format === 'h5' && dataset.meta.ofEachFrame?.[name])
      warnings.push(`the ${what} differs from frame to frame; that of the first frame is written`);
  const turned = format === 'h5' ? dataset.meta.oscillationDeg : undefined;
  if (turned && turned.range !== 0)
    warnings.push(
      `the rotation of the frames, from ${turned.start}° in steps of ${turned.range}°, is not written: the file ` +
        'describes stills; keep the original for programs that integrate a rotation',
    );
  return { warnings, isCut: isCut || changes.length > 0 };
}

/** A file that is being written. */
interface Writing {
  write(frames: FrameArray): Promise<void>;
  finish(): Promise<Pick<WrittenFrames, 'bytes' | 'reopen'>>;
}

/** The frames that are written, which may be only some of those of the dataset. */
type Described = Pick<Dataset, 'shape' | 'dtype' | 'frames' | 'meta'>;

/** Begins a file in a format whose frames follow a header unchanged. */
async function beginPlain(described: Described, sink: FrameSink, format: string): Promise<Writing> {
  const writer = writers[format]?.(described);
  if (!writer) throw new EwaldError('Internal', `there is no writer of ${format}`);
  await sink.append(writer.header);
  let bytes = writer.header.length;
  return {
    async write(frames) {
      const encoded = writer.encode(frames);
      await sink.append(encoded);
      bytes += encoded.length;
    },
    finish: async () => ({ bytes, reopen: writer.reopen }),
  };
}

async function beginHdf5(
  dataset: Dataset,
  described: Described,
  { append, patch }: FrameSink,
  codecs: Codecs | undefined,
  packing: Packing,
): Promise<Writing> {
  if (!patch || !codecs)
    throw new EwaldError(
      'Argument',
      `HDF5 needs ${
        patch ? 'codecs of openCodecs()' : 'a sink with patch: bytes are replaced after they were written'
      }`,
    );
  const mask = dataset.maskVaries ? undefined : await dataset.mask?.();
  const writer = await beginHdf5Frames({ append, patch }, codecs, described, { packing, mask });
  return {
    write: (frames) => writer.write(frames),
    finish: async () => ({ bytes: await writer.finish(), reopen: writer.reopen }),
  };
}

/** The metadata without the axes of the scan, which do not describe a range of its frames. */
function metaOf({ meta, shape }: Dataset, navigation: readonly number[]): Metadata {
  if (navigation === shape.nav || !meta.axes) return meta;
  return { ...meta, axes: meta.axes.slice(meta.axes.length - shape.sig.length) };
}

/** Yields frames piece by piece; the next piece is read while the previous one is written. */
async function* pieces(
  dataset: Dataset,
  { first, end, step }: FrameSlice,
  signal: PlatformSignal | undefined,
): AsyncGenerator<{ data: FrameArray; count: number }> {
  const last = Math.min(end, dataset.frames);
  const parts =
    step === 1
      ? dataset
          .partitions(2 ** 24)
          .map((part) => ({ first: Math.max(part.first, first), end: Math.min(part.first + part.count, last) }))
          .filter((part) => part.end > part.first)
      : Array.from({ length: sliceLength({ first, end, step }, dataset.frames) }, (_, i) => ({
          first: first + i * step,
          end: first + i * step + 1,
        }));
  const read = (i: number) => {
    const part = parts[i];
    if (!part) return undefined;
    const data = readOrAborted(dataset, part.first, part.end - part.first, undefined, signal);
    // A caller that stops early never awaits it.
    data.catch(() => undefined);
    return { data, count: part.end - part.first };
  };
  let next = read(0);
  for (let i = 0; next; i++) {
    const { data, count: frames } = next;
    const ready = await data;
    next = read(i + 1);
    yield { data: ready, count: frames };
  }
}
