/** The disk of the direct beam over a scan: fitted, its descan removed, fitted again; or why not. */
import { mapInto, maskOf } from '../../util/map-into.js';
import { aligned, besideEdge, findTrend, type Motion, type Rest, type ScanBlock } from './descan.js';
import { type DiskFit, diskParameters, fitDisk } from './disk.js';
import { diskErrors } from './disk-errors.js';
import { type Edge, edgeShift } from './edge.js';
import { type Image, pixelsOf } from './image.js';
import { profileDoubt, profileError } from './profile-doubt.js';
import { type Start, startOf } from './start.js';
import type { Trend } from './trend.js';

/** The disk and its descan. */
export interface Beam {
  readonly fit: DiskFit;
  /** The sum without descan, in which the disk was fitted, and its good pixels. */
  readonly image: Image;
  readonly good: Uint8Array;
  /** Errors of cy, cx, R, w, a, b, e1, e2, gy, gx, s. */
  readonly errors: Float64Array;
  readonly trend: Trend | undefined;
  /** The edge of an object, which is no part of the trend, and one that may be what seems to be the trend. */
  readonly edge: Edge | undefined;
  readonly otherwise: Edge | undefined;
  readonly hidden: Motion['hidden'];
  /** Mean over the scan of the centre, in pixels. */
  readonly cy: number;
  readonly cx: number;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/**
 * Adds what the motion of the disk beside its trend may do to radius and ellipse: the sum has an edge that is wider
 * along one direction, which the fit, with one width, takes for another radius there.
 */
function addSmear(errors: Float64Array, { x, y, up, down }: Rest, { p }: DiskFit): void {
  const [R, w] = [p[2] as number, p[3] as number];
  const stretch = (a: number, b: number): number => Math.abs(a * a - b * b) / w / 2 / R;
  const smear = [(x * x + y * y) / 4 / w, stretch(x, y), stretch(up, down)];
  for (const [i, k] of [2, 6, 7].entries()) errors[k] = Math.hypot(errors[k] as number, smear[i] as number);
}

/** Width of the sharpest edge, pixels: each pixel sums the counts of its area. */
const sharpest = 1 / Math.sqrt(12);
/** By how much pixels that are in or out may move the centre of a disk, pixels. */
const cutCentre = 0.1;

/**
 * Adds what an edge hides that is sharper than a pixel, of a disk whose pixels are wholly in or out: many disks have the
 * same pixels.
 */
function addCut(errors: Float64Array, { p }: DiskFit): void {
  const [R, w] = [p[2] as number, p[3] as number];
  if (w >= sharpest) return;
  const cut = [cutCentre, cutCentre, sharpest];
  for (const [k, own] of cut.entries()) errors[k] = Math.hypot(errors[k] as number, own);
  for (const k of [6, 7]) errors[k] = Math.hypot(errors[k] as number, sharpest / R);
}

/** The motion that some share of what an edge moves is. */
function restOfEdge({ shift: [y, x] }: Edge, share: number): Rest {
  return { x: share * x, y: share * y, up: share * Math.SQRT1_2 * (x + y), down: share * Math.SQRT1_2 * (x - y) };
}

/** Why the sum has no sharp disk, or its brightest disk is not the direct beam. */
function otherBeam({ p }: DiskFit, rest: Rest | undefined, image: Image, good: Uint8Array): string | undefined {
  const [cy, cx, R, w] = p as unknown as [number, number, number, number];
  const motion = rest === undefined ? 0 : Math.hypot(rest.y, rest.x) / Math.SQRT2;
  if (motion > w)
    return (
      `the disk moves over the scan by ${motion.toFixed(2)} pixels (rms) beside a parabola, more than the width of ` +
      'its edge'
    );
  let [all, inside, y, x] = [0, 0, 0, 0];
  for (const [i, value] of image.data.entries()) {
    if (!good[i]) continue;
    const [row, column] = [Math.floor(i / image.width), i % image.width];
    all += value;
    y += value * row;
    x += value * column;
    if (Math.hypot(row - cy, column - cx) < R) inside += value;
  }
  // Patterns have as many counts on one side as on the other, and the direct beam is in their middle.
  const away = Math.hypot(y / all - cy, x / all - cx);
  return away > 1.5 * R && inside < 0.4 * all
    ? `the brightest disk has ${percent(inside / all)} of the counts and is ${away.toFixed(0)} pixels from their ` +
        'centre: something covers the direct beam'
    : undefined;
}

/** Share of the radius by which an edge of unknown shape may be elsewhere, as a share of its width. */
const unknownShape = 0.008;

/** Share of what an edge moves in the mean that its shape leaves open, from simulated foils. */
const unknownEdge = 0.6;
/** Share of what an edge moves that may widen the sum where its shape is not known. */
const edgeSmear = 0.4;

/**
 * Shares of the radius by which the edge of an object, or what is left beside edge and trend, moves the disk of a block at
 * most: beyond them the pattern at the edge is two disks, and no strip describes it.
 */
const maxMotion = { edge: 0.15, rest: 0.05 } as const;
/** Largest error of the centre, as a share of the radius. */
const maxError = 0.1;

/** Why the motion of the disk leaves its centre unknown. */
function motionDoubt(errors: Float64Array, R: number, { edge, rest }: Motion): string | undefined {
  // Where no edge is certain, the disk may move in any way, such as with the beam, and its errors tell of it.
  if (!edge) return undefined;
  const [byEdge, left] = [Math.hypot(...(edge?.shift ?? [0])), Math.hypot(rest.y, rest.x)];
  if (byEdge > maxMotion.edge * R || left > maxMotion.rest * R)
    return (
      `objects move the disk by ${Math.max(byEdge, left).toFixed(1)} pixels from place to place, which is no descan: take ` +
      'a scan of vacuum, or of a thinner place'
    );
  const error = Math.max(errors[0] as number, errors[1] as number);
  return error > maxError * R
    ? `the error of the centre would be ${error.toFixed(1)} pixels: the edge of an object crosses the whole scan; take one ` +
        'of vacuum, or a larger one'
    : undefined;
}

/** Why the fitted disk cannot be trusted. */
function beamDoubt(fit: DiskFit, errors: Float64Array, start: Start, image: Image, good: Uint8Array, span: number) {
  const [cy, cx, R, w, a, b, e1, e2] = fit.p as unknown as number[] as [number, number, number, ...number[]] &
    [number, number, number, number, number, number, number, number];
  const ellipticity = 2 * Math.hypot(e1, e2);
  if (!errors.every(Number.isFinite)) return 'the fit of the disk has no error';
  if (R < 1.5) return `the beam is a point: its radius is ${R.toFixed(1)} pixels, and a disk needs 1.5`;
  if (fit.cover < 0.45) return `only ${percent(fit.cover)} of the edge of the disk is visible, and 45 % are needed`;
  if (w > 0.35 * R) return `the disk has no edge: it is ${w.toFixed(1)} pixels wide, the radius ${R.toFixed(1)}`;
  if (a < 5 * Math.sqrt(Math.max(b, 0) / (Math.PI * R * R)) || a <= 0.05 * Math.max(b, 0))
    return 'the disk is not brighter than its surroundings';
  if (Math.max(errors[0] as number, errors[1] as number, errors[2] as number) > maxError * R)
    return 'the error of centre or radius would exceed a tenth of the radius: there are too few counts';
  if (ellipticity > 0.12) return `the bright field is no disk: its ellipticity would be ${percent(ellipticity)}`;
  const away = Math.hypot(cy - start.cy, cx - start.cx);
  if (Math.abs(Math.log(R / start.r)) > 0.25 || away > 0.3 * start.r + span)
    return 'the fitted disk is not where the bright region is';
  const dark = darkShare(image, good, fit);
  return dark > 0.03 ? `${percent(dark)} of the disk is dark: something that was not recognised covers it` : undefined;
}

/** Share of the good pixels well inside the disk that have less than 15 % of its counts. */
function darkShare({ data, width }: Image, good: Uint8Array, { p }: DiskFit): number {
  const [cy, cx, R, , a, b] = p as unknown as [number, number, number, number, number, number];
  let [all, dark] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (!good[i] || Math.hypot(Math.floor(i / width) - cy, (i % width) - cx) > 0.8 * R) continue;
    all++;
    if ((data[i] as number) < b + 0.15 * a) dark++;
  }
  return dark / Math.max(1, all);
}

