/**
 * OXD, the format of Oxford Diffraction and Rigaku CCDs (.img): 256 bytes of text, binary sections, one image whose
 * differences are stored as bytes (TY1). The offsets of values in the sections were found by comparison with fabio.
 */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { decodeLatin1 } from '../cursor.js';
import { checkFileBytes } from '../cut-files.js';
import type { Metadata, Note } from '../dataset.js';
import type { Format } from '../format.js';
import { openFrames } from '../frames.js';
import { checkFrameFits, checkHeaderSize, navigationShape } from '../shapes.js';
import { armOf, withoutPlace } from '../turned-detector.js';

const textBytes = 256;

export const oxd: Format = {
  name: 'oxd',
  title: 'Oxford Diffraction / Rigaku (OXD)',
  endings: ['img'],
  options: [],
  detect({ text }) {
    return text.startsWith('OD SAPPHIRE') ? { confidence: 1, why: "it starts with 'OD SAPPHIRE'" } : undefined;
  },
  async open(source, options) {
    const text = decodeLatin1(await source.read(0, Math.min(textBytes, source.size), { signal: options.signal }));
    if (!text.startsWith('OD SAPPHIRE'))
      throw badFile(source, "this is not an OXD image: it does not start with 'OD SAPPHIRE'");
    const number = (key: string): number => Number(new RegExp(`\\b${key}=\\s*(\\d+)`).exec(text)?.[1] ?? Number.NaN);
    const width = checkHeaderSize(source, 'NX', number('NX'));
    const height = checkHeaderSize(source, 'NY', number('NY'));
    const offset = checkHeaderSize(source, 'NHEADER', number('NHEADER'), textBytes, source.size);
    const compression = /COMPRESSION=\s*([A-Z0-9]+)/.exec(text)?.[1] ?? '';
    const pixels = width * height;
    const description = {
      format: 'oxd',
      shape: { nav: navigationShape(source, 1, [], options), sig: [height, width] },
      ...(await describe(source, text, options.signal)),
    };
    if (compression === 'NO') {
      checkFrameFits(source, offset, pixels * 4, `an image of ${height} × ${width} i32`);
      return openFrames(source, { ...description, dtype: 'i32', offset });
    }
    if (compression !== 'TY1')
      throw badFile(source, `compression ${compression || 'without a name'} cannot be read; expected TY1 or NO`);
    const [words, longs] = [
      checkHeaderSize(source, 'OI', number('OI'), 0, pixels),
      checkHeaderSize(source, 'OL', number('OL'), 0, pixels),
    ];
    const storedBytes = pixels + 2 * words + 4 * longs;
    checkFrameFits(
      source,
      offset,
      storedBytes,
      `an image of ${height} × ${width} with ${words} words and ${longs} longs`,
    );
    return openFrames(source, {
      ...description,
      // 16 bits hold every value unless a long difference occurs.
      dtype: longs === 0 ? 'i16' : 'i32',
      filters: ['OXD TY1'],
      sizes: [checkFileBytes(source, offset + storedBytes)],
      offset,
      storedBytes,
      decode: (stored, into) => decodeTy1(stored, pixels, words, longs === 0 ? int16(into) : int32(into)),
    });
  },
};

const int16 = (bytes: Uint8Array): Int16Array => new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
const int32 = (bytes: Uint8Array): Int32Array => new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** One byte per pixel: the difference from the one before, plus 127; 254 refers to the words, 255 to the longs. */
function decodeTy1(stored: Uint8Array, pixels: number, words: number, out: Int16Array | Int32Array): void {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  let word = pixels;
  let long = pixels + 2 * words;
  let value = 0;
  for (let i = 0; i < pixels; i++) {
    const byte = stored[i] as number;
    if (byte < 254) value += byte - 127;
    else if (byte === 254) {
      if (word + 2 > pixels + 2 * words) throw new Error(`more than the ${words} 16-bit differences the header states`);
      value += view.getInt16(word, true);
      word += 2;
    } else {
      if (long + 4 > stored.length) throw new Error('more 32-bit differences than the header states');
      value += view.getInt32(long, true);
      long += 4;
    }
    out[i] = value;
    if (out[i] !== value)
      throw new Error(
        `pixel ${i} is ${value}, more than the ${8 * out.BYTES_PER_ELEMENT} bits of an image with these differences`,
      );
  }
}

/** On a kappa goniometer, theta is the arm of the detector. */
async function describe(
  source: ByteSource,
  text: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly meta: Metadata; readonly notes: readonly Note[] }> {
  const meta = await readMetadata(source, text, signal);
  const axes = (meta.header?.axes ?? []) as readonly { readonly name: string; readonly start: number }[];
  return withoutPlace({ meta, notes: [] }, armOf('theta', axes.find(({ name }) => name === 'theta')?.start));
}

async function readMetadata(source: ByteSource, text: string, signal: AbortSignal | undefined): Promise<Metadata> {
  const size = (key: string): number => Number(new RegExp(`\\b${key}=\\s*(\\d+)`).exec(text)?.[1] ?? 0);
  const general = textBytes;
  const special = general + size('NG');
  // NS occurs twice; the first one is the special section.
  const km4 = special + size('NS');
  const date = /TIME=([\x20-\x7e]*)/.exec(text)?.[1]?.trim() || undefined;
  const maker = 'Oxford Diffraction';
  if (size('NK') < 720 || size('NG') < 64 || size('NS') < 600 || km4 + 720 > source.size)
    return omitUndefined({ maker, date });
  const bytes = await source.read(0, km4 + 720, { signal });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const real = (at: number): number => view.getFloat64(at, true);
  const binning = { x: view.getInt16(general, true) || 1, y: view.getInt16(general + 2, true) || 1 };
  const axes = ['omega', 'theta', 'kappa', 'phi'].map((name, i) => {
    const stepDeg = (real(km4 + 368 + 8 * i) * 180) / Math.PI;
    const [start, end] = [284, 324].map((at) => view.getInt32(km4 + at + 4 * i, true) * stepDeg) as [number, number];
    return { name, start, end };
  });
  const moving = axes.find(({ start, end }) => start !== end);
  const wavelengths = {
    alpha1: real(km4 + 568),
    alpha2: real(km4 + 576),
    alpha: real(km4 + 584),
    beta: real(km4 + 592),
  };
  const pixel = { x: real(special + 568) / 1000, y: real(special + 576) / 1000 };
  const distance = real(km4 + 712) / 1000;
  return omitUndefined({
    maker,
    date,
    wavelengthA: wavelengths.alpha,
    distanceM: distance > 0 ? distance : undefined,
    pixelSizeM: pixel.x > 0 ? pixel : undefined,
    // Stated in pixels of the chip, before binning.
    beamCentrePx: { x: real(km4 + 664) / binning.x, y: real(km4 + 672) / binning.y },
    exposureS: real(special + 480),
    saturation: view.getInt32(special + 472, true),
    oscillationDeg: moving && { start: moving.start, range: moving.end - moving.start },
    header: { binning, wavelengths, axes, gain: real(special + 56) },
  });
}
