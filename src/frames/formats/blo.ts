/** NanoMEGAS blockfiles (.blo): a header, a virtual bright-field image, then one diffraction pattern per scan point. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { Cursor, decodeLatin1 } from '../cursor.js';
import type { Metadata, Note } from '../dataset.js';
import type { Format } from '../format.js';
import { openFrames } from '../frames.js';
import { checkHeaderSize, countFrames, navigationShape } from '../shapes.js';
import { electronBeam } from '../units.js';

/** Before each pattern: the marker 0x55aa and its number. */
const frameHeader = 6;
const headerBytes = 0xf0;

export const blo: Format = {
  name: 'blo',
  title: 'NanoMEGAS blockfile (BLO)',
  endings: ['blo'],
  options: [],
  detect({ text }) {
    return text.startsWith('IMGBLO') ? { confidence: 1, why: 'it starts with IMGBLO' } : undefined;
  },
  async open(source, options) {
    const { offset, size, columns, rows, meta } = await readHeader(source, options.signal);
    const storedBytes = size * size;
    const stride = frameHeader + storedBytes;
    const counted = countFrames(source, offset + frameHeader, stride, storedBytes);
    const expected = rows * columns;
    if (counted.frames < expected)
      throw badFile(
        source,
        `the header claims ${rows} × ${columns} patterns, but the file holds ${counted.frames}: it is truncated`,
        {
          expected,
          found: counted.frames,
        },
      );
    const first = await source.read(offset, frameHeader, { signal: options.signal });
    // Programs that leave out the marker leave out the numbers as well.
    const base = markOf(first);
    const notes: Note[] =
      base === undefined
        ? [{ kind: 'warning', text: 'its patterns have no marker (0x55aa): whether any of them is missing is unknown' }]
        : [];
    const check = (head: Uint8Array, at: number): void => {
      const pattern = (at - frameHeader - offset) / stride;
      const number = markOf(head);
      if (number === base && pattern === 0) return;
      if (number === undefined)
        throw new Error('it does not begin with the marker 0x55aa: bytes before it are missing');
      if (number !== (base as number) + pattern)
        throw new Error(`it has the number ${number} instead of ${(base as number) + pattern}`);
    };
    const locate = (frame: number) => ({
      source,
      offset: offset + frameHeader + frame * stride,
      run: expected - frame,
    });
    return openFrames(source, {
      format: 'blo',
      shape: { nav: navigationShape(source, expected, [rows, columns], options), sig: [size, size] },
      dtype: 'u8',
      meta,
      notes,
      sizes: [{ what: 'patterns', expected, found: counted.frames }],
      storedBytes,
      stride,
      locate,
      ...(base !== undefined && { head: { before: frameHeader, bytes: frameHeader, check } }),
    });
  },
};

/** The number that stands behind the marker of a pattern; undefined without the marker. */
const markOf = (head: Uint8Array): number | undefined =>
  head[0] === 0xaa && head[1] === 0x55
    ? new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(2, true)
    : undefined;

interface Header {
  readonly offset: number;
  readonly size: number;
  readonly columns: number;
  readonly rows: number;
  readonly meta: Metadata;
}

async function readHeader(source: ByteSource, signal: AbortSignal | undefined): Promise<Header> {
  const cursor = new Cursor(source, 0, signal);
  if ((await cursor.text(6)) !== 'IMGBLO')
    throw badFile(source, 'this is not a blockfile: it does not start with IMGBLO');
  const mark = await cursor.u16();
  if (mark !== 0x0102 && mark !== 0x0103)
    throw badFile(source, `byte 6 should be the marker 0x0102 but is 0x${mark.toString(16)}`);
  const brightField = await cursor.u32();
  const offset = checkHeaderSize(source, 'the place of the patterns', await cursor.u32(), 0, source.size);
  await cursor.u32();
  const size = checkHeaderSize(source, 'the size of a pattern', await cursor.u16());
  const rotation = await cursor.u16();
  const columns = checkHeaderSize(source, 'the columns of the scan', await cursor.u16());
  const rows = checkHeaderSize(source, 'the rows of the scan', await cursor.u16());
  const scanRotation = (await cursor.u16()) / 100;
  const stepX = await cursor.f64();
  const stepY = await cursor.f64();
  const voltage = await cursor.u32();
  // Hundredths of a pixel per centimetre on the camera's screen.
  const pixelsACm = (await cursor.u16()) / 100;
  // Tenths of a millimetre.
  const cameraLength = (await cursor.u32()) / 10_000;
  const acquired = await cursor.f64();
  const notes =
    source.size > headerBytes
      ? decodeLatin1(
          await source.read(headerBytes, Math.min(offset, 4096, source.size) - Math.min(headerBytes, offset), {
            signal,
          }),
        )
      : '';
  const pixel = pixelsACm > 0 ? 0.01 / pixelsACm : undefined;
  return {
    offset,
    size,
    columns,
    rows,
    meta: omitUndefined({
      maker: 'NanoMEGAS',
      ...electronBeam(voltage),
      cameraLengthM: cameraLength || undefined,
      pixelSizeM: pixel ? { x: pixel, y: pixel } : undefined,
      date: dateOfDays(acquired),
      axes: [
        { name: 'y', size: rows, scale: stepY, offset: 0, unit: 'nm' },
        { name: 'x', size: columns, scale: stepX, offset: 0, unit: 'nm' },
        ...['dy', 'dx'].map((name) => ({
          name,
          size,
          ...(pixel ? { scale: 1 / pixelsACm, offset: 0, unit: 'cm' } : {}),
        })),
      ],
      header: {
        brightField,
        patternRotation: rotation,
        scanRotationDeg: scanRotation,
        notes: notes.split('\0', 1)[0]?.trim() ?? '',
      },
    }),
  };
}

/** Days since 30 December 1899, as in spreadsheets, in UTC. */
const dateOfDays = (days: number): string => {
  const date = new Date(Date.UTC(1899, 11, 30) + Math.round(days * 86_400_000));
  return Number.isNaN(date.valueOf()) ? '' : date.toISOString();
};
