/** What the messages of a DECTRIS detector contain, in either version of its stream. */

import type { Codecs } from '../../bytes/codecs/codecs.js';
import type { DataType } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import { maskOf } from '../../util/map-into.js';
import { countMarkers } from '../count-limits.js';
import type { Metadata } from '../dataset.js';
import { armOf, withoutPlace } from '../turned-detector.js';
import type { LiveFrame } from './frame.js';

/** The header of a series of images. */
export interface Series {
  readonly meta: Metadata;
  readonly mask: Uint8Array | undefined;
  /** Its channels, one for each threshold; none if they are not named. */
  readonly channels: readonly string[];
  /** That whose images are used. */
  readonly channel: string | undefined;
  /** The program whose findings its images carry, if it is named. */
  readonly finder?: string | undefined;
}

/** A series whose start was not received. */
export const unknownSeries: Series = { meta: {}, mask: undefined, channels: [], channel: undefined };

/** The beginning of a series. */
export interface DectrisStart {
  readonly kind: 'start';
  readonly series: number | undefined;
  /** Number of its images, if stated. */
  readonly frames: number | undefined;
  /** The header as the detector sends it. */
  readonly header: Readonly<Record<string, unknown>>;
  /** What it states about the images. Throws `Format`, and `Argument` for a channel that it does not have. */
  open(codecs: Codecs, channel?: string): Promise<Series>;
}

/** An image, which is not decoded until it is opened. */
export interface DectrisImage {
  readonly kind: 'image';
  readonly series: number | undefined;
  /** Number of the image in its series, from 0. */
  readonly index: number;
  /** Throws `Format` if it is damaged, `Unsupported` if its compression is unknown. */
  open(series: Series, codecs: Codecs, name: string, fields: readonly string[]): Promise<LiveFrame>;
}

/** A message of a DECTRIS detector. */
export type DectrisMessage =
  | DectrisStart
  | DectrisImage
  | { readonly kind: 'end' | 'other'; readonly series: number | undefined };

/** Metadata of a detector whose arm is at this angle: one that is swung out has no place. */
export const onArm = (meta: Metadata, twoThetaDeg: number | undefined): Metadata =>
  withoutPlace({ meta, notes: [] }, armOf('two_theta', twoThetaDeg)).meta;

/** Maximum size of a frame in bytes. */
export const maxFrameBytes = 2 ** 31;

/** Each bit of a mask is a reason why the pixel is bad. */
export const badPixels = (bits: ArrayLike<number>): Uint8Array => maskOf(bits, (reasons) => reasons !== 0);

/** The numbers of a type that mark pixels without a count. */
export function markersOf(dtype: DataType): Pick<Metadata, 'markers'> {
  const markers = countMarkers(dtype);
  return markers.length > 0 ? { markers } : {};
}

/** Checks the number of an image. Throws `Format`. */
export function numberedImage(value: unknown, key: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new EwaldError('Format', `an image has the number ${value}; expected ${key} from 0`);
  return value as number;
}
