/** TIA series (.ser) of FEI and Thermo Fisher microscopes: a table of offsets, then images or spectra. */

import { badFile } from '../../bytes/bad-file.js';
import { type ByteSource, baseName } from '../../bytes/byte-source.js';
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { Cursor } from '../cursor.js';
import type { Axis, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { checkFrameFits, checkHeaderSize, navigationShape } from '../shapes.js';

const types: Readonly<Record<number, DataType>> = {
  1: 'u8',
  2: 'u16',
  3: 'u32',
  4: 'i8',
  5: 'i16',
  6: 'i32',
  7: 'f32',
  8: 'f64',
  9: 'c64',
  10: 'c128',
};
const [spectra, pictures] = [0x4120, 0x4122];
/** Offsets have 64 bits from this version on. */
const wideVersion = 0x0220;

export const ser: Format = {
  name: 'ser',
  title: 'TIA series (SER)',
  endings: ['ser'],
  options: [],
  detect({ head }) {
    return head[0] === 0x49 && head[1] === 0x49 && head[2] === 0x97 && head[3] === 0x01
      ? { confidence: 1, why: "the marker 'II' 0x0197" }
      : undefined;
  },
  open: (source, options) => openSer(source, options),
};

/** The header of a series. */
interface Header {
  readonly version: number;
  /** Whether offsets have 64 bits. */
  readonly wide: boolean;
  readonly pictures: boolean;
  /** Elements planned, and recorded. */
  readonly total: number;
  readonly valid: number;
  /** Position of the offsets. */
  readonly table: number;
  /** The scan, slowest axis first. */
  readonly axes: readonly Axis[];
}

async function readSerHeader(source: ByteSource, cursor: Cursor): Promise<Header> {
  if ((await cursor.u16()) !== 0x4949 || (await cursor.u16()) !== 0x0197)
    throw badFile(source, "this is not a TIA series: it does not start with 'II' 0x0197");
  const version = await cursor.u16();
  const wide = version >= wideVersion;
  const kind = await cursor.u32();
  if (kind !== spectra && kind !== pictures)
    throw badFile(source, `the kind of data is 0x${kind.toString(16)}; expected 0x4120 (spectra) or 0x4122 (images)`);
  await cursor.u32();
  const total = checkHeaderSize(source, 'the number of elements', await cursor.u32(), 1, source.size);
  const valid = checkHeaderSize(source, 'the number of valid elements', await cursor.u32(), 0, total);
  const table = wide ? await cursor.u64() : await cursor.u32();
  const dimensions = checkHeaderSize(source, 'the number of dimensions', await cursor.u32(), 0, 16);
  const axes: Axis[] = [];
  for (let i = 0; i < dimensions; i++) {
    const size = checkHeaderSize(source, 'the size of a dimension', await cursor.u32(), 1, source.size);
    const offset = await cursor.f64();
    const scale = await cursor.f64();
    const element = await cursor.u32();
    const name = await cursor.text(checkHeaderSize(source, 'a description', await cursor.u32(), 0, 65536));
    const unit = await cursor.text(checkHeaderSize(source, 'a unit', await cursor.u32(), 0, 65536));
    axes.unshift({ name, size, scale, offset: offset - element * scale, unit: unit === 'meters' ? 'm' : unit });
  }
  if (valid === 0) throw badFile(source, `none of ${total} elements was recorded`);
  return { version, wide, pictures: kind === pictures, total, valid, table, axes };
}

/** The positions of the recorded elements. */
async function readOffsets(
  source: ByteSource,
  { wide, total, valid, table }: Header,
  { signal }: FormatOptions,
): Promise<Float64Array> {
  const width = wide ? 8 : 4;
  checkFrameFits(source, table, total * width, `the table of ${total} offsets`);
  const bytes = await source.read(table, valid * width, { signal });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: valid }, (_, i) =>
    wide ? Number(view.getBigUint64(8 * i, true)) : view.getUint32(4 * i, true),
  );
}

