/** Messages of a DECTRIS detector: stream V1 (JSON and bytes) and V2 (CBOR), each as the parts that ZeroMQ sends. */

import type { Codecs } from '../bytes/codecs/codecs.js';
import { bytesOfArray, type DataType, elementBytes } from '../bytes/dtype.js';
import type { Metadata } from '../frames/dataset.js';
import { joined } from '../util/joined.js';

/** The compression of images. */
type DectrisEncoding = 'bslz4' | 'lz4' | 'none';

/** A series of images. */
export interface SimulatedSeries {
  readonly series: number;
  readonly frames: number;
  readonly dtype: 'u8' | 'u16' | 'u32';
  readonly shape: readonly [height: number, width: number];
  readonly meta: Metadata;
  /** 1 where a pixel has no count, [y, x]. */
  readonly mask: Uint8Array | undefined;
  readonly encoding: DectrisEncoding;
}

/** One message. */
export type MessageParts = readonly Uint8Array[];

/** How a version of the stream writes a series. */
interface DectrisStream {
  start(series: SimulatedSeries): MessageParts;
  /** The compressed bytes of an image, which do not depend on its number. */
  pack(pixels: Uint8Array, series: SimulatedSeries, codecs: Codecs): Promise<Uint8Array>;
  image(packed: Uint8Array, index: number, series: SimulatedSeries): MessageParts;
  end(series: SimulatedSeries): MessageParts;
}

const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const names: Partial<Record<DataType, string>> = { u8: 'uint8', u16: 'uint16', u32: 'uint32' };

const v1: DectrisStream = {
  start({ series, frames, dtype, shape: [height, width], meta, mask }) {
    const { beamCentrePx, pixelSizeM, distanceM, wavelengthA } = meta;
    const config = {
      nimages: frames,
      ntrigger: 1,
      bit_depth_image: 8 * elementBytes(dtype),
      x_pixels_in_detector: width,
      y_pixels_in_detector: height,
      beam_center_x: beamCentrePx?.x ?? 0,
      beam_center_y: beamCentrePx?.y ?? 0,
      x_pixel_size: pixelSizeM?.x ?? 0,
      y_pixel_size: pixelSizeM?.y ?? 0,
      detector_distance: distanceM ?? 0,
      wavelength: wavelengthA ?? 0,
    };
    const about = json({ htype: 'dpixelmask-1.0', shape: [width, height], type: 'uint32' });
    return [
      json({ htype: 'dheader-1.0', series, header_detail: mask ? 'all' : 'basic' }),
      json(config),
      ...(mask ? [about, bytesOfArray(Uint32Array.from(mask))] : []),
    ];
  },
  async pack(pixels, { dtype, encoding }, codecs) {
    if (encoding === 'none') return pixels;
    return codecs.encode(
      encoding === 'lz4' ? { codec: 'lz4Block' } : { codec: 'bitshuffleLz4', elementBytes: elementBytes(dtype) },
      pixels,
    );
  },
  image(packed, index, { series, dtype, shape: [height, width], encoding }) {
    const encodings = { none: '<', lz4: 'lz4<', bslz4: `bs${8 * elementBytes(dtype)}-lz4<` };
    const about = { shape: [width, height], type: names[dtype], encoding: encodings[encoding], size: packed.length };
    return [
      json({ htype: 'dimage-1.0', series, frame: index, hash: '' }),
      json({ htype: 'dimage_d-1.0', ...about }),
      packed,
      json({ htype: 'dconfig-1.0', start_time: index * 1e6, stop_time: (index + 1) * 1e6, real_time: 1e6 }),
    ];
  },
  end: ({ series }) => [json({ htype: 'dseries_end-1.0', series })],
};

// CBOR, RFC 8949:

/** A value that is written with its tag. */
class Tag {
  constructor(
    readonly tag: number,
    readonly value: Cbor,
  ) {}
}
type Cbor = number | string | Uint8Array | Tag | readonly Cbor[] | { readonly [key: string]: Cbor };

