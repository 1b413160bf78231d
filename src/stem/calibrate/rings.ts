/**
 * The size of a pixel in reciprocal space from rings of a known material: radii of the rings beyond the bright field,
 * and the one assignment to the listed lines that fits them.
 */
import { inverseOf, times } from '../../util/linear.js';
import type { Refused, RingScale } from './calibration.js';
import { jackknife } from './disk-errors.js';
import type { Image } from './image.js';

/** A pattern and where it is: cy, cx, R, w, a, b, e1, e2 of its disk. */
export interface RingPattern {
  readonly image: Image;
  readonly good: Uint8Array;
  readonly p: Float64Array;
}

/** Bins a pixel. */
const fine = 2;
const sectors = 12;
/** The middle of each sector, from x to y. */
export const sectorAngles: readonly number[] = Array.from(
  { length: sectors },
  (_, k) => ((k + 0.5) / sectors) * 2 * Math.PI - Math.PI,
);
/** Radii are not known better than this, in pixels: the shape of a ring is not quite the model's. */
const minError = 0.007;
/** Share of the radius by which rings may lie beside their places. */
const looseness = 0.002;
/** What a listed line costs that is not seen among the rings, and by how much the best assignment must be better. */
const [missing, better] = [6, 9];

/** Counts and pixels of rings of half a pixel, all around and by sector; distances without the ellipse. */
interface Profile {
  readonly counts: Float64Array;
  readonly pixels: Float64Array;
  /** Sums of the distances of the pixels, in bins: their mean is not the middle of a bin. */
  readonly distances: Float64Array;
}

export function profilesOf({ image, good, p }: RingPattern): Profile[] {
  const [cy, cx, , , , , e1, e2] = [...p] as [number, number, number, number, number, number, number, number];
  const { data, height, width } = image;
  const bins = fine * Math.ceil(Math.hypot(height, width));
  const made = Array.from({ length: sectors }, () => ({
    counts: new Float64Array(bins),
    pixels: new Float64Array(bins),
    distances: new Float64Array(bins),
  }));
  for (let i = 0; i < data.length; i++) {
    if (!good[i]) continue;
    const [dy, dx] = [Math.floor(i / width) - cy, (i % width) - cx];
    const square = Math.max(1e-9, dy * dy + dx * dx);
    const round = 1 + (e1 * (dx * dx - dy * dy) + 2 * e2 * dx * dy) / square;
    const distance = (fine * Math.sqrt(square)) / round;
    const bin = Math.round(distance);
    const sector = Math.floor(((Math.atan2(dy, dx) + Math.PI) / (2 * Math.PI)) * sectors) % sectors;
    const { counts, pixels, distances } = made[sector] as Profile;
    distances[bin] = (distances[bin] as number) + distance;
    counts[bin] = (counts[bin] as number) + (data[i] as number);
    pixels[bin] = (pixels[bin] as number) + 1;
  }
  return made;
}

/** The sum of profiles, without one of them. */
function summed(profiles: readonly Profile[], without = -1): Profile {
  const kept = profiles.filter((_, k) => k !== without);
  const sum = (of: (profile: Profile) => Float64Array): Float64Array =>
    of(kept[0] as Profile).map((_, bin) => kept.reduce((all, profile) => all + (of(profile)[bin] as number), 0));
  return {
    counts: sum(({ counts }) => counts),
    pixels: sum(({ pixels }) => pixels),
    distances: sum(({ distances }) => distances),
  };
}

/** Bins of local maxima that stand out of their surroundings, where most of the circle is seen. */
function maximaOf({ counts, pixels }: Profile, from: number): number[] {
  const mean = counts.map((value, bin) => value / Math.max(1, pixels[bin] as number));
  // Few pixels are in one bin, more in some than in others.
  const seen = (bin: number): boolean => {
    const some = pixels.subarray(bin - fine, bin + fine + 1);
    const around = some.reduce((sum, n) => sum + n, 0);
    return around > (0.7 * 2 * Math.PI * bin * some.length) / fine / fine;
  };
  const [reach, near] = [10 * fine, 3 * fine];
  const found: number[] = [];
  for (let bin = Math.ceil(fine * from) + near; seen(bin + near); bin++) {
    const around = mean.slice(Math.max(Math.ceil(fine * from), bin - reach), bin + reach + 1).sort();
    const error = Math.sqrt(Math.max(1, counts[bin] as number)) / (pixels[bin] as number);
    const above = (mean[bin] as number) - (around[around.length >> 2] as number);
    const highest = Math.max(...mean.subarray(bin - near, bin + near + 1));
    if (mean[bin] === highest && above > 6 * error && above > 0.03 * (around[around.length >> 2] as number))
      found.push(bin);
  }
  return found;
}

