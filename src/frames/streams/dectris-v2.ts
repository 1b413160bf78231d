/**
 * DECTRIS stream V2: CBOR messages `start` (describing the detector), `image` and `end`. Source: DECTRIS documentation,
 * stream_v2 and the tag of compressed byte strings, 56500; typed arrays are RFC 8746.
 */

import type { CodecName, Codecs } from '../../bytes/codecs/codecs.js';
import type { DataType, FrameArray } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import { photonAeV } from '../../util/photons.js';
import { wordTable } from '../../util/word-table.js';
import type { Metadata } from '../dataset.js';
import { chosenChannel } from '../threshold-channel.js';
import { decodeCbor, Tagged } from './cbor.js';
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
import { finderOfSeries, findingsOf } from './stream-findings.js';

type Message = ReadonlyMap<string, unknown>;

/** Whether the bytes may be a message of stream V2: a map whose first key is `type`. */
export function isDectrisV2(bytes: Uint8Array): boolean {
  const at = bytes[0] === 0xd9 && bytes[1] === 0xd9 && bytes[2] === 0xf7 ? 3 : 0;
  const [map = 0] = bytes.subarray(at);
  const key = at + 1 + (map === 0xb8 ? 1 : map === 0xb9 ? 2 : 0);
  return map >> 5 === 5 && new TextDecoder('latin1').decode(bytes.subarray(key, key + 5)) === '\x64type';
}

/** A message of stream V2. Throws `Format`. */
export function dectrisV2(bytes: Uint8Array): DectrisMessage {
  const message = decodeCbor(bytes);
  const type = message instanceof Map ? message.get('type') : undefined;
  if (typeof type !== 'string')
    throw new EwaldError('Format', 'the message is not a map with a type, as DECTRIS sends them');
  const map = message as Message;
  const id = map.get('series_id');
  const series = Number.isSafeInteger(id) ? (id as number) : undefined;
  if (type === 'start') {
    const images = map.get('number_of_images');
    return {
      kind: 'start',
      series,
      frames: Number.isSafeInteger(images) && (images as number) > 0 ? (images as number) : undefined,
      header: Object.fromEntries(map),
      open: (codecs, wanted) => seriesOf(map, codecs, wanted),
    };
  }
  if (type === 'image')
    return {
      kind: 'image',
      series,
      index: numberedImage(map.get('image_id'), 'image_id'),
      open: (of, codecs, name, fields) => frameOfV2(map, of, codecs, name, fields),
    };
  return { kind: type === 'end' ? 'end' : 'other', series };
}

