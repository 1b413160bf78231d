/** TIFF and BigTIFF: strips or tiles, pages as frames, plain or compressed by LZW, deflate or PackBits. */

import { badFile } from '../../bytes/bad-file.js';
import { swapBytes } from '../../bytes/byte-order.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, elementBytes, numberBytes } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { littleEndianMachine } from '../../util/number-bytes.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import type { Metadata, Note, SizeCheck } from '../dataset.js';
import type { Format } from '../format.js';
import { openFrames } from '../frames.js';
import { type Counted, checkFrameFits, checkHeaderSize, countStated, navigationShape } from '../shapes.js';
import { withoutPlace } from '../turned-detector.js';
import { describeMini } from './cbf-header.js';
import {
  codecs,
  decompress,
  hasPredictor,
  reverseBits,
  reverseThrees,
  undoDifferences,
  undoFloatDifferences,
  unpackBits,
  unread,
} from './tiff-codecs.js';
import { numberIn, type Page, readPages, type TiffFile } from './tiff-tags.js';
import { imagePages, notesOnValues, refuseChanged } from './tiff-values.js';

/** A strip or tile. */
interface TiffTile {
  readonly width: number;
  readonly height: number;
  /** Rows that it may have, of which the last ones are not part of the image. */
  readonly maxRows: number;
}

/** The layout of a page in the file: its strips or tiles, row by row. */
interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly bits: number;
  readonly dtype: DataType;
  readonly compression: number;
  readonly predictor: number;
  /** Whether the lowest bit of each byte comes first (FillOrder 2). */
  readonly isReversed: boolean;
  readonly piece: TiffTile;
  readonly offsets: readonly number[];
  readonly bytes: readonly number[];
}

/** Most rows below the image that a writer adds to make its last strip as long as the others. */
const maxSpareRows = 255;

export const tiff: Format = {
  name: 'tiff',
  title: 'TIFF',
  endings: ['tif', 'tiff', 'btf', 'tf8'],
  options: [],
  detect({ head }) {
    const [a, b, c, d] = head;
    const little = a === 0x49 && b === 0x49 && d === 0 && (c === 42 || c === 43);
    const big = a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43);
    return little || big
      ? {
          confidence: 0.95,
          why:
            `the signature of ${(little ? c : d) === 42 ? 'TIFF' : 'BigTIFF'} ` +
            `(${little ? 'II' : 'MM'}, ${little ? c : d})`,
        }
      : undefined;
  },
  async open(source, options) {
    const read = await readPages(source, options.signal);
    const file = { ...read, pages: imagePages(read.pages) };
    const [first] = file.pages;
    if (!first) throw badFile(source, 'the file has no page');
    refuseChanged(source, first);
    const layout = layoutOf(source, first);
    const alike = file.pages.filter((page) => sameAs(page, first));
    const layouts = alike.map((page) => (page === first ? layout : layoutOf(source, page)));
    const notes: Note[] = [];
    if (alike.length < file.pages.length)
      notes.push({
        kind: 'warning',
        text:
          `${file.pages.length - alike.length} of ${file.pages.length} pages differ from the first in shape or ` +
          'dtype and are skipped',
      });
    const { width, height, samples, dtype, compression } = layout;
    const frameBytes = width * height * samples * elementBytes(dtype);
    const whole = layouts.every(inOnePiece) ? layouts.map(({ offsets }) => offsets[0] as number) : undefined;
    const images = imageJStack(source, first, whole, frameBytes);
    notes.push(...(images?.notes ?? []));
    const frames = images?.frames ?? layouts.length;
    const stride = images ? frameBytes : (strideOf(whole) ?? frameBytes);
    const { meta, notes: remarks } = describe(source, first, file, layout);
    const description = {
      format: 'tiff',
      shape: {
        nav: navigationShape(source, frames, frames === 1 ? [] : [frames], options),
        sig: samples === 1 ? [height, width] : [height, width, samples],
      },
      dtype,
      meta,
      notes: [...notes, ...remarks, ...notesOnValues(first, hasPredictor(compression))],
      filters: compression === 1 ? [] : [codecs[compression] ?? String(compression)],
      sizes: [] as SizeCheck[],
    };
    if (whole) {
      const placed = { ...description, storedBytes: frameBytes, stride, little: file.little };
      if (images !== undefined || strideOf(whole) !== undefined)
        return openFrames(source, { ...placed, offset: whole[0] as number });
      return openFrames(source, { ...placed, locate: (frame) => ({ source, offset: whole[frame] as number, run: 1 }) });
    }
    return openFrames(source, {
      ...description,
      readFrame: (frame, into, signal) =>
        readPage(source, layouts[frame] as TiffPage, file.little, into, signal, options.checksums ?? true),
    });
  },
};

