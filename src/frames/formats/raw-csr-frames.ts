/** Frames of a compressed sparse row matrix in three files of plain numbers. */

import { parse, TomlError, type TomlTable } from 'smol-toml';
import { badFile } from '../../bytes/bad-file.js';
import { swapBytes } from '../../bytes/byte-order.js';
import { type ByteSource, closingOnError } from '../../bytes/byte-source.js';
import { type DataType, elementBytes, viewAs } from '../../bytes/dtype.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { littleEndianMachine } from '../../util/number-bytes.js';
import { Pace } from '../../util/pace.js';
import { product } from '../../util/product.js';
import type { Dataset, Note } from '../dataset.js';
import type { FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { numpyNames, numpyTypes } from '../numpy-types.js';
import { checkHeaderSize, navigationShape } from '../shapes.js';
import { inOrderOfPixels, type SparseFrames } from '../sparse.js';

/** Most bytes of a description. */
const maxTomlBytes = 2 ** 20;
/** Numbers that are read at a time. */
const numbersPerBlock = 2 ** 18;

/** Opens the matrix that a TOML file describes. */
export async function openRawCsr(source: ByteSource, options: FormatOptions): Promise<Dataset> {
  if (source.size > maxTomlBytes)
    throw badFile(source, `the description has ${source.size} bytes; expected at most ${maxTomlBytes}`);
  const text = new TextDecoder().decode(await source.read(0, source.size, { signal: options.signal }));
  const toml = tomlOf(source, text);
  const opened: ByteSource[] = [];
  return closingOnError(opened, async () => {
    const open = async (name: string): Promise<NumberFile> => {
      const numbers = await openNumbers(source, toml, name, options);
      opened.push(numbers.source);
      return numbers;
    };
    const arrays = { indptr: await open('indptr'), indices: await open('indices'), data: await open('data') };
    return openCsr(source, toml, arrays, options);
  });
}

function tomlOf(source: ByteSource, text: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    // The lines after the first one show the text.
    const [reason] = messageOf(error).split('\n');
    throw badFile(source, error instanceof TomlError ? `line ${error.line}: ${reason}` : messageOf(error));
  }
}

/** A value of a table of the description; undefined if there is none. */
const entryOf = (toml: TomlTable, table: string, key: string) => (toml[table] as TomlTable | undefined)?.[key];

/** A file of plain numbers. */
interface NumberFile {
  readonly source: ByteSource;
  readonly dtype: DataType;
  readonly isLittleEndian: boolean;
  readonly count: number;
}

/** The three files of a matrix: where each frame begins, and the pixels and values of all. */
interface CsrArrays {
  readonly indptr: NumberFile;
  readonly indices: NumberFile;
  readonly data: NumberFile;
}

/** Some frames that follow each other. */
interface FrameSpan {
  readonly first: number;
  readonly count: number;
  readonly frameLength: number;
}

/** NumPy's name of a type: <i4, >u2, uint16, float32. */
function numpyType(text: string): { readonly dtype: DataType; readonly isLittleEndian: boolean } | undefined {
  const [, order, short = ''] = /^([<>|=]?)(.*)$/.exec(text) ?? [];
  const dtype = numpyTypes[short] ?? numpyNames[text];
  if (dtype === undefined || dtype === 'f16' || dtype.startsWith('c')) return undefined;
  return { dtype, isLittleEndian: order === '>' ? false : order === '<' || littleEndianMachine };
}

const stringOf = (source: ByteSource, toml: TomlTable, key: string): string => {
  const value = entryOf(toml, 'raw_csr', key);
  if (typeof value !== 'string') throw badFile(source, `[raw_csr] has no text ${key}`);
  return value;
};

async function openNumbers(
  source: ByteSource,
  toml: TomlTable,
  name: string,
  options: FormatOptions,
): Promise<NumberFile> {
  const type = stringOf(source, toml, `${name}_dtype`);
  const known = numpyType(type);
  const isInteger = known && !/^f/.test(known.dtype);
  if (!known || (name !== 'data' && !isInteger))
    throw badFile(
      source,
      `${name}_dtype is "${type}"; expected a type of NumPy such as "<i4"${name === 'data' ? '' : ', of integers'}`,
    );
  const { signal, allowOutside } = options;
  const part = await source.sibling(stringOf(source, toml, `${name}_file`), { signal, allowOutside });
  const width = elementBytes(known.dtype);
  if (part.size % width !== 0)
    throw badFile(
      part,
      `it has ${part.size} bytes, no multiple of the ${width} of a ${known.dtype}: it is cut, or of another type`,
    );
  return { source: part, ...known, count: part.size / width };
}

const tomlShape = (source: ByteSource, toml: TomlTable, key: string): readonly number[] | undefined => {
  const value = entryOf(toml, 'params', key);
  if (value === undefined) return undefined;
  const list = Array.isArray(value) ? value : [value];
  const numbers = list.map((n) => (typeof n === 'number' || typeof n === 'bigint' ? Number(n) : Number.NaN));
  return numbers.map((n) => checkHeaderSize(source, `a length of ${key}`, n, 1, 2 ** 40));
};

