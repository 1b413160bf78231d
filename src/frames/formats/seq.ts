/** Norpix StreamPix sequences (.seq): images at equal distances, each followed by its time. */

import { badFile } from '../../bytes/bad-file.js';
import type { DataType } from '../../bytes/dtype.js';
import { Cursor } from '../cursor.js';
import type { Note } from '../dataset.js';
import type { Format } from '../format.js';
import { openFrames } from '../frames.js';
import { checkHeaderSize, countFrames, navigationShape } from '../shapes.js';

const mark = 0xfeed;
/** Position of the images before version 5, and from version 5 on. */
const [oldStart, newStart] = [1024, 8192];

export const seq: Format = {
  name: 'seq',
  title: 'Norpix StreamPix sequence (SEQ)',
  endings: ['seq'],
  options: [],
  detect({ head, text }) {
    const magic = head[0] === 0xed && head[1] === 0xfe && head[2] === 0 && head[3] === 0;
    const name = text.slice(4, 24).replaceAll('\0', '');
    if (!magic || head.length < 32) return undefined;
    return name.startsWith('Norpix seq')
      ? { confidence: 1, why: "the marker 0xFEED and 'Norpix seq'" }
      : { confidence: 0.5, why: 'the marker 0xFEED' };
  },
  async open(source, options) {
    const cursor = new Cursor(source, 0, options.signal);
    if ((await cursor.u32()) !== mark) throw badFile(source, 'this is not a sequence: it does not start with 0xFEED');
    cursor.at = 28;
    const version = await cursor.i32();
    cursor.at = 36;
    const description = new TextDecoder('utf-16le').decode(await cursor.bytes(512)).split('\0', 1)[0] ?? '';
    const width = checkHeaderSize(source, 'the width', await cursor.u32());
    const height = checkHeaderSize(source, 'the height', await cursor.u32());
    const depth = await cursor.u32();
    const trueDepth = await cursor.u32();
    const imageBytes = await cursor.u32();
    const imageFormat = await cursor.u32();
    const allocated = await cursor.u32();
    const origin = await cursor.u32();
    const stride = checkHeaderSize(source, 'the bytes from picture to picture', await cursor.u32());
    const rate = await cursor.f64();
    const dtype: DataType | undefined = depth === 8 ? 'u8' : depth === 16 ? 'u16' : depth === 32 ? 'f32' : undefined;
    if (!dtype) throw badFile(source, `pixels have ${depth} bits; expected 8, 16 or 32`);
    const storedBytes = (width * height * depth) / 8;
    if (storedBytes > stride || storedBytes > imageBytes)
      throw badFile(
        source,
        `an image of ${height} × ${width} needs ${storedBytes} bytes, but the header ` +
          `allots ${Math.min(stride, imageBytes)}; compressed sequences cannot be read`,
      );
    const offset = version >= 5 ? newStart : oldStart;
    const { frames, notes: left } = countFrames(source, offset, stride, storedBytes);
    // An image must be followed by its time; the gap after the last one may be missing.
    const taken = allocated > 0 ? Math.min(allocated, frames) : frames;
    // What follows the last one of a stated number is not a part of an image.
    const notes: Note[] = allocated === 0 || allocated > frames ? [...left] : [];
    if (allocated > frames)
      notes.push({
        kind: 'warning',
        text: `the header claims ${allocated} images, but the file holds ${frames}`,
        isCut: true,
      });
    return openFrames(source, {
      format: 'seq',
      shape: { nav: navigationShape(source, taken, [taken], options), sig: [height, width] },
      dtype,
      meta: {
        maker: 'Norpix StreamPix',
        bitDepth: trueDepth,
        ...(rate > 0 ? { exposureS: 1 / rate } : {}),
        header: { version, description, imageFormat, allocatedFrames: allocated, origin, framesPerSecond: rate },
      },
      notes,
      sizes: allocated > 0 ? [{ what: 'pictures', expected: allocated, found: frames }] : [],
      offset,
      stride,
    });
  },
};
