/**
 * What a field of shifts says against its integral: axes that are not those of the scan, a trend that outweighs the
 * object, patterns with gaps or cut by an edge, and pixels that do not count. A wrong image looks like an image, so that
 * nobody sees it otherwise.
 */

import { type DataType, largestOf } from '../../bytes/dtype.js';
import { select } from '../../util/median.js';
import { gapsOf } from '../calibrate/bad-pixels.js';
import { type Image, regionsOf } from '../calibrate/image.js';
import { placeOf } from '../calibrate/moments.js';
import { findRotation } from '../calibrate/rotation.js';
import { lengths, polynomial, trendMap } from '../calibrate/trend.js';

/** The shifts of a scan, as they are integrated. */
export interface IntegratedField {
  readonly y: ArrayLike<number>;
  readonly x: ArrayLike<number>;
  readonly nav: readonly [number, number];
  /** By which the shifts were turned, in degrees, and whether they were inverted before. */
  readonly scanRotation: number;
  readonly flipY: boolean;
  /** The sum of all frames, and which of its pixels are used. */
  readonly sum: Image;
  readonly used: Uint8Array;
}

type Vectors = Float64Array<ArrayBuffer>;
type Integrate = (y: Float64Array, x: Float64Array) => Float64Array;

/** Share of the variance of an image that a trend may cause without a note; objects have some of either by chance. */
const maxOfImage = { plane: 0.35, parabola: 0.5 };
/** Share of the counts that gaps may lack without a note. */
const maxInGaps = 0.005;
/** Share of the level of the beam that a pixel at an edge of the detector may have, and how many may have more. */
const maxAtEdge = 0.1;
const minAtEdge = 3;
/** More positions than these are not looked at one by one for a trend. */
const maxPlaces = 16384;

const part = (field: Vectors, k: 0 | 1): Float64Array => field.filter((_, i) => i % 2 === k);

function variance(values: Float64Array): number {
  const used = values.filter(Number.isFinite);
  const mean = used.reduce((sum, value) => sum + value, 0) / used.length;
  return used.reduce((sum, value) => sum + (value - mean) ** 2, 0) / used.length;
}

/** The trends of a field, a plane and a parabola, as maps (y, x). */
function trendsOf(field: Vectors, nav: readonly [number, number]): Vectors[] {
  const positions = field.length / 2;
  const every = Math.max(1, Math.ceil(positions / maxPlaces));
  const places: { shift: readonly [number, number]; terms: number[] }[] = [];
  for (let i = 0; i < positions; i += every) {
    const shift = [field[2 * i] as number, field[2 * i + 1] as number] as const;
    if (shift.every(Number.isFinite)) places.push({ shift, terms: placeOf(i, nav) });
  }
  const weights = places.map(() => 1);
  return lengths.slice(1).flatMap((length) => {
    const fit = places.length > 2 * length ? polynomial(places, weights, length) : undefined;
    if (!fit) return [];
    // The mean is that of a beam off centre, and has an option of its own.
    const [, ...slopes] = fit.coefficients;
    return [trendMap([[0, 0], ...slopes], nav) as Vectors];
  });
}

/** A note on the trend that makes most of an image, if one does. */
function trendNote(trends: readonly Vectors[], image: Float64Array, integrate: Integrate): string[] {
  const whole = variance(image);
  const [plane = 0, parabola = 0] = trends.map((trend) => variance(integrate(part(trend, 0), part(trend, 1))) / whole);
  const isCurved = parabola > maxOfImage.parabola && parabola > plane + 0.2;
  if (!isCurved && !(plane > maxOfImage.plane)) return [];
  const trend = trends[isCurved ? 1 : 0] as Vectors;
  const spans = ([0, 1] as const).map((axis) => {
    const along = part(trend, axis);
    return along.reduce((a, b) => Math.max(a, b)) - along.reduce((a, b) => Math.min(a, b));
  });
  const remedy = isCurved
    ? 'regression calibrated, with a calibration, subtracts either'
    : 'regression plane subtracts it';
  return [
    `the shifts follow ${isCurved ? 'a parabola' : 'a plane'} of ${Math.max(...spans).toPrecision(2)} pixels over the ` +
      `scan, which makes ${Math.min(100, 100 * (isCurved ? parabola : plane)).toFixed(0)} % of the image: it is descan ` +
      `or a drift of the beam, or a slowly varying field of the object; ${remedy}`,
  ];
}

/** The angle from one direction to another that is the same axis, −90 to 90 degrees. */
const axisAngle = (degrees: number): number => degrees - 180 * Math.round(degrees / 180);

