/** How much of the direct beam a disk leaves out: what moves its edge is then not seen, and the image is noise. */
import type { Image } from '../calibrate/image.js';
import { diskOfSum, type SumDisk } from '../calibrate/sum-disk.js';

/** The disk within which centres of mass are taken, in pixels. */
export interface UsedDisk {
  readonly cy: number;
  readonly cx: number;
  /** null for the whole frame. */
  readonly r: number | null;
  /** Pixels that are summed into one of the image, along each axis; 1 if it is absent. */
  readonly bin?: number;
}

/** Share of the counts of the beam that may lie outside without a note. */
const maxOutside = 0.1;

/** Share of the counts of the beam that lie farther from a point than `r`. */
function outside(
  { data, width }: Image,
  beam: SumDisk,
  { cy, cx, r, bin }: Required<UsedDisk> & { r: number },
): number {
  let [all, out] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const [y, x] = [Math.floor(i / width), i % width].map((at) => (at + 0.5) * bin - 0.5) as [number, number];
    const value = data[i] as number;
    if (!Number.isFinite(value) || Math.hypot(y - beam.cy, x - beam.cx) > beam.radius) continue;
    all += value;
    if (Math.hypot(y - cy, x - cx) > r) out += value;
  }
  return all > 0 ? out / all : 0;
}

/**
 * Why centres of mass are wrong within a disk that begins in the direct beam and does not hold it. A disk around
 * something else, such as another disk of the pattern, is what the user wants.
 */
export function beamFaults(sum: Image, used: UsedDisk): string[] {
  const { cy, cx, r, bin = 1 } = used;
  if (r === null) return [];
  const beam = diskOfSum(sum, bin);
  if (typeof beam === 'string' || Math.hypot(cy - beam.cy, cx - beam.cx) > beam.radius) return [];
  const share = outside(sum, beam, { cy, cx, r, bin });
  if (!(share > maxOutside)) return [];
  return [
    `${(100 * share).toFixed(0)} % of the direct beam is outside of the disk that is used, so that the shifts are ` +
      `not those of the beam: it has a radius of ${beam.radius.toFixed(1)} pixels about cy ${beam.cy.toFixed(1)}, cx ` +
      `${beam.cx.toFixed(1)}, and the disk one of ${Number(r.toFixed(2))} about cy ${Number(cy.toFixed(2))}, cx ` +
      `${Number(cx.toFixed(2))}`,
  ];
}
