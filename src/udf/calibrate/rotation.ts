/**
 * The angle between detector and scan, and whether one is mirrored: shifts of a phase object are the gradient of its
 * potential, whose spectrum is parallel to the frequency. Rotation by the least curl is that of py4DSTEM and LiberTEM;
 * here frequencies are weighed by their signal, and the result has an error or is refused.
 */
import { median } from '../../base/median.js';
import { straighten } from '../images/field.js';
import { inverse2d, transform2d } from '../images/fourier.js';

/** The axes of the scan as seen by the detector. */
export interface ScanAxes {
  /** Degrees by which shifts are turned into axes of the scan, after the flip; above −180 to 180. */
  readonly scanRotation: number;
  readonly flipY: boolean;
  readonly error: number;
  /** Whether the angle differs for certain from the one half a turn away; if open, it is between −90 and 90. */
  readonly halfTurn: 'known' | 'open';
}

const groups = 24;

/** The weight of each frequency of one half, and the group to which it belongs. */
interface Spectra {
  readonly rows: number;
  readonly columns: number;
  readonly weights: Float64Array;
  readonly group: Uint8Array;
}

/** Frequency of an index, in cycles a position. */
const frequency = (k: number, n: number): number => (2 * k >= n ? k - n : k) / n;

/** Hann's window at the positions of a scan, and its slope. */
const hann = (k: number, n: number): number => Math.sin((Math.PI * (k + 1)) / (n + 1)) ** 2;
const hannSlope = (k: number, n: number): number => (Math.PI / (n + 1)) * Math.sin((2 * Math.PI * (k + 1)) / (n + 1));

/** The spectrum of a real image, complex. */
function spectrumOf(value: (i: number) => number, rows: number, columns: number): Float64Array {
  const out = new Float64Array(2 * rows * columns);
  for (let i = 0; i < rows * columns; i++) out[2 * i] = value(i);
  transform2d(out, rows, columns);
  return out;
}

/** The spectrum of a real image times the window. */
const windowed = (values: ArrayLike<number>, rows: number, columns: number): Float64Array =>
  spectrumOf(
    (i) => (values[i] as number) * hann(Math.floor(i / columns), rows) * hann(i % columns, columns),
    rows,
    columns,
  );

const component = (field: Float64Array, part: 0 | 1): Float64Array => field.filter((_, i) => i % 2 === part);

function spectraOf(field: Float64Array, rows: number, columns: number): Spectra {
  const [y, x] = [windowed(component(field, 0), rows, columns), windowed(component(field, 1), rows, columns)];
  const n = rows * columns;
  const power = Float64Array.from({ length: n }, (_, i) =>
    [y[2 * i], y[2 * i + 1], x[2 * i], x[2 * i + 1]].reduce((sum: number, v) => sum + (v as number) ** 2, 0),
  );
  const used = new Uint8Array(n);
  const high: number[] = [];
  for (let i = 0; i < n; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [qy, qx] = [frequency(row, rows), frequency(column, columns)];
    const q = Math.hypot(qy, qx);
    // Neither offsets of rows, nor what descan may be, nor corners.
    const slow = qx <= 1.5 / columns || Math.hypot(qy * rows, qx * columns) <= 2.5;
    if (slow || q >= 0.5 || Math.abs(qy) >= 0.5 - 0.5 / rows) continue;
    used[i] = 1;
    if (q > 0.38) high.push(power[i] as number);
  }
  // The power of noise in two components is a gamma distribution of order 2, whose median is 1.678.
  const noise = (median(high) / 1.678) * 2;
  const weights = power.map((value, i) => (used[i] ? Math.max(0, 1 - (2 * noise) / Math.max(value, 1e-300)) : 0));
  // Squares of 3 × 3 frequencies, in an order that has nothing to do with their places.
  const group = Uint8Array.from(power, (_, i) => {
    const [a, b] = [Math.floor(Math.floor(i / columns) / 3), Math.floor((i % columns) / 3)];
    return (Math.imul(a * 1009 + b + 1, 0x9e3779b1) >>> 16) % groups;
  });
  return { rows, columns, weights, group };
}

/** Divergence and curl of a field over the length of the frequency, complex. */
interface Derivatives {
  readonly divergence: Float64Array;
  readonly curl: Float64Array;
}

