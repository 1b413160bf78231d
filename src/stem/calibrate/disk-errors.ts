/** Errors of the fitted disk: without parts of the scan, and without sectors of the pattern. */
import { inverseOf, times } from '../../util/linear.js';
import { mapInto, maskOf } from '../../util/map-into.js';
import { addDamping, type DiskFit, normalEquations, pull } from './disk.js';
import type { Image } from './image.js';

const sectors = 12;

/**
 * What the sampling of a sharp edge moves it by, pixels: its profile in pixels is no error function, and differs from
 * direction to direction. At 30 to 30 000 counts a pixel, e1 and e2 of circles of 9 to 17 pixels were 4e-4 off. An edge
 * that is wider than a pixel is sampled as it is.
 */
const sampled = 0.005;

/** Variances of a jackknife: of values without each of its parts. */
export function jackknife(values: readonly Float64Array[]): Float64Array {
  const [n, first] = [values.length, values[0] as Float64Array];
  return first.map((_, j) => {
    const mean = values.reduce((sum, one) => sum + (one[j] as number), 0) / n;
    return ((n - 1) / n) * values.reduce((sum, one) => sum + ((one[j] as number) - mean) ** 2, 0);
  });
}

/**
 * The group of 2 × 2 neighbours of each part of a square of them: what objects wider than a part do to several of them
 * is no independent variation.
 */
export function groupsOf(parts: number): number[] {
  const side = Math.round(Math.sqrt(parts));
  const half = Math.ceil(side / 2);
  return Array.from({ length: parts }, (_, i) => (Math.floor(i / side) >> 1) * half + ((i % side) >> 1));
}

/** Values without groups of parts, from those without each of the parts. */
function grouped(values: readonly Float64Array[]): Float64Array[] {
  const groups = groupsOf(values.length);
  const sums = Array.from({ length: Math.max(...groups) + 1 }, () => new Float64Array(values[0]?.length ?? 0));
  for (const [i, value] of values.entries()) {
    const sum = sums[groups[i] as number] as Float64Array;
    for (let j = 0; j < sum.length; j++) sum[j] = (sum[j] as number) + (value[j] as number);
  }
  return sums;
}

/**
 * Standard errors of the free parameters. Two jackknifes of one Gauss-Newton step each: without parts of the scan,
 * which see counts and the object's variation from place to place, and without sectors of the pattern, which see
 * structure that all of the scan has. What both see, the noise of the counts, is taken once. An ellipse has two
 * periods around the disk, so that parts of the scan vary it as sectors do: its variance is the mean of both, and that of
 * the sampling of its edge.
 */
export function diskErrors(fit: DiskFit, image: Image, parts: readonly Float64Array[]): Float64Array | undefined {
  const { points, model, residuals, inverse } = fit;
  const { index, width } = points;
  const m = fit.free.length;
  const [cy, cx, R, w] = fit.p as unknown as [number, number, number, number];
  const sectorOf = (i: number): number => {
    const angle = Math.atan2(Math.floor(i / width) - cy, (i % width) - cx);
    return Math.floor(((angle + Math.PI) / (2 * Math.PI)) * sectors) % sectors;
  };
  const where = mapInto(new Uint8Array(index.length), index, sectorOf);
  const withoutSector: Float64Array[] = [];
  for (let sector = 0; sector < sectors; sector++) {
    const keep = maskOf(where, (one) => one !== sector);
    const { matrix, vector } = normalEquations(fit, residuals, keep);
    const part = inverseOf(addDamping(matrix, m, 0), m);
    if (!part) return undefined;
    withoutSector.push(times(part, vector, m));
  }
  const bySector = jackknife(withoutSector);
  const inFit = (data: Float64Array): number => index.reduce((sum, i) => sum + (data[i] as number), 0);
  const total = inFit(image.data);
  const withoutPart = parts.map((data) => {
    const share = inFit(data) / total;
    const ofPart = mapInto(
      new Float64Array(index.length),
      index,
      (i, k) => (data[i] as number) - share * (model[k] as number),
    );
    return times(inverse, pull(fit, ofPart), m).map((value) => -value / (1 - share));
  });
  const byPart = jackknife(withoutPart);
  const byGroup = jackknife(grouped(withoutPart));
  return byPart.map((variance, j) => {
    const [noise, sector] = [fit.noise[j] as number, bySector[j] as number];
    const part = Math.max(variance, byGroup[j] as number, noise);
    const ofModel = sampled * Math.min(1, (0.3 / w) ** 4);
    if (j === 6 || j === 7) return Math.sqrt((part + sector) / 2 + (ofModel / R) ** 2);
    return Math.sqrt(part + Math.max(0, sector - noise));
  });
}