/** A note on axes under which the field is no gradient. */
function axesNote(field: Vectors, { nav, scanRotation, flipY }: IntegratedField): string[] {
  const rotation = findRotation(field, nav, undefined);
  if (typeof rotation === 'string') return [];
  const off = axisAngle(rotation.scanRotation);
  if (!rotation.flipY && Math.abs(off) <= Math.max(5, 4 * rotation.error)) return [];
  // After a flip, the turn that was made before it goes the other way.
  const angle = Math.round(axisAngle(off + (rotation.flipY ? -scanRotation : scanRotation)));
  const inverted = !rotation.flipY ? '' : flipY ? ', without flipY' : ', with flipY';
  return [
    'the image is wrong: the shifts are no gradient along the axes of the scan, and would be one with a scan rotation ' +
      `of ${angle || 0} ± ${Math.max(1, rotation.error).toFixed(0)} degrees or half a turn more${inverted}; ` +
      'a calibration finds it',
  ];
}

/** The sum of all frames, which of its pixels are used, and which lie in gaps between modules. */
interface Pattern {
  readonly sum: Image;
  readonly used: Uint8Array;
  readonly gaps: readonly number[];
  readonly isGap: Uint8Array;
}

function patternOf({ sum, used }: Pick<IntegratedField, 'sum' | 'used'>): Pattern {
  const gaps = gapsOf(sum);
  const isGap = new Uint8Array(sum.data.length);
  for (const i of gaps) isGap[i] = 1;
  return { sum, used, gaps, isGap };
}

/** Where a pixel is along each axis, y first: its line, of how many, and how far apart these are in memory. */
const alongAxes = (i: number, { width, height }: Image) => [
  { at: Math.floor(i / width), lines: height, step: width },
  { at: i % width, lines: width, step: 1 },
];

/** The nearest pixels on both sides of a gap along an axis, undefined beyond the frame, and how far apart they are. */
function besideGap(
  { sum: { data }, isGap }: Pick<Pattern, 'sum' | 'isGap'>,
  i: number,
  axis: ReturnType<typeof alongAxes>[number],
) {
  const { at, lines, step } = axis;
  let [before, after] = [0, 0];
  while (at - before >= 0 && isGap[i - before * step]) before++;
  while (at + after < lines && isGap[i + after * step]) after++;
  const sides = [
    at - before >= 0 ? (data[i - before * step] as number) : undefined,
    at + after < lines ? (data[i + after * step] as number) : undefined,
  ] as const;
  return { apart: before + after, sides };
}

/** A note on what gaps between modules lack of the pattern. */
function gapNote(pattern: Pattern): string[] {
  const { sum, used, gaps, isGap } = pattern;
  if (gaps.length === 0) return [];
  let [seen, missing] = [0, 0];
  for (let i = 0; i < used.length; i++) if (used[i] && Number.isFinite(sum.data[i])) seen += sum.data[i] as number;
  for (const i of gaps) {
    if (!used[i]) continue;
    // What is on both sides of the gap, along its shorter direction; one that ends with the frame has a single side.
    const across = alongAxes(i, sum).map((axis) => besideGap(pattern, i, axis));
    const [before, after] = across.sort((a, b) => a.apart - b.apart)[0]?.sides ?? [];
    if (before !== undefined && after !== undefined) missing += (before + after) / 2;
  }
  const share = missing / (seen + missing);
  if (!(share > maxInGaps)) return [];
  const lines = regionsOf(isGap, sum.width).length;
  return [
    `about ${(100 * share).toFixed(1)} % of the pattern falls into ${lines === 1 ? 'a gap' : 'gaps'} of the detector, ` +
      'which shortens and turns the shifts by an amount that differs from position to position',
  ];
}

/** Whether the detector ends beside a pixel: with the frame, or in rows or columns that count nothing up to there. */
const endsBeside = (pattern: Pattern, i: number): boolean =>
  alongAxes(i, pattern.sum).some((axis) =>
    [-1, 1].some((way) => {
      const { at, lines, step } = axis;
      if (at + way < 0 || at + way >= lines) return true;
      const next = i + way * step;
      const beyond = { ...axis, at: at + way };
      return pattern.isGap[next] && besideGap(pattern, next, beyond).sides.some((side) => side === undefined);
    }),
  );

