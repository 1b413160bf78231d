/** DigitalMicrograph files (.dm3, .dm4): a tree of tags that contains one or several images. DM5 is HDF5. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { product } from '../../util/product.js';
import { ambiguous, framesAmong } from '../candidates.js';
import type { ArrayEntry, Axis, Dataset, Metadata, Note } from '../dataset.js';
import type { Format, FormatOptions } from '../format.js';
import { openFrames } from '../frames.js';
import { halfTransform } from '../half-transform.js';
import { checkFrameFits, checkHeaderSize, navigationShape } from '../shapes.js';
import { electronBeam } from '../units.js';
import { ArrayInFile, members, readTags, type Tag, tagAt, tagText } from './dm-tags.js';

interface Pixels {
  readonly dtype: DataType;
  /** Channels of a colour image. */
  readonly channels?: number;
  /** Half of the Fourier transform of a real image: n / 2 + 1 of n columns are stored. */
  readonly half?: boolean;
}

const types: Readonly<Record<number, Pixels>> = {
  1: { dtype: 'i16' },
  2: { dtype: 'f32' },
  3: { dtype: 'c64' },
  6: { dtype: 'u8' },
  7: { dtype: 'i32' },
  8: { dtype: 'u8', channels: 4 },
  9: { dtype: 'i8' },
  10: { dtype: 'u16' },
  11: { dtype: 'u32' },
  12: { dtype: 'f64' },
  13: { dtype: 'c128' },
  14: { dtype: 'u8' },
  23: { dtype: 'u8', channels: 4 },
  27: { dtype: 'c64', half: true },
  28: { dtype: 'c128', half: true },
  39: { dtype: 'i64' },
  40: { dtype: 'u64' },
};

export const dm: Format = {
  name: 'dm',
  title: 'Gatan DigitalMicrograph (DM3, DM4)',
  endings: ['dm3', 'dm4'],
  options: ['dataset', 'order'],
  detect({ head, ending }) {
    if (head.length < 16) return undefined;
    const view = new DataView(head.buffer, head.byteOffset);
    const version = view.getUint32(0);
    const order = view.getUint32(version === 4 ? 12 : 8);
    if ((version !== 3 && version !== 4) || order > 1) return undefined;
    const named = ending === `dm${version}`;
    return {
      confidence: named ? 0.9 : 0.4,
      why: `version ${version} of a DM tag tree${named ? '' : ' (by its first bytes only)'}`,
    };
  },
  async open(source, options) {
    const { version, little, root } = await readTags(source, options.signal);
    const images = imagesOf(source, root);
    if (images.length === 0) throw badFile(source, 'the tags hold no image');
    const chosen = chooseImage(source, images, options);
    return openImage(
      source,
      chosen,
      {
        little,
        version,
        arrays: images.length === 1 ? [] : images.map((image) => entryOf(image, image === chosen)),
      },
      options,
    );
  },
};

interface Image {
  readonly name: string;
  readonly tags: Tag;
  readonly pixels: Pixels;
  readonly place: ArrayInFile;
  /** As stored: x first. */
  readonly dimensions: readonly number[];
}

/** All images except the thumbnail. */
function imagesOf(source: ByteSource, root: Tag): Image[] {
  const thumbnails = new Set(members(tagAt(root, 'Thumbnails')).map((tag) => tagAt(tag, 'ImageIndex')));
  const images: Image[] = [];
  for (const [index, tags] of members(tagAt(root, 'ImageList')).entries()) {
    const data = tagAt(tags, 'ImageData');
    const place = tagAt(data, 'Data');
    const type = tagAt(data, 'DataType');
    if (!(place instanceof ArrayInFile) || typeof type !== 'number' || thumbnails.has(index)) continue;
    const pixels = types[type];
    if (!pixels) throw badFile(source, `image ${index} has data of type ${type}, which cannot be read`);
    const dimensions = members(tagAt(data, 'Dimensions')).map((size) =>
      checkHeaderSize(source, 'a dimension', Number(size), 1, source.size),
    );
    const name = tagText(tagAt(tags, 'Name')) || `image ${index}`;
    images.push({ name, tags, pixels, place, dimensions });
  }
  return images;
}

/** Selects the requested image, or the only one that can hold the frames. Throws `Argument`. */
function chooseImage(source: ByteSource, images: readonly Image[], { dataset }: FormatOptions): Image {
  if (dataset === undefined) {
    const isUnique = (name: string): boolean => images.filter((image) => image.name === name).length === 1;
    const entries = images.map((image, i) => {
      const { name, shape, dtype } = entryOf(image, false);
      return { path: isUnique(name) ? name : String(i), shape, dtype, image };
    });
    const { chosen, rivals } = framesAmong(entries);
    if (rivals.length > 0 || !chosen) throw ambiguous(source.name, rivals);
    return chosen.image;
  }
  const found =
    typeof dataset === 'number'
      ? images[dataset]
      : (images.find(({ name }) => name === dataset) ?? images[Number(dataset)]);
  if (!found)
    throw new EwaldError(
      'Argument',
      `${source.name} has no image ${dataset}; there are ${images.map(({ name }, i) => `${i} (${name})`).join(', ')}`,
    );
  return found;
}

