/**
 * The centre of a powder pattern by its rings alone: a parallel beam is a point, or hidden, and has no disk. The middle
 * of the pattern's symmetry is where to begin; then the rings are fitted in sectors, of which all have the same radius
 * about the true centre.
 */
import { inverseOf, times } from '../../util/linear.js';
import { median } from '../../util/median.js';
import { inverse2d, transform2d } from '../images/fourier.js';
import { type Calibration, ellipseOf, isKnown, type Refused } from './calibration.js';
import { jackknife } from './disk-errors.js';
import { gaussianBlur, type Image } from './image.js';
import { profilesOf, type RingPattern, radiiIn, ringsOf, scaleOf, sectorAngles } from './rings.js';

/** The pattern about the centre of its rings, and errors of cy, cx, e1, e2. */
interface RingCentre extends RingPattern {
  readonly errors: Float64Array;
}

/** Rings are beyond these pixels: what is nearer is the beam and its halo. */
const minRadius = 6;
/** Share of the sectors in which a ring is seen, and how far aside in pixels, while the centre is not exact. */
const [minSeen, maxAside] = [0.6, 2.5];
/** The largest ellipticity, and the largest error of the centre in pixels. */
const [maxEllipticity, maxError] = [0.12, 0.5];
/** The centre is not known better than this, in pixels. */
const minError = 0.01;

/** The point about which a pattern is most like itself turned by half, by the peak of its convolution with itself. */
function middleOf(image: Image, good: Uint8Array): readonly [number, number] {
  const { height, width } = image;
  const heights = { ...image, data: image.data.map((value) => Math.sqrt(Math.max(0, value))) };
  const wide = gaussianBlur(heights, good, 6);
  const lines = heights.data.map((value, i) => (good[i] ? value - (wide[i] as number) : 0));
  // A beam is brighter than all rings, and has another middle where a stop covers a part of it.
  const most = 5 * (median([...lines].map(Math.abs)) + 1e-9);
  const [rows, columns] = [2 * height, 2 * width];
  const data = new Float64Array(2 * rows * columns);
  for (const [i, value] of lines.entries())
    data[2 * (Math.floor(i / width) * columns + (i % width))] = Math.min(most, Math.max(-most, value));
  transform2d(data, rows, columns);
  for (let i = 0; i < data.length; i += 2) {
    const [re, im] = [data[i] as number, data[i + 1] as number];
    data[i] = re * re - im * im;
    data[i + 1] = 2 * re * im;
  }
  inverse2d(data, rows, columns);
  let best = 0;
  for (let i = 0; i < data.length; i += 2) if ((data[i] as number) > (data[best] as number)) best = i;
  return [Math.floor(best / 2 / columns) / 2, ((best / 2) % columns) / 2];
}

/** Changes of cy, cx, e1, e2 that make the rings of all sectors the same; sectors without a ring have NaN. */
function change(radii: readonly (readonly number[])[], angles: readonly number[]): Float64Array | undefined {
  const count = radii[0]?.length ?? 0;
  const m = 4 + count;
  const row = (s: number, ring: number): number[] => {
    const [angle, R] = [
      angles[s] as number,
      median(radii.map((radius) => radius[ring] as number).filter(Number.isFinite)),
    ];
    const turned = [Math.sin(angle), Math.cos(angle), R * Math.cos(2 * angle), R * Math.sin(2 * angle)];
    return [...turned, ...Array.from({ length: count }, (_, i) => (i === ring ? 1 : 0))];
  };
  let seen = radii.flatMap((one, s) =>
    one.flatMap((radius, ring) => (Number.isFinite(radius) ? [{ radius, terms: row(s, ring) }] : [])),
  );
  for (let round = 0; ; round++) {
    const [matrix, vector] = [new Float64Array(m * m), new Float64Array(m)];
    for (const { radius, terms } of seen)
      for (let i = 0; i < m; i++) {
        vector[i] = (vector[i] as number) + (terms[i] as number) * radius;
        for (let j = 0; j < m; j++)
          matrix[i * m + j] = (matrix[i * m + j] as number) + (terms[i] as number) * (terms[j] as number);
      }
    const inverse = inverseOf(matrix, m);
    if (!inverse) return undefined;
    const found = times(inverse, vector, m);
    if (round === 3) return found.subarray(0, 4);
    const off = ({ radius, terms }: (typeof seen)[0]): number =>
      Math.abs(radius - terms.reduce((sum, term, i) => sum + term * (found[i] as number), 0));
    // Behind a stop, the fit of a sector takes what it finds.
    const most = 4 * 1.4826 * median(seen.map(off)) + 0.02;
    seen = seen.filter((one) => off(one) <= most);
  }
}

