/** Where the bright field is, without a model of it, and what covers it. */
import { maskOf } from '../../util/map-into.js';
import { median, select } from '../../util/median.js';
import { stopOverDisks } from './cut-disks.js';
import {
  around,
  filled,
  gaussianBlur,
  hullOf,
  hullRowsOf,
  type Image,
  medians,
  pixelsOf,
  regionsAmong,
  regionsOf,
} from './image.js';

/** A first estimate of the disk: centre, radius, level inside and outside. */
export interface Start {
  readonly cy: number;
  readonly cx: number;
  readonly r: number;
  readonly high: number;
  readonly low: number;
}

/** Thresholds between the levels, in which the one of the most stable radius is sought. */
const thresholds = Array.from({ length: 29 }, (_, i) => 0.1 + 0.025 * i);

/** The pixels above the threshold that was used last, and what finding regions among them takes. */
interface Search {
  readonly smooth: Float64Array;
  readonly width: number;
  candidates: Int32Array;
  readonly marks: Uint8Array;
  readonly queue: Int32Array;
}

function searchAbove(smooth: Float64Array, width: number, least: number): Search {
  let count = 0;
  for (let i = 0; i < smooth.length; i++) if ((smooth[i] as number) > least) count++;
  const candidates = new Int32Array(count);
  for (let i = 0, at = 0; i < smooth.length; i++) if ((smooth[i] as number) > least) candidates[at++] = i;
  return { smooth, width, candidates, marks: new Uint8Array(smooth.length), queue: new Int32Array(count) };
}

/** The pixels above a threshold that hang together: the region with most counts. Thresholds rise from call to call. */
function brightest(search: Search, above: number): Int32Array {
  const { smooth, width, candidates: before, marks, queue } = search;
  let count = 0;
  for (let k = 0; k < before.length; k++) {
    const i = before[k] as number;
    if (!((smooth[i] as number) > above)) continue;
    marks[i] = 1;
    before[count++] = i;
  }
  const candidates = before.subarray(0, count);
  search.candidates = candidates;
  let [first, last, most] = [0, 0, Number.NEGATIVE_INFINITY];
  regionsAmong(candidates, marks, width, queue, (start, end) => {
    let counts = 0;
    for (let at = start; at < end; at++) counts += smooth[queue[at] as number] as number;
    if (counts > most) [first, last, most] = [start, end, counts];
  });
  return queue.subarray(first, last);
}

/** Radius and centre of the hull of some pixels. */
function hullDisk(pixels: Int32Array, width: number): { r: number; cy: number; cx: number } {
  let [n, cy, cx] = [0, 0, 0];
  if (pixels.length > 0) {
    const { top, firsts, ends } = hullRowsOf(pixels, width);
    for (let row = 0; row < firsts.length; row++) {
      const [first, end] = [firsts[row] as number, ends[row] as number];
      if (end <= first) continue;
      n += end - first;
      cy += (end - first) * (top + row);
      cx += ((end - first) * (first + end - 1)) / 2;
    }
  }
  return { r: Math.sqrt(n / Math.PI), cy: cy / n, cx: cx / n };
}

/** The mean of the largest of some numbers, one in 400 and at least three, and what three quarters of them exceed. */
function levelsOf(values: Float64Array): readonly [low: number, high: number] {
  const some = values.slice();
  const count = Math.max(3, Math.floor(some.length / 400));
  const first = Math.max(0, some.length - count);
  select(some, first);
  const top = some.subarray(first).sort();
  const high = top.reduce((sum, value) => sum + value, 0) / top.length;
  select(some, some.length >> 2);
  return [some[some.length >> 2] as number, high];
}

/**
 * The hull of the brightest region, at the threshold where its radius changes least: the idea of py4DSTEM's
 * get_probe_size (Savitzky et al., Microsc. Microanal. 27, 712 (2021)). Undefined for an image without contrast.
 */