/** The axes and the type of the element at the cursor; its pixels follow. */
async function readElement(
  source: ByteSource,
  cursor: Cursor,
  pictures: boolean,
): Promise<{ axes: readonly Axis[]; dtype: DataType }> {
  const axes: Axis[] = [];
  const calibrations: { name: string; offset: number; scale: number }[] = [];
  for (const name of pictures ? ['x', 'y'] : ['E']) {
    const offset = await cursor.f64();
    const scale = await cursor.f64();
    calibrations.push({ name, offset: offset - (await cursor.u32()) * scale, scale });
  }
  const type = await cursor.u16();
  const dtype = types[type];
  if (!dtype) throw badFile(source, `element type is ${type}; expected one of ${Object.keys(types).join(', ')}`);
  // A pixel larger than a metre is one of reciprocal space: the file has no unit.
  for (const { name, offset, scale } of calibrations) {
    const size = checkHeaderSize(source, 'the size of an element', await cursor.u32(), 1, source.size);
    axes.unshift({ name, size, scale, offset, unit: pictures ? (scale > 1 ? '1/m' : 'm') : 'eV' });
  }
  return { axes, dtype };
}

/** Opens a series; `extra` contains the information and the notes that an .emi adds, `sources` are closed with the series. */
export async function openSer(
  source: ByteSource,
  options: FormatOptions,
  extra: { format?: string; meta?: object; notes?: readonly Note[]; sources?: readonly ByteSource[] } = {},
) {
  const cursor = new Cursor(source, 0, options.signal);
  const header = await readSerHeader(source, cursor);
  const { version, total, valid, axes } = header;
  const offsets = await readOffsets(source, header, options);
  // The first element describes all of them.
  cursor.at = checkHeaderSize(source, 'the place of the first element', offsets[0] as number, 0, source.size);
  const { axes: signalAxes, dtype } = await readElement(source, cursor, header.pictures);
  const signal = signalAxes.map(({ size }) => size);
  const head = cursor.at - (offsets[0] as number);
  const storedBytes = signal.reduce((a, b) => a * b, elementBytes(dtype));
  for (const [i, offset] of offsets.entries())
    checkFrameFits(source, offset + head, storedBytes, `element ${i} of ${signal.join(' × ')} ${dtype}`);
  const shape = axes.map(({ size }) => size);
  const stated = shape.reduce((a, b) => a * b, 1);
  const notes: Note[] = [...(extra.notes ?? [])];
  if (valid < total)
    notes.push({ kind: 'warning', text: `${valid} of ${total} elements were recorded: the series was stopped early` });
  const fits = stated === valid && valid > 1;
  const navigation = navigationShape(source, valid, valid === 1 ? [] : fits ? shape : [valid], options);
  return openFrames(source, {
    format: extra.format ?? 'ser',
    shape: { nav: navigation, sig: signal },
    dtype,
    meta: {
      maker: 'TIA',
      axes: [...(fits ? axes : []), ...signalAxes],
      header: {
        version: `0x${version.toString(16)}`,
        elements: total,
        recorded: valid,
        ...(header.pictures && { rows: 'stored bottom row first; read top row first' }),
      },
      ...extra.meta,
    },
    notes,
    sizes: [{ what: 'elements', expected: total, found: valid }],
    sources: extra.sources,
    storedBytes,
    stride: storedBytes,
    locate: (frame) => ({ source, offset: (offsets[frame] as number) + head, run: 1 }),
    // Images are stored bottom row first.
    decode: header.pictures ? upsideDown(signal[0] as number) : undefined,
  });
}

const upsideDown = (rows: number) => (stored: Uint8Array, into: Uint8Array) => {
  const length = stored.length / rows;
  for (let row = 0; row < rows; row++)
    into.set(stored.subarray(row * length, (row + 1) * length), (rows - 1 - row) * length);
};

/** The name of a series of an .emi, counted from 1. */
export const nameOfSer = (emi: string, number: number): string =>
  `${baseName(emi).replace(/\.emi$/i, '')}_${number}.ser`;
