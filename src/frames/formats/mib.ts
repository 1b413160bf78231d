/**
 * MIB of the Merlin and Medipix readout (Quantum Detectors): a text header before every frame, U08, U16 and U32 in
 * big-endian order, or the counters as the chips deliver them ("raw", R64). The .hdr next to it describes the scan.
 *
 * Rows are in the order of the file; some readers flip the image vertically.
 */

import { badFile } from '../../bytes/bad-file.js';
import { type ByteSource, baseName, closingOnError, openSiblingIfExists } from '../../bytes/byte-source.js';
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { counted } from '../../util/amounts.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { wordTable } from '../../util/word-table.js';
import { cString, decodeLatin1 } from '../cursor.js';
import type { Dataset, Metadata, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { checkHeaderSize, countFrames, navigationShape } from '../shapes.js';
import { lineLength } from './mib-lines.js';
import { checkHead, frameNumbers, headBytes, headFields } from './mib-numbers.js';
import { type RawLayout, rawDecoder, rawLayout } from './mib-raw.js';
import { fileFrameAt, findKeptFrames } from './mib-skipped.js';

/** The header of a frame. */
export interface MibHeader {
  /** Number of the frame in its acquisition, from 1. */
  readonly number: number;
  readonly bytes: number;
  readonly chips: number;
  readonly width: number;
  readonly height: number;
  /** U08, U16, U32 or R64. */
  readonly type: string;
  /** 1x1, 2x2, 2x2G, Nx1. */
  readonly layout: string;
  readonly date: string;
  readonly exposureS: number;
  /** Bits per counter, if the header states them. */
  readonly bits: number | undefined;
  /** The fields at its start, as they are written, which those of other frames are compared with. */
  readonly fields: readonly string[];
}

const types = wordTable<DataType>({ U08: 'u8', U16: 'u16', U32: 'u32' });
const begins = /^MQ1,(\d{6,}),(\d{5}),/;

export const mib: Format = {
  name: 'mib',
  title: 'Merlin / Medipix (MIB)',
  endings: ['mib', 'hdr'],
  options: ['skipPerLine'],
  detect({ text, ending }) {
    if (begins.test(text)) return { confidence: 1, why: 'a frame header that starts with MQ1' };
    if (ending === 'hdr' && /^HDR,/.test(text) && /Assembly Size|Counter Depth/.test(text))
      return { confidence: 0.9, why: 'the header file of a Merlin acquisition' };
    return undefined;
  },
  async open(source, options) {
    const start = decodeLatin1(await source.read(0, Math.min(4, source.size), { signal: options.signal }));
    if (!start.startsWith('HDR')) return openMib(source, options, []);
    const name = baseName(source.name).replace(/\.hdr$/i, '.mib');
    const data = await openSiblingIfExists(source, name, options);
    if (!data)
      throw badFile(source, `this is the description of a scan; its frames are in ${name}, which is not next to it`);
    return closingOnError([data], () => openMib(data, options, [source]));
  },
};

async function openMib(source: ByteSource, options: FormatOptions, sources: readonly ByteSource[]): Promise<Dataset> {
  const header = await readFrameHeader(source, 0, options);
  const { dtype, signal, storedBytes, raw } = framePixels(header, source);
  const stride = header.bytes + storedBytes;
  const { frames, notes } = countFrames(source, header.bytes, stride, storedBytes);
  const acquisition = await readHdr(source, options);
  const kept = findKeptFrames(source, frames, acquisition, options);
  const scan = kept
    ? { shape: [kept.rows, kept.columns], notes: kept.notes }
    : await scanShape(source, frames, stride, acquisition, options);
  const positions = kept ? kept.rows * kept.columns : frames;
  const { numbers, notes: gaps } = await frameNumbers(source, header.number, [frames, stride], options);
  const areInOrder = numbers !== undefined && numbers.last - numbers.first + 1 === frames;
  return openFrames(source, {
    format: 'mib',
    shape: { nav: navigationShape(source, positions, scan.shape, options), sig: signal },
    dtype,
    meta: mibMetadata(header, acquisition),
    notes: [...notes, ...countNotes(acquisition, frames, kept !== undefined), ...gaps, ...scan.notes],
    numbers,
    sizes: acquisition.frames === undefined ? [] : [{ what: 'frames', expected: acquisition.frames, found: frames }],
    filters: raw ? [`R64, ${raw.bits} bit`] : [],
    sources,
    storedBytes,
    stride,
    little: raw !== undefined,
    locate: (position) => {
      const { frame, run } = kept ? fileFrameAt(kept, position) : { frame: position, run: frames - position };
      return { source, offset: header.bytes + frame * stride, run };
    },
    head: {
      before: header.bytes,
      bytes: headBytes,
      check: (head, offset) => {
        const frame = (offset - header.bytes) / stride;
        checkHead(source, head, header.fields, areInOrder ? numbers.first + frame : undefined);
      },
    },
    decode: raw && rawDecoder(raw),
  });
}

/** Whether there are other frames than the .hdr states; `isSkipping` if those that it does not count are skipped. */
function countNotes({ frames: stated }: Acquisition, frames: number, isSkipping: boolean): Note[] {
  if (stated === undefined || stated === frames || (isSkipping && stated < frames)) return [];
  const text = `the .hdr states an acquisition of ${counted(stated, 'frame')}, and the file holds ${frames}`;
  return [{ kind: 'warning', text, ...(frames < stated && { isCut: true }) }];
}

/** Reads the header of the frame that starts at `at`. Throws `Format`. */
async function readFrameHeader(source: ByteSource, at: number, { signal }: FormatOptions): Promise<MibHeader> {
  return frameHeaderOf(decodeLatin1(await source.read(at, Math.min(4096, source.size - at), { signal })), source, at);
}

/** The header at the start of `text`, which is at byte `at` of the source. Throws `Format`. */
export function frameHeaderOf(text: string, source: Pick<ByteSource, 'name'>, at: number): MibHeader {
  const start = begins.exec(text);
  if (!start) throw badFile(source, `no frame header at byte ${at}: it should start with MQ1,`);
  const bytes = checkHeaderSize(source, 'the bytes of a frame header', Number(start[2]), 64, 65536);
  const fields = cString(text.slice(0, bytes))
    .split(',')
    .map((field) => field.trim());
  const rest = fields.filter(Boolean);
  const extension = fields.findIndex((field) => /^MQ1[A-Z]$/.test(field));
  return {
    number: Number(start[1]),
    bytes,
    chips: checkHeaderSize(source, 'the number of chips', Number(fields[3]), 1, 1024),
    width: checkHeaderSize(source, 'the width', Number(fields[4]), 1, 65536),
    height: checkHeaderSize(source, 'the height', Number(fields[5]), 1, 65536),
    type: fields[6] ?? '',
    layout: fields[7] ?? '',
    date: fields[9] ?? '',
    exposureS: Number(fields[10]),
    bits: extension < 0 ? undefined : Number(rest.at(-1)),
    fields: headFields(text),
  };
}

/** The pixels of a frame with this header. Throws `Format` for types that are not read. */
export function framePixels(
  header: MibHeader,
  source: Pick<ByteSource, 'name'>,
): {
  readonly dtype: DataType;
  readonly signal: readonly [height: number, width: number];
  readonly storedBytes: number;
  /** How the chips deliver the pixels, if they are raw. */
  readonly raw: RawLayout | undefined;
} {
  const raw = header.type === 'R64' ? rawLayout(source, header) : undefined;
  const dtype = raw?.dtype ?? types[header.type];
  if (!dtype) throw badFile(source, `pixels have type ${header.type}; expected U08, U16, U32 or R64`);
  const { width, height } = raw ?? header;
  return { dtype, signal: [height, width], storedBytes: raw?.storedBytes ?? width * height * elementBytes(dtype), raw };
}

/** Contents of the .hdr. */
export interface Acquisition {
  readonly values: ReadonlyMap<string, string>;
  readonly frames: number | undefined;
  readonly perTrigger: number | undefined;
  readonly scan: readonly number[] | undefined;
}

async function readHdr(source: ByteSource, options: FormatOptions): Promise<Acquisition> {
  const file = await openSiblingIfExists(source, baseName(source.name).replace(/\.[^.]*$/, '.hdr'), options);
  const isText = file !== undefined && file.size < 2 ** 20;
  const text = isText ? decodeLatin1(await file.read(0, file.size, { signal: options.signal })) : '';
  await file?.close();
  return acquisitionOf(text);
}

/** The contents of a .hdr, or of the header that precedes the frames on a socket. */
export function acquisitionOf(text: string): Acquisition {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [key = '', value = ''] = line.split(/:\t/);
    if (value !== '') values.set(key.trim(), value.trim());
  }
  const number = (key: string): number | undefined => {
    const value = Number(values.get(key));
    return Number.isInteger(value) && value > 0 ? value : undefined;
  };
  const [x, y] = [number('ScanX'), number('ScanY')];
  return {
    values,
    frames: number('Frames in Acquisition (Number)'),
    perTrigger: number('Frames per Trigger (Number)'),
    scan: x && y ? [y, x] : undefined,
  };
}

