/**
 * Where the background of the first frames is centred. Scattering of solvent and air depends on the angle to the beam
 * alone, apart from polarisation, so that the background is the same at opposite sides of the beam. The point about
 * which it is most symmetric is found without a crystal, a cell, or a geometry that is almost right, and lies within
 * half a percent of the detector's width on simulated and real frames.
 */

import { differingUnits } from '../../crystal/geometry/geometry.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import type { Detector } from '../../frames/detector/detector.js';
import type { Frame } from '../../peaks/contract.js';
import { placed } from '../../refinement/units.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import type { FirstFrames } from '../first-frames/tune.js';
import { readFrame } from '../stages/read-frame.js';

/** Number of frames examined, and of those tried to obtain them. */
const [lookedAt, tried] = [4, 32];
/** Pixels of a frame that are examined: every n-th row and column of larger frames. */
const enoughPixels = 2 ** 20;
/** Bins along the longer side of the image of the background, and pixels of it that are combined for the first look. */
const [bins, combined] = [192, 3];
/** How far from the beam of the geometry the centre is looked for, as a fraction of the longer side. */
const reach = 1 / 8;
/** Part of the image that must have an opposite side: about any centre, and about the beam of the geometry. */
const overlap = { least: 0.25, given: 0.4 };
/** Correlation between opposite sides below which the background shows no centre. */
const symmetric = 0.5;
/** Values beyond these quantiles, such as those of shadows and of broken parts, do not count more than these. */
const [low, high] = [0.02, 0.98];

/** The centre of the background, relative to the beam of the geometry. */
interface BackgroundCentre {
  /** Position in the plane of the detector, x and y in metres. */
  readonly atM: readonly [x: number, y: number];
  /** Correlation of opposite sides about the centre, and about the beam of the geometry. */
  readonly symmetry: { readonly centre: number; readonly beam: number };
  /** Size of a bin in metres, within which the centre is known. */
  readonly binM: number;
}

/** An image of the background in the plane perpendicular to the beam; NaN where nothing is measured. */
interface Image {
  readonly values: Float64Array;
  readonly width: number;
  readonly height: number;
  /** Position of the outer corner of the first bin, and size of a bin, in metres. */
  readonly corner: readonly [x: number, y: number];
  readonly binM: number;
  /** Number of bins that are measured. */
  readonly measured: number;
}

/**
 * The centre of the background of the first frames; undefined if no frame can be read, or if the background is too weak
 * or too little of it has an opposite side. Throws `Aborted`.
 */
export async function backgroundCentre(
  detector: Detector,
  firstFrames: FirstFrames,
  signal?: PlatformSignal,
): Promise<BackgroundCentre | undefined> {
  const pixels = binnedPixels(detector);
  if (!pixels) return undefined;
  const levels: Float64Array[] = [];
  for await (const { dataset, frames } of firstFrames(tried)) {
    for (const frame of frames) {
      if (levels.length >= lookedAt) break;
      try {
        levels.push(levelsOf(await readFrame(dataset, frame, detector, signal), pixels, detector.validRange));
      } catch {
        // The run reports an unreadable frame when it reaches it.
        checkSignal(signal);
      }
    }
    if (levels.length >= lookedAt) break;
  }
  if (levels.length === 0) return undefined;
  const values = pixels.image.values.map((_, bin) => meanMeasured(levels.map((level) => level[bin] as number)));
  return measuredCentre(clipped({ ...pixels.image, values }));
}

/** The examined pixels: their indices in a frame, bin after bin, and where each bin begins. */
interface BinnedPixels {
  readonly index: Int32Array;
  readonly first: Int32Array;
  readonly image: Image;
  /** Units per photon of each pixel of a frame, where panels have different ones. */
  readonly units: Float32Array | undefined;
}

/** Good pixels and the rays through them, where these meet the plane of the detector, in metres. */
export interface PlacedPixels {
  readonly index: Int32Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly count: number;
}

/** Every n-th good pixel, on the plane of the detector. A million of them are placed while a run starts. */
export function placedPixels(
  { geometry, width, height, bad, beam }: Detector,
  enough: number = enoughPixels,
): PlacedPixels {
  const step = Math.max(1, Math.round(Math.sqrt((width * height) / enough)));
  const along = (least: number, greatest: number): number => Math.max(0, Math.ceil((greatest - least + 1) / step));
  const most = geometry.panels.reduce(
    (sum, { minFs, maxFs, minSs, maxSs }) => sum + along(minFs, maxFs) * along(minSs, maxSs),
    0,
  );
  const away = meanDistance(geometry, beam);
  const [index, x, y] = [new Int32Array(most), new Float64Array(most), new Float64Array(most)];
  let count = 0;
  for (const panel of geometry.panels) {
    const { corner, fs, ss } = placed(panel);
    const [fx, fy, fz] = fs;
    const [sx, sy, sz] = ss;
    const { minFs, maxFs, minSs, maxSs } = panel;
    for (let row = minSs; row <= maxSs; row += step)
      for (let column = minFs; column <= maxFs; column += step) {
        const pixel = row * width + column;
        if (bad[pixel] !== 0) continue;
        const f = column - minFs + 0.5;
        const s = row - minSs + 0.5;
        const scale = away / (beam.distanceM + corner[2] + f * fz + s * sz);
        index[count] = pixel;
        x[count] = scale * (corner[0] + f * fx + s * sx + beam.shiftM[0]);
        y[count] = scale * (corner[1] + f * fy + s * sy + beam.shiftM[1]);
        count++;
      }
  }
  return { index: index.subarray(0, count), x, y, count };
}

