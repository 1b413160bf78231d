/**
 * How far the mean profile of the fitted disk is from that of the model. Rings, those of a powder or of a thick crystal
 * within its disk, are the same in all sectors of the pattern and in all parts of the scan, so that no error that is
 * made of their differences knows of them.
 */
import { inverseOf, times } from '../../util/linear.js';
import { mapInto, maskOf } from '../../util/map-into.js';
import { median } from '../../util/median.js';
import { addDamping, type DiskFit, normalEquations } from './disk.js';

/** Pixels of a ring of one pixel that tell its level. */
const minPixels = 6;
/**
 * Shares of the level of the disk. The misfit of 60 simulated disks without rings is below 0.015, and their
 * background above −0.02; a background far below nothing is the foot of an edge that the disk does not have.
 */
const [maxMisfit, minBackground] = [0.2, -0.1];
/** The error of the radius beside the change by the pixels of the edge alone, from simulated disks with rings. */
const beyondEdge = 1.5;

/** Distances of the pixels of a fit from the edge, positive within. */
function depthsOf({ points, p }: DiskFit): Float64Array {
  const [cy, cx, R, , , , e1, e2] = p as unknown as [number, number, number, number, number, number, number, number];
  return mapInto(new Float64Array(points.index.length), points.index, (i) => {
    const [dy, dx] = [Math.floor(i / points.width) - cy, (i % points.width) - cx];
    const r = Math.sqrt(dy * dy + dx * dx) + 1e-9;
    return R * (1 + (e1 * (dx * dx - dy * dy) + 2 * e2 * dy * dx) / (r * r)) - r;
  });
}

/** Why a fitted disk is none, by its mean profile. */
export function profileDoubt(fit: DiskFit): string | undefined {
  const { residuals, p } = fit;
  const [level, background] = [p[4] as number, p[5] as number];
  if (background < minBackground * level)
    return 'the bright field has no edge: it goes on falling beyond the fitted disk';
  const rings = new Map<number, number[]>();
  for (const [k, depth] of depthsOf(fit).entries()) {
    const ring = rings.get(Math.round(depth)) ?? [];
    rings.set(Math.round(depth), ring);
    ring.push(residuals[k] as number);
  }
  // Lines and textures are in some directions, and leave the median of a ring as it is.
  const misfits = [...rings.values()]
    .filter(({ length }) => length >= minPixels)
    .map((ring) => Math.abs(median(ring)) / level);
  const worst = Math.max(0, ...misfits);
  if (worst > maxMisfit)
    return (
      'the bright field has rings: its counts are not those of one disk all around its centre, and its edge cannot be ' +
      'told from theirs'
    );
  return undefined;
}

/** The error that the shape of the profile adds to the radius: what the pixels of the edge alone would change. */
export function profileError(fit: DiskFit): number {
  const { p, free } = fit;
  const near = Math.max(3, 4 * (p[3] as number));
  const keep = maskOf(depthsOf(fit), (depth) => Math.abs(depth) < near);
  const { matrix, vector } = normalEquations(fit, fit.residuals, keep);
  const inverse = inverseOf(addDamping(matrix, free.length, 1e-6), free.length);
  return inverse ? beyondEdge * Math.abs(times(inverse, vector, free.length)[2] as number) : Number.POSITIVE_INFINITY;
}
