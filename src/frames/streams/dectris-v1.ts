/**
 * DECTRIS stream V1: messages of several parts, JSON and binary. Source: the SIMPLON API of EIGER detectors, and the
 * replay of LiberTEM-live.
 *
 * - header: `dheader-1.0`, the configuration (unless its detail is "none"), and with all details the flat field, the
 *   pixel mask and the table of count rates, each as a description and its bytes
 * - image: `dimage-1.0` with its number, `dimage_d-1.0` with its shape [x, y], type and encoding, the bytes, and
 *   `dconfig-1.0` with its times
 * - end: `dseries_end-1.0`
 */

import type { Codec, Codecs } from '../../bytes/codecs/codecs.js';
import { type DataType, elementBytes, viewAs } from '../../bytes/dtype.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { photonAeV } from '../../util/photons.js';
import { wordTable } from '../../util/word-table.js';
import type { Metadata } from '../dataset.js';
import { fieldsOfMessage } from './crystfel.js';
import {
  badPixels,
  type DectrisMessage,
  markersOf,
  maxFrameBytes,
  numberedImage,
  onArm,
  type Series,
} from './dectris-message.js';
import type { LiveFrame } from './frame.js';

type Json = Readonly<Record<string, unknown>>;

/** Longest part that is read as JSON. */
const maxText = 2 ** 22;
/** Bytes in which the first key of the first part is looked for. */
const markBytes = 256;

/** Whether the first part of a message may be one of stream V1: JSON that states its `htype`. */
export function isDectrisV1(first: Uint8Array): boolean {
  return first[0] === 0x7b && new TextDecoder('latin1').decode(first.subarray(0, markBytes)).includes('"htype"');
}

/** A message of stream V1. Throws `Format`. */
export function dectrisV1(parts: readonly Uint8Array[]): DectrisMessage {
  const head = jsonOf(parts[0], 'the first part of a message');
  const type = String(head.htype);
  const { series } = head;
  if (!Number.isSafeInteger(series))
    throw new EwaldError('Format', `a message of type ${type} has the series ${series}; expected an integer`);
  const of = series as number;
  if (type.startsWith('dheader-')) {
    const config = configOf(parts);
    const images = ['nimages', 'ntrigger'].map((key) => (config[key] === undefined ? 1 : Number(config[key])));
    const frames = (images[0] as number) * (images[1] as number);
    return {
      kind: 'start',
      series: of,
      frames: config.nimages !== undefined && Number.isSafeInteger(frames) && frames > 0 ? frames : undefined,
      header: { ...head, ...config },
      open: async () => ({ meta: metaOf(config), mask: pixelMask(parts), channels: [], channel: undefined }),
    };
  }
  if (type.startsWith('dimage-'))
    return {
      kind: 'image',
      series: of,
      index: numberedImage(head.frame, 'frame'),
      open: (start, codecs, name, fields) => frameOfV1(head, parts, start, codecs, name, fields),
    };
  return { kind: type.startsWith('dseries_end-') ? 'end' : 'other', series: of };
}

