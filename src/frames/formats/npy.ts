/** NumPy's .npy files as frames: a frame is the last two axes unless `sigShape` says otherwise. Format: NEP 1. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import type { Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { npyHeader, npyOffset } from '../npy.js';
import { numpyTypes } from '../numpy-types.js';
import { checkFrameFits, checkHeaderSize, checkShape, countStated, navigationShape, withoutFrames } from '../shapes.js';

const magic = '\x93NUMPY';
const maxHeader = 2 ** 20;
/** NumPy's own limit. */
const maxAxes = 64;

export const npy: Format = {
  name: 'npy',
  title: 'NumPy array',
  endings: ['npy'],
  options: ['sigShape'],
  detect({ text }) {
    return text.startsWith(magic) ? { confidence: 1, why: 'it starts with \\x93NUMPY' } : undefined;
  },
  async open(source, options) {
    const { shape, dtype, little, fortran, offset } = await readHeader(source, options);
    const { navigation: stated, signal } = splitAxes(source, shape, options);
    const all = stated.reduce((a, b) => a * b, 1);
    const storedBytes = signal.reduce((a, b) => a * b, elementBytes(dtype));
    const inColumns = fortran && shape.length > 1;
    // Frames in Fortran order are not contiguous: a file that was cut has no whole one.
    if (inColumns) checkFrameFits(source, offset, storedBytes * all, `an array of ${shape.join(' × ')} ${dtype}`);
    const { frames, notes, sizes } = countStated(source, { offset, bytes: storedBytes, stated: all });
    const navigation = frames === all ? stated : [frames];
    if (inColumns && options.navShape && navigation.join() !== options.navShape.join())
      throw new EwaldError(
        'Argument',
        `${source.name} is in Fortran order: navShape cannot change the shape of its scan, ${navigation.join(' × ')}; ` +
          'convert it first',
      );
    return openFrames(source, {
      format: 'npy',
      shape: { nav: navigationShape(source, frames, navigation, options), sig: signal },
      dtype,
      meta: { maker: 'NumPy' },
      notes: [...notes, ...(options.growing ? [] : behind(source, offset + storedBytes * all))],
      sizes,
      offset,
      little,
      order: inColumns ? 'fortran' : undefined,
    });
  },
};

/** A note on bytes behind the array, of which its header says nothing. */
function behind({ size }: ByteSource, end: number): Note[] {
  if (size <= end) return [];
  const text =
    `it has ${size} bytes, and its array ends at byte ${end}: what follows is not read, such as frames that a program ` +
    'has added without writing the header again';
  return [{ kind: 'warning', text }];
}

interface Header {
  readonly shape: readonly number[];
  readonly dtype: DataType;
  readonly little: boolean;
  readonly fortran: boolean;
  readonly offset: number;
}

/** Reads the header. Throws `Format`. */
export async function readHeader(source: ByteSource, { signal }: FormatOptions): Promise<Header> {
  const { name, size } = source;
  const offset = npyOffset(await source.read(0, Math.min(12, size), { signal }), name);
  checkFrameFits(source, 0, offset, 'the header');
  if (offset > maxHeader) throw badFile(source, `a header of ${offset} bytes is invalid`);
  // Whether all numbers are there is for the caller to say.
  const header = npyHeader(await source.read(0, offset, { signal }), Number.POSITIVE_INFINITY, name);
  const dtype = numpyTypes[header.dtype] as DataType;
  if (header.shape.length > maxAxes) throw badFile(source, `an array of ${header.shape.length} axes is invalid`);
  for (const length of header.shape) checkHeaderSize(source, 'a length of the shape', length, 0);
  if (header.shape.includes(0)) throw withoutFrames(name, header.shape);
  return { ...header, dtype };
}

/** Splits the axes into those of the scan and those of a frame. */
function splitAxes(
  source: ByteSource,
  shape: readonly number[],
  { sigShape }: FormatOptions,
): { navigation: readonly number[]; signal: readonly number[] } {
  const axes = sigShape ? checkShape('npy: sigShape', sigShape, 1).length : Math.min(2, shape.length);
  const signal = shape.slice(shape.length - axes);
  if (sigShape && signal.join() !== sigShape.join())
    throw new EwaldError(
      'Shape',
      `${source.name} has shape ${shape.join(' × ')}; sigShape ${sigShape.join(' × ')} is not its end; ` +
        'expected its last axes',
    );
  return { navigation: shape.slice(0, shape.length - axes), signal: signal.length > 0 ? signal : [1] };
}