/** Whether much of the bright field has one number in every frame: what a saturated detector gives, and noise not. */
function isSaturated({ data }: Image, good: Uint8Array, { high, low }: Start, frames: number): boolean {
  const level = low + 0.5 * (high - low);
  const pixels = pixelsOf(maskOf(data, (value, i) => good[i] === 1 && value > level));
  const bright = mapInto(new Float64Array(pixels.length), pixels, (i) => data[i] as number).sort();
  let [value, most] = [0, 0];
  for (let i = 0, first = 0; i < bright.length; i++) {
    if (bright[i] !== bright[first]) first = i;
    if (i + 1 - first > most) [value, most] = [bright[i] as number, i + 1 - first];
  }
  return most > Math.max(8, 0.2 * bright.length) && value > 0 && Number.isInteger(value / frames);
}

/** Disk and descan of a scan from where the disk seems to be, or the reason why they cannot be found. */
export function findBeam(
  blocks: readonly ScanBlock[],
  image: Image,
  good: Uint8Array,
  nav: readonly [number, number],
  start = startOf(image, good),
): Beam | string {
  if (!image.data.some((value, i) => good[i] && value > 0)) return 'there are no counts in the scan';
  if (!start) return 'there is no bright region: all pixels have the same counts';
  if (isSaturated(image, good, start, nav[0] * nav[1]))
    return 'the bright field is saturated: many of its pixels have the same number in all frames';
  let fit = fitDisk(image, good, diskParameters(start));
  if (!fit) return 'no disk fits the bright region';
  let errors = diskErrors(
    fit,
    image,
    blocks.map(({ sum }) => sum),
  );
  let fitted = { image, good };
  let found = findTrend(blocks, image, good, fit.p, nav);
  if (found && Math.max(found.trend.span, Math.hypot(...(found.edge?.shift ?? [0]))) > 0.3) {
    // Blurred by descan, the sum has another edge and another ellipse than a frame.
    const sharp = aligned(blocks, image, good, found);
    const begin = fit.p.slice();
    for (const part of [0, 1] as const)
      begin[part] = (fit.p[part] as number) + (found.trend.coefficients[0]?.[part] as number);
    begin[3] = Math.max(0.5, 0.06 * (begin[2] as number));
    const second = fitDisk(sharp.image, sharp.good, begin);
    const again = second && findTrend(blocks, image, good, second.p, nav);
    if (second && again) {
      [fit, found, fitted] = [second, again, sharp];
      errors = diskErrors(second, sharp.image, sharp.parts);
    }
  }
  if (!errors) return 'the fit of the disk has no error';
  errors[2] = Math.hypot(errors[2] as number, unknownShape * (fit.p[3] as number), profileError(fit));
  const { trend, rest, edge, otherwise, hidden } = found ?? {};
  if (rest) addSmear(errors, rest, fit);
  const doubt =
    otherBeam(fit, rest, image, good) ??
    beamDoubt(fit, errors, start, image, good, trend?.span ?? 0) ??
    profileDoubt(fit);
  if (doubt !== undefined) return doubt;
  const [aside, asideErrors] = [trend?.coefficients[0] ?? [0, 0], trend?.errors[0] ?? [0, 0]];
  // Fields of an object may move the disk to one side in a part of the scan, of which that of the sum is the mean.
  const byEdge = edge ? meanEdge(blocks, edge) : otherwise ? besideRest(otherwise.mean, rest) : [0, 0];
  // An edge wider than the scan is known only as far as its shape is.
  const open = edge && besideEdge(blocks, edge) ? unknownEdge : 1;
  if (edge) addSmear(errors, restOfEdge(edge, edgeSmear * open), fit);
  addCut(errors, fit);
  for (const part of [0, 1] as const)
    errors[part] = Math.hypot(
      Math.max(errors[part] as number, Math.hypot(edge ? 0 : aside[part], asideErrors[part])),
      open * byEdge[part],
      hidden?.[part] ?? 0,
    );
  const moved = found && motionDoubt(errors, fit.p[2] as number, found);
  if (moved !== undefined) return moved;
  const [y, x] = (trend && trend.order > 0) || edge ? aside : [0, 0];
  const clearTrend = trend && otherwise ? orNone(trend) : trend && hidden ? besideHidden(trend, hidden) : trend;
  const motion = { trend: clearTrend, edge, otherwise, hidden };
  return { ...fitted, ...motion, fit, errors, cy: (fit.p[0] as number) + y, cx: (fit.p[1] as number) + x };
}