function layoutOf(source: ByteSource, page: Page): TiffPage {
  const width = checkHeaderSize(source, 'the width', numberIn(page, 'width', 0));
  const height = checkHeaderSize(source, 'the height', numberIn(page, 'height', 0));
  const samples = checkHeaderSize(source, 'the samples a pixel', numberIn(page, 'samples', 1), 1, 64);
  const bits = numberIn(page, 'bits', 1);
  if (page.numbers.get('bits')?.some((other) => other !== bits))
    throw badFile(source, 'samples with different numbers of bits cannot be read');
  if (samples > 1 && numberIn(page, 'planar', 1) !== 1)
    throw badFile(source, 'colours in separate planes cannot be read');
  const formats = page.numbers.get('sampleFormat');
  if (formats?.some((other) => other !== formats[0]))
    throw badFile(source, 'samples of different kinds cannot be read');
  const compression = numberIn(page, 'compression', 1);
  if (!codecs[compression])
    throw new EwaldError(
      'Unsupported',
      `${source.name} is compressed by ${unread[compression] ?? 'an unknown method'} (${compression}), which cannot ` +
        `be read; expected one of ${readable().join(', ')}. Save it without compression or with LZW`,
      { detail: { path: source.name, compression } },
    );
  const dtype = dtypeOf(source, numberIn(page, 'sampleFormat', bits === 32 && isPhotonCounter(page) ? 2 : 1), bits);
  const predictor = hasPredictor(compression) ? numberIn(page, 'predictor', 1) : 1;
  if (predictor > 3 || (predictor !== 1 && ![8, 16, 32, 64].includes(bits)))
    throw badFile(source, `predictor ${predictor} of ${bits} bits cannot be read`);
  const tiled = page.numbers.has('tileOffsets');
  const pieceWidth = tiled
    ? checkHeaderSize(source, 'the width of a tile', numberIn(page, 'tileWidth', 0), 1, 2 ** 24)
    : width;
  const pieceRows = tiled
    ? checkHeaderSize(source, 'the height of a tile', numberIn(page, 'tileHeight', 0), 1, 2 ** 24)
    : checkHeaderSize(source, 'the rows of a strip', numberIn(page, 'rowsPerStrip', height));
  const pieceHeight = tiled ? pieceRows : Math.min(height, pieceRows);
  const offsets = page.numbers.get(tiled ? 'tileOffsets' : 'stripOffsets') ?? [];
  const rowBytes = Math.ceil((pieceWidth * samples * bits) / 8);
  const pieces = Math.ceil(width / pieceWidth) * Math.ceil(height / pieceHeight);
  if (offsets.length < pieces)
    throw badFile(
      source,
      `an image of ${height} × ${width} has ${pieces} ${tiled ? 'tiles' : 'strips'}, but the file ` +
        `lists ${offsets.length}`,
    );
  const stated = page.numbers.get(tiled ? 'tileBytes' : 'stripBytes') ?? [];
  // Old writers omit the counts of uncompressed data.
  const bytes = offsets.map((_, i) => {
    const rows = tiled ? pieceHeight : Math.min(pieceHeight, height - i * pieceHeight);
    if (compression !== 1) return stated[i] ?? 0;
    const needed = rowBytes * rows;
    const there = stated[i] ?? 0;
    if (i < pieces && there > 0 && there < needed)
      throw badFile(
        source,
        `${tiled ? 'tile' : 'strip'} ${i} has ${there} bytes, and its ${rows} rows need ${needed}: the file is damaged`,
      );
    return needed;
  });
  for (let i = 0; i < pieces; i++)
    checkFrameFits(source, offsets[i] as number, bytes[i] as number, `${tiled ? 'tile' : 'strip'} ${i}`);
  // A stored byte cannot decode to more than this many bytes (LZW 4096, deflate 1032): a small file cannot claim a huge
  // frame.
  const room = bytes.slice(0, pieces).reduce((a, b) => a + b, 0);
  if (rowBytes * height > room * 5000)
    throw badFile(source, `an image of ${height} × ${width} cannot fit into ${room} compressed bytes`);
  const largest = bytes.slice(0, pieces).reduce((a, b) => Math.max(a, b), 0);
  if (tiled && rowBytes * pieceHeight > largest * 5000)
    throw badFile(source, `tiles of ${pieceHeight} × ${pieceWidth} cannot fit into so few compressed bytes`);
  const piece = { width: pieceWidth, height: pieceHeight, maxRows: Math.min(pieceRows, pieceHeight + maxSpareRows) };
  const isReversed = numberIn(page, 'fillOrder', 1) === 2;
  return { width, height, samples, bits, dtype, compression, predictor, isReversed, piece, offsets, bytes };
}

