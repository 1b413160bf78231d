/** EDF, the ESRF data format (.edf): text headers in braces, each followed by its image. */
import { omitUndefined } from '../../../base/omit-undefined.js';
import { wordTable } from '../../../base/word-table.js';
import type { ByteSource } from '../byte-source.js';
import { checkFileBytes } from '../cut-files.js';
import type { Metadata, Note } from '../dataset.js';
import { type DataType, elementBytes } from '../dtype.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { type HeaderValues, headerNumbers, headerPlace, headerQuantity, headerWavelength } from '../header-quantity.js';
import { badFile, checkFrameFits, checkHeaderSize, navigationShape } from '../shapes.js';
import { headerNumber, readTextHeader } from '../text-header.js';
import { anglesOf, withoutPlace } from '../turned-detector.js';

/** By name without spaces and punctuation, in lower case. */
const types = wordTable<DataType>({
  signedbyte: 'i8',
  unsignedbyte: 'u8',
  signedshort: 'i16',
  unsignedshort: 'u16',
  signedinteger: 'i32',
  unsignedinteger: 'u32',
  // 'Long' has 32 bits in EDF.
  signedlong: 'i32',
  unsignedlong: 'u32',
  signedint: 'i32',
  unsignedint: 'u32',
  integer: 'i32',
  short: 'i16',
  signed8: 'i8',
  unsigned8: 'u8',
  signed16: 'i16',
  unsigned16: 'u16',
  signed32: 'i32',
  unsigned32: 'u32',
  signed64: 'i64',
  unsigned64: 'u64',
  signedlonglong: 'i64',
  unsignedlonglong: 'u64',
  float32: 'f32',
  floatieee32: 'f32',
  float64: 'f64',
  doubleieee64: 'f64',
  float: 'f32',
  floatvalue: 'f32',
  real: 'f32',
  double: 'f64',
  doublevalue: 'f64',
});

