/**
 * CBF: images in a CIF. Reads the short headers of Pilatus and Eiger ("miniCBF") and full imgCIF; several panels of one
 * size in one file form one frame [panel, y, x].
 */

import { badFile } from '../../bytes/bad-file.js';
import { swapBytes } from '../../bytes/byte-order.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { compare, type Digests, hexOf, plainDigests, readAnyway } from '../../bytes/checksums/check.js';
import { type DataType, elementBytes, elements } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import { littleEndianMachine } from '../../util/number-bytes.js';
import { product } from '../../util/product.js';
import { wordTable } from '../../util/word-table.js';
import { decodeLatin1 } from '../cursor.js';
import type { Dataset, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { checkFrameFits, checkHeaderSize, navigationShape } from '../shapes.js';
import { withoutPlace } from '../turned-detector.js';
import { panelsOf } from './cbf-axes.js';
import { decodeByteOffset } from './cbf-bytes.js';
import { describeCbf } from './cbf-header.js';
import { decodePacked } from './cbf-packed.js';
import { parseCif } from './cif.js';

const boundary = '--CIF-BINARY-FORMAT-SECTION--';
/** The bytes between the text of a section and its numbers. */
const mark = '\x0c\x1a\x04\xd5';
const maxHeader = 2 ** 24;
/** The header of a section has about twenty lines. */
const maxSectionHeader = 2 ** 14;

const types = wordTable<DataType>({
  'signed 8-bit integer': 'i8',
  'unsigned 8-bit integer': 'u8',
  'signed 16-bit integer': 'i16',
  'unsigned 16-bit integer': 'u16',
  'signed 32-bit integer': 'i32',
  'unsigned 32-bit integer': 'u32',
  'signed 32-bit real ieee': 'f32',
  'signed 64-bit real ieee': 'f64',
});

type Compression = 'none' | 'byte offset' | 'packed';
const compressions = wordTable<Compression>({
  'x-cbf_none': 'none',
  'x-cbf_byte_offset': 'byte offset',
  'x-cbf_packed': 'packed',
});

interface Section {
  /** Position of its numbers. */
  readonly offset: number;
  readonly bytes: number;
  readonly compression: Compression;
  readonly dtype: DataType;
  readonly little: boolean;
  /** The digest of its stored bytes, in hexadecimal; undefined if the file has none. */
  readonly md5: string | undefined;
  /** [y, x] as stated by the section; absent if only the surrounding CIF states it. */
  readonly shape: readonly number[] | undefined;
}

export const cbf: Format = {
  name: 'cbf',
  title: 'CBF (Pilatus, Eiger, imgCIF)',
  endings: ['cbf', 'imgcif'],
  options: [],
  detect({ text }) {
    if (text.startsWith('###CBF:')) return { confidence: 1, why: 'it starts with ###CBF:' };
    return text.includes(boundary) ? { confidence: 0.9, why: 'a CIF with a binary section' } : undefined;
  },
  async open(source, options, { digests = plainDigests }) {
    const { sections, text } = await readSections(source, options);
    return openSections(source, sections, text, options, digests);
  },
};

async function openSections(
  source: ByteSource,
  sections: readonly Section[],
  text: string,
  options: FormatOptions,
  digests: Digests,
): Promise<Dataset> {
  const [first] = sections;
  if (!first) throw badFile(source, `no binary section (${boundary}) found`);
  const items = parseCif(text);
  const { dtype, compression } = first;
  const shape = first.shape ?? readShape(source, items.get('_array_structure_list.dimension'));
  const pixels = product(shape);
  for (const [i, section] of sections.entries()) checkSection(source, section, i, { shape, dtype });
  const { turned, ...described } = describeCbf(source, text, items, shape);
  const panels = sections.length;
  const frameBytes = pixels * elementBytes(dtype);
  const placed = panelsOf(items);
  // Panels are placed by the axes that turn them.
  const { meta, notes } = placed ? described : withoutPlace(described, turned);
  const unplaced: Note[] =
    items.has('_axis.id') && !placed
      ? [{ kind: 'missing', text: 'positions of the panels: the axes of the CIF do not state them; use a .geom file' }]
      : [];
  const several: Note[] =
    panels > 1 ? [{ kind: 'guess', text: `${panels} binary sections of one size form the panels of one frame` }] : [];
  return openFrames(source, {
    format: 'cbf',
    shape: { nav: navigationShape(source, 1, [], options), sig: panels > 1 ? [panels, ...shape] : shape },
    dtype,
    meta: { ...meta, ...(placed ? { panels: placed } : {}) },
    notes: [...notes, ...several, ...unplaced],
    filters: compression === 'none' ? [] : [compression],
    sizes: [{ what: 'pixels', expected: pixels * panels, found: pixels * panels }],
    async readFrame(_, into, signal) {
      for (const [panel, section] of sections.entries()) {
        const check = (bytes: Uint8Array): void => {
          if (section.md5 !== undefined)
            compare('MD5', section.md5, hexOf(digests.md5(bytes)), panels > 1 ? `panel ${panel}` : 'the picture');
        };
        const place = into.subarray(panel * frameBytes, (panel + 1) * frameBytes);
        if (section.compression === 'none') {
          await source.read(section.offset, place, { signal });
          // The digest also covers the bytes after the pixels.
          check(section.bytes === place.length ? place : await source.read(section.offset, section.bytes, { signal }));
          if (first.little !== littleEndianMachine) swapBytes(place, elementBytes(dtype), source);
        } else {
          const stored = await source.read(section.offset, section.bytes, { signal });
          check(stored);
          decompress(stored, place, section.compression, { shape, dtype });
        }
      }
    },
  });
}

/** The pixels that all sections of a file have in common. */
interface Pixels {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** Throws `Format` if a section has other pixels than the first, or fewer bytes than they need. */
function checkSection(source: ByteSource, section: Section, i: number, { shape, dtype }: Pixels): void {
  const other = section.shape ?? shape;
  if (other.join() !== shape.join() || section.dtype !== dtype)
    throw badFile(
      source,
      `panel ${i} is ${other.join(' × ')} ${section.dtype}, the first one ${shape.join(' × ')} ${dtype}; ` +
        'all panels must be equal',
    );
  if (section.compression === 'packed') {
    if (dtype !== 'i32' && dtype !== 'u32')
      throw badFile(source, `packed elements of ${dtype} cannot be read; expected i32 or u32`);
    if ((shape.at(-1) as number) < 2) throw badFile(source, 'packed images of one column cannot be read');
  }
  // Byte offset takes at least one byte per pixel; 128 packed pixels without errors take 6 bits.
  const shares = { none: elementBytes(dtype), 'byte offset': 1, packed: 6 / 8 / 128 };
  const least = Math.floor(product(shape) * shares[section.compression]);
  if (section.bytes < least)
    throw badFile(
      source,
      `an image of ${shape.join(' × ')} ${dtype} needs at least ${least} bytes, but section ${i} has ${section.bytes}`,
    );
}

/** Decompresses the pixels of a section into their memory. */
function decompress(
  stored: Uint8Array,
  into: Uint8Array,
  compression: 'byte offset' | 'packed',
  { shape, dtype }: Pixels,
): void {
  const pixels = into.byteLength / elementBytes(dtype);
  if (compression === 'packed') {
    const [rows = 1, columns = 1] = shape.slice(-2);
    const out = new Int32Array(into.buffer, into.byteOffset, pixels);
    decodePacked(stored, out, [pixels / rows / columns, rows, columns]);
    return;
  }
  const out = new elements[dtype].array(into.buffer, into.byteOffset, pixels);
  decodeByteOffset(stored, out as Int32Array);
}

/** Reads the text and the headers of all binary sections, but not their numbers. */
async function readSections(
  source: ByteSource,
  { signal, checksums = true }: FormatOptions,
): Promise<{ sections: Section[]; text: string }> {
  const sections: Section[] = [];
  let text = '';
  let at = 0;
  for (;;) {
    const untilMark = await readUntilMark(source, at, signal);
    if (!untilMark) break;
    const begin = untilMark.text.lastIndexOf(boundary);
    // The opening line, not the closing line of the section before.
    text += begin < 0 ? untilMark.text : untilMark.text.slice(0, begin);
    const section = readSection(source, untilMark.text.slice(Math.max(0, begin)), untilMark.end, checksums);
    sections.push(section);
    at = section.offset + section.bytes;
    if (sections.length > 4096) throw badFile(source, 'more than 4096 binary sections');
  }
  return { sections, text };
}

/** The text up to the next marker before numbers; undefined if there is none. */
async function readUntilMark(
  source: ByteSource,
  at: number,
  signal: AbortSignal | undefined,
): Promise<{ text: string; end: number } | undefined> {
  for (let length = 2 ** 15; ; length *= 4) {
    const here = Math.min(length, source.size - at);
    const text = decodeLatin1(await source.read(at, here, { signal }));
    const place = text.indexOf(mark);
    if (place >= 0) return { text: text.slice(0, place), end: at + place + mark.length };
    if (here === source.size - at || length >= maxHeader) return undefined;
  }
}

function readSection(source: ByteSource, header: string, offset: number, checksums: boolean): Section {
  if (header.length > maxSectionHeader)
    throw badFile(
      source,
      `the header of the section at byte ${offset} has ${header.length} bytes; expected a few hundred`,
    );
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}:[ \\t]*"?([^"\\r\\n]*)"?`, 'im').exec(header)?.[1]?.trim();
  const whole = (key: string): number | undefined => (value(key) === undefined ? undefined : Number(value(key)));
  const conversions = /conversions="?([\w-]+)"?/i.exec(header)?.[1]?.toLowerCase() ?? 'x-cbf_none';
  const compression = compressions[conversions];
  const parameter = /conversions=[^\n]*;\s*"?(uncorrelated_sections|flat)/i.exec(header)?.[1];
  if (!compression || parameter)
    throw new EwaldError(
      'Unsupported',
      `${source.name} is compressed by ${parameter ?? conversions}, which cannot be read; ` +
        'expected x-CBF_BYTE_OFFSET, x-CBF_PACKED or x-CBF_NONE',
      { detail: { path: source.name, compression: conversions } },
    );
  const encoding = value('Content-Transfer-Encoding') ?? 'BINARY';
  if (!/^binary$/i.test(encoding))
    throw badFile(source, `numbers encoded as ${encoding} cannot be read; expected BINARY`);
  const type = (value('X-Binary-Element-Type') ?? 'signed 32-bit integer').toLowerCase();
  const dtype = types[type];
  if (!dtype)
    throw badFile(
      source,
      `elements of type "${type}" cannot be read; ` + `expected one of ${Object.keys(types).join(', ')}`,
    );
  const bytes = checkHeaderSize(
    source,
    'X-Binary-Size',
    whole('X-Binary-Size') ?? source.size - offset,
    1,
    source.size,
  );
  checkFrameFits(source, offset, bytes, 'the binary section');
  const [fast, slow] = [whole('X-Binary-Size-Fastest-Dimension'), whole('X-Binary-Size-Second-Dimension')];
  const third = whole('X-Binary-Size-Third-Dimension') ?? 1;
  const given = fast !== undefined && slow !== undefined;
  return {
    offset,
    bytes,
    compression,
    dtype,
    md5: checksums ? digestOf(source, value('Content-MD5')) : undefined,
    little: !/big/i.test(value('X-Binary-Element-Byte-Order') ?? ''),
    shape: given
      ? [
          ...(third > 1 ? [checkHeaderSize(source, 'the third dimension', third)] : []),
          checkHeaderSize(source, 'the second dimension', slow),
          checkHeaderSize(source, 'the fastest dimension', fast),
        ]
      : undefined,
  };
}

/** The digest stated in a header, in hexadecimal. Throws `Format` if it is malformed. */
function digestOf(source: ByteSource, base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === '') return undefined;
  if (/^[A-Za-z0-9+/]{22}(==)?$/.test(base64))
    return hexOf(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
  throw badFile(
    source,
    `Content-MD5 is "${base64.slice(0, 40)}", which is not an MD5 in base64: the header is damaged; ${readAnyway}`,
  );
}

/** The size from _array_structure_list, fastest dimension first. */
function readShape(source: ByteSource, dimensions: readonly string[] | undefined): readonly number[] {
  if (!dimensions || dimensions.length < 2)
    throw badFile(source, 'neither the binary section nor _array_structure_list states the size of the image');
  return dimensions
    .slice(0, 2)
    .map((size) => checkHeaderSize(source, 'a dimension', Number(size)))
    .reverse();
}
