/** How much of the direct beam a disk leaves out: what moves its edge is then not seen, and the image is noise. */
import type { Image } from '../calibrate/image.js';
import { diskOfPart, diskOfSum, type SumDisk } from '../calibrate/sum-disk.js';

/** The disk within which centres of mass are taken, in pixels. */
export interface UsedDisk {
  readonly cy: number;
  readonly cx: number;
  /** null for the whole frame. */
  readonly r: number | null;
  /** Pixels that are summed into one of the image, along each axis; 1 if it is absent. */
  readonly bin?: number;
}

/** Pixels along the longer side of an image in which the beam is sought; finer ones say nothing more about a share. */
const enoughPixels = 256;
/** Radius of the used disk that they resolve, and the surroundings that are looked at, in radii. */
const [minRadius, reach] = [8, 16];

/** Share of the counts of the beam that may lie outside without a note, and inside of a disk that is beside it. */
const [maxOutside, minCut] = [0.1, 0.02];

/** Share of the counts of the beam that lie farther from a point than `r`. */
function outside(
  { data, height, width }: Image,
  beam: SumDisk,
  { cy, cx, r, bin }: Required<UsedDisk> & { r: number },
): number {
  let [all, out] = [0, 0];
  const place = (at: number): number => (at + 0.5) * bin - 0.5;
  const [top, bottom] = span((beam.cy + 0.5) / bin, beam.radius / bin + 1, height);
  const [left, right] = span((beam.cx + 0.5) / bin, beam.radius / bin + 1, width);
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      const [y, x] = [place(row), place(column)];
      const value = data[row * width + column] as number;
      if (!Number.isFinite(value) || Math.hypot(y - beam.cy, x - beam.cx) > beam.radius) continue;
      all += value;
      if (Math.hypot(y - cy, x - cx) > r) out += value;
    }
  return all > 0 ? out / all : 0;
}

/** The beam of a sum, sought in as many pixels as tell it: a larger image is binned, and cut around a small disk. */
function beamOf(sum: Image, { cy, cx, r, bin }: Required<UsedDisk> & { r: number }): SumDisk | string {
  const { height, width } = sum;
  const longer = Math.max(height, width);
  if (longer <= enoughPixels) return diskOfSum(sum, bin);
  const used = r / bin;
  const step = Math.max(1, Math.min(Math.ceil(longer / enoughPixels), Math.floor(used / minRadius)));
  const [top, bottom] = span((cy + 0.5) / bin, reach * used, height);
  const [left, right] = span((cx + 0.5) / bin, reach * used, width);
  return diskOfPart(sum, step, bin, [top, bottom, left, right]);
}

const span = (middle: number, far: number, length: number): [number, number] => [
  Math.max(0, Math.floor(middle - far)),
  Math.min(length, Math.ceil(middle + far)),
];

/** The last beam of each sum, which faults and doubts both ask for, with what it was sought in. */
const beams = new WeakMap<Float64Array, { readonly key: string; readonly beam: SumDisk | string }>();

function beamIn(sum: Image, used: Required<UsedDisk> & { r: number }): SumDisk | undefined {
  // A detector may move over the same sum, and a sum may still grow.
  let counts = 0;
  for (let i = 0; i < sum.data.length; i++) counts += sum.data[i] as number;
  const key = [used.cy, used.cx, used.r, used.bin, counts].join();
  const known = beams.get(sum.data);
  const found = known?.key === key ? known : { key, beam: beamOf(sum, used) };
  beams.set(sum.data, found);
  return typeof found.beam === 'string' ? undefined : found.beam;
}

const where = ({ cy, cx, radius }: SumDisk): string =>
  `a radius of ${radius.toFixed(1)} pixels about cy ${cy.toFixed(1)}, cx ${cx.toFixed(1)}`;

/** Level within another disk of the pattern, in that of the ring around it of as much again as half of its radius. */
const minContrast = 1.5;

/** Whether the used disk, beside the beam, holds something: more than what lies around it. */
function holdsSomething(
  { data, height, width }: Image,
  { cy, cx, r, bin }: Required<UsedDisk> & { r: number },
): boolean {
  const place = (at: number): number => (at + 0.5) * bin - 0.5;
  const [inside, around] = [
    { sum: 0, pixels: 0 },
    { sum: 0, pixels: 0 },
  ];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const far = Math.hypot(place(row) - cy, place(column) - cx);
      const value = data[row * width + column] as number;
      if (far > 1.5 * r || !Number.isFinite(value)) continue;
      const part = far <= r ? inside : around;
      part.sum += value;
      part.pixels++;
    }
  const level = ({ sum, pixels }: typeof inside): number => sum / Math.max(1, pixels);
  return level(inside) > minContrast * level(around);
}

/**
 * Why centres of mass are wrong within a disk that cuts the direct beam, or that holds nothing. A disk around another
 * one of the pattern may be what the user wants.
 */
export function beamFaults(sum: Image, used: UsedDisk): string[] {
  const { cy, cx, r, bin = 1 } = used;
  if (r === null) return [];
  const beam = beamIn(sum, { cy, cx, r, bin });
  if (!beam) return [];
  const share = outside(sum, beam, { cy, cx, r, bin });
  if (!(share > maxOutside)) return [];
  const isBeside = Math.hypot(cy - beam.cy, cx - beam.cx) > beam.radius;
  if (isBeside && share > 1 - minCut && holdsSomething(sum, { cy, cx, r, bin })) return [];
  return [
    `${(100 * share).toFixed(0)} % of the direct beam is outside of the disk that is used, so that the shifts are ` +
      `not those of the beam: it has ${where(beam)}, and the disk one of ${Number(r.toFixed(2))} about cy ` +
      `${Number(cy.toFixed(2))}, cx ${Number(cx.toFixed(2))}`,
  ];
}

/** A note on a disk beside the direct beam. */
export function beamDoubts(sum: Image, used: UsedDisk): string[] {
  const { cy, cx, r, bin = 1 } = used;
  const beam = r === null ? undefined : beamIn(sum, { cy, cx, r, bin });
  if (!beam || Math.hypot(cy - beam.cy, cx - beam.cx) <= beam.radius) return [];
  if (beamFaults(sum, used).length > 0) return [];
  return [
    `the disk that is used is beside the direct beam, which has ${where(beam)}: the shifts are not those of the beam`,
  ];
}
