/**
 * The angle between detector and scan, and whether one is mirrored: shifts of a phase object are the gradient of its
 * potential, whose spectrum is parallel to the frequency. Rotation by the least curl is that of py4DSTEM and LiberTEM;
 * here frequencies are weighted by their signal, and the result comes with an error estimate, or is rejected.
 */
import { median } from '../../util/median.js';
import { applyRotation } from '../images/field.js';
import { inverse2d, transform2d } from '../images/fourier.js';
import { curlContrast, jackknifeError, minCurl } from './least-curl.js';
import { slowAxes } from './slow-axes.js';

/** The axes of the scan as seen by the detector. */
export interface ScanAxes {
  /** Degrees by which shifts are turned into axes of the scan, after the flip; in (−180, 180]. */
  readonly scanRotation: number;
  readonly flipY: boolean;
  /** Standard error of the angle in degrees. */
  readonly error: number;
  /** Whether the angle differs for certain from the one half a turn away; if open, it is between −90 and 90. */
  readonly halfTurn: 'assumed' | 'open';
}

const groupCount = 24;

/** The weight of each frequency of one half, and the group to which it belongs. */
interface FrequencyWeights {
  readonly rows: number;
  readonly columns: number;
  readonly weights: Float64Array;
  readonly group: Uint8Array;
}

/** Frequency of an index, in cycles per scan step. */
const frequency = (k: number, n: number): number => (2 * k >= n ? k - n : k) / n;

/** The Hann window at the positions of a scan, and its slope. */
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
const windowedSpectrum = (values: ArrayLike<number>, rows: number, columns: number): Float64Array =>
  spectrumOf(
    (i) => (values[i] as number) * hann(Math.floor(i / columns), rows) * hann(i % columns, columns),
    rows,
    columns,
  );

const component = (field: Float64Array, part: 0 | 1): Float64Array => field.filter((_, i) => i % 2 === part);

function frequencyWeightsOf(field: Float64Array, rows: number, columns: number): FrequencyWeights {
  const [y, x] = [
    windowedSpectrum(component(field, 0), rows, columns),
    windowedSpectrum(component(field, 1), rows, columns),
  ];
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
    // Skip scan-line offsets, possible descan error and the corners; qx < 0 is redundant.
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
    return (Math.imul(a * 1009 + b + 1, 0x9e3779b1) >>> 16) % groupCount;
  });
  return { rows, columns, weights, group };
}

/** Divergence and curl of a field, divided by |q|; complex. */
interface Derivatives {
  readonly divergence: Float64Array;
  readonly curl: Float64Array;
}

/** The window is applied after the derivative: the curl of a gradient times a window is not zero. */
function derivativesOf({ rows, columns, weights }: FrequencyWeights, field: Float64Array): Derivatives {
  const [fy, fx] = [component(field, 0), component(field, 1)];
  const [y, x] = [windowedSpectrum(fy, rows, columns), windowedSpectrum(fx, rows, columns)];
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
  const [divergenceOfWindow, curlOfWindow] = [slopes(fy, fx, 1), slopes(fx, fy, -1)];
  const [divergence, curl] = [new Float64Array(y.length), new Float64Array(y.length)];
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    const [qy, qx] = [frequency(Math.floor(i / columns), rows), frequency(i % columns, columns)];
    const q = Math.hypot(qy, qx);
    for (const part of [0, 1]) {
      const [cy, cx] = [y[2 * i + part] as number, x[2 * i + part] as number];
      // The product-rule term from the slope of the window.
      const termOf = (added: Float64Array): number =>
        ((part === 0 ? -1 : 1) * (added[2 * i + 1 - part] as number)) / (2 * Math.PI * q);
      divergence[2 * i + part] = (qy * cy + qx * cx) / q + termOf(divergenceOfWindow);
      curl[2 * i + part] = (qy * cx - qx * cy) / q + termOf(curlOfWindow);
    }
  }
  return { divergence, curl };
}