/** Projects the good pixels along their rays onto the plane of the detector. Undefined without any. */
function binnedPixels(detector: Detector): BinnedPixels | undefined {
  const { index, x, y, count } = placedPixels(detector);
  if (count === 0) return undefined;
  const [minX, maxX] = valueRange(x, count);
  const [minY, maxY] = valueRange(y, count);
  // A little more, so that the outermost pixels are within the last bins.
  const binM = (1.0001 * Math.max(maxX - minX, maxY - minY)) / bins;
  if (!(binM > 0)) return undefined;
  const image = {
    width: 1 + Math.floor((maxX - minX) / binM),
    height: 1 + Math.floor((maxY - minY) / binM),
    corner: [minX, minY] as const,
    binM,
  };
  const bin = new Int32Array(count);
  const first = new Int32Array(image.width * image.height + 2);
  for (let i = 0; i < count; i++) {
    const own =
      Math.floor(((y[i] as number) - minY) / binM) * image.width + Math.floor(((x[i] as number) - minX) / binM);
    bin[i] = own;
    first[own + 2] = (first[own + 2] as number) + 1;
  }
  for (let own = 2; own < first.length; own++) first[own] = (first[own] as number) + (first[own - 1] as number);
  // Each number moves from the beginning of its bin to the end, which is where the next one begins.
  const sorted = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const own = (bin[i] as number) + 1;
    sorted[first[own] as number] = index[i] as number;
    first[own] = (first[own] as number) + 1;
  }
  return {
    index: sorted,
    first,
    units: unitsOfPixels(detector),
    image: { ...image, values: new Float64Array(image.width * image.height), measured: 0 },
  };
}

function unitsOfPixels({ geometry, beam, width, height }: Detector): Float32Array | undefined {
  const units = differingUnits(geometry, beam.wavelengthA);
  if (!units) return undefined;
  const all = new Float32Array(width * height).fill(1);
  for (const [i, { minFs, maxFs, minSs, maxSs }] of geometry.panels.entries())
    for (let row = minSs; row <= maxSs; row++)
      all.fill(units[i] as number, row * width + minFs, row * width + maxFs + 1);
  return all;
}

function valueRange(values: Float64Array, count: number): [least: number, greatest: number] {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    least = Math.min(least, values[i] as number);
    greatest = Math.max(greatest, values[i] as number);
  }
  return [least, greatest];
}

/** The level of the background of a frame in every bin: the mean of the values that are not peaks. */
function levelsOf(
  frame: Frame,
  { index, first, image, units }: BinnedPixels,
  [least, greatest]: Detector['validRange'],
): Float64Array {
  const levels = new Float64Array(image.values.length);
  // The counts of a bin are collected once, since they are scattered over the frame.
  const counts = new Float64Array(mostIn(first));
  for (let own = 0; own < levels.length; own++) {
    let valid = 0;
    for (let i = first[own] as number; i < (first[own + 1] as number); i++) {
      const value = frame[index[i] as number] as number;
      if (value >= least && value <= greatest)
        counts[valid++] = units ? value / (units[index[i] as number] as number) : value;
    }
    let [mean, limit] = [Number.NaN, Number.POSITIVE_INFINITY];
    for (let round = 0; round < 3; round++) {
      let [sum, number] = [0, 0];
      for (let i = 0; i < valid; i++) {
        if (!((counts[i] as number) <= limit)) continue;
        sum += counts[i] as number;
        number++;
      }
      mean = sum / number;
      limit = mean + 3 * Math.sqrt(Math.max(mean, 0.5));
    }
    levels[own] = mean;
  }
  return levels;
}

/** The largest number of pixels of a bin. */
function mostIn(first: Int32Array): number {
  let most = 0;
  for (let own = 1; own < first.length; own++)
    most = Math.max(most, (first[own] as number) - (first[own - 1] as number));
  return most;
}

function meanMeasured(values: readonly number[]): number {
  const measured = values.filter((value) => !Number.isNaN(value));
  return measured.reduce((sum, value) => sum + value, 0) / measured.length;
}