const readable = (): string[] => [...new Set(Object.values(codecs))];

function dtypeOf(source: ByteSource, format: number, bits: number): DataType {
  const kind = format === 3 ? 'f' : format === 2 ? 'i' : 'u';
  const room = bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : 64;
  const exact = bits === room;
  const name = `${kind}${room}`;
  const known = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f16', 'f32', 'f64'].includes(name);
  if (!known || format > 4 || (!exact && (kind !== 'u' || bits > 31 || bits < 1)))
    throw badFile(source, `samples of ${bits} bits and format ${format} cannot be read`);
  return name as DataType;
}

/** Pages of the same kind form a stack. */
const sameAs = (page: Page, other: Page): boolean =>
  (['width', 'height', 'bits', 'samples', 'sampleFormat', 'compression'] as const).every(
    (name) => numberIn(page, name, 1) === numberIn(other, name, 1),
  );

/** Whether the image is contiguous in the file and stored as plain numbers. */
function inOnePiece({
  compression,
  predictor,
  isReversed,
  bits,
  dtype,
  width,
  piece,
  offsets,
  bytes,
}: TiffPage): boolean {
  if (isReversed || compression !== 1 || predictor !== 1 || bits !== 8 * elementBytes(dtype) || piece.width !== width)
    return false;
  return offsets.every((offset, i) => i === 0 || offset === (offsets[i - 1] as number) + (bytes[i - 1] as number));
}

/** The distance from page to page, if it is constant. */
function strideOf(offsets: readonly number[] | undefined): number | undefined {
  if (!offsets || offsets.length < 2) return undefined;
  const step = (offsets[1] as number) - (offsets[0] as number);
  return step > 0 && offsets.every((offset, i) => offset === (offsets[0] as number) + i * step) ? step : undefined;
}

/**
 * ImageJ writes large stacks with one directory; its description states how many images follow. Of a stack that was cut,
 * those that are whole.
 */