/** Σ w |T|², Σ w |D|² and Σ w Re D T* of each group, with curl T and divergence D. */
function momentsOf({ weights, group }: FrequencyWeights, { divergence, curl }: Derivatives): Float64Array[] {
  const sums = Array.from({ length: groupCount }, () => new Float64Array(3));
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

/** How white noise under the Hann window correlates at neighbouring frequencies, and by how much their products count. */
const correlations = [1, -2 / 3, 1 / 6];
const taper = [1, 2 / 3, 1 / 3];
const minVarianceShare = 0.3;
const directionCount = 8;

/**
 * The standard error of the angle in radians, from the score of each frequency. Scores u of neighbours correlate, so that
 * Σ k u u′ with a taper k, which keeps it positive, is their variance, times the share that k leaves of white noise under
 * the window. Σ k s s′, with the share s of each frequency in the information, is subtracted from that: the angle is
 * determined by the scores themselves. NaN if that leaves too little.
 */
function angleError(frequencies: FrequencyWeights, { divergence, curl }: Derivatives, angle: number): number {
  const { rows, columns, weights } = frequencies;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const rotatedDivergence = divergence.map((d, k) => c * d + s * (curl[k] as number));
  const rotatedCurl = curl.map((t, k) => c * t - s * (divergence[k] as number));
  const product = (a: Float64Array, b: Float64Array, i: number, k: number): number =>
    (a[2 * i] as number) * (b[2 * k] as number) + (a[2 * i + 1] as number) * (b[2 * k + 1] as number);
  const score = weights.map((w, i) => w * product(rotatedDivergence, rotatedCurl, i, i));
  const information = weights.map(
    (w, i) => w * (product(rotatedDivergence, rotatedDivergence, i, i) - product(rotatedCurl, rotatedCurl, i, i)),
  );
  const totalInformation = sumOf(information);
  let [variance, informationSquares, noise, taperedNoise] = [0, 0, 0, 0];
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    const [row, column] = [Math.floor(i / columns), i % columns];
    for (let v = -2; v <= 2; v++)
      for (let u = Math.max(-2, -column); u <= Math.min(2, columns - 1 - column); u++) {
        const k = ((row + v + rows) % rows) * columns + column + u;
        const factorAt = (by: readonly number[]): number => (by[Math.abs(v)] as number) * (by[Math.abs(u)] as number);
        const taperFactor = factorAt(taper);
        const noiseTerm =
          factorAt(correlations) *
          (weights[i] as number) *
          (weights[k] as number) *
          product(rotatedDivergence, rotatedDivergence, i, k);
        variance += taperFactor * (score[i] as number) * (score[k] as number);
        informationSquares += taperFactor * (information[i] as number) * (information[k] as number);
        noise += noiseTerm;
        taperedNoise += taperFactor * noiseTerm;
      }
  }
  const [noiseShare, selfShare] = [taperedNoise / noise, informationSquares / totalInformation ** 2];
  const varianceShare = noiseShare - selfShare;
  if (!(varianceShare > minVarianceShare)) return Number.NaN;
  const squared = Math.max(
    variance / varianceShare,
    directionVariance(frequencies, score, information, totalInformation),
  );
  // Few independent frequencies, noiseShare / selfShare of them, have the tails of Student's t: by Cornish and Fisher at 68 %.
  return (Math.sqrt(squared) / totalInformation) * (1 + 1 / (2 * (noiseShare / selfShare - 1)));
}

/**
 * The variance of the scores when summed per direction: where pixels are missing from the disk, shifts turn by an angle
 * that depends on the direction.
 */
function directionVariance(
  { rows, columns }: FrequencyWeights,
  score: Float64Array,
  information: Float64Array,
  totalInformation: number,
): number {
  const sums = Array.from({ length: directionCount }, (): [number, number] => [0, 0]);
  for (let i = 0; i < score.length; i++) {
    const [qy, qx] = [frequency(Math.floor(i / columns), rows), frequency(i % columns, columns)];
    const sector = sums[Math.floor((Math.atan2(qy, qx) / Math.PI + 0.5) * directionCount)];
    if (!sector) continue;
    sector[0] += score[i] as number;
    sector[1] += (information[i] as number) / totalInformation;
  }
  return sums.reduce((sum, [pulled, part]) => sum + pulled ** 2 / Math.max(1 - part, minVarianceShare), 0);
}

/** Ratio of two sums in units of its jackknife error, over tiles of the scan. */
function jackknifeSignificance(
  numerators: ArrayLike<number>,
  denominators: ArrayLike<number>,
  rows: number,
  columns: number,
): number {
  const side = Math.max(2, Math.min(6, Math.floor(rows / 5)));
  const sums = Array.from({ length: side * side }, (): [number, number] => [0, 0]);
  for (let i = 0; i < numerators.length; i++) {
    const tile =
      Math.floor((Math.floor(i / columns) * side) / rows) * side + Math.floor(((i % columns) * side) / columns);
    const sum = sums[tile] as [number, number];
    sum[0] += numerators[i] as number;
    sum[1] += denominators[i] as number;
  }
  const ratio = (without?: number): number => {
    const [a, b] = sums.reduce(([x, y], [u, v], k) => (k === without ? [x, y] : [x + u, y + v]), [0, 0]);
    return a / Math.max(b, 1e-300);
  };
  return ratio() / Math.max(jackknifeError(sums.map((_, k) => ratio(k))), 1e-300);
}