const entryOf = ({ name, dimensions, pixels }: Image, chosen: boolean): ArrayEntry => ({
  name,
  shape: [...dimensions].reverse(),
  dtype: pixels.dtype,
  chosen,
});

function openImage(
  source: ByteSource,
  image: Image,
  file: { little: boolean; version: number; arrays: readonly ArrayEntry[] },
  options: FormatOptions,
): Dataset {
  const { pixels, place, dimensions } = image;
  const { dtype, channels } = pixels;
  const axes = imageAxes(image);
  const notes: Note[] = [];
  const shape = [...dimensions].reverse();
  if (pixels.half) {
    shape.push(Math.floor((shape.pop() ?? 1) / 2) + 1);
    notes.push(halfTransform);
  }
  // The scan of spectra or patterns varies fastest, unless the file says that the order was swapped.
  const swapped = tagAt(image.tags, 'ImageTags', 'Meta Data', 'Data Order Swapped') === true;
  const scanFastest = shape.length === 4 && (options.order ? options.order === 'navigation' : !swapped);
  if (shape.length === 4 && !options.order && !swapped)
    notes.push({
      kind: 'guess',
      text: 'four dimensions without a mark of swapped order: the scan is assumed to vary fastest',
      option: 'order',
    });
  const split = Math.max(0, shape.length - 2);
  const signal = [...(scanFastest ? shape.slice(0, 2) : shape.slice(split)), ...(channels ? [channels] : [])];
  const navigation = scanFastest ? shape.slice(2) : shape.slice(0, split);
  const frames = product(navigation);
  const elements = product(signal);
  const nav = navigationShape(source, frames, navigation, options);
  const needed = elements * frames * elementBytes(dtype);
  if (place.bytes < needed)
    throw badFile(
      source,
      `image ${image.name} of ${shape.join(' × ')} ${dtype} needs ${needed} bytes, but its data have ${place.bytes}`,
    );
  checkFrameFits(source, place.offset, needed, `image ${image.name}`);
  return openFrames(source, {
    format: 'dm',
    shape: { nav, sig: signal },
    dtype,
    meta: describe(image, axes, file.version),
    notes,
    arrays: file.arrays,
    sizes: [{ what: 'bytes of the image', expected: needed, found: place.bytes }],
    offset: place.offset,
    little: file.little,
    order: scanFastest ? 'navigation' : undefined,
  });
}

function imageAxes({ tags, dimensions }: Image): Axis[] {
  const calibrations = members(tagAt(tags, 'ImageData', 'Calibrations', 'Dimension'));
  const names = ['x', 'y', 'z', 't'];
  const axes = dimensions.map((size, i): Axis => {
    const calibration = calibrations[i];
    const [scale, origin] = ['Scale', 'Origin'].map((name) => tagAt(calibration, name));
    const unit = tagText(tagAt(calibration, 'Units'));
    const step = typeof scale === 'number' && scale !== 0 ? scale : undefined;
    return {
      name: names[i] ?? `axis ${i}`,
      size,
      ...(step === undefined ? {} : { scale: step, offset: -step * (typeof origin === 'number' ? origin : 0) }),
      ...(unit ? { unit } : {}),
    };
  });
  return axes.reverse();
}

function describe({ name, tags }: Image, axes: readonly Axis[], version: number): Metadata {
  const microscope = tagAt(tags, 'ImageTags', 'Microscope Info');
  const number = (...path: string[]): number | undefined => {
    const value = tagAt(tags, 'ImageTags', ...path);
    return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
  };
  const text = (...path: string[]): string | undefined =>
    tagText(tagAt(tags, 'ImageTags', ...path))?.trim() || undefined;
  const camera = number('Microscope Info', 'STEM Camera Length') ?? number('Microscope Info', 'Camera Length');
  const date = [text('DataBar', 'Acquisition Date'), text('DataBar', 'Acquisition Time')].filter(Boolean).join(' ');
  const simple = (tag: Tag | undefined): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries((tag ?? {}) as object).flatMap(([key, value]) => {
        const simple = typeof value === 'object' ? tagText(value as Tag) : value;
        return simple === undefined ? [] : [[key, simple]];
      }),
    );
  return omitUndefined({
    maker: `Gatan DigitalMicrograph (DM${version})`,
    detector: text('Acquisition', 'Device', 'Name') ?? text('DataBar', 'Device Name'),
    date: date || undefined,
    ...electronBeam(number('Microscope Info', 'Voltage')),
    // The file has millimetres.
    cameraLengthM: camera && camera / 1000,
    exposureS:
      number('Acquisition', 'Parameters', 'High Level', 'Exposure (s)') ?? number('DataBar', 'Exposure Time (s)'),
    axes,
    header: { name, ...simple(microscope) },
  });
}