/** The window is put on after the derivative: the curl of a gradient times a window is not zero. */
function derivativesOf({ rows, columns, weights }: Spectra, field: Float64Array): Derivatives {
  const [fy, fx] = [component(field, 0), component(field, 1)];
  const [y, x] = [windowed(fy, rows, columns), windowed(fx, rows, columns)];
  const slopes = (a: Float64Array, b: Float64Array, sign: number): Float64Array =>
    spectrumOf(
      (i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const [wy, wx] = [hannSlope(row, rows) * hann(column, columns), hann(row, rows) * hannSlope(column, columns)];
        return wy * (a[i] as number) + sign * wx * (b[i] as number);
      },
      rows,
      columns,
    );
  const [along, across] = [slopes(fy, fx, 1), slopes(fx, fy, -1)];
  const [divergence, curl] = [new Float64Array(y.length), new Float64Array(y.length)];
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    const [qy, qx] = [frequency(Math.floor(i / columns), rows), frequency(i % columns, columns)];
    const q = Math.hypot(qy, qx);
    for (const part of [0, 1]) {
      const [cy, cx] = [y[2 * i + part] as number, x[2 * i + part] as number];
      // i times what the slopes of the window add.
      const of = (added: Float64Array): number =>
        ((part === 0 ? -1 : 1) * (added[2 * i + 1 - part] as number)) / (2 * Math.PI * q);
      divergence[2 * i + part] = (qy * cy + qx * cx) / q + of(along);
      curl[2 * i + part] = (qy * cx - qx * cy) / q + of(across);
    }
  }
  return { divergence, curl };
}

/** Σ w |T|², Σ w |D|² and Σ w Re D T* of each group, with curl T and divergence D. */
function momentsOf({ weights, group }: Spectra, { divergence, curl }: Derivatives): Float64Array[] {
  const sums = Array.from({ length: groups }, () => new Float64Array(3));
  for (let k = 0; k < curl.length; k++) {
    const [weight, t, d] = [weights[k >> 1], curl[k], divergence[k]] as [number, number, number];
    const sum = sums[group[k >> 1] as number] as Float64Array;
    sum[0] = (sum[0] as number) + weight * t * t;
    sum[1] = (sum[1] as number) + weight * d * d;
    sum[2] = (sum[2] as number) + weight * d * t;
  }
  return sums;
}

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** How white noise under Hann's window correlates at neighbouring frequencies, and by how much their products count. */
const correlations = [1, -2 / 3, 1 / 6];
const taper = [1, 2 / 3, 1 / 3];
const minLeft = 0.3;
const directions = 8;

/**
 * The standard error of the angle in radians, from what each frequency pulls it by. Pulls u of neighbours correlate, so
 * that Σ k u u′ with a taper k, which keeps it positive, is their variance, times the share that k leaves of white
 * noise under the window. Σ k s s′, with the share s of each frequency in the result, is taken off that: the angle is
 * determined by the pulls themselves. NaN if that leaves too little.
 */
function angleError(spectra: Spectra, { divergence, curl }: Derivatives, angle: number): number {
  const { rows, columns, weights } = spectra;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const along = divergence.map((d, k) => c * d + s * (curl[k] as number));
  const across = curl.map((t, k) => c * t - s * (divergence[k] as number));
  const product = (a: Float64Array, b: Float64Array, i: number, k: number): number =>
    (a[2 * i] as number) * (b[2 * k] as number) + (a[2 * i + 1] as number) * (b[2 * k + 1] as number);
  const pull = weights.map((w, i) => w * product(along, across, i, i));
  const share = weights.map((w, i) => w * (product(along, along, i, i) - product(across, across, i, i)));
  const range = sumOf(share);
  let [variance, own, white, kept] = [0, 0, 0, 0];
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    const [row, column] = [Math.floor(i / columns), i % columns];
    for (let v = -2; v <= 2; v++)
      for (let u = Math.max(-2, -column); u <= Math.min(2, columns - 1 - column); u++) {
        const k = ((row + v + rows) % rows) * columns + column + u;
        const at = (by: readonly number[]): number => (by[Math.abs(v)] as number) * (by[Math.abs(u)] as number);
        const both = at(taper);
        const noise = at(correlations) * (weights[i] as number) * (weights[k] as number) * product(along, along, i, k);
        variance += both * (pull[i] as number) * (pull[k] as number);
        own += both * (share[i] as number) * (share[k] as number);
        white += noise;
        kept += both * noise;
      }
  }
  const [taken, mine] = [kept / white, own / range ** 2];
  const left = taken - mine;
  if (!(left > minLeft)) return Number.NaN;
  const squared = Math.max(variance / left, directionVariance(spectra, pull, share, range));
  // Few independent frequencies, taken / mine of them, have the tails of Student's t: by Cornish and Fisher at 68 %.
  return (Math.sqrt(squared) / range) * (1 + 1 / (2 * (taken / mine - 1)));
}

