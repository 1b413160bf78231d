/** The messages of a DECTRIS detector, encoded without the code of the package. */
import { openCodecs } from 'ewald/data';

/** A series as stream V2: CBOR encoded here, frames compressed with bitshuffle and LZ4. */
export async function dectrisMessages(
  images: readonly Uint16Array[],
  [height, width]: readonly [number, number],
  {
    series = undefined as number | undefined,
    distanceM = 0.06,
    /** What an analysis before the stream has found in an image: rows of x, y and intensity, and the cell. */
    found = undefined as ((image: number) => { spots: number[][]; cell?: number[] | undefined }) | undefined,
    /** The release of the program that has found it. */
    release = undefined as string | undefined,
    /** The angle of the detector's arm, degrees. */
    twoTheta = undefined as number | undefined,
    /** Names of its channels, of which the first has the images, and each further one numbers that are greater by 1000. */
    channels = ['threshold_1'],
  } = {},
): Promise<Uint8Array[]> {
  const head = (major: number, n: number): Uint8Array => {
    if (n < 24) return Uint8Array.of((major << 5) | n);
    if (n < 2 ** 16) return Uint8Array.of((major << 5) | 25, n >> 8, n & 255);
    const out = new DataView(new ArrayBuffer(5));
    out.setUint8(0, (major << 5) | 26);
    out.setUint32(1, n);
    return new Uint8Array(out.buffer);
  };
  const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
  const text = (s: string): Uint8Array => join(head(3, Buffer.byteLength(s)), Buffer.from(s));
  const float = (x: number): Uint8Array => {
    const out = new DataView(new ArrayBuffer(9));
    out.setUint8(0, 0xfb);
    out.setFloat64(1, x);
    return new Uint8Array(out.buffer);
  };
  const list = (...items: Uint8Array[]): Uint8Array => join(head(4, items.length), ...items);
  const map = (pairs: Record<string, Uint8Array>): Uint8Array =>
    join(head(5, Object.keys(pairs).length), ...Object.entries(pairs).flatMap(([key, value]) => [text(key), value]));
  const tagged = (tag: number, item: Uint8Array): Uint8Array => join(head(6, tag), item);
  const shape = list(head(0, height), head(0, width));
  const of: Record<string, Uint8Array> = series === undefined ? {} : { series_id: head(0, series) };
  const start = map({
    type: text('start'),
    ...of,
    beam_center_x: float(515.3),
    beam_center_y: float(506.3),
    channels: list(...channels.map(text)),
    detector_translation: list(float(0), float(0), float(distanceM)),
    incident_wavelength: float(1.3),
    ...(release !== undefined && { jfjoch_release: text(release) }),
    ...(twoTheta !== undefined && {
      goniometer: map({ two_theta: map({ increment: float(0), start: float(twoTheta) }) }),
    }),
    number_of_images: head(0, images.length),
    pixel_size_x: float(1 / 13333.3333),
    pixel_size_y: float(1 / 13333.3333),
  });
  const foundIn = (id: number): Record<string, Uint8Array> => {
    if (!found) return {};
    const { spots, cell } = found(id);
    const rows = spots.map(([x = 0, y = 0, i = 0]) => map({ x: float(x), y: float(y), I: float(i) }));
    const names = ['a', 'b', 'c', 'alpha', 'beta', 'gamma'];
    const cells = cell && map(Object.fromEntries(names.map((name, i) => [name, float(cell[i] ?? 0)])));
    const result = Uint8Array.of(cell ? 0xf5 : 0xf4);
    return { spots: list(...rows), indexing_result: result, ...(cells && { indexing_unit_cell: cells }) };
  };
  const codecs = await openCodecs();
  const messages = [tagged(55799, start)];
  for (const [id, image] of images.entries()) {
    const arrays: Record<string, Uint8Array> = {};
    for (const [k, channel] of channels.entries()) {
      const of = image.map((n) => n + 1000 * k);
      const bytes = new Uint8Array(of.buffer, of.byteOffset, of.byteLength);
      const packed = await codecs.encode({ codec: 'bitshuffleLz4', elementBytes: 2 }, bytes);
      const array = tagged(69, tagged(56500, list(text('bslz4'), head(0, 2), join(head(2, packed.length), packed))));
      arrays[channel] = tagged(40, list(shape, array));
    }
    messages.push(
      map({
        type: text('image'),
        ...of,
        image_id: head(0, id),
        ...foundIn(id),
        data: map(arrays),
      }),
    );
  }
  await codecs.dispose();
  return [...messages, map({ type: text('end'), series_id: head(0, series ?? 1) })];
}