/** Bins on both sides of a ring in which it is fitted. */
const half = 6 * fine;

/** The radii in bins of Gaussians on one parabola; NaN for missing rings. */
function radiiAt({ counts, pixels, distances }: Profile, starts: readonly number[]): number[] {
  const first = Math.round(starts[0] as number) - half;
  const n = Math.round(starts.at(-1) as number) + half + 1 - first;
  const value = (k: number): number => (counts[first + k] as number) / Math.max(1, pixels[first + k] as number);
  const weight = (k: number): number => (pixels[first + k] as number) ** 2 / Math.max(1, counts[first + k] as number);
  const edges = (value(0) + value(n - 1)) / 2;
  const m = 3 + 3 * starts.length;
  let p = Float64Array.of(
    edges,
    0,
    0,
    ...starts.flatMap((start) => [value(Math.round(start) - first) - edges, start, 1.2 * fine]),
  );
  for (let round = 0; round < 40; round++) {
    const [matrix, vector, slopes] = [new Float64Array(m * m), new Float64Array(m), new Float64Array(m)];
    for (let k = 0; k < n; k++) {
      const place = (distances[first + k] as number) / Math.max(1, pixels[first + k] as number);
      let off = value(k) - slopesAt(p, place, (2 * (place - first)) / (n - 1) - 1, slopes);
      off *= weight(k);
      for (let a = 0; a < m; a++) {
        const slope = slopes[a] as number;
        vector[a] = (vector[a] as number) + slope * off;
        for (let b = 0; b < m; b++)
          matrix[m * a + b] =
            (matrix[m * a + b] as number) + weight(k) * slope * (slopes[b] as number) * (a === b ? 1.001 : 1);
      }
    }
    const inverse = inverseOf(matrix, m);
    if (!inverse) return starts.map(() => Number.NaN);
    const step = times(inverse, vector, m);
    p = p.map((one, k) => one + (step[k] as number));
    // Widths stay between that of a pixel and that of the window.
    for (let k = 5; k < m; k += 3) p[k] = Math.min(half, Math.max(0.4 * fine, Math.abs(p[k] as number)));
  }
  return starts.map((start, i) => {
    const [height, radius] = [p[3 + 3 * i] as number, p[4 + 3 * i] as number];
    return Math.abs(radius - start) < half / 2 && height > 0 ? radius : Number.NaN;
  });
}

/** The model at a radius, and its derivatives; `t` goes from −1 to 1. */
function slopesAt(p: Float64Array, bin: number, t: number, slopes: Float64Array): number {
  slopes.set([1, t, t * t]);
  let sum = (p[0] as number) + (p[1] as number) * t + (p[2] as number) * t * t;
  for (let k = 3; k < p.length; k += 3) {
    const [height, radius, width] = [p[k], p[k + 1], p[k + 2]] as [number, number, number];
    const x = (bin - radius) / width;
    const bell = Math.exp((-x * x) / 2);
    slopes.set([bell, (height * bell * x) / width, (height * bell * x * x) / width], k);
    sum += height * bell;
  }
  return sum;
}

/** Maxima beyond the bright field; neighbours that overlap are fitted together. */
function groupsOf(all: Profile, { p }: RingPattern): number[][] {
  const [, , R, w] = p as unknown as [number, number, number, number];
  const groups: number[][] = [];
  for (const start of maximaOf(all, 1.05 * R + 4 * w + 1)) {
    const last = groups.at(-1);
    if (last && start - (last.at(-1) as number) < 2 * half) last.push(start);
    else groups.push([start]);
  }
  return groups;
}