function begin(major: number, n: number): Uint8Array {
  const size = n < 24 ? 0 : n < 2 ** 8 ? 1 : n < 2 ** 16 ? 2 : 4;
  const out = new DataView(new ArrayBuffer(1 + size));
  out.setUint8(0, (major << 5) | (size === 0 ? n : 24 + Math.log2(size)));
  if (size === 1) out.setUint8(1, n);
  if (size === 2) out.setUint16(1, n);
  if (size === 4) out.setUint32(1, n);
  return new Uint8Array(out.buffer);
}

function* cbor(value: Cbor): Generator<Uint8Array> {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) yield begin(0, value);
  else if (typeof value === 'number') {
    const out = new DataView(new ArrayBuffer(9));
    out.setUint8(0, 0xfb);
    out.setFloat64(1, value);
    yield new Uint8Array(out.buffer);
  } else if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    yield* [begin(3, text.length), text];
  } else if (value instanceof Uint8Array) yield* [begin(2, value.length), value];
  else if (value instanceof Tag) {
    yield begin(6, value.tag);
    yield* cbor(value.value);
  } else if (Array.isArray(value)) {
    yield begin(4, value.length);
    for (const item of value) yield* cbor(item);
  } else {
    const entries = Object.entries(value);
    yield begin(5, entries.length);
    for (const [key, item] of entries) {
      yield* cbor(key);
      yield* cbor(item);
    }
  }
}

const encoded = (value: Cbor): Uint8Array => joined(Uint8Array, [...cbor(value)]);

const channel = 'threshold_1';
/** Tags: a message of CBOR, an array in rows, compressed bytes, and numbers in little-endian order. */
const [selfDescribed, inRows, compressed] = [55799, 40, 56500];
const numbers = { u8: 64, u16: 69, u32: 70 };

const v2: DectrisStream = {
  start({ series, frames, dtype, shape: [height, width], meta, mask }) {
    const { beamCentrePx, pixelSizeM, distanceM, wavelengthA } = meta;
    const bad = mask && new Tag(inRows, [[height, width], new Tag(70, bytesOfArray(Uint32Array.from(mask)))]);
    const start = {
      type: 'start',
      series_id: series,
      number_of_images: frames,
      image_dtype: names[dtype] ?? '',
      image_size_x: width,
      image_size_y: height,
      channels: [channel],
      ...(beamCentrePx && { beam_center_x: beamCentrePx.x, beam_center_y: beamCentrePx.y }),
      ...(pixelSizeM && { pixel_size_x: pixelSizeM.x, pixel_size_y: pixelSizeM.y }),
      ...(distanceM !== undefined && { detector_translation: [0, 0, distanceM] }),
      ...(wavelengthA !== undefined && { incident_wavelength: wavelengthA }),
      ...(bad && { pixel_mask: { [channel]: bad } }),
    };
    return [encoded(new Tag(selfDescribed, start))];
  },
  async pack(pixels, { dtype, encoding }, codecs) {
    if (encoding === 'none') return pixels;
    return codecs.encode(
      encoding === 'lz4' ? { codec: 'lz4' } : { codec: 'bitshuffleLz4', elementBytes: elementBytes(dtype) },
      pixels,
    );
  },
  image(packed, index, { series, dtype, shape, encoding }) {
    const bytes = encoding === 'none' ? packed : new Tag(compressed, [encoding, elementBytes(dtype), packed as Cbor]);
    const image = new Tag(inRows, [[...shape], new Tag(numbers[dtype], bytes)]);
    return [encoded({ type: 'image', series_id: series, image_id: index, data: { [channel]: image } })];
  },
  end: ({ series }) => [encoded({ type: 'end', series_id: series })],
};

/** The versions of the stream. */
export const dectrisStreams = { v1, v2 } as const;