/**
 * The variance of the sum of pulls by directions of the frequencies: where pixels are missing from the disk, shifts
 * turn by an angle that depends on the direction.
 */
function directionVariance({ rows, columns }: Spectra, pull: Float64Array, share: Float64Array, range: number): number {
  const sums = Array.from({ length: directions }, (): [number, number] => [0, 0]);
  for (let i = 0; i < pull.length; i++) {
    const [qy, qx] = [frequency(Math.floor(i / columns), rows), frequency(i % columns, columns)];
    const at = sums[Math.floor((Math.atan2(qy, qx) / Math.PI + 0.5) * directions)];
    if (!at) continue;
    at[0] += pull[i] as number;
    at[1] += (share[i] as number) / range;
  }
  return sums.reduce((sum, [pulled, part]) => sum + pulled ** 2 / Math.max(1 - part, minLeft), 0);
}

/** The angle in radians of the least curl, that curl, and the largest, of sums without one group. */
function minCurl(sums: readonly Float64Array[], without = -1): { angle: number; least: number; most: number } {
  let [tt, dd, dt] = [0, 0, 0];
  for (const [k, sum] of sums.entries()) {
    if (k === without) continue;
    tt += sum[0] as number;
    dd += sum[1] as number;
    dt += sum[2] as number;
  }
  const range = Math.hypot(dd - tt, 2 * dt);
  return { angle: Math.atan2(2 * dt, dd - tt) / 2, least: (tt + dd - range) / 2, most: (tt + dd + range) / 2 };
}

/** The standard error of values without each of their parts. */
function spread(values: readonly number[]): number {
  const [n, mean] = [values.length, values.reduce((a, b) => a + b, 0) / values.length];
  return Math.sqrt(((n - 1) / n) * values.reduce((sum, value) => sum + (value - mean) ** 2, 0));
}

/** The sum of numbers over that of others in units of its error, by a jackknife over tiles of the scan. */
function significance(above: ArrayLike<number>, below: ArrayLike<number>, rows: number, columns: number): number {
  const side = Math.max(2, Math.min(6, Math.floor(rows / 5)));
  const sums = Array.from({ length: side * side }, (): [number, number] => [0, 0]);
  for (let i = 0; i < above.length; i++) {
    const tile =
      Math.floor((Math.floor(i / columns) * side) / rows) * side + Math.floor(((i % columns) * side) / columns);
    const sum = sums[tile] as [number, number];
    sum[0] += above[i] as number;
    sum[1] += below[i] as number;
  }
  const ratio = (without?: number): number => {
    const [a, b] = sums.reduce(([x, y], [u, v], k) => (k === without ? [x, y] : [x + u, y + v]), [0, 0]);
    return a / Math.max(b, 1e-300);
  };
  return ratio() / Math.max(spread(sums.map((_, k) => ratio(k))), 1e-300);
}

/** A complex image times the weights of both halves of the frequencies, as a real image. */
function filtered(spectrum: Float64Array, { rows, columns, weights }: Spectra): Float64Array {
  const out = spectrum.slice();
  for (let i = 0; i < weights.length; i++) {
    const [r, c] = [Math.floor(i / columns), i % columns];
    const other = ((rows - r) % rows) * columns + ((columns - c) % columns);
    const weight = Math.max(weights[i] as number, weights[other] as number);
    out[2 * i] = (out[2 * i] as number) * weight;
    out[2 * i + 1] = (out[2 * i + 1] as number) * weight;
  }
  inverse2d(out, rows, columns);
  return component(out, 0);
}

/**
 * Whether the field, in axes of the scan, points to atoms: +1 or −1, or 0 where it cannot be told. Its divergence has
 * negative peaks there, and its integral is high where much is scattered into the dark field. Objects that are wider
 * than the probe scatter at their edges: then both have to agree.
 */