/** A trend that may be none: errors as large as its coefficients. */
function orNone(trend: Trend): Trend {
  const errors = trend.errors.map(([y, x], k) => {
    const [cy, cx] = k === 0 ? [0, 0] : (trend.coefficients[k] as readonly [number, number]);
    return [Math.hypot(y, cy), Math.hypot(x, cx)] as const;
  });
  return { ...trend, errors };
}

/** A trend of which an edge may be a part: as a parabola it is about twice as high as its mean. */
function besideHidden(trend: Trend, [y, x]: readonly [number, number]): Trend {
  const errors = trend.errors.map(([ey, ex]) => [Math.hypot(ey, 2 * y), Math.hypot(ex, 2 * x)] as const);
  return { ...trend, errors };
}

/** What an edge that is only possible may move (y, x) in the mean, and what neither it nor the trend explains. */
const besideRest = ([y, x]: Edge['mean'], rest: Rest = { x: 0, y: 0, up: 0, down: 0 }): Edge['mean'] => [
  Math.hypot(y, rest.y),
  Math.hypot(x, rest.x),
];

/** By how much (y, x) an edge moves the disk in the mean over the scan. */
function meanEdge(blocks: readonly ScanBlock[], edge: Edge): readonly [y: number, x: number] {
  let [y, x] = [0, 0];
  for (const { terms } of blocks) {
    const [dy, dx] = edgeShift(edge, terms);
    y += dy / blocks.length;
    x += dx / blocks.length;
  }
  return [y, x];
}
