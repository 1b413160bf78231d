/** TVIPS camera series (.tvips): NAME_000.tvips with the header, continued in NAME_001.tvips … */

import { badFile } from '../../bytes/bad-file.js';
import { type ByteSource, baseName, closingOnError, openSiblingIfExists } from '../../bytes/byte-source.js';
import { Cursor } from '../cursor.js';
import type { Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { checkHeaderSize, navigationShape } from '../shapes.js';
import { electronBeam } from '../units.js';

const headerBytes = 256;
/** Bytes before each image in files of version 1. */
const oldFrameHeader = 12;

export const tvips: Format = {
  name: 'tvips',
  title: 'TVIPS series',
  endings: ['tvips'],
  options: [],
  detect({ head, ending, source }) {
    if (head.length < headerBytes) return undefined;
    const word = (at: number): number => new DataView(head.buffer, head.byteOffset).getInt32(at, true);
    const [size, version, width, height, depth] = [0, 4, 8, 12, 16].map(word) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const fits =
      size === headerBytes &&
      (version === 1 || version === 2) &&
      width > 0 &&
      height > 0 &&
      (depth === 8 || depth === 16);
    if (fits) return { confidence: ending === 'tvips' ? 0.95 : 0.5, why: `a series header of version ${version}` };
    return ending === 'tvips' && /_\d{3}\.tvips$/i.test(source.name)
      ? { confidence: 0.2, why: 'only the ending .tvips: no series header, perhaps a continuation' }
      : undefined;
  },
  // The first file of a series opens the others.
  isPart: (name, files) => {
    const first = name.replace(/_\d{3}(?=\.tvips$)/i, '_000');
    return first !== name && files.includes(first);
  },
  async open(source, options) {
    const header = await readHeader(source, options);
    const { width, height, depth, frameHeader } = header;
    const storedBytes = (width * height * depth) / 8;
    const stride = frameHeader + storedBytes;
    const parts: { source: ByteSource; offset: number; first: number; frames: number }[] = [];
    const notes: Note[] = [];
    let total = 0;
    const more: ByteSource[] = [];
    return closingOnError(more, async () => {
      for await (const part of partsOf(source, notes, options)) {
        if (part !== source) more.push(part);
        const offset = part === source ? headerBytes : 0;
        const frames = Math.floor((part.size - offset) / stride);
        const rest = part.size - offset - frames * stride;
        if (rest > 0)
          notes.push({
            kind: 'warning',
            text: `${baseName(part.name)} ends with ${rest} bytes of a truncated frame`,
            isCut: true,
          });
        parts.push({ source: part, offset: offset + frameHeader, first: total, frames });
        total += frames;
      }
      if (total === 0)
        throw badFile(
          source,
          `a frame of ${height} × ${width} needs ${stride} bytes, but the file has ${source.size - headerBytes}`,
        );
      const navigation = navigationShape(source, total, [total], options);
      return openFrames(source, {
        format: 'tvips',
        shape: { nav: navigation, sig: [height, width] },
        dtype: depth === 8 ? 'u8' : 'u16',
        meta: { ...header.meta, header: { ...header.meta.header, files: parts.length } },
        notes: [
          ...notes,
          ...(options.navShape
            ? []
            : [
                {
                  kind: 'guess' as const,
                  text: 'the frames are one series: the header does not state the shape of a scan',
                  option: 'navShape',
                },
              ]),
        ],
        sources: more,
        storedBytes,
        stride,
        locate(frame) {
          const part = parts.findLast(({ first }) => first <= frame) as (typeof parts)[number];
          const within = frame - part.first;
          return { source: part.source, offset: part.offset + within * stride, run: part.frames - within };
        },
      });
    });
  },
};

/** Numbers behind a missing file that are looked for. */
const lookedBehind = 3;

/** The file and its continuations up to the first that is missing, which is noted if further ones are there. */
async function* partsOf(source: ByteSource, notes: Note[], options: FormatOptions): AsyncGenerator<ByteSource> {
  yield source;
  const match = /^(.*_)(\d{3})(\.tvips)$/i.exec(baseName(source.name));
  if (!match) return;
  const [, stem = '', digits = '', ending = ''] = match;
  const nameOf = (number: number): string => `${stem}${String(number).padStart(3, '0')}${ending}`;
  let number = Number(digits) + 1;
  for (; number < 1000; number++) {
    const next = await openSiblingIfExists(source, nameOf(number), options);
    if (!next) break;
    yield next;
  }
  for (let later = number + 1; later <= Math.min(999, number + lookedBehind); later++) {
    const siblingIfExists = await openSiblingIfExists(source, nameOf(later), options);
    if (!siblingIfExists) continue;
    await siblingIfExists.close();
    const text = `${nameOf(number)} is missing, and ${nameOf(later)} is there: the series ends before them`;
    notes.push({ kind: 'warning', text, isCut: true });
    return;
  }
}

async function readHeader(source: ByteSource, { signal }: FormatOptions) {
  const cursor = new Cursor(source, 0, signal);
  if ((await cursor.i32()) !== headerBytes)
    throw badFile(source, 'no series header; open the first file of the series, NAME_000.tvips');
  const version = await cursor.i32();
  if (version !== 1 && version !== 2) throw badFile(source, `version ${version} cannot be read; expected 1 or 2`);
  const width = checkHeaderSize(source, 'the width', await cursor.i32(), 1, 2 ** 20);
  const height = checkHeaderSize(source, 'the height', await cursor.i32(), 1, 2 ** 20);
  const depth = await cursor.i32();
  if (depth !== 8 && depth !== 16) throw badFile(source, `pixels have ${depth} bits; expected 8 or 16`);
  const offset = { x: await cursor.i32(), y: await cursor.i32() };
  const binning = { x: await cursor.i32(), y: await cursor.i32() };
  const pixelNm = await cursor.i32();
  const kilovolts = await cursor.i32();
  const magnification = await cursor.i32();
  const frameHeader =
    version === 1 ? oldFrameHeader : checkHeaderSize(source, 'the header of a frame', await cursor.i32(), 12, 2 ** 20);
  return {
    width,
    height,
    depth,
    frameHeader,
    meta: {
      maker: 'TVIPS',
      bitDepth: depth,
      ...electronBeam(kilovolts * 1000),
      header: {
        version,
        offset,
        binning, // Pixel size at the specimen, not on the camera.
        pixelSizeNm: pixelNm,
        highVoltageKv: kilovolts,
        magnification,
      } as Record<string, unknown>,
    },
  };
}
