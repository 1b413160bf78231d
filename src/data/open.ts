/** Opening a file of unknown format: every format looks at its first bytes, the surest one opens it. */
import { EwaldError } from '../base/errors.js';
import { choice, flag, integer, knownOptions } from '../base/options.js';
import { type ByteSource, baseName } from './byte-source.js';
import type { Codecs } from './codecs/codecs.js';
import { latin1 } from './cursor.js';
import type { Dataset } from './dataset.js';
import { elementBytes } from './dtype.js';
import { foreignOf, type LoadH5wasm } from './foreign/browser.js';
import type { Detection, Format, FormatOptions, Probe, Services } from './format.js';
import { formats } from './formats/table.js';
import { defaultFrameBytes, tooLarge } from './shapes.js';

/** Options of `open`. */
export interface OpenOptions extends FormatOptions {
  /** The name of a format, or 'auto' (default): the surest of all that look at the file. */
  readonly format?: string | undefined;
  /** Codecs to unpack chunks with, of `openCodecs`; they stay the caller's. Default: opened when they are needed. */
  readonly codecs?: Codecs | undefined;
  /**
   * Loads h5wasm for HDF5 filters that are not known here: `() => Promise.all([import('h5wasm'),
   * import('h5wasm-plugins')])`. Default: on Node both are found where they are installed; in browsers such files are
   * refused.
   */
  readonly h5wasm?: LoadH5wasm | undefined;
}

/** A format that a file may have. */
export interface Candidate extends Detection {
  readonly format: string;
  readonly title: string;
}

const optionNames = [
  'format',
  'navShape',
  'sigShape',
  'dtype',
  'endian',
  'offset',
  'frameHeader',
  'frameFooter',
  'order',
  'dataset',
  'maxFrameBytes',
  'allowOutside',
  'checksums',
  'codecs',
  'h5wasm',
  'signal',
];
const everywhere = ['format', 'navShape', 'maxFrameBytes', 'allowOutside', 'checksums', 'codecs', 'h5wasm', 'signal'];

/** Which formats a source may have, the surest first; empty when no format knows it. */
export async function detectFormats(source: ByteSource, options: FormatOptions = {}): Promise<Candidate[]> {
  const { signal } = options;
  const head = await source.read(0, Math.min(4096, source.size), { signal });
  const text = latin1(head);
  const name = baseName(source.name).toLowerCase();
  const ending = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
  const probe: Probe = { source, ending, head, text, signal };
  const found: Candidate[] = [];
  for (const format of formats) {
    const detection = await format.detect(probe);
    if (detection) found.push({ format: format.name, title: format.title, ...detection });
  }
  // Stable: of equals the one that the table names first.
  return found.sort((a, b) => b.confidence - a.confidence);
}

/** Where nobody gave codecs: formats without packed chunks can do without. */
const bare: Services = {
  async codecs() {
    throw new EwaldError('Argument', 'the file holds packed chunks; give codecs of openCodecs()');
  },
};

/** Opens a source; the dataset closes it, and so does an error. */
export async function openSource(
  source: ByteSource,
  options: OpenOptions = {},
  services: Services = bare,
): Promise<Dataset> {
  try {
    knownOptions('open', options, optionNames);
    flag('open: checksums', options.checksums, true);
    const names = ['auto', ...formats.map(({ name }) => name)];
    const named = choice('open: format', options.format, 'auto', names);
    const format = named === 'auto' ? await surest(source, options) : formats.find(({ name }) => name === named);
    if (!format) throw unknown(source, options, await isText(source));
    const taken = [...everywhere, ...format.options];
    for (const [name, value] of Object.entries(options))
      if (value !== undefined && !taken.includes(name))
        throw new EwaldError(
          'Argument',
          `${source.name}: a file of format ${format.name} says its ${name} itself; leave it out`,
        );
    const { codecs, h5wasm } = options;
    const most = integer('open: maxFrameBytes', options.maxFrameBytes, defaultFrameBytes, 1, Number.MAX_SAFE_INTEGER);
    const dataset = await format.open(source, options, {
      ...services,
      ...(codecs ? { codecs: async () => ({ ...codecs, dispose: async () => undefined }) } : {}),
      ...(h5wasm ? { foreign: () => foreignOf(h5wasm) } : {}),
    });
    const bytes = dataset.frameLength * elementBytes(dataset.dtype);
    if (bytes > most) {
      await dataset.dispose();
      throw tooLarge(`${source.name}: frames of ${dataset.shape.signal.join(' × ')} ${dataset.dtype}`, bytes, most);
    }
    return dataset;
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function surest(source: ByteSource, options: OpenOptions): Promise<Format | undefined> {
  const [best] = await detectFormats(source, options);
  // Whoever says what the numbers are says that they are plain.
  const plain = options.dtype !== undefined && options.sigShape !== undefined;
  return formats.find(({ name }) => name === (best?.format ?? (plain ? 'raw' : undefined)));
}

/** Whether a source begins like a text: a list, a geometry, a table. */
async function isText(source: ByteSource): Promise<boolean> {
  const head = await source.read(0, Math.min(512, source.size));
  return head.length > 0 && head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
}

function unknown(source: ByteSource, options: OpenOptions, text: boolean): EwaldError {
  if (source.size === 0)
    return new EwaldError('Format', `${source.name} is empty: no byte is in it, or not yet`, {
      detail: { path: source.name, size: 0 },
    });
  const raw = options.dtype === undefined && options.sigShape === undefined;
  return new EwaldError(
    'Format',
    `${source.name} (${source.size} bytes) is in no format known here: ${formats.map(({ name }) => name).join(', ')}` +
      (raw && text
        ? '. It is a text, which holds no frames: lists of spots are for ewald index, geometries and cells for its -g and -p'
        : raw
          ? ". If it holds plain numbers, say what they are: dtype 'u16', sigShape [512, 512] (--dtype u16 --sig-shape 512,512)"
          : ''),
    { detail: { path: source.name, size: source.size } },
  );
}