function openCsr(source: ByteSource, toml: TomlTable, arrays: CsrArrays, options: FormatOptions): Dataset {
  const { indptr, indices, data } = arrays;
  const sigShape = tomlShape(source, toml, 'sig_shape');
  if (!sigShape || sigShape.length === 0) throw badFile(source, '[params] has no sig_shape, such as [256, 256]');
  const frameLength = checkHeaderSize(source, 'the pixels of a frame', product(sigShape), 1, 2 ** 40);
  const frames = indptr.count - 1;
  if (frames < 1)
    throw badFile(source, `${indptr.source.name} has ${indptr.count} numbers; expected one more than there are frames`);
  if (data.count !== indices.count)
    throw badFile(
      source,
      `${indices.source.name} has ${indices.count} numbers and ${data.source.name} has ${data.count}; expected as many`,
    );
  const stated = tomlShape(source, toml, 'nav_shape');
  const fits = stated !== undefined && product(stated) === frames;
  const notes: Note[] = [];
  if (stated && !fits)
    notes.push({
      kind: 'warning',
      text: `nav_shape is ${stated.join(' × ')}, but there are ${frames} frames: they are treated as one series`,
      option: 'navShape',
    });
  return openFrames(source, {
    format: 'raw_csr',
    shape: { nav: navigationShape(source, frames, fits ? stated : [frames], options), sig: sigShape },
    dtype: data.dtype,
    meta: { header: { occupancy: data.count / (frames * frameLength) } },
    notes,
    filters: ['sparse'],
    sources: [indptr.source, indices.source, data.source],
    readMany: (first, count, into, abort) => readDense(source, arrays, { first, count, frameLength }, into, abort),
    readSparse: (first, count, abort) => readSparse(source, arrays, { first, count, frameLength }, abort),
  });
}

/** Reads numbers of a file in the byte order of the machine. */
async function readNumbers(
  { source, dtype, isLittleEndian }: NumberFile,
  first: number,
  count: number,
  signal: PlatformSignal | undefined,
) {
  const width = elementBytes(dtype);
  const bytes = await source.read(first * width, count * width, { signal });
  if (isLittleEndian !== littleEndianMachine) swapBytes(bytes, width, source);
  return viewAs(bytes, dtype);
}

const damagedAt = (source: ByteSource, frame: number, message: string): EwaldError =>
  badFile(source, `frame ${frame} is damaged: ${message}`, { frame });

/** The number of a pixel of a frame. Throws `Format`. */
function checkedPixel(
  source: ByteSource,
  index: number | bigint | undefined,
  frame: number,
  frameLength: number,
): number {
  const pixel = Number(index);
  if (pixel >= 0 && pixel < frameLength) return pixel;
  throw damagedAt(source, frame, `it has a pixel ${pixel} of ${frameLength}`);
}

/** Where the entries of frames begin, and where those of the last one end. Throws `Format`. */
async function readStarts(
  source: ByteSource,
  { indptr, data }: CsrArrays,
  first: number,
  count: number,
  signal: PlatformSignal | undefined,
): Promise<Float64Array> {
  const starts = Float64Array.from((await readNumbers(indptr, first, count + 1, signal)) as ArrayLike<number>, Number);
  for (let i = 0; i < count; i++) {
    const [from, to] = [starts[i] as number, starts[i + 1] as number];
    if (!(from >= 0 && to >= from && to <= data.count))
      throw damagedAt(source, first + i, `its pixels are numbers ${from} to ${to} of ${data.count}`);
  }
  return starts;
}

async function readSparse(
  source: ByteSource,
  arrays: CsrArrays,
  { first, count, frameLength }: FrameSpan,
  signal: PlatformSignal | undefined,
): Promise<SparseFrames> {
  const found = await readStarts(source, arrays, first, count, signal);
  const [from = 0, end = 0] = [found[0], found[count]];
  const [indices, values] = await Promise.all([
    readNumbers(arrays.indices, from, end - from, signal),
    readNumbers(arrays.data, from, end - from, signal),
  ]);
  const starts = Uint32Array.from(found, (at) => at - from);
  const pixels = new Uint32Array(indices.length);
  for (let frame = 0; frame < count; frame++)
    for (let k = starts[frame] as number; k < (starts[frame + 1] as number); k++) {
      pixels[k] = checkedPixel(source, indices[k], first + frame, frameLength);
    }
  return inOrderOfPixels({ starts, pixels, values });
}

async function readDense(
  source: ByteSource,
  arrays: CsrArrays,
  { first, count, frameLength }: FrameSpan,
  into: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const { indices, data } = arrays;
  const starts = await readStarts(source, arrays, first, count, signal);
  into.fill(0);
  const out = viewAs(into, data.dtype) as Float64Array;
  if (out.buffer !== into.buffer)
    throw new EwaldError('Internal', `frames are not aligned to ${elementBytes(data.dtype)} bytes`);
  const pace = new Pace(signal);
  let frame = 0;
  const end = starts[count] as number;
  for (let at = starts[0] as number; at < end; at += numbersPerBlock) {
    if (pace.due) await pace.rest();
    const numbers = Math.min(numbersPerBlock, end - at);
    const [pixels, values] = await Promise.all([
      readNumbers(indices, at, numbers, signal),
      readNumbers(data, at, numbers, signal),
    ]);
    for (let i = 0; i < numbers; i++) {
      while (at + i >= (starts[frame + 1] as number)) frame++;
      const pixel = frame * frameLength + checkedPixel(source, pixels[i], first + frame, frameLength);
      // A pixel that is listed twice has the sum, as in SciPy. Sums of 64-bit integers are of bigints.
      out[pixel] = (out[pixel] as number) + ((values as Float64Array)[i] as number);
    }
  }
}
