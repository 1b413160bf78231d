/** EDF, the ESRF data format (.edf): text headers in braces, each followed by its image. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { wordTable } from '../../util/word-table.js';
import { checkFileBytes } from '../cut-files.js';
import type { Metadata, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { type HeaderValues, headerNumbers, headerPlace, headerQuantity, headerWavelength } from '../header-quantity.js';
import { checkFrameFits, checkHeaderSize, navigationShape } from '../shapes.js';
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
    if (!/^\s*\{\s/.test(text)) return undefined;
    if (/Dim_1\s*=/i.test(text) && /DataType\s*=/i.test(text))
      return { confidence: 0.95, why: 'a header in braces with Dim_1 and DataType' };
    return /^\s*\{\s*EDF_\w+\s*=/.test(text)
      ? { confidence: 0.9, why: 'a general header in braces, whose keys begin with EDF_' }
      : undefined;
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
      locate: (frame) => ({ source, offset: (blocks.frames[frame] as EdfBlock).offset, run: 1 }),
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

interface EdfBlock {
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
): Promise<{ frames: EdfBlock[]; notes: Note[]; end: number }> {
  const frames: EdfBlock[] = [];
  const notes: Note[] = [];
  const general = await generalHeader(source, signal);
  let at = general?.end ?? 0;
  while (at < source.size) {
    const start = (await source.read(at, Math.min(8, source.size - at), { signal }))[0];
    if (frames.length > 0 && start !== 0x7b && start !== 0x0a && start !== 0x0d) {
      notes.push({
        kind: 'warning',
        text: `the ${source.size - at} bytes after the last image are not a header and are ignored`,
      });
      break;
    }
    const block = await readBlock(source, at, signal, general?.values);
    const [first] = frames;
    if (first && (block.dtype !== first.dtype || block.signal.join() !== first.signal.join()))
      throw badFile(
        source,
        `image ${frames.length} is ${block.signal.join(' × ')} ${block.dtype}, the first ` +
          `one ${first.signal.join(' × ')} ${first.dtype}; the images of a stack must be equal`,
      );
    frames.push(block);
    at = block.offset + block.paddedBytes;
    at = await readImages(source, frames, at, signal);
  }
  const stated = headerNumber(frames[0]?.values ?? new Map(), imagesStated);
  if (stated !== undefined && stated > frames.length)
    notes.push({
      kind: 'warning',
      text: `the header states ${stated} images (Num_Images), and the file holds ${frames.length}`,
      isCut: true,
    });
  return { frames, notes, end: at };
}

/** How many images there are, in headers of writers that have one for all of them. */
const imagesStated = 'NUM_IMAGES';

/**
 * A header without an image that precedes those of the images, whose values are those of every image that does not state
 * them; undefined if the first header is that of an image.
 */
async function generalHeader(
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<{ readonly values: ReadonlyMap<string, string>; readonly end: number } | undefined> {
  const { values, end } = await readTextHeader(source, 0, signal);
  if (values.has('DIM_1') || values.has('DATATYPE')) return undefined;
  const stated = headerNumber(values, 'EDF_HEADERSIZE') ?? 0;
  const binary = headerNumber(values, 'EDF_BINARYSIZE') ?? 0;
  const isFile = Number.isSafeInteger(stated + binary) && Math.max(end, stated) + binary < source.size;
  if (!isFile) throw badFile(source, 'the header has no Dim_1 and DataType, and no other one follows');
  const own = new Map([...values].filter(([key]) => !/^EDF_/.test(key)));
  return { values: own, end: Math.max(end, stated) + binary };
}

/** Adds the images that follow the last one without headers of their own; returns where they end. */
async function readImages(
  source: ByteSource,
  frames: EdfBlock[],
  end: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const [block] = frames;
  const stated = headerNumber(block?.values ?? new Map(), imagesStated) ?? 1;
  if (!block || frames.length !== 1 || !(stated > 1) || end + block.storedBytes > source.size) return end;
  const [next] = await source.read(end, 1, { signal });
  // A number may look like the brace of a header, which has its keys behind it.
  const head = new TextDecoder('latin1').decode(await source.read(end, Math.min(4096, source.size - end), { signal }));
  if (next === 0x7b && /^\{\s/.test(head) && /Dim_1\s*=/i.test(head)) return end;
  let at = end;
  for (let i = 1; i < stated && at + block.storedBytes <= source.size; i++) {
    frames.push({ ...block, offset: at });
    at += block.storedBytes;
  }
  return at;
}

async function readBlock(
  source: ByteSource,
  at: number,
  signal: AbortSignal | undefined,
  general: ReadonlyMap<string, string> = new Map(),
): Promise<EdfBlock> {
  const { values: own, end } = await readTextHeader(source, at, signal);
  const values = new Map([...general, ...own]);
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