/** Radii of the rings in each sector, in pixels; NaN where one is missing. */
export function radiiIn(pattern: RingPattern, profiles: readonly Profile[]): number[][] {
  const groups = groupsOf(summed(profiles), pattern);
  return profiles.map((profile) => groups.flatMap((starts) => radiiAt(profile, starts)).map((radius) => radius / fine));
}

/** Radii of the rings beyond the bright field, and their errors, in pixels. */
export function ringsOf(pattern: RingPattern): (readonly [radius: number, error: number])[] {
  const profiles = profilesOf(pattern);
  const all = summed(profiles);
  const left = profiles.map((_, k) => summed(profiles, k));
  return groupsOf(all, pattern).flatMap((starts) => {
    const radii = radiiAt(all, starts);
    if (!radii.every(Number.isFinite)) return [];
    const errors = jackknife(left.map((profile) => Float64Array.from(radiiAt(profile, radii)))).map(Math.sqrt);
    return radii.flatMap((radius, i) => {
      const error = errors[i] as number;
      return Number.isFinite(error) ? [[radius / fine, Math.max(minError, error / fine)] as const] : [];
    });
  });
}

/** An assignment of rings to lines. */
interface Assigned {
  readonly scale: number;
  readonly lines: readonly number[];
  readonly cost: number;
  readonly chi2: number;
}

function assigned(rings: readonly (readonly [number, number])[], lines: readonly number[], start: number): Assigned {
  let [scale, of, chi2] = [start, [] as number[], 0];
  const spread = ([radius, error]: readonly [number, number]): number => Math.hypot(error, looseness * radius);
  for (let round = 0; round < 4; round++) {
    const nearest = (q: number): number => lines.reduce((a, b) => (Math.abs(b - q) < Math.abs(a - q) ? b : a));
    of = rings.map(([radius]) => nearest(scale * radius));
    const sum = (term: (ring: readonly [number, number], q: number) => number): number =>
      rings.reduce((total, ring, i) => total + term(ring, of[i] as number) / spread(ring) ** 2, 0);
    scale = sum(([radius], q) => q * radius) / sum(([radius]) => radius * radius);
    chi2 = sum(([radius], q) => (q / scale - radius) ** 2);
  }
  const [low, high] = [Math.min(...of), Math.max(...of)];
  const unseen = lines.filter((q) => q >= low && q <= high && !of.includes(q)).length;
  const twice = of.length - new Set(of).size;
  return { scale, lines: of, chi2, cost: chi2 + missing * (unseen + 2 * twice) };
}

/** The scale at which rings are those of the d spacings, or why it cannot be told. */
export function scaleOf(
  rings: readonly (readonly [number, number])[],
  spacings: readonly number[],
): RingScale | Refused {
  if (rings.length < 3)
    return {
      refused: `${rings.length === 1 ? '1 ring is' : `${rings.length} rings are`} seen, and at least three are needed`,
    };
  const lines = [...new Set(spacings)].map((d) => 1 / d);
  const tried = rings
    .flatMap(([radius]) => lines.map((q) => assigned(rings, lines, q / radius)))
    .sort((a, b) => a.cost - b.cost);
  const best = tried[0] as Assigned;
  const radii = rings.map(([radius]) => radius.toFixed(1)).join(', ');
  if (!(best.chi2 / (rings.length - 1) < 9))
    return { refused: `the rings at ${radii} pixels are not those of the listed spacings` };
  const other = tried.find(({ scale }) => Math.abs(scale / best.scale - 1) > 0.01);
  if (other && other.cost < best.cost + better)
    return { refused: `the rings at ${radii} pixels fit the listed spacings in more than one way` };
  const information = rings.reduce((sum, [radius, error]) => sum + (radius / error) ** 2, 0);
  const off = rings.reduce((sum, [radius, error], i) => {
    return sum + (((best.lines[i] as number) / best.scale - radius) / error) ** 2;
  }, 0);
  const spread = Math.sqrt(Math.max(1, off / (rings.length - 1)));
  return {
    value: best.scale,
    error: (best.scale * spread) / Math.sqrt(information),
    rings: rings.map(([radius, error], i) => [radius, error, 1 / (best.lines[i] as number)] as const),
  };
}