/** How an image of stream V1 is packed: 'bs32-lz4<' shuffles elements of 32 bits, whatever the pixels are. */
export type V1Encoding = '<' | 'lz4<' | 'bs8-lz4<' | 'bs16-lz4<' | 'bs32-lz4<';

/** A series as stream V1: each message has several parts. */
export async function dectrisV1Messages(
  images: readonly (Uint8Array | Uint16Array | Uint32Array)[],
  [height, width]: readonly [number, number],
  {
    encoding = 'bs16-lz4<' as V1Encoding,
    series = 7,
    mask = undefined as Uint32Array | undefined,
    detail = true,
    distanceM = 0.06,
    twoTheta = undefined as number | undefined,
  } = {},
): Promise<Uint8Array[][]> {
  const json = (value: object): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));
  const header = { htype: 'dheader-1.0', series, header_detail: !detail ? 'none' : mask ? 'all' : 'basic' };
  const config = {
    beam_center_x: 515.3,
    beam_center_y: 506.3,
    detector_distance: distanceM,
    nimages: 1,
    ...(twoTheta !== undefined && { two_theta_start: twoTheta }),
    ntrigger: images.length,
    wavelength: 1.3,
    x_pixel_size: 1 / 13333.3333,
    y_pixel_size: 1 / 13333.3333,
  };
  const flat = new Float32Array(height * width).fill(1);
  const tables = mask
    ? [
        json({ htype: 'dflatfield-1.0', shape: [width, height], type: 'float32' }),
        new Uint8Array(flat.buffer),
        json({ htype: 'dpixelmask-1.0', shape: [width, height], type: 'uint32' }),
        new Uint8Array(mask.buffer.slice(mask.byteOffset, mask.byteOffset + mask.byteLength)),
      ]
    : [];
  const messages: Uint8Array[][] = [[json(header), ...(detail ? [json(config)] : []), ...tables]];
  const codecs = await openCodecs();
  const bits = Number(/^bs(\d+)/.exec(encoding)?.[1] ?? 8);
  for (const [frame, image] of images.entries()) {
    const bytes = new Uint8Array(image.buffer, image.byteOffset, image.byteLength);
    const packed =
      encoding === '<'
        ? bytes.slice()
        : encoding === 'lz4<'
          ? literals(bytes)
          : await codecs.encode({ codec: 'bitshuffleLz4', elementBytes: bits / 8 }, bytes);
    const type = `uint${8 * image.BYTES_PER_ELEMENT}`;
    messages.push([
      json({ htype: 'dimage-1.0', series, frame, hash: 'fc67f000d08fe6b380ea9434b8362d22' }),
      json({ htype: 'dimage_d-1.0', shape: [width, height], type, encoding, size: packed.length }),
      packed,
      json({ htype: 'dconfig-1.0', start_time: frame, stop_time: frame + 1, real_time: 1 }),
    ]);
  }
  await codecs.dispose();
  return [...messages, [json({ htype: 'dseries_end-1.0', series })]];
}

/** One block of LZ4 that consists of literals. */
function literals(bytes: Uint8Array): Uint8Array {
  const head = [bytes.length < 15 ? bytes.length << 4 : 0xf0];
  for (let left = bytes.length - 15; left >= 0; left -= 255) head.push(Math.min(255, left));
  return Uint8Array.from([...head, ...bytes]);
}