/** The rings that most of the sectors have, near one radius; the foot of a beam has a maximum here and there, too. */
function wholeRings(radii: readonly (readonly number[])[]): number[][] {
  const kept = [...(radii[0] ?? []).keys()].filter((ring) => {
    const found = radii.map((radius) => radius[ring] as number).filter(Number.isFinite);
    const middle = median(found);
    return found.filter((radius) => Math.abs(radius - middle) < maxAside).length >= minSeen * radii.length;
  });
  return radii.map((radius) => kept.map((ring) => radius[ring] as number));
}

/** The centre of the rings of a pattern, or why there is none. */
function ringCentre(image: Image, good: Uint8Array): RingCentre | string {
  const p = Float64Array.of(...middleOf(image, good), minRadius, 0.5, 0, 0, 0, 0);
  const pattern: RingPattern = { image, good, p };
  let errors = new Float64Array(4);
  for (let round = 0; round < 8; round++) {
    const radii = wholeRings(radiiIn(pattern, profilesOf(pattern)));
    const rings = radii[0]?.length ?? 0;
    if (rings === 0) return 'no rings are seen around the middle of the pattern';
    const step = change(radii, sectorAngles);
    const without = radii.flatMap((_, left) => {
      const rest = <T>(of: readonly T[]): T[] => of.filter((__, s) => s !== left);
      return change(rest(radii), rest(sectorAngles)) ?? [];
    });
    if (!step || without.length < radii.length) return 'its rings have no common centre';
    errors = Float64Array.from(jackknife(without), Math.sqrt);
    for (const [k, at] of [0, 1, 6, 7].entries()) p[at] = (p[at] as number) + (step[k] as number);
    if (!p.every(Number.isFinite)) return 'its rings have no common centre';
    if (Math.hypot(step[0] as number, step[1] as number) < 0.002) break;
  }
  const [ey, ex] = errors as unknown as [number, number];
  if (2 * Math.hypot(p[6] as number, p[7] as number) > maxEllipticity || !(Math.max(ey, ex) < maxError))
    return 'its rings have no common centre';
  return { ...pattern, errors: errors.map((error, k) => (k < 2 ? Math.hypot(error, minError) : error)) };
}

/** What the rings of a known powder tell without a disk. */
type ByRings = Pick<Calibration, 'centre' | 'ellipse' | 'scale'> | { readonly scale: Refused };

/** Centre, ellipse and scale by rings alone, if they are those of the spacings; otherwise why not. */
export function byRings(image: Image, good: Uint8Array, spacings: readonly number[]): ByRings {
  const found = ringCentre(image, good);
  if (typeof found === 'string') return { scale: { refused: found } };
  const rings = ringsOf(found);
  let scale = scaleOf(rings, spacings);
  // The first may be the edge of a stop.
  if (!isKnown(scale) && rings.length > 3) {
    const others = scaleOf(rings.slice(1), spacings);
    if (isKnown(others)) scale = others;
  }
  if (!isKnown(scale)) return { scale };
  const [cy, cx, , , , , e1, e2] = [...found.p] as [number, number, number, number, number, number, number, number];
  const [ey, ex, d1, d2] = [...found.errors] as [number, number, number, number];
  return {
    centre: { cy, cx, errors: [ey, ex] },
    ellipse: ellipseOf([e1, e2], [d1, d2]),
    scale,
  };
}