function clipped(image: Image): Image {
  const sorted = image.values.filter((value) => !Number.isNaN(value)).sort();
  const [least, greatest] = [low, high].map((part) => sorted[Math.floor(part * sorted.length)] as number) as [
    number,
    number,
  ];
  const values = image.values.map((value) => Math.min(greatest, Math.max(least, value)));
  return { ...image, values, measured: sorted.length };
}

/** The image in larger bins, of which the last ones may extend beyond it. */
function coarser({ values, width, height, corner, binM }: Image, by: number): Image {
  const [wide, tall] = [Math.ceil(width / by), Math.ceil(height / by)];
  const means = new Float64Array(wide * tall);
  for (let row = 0; row < tall; row++)
    for (let column = 0; column < wide; column++) {
      const some: number[] = [];
      for (let y = row * by; y < Math.min(height, (row + 1) * by); y++)
        for (let x = column * by; x < Math.min(width, (column + 1) * by); x++)
          some.push(values[y * width + x] as number);
      means[row * wide + column] = meanMeasured(some);
    }
  const measured = means.filter((mean) => !Number.isNaN(mean)).length;
  return { values: means, width: wide, height: tall, corner, binM: by * binM, measured };
}

/** A centre in half bins: opposite bins have column numbers of this sum, and row numbers of the other. */
type Centre = readonly [columns: number, rows: number];

function measuredCentre(fine: Image): BackgroundCentre | undefined {
  const coarse = coarser(fine, combined);
  const beam = beamOn(coarse);
  if (overlapOf(coarse, beam) < overlap.given) return undefined;
  const near = Math.round(2 * reach * Math.max(coarse.width, coarse.height));
  const first = maxSymmetric(coarse, beam, near);
  const begin = first.map((sum) => Math.round(combined * (sum + 1) - 1)) as [number, number];
  const [columns, rows] = maxSymmetric(fine, begin, 2 * combined);
  const symmetry = { centre: symmetryOf(fine, [columns, rows]), beam: symmetryOf(fine, beamOn(fine)) };
  if (!(symmetry.centre >= symmetric)) return undefined;
  const at = (axis: 0 | 1, sum: number): number => fine.corner[axis] + ((sum + 1) / 2) * fine.binM;
  const refined = [
    columns + vertexOf([-1, 0, 1].map((by) => symmetryOf(fine, [columns + by, rows]))),
    rows + vertexOf([-1, 0, 1].map((by) => symmetryOf(fine, [columns, rows + by]))),
  ] as const;
  return { atM: [at(0, refined[0]), at(1, refined[1])], symmetry, binM: fine.binM };
}

/** The beam of the geometry, where x and y are 0, as a centre. */
const beamOn = ({ corner, binM }: Image): Centre => [
  Math.round((-2 * corner[0]) / binM - 1),
  Math.round((-2 * corner[1]) / binM - 1),
];

function maxSymmetric(image: Image, [columns, rows]: Centre, near: number): Centre {
  let best: { readonly centre: Centre; readonly symmetry: number } | undefined;
  for (let v = rows - near; v <= rows + near; v++)
    for (let u = columns - near; u <= columns + near; u++) {
      const symmetry = symmetryOf(image, [u, v]);
      if (symmetry > (best?.symmetry ?? Number.NEGATIVE_INFINITY)) best = { centre: [u, v], symmetry };
    }
  return best?.centre ?? [columns, rows];
}

/** Correlation of the image with itself turned by half a turn about a centre; NaN if too little of it is opposite. */
function symmetryOf({ values, width, height, measured }: Image, [columns, rows]: Centre): number {
  let [pairs, sum, squares, products] = [0, 0, 0, 0];
  for (let y = Math.max(0, rows - height + 1); y <= Math.min(height - 1, rows); y++)
    for (let x = Math.max(0, columns - width + 1); x <= Math.min(width - 1, columns); x++) {
      const one = values[y * width + x] as number;
      const other = values[(rows - y) * width + columns - x] as number;
      if (Number.isNaN(one) || Number.isNaN(other)) continue;
      pairs++;
      sum += one;
      squares += one * one;
      products += one * other;
    }
  if (pairs < Math.max(1, overlap.least * measured)) return Number.NaN;
  const mean = sum / pairs;
  return (products / pairs - mean * mean) / (squares / pairs - mean * mean);
}

/** The part of the image that has an opposite side about a centre. */
function overlapOf({ width, height }: Image, [columns, rows]: Centre): number {
  const along = (sum: number, size: number): number =>
    Math.max(0, Math.min(size - 1, sum) - Math.max(0, sum - size + 1) + 1) / size;
  return along(columns, width) * along(rows, height);
}

/** The vertex of a parabola through three values, the middle one of which is the largest; 0 at an edge. */
function vertexOf(three: readonly number[]): number {
  const [left = Number.NaN, middle = Number.NaN, right = Number.NaN] = three;
  const vertex = (left - right) / (2 * (left - 2 * middle + right));
  return Math.abs(vertex) <= 1 ? vertex : 0;
}