/** A spectrum times the weights of both halves of the frequencies, as a real image. */
function filterImage(spectrum: Float64Array, { rows, columns, weights }: FrequencyWeights): Float64Array {
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
function signTowardsAtoms(
  field: Float64Array,
  frequencies: FrequencyWeights,
  dark: ArrayLike<number> | undefined,
): number {
  const { rows, columns } = frequencies;
  const [y, x] = [
    windowedSpectrum(component(field, 0), rows, columns),
    windowedSpectrum(component(field, 1), rows, columns),
  ];
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
  const slope = filterImage(divergence, frequencies);
  const deviation = Math.sqrt(slope.reduce((sum, v) => sum + v * v, 0) / slope.length) + 1e-300;
  // The skewness of the slopes, clipped at six deviations: atoms are few and their peaks strong.
  const peaks = slope.map((value) => -(Math.max(-6, Math.min(6, value / deviation)) ** 3));
  const significances = [jackknifeSignificance(peaks, new Float64Array(peaks.length).fill(1), rows, columns)];
  let isImageConsistent = true;
  if (dark) {
    const mean = Array.from(dark).reduce((a, b) => a + b, 0) / dark.length;
    const scattered = filterImage(
      windowedSpectrum(
        Array.from(dark, (value) => value - mean),
        rows,
        columns,
      ),
      frequencies,
    );
    const image = filterImage(potential, frequencies);
    const products = scattered.map((value, i) => value * (image[i] as number));
    significances.push(jackknifeSignificance(products, products.map(Math.abs), rows, columns));
    const [darkPower, imagePower] = [scattered, image].map((values) => sumOf(values.map((value) => value * value)));
    isImageConsistent = Math.abs(sumOf(products)) > 0.5 * Math.sqrt((darkPower as number) * (imagePower as number));
  }
  const strongest = significances.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
  const [peaked = 0] = significances;
  const contradicted = isImageConsistent
    ? significances.some((significance) => significance * strongest < 0 && Math.abs(significance) >= 2)
    : peaked * Math.sign(strongest) < 1;
  return Math.abs(strongest) > 5 && !contradicted ? Math.sign(strongest) : 0;
}

/** Why a scan without an object has no rotation. */
export const noStructure = 'the centres of mass are noise: they show no structure of an object';

/** The greatest standard error of an angle that is stated, degrees. */
const maxErrorDegrees = 5;

const degrees = (radians: number): number => (radians * 180) / Math.PI;

/**
 * Rotation and flip from detrended shifts (y, x), and the counts of the dark field at each position; or why they
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
  const frequencies = frequencyWeightsOf(field, rows, columns);
  const effective = frequencies.weights.reduce((a, b) => a + b, 0);
  const candidates = [false, true].map((flipY) => {
    const derivatives = derivativesOf(frequencies, applyRotation(field, { flipY }));
    return { flipY, derivatives, sums: momentsOf(frequencies, derivatives) };
  });
  candidates.sort((a, b) => minCurl(a.sums).least - minCurl(b.sums).least);
  const [right, wrong] = candidates as [(typeof candidates)[0], (typeof candidates)[0]];
  const { angle, least, most } = minCurl(right.sums);
  const contrast = (without?: number): number => curlContrast(right.sums, wrong.sums, without);
  const groupIndices = [...Array(groupCount).keys()];
  const error = degrees(angleError(frequencies, right.derivatives, angle));
  const flipContrast = contrast();
  if (effective < 12 || !Number.isFinite(error)) return slowAxes(shifts, [rows, columns]) ?? noStructure;
  if (least > 0.35 * most)
    return `the shifts are not the gradient of a potential: curl and divergence are of similar size (${(least / most).toFixed(2)})`;
  if (error > maxErrorDegrees) {
    const roundedUp = (Math.ceil(10 * error) / 10).toFixed(1);
    return `the error of the angle would be ${roundedUp} degrees; the limit is ${maxErrorDegrees} degrees`;
  }
  if (flipContrast < 0.15 || flipContrast < 4 * jackknifeError(groupIndices.map(contrast)))
    return 'both mirror images fit: the object varies along one direction only, or its signal is too weak';
  const scanRotation = degrees(angle);
  // Positions whose frames have no finite number get the median.
  const medianCount = dark && median([...(dark as Float64Array)].filter(Number.isFinite));
  const filledDark = dark && Float64Array.from(dark, (value) => (Number.isFinite(value) ? value : (medianCount ?? 0)));
  const sign = signTowardsAtoms(applyRotation(field, { scanRotation, flipY: right.flipY }), frequencies, filledDark);
  const turn = sign < 0 ? (scanRotation > 0 ? -180 : 180) : 0;
  return {
    scanRotation: scanRotation + turn,
    flipY: right.flipY,
    error,
    halfTurn: sign === 0 ? 'open' : 'assumed',
  };
}