function towardsAtoms(field: Float64Array, spectra: Spectra, dark: ArrayLike<number> | undefined): number {
  const { rows, columns } = spectra;
  const [y, x] = [windowed(component(field, 0), rows, columns), windowed(component(field, 1), rows, columns)];
  const [divergence, potential] = [new Float64Array(y.length), new Float64Array(y.length)];
  for (let i = 0; i < y.length / 2; i++) {
    const [qy, qx] = [frequency(Math.floor(i / columns), rows), frequency(i % columns, columns)];
    const square = Math.max(qy * qy + qx * qx, 1e-12);
    const [re, im] = [0, 1].map((part) => qy * (y[2 * i + part] as number) + qx * (x[2 * i + part] as number)) as [
      number,
      number,
    ];
    divergence.set([-im, re], 2 * i);
    potential.set([im / square, -re / square], 2 * i);
  }
  const slope = filtered(divergence, spectra);
  const deviation = Math.sqrt(slope.reduce((sum, v) => sum + v * v, 0) / slope.length) + 1e-300;
  const peaks = slope.map((value) => -(Math.max(-6, Math.min(6, value / deviation)) ** 3));
  const found = [significance(peaks, new Float64Array(peaks.length).fill(1), rows, columns)];
  let follows = true;
  if (dark) {
    const mean = Array.from(dark).reduce((a, b) => a + b, 0) / dark.length;
    const scattered = filtered(
      windowed(
        Array.from(dark, (value) => value - mean),
        rows,
        columns,
      ),
      spectra,
    );
    const image = filtered(potential, spectra);
    const products = scattered.map((value, i) => value * (image[i] as number));
    found.push(significance(products, products.map(Math.abs), rows, columns));
    const [powers, other] = [scattered, image].map((values) => sumOf(values.map((value) => value * value)));
    follows = Math.abs(sumOf(products)) > 0.5 * Math.sqrt((powers as number) * (other as number));
  }
  const strongest = found.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
  const [peaked = 0] = found;
  const contradicted = follows
    ? found.some((one) => one * strongest < 0 && Math.abs(one) >= 2)
    : peaked * Math.sign(strongest) < 1;
  return Math.abs(strongest) > 5 && !contradicted ? Math.sign(strongest) : 0;
}

/** Why a scan without an object has no rotation. */
export const noStructure = 'the centres of mass are noise: no structure of an object is in them';

const degrees = (radians: number): number => (radians * 180) / Math.PI;

/**
 * Rotation and flip from shifts (y, x) without trend, and the counts of the dark field at each position; or why they
 * cannot be told.
 */
export function findRotation(
  shifts: Float64Array,
  [rows, columns]: readonly [number, number],
  dark: ArrayLike<number> | undefined,
): ScanAxes | string {
  if (Math.min(rows, columns) < 8) return `the scan is ${rows} × ${columns}, and 8 × 8 positions are needed`;
  const finite = shifts.map((value) => (Number.isFinite(value) ? value : 0));
  const lengths = component(finite, 0).map((y, i) => Math.hypot(y, finite[2 * i + 1] as number));
  const longest = 12 * median(lengths) + 1e-300;
  const field = finite.map((value, i) => value * Math.min(1, longest / Math.max(lengths[i >> 1] as number, 1e-300)));
  const spectra = spectraOf(field, rows, columns);
  const effective = spectra.weights.reduce((a, b) => a + b, 0);
  const both = [false, true].map((flipY) => {
    const derivatives = derivativesOf(spectra, straighten(field, { flipY }));
    return { flipY, derivatives, sums: momentsOf(spectra, derivatives) };
  });
  both.sort((a, b) => minCurl(a.sums).least - minCurl(b.sums).least);
  const [right, wrong] = both as [(typeof both)[0], (typeof both)[0]];
  const { angle, least, most } = minCurl(right.sums);
  const contrast = (without?: number): number => {
    const [a, b] = [minCurl(wrong.sums, without).least, minCurl(right.sums, without).least];
    return (a - b) / (a + b + 1e-300);
  };
  const all = [...Array(groups).keys()];
  const error = degrees(angleError(spectra, right.derivatives, angle));
  const hand = contrast();
  if (effective < 12 || !Number.isFinite(error)) return noStructure;
  if (least > 0.35 * most)
    return `the shifts are no gradient of an object: curl and divergence are alike (${(least / most).toFixed(2)})`;
  if (error > 5) return `the error of the angle would be ${error.toFixed(0)} degrees, and 5 are the most`;
  if (hand < 0.15 || hand < 4 * spread(all.map(contrast)))
    return 'both mirror images fit: the object varies along one direction only, or its signal is too weak';
  const scanRotation = degrees(angle);
  // Positions whose frames have no finite number get the median.
  const usual = dark && median([...(dark as Float64Array)].filter(Number.isFinite));
  const known = dark && Float64Array.from(dark, (value) => (Number.isFinite(value) ? value : (usual ?? 0)));
  const sign = towardsAtoms(straighten(field, { scanRotation, flipY: right.flipY }), spectra, known);
  const turn = sign < 0 ? (scanRotation > 0 ? -180 : 180) : 0;
  return {
    scanRotation: scanRotation + turn,
    flipY: right.flipY,
    error,
    halfTurn: sign === 0 ? 'open' : 'known',
  };
}
