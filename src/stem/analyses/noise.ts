/** What the counts of a run say of its maps: the correlation that they have with the maps of endless counts. */
import type { DataType } from '../../bytes/dtype.js';
import { isIntegerDtype } from '../../udf/functions/dtypes.js';
import type { Scan } from '../../udf/scans/scan.js';
import { normal } from '../calibrate/normal.js';
import { regress, subtractTrend } from '../images/field.js';
import { weightAt } from '../ssb/geometry.js';

/** The smallest correlation without a note. */
const least = 0.95;
/** Variances whose ratio is less are said as one. */
const sameVariance = 1.2;

const finite = (values: ArrayLike<number>): number[] => Array.from(values).filter((value) => Number.isFinite(value));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
function variance(values: ArrayLike<number>): number {
  const used = finite(values);
  const middle = mean(used);
  return mean(used.map((value) => (value - middle) ** 2));
}

/**
 * A note if the noise of a map, as a variance, lets one expect a correlation below .95 with the map without noise. The
 * variance of a map is that of the object and that of the noise, so that the correlation is √(1 − noise / variance).
 * `whole` is the variance of the map with its plane, where that says nothing of the object.
 */
function noteOf(name: string, noise: number, of: number, counts: number, whole = of): string[] {
  if (!(noise >= 0 && of > 0 && counts > 0)) return [];
  const alike = Math.sqrt(Math.max(0, 1 - noise / of));
  if (alike >= least) return [];
  const plane = whole > sameVariance * of ? ` beside its plane (${Math.sqrt(whole).toPrecision(2)} with it)` : '';
  return [
    `${name}: ${counts.toPrecision(2)} counts a pattern make noise of ${Math.sqrt(noise).toPrecision(2)} in a map of ` +
      `standard deviation ${Math.sqrt(of).toPrecision(2)}${plane}, whose correlation with a map without noise is about ` +
      `${alike.toFixed(2)}; this holds if a count is an electron`,
  ];
}

/** Shifts of the centre of mass, (y, x), of patterns with these counts. */
interface Shifts {
  readonly field: Float64Array;
  readonly counts: ArrayLike<number>;
}

/** A note on positions whose frames have no counts, and therefore no shift. */
export function emptyNote(counts: ArrayLike<number>): string[] {
  let empty = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] === 0) empty++;
  if (empty === 0) return [];
  return [`${empty} of ${counts.length} positions have no counts, and therefore no shift: they are NaN`];
}

/** The mean variance of a shift along one axis: that of the pattern over its counts. */
function shiftNoise(counts: ArrayLike<number>, spread: number): [noise: number, counts: number] {
  const lit = finite(counts).filter((count) => count > 0);
  return [mean(lit.map((count) => spread / count)), mean(lit)];
}

/**
 * Notes on centres of mass. `spread` is the variance of the pattern along one axis in pixels squared, undefined if it
 * is unknown. Frames of reals are no counts.
 */
export function comNoise(
  { dtype, nav }: { readonly dtype: DataType; readonly nav: readonly number[] },
  { field, counts }: Shifts,
  spread: number | undefined,
): string[] {
  if (spread === undefined || !isIntegerDtype(dtype)) return [];
  const [noise, each] = shiftNoise(counts, spread);
  const meta = { nav, roi: undefined, frames: counts.length };
  const flat = subtractTrend(field, regress(field, 1, meta), meta);
  const along = (of: Float64Array, k: number): number => variance(of.filter((_, i) => i % 2 === k));
  const axis = along(flat, 0) < along(flat, 1) ? 0 : 1;
  return noteOf('shifts of the centre of mass', noise, along(flat, axis), each, along(field, axis));
}

/** The same of their integral; `gain` is the variance of an integral of shifts of variance 1. */
export function icomNoise(
  { dtype }: { readonly dtype: DataType },
  phase: ArrayLike<number>,
  counts: ArrayLike<number>,
  spread: number | undefined,
  gain: number,
): string[] {
  if (spread === undefined || !isIntegerDtype(dtype)) return [];
  const [noise, each] = shiftNoise(counts, spread);
  return noteOf('integrated centres of mass', noise * gain, variance(phase), each);
}

/** The geometry of single side bands: step in nm, wavelength over semi-angle in nm, radius of the disk in pixels. */
interface Bands {
  readonly step: number;
  readonly resolution: number;
  readonly radius: number;
  /** Width of the edge of the disk: fewer counts are there than within it. */
  readonly edge: number;
  readonly cutoff: number;
}

/** Counts at a distance from the centre, relative to those of the middle. */
const litAt = (distance: number, { radius, edge }: Bands): number =>
  edge > 0 ? normal((radius - distance) / edge) : Number(distance <= radius);

/**
 * The noise of the difference of two side bands, in units of the square of the mean counts of the disk a pixel, if the
 * disk moves by a distance in pixels.
 */
function bandNoise(bands: Bands, shift: number, lit: number): number {
  const { radius, cutoff } = bands;
  let [sum, squares] = [0, 0];
  const reach = Math.ceil(radius) + 1;
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      const ahead = Math.hypot(y, x - shift);
      if (ahead >= radius + 0.5 || Math.hypot(y, x + shift) < radius + 0.5) continue;
      const weight = weightAt(Math.hypot(y, x), radius) * weightAt(ahead, radius);
      sum += weight;
      squares += weight * weight * litAt(Math.hypot(y, x), bands);
    }
  return sum >= cutoff && sum > 0 ? squares / sum ** 2 / 2 / lit : 0;
}

/** The mean counts of the disk, relative to those of its middle. */
function meanLit(bands: Bands): number {
  let [sum, weights] = [0, 0];
  const reach = Math.ceil(bands.radius) + 1;
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      const weight = weightAt(Math.hypot(y, x), bands.radius);
      sum += weight * litAt(Math.hypot(y, x), bands);
      weights += weight;
    }
  return sum / weights;
}

/**
 * Notes on a phase by single side bands. A frequency is half the difference of two means with weights w, so that μ
 * counts a pixel make noise of Σ μ w² / (Σ w)² / 2 a position in it, and the phase is relative to μ.
 */
export function ssbNoise(scan: Scan, phase: ArrayLike<number>, mu: number, bands: Bands): string[] {
  const [rows, columns] = scan.shape.nav;
  if (rows === undefined || columns === undefined || !isIntegerDtype(scan.dtype)) return [];
  const { step, resolution, radius } = bands;
  const cycles = (k: number, n: number): number => (2 * k > n ? k - n : k) / (n * step);
  // Many frequencies share a distance, of which a hundredth of the radius is near enough.
  const found = new Map<number, number>();
  const lit = meanLit(bands);
  let sum = 0;
  for (let q = 0; q < rows; q++)
    for (let p = 0; p < columns; p++) {
      const at = Math.round(100 * Math.hypot(cycles(q, rows), cycles(p, columns)) * resolution);
      if (at > 200) continue;
      const noise = found.get(at) ?? bandNoise(bands, (at * radius) / 100, lit);
      found.set(at, noise);
      sum += noise;
    }
  const counts = mu * Math.PI * radius ** 2;
  return noteOf('phase by single side bands', sum / (rows * columns * mu), variance(phase), counts);
}