function imageJStack(
  source: ByteSource,
  page: Page,
  offsets: readonly number[] | undefined,
  frameBytes: number,
): Counted | undefined {
  const description = page.texts.get('description') ?? '';
  const images = Number(/^images=(\d+)/m.exec(description)?.[1] ?? 0);
  if (!description.startsWith('ImageJ') || images < 2 || offsets?.length !== 1) return undefined;
  return countStated(source, { offset: offsets[0] as number, bytes: frameBytes, stated: images });
}

async function readPage(
  source: ByteSource,
  layout: TiffPage,
  little: boolean,
  into: Uint8Array,
  signal: PlatformSignal | undefined,
  checksums: boolean,
): Promise<void> {
  const { width, height, samples, bits, dtype, compression, predictor, piece, offsets, bytes } = layout;
  const size = elementBytes(dtype);
  const packed = bits !== 8 * size;
  const across = Math.ceil(width / piece.width);
  const rowBytes = Math.ceil((piece.width * samples * bits) / 8);
  const tiled = piece.width !== width || across > 1;
  for (let i = 0; i < across * Math.ceil(height / piece.height); i++) {
    const top = Math.floor(i / across) * piece.height;
    const left = (i % across) * piece.width;
    const rows = Math.min(piece.height, height - top);
    const columns = Math.min(piece.width, width - left);
    const stored = await source.read(offsets[i] as number, bytes[i] as number, { signal });
    if (layout.isReversed) reverseBits(stored);
    const wanted = rowBytes * (tiled ? piece.height : rows);
    const data = await decompress(stored, compression, wanted, rowBytes * piece.maxRows, checksums);
    for (let row = 0; row < rows; row++) {
      const line = data.slice(row * rowBytes, (row + 1) * rowBytes);
      const to = ((top + row) * width + left) * samples * size;
      const place = into.subarray(to, to + columns * samples * size);
      if (packed) {
        if (bits === 24 && little) reverseThrees(line);
        unpackBits(line, bits, viewNumbers(place, size));
        continue;
      }
      if (predictor === 3) undoFloatDifferences(line, size, samples, littleEndianMachine);
      else {
        if (little !== littleEndianMachine) swapBytes(line, numberBytes(dtype), source);
        if (predictor === 2) undoDifferences(line, size, samples);
      }
      place.set(line.subarray(0, place.length));
    }
  }
}

const viewNumbers = (bytes: Uint8Array, size: number): Uint8Array | Uint16Array | Uint32Array =>
  size === 1
    ? bytes
    : size === 2
      ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
      : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** Whether a Pilatus or an Eiger wrote it: their counts are signed, with or without the tag that says so. */
const isPhotonCounter = ({ texts }: Page): boolean =>
  (['description', 'model', 'make', 'software'] as const).some((name) => /pilatus|eiger/i.test(texts.get(name) ?? ''));

function describe(
  source: ByteSource,
  page: Page,
  { big, little }: TiffFile,
  { width, height, dtype }: TiffPage,
): { meta: Metadata; notes: readonly Note[] } {
  const { texts } = page;
  const said = texts.get('description') ?? '';
  // Pilatus detectors write the header of their CBF files into the description.
  const { turned, ...described } = describeMini(source, said, [height, width]);
  const mini = withoutPlace(described, turned);
  const meta: Metadata = omitUndefined({
    maker: (texts.get('software') ?? texts.get('make')) || undefined,
    detector: texts.get('model') || undefined,
    // Some writers let the tag refer to the wrong bytes.
    date: /^\d/.test(texts.get('date') ?? '') ? texts.get('date') : undefined,
    underload: isPhotonCounter(page) && dtype === 'i32' ? 0 : undefined,
    ...mini.meta,
    header: {
      ...mini.meta.header,
      bigTiff: big,
      byteOrder: little ? 'little' : 'big',
      compression: numberIn(page, 'compression', 1),
      bitsPerSample: numberIn(page, 'bits', 1),
      photometric: numberIn(page, 'photometric', 1),
      ...(said ? { description: said.slice(0, 4096) } : {}),
    },
  });
  return { meta, notes: mini.notes };
}