export function startOf(image: Image, good: Uint8Array): Start | undefined {
  const { height, width } = image;
  const size = { height, width };
  const smooth = gaussianBlur({ data: medians({ data: filled(image, good, 1.5), ...size }), ...size }, undefined, 0.7);
  const [low, high] = levelsOf(smooth);
  if (!(high > low)) return undefined;
  const search = searchAbove(smooth, width, low + (thresholds[0] as number) * (high - low));
  const found = thresholds.map((share) => hullDisk(brightest(search, low + share * (high - low)), width));
  const slope = (i: number): number =>
    Math.abs(
      Math.log((found[Math.min(i + 1, found.length - 1)]?.r as number) / (found[Math.max(i - 1, 0)]?.r as number)),
    );
  let best = { i: 0, change: Number.POSITIVE_INFINITY };
  for (let i = 2; i < found.length - 2; i++) {
    const change = [-2, -1, 0, 1, 2].reduce((sum, d) => sum + slope(i + d), 0);
    if (change < best.change) best = { i, change };
  }
  return { ...(found[best.i] as (typeof found)[0]), high, low };
}

/** Shares of the circle around it that a disk of a few pixels fills at least, and the hull of one behind a stop. */
const [minRound, minRoundHull] = [0.7, 0.8];

const isAtEdge =
  ({ height, width }: Image) =>
  (i: number): boolean =>
    i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1;

/**
 * The pixels of a beam stop: dark ones within the hull of what is bright, and what continues them outwards. None if
 * there are at most 8, or more than 60 % of the hull. Over several disks, a bar that cuts them (cut-disks.ts).
 */
export function findStop(image: Image, good: Uint8Array, start: Start): number[] {
  const { height, width, data } = image;
  const { cy, cx, r, high, low } = start;
  const smooth = medians(image, good);
  const regions = regionsOf(
    maskOf(smooth, (value) => value > low + 0.3 * (high - low)),
    width,
  );
  const largest = regions.reduce((most, { length }) => Math.max(most, length), 0);
  // A stop may cut the disk in two.
  const pieces = regions.filter(({ length }) => length > 0.25 * largest);
  if (areDisks(pieces, image, good)) return stopOverDisks(image, good, start);
  const lit = pieces.flat();
  const hull = hullOf(lit, height, width);
  const within = pixelsOf(hull);
  if (!isRound(within, width, minRoundHull, image)) return stopOverDisks(image, good, start);
  const levels = lit.map((i) => data[i] as number).sort((a, b) => a - b);
  const dark = low + 0.12 * ((levels[levels.length >> 1] as number) - low);
  const isDark = data.map((value, i) => (good[i] && value < dark ? 1 : 0));
  const inside = isDark.map((is, i) => {
    if (!is || !hull[i]) return 0;
    let [all, some, within] = [0, 0, 1];
    around(image, i, 1, (k) => {
      all++;
      some += (isDark[k] as number) || (good[k] ? 0 : 1);
      if (!hull[k]) within = 0;
    });
    return within && some > 0.6 * all ? 1 : 0;
  });
  const cores = regionsOf(Uint8Array.from(inside), width).filter(({ length }) => length > 8);
  const core = cores.flat();
  // A stop is one bar, cut in two where a gap crosses it; disks that touch have many dark places between them.
  if (cores.length > 2) return stopOverDisks(image, good, start);
  if (core.length === 0 || core.length > 0.6 * hull.reduce((sum, is) => sum + is, 0)) return [];
  if (!isShadow(core, hull, image, good, low)) return [];
  const covered = new Uint8Array(data.length);
  const cover = (i: number): void =>
    around(image, i, 1, (k) => {
      covered[k] = 1;
    });
  // It goes on through the edge of the disk, along its length.
  const [ay, ax] = axisOf(core, width);
  for (const i of core) {
    cover(i);
    const [y, x] = [Math.floor(i / width), i % width];
    if (Math.hypot(y - cy, x - cx) <= 0.6 * r) continue;
    const outwards = Math.sign((y - cy) * ay + (x - cx) * ax);
    for (let t = 1; t < height + width; t++) {
      const [v, u] = [Math.round(y + t * outwards * ay), Math.round(x + t * outwards * ax)];
      if (v < 0 || u < 0 || v >= height || u >= width) break;
      cover(v * width + u);
    }
  }
  return pixelsOf(covered);
}