/** The shape of the scan: as stated in the .hdr, from its triggers, or from the pauses between lines. */
async function scanShape(
  source: ByteSource,
  frames: number,
  stride: number,
  { scan, perTrigger, values }: Acquisition,
  options: FormatOptions,
): Promise<{ shape: readonly number[]; notes: readonly Note[] }> {
  if (frames === 1) return { shape: [], notes: [] };
  if (options.navShape) return { shape: [frames], notes: [] };
  const stated =
    scan ?? (perTrigger && perTrigger > 1 && perTrigger < frames ? [frames / perTrigger, perTrigger] : undefined);
  if (stated?.every(Number.isInteger) && stated.reduce((a, b) => a * b, 1) === frames)
    return {
      shape: stated,
      notes: scan ? [] : [{ kind: 'guess', text: `one line per trigger: ${perTrigger} frames`, option: 'navShape' }],
    };
  const notes: Note[] = [];
  if (stated)
    notes.push({
      kind: 'warning',
      text:
        (scan
          ? `the .hdr states ${scan.join(' × ')} frames, but the file holds ${frames}: `
          : `the .hdr states ${perTrigger} frames per trigger, which do not divide the ${frames} of the file: `) +
        'they are treated as one series',
      option: 'navShape',
    });
  // Frames of one trigger are a series, whatever their times.
  const line = perTrigger === 1 && !scan ? await lineLength(source, frames, stride, options) : undefined;
  if (line)
    return {
      shape: [frames / line, line],
      notes: [
        ...notes,
        { kind: 'guess', text: `lines of ${line}, from the pauses between frames`, option: 'navShape' },
      ],
    };
  if (!stated)
    notes.push({
      kind: 'guess',
      text:
        values.size > 0
          ? 'the .hdr does not state the shape of a scan: one series'
          : 'there is no .hdr with the shape of the scan: one series',
      option: 'navShape',
    });
  return { shape: [frames], notes };
}

/** The metadata of frames with this header. */
export function mibMetadata(header: MibHeader, { values }: Acquisition): Metadata {
  return omitUndefined({
    maker: 'Quantum Detectors Merlin',
    detector: `${
      values.get('Chip Type (Medipix 3.0, Medipix 3.1, Medipix 3RX)') ?? 'Medipix'
    }, ${header.chips === 1 ? '1 chip' : `${header.chips} chips`}`,
    serial: values.get('Chip ID')?.replace(/[\s,-]+$/, ''),
    date: header.date,
    exposureS: header.exposureS > 0 ? header.exposureS : undefined,
    bitDepth: header.bits || undefined,
    // A counter stops at its largest value.
    saturation: header.bits && header.bits > 1 ? 2 ** header.bits - 2 : undefined,
    // Every Medipix3 has pixels of 55 µm.
    pixelSizeM: { x: 55e-6, y: 55e-6 },
    header: {
      layout: header.layout,
      type: header.type,
      ...Object.fromEntries([...values].filter(([key]) => !/File/.test(key))),
    },
  });
}
