/** Points of the rings of a powder: the maxima along rays from the centre of an image, or the peaks of a stream. */
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { meanDistance, positionOf } from '../../crystal/geometry/pixels.js';
import type { StreamChunk } from '../../crystal/stream/stream.js';
import type { Detector } from '../../frames/detector/detector.js';
import type { PowderPoints } from '../../refinement/powder-rings.js';
import { median } from '../../util/median.js';
import { peaksOf } from '../sources/stream.js';
import { beamOfChunk } from '../streams/beam-of-chunk.js';
import { type PlacedPixels, placedPixels } from './background-centre.js';

/** An image of a powder: good pixels about the beam, in pixels, and their values. */
export interface PowderImage {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly values: Float64Array;
  readonly distancePx: number;
}

/** Pixels of an image that are looked at: every n-th row and column of larger ones. */
const enoughPixels = 2 ** 24;
/** Rays from the centre. */
const rays = 36;
/** What the maxima of one ring count as evidence, in points: they are one ring, whatever their number. */
const ringWeight = 4;
/** Pixels on both sides of a maximum that it exceeds, and those whose median is the background. */
const [near, around] = [4, 20];
/** Maxima exceed the background by so many times its scatter. */
const significant = 5;
/** The middle of a maximum is that of what is above this part of its height. */
const upper = 0.4;
/** Pixels next to the centre that are no ring. */
const least = 8;

/** The pixels of a detector, with no values yet. */
export function powderPixels(detector: Detector): { readonly pixels: PlacedPixels; readonly image: PowderImage } {
  const pixels = placedPixels(detector, enoughPixels);
  const perMetre = detector.geometry.panels[0]?.resolution ?? 1;
  const scaled = (all: Float64Array): Float64Array => all.subarray(0, pixels.count).map((value) => value * perMetre);
  return {
    pixels,
    image: {
      x: scaled(pixels.x),
      y: scaled(pixels.y),
      values: new Float64Array(pixels.count),
      distancePx: meanDistance(detector.geometry, detector.beam) * perMetre,
    },
  };
}

/** How high a ring is above the background, in the mean of the rays that cover it. */
interface RingHeight {
  readonly height: number;
  readonly error: number;
  readonly rays: number;
}

/** Points of the rings of an image, and how high a ring of a radius about the centre is. */
export interface ImagePoints extends PowderPoints {
  readonly ringAt: (radiusPx: number) => RingHeight;
  /** Radii up to this one are measured. */
  readonly outerPx: number;
}

/** Means of the pixels along the rays from a centre, whose bins are pixels, and how many pixels each has. */
interface Rays {
  readonly means: Float64Array;
  readonly counts: Float64Array;
  readonly bins: number;
}

function raysOf({ x, y, values }: PowderImage, [centreX, centreY]: readonly [number, number]): Rays {
  const radii = Float64Array.from(x, (one, i) => Math.hypot(one - centreX, (y[i] as number) - centreY));
  const bins = 1 + Math.ceil(radii.reduce((most, r) => Math.max(most, r), 0));
  const [sums, counts] = [new Float64Array(rays * bins), new Float64Array(rays * bins)];
  for (let i = 0; i < x.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    const angle = Math.atan2((y[i] as number) - centreY, (x[i] as number) - centreX) / (2 * Math.PI);
    const at = (Math.floor(rays * (angle + 1)) % rays) * bins + Math.floor(radii[i] as number);
    sums[at] = (sums[at] as number) + value;
    counts[at] = (counts[at] as number) + 1;
  }
  return { means: sums.map((sum, i) => sum / (counts[i] as number)), counts, bins };
}

/** The maxima along rays from a centre, in pixels from the beam. */
export function pointsOfImage(image: PowderImage, [centreX, centreY]: readonly [number, number]): ImagePoints {
  const { means, counts, bins } = raysOf(image, [centreX, centreY]);
  const points: [number, number][] = [];
  const excesses: Float64Array[] = [];
  for (let ray = 0; ray < rays; ray++) {
    const own = [ray * bins, (ray + 1) * bins] as const;
    const excess = aboveBackground(means.subarray(...own));
    const angle = (2 * Math.PI * (ray + 0.5)) / rays;
    for (const radius of maximaOf(excess, noiseOf(means.subarray(...own), counts.subarray(...own))))
      points.push([centreX + radius * Math.cos(angle), centreY + radius * Math.sin(angle)]);
    excesses.push(excess);
  }
  return {
    x: Float64Array.from(points, ([px]) => px),
    y: Float64Array.from(points, ([, py]) => py),
    z: new Float64Array(points.length).fill(image.distancePx),
    weight: ringWeight / rays,
    ringAt: (radiusPx) => heightOf(excesses, Math.floor(radiusPx)),
    outerPx: bins,
  };
}