/** A note on a pattern that the detector ends in. */
function edgeNote(pattern: Pattern): string[] {
  const { sum, used, isGap } = pattern;
  const { data, height, width } = sum;
  const isCounted = (i: number): boolean => used[i] === 1 && !isGap[i] && Number.isFinite(data[i]);
  let counted = 0;
  for (let i = 0; i < used.length; i++) if (used[i] === 1 && isCounted(i)) counted++;
  const bright = new Float64Array(counted);
  for (let i = 0, at = 0; i < used.length; i++) if (used[i] === 1 && isCounted(i)) bright[at++] = data[i] as number;
  // The brightest hundredth is the level of the beam, if hot pixels are fewer.
  const brightest = Math.floor(0.99 * (bright.length - 1));
  select(bright, brightest);
  const level = bright[brightest] ?? 0;
  // Without gaps, the detector ends with the frame.
  const inner = pattern.gaps.length === 0 && width > 2 ? width - 1 : 1;
  let cut = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x += y === 0 || y === height - 1 ? 1 : inner) {
      const i = y * width + x;
      if ((data[i] as number) > maxAtEdge * level && isCounted(i) && endsBeside(pattern, i)) cut++;
    }
  if (cut < minAtEdge) return [];
  return [
    `the pattern ends at an edge of the detector, where ${cut} pixels are brighter than a tenth of the beam: what lies ` +
      'beyond is missing, and shifts in that direction are too small',
  ];
}

/** Used pixels of a sum of so many frames that have the largest number of their type in every frame. */
export function stuckPixels(sum: ArrayLike<number>, used: Uint8Array, dtype: DataType, frames: number): number[] {
  const largest = largestOf(dtype);
  const found: number[] = [];
  if (frames === 0) return found;
  for (let i = 0; i < sum.length; i++) if (used[i] === 1 && sum[i] === frames * largest) found.push(i);
  return found;
}

/** Level of the pixels beside a saturated beam, in largest numbers; beside gaps the pattern is as dark as elsewhere. */
const besideBeam = 0.25;

/** How many such pixels are in a beam that is saturated, whose neighbours are bright, and how many are no counts. */
export function stuckKinds(
  stuck: readonly number[],
  { data, width, height }: Image,
  dtype: DataType,
  frames: number,
): { readonly saturated: number; readonly gaps: number } {
  const isGap = new Uint8Array(data.length);
  for (const i of stuck) isGap[i] = 1;
  const pattern = { sum: { data, width, height }, isGap };
  let saturated = 0;
  for (const i of stuck) {
    const across = alongAxes(i, pattern.sum).map((axis) => besideGap(pattern, i, axis));
    const sides = across.sort((a, b) => a.apart - b.apart)[0]?.sides.filter((side) => side !== undefined) ?? [];
    const level = sides.reduce((sum, side) => sum + side, 0) / (frames * sides.length);
    if (level >= besideBeam * largestOf(dtype)) saturated++;
  }
  return { saturated, gaps: stuck.length - saturated };
}

const stuckText = (count: number, dtype: DataType): string =>
  `${count} ${count === 1 ? 'pixel is' : 'pixels are'} ${largestOf(dtype)} in every frame`;

/** Why shifts are wrong with pixels that are no counts. */
export const stuckFaults = ({ gaps }: ReturnType<typeof stuckKinds>, dtype: DataType): string[] =>
  gaps === 0
    ? []
    : [
        `${stuckText(gaps, dtype)}, which is no count but a gap or a mask, and outweighs the pattern; exclude them as bad ` +
          'pixels',
      ];

/** What a saturated beam does to shifts. */
export const stuckDoubts = ({ saturated }: ReturnType<typeof stuckKinds>, dtype: DataType): string[] =>
  saturated === 0
    ? []
    : [
        `${stuckText(saturated, dtype)}, and so bright beside them that the beam is saturated: its edge still moves, and ` +
          'what its inner part does is not seen',
      ];

/** The shifts as vectors, their trends, and what remains without the last of these. */
function separated({ y, x, nav }: IntegratedField): { trends: Vectors[]; rest: Vectors | undefined } {
  const field: Vectors = new Float64Array(2 * y.length);
  for (let i = 0; i < y.length; i++) field.set([y[i] as number, x[i] as number], 2 * i);
  const trends = Math.min(...nav) < 8 ? [] : trendsOf(field, nav);
  const slow = trends.at(-1);
  return { trends, rest: slow && field.map((value, i) => value - (slow[i] as number)) };
}

/** Why the image of a field is wrong as it is. */
export function fieldFaults(integratedField: IntegratedField): string[] {
  const { rest } = separated(integratedField);
  return rest ? axesNote(rest, integratedField) : [];
}

/** Notes on the patterns whose shifts are measured. */
export function patternDoubts(given: Pick<IntegratedField, 'sum' | 'used'>): string[] {
  const pattern = patternOf(given);
  return [...gapNote(pattern), ...edgeNote(pattern)];
}

/** Notes on a field and the image that it integrates to. */
export const fieldDoubts = (integratedField: IntegratedField, image: Float64Array, integrate: Integrate): string[] => [
  ...trendNote(separated(integratedField).trends, image, integrate),
  ...patternDoubts(integratedField),
];