function jsonOf(part: Uint8Array | undefined, what: string): Json {
  if (!part) throw new EwaldError('Format', `${what} is missing`);
  if (part.length > maxText) throw new EwaldError('Format', `${what} has ${part.length} bytes; expected JSON`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(part));
  } catch (cause) {
    throw new EwaldError('Format', `${what} is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new EwaldError('Format', `${what} is not an object of JSON`);
  return value as Json;
}

/** The configuration of the detector, which follows the header; empty if it was sent without details. */
function configOf(parts: readonly Uint8Array[]): Json {
  const [, second] = parts;
  if (second?.[0] !== 0x7b) return {};
  const config = jsonOf(second, 'the configuration of a series');
  return config.htype === undefined ? config : {};
}

function metaOf(config: Json): Metadata {
  const number = (key: string): number | undefined => {
    const value = config[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const [x, y, pixelX, pixelY] = ['beam_center_x', 'beam_center_y', 'x_pixel_size', 'y_pixel_size'].map(number);
  const [distance, wavelength, energy, saturation] = [
    ...['detector_distance', 'wavelength', 'photon_energy', 'countrate_correction_count_cutoff'],
  ].map(number);
  const wavelengthA = wavelength || (energy ? photonAeV / energy : undefined);
  const meta: Metadata = {
    ...(wavelengthA ? { wavelengthA } : {}),
    ...(distance ? { distanceM: distance } : {}),
    ...(pixelX && pixelY ? { pixelSizeM: { x: pixelX, y: pixelY } } : {}),
    ...(x !== undefined && y !== undefined ? { beamCentrePx: { x, y } } : {}),
    ...(saturation ? { saturation } : {}),
  };
  return onArm(meta, number('two_theta_start'));
}

/** The pixel mask of a header; undefined without one. Throws `Format`. */
function pixelMask(parts: readonly Uint8Array[]): Uint8Array | undefined {
  for (const [i, part] of parts.entries()) {
    if (i === 0 || part[0] !== 0x7b || part.length > markBytes || !isDectrisV1(part)) continue;
    const about = jsonOf(part, 'the description of an array');
    if (!String(about.htype).startsWith('dpixelmask-')) continue;
    const { dtype, shape } = pixelLayout(about, 'the pixel mask');
    const bytes = parts[i + 1];
    const length = shape[0] * shape[1] * elementBytes(dtype);
    if (bytes?.length !== length)
      throw new EwaldError('Format', `the pixel mask has ${bytes?.length ?? 'no'} bytes; expected ${length}`);
    return badPixels(viewAs(bytes, dtype) as Uint32Array);
  }
  return undefined;
}

const types = wordTable<DataType>({
  uint8: 'u8',
  uint16: 'u16',
  uint32: 'u32',
  int8: 'i8',
  int16: 'i16',
  int32: 'i32',
  float32: 'f32',
});

/** Type and shape of an array, whose description has x first. Throws `Format`. */
function pixelLayout(about: Json, what: string): { dtype: DataType; shape: readonly [number, number] } {
  const { shape, type } = about;
  const dtype = types[String(type)];
  const sizes = Array.isArray(shape) ? shape : [];
  const [width, height, depth = 1] = sizes as number[];
  const isPlane = sizes.length >= 2 && sizes.length <= 3 && depth === 1;
  if (!dtype || !isPlane || ![width, height].every((n) => Number.isSafeInteger(n) && (n as number) > 0))
    throw new EwaldError(
      'Format',
      `${what} has shape ${JSON.stringify(shape)} and type ${JSON.stringify(type)}; expected [x, y] of integers or ` +
        'float32',
    );
  const bytes = (width as number) * (height as number) * elementBytes(dtype);
  if (bytes > maxFrameBytes) throw new EwaldError('Format', `${what} claims ${bytes} bytes`);
  return { dtype, shape: [height as number, width as number] };
}

async function frameOfV1(
  head: Json,
  parts: readonly Uint8Array[],
  { meta, mask }: Series,
  codecs: Codecs,
  name: string,
  fields: readonly string[],
): Promise<LiveFrame> {
  const about = jsonOf(parts[1], `${name}: the description of the image`);
  const { dtype, shape } = pixelLayout(about, name);
  const packed = parts[2];
  if (packed?.length !== about.size)
    throw new EwaldError('Format', `${name}: the image has ${packed?.length ?? 'no'} bytes; expected ${about.size}`);
  const length = shape[0] * shape[1] * elementBytes(dtype);
  const bytes = await unpacked(packed as Uint8Array, length, String(about.encoding), name, codecs);
  // The times are not needed.
  const times = parts[3]?.[0] === 0x7b ? jsonOf(parts[3], `${name}: the times of the image`) : {};
  return {
    numbers: viewAs(bytes, dtype),
    dtype,
    shape,
    values: {},
    fields: fieldsOfMessage(new Map(Object.entries({ ...times, ...about, ...head })), fields),
    peaks: undefined,
    meta: { ...meta, ...markersOf(dtype) },
    mask: mask?.length === shape[0] * shape[1] ? mask : undefined,
  };
}

/**
 * The bytes of an image. Its encoding is `<` (little-endian), `lz4<` (one LZ4 block without a header) or `bs16-lz4<`
 * (bitshuffle of elements of that many bits and LZ4, with the 12 bytes of HDF5's filter before it).
 */
async function unpacked(
  packed: Uint8Array,
  length: number,
  encoding: string,
  name: string,
  codecs: Codecs,
): Promise<Uint8Array> {
  const [, bits, lz4] = /^(?:bs(8|16|32)-)?(lz4)?<$/.exec(encoding) ?? [];
  const codec: Codec | undefined = bits
    ? { codec: 'bitshuffleLz4', elementBytes: Number(bits) / 8 }
    : lz4
      ? { codec: 'lz4Block' }
      : undefined;
  if ((!codec && encoding !== '<') || (bits && !lz4))
    throw new EwaldError(
      'Unsupported',
      `${name} is encoded as "${encoding}"; expected <, lz4<, bs8-lz4<, bs16-lz4< or bs32-lz4<`,
    );
  if (!codec) {
    if (packed.length !== length)
      throw new EwaldError('Format', `${name} has ${packed.length} bytes; expected ${length}`);
    return packed.slice();
  }
  const out = new Uint8Array(length);
  await codecs.decode(codec, packed, out);
  return out;
}