export const edf: Format = {
  name: 'edf',
  title: 'EDF (ESRF data format)',
  endings: ['edf', 'cor', 'ehf'],
  options: [],
  detect({ text }) {
    if (!/^\s*\{\s/.test(text) || !/Dim_1\s*=/i.test(text) || !/DataType\s*=/i.test(text)) return undefined;
    return { confidence: 0.95, why: 'a header in braces with Dim_1 and DataType' };
  },
  async open(source, options) {
    const blocks = await readBlocks(source, options);
    const [first] = blocks.frames;
    if (!first) throw badFile(source, 'no header of an EDF image found');
    const { dtype, signal, storedBytes, little, values } = first;
    const frames = blocks.frames.length;
    const { meta, notes } = describe(source, values);
    return openFrames(source, {
      format: 'edf',
      shape: { nav: navigationShape(source, frames, frames === 1 ? [] : [frames], options), sig: signal },
      dtype,
      meta,
      notes: [...notes, ...blocks.notes],
      sizes: [checkFileBytes(source, blocks.end)],
      storedBytes,
      stride: storedBytes,
      little,
      locate: (frame) => ({ source, offset: (blocks.frames[frame] as Block).offset, run: 1 }),
    });
  },
};

/** SAXS headers state lengths in metres, those of the detector of a Pilatus are in its title. */
function describe(
  source: ByteSource,
  header: ReadonlyMap<string, string>,
): { readonly meta: Metadata; readonly notes: readonly Note[] } {
  const values: HeaderValues = { source, get: (key) => header.get(key) };
  const [, title] = /Pixel_size\s+(.*)/i.exec(header.get('TITLE') ?? '') ?? [];
  const ofTitle = headerNumbers({ source, get: () => title }, 'length', 'm', 'Pixel_size');
  const [x = 0, y = 0] = [1, 2].map(
    (axis) => headerQuantity(values, 'length', 'm', `PSIZE_${axis}`, `PIXELSIZE_${axis}`) ?? ofTitle[axis - 1],
  );
  const pixelSizeM = x > 0 && y > 0 ? { x, y } : undefined;
  const { turned, notes } = anglesOf(values, header.keys());
  const meta: Metadata = omitUndefined({
    date: header.get('DATE') || undefined,
    wavelengthA: headerWavelength(values, 'm', 'WAVELENGTH'),
    distanceM: headerQuantity(values, 'length', 'm', 'SAMPLEDISTANCE') || undefined,
    pixelSizeM,
    beamCentrePx: headerPlace(values, pixelSizeM, 'CENTER_1', 'CENTER_2'),
    exposureS: headerQuantity(values, 'time', 's', 'EXPOSURETIME', 'COUNT_TIME') || undefined,
    header: Object.fromEntries(header),
  });
  return withoutPlace({ meta, notes }, turned);
}

interface Block {
  readonly values: ReadonlyMap<string, string>;
  readonly dtype: DataType;
  readonly signal: readonly number[];
  readonly storedBytes: number;
  /** With the bytes that follow the image up to the next header. */
  readonly paddedBytes: number;
  readonly little: boolean;
  readonly offset: number;
}

/** All headers in turn; each states where the next one starts. */
async function readBlocks(
  source: ByteSource,
  { signal }: FormatOptions,
): Promise<{ frames: Block[]; notes: Note[]; end: number }> {
  const frames: Block[] = [];
  const notes: Note[] = [];
  let at = 0;
  while (at < source.size) {
    const start = (await source.read(at, Math.min(8, source.size - at), { signal }))[0];
    if (frames.length > 0 && start !== 0x7b && start !== 0x0a && start !== 0x0d) {
      notes.push({
        kind: 'warning',
        text: `the ${source.size - at} bytes after the last image are not a header and are ignored`,
      });
      break;
    }
    const block = await readBlock(source, at, signal);
    const [first] = frames;
    if (first && (block.dtype !== first.dtype || block.signal.join() !== first.signal.join()))
      throw badFile(
        source,
        `image ${frames.length} is ${block.signal.join(' × ')} ${block.dtype}, the first ` +
          `one ${first.signal.join(' × ')} ${first.dtype}; the images of a stack must be equal`,
      );
    frames.push(block);
    at = block.offset + block.paddedBytes;
  }
  return { frames, notes, end: at };
}

async function readBlock(source: ByteSource, at: number, signal: AbortSignal | undefined): Promise<Block> {
  const { values, end } = await readTextHeader(source, at, signal);
  const type = (values.get('DATATYPE') ?? '').replace(/[\W_]/g, '').toLowerCase();
  const dtype = types[type];
  if (!dtype)
    throw badFile(source, `DataType is ${values.get('DATATYPE')}; expected one of ${Object.keys(types).join(', ')}`);
  const compression = values.get('COMPRESSION') ?? 'None';
  if (!/^(none|nocompression|no)?$/i.test(compression))
    throw badFile(source, `Compression ${compression} cannot be read`);
  const shape: number[] = [];
  for (let axis = 1; axis <= 3; axis++) {
    const size = headerNumber(values, `DIM_${axis}`);
    if (size !== undefined) shape.unshift(checkHeaderSize(source, `Dim_${axis}`, size));
  }
  if (shape.length < 2) throw badFile(source, 'the header has no Dim_1 and Dim_2');
  const storedBytes = shape.reduce((a, b) => a * b, elementBytes(dtype));
  // Most writers, but not all, pad headers so that the image starts at a multiple of 512.
  const stated = headerNumber(values, 'EDF_HEADERSIZE');
  const offset = stated !== undefined && at + stated >= end ? at + stated : end;
  checkFrameFits(source, offset, storedBytes, `an image of ${shape.join(' × ')} ${dtype}`);
  const size = headerNumber(values, 'EDF_BINARYSIZE', 'SIZE') ?? storedBytes;
  const isPadded = Number.isSafeInteger(size) && size > storedBytes && offset + size <= source.size;
  const paddedBytes = isPadded ? size : storedBytes;
  return {
    values,
    dtype,
    signal: shape,
    storedBytes,
    paddedBytes,
    little: !/high/i.test(values.get('BYTEORDER') ?? ''),
    offset,
  };
}