/** Share of the usual level at its distance from the middle below which a pixel is in a shadow. */
const shadow = 0.5;

/**
 * Whether most of some dark pixels are darker than others as far from the middle of what is bright: a stop is, and the
 * dark between the rings of a powder is as dark all around.
 */
function isShadow(
  core: readonly number[],
  hull: Uint8Array,
  { data, height, width }: Image,
  good: Uint8Array,
  low: number,
): boolean {
  const inside = pixelsOf(hull);
  const [cy, cx] = [(i: number) => Math.floor(i / width), (i: number) => i % width].map(
    (of) => inside.reduce((sum, i) => sum + of(i), 0) / inside.length,
  ) as [number, number];
  const distance = (i: number): number => Math.round(Math.hypot(Math.floor(i / width) - cy, (i % width) - cx));
  const rings: number[][] = Array.from({ length: height + width }, () => []);
  for (const i of inside) if (good[i]) rings[distance(i)]?.push(data[i] as number);
  const usual = rings.map((values) => (values.length > 0 ? median(values) : low));
  const isDark = (i: number): boolean => (data[i] as number) - low < shadow * ((usual[distance(i)] as number) - low);
  return core.filter(isDark).length > core.length / 2;
}

/**
 * Whether bright regions are disks of diffraction, which have dark between them, too: more than a stop can cut out of
 * one disk, or two that are round. Those at the edge of the frame are cut there, and others by gaps.
 */
function areDisks(pieces: readonly (readonly number[])[], image: Image, good: Uint8Array): boolean {
  const { width } = image;
  const whole = pieces.filter((piece) => !piece.some(isAtEdge(image)));
  if (!good.every((one) => one === 1)) {
    const isBeside = (i: number): boolean => [i - width, i - 1, i + 1, i + width].some((k) => good[k] === 0);
    const uncut = whole.filter((piece) => !piece.some(isBeside));
    const round = uncut.length > 1 ? uncut : whole;
    return round.length > 1 && round.every((piece) => isRound(piece, width));
  }
  // A stop cuts one disk in two.
  return pieces.length > 2 || (whole.length === 2 && whole.every((piece) => isRound(piece, width)));
}

/**
 * Whether a region fills most of the circle around it, as a disk does and the half of one does not; of the part of the
 * circle within a frame, where one is given.
 */
function isRound(
  pixels: readonly number[],
  width: number,
  least = minRound,
  frame?: Pick<Image, 'height' | 'width'>,
): boolean {
  const points = pixels.map((i): [number, number] => [Math.floor(i / width), i % width]);
  const [my, mx] = [0, 1].map((k) => points.reduce((sum, point) => sum + (point[k] as number), 0) / points.length) as [
    number,
    number,
  ];
  const reach = points.reduce((most, [y, x]) => Math.max(most, Math.hypot(y - my, x - mx)), 0) + 0.5;
  let area = Math.PI * reach * reach;
  if (frame) {
    area = 0;
    for (let y = 0; y < frame.height; y++) {
      const half = Math.sqrt(Math.max(0, reach * reach - (y - my) ** 2));
      area += Math.max(0, Math.min(frame.width, mx + half) - Math.max(0, mx - half));
    }
  }
  return pixels.length > least * area;
}

/** The direction (y, x) in which pixels extend most, of length 1. */
function axisOf(pixels: readonly number[], width: number): [number, number] {
  const points = pixels.map((i): [number, number] => [Math.floor(i / width), i % width]);
  const mean = (of: (point: [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [my, mx] = [mean(([y]) => y), mean(([, x]) => x)];
  const [yy, xx] = [mean(([y]) => (y - my) ** 2), mean(([, x]) => (x - mx) ** 2)];
  const yx = mean(([y, x]) => (y - my) * (x - mx));
  const angle = Math.atan2(2 * yx, xx - yy) / 2;
  return [Math.sin(angle), Math.cos(angle)];
}
