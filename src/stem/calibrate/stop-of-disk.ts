/**
 * What a beam stop covers of the direct beam, by the fit of its disk: what is dark within it and outwards of it is a bar,
 * whose direction a few dark pixels tell worse than the circle that they are cut out of.
 */
import { type Bar, barOf, isIn, pixelsIn } from './cut-disks.js';
import { type DiskFit, diskParameters, fitDisk } from './disk.js';
import { type Image, medians } from './image.js';
import { startOf } from './start.js';

/** Rounds of a fit and of what is dark within it: with less that is taken for an edge, the disk grows. */
const rounds = 8;
/** Shares of the level of the disk below which a pixel is dark, and above which it is lit. */
const [dark, lit] = [0.3, 0.6];
/** Dark pixels that a bar has at least, the share of all dark pixels, and lit ones as a share of them at most. */
const needs = { pixels: 4, ofAll: 0.75, lit: 0.15 } as const;
/** Pixels about the disk to which a bar goes on. */
const margin = 2;

/** Pixels beside a bar that it may cover in part, or by the step of its directions. */
const beside = 2.5;

/** The dark and the lit pixels of a disk, in a square about it. */
function within(image: Image, good: Uint8Array, { p }: DiskFit) {
  const [cy, cx, R, w, a, b, e1, e2] = [...p] as [number, number, number, number, number, number, number, number];
  const [top, left] = [Math.floor(cy - R - margin), Math.floor(cx - R - margin)];
  const side = Math.ceil(2 * (R + margin)) + 1;
  const square = { data: new Float64Array(side * side), height: side, width: side };
  const known = new Uint8Array(side * side);
  for (let y = Math.max(0, top); y < Math.min(image.height, top + side); y++)
    for (let x = Math.max(0, left); x < Math.min(image.width, left + side); x++) {
      const [k, i] = [(y - top) * side + x - left, y * image.width + x];
      square.data[k] = image.data[i] as number;
      known[k] = good[i] as number;
    }
  const smooth = medians(square, known);
  const [shadows, lights]: [number[], number[]] = [[], []];
  for (let k = 0; k < known.length; k++) {
    if (!known[k]) continue;
    const [dy, dx] = [top + Math.floor(k / side) - cy, left + (k % side) - cx];
    const far = dy * dy + dx * dx;
    const round = 1 + (e1 * (dx * dx - dy * dy) + 2 * e2 * dy * dx) / Math.max(far, 1e-9);
    if (Math.sqrt(far) > R * round - Math.max(0.7, w)) continue;
    const share = ((smooth[k] as number) - b) / a;
    if (share < dark) shadows.push(k);
    else if (share > lit) lights.push(k);
  }
  return { top, left, square, shadows, lights };
}

/** A bar that crosses all of the disk goes on at both of its ends. */
function throughout(bar: Bar, R: number): Bar {
  const chord = Math.sqrt(Math.max(0, R * R - ((bar.from + bar.to) / 2) ** 2));
  return bar.tip < 3 - chord ? { ...bar, tip: Number.NEGATIVE_INFINITY } : bar;
}

/** The pixels that a beam stop covers, with those that are known to be, as far as the disk of the direct beam tells. */
export function stopOfDisk(image: Image, good: Uint8Array, known: readonly number[]): number[] {
  const left = good.slice();
  for (const i of known) left[i] = 0;
  let stop = known;
  for (let round = 0; round < rounds; round++) {
    const start = startOf(image, left);
    const fit = start && fitDisk(image, left, diskParameters(start));
    if (!fit) return [...known];
    const { top, left: first, square, shadows, lights } = within(image, good, fit);
    if (shadows.length < needs.pixels) break;
    const side = square.width;
    const bar = barOf(shadows, lights, square);
    const inside = pixelsIn(shadows, bar, square).length;
    if (inside < Math.max(needs.pixels, needs.ofAll * shadows.length)) break;
    if (pixelsIn(lights, bar, square).length > needs.lit * inside) break;
    const whole = throughout(bar, fit.p[2] as number);
    const all = new Set(stop);
    for (let i = 0; i < good.length; i++) {
      const [y, x] = [Math.floor(i / image.width) - top - side / 2, (i % image.width) - first - side / 2];
      if (isIn(whole, y, x, beside)) all.add(i);
    }
    left.set(good);
    for (const i of all) left[i] = 0;
    const isSame = all.size === stop.length;
    stop = [...all];
    if (isSame) break;
  }
  return [...stop];
}
