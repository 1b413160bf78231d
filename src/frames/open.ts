/**
 * Opens a file of unknown format: every format examines its first bytes, and the one with the highest confidence opens
 * it.
 */

import { tooLarge } from '../bytes/bad-file.js';
import { type ByteSource, baseName } from '../bytes/byte-source.js';
import type { Codecs } from '../bytes/codecs/codecs.js';
import { compressedEnding, decompressed } from '../bytes/compressed/source.js';
import { elementBytes } from '../bytes/dtype.js';
import { checkedOptions, row } from '../options/call-options.js';
import { argumentError, settings } from '../options/parameters.js';
import { compressedError, compressionBegin, compressionOfHead } from '../util/compression.js';
import { EwaldError } from '../util/errors.js';
import { keepsBegin } from './begin.js';
import { decodeLatin1 } from './cursor.js';
import { changedFiles, type Dataset } from './dataset.js';
import type { Detection, Format, FormatName, FormatOptions, Probe, Services } from './format.js';
import { formats } from './formats/table.js';
import { otherText } from './other-text.js';
import { openRows } from './parameters.js';
import { pictureOfHead } from './picture-files.js';
import { withoutFrames } from './shapes.js';
import { suggestedShape } from './suggested-shape.js';

/** Options of `open`. */
export interface OpenOptions extends FormatOptions {
  /** Dark frame to subtract, or several whose mean is taken: a file of frames. Frames are f32 then. Default: none. */
  readonly dark?: string | undefined;
  /** Gain factor of each pixel, applied after that: a file with one frame; 0 or NaN is a bad pixel. Default: none. */
  readonly gainMap?: string | undefined;
  /** The name of a format, or 'auto' (default): the one with the highest confidence. */
  readonly format?: FormatName | 'auto' | undefined;
  /** Codecs for unpacking chunks, from `openCodecs`; the caller keeps ownership. Default: opened on demand. */
  readonly codecs?: Codecs | undefined;
}

/** A format that a file may have. */
export interface Candidate extends Detection {
  readonly format: FormatName;
  readonly title: string;
}

const everywhere = [
  ...[
    'format',
    'navShape',
    'maxFrameBytes',
    'growing',
    'until',
    'allowMissing',
    'allowOutside',
    'checksums',
    'codecs',
    'signal',
    'constants',
    'energy',
    'dark',
    'gainMap',
  ],
];

const rows = {
  ...openRows,
  dark: row.text,
  gainMap: row.text,
  ...row.others('codecs'),
  format: row.choice(['auto', ...formats.map(({ name }) => name)], 'auto'),
  signal: row.signal,
} as const;

/** From this confidence on, a file is not searched for what its first bytes do not show. */
const almostSure = 0.9;

/** Formats that a source may have, highest confidence first; empty if none recognises it. */
export async function detectFormats(source: ByteSource, options: FormatOptions = {}): Promise<Candidate[]> {
  const { signal } = options;
  const head = await source.read(0, Math.min(4096, source.size), { signal });
  const text = decodeLatin1(head);
  const name = baseName(source.name).toLowerCase().replace(compressedEnding, '');
  const ending = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
  const probe: Probe = { source, ending, head, text, signal };
  const found: Candidate[] = [];
  for (const format of formats) {
    const detection = await format.detect(probe);
    if (detection) found.push({ format: format.name, title: format.title, ...detection });
  }
  if (!found.some(({ confidence }) => confidence >= almostSure))
    for (const format of formats) {
      const detection = await format.search?.(probe);
      if (detection) found.push({ format: format.name, title: format.title, ...detection });
    }
  // The sort is stable: among equals, the first in the table wins.
  return found.sort((a, b) => b.confidence - a.confidence);
}

/** Services without codecs, sufficient for formats without packed chunks. */
const bare: Services = {
  async codecs() {
    throw new EwaldError('Argument', 'the file holds packed chunks; pass codecs from openCodecs()');
  },
};

/** Options that say what a file without a header is. */
const describing: readonly string[] = formats.flatMap(({ name, options }) => (name === 'raw' ? options : []));

/**
 * Opens a source, which may be compressed as a whole by gzip or bzip2; the dataset closes it, and so does an error.
 */