function heightOf(excesses: readonly Float64Array[], at: number): RingHeight {
  const heights = excesses.flatMap((excess) => {
    const three = [-1, 0, 1].map((by) => excess[at + by] ?? Number.NaN);
    const isCovered = [-near, near].every((by) => !Number.isNaN(excess[at + by] ?? Number.NaN));
    const height = three.reduce((sum, one) => sum + one / 3, 0);
    return isCovered && !Number.isNaN(height) ? [height] : [];
  });
  const mean = heights.reduce((sum, height) => sum + height, 0) / heights.length;
  const squares = heights.reduce((sum, height) => sum + (height - mean) ** 2, 0);
  return { height: mean, error: Math.sqrt(squares) / heights.length, rays: heights.length };
}

/** A profile above the median of what is around. */
const aboveBackground = (profile: Float64Array): Float64Array =>
  profile.map((value, r) => {
    const beside = profile.subarray(Math.max(0, r - around), r + around + 1).filter((one) => !Number.isNaN(one));
    return beside.length > near ? value - median(beside) : Number.NaN;
  });

/** The noise of a profile: that of counts, in the units of the frames. A bin near the centre has few pixels. */
function noiseOf(profile: Float64Array, counts: Float64Array): Float64Array {
  const level = median(profile.filter((value) => value > 0));
  const expected = profile.map((value, r) => Math.sqrt(Math.max(value, level / 10) / (counts[r] as number)));
  const ratios: number[] = [];
  for (let r = 1; r < profile.length; r++) {
    const ratio =
      Math.abs((profile[r] as number) - (profile[r - 1] as number)) /
      Math.hypot(expected[r] as number, expected[r - 1] as number);
    if (Number.isFinite(ratio)) ratios.push(ratio);
  }
  // The smaller half of the steps is free of the slopes of rings, of which there may be many.
  const scale = (ratios.sort((a, b) => a - b)[ratios.length >> 2] ?? Number.NaN) / 0.3186;
  return expected.map((one) => scale * one);
}

/** The radii of the maxima of a profile above its background. */
function maximaOf(excess: Float64Array, noise: Float64Array): number[] {
  const found: number[] = [];
  for (let r = least; r < excess.length - near; r++) {
    const height = excess[r] as number;
    if (!(height > significant * (noise[r] as number) && height > 0)) continue;
    let isMaximum = true;
    for (let by = -near; by <= near; by++) {
      const other = excess[r + by] as number;
      // Of equal ones the first counts, and a gap beside hides a slope.
      if (!(by < 0 ? other < height : other <= height)) isMaximum = false;
    }
    if (isMaximum) found.push(middleOf(excess, r));
  }
  return found;
}

/** The middle of a maximum: of what is above a part of its height, without gaps. */
function middleOf(excess: Float64Array, at: number): number {
  const level = upper * (excess[at] as number);
  let [weight, sum] = [0, 0];
  for (const direction of [-1, 1])
    for (let r = direction < 0 ? at : at + 1; (excess[r] ?? Number.NaN) > level; r += direction) {
      weight += (excess[r] as number) - level;
      sum += ((excess[r] as number) - level) * (r + 0.5);
      if (Math.abs(r - at) > around) break;
    }
  return sum / weight;
}

/** Points of stills: those of still i are from `offsets[i]` to `offsets[i + 1]`. */
export interface StillPoints extends PowderPoints {
  readonly offsets: Uint32Array;
}

/** The peaks of the chunks of a stream. */
export function pointsOfChunks(
  chunks: readonly StreamChunk[],
  geometry: Geometry,
  own: Geometry,
  name: string,
): StillPoints {
  const panels = new Map(geometry.panels.map((panel, i) => [panel.name, i]));
  const perMetre = geometry.panels[0]?.resolution ?? 1;
  const offsets = new Uint32Array(chunks.length + 1);
  const points = chunks.flatMap((chunk, n) => {
    const beam = beamOfChunk(chunk, geometry, own);
    const { count, fs, ss, panel } = peaksOf(chunk, panels, name);
    offsets[n + 1] = (offsets[n] as number) + count;
    return Array.from({ length: count }, (_, i) => {
      const on = geometry.panels[panel[i] as number] as Geometry['panels'][number];
      return positionOf(on, beam, (fs[i] as number) - on.minFs, (ss[i] as number) - on.minSs).map((v) => v * perMetre);
    });
  });
  const column = (axis: number): Float64Array => Float64Array.from(points, (point) => point[axis] as number);
  return { x: column(0), y: column(1), z: column(2), weight: 1, offsets };
}