/** The contents of a start message. */
async function seriesOf(message: Message, codecs: Codecs, wanted?: string): Promise<Series> {
  const number = (key: string): number | undefined => {
    const value = message.get(key);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const [x, y, pixelX, pixelY] = ['beam_center_x', 'beam_center_y', 'pixel_size_x', 'pixel_size_y'].map(number);
  const translation = message.get('detector_translation');
  const distance = Array.isArray(translation) ? Math.abs(Number(translation[2])) : undefined;
  const [energy, wavelength, saturation] = ['incident_energy', 'incident_wavelength', 'saturation_value'].map(number);
  const wavelengthA = wavelength || (energy ? photonAeV / energy : undefined);
  const stated = message.get('channels');
  const channels = Array.isArray(stated) ? stated.map(String) : [];
  const channel = chosenChannel(channels, wanted, 'the start of the series');
  const masks = message.get('pixel_mask');
  const mask =
    masks instanceof Map ? await rowsArray(masks.get(channel ?? '') ?? [...masks.values()][0], codecs) : undefined;
  const goniometer = message.get('goniometer');
  const arm = goniometer instanceof Map ? goniometer.get('two_theta') : undefined;
  const meta: Metadata = {
    ...(wavelengthA ? { wavelengthA } : {}),
    ...(distance ? { distanceM: distance } : {}),
    ...(pixelX && pixelY ? { pixelSizeM: { x: pixelX, y: pixelY } } : {}),
    ...(x !== undefined && y !== undefined ? { beamCentrePx: { x, y } } : {}),
    ...(saturation ? { saturation } : {}),
  };
  return {
    meta: onArm(meta, arm instanceof Map ? Number(arm.get('start')) : undefined),
    mask: mask && badPixels(mask.numbers as Uint32Array),
    channels,
    channel,
    finder: finderOfSeries(message),
  };
}

/** The frame of an image message. Throws `Format`. */
async function frameOfV2(
  message: Message,
  { meta, mask, channel, finder }: Series,
  codecs: Codecs,
  name: string,
  fields: readonly string[],
): Promise<LiveFrame> {
  const data = message.get('data');
  // Those of another threshold are no substitute.
  if (data instanceof Map && channel !== undefined && !data.has(channel))
    throw new EwaldError(
      'Format',
      `${name}: the image message has the channels ${[...data.keys()].join(', ') || '(none)'}; expected ${channel}`,
    );
  const one = data instanceof Map ? (data.get(channel) ?? [...data.values()][0]) : undefined;
  const array = await rowsArray(one, codecs);
  if (!array) throw new EwaldError('Format', `${name}: the image message contains no image`);
  const [height = 0, width = 0] = array.shape;
  const findings = findingsOf(message, finder);
  return {
    numbers: array.numbers,
    dtype: array.dtype,
    shape: [height, width],
    values: {},
    fields: fieldsOfMessage(message, fields),
    peaks: findings?.spots,
    ...(findings && { findings }),
    meta: { ...meta, ...markersOf(array.dtype) },
    mask: mask?.length === height * width ? mask : undefined,
  };
}

/** Typed arrays by tag: dtype, bytes per element, and array type. */
const typed: Readonly<Record<number, readonly [DataType, number, new (buffer: ArrayBuffer) => FrameArray]>> = {
  64: ['u8', 1, Uint8Array],
  68: ['u8', 1, Uint8Array],
  69: ['u16', 2, Uint16Array],
  70: ['u32', 4, Uint32Array],
  72: ['i8', 1, Int8Array],
  77: ['i16', 2, Int16Array],
  78: ['i32', 4, Int32Array],
  85: ['f32', 4, Float32Array],
};
/** Tags of a multi-dimensional array in row-major order, and of a compressed byte string. */
const [inRows, compressed] = [40, 56500];

async function rowsArray(value: unknown, codecs: Codecs) {
  if (!(value instanceof Tagged) || value.tag !== inRows || !Array.isArray(value.value)) return undefined;
  const [shape, array] = value.value as [unknown, unknown];
  const known = array instanceof Tagged ? typed[array.tag] : undefined;
  const sizes = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n > 0) ? (shape as number[]) : [];
  if (!known || !(array instanceof Tagged) || sizes.length !== 2)
    throw new EwaldError(
      'Format',
      `an array of a message is [${sizes}] with tag ${array instanceof Tagged ? array.tag : 'none'}; ` +
        'expected rows and columns of integers or f32',
    );
  const [dtype, size, Numbers] = known;
  const length = (sizes[0] ?? 0) * (sizes[1] ?? 0) * size;
  if (length > maxFrameBytes) throw new EwaldError('Format', `an array of a message claims ${length} bytes`);
  const bytes = await pixelBytes(array.value, length, size, codecs);
  if (bytes?.length !== length)
    throw new EwaldError('Format', `an array of a message has ${bytes?.length ?? 'no'} bytes; expected ${length}`);
  return { dtype, shape: sizes, numbers: new Numbers(bytes.slice().buffer) };
}

const codecsOfImages = wordTable<CodecName>({ bslz4: 'bitshuffleLz4', lz4: 'lz4' });

async function pixelBytes(
  value: unknown,
  length: number,
  size: number,
  codecs: Codecs,
): Promise<Uint8Array | undefined> {
  if (value instanceof Uint8Array) return value;
  if (!(value instanceof Tagged) || value.tag !== compressed || !Array.isArray(value.value)) return undefined;
  const [algorithm, element, packed] = value.value as unknown[];
  const codec = codecsOfImages[String(algorithm)];
  const isZstd = /^bs(huf)?_?zstd/.test(String(algorithm));
  if (!(codec || isZstd) || !(packed instanceof Uint8Array))
    throw new EwaldError('Unsupported', `an image is compressed by "${algorithm}"; expected bslz4, bszstd or lz4`);
  const out = new Uint8Array(length);
  if (!codec) {
    const { decodeBitshuffleZstd } = await import('../../bytes/codecs/bitshuffle-zstd.js');
    await decodeBitshuffleZstd(codecs, packed, out, { elementBytes: Number(element) || size });
    return out;
  }
  const elementBytes = codec === 'lz4' ? 1 : Number(element) || size;
  await codecs.decode({ codec, elementBytes }, packed, out);
  return out;
}