export async function openSource(
  byteSource: ByteSource,
  options: OpenOptions = {},
  services: Services = bare,
): Promise<Dataset> {
  let source = byteSource;
  // A file that grows is read anew each time.
  const begun = byteSource.path === undefined || options.growing ? undefined : keepsBegin(byteSource);
  try {
    const checked = checkedOptions('open', options, rows);
    const { format: named, codecs, maxFrameBytes: most } = checked;
    source = await decompressed(begun?.source ?? byteSource, checked);
    const format = named === 'auto' ? await surest(source, options) : formats.find(({ name }) => name === named);
    if (!format) {
      await refuseCompressed(source);
      throw unknown(source, options, await isText(source), await otherFile(source));
    }
    const taken = [...everywhere, ...format.options];
    for (const [name, value] of Object.entries(options))
      if (value !== undefined && !taken.includes(name))
        throw argumentError(
          '',
          (said) =>
            `${source.name}: a file of format ${format.name} ` +
            `${describing.includes(name) ? `states its ${said(name)} itself` : `has no ${said(name)}`}; omit the option`,
        );
    const dataset = await format.open(source, options, {
      ...services,
      ...(codecs ? { codecs: async () => ({ ...codecs, dispose: async () => undefined }) } : {}),
    });
    // Frames of a file that is being written may still come.
    if (dataset.frames * dataset.frameLength === 0 && !options.growing) {
      await dataset.dispose();
      const { shape, arrays } = dataset;
      throw withoutFrames(source.name, [...shape.nav, ...shape.sig], arrays.find(({ chosen }) => chosen)?.name);
    }
    const bytes = dataset.frameLength * elementBytes(dataset.dtype);
    if (bytes > most) {
      await dataset.dispose();
      throw tooLarge(`${source.name}: frames of ${dataset.shape.sig.join(' × ')} ${dataset.dtype}`, bytes, most);
    }
    begun?.forget();
    const { changes } = byteSource;
    const own = dataset[changedFiles];
    if (!changes) return dataset;
    // What a format finds out at the end is said beside it.
    const all = own ? async () => (await Promise.all([changes(), own()])).flat() : changes;
    return Object.assign(dataset, { [changedFiles]: all });
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function surest(source: ByteSource, options: OpenOptions): Promise<Format | undefined> {
  const [best] = await detectFormats(source, options);
  // A caller who describes the numbers declares that they are plain.
  const plain = options.dtype !== undefined && options.sigShape !== undefined;
  return formats.find(({ name }) => name === (best?.format ?? (plain ? 'raw' : undefined)));
}

/** Whether a source starts like a text file: a list, a geometry, a table. */
async function isText(source: ByteSource): Promise<boolean> {
  const head = await firstBytesOf(source);
  return head.length > 0 && head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
}

const firstBytesOf = (source: ByteSource): Promise<Uint8Array> => source.read(0, Math.min(512, source.size));

/** What a file without frames is; undefined if it is none of the known kinds. */
async function otherFile(source: ByteSource): Promise<string | undefined> {
  const head = decodeLatin1(await firstBytesOf(source));
  return otherText(head) ?? pictureOfHead(head);
}

/** Throws `Format` for a file in a compression that is not read; gzip and bzip2 have been unpacked before. */
async function refuseCompressed(source: ByteSource): Promise<void> {
  const compression = compressionOfHead(await source.read(0, Math.min(compressionBegin, source.size)));
  if (compression) throw compressedError(source.name, compression);
}

function unknown(source: ByteSource, options: OpenOptions, text: boolean, other: string | undefined): EwaldError {
  if (source.size === 0)
    return new EwaldError('Format', `${source.name} is empty: it has no bytes, or none yet`, {
      detail: { path: source.name, size: 0 },
    });
  if (other !== undefined)
    return new EwaldError('Format', `${source.name} holds no frames; it is ${other}`, {
      detail: { path: source.name, size: source.size },
    });
  const raw = options.dtype === undefined || options.sigShape === undefined;
  return argumentError(
    '',
    (said) =>
      `${source.name} (${source.size} bytes) has none of the known ` +
      `formats: ${formats.map(({ name }) => name).join(', ')}` +
      (raw && text
        ? '. It is a text file, which holds no frames: lists of spots are inputs of ewald index, geometries and ' +
          'cells belong to its -g and -p'
        : raw
          ? `. If it holds plain numbers, describe them: ${settings(said, suggestedShape(source.size, options.dtype))}`
          : ''),
    { path: source.name, size: source.size },
    'Format',
  );
}
