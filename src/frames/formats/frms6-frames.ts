/**
 * Frames of PNDetector's pnCCD. Source: LiberTEM's description of the format.
 *
 * A file has a header of 1024 bytes, and each frame one of 64. The two halves of the detector are read out towards
 * opposite edges: a stored row holds a row of the upper half and, after it and backwards, the row of the lower half
 * that mirrors it. With binning, each stored row stands for several rows of the detector.
 */

import { badFile } from '../../bytes/bad-file.js';
import { type ByteSource, baseName, closingOnError, openSiblingIfExists } from '../../bytes/byte-source.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { decodeLatin1 } from '../cursor.js';
import type { Dataset, Metadata, Note } from '../dataset.js';
import type { FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { checkFrameFits, checkHeaderSize, checkShape, navigationShape } from '../shapes.js';

const [fileHeaderBytes, frameHeaderBytes] = [1024, 64];
const maxHeaderText = 2 ** 20;
const maxFiles = 10_000;
/** Dark frames that are read at a time. */
const darkAtOnce = 16;

/** A file of frames. */
interface FrmsFile {
  readonly source: ByteSource;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Files of a set with its frames in a row. */
type Placed = FrmsFile & { readonly first: number };

/** Contents of the .hdr. */
interface Described {
  readonly bin: number;
  readonly scan: readonly number[] | undefined;
  readonly frames: number | undefined;
  readonly meta: Metadata;
}

/** Opens the set that a file belongs to; `dataset: 'dark'` opens its dark frames. */
export async function openFrms6(source: ByteSource, options: FormatOptions): Promise<Dataset> {
  const { dataset = 'frames' } = options;
  if (dataset !== 'frames' && dataset !== 'dark')
    throw new EwaldError('Argument', `${source.name} has no array ${dataset}; there are frames and dark`);
  const others: ByteSource[] = [];
  return closingOnError(others, async () => {
    const { text, files } = await filesOf(source, others, options);
    const parts: FrmsFile[] = [];
    for (const file of files) parts.push(await partOf(file, options));
    const [first] = parts;
    if (!first)
      throw new EwaldError('File', `${source.name} describes a scan, but there is no ${stemOf(source)}_000.frms6`, {
        detail: { path: source.name },
      });
    for (const part of parts)
      if (part.width !== first.width || part.height !== first.height)
        throw badFile(
          part.source,
          `frames are stored as ${part.height} × ${part.width}, those of ${baseName(first.source.name)} as ` +
            `${first.height} × ${first.width}`,
        );
    const about = describe(source, text);
    const isDark = ({ source: { name } }: FrmsFile): boolean => /_0+\.frms6$/i.test(name);
    const [dark, signal] = [parts.filter(isDark), parts.filter((part) => !isDark(part))];
    const chosen = placeParts(dataset === 'dark' ? dark : signal);
    const total = chosen.reduce((sum, { frames }) => sum + frames, 0);
    if (total === 0)
      throw badFile(source, dataset === 'dark' ? 'there are no dark frames' : 'there are dark frames only', {
        files: parts.length,
      });
    const shape = [2 * first.height * about.bin, first.width / 2] as const;
    const notes = notesOf(source, text, about, total, dataset);
    const scan = dataset === 'frames' && about.scan && product(about.scan) === total;
    const readDark = dark.length > 0 && dataset === 'frames';
    return openFrames(source, {
      format: 'frms6',
      shape: {
        nav: navigationShape(source, total, scan && about.scan ? about.scan : [total], options),
        sig: shape,
      },
      dtype: 'u16',
      meta: about.meta,
      notes,
      arrays: [
        { name: 'frames', frames: placeParts(signal) },
        { name: 'dark', frames: placeParts(dark) },
      ].flatMap(({ name, frames }) => {
        const count = frames.reduce((sum, part) => sum + part.frames, 0);
        return count === 0 ? [] : [{ name, shape: [count, ...shape], dtype: 'u16' as const, chosen: name === dataset }];
      }),
      sizes:
        about.frames === undefined || dataset === 'dark'
          ? []
          : [{ what: 'frames', expected: about.frames, found: total }],
      sources: others,
      dark: readDark ? (signal) => meanFrame(placeParts(dark), first, about.bin, signal) : undefined,
      storedBytes: 2 * first.width * first.height,
      stride: frameHeaderBytes + 2 * first.width * first.height,
      locate: (frame) => locate(chosen, frame),
      decode: (stored, into) => unfold(stored, into, first, about.bin),
    });
  });
}

const stemOf = ({ name }: ByteSource): string => baseName(name).replace(/(_\d+)?\.(frms6|hdr)$/i, '');

/** The header's text and the files of frames, in order; files that were opened are added to `others`. */
async function filesOf(
  source: ByteSource,
  others: ByteSource[],
  options: FormatOptions,
): Promise<{ text: string | undefined; files: readonly ByteSource[] }> {
  const own = baseName(source.name);
  const stem = stemOf(source);
  const isHdr = /\.hdr$/i.test(own);
  const header = isHdr ? source : await openSiblingIfExists(source, `${stem}.hdr`, options);
  let text: string | undefined;
  try {
    if (header && header.size > maxHeaderText) throw badFile(header, `${header.size} bytes are too many for a header`);
    text = header && decodeLatin1(await header.read(0, header.size, options));
  } finally {
    if (header !== source) await header?.close();
  }
  const digits = /_(\d+)\.frms6$/i.exec(own)?.[1];
  if (!isHdr && digits === undefined) return { text, files: [source] };
  const files: ByteSource[] = [];
  for (let number = 0; number < maxFiles; number++) {
    const name = `${stem}_${String(number).padStart(digits?.length ?? 3, '0')}.frms6`;
    const file = name === own ? source : await openSiblingIfExists(source, name, options);
    // The dark frames may be absent.
    if (!file && number > 0) break;
    if (!file) continue;
    if (file !== source) others.push(file);
    files.push(file);
  }
  // A file after a gap is opened with those that follow it.
  return { text, files: isHdr || files.includes(source) ? files : [...files, source] };
}

async function partOf(source: ByteSource, { signal }: FormatOptions): Promise<FrmsFile> {
  checkFrameFits(source, 0, fileHeaderBytes, 'the header');
  const head = await source.read(0, fileHeaderBytes, { signal });
  const view = new DataView(head.buffer, head.byteOffset);
  const [size, frameSize, version] = [view.getUint16(0, true), view.getUint16(2, true), view.getUint8(7)];
  if (size !== fileHeaderBytes || frameSize !== frameHeaderBytes || version !== 6)
    throw badFile(
      source,
      `the header states ${size} bytes, ${frameSize} per frame and version ${version}; expected 1024, 64 and 6`,
    );
  const width = checkHeaderSize(source, 'the width', view.getUint16(88, true), 2);
  const height = checkHeaderSize(source, 'the height', view.getUint16(90, true));
  if (width % 2 !== 0) throw badFile(source, `rows of ${width} pixels cannot hold two halves of the detector`);
  const stride = frameHeaderBytes + 2 * width * height;
  const room = Math.floor((source.size - fileHeaderBytes) / stride);
  // Older files do not state the number of frames.
  const stated = view.getUint32(1020, true);
  if (stated > room)
    throw badFile(source, `the header states ${stated} frames, but the file holds ${room}. Is it truncated?`, {
      expected: stated,
      found: room,
    });
  if (stated === 0 && (source.size - fileHeaderBytes) % stride !== 0)
    throw badFile(
      source,
      `the header states no number of frames, and its ${source.size - fileHeaderBytes} bytes are no whole number of ` +
        `frames of ${stride}. Is it truncated?`,
    );
  return { source, width, height, frames: stated || room };
}

/** The sections of an INI file, with names in lower case. */
function describe(source: ByteSource, text: string | undefined): Described {
  const values = new Map<string, string>();
  let section = '';
  for (const line of (text ?? '').split(/\r?\n/)) {
    const [, name] = /^\s*\[(.*)\]\s*$/.exec(line) ?? [];
    if (name !== undefined) section = name.toLowerCase();
    const [, key, value] = /^\s*([^=:;#[]+?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === 'measurementinfo' && key && value !== undefined) values.set(key.toLowerCase(), value);
  }
  if (text !== undefined && values.size === 0) throw badFile(source, 'the .hdr has no section [measurementInfo]');
  const mode = values.get('readoutmode');
  const [, binned, rows, columns] = /bin:\s*(\d+)\s*,\s*windowing:\s*(\d+)\s*x\s*(\d+)/.exec(mode ?? '') ?? [];
  if (mode !== undefined && binned === undefined)
    throw badFile(source, `the .hdr states the readout mode ${mode}; expected "bin: 1, windowing: 264 x 264"`);
  const bin = Number(binned ?? 1);
  if (bin !== 1 && bin !== 2 && bin !== 4) throw badFile(source, `the .hdr states binning by ${bin}; expected 1, 2, 4`);
  const number = (key: string): number | undefined => {
    const value = Number(values.get(key) ?? Number.NaN);
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  };
  const size = /^"?(\d+)\s*x\s*(\d+)"?$/.exec(values.get('stemimagesize') ?? '');
  const scan = size ? [Number(size[1]), Number(size[2])] : undefined;
  const dwell = number('dwelltimemicroseconds');
  return {
    bin,
    scan: scan && checkShape('the scan of the .hdr', scan),
    frames: number('signalframes'),
    meta: {
      maker: 'PNDetector',
      detector: 'pnCCD',
      ...(dwell ? { exposureS: dwell / 1e6 } : {}),
      header: {
        ...Object.fromEntries(values),
        ...(rows === undefined ? {} : { windowing: [Number(rows), Number(columns)] }),
      },
    },
  };
}

function notesOf(
  source: ByteSource,
  text: string | undefined,
  { scan, bin }: Described,
  frames: number,
  dataset: string,
): Note[] {
  const notes: Note[] = [];
  if (text === undefined)
    notes.push({
      kind: 'guess',
      text: `there is no ${stemOf(source)}.hdr: the frames are one series without binning`,
      option: 'navShape',
    });
  if (dataset === 'dark') return notes;
  const stated = scan?.reduce((a, b) => a * b, 1);
  if (scan && stated !== frames)
    notes.push({
      kind: 'warning',
      text: `the .hdr states a scan of ${scan.join(' × ')}, but there are ${frames} frames: they are one series`,
      option: 'navShape',
    });
  else if (scan && scan[0] !== scan[1])
    notes.push({
      kind: 'guess',
      text: `the scan of ${scan.join(' × ')} has rows first; the .hdr does not say which number is which`,
      option: 'navShape',
    });
  if (bin > 1) notes.push({ kind: 'guess', text: `each of the stored rows is repeated ${bin} times (binning)` });
  return notes;
}

function placeParts(parts: readonly FrmsFile[]): Placed[] {
  let first = 0;
  return parts.map((part) => {
    first += part.frames;
    return { ...part, first: first - part.frames };
  });
}

function locate(parts: readonly Placed[], frame: number): { source: ByteSource; offset: number; run: number } {
  const part = parts.findLast(({ first, frames }) => first <= frame && frames > 0) as Placed;
  const within = frame - part.first;
  const stride = frameHeaderBytes + 2 * part.width * part.height;
  return {
    source: part.source,
    offset: fileHeaderBytes + frameHeaderBytes + within * stride,
    run: part.frames - within,
  };
}

/** Puts the halves of a frame in place. */
function unfold(stored: Uint8Array, into: Uint8Array, { width, height }: FrmsFile, bin: number): void {
  const half = width / 2;
  const last = 2 * height * bin - 1;
  for (let y = 0; y < height; y++) {
    const row = stored.subarray(2 * y * width, 2 * (y + 1) * width);
    const [top, bottom] = [y * bin, last - y * bin];
    into.set(row.subarray(0, width), 2 * top * half);
    const below = into.subarray(2 * bottom * half, 2 * (bottom + 1) * half);
    for (let x = 0; x < half; x++) {
      below[2 * x] = row[2 * (width - 1 - x)] as number;
      below[2 * x + 1] = row[2 * (width - 1 - x) + 1] as number;
    }
    for (let i = 1; i < bin; i++) {
      into.copyWithin(2 * (top + i) * half, 2 * top * half, 2 * (top + 1) * half);
      into.copyWithin(2 * (bottom - i) * half, 2 * bottom * half, 2 * (bottom + 1) * half);
    }
  }
}

/** The mean of all dark frames, [y, x]. */
async function meanFrame(
  parts: readonly Placed[],
  part: FrmsFile,
  bin: number,
  signal: FormatOptions['signal'],
): Promise<Float64Array> {
  const pixels = part.width * part.height;
  const sum = new Float64Array(pixels * bin);
  const unfolded = new Uint8Array(2 * pixels * bin);
  const view = new DataView(unfolded.buffer);
  const stride = frameHeaderBytes + 2 * pixels;
  let count = 0;
  for (const { source, frames } of parts)
    for (let first = 0; first < frames; first += darkAtOnce) {
      const some = Math.min(darkAtOnce, frames - first);
      const bytes = await source.read(fileHeaderBytes + first * stride, some * stride, { signal });
      for (let i = 0; i < some; i++) {
        const at = i * stride + frameHeaderBytes;
        unfold(bytes.subarray(at, at + 2 * pixels), unfolded, part, bin);
        for (let p = 0; p < sum.length; p++) sum[p] = (sum[p] as number) + view.getUint16(2 * p, true);
      }
      count += some;
    }
  return sum.map((value) => value / count);
}
