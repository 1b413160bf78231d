/**
 * Phases by their definitions, in float64: transforms are sums over all pixels, and every formula is written again.
 */

/** The numbers of a scan of frames, [rows, columns, height, width]. */
export interface PhaseProblem {
  readonly data: ArrayLike<number>;
  readonly nav: readonly [number, number];
  readonly sig: readonly [number, number];
}

type Complex = readonly [re: number, im: number];

const phasor = (cycles: number): Complex => [Math.cos(2 * Math.PI * cycles), Math.sin(2 * Math.PI * cycles)];
/** A frequency of an axis of n samples, from −n/2 to n/2, in cycles per axis. */
const signedFrequency = (k: number, n: number): number => (2 * k > n ? k - n : k);

/** Σ value(y, x) · exp(−2πi (q y / rows + p x / columns)). */
function spectrumAt(
  value: (y: number, x: number) => number,
  [rows, columns]: readonly [number, number],
  q: number,
  p: number,
): Complex {
  let [re, im] = [0, 0];
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const [c, s] = phasor(-((q * y) / rows + (p * x) / columns));
      re += value(y, x) * c;
      im += value(y, x) * s;
    }
  return [re, im];
}

/** A disk whose edge is one pixel wide. */
export const inDisk = (dy: number, dx: number, radius: number): number =>
  Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dy, dx)));

/** The geometry of a side band reconstruction. */
export interface SideBandGeometry {
  /** Wavelength and step of the scan (y, x), metres. */
  readonly wavelength: number;
  readonly step: readonly [number, number];
  /** Convergence semi-angle, radians, and radius of the central disk, pixels. */
  readonly angle: number;
  readonly radius: number;
  readonly centre: readonly [number, number];
  /** The matrix by which a direction (y, x) of the scan is multiplied from the left. */
  readonly turned: readonly [Complex, Complex];
  /** Least sum of the weights of an overlap. */
  readonly least: number;
}

/**
 * The spectrum of the object [rows, columns], complex interleaved: half the difference of the means of the spectra over
 * the two overlaps of the central disk with a disk that is shifted by the scan frequency, where the third disk is not.
 * Rows above half of them follow from F(−q) = −conj F(q), which defines the sign of the highest frequency of a row.
 */
export function sideBandsOf(problem: PhaseProblem, geometry: SideBandGeometry): Float64Array {
  const [rows, columns] = problem.nav;
  const out = new Float64Array(2 * rows * columns);
  for (let q = 0; q < rows; q++)
    for (let p = 0; p < columns; p++) {
      const at = 2 * (q * columns + p);
      if (2 * q <= rows) out.set(sideBandAt(problem, geometry, q, p), at);
      else {
        const [re, im] = sideBandAt(problem, geometry, rows - q, (columns - p) % columns);
        out.set([-re, im], at);
      }
    }
  return out;
}

function sideBandAt({ data, nav, sig }: PhaseProblem, geometry: SideBandGeometry, q: number, p: number): Complex {
  const { wavelength, step, angle, radius, centre, turned, least } = geometry;
  const [rows, columns] = nav;
  const [height, width] = sig;
  const isZero = q === 0 && p === 0;
  const [fy, fx] = [signedFrequency(q, rows) / (rows * step[0]), signedFrequency(p, columns) / (columns * step[1])];
  const perPixel = Math.sin(angle) / wavelength / radius;
  const [sy, sx] = turned.map(([a, b]) => (a * fy + b * fx) / perPixel) as [number, number];
  if (Math.hypot(sy, sx) > 2 * radius) return [0, 0];
  const [plus, minus] = [0, 0].map(() => ({ re: 0, im: 0, weight: 0 })) as [Sum, Sum];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [dy, dx] = [y - centre[0], x - centre[1]];
      const central = inDisk(dy, dx, radius);
      const [ahead, behind] = [inDisk(dy - sy, dx - sx, radius), inDisk(dy + sy, dx + sx, radius)];
      if (central === 0 || (!isZero && ahead > 0 === behind > 0)) continue;
      const sum = isZero || ahead > 0 ? plus : minus;
      const weight = isZero ? central : central * (ahead + behind);
      const pixel = (r: number, c: number): number => data[((r * columns + c) * height + y) * width + x] as number;
      const [re, im] = spectrumAt(pixel, nav, q, p);
      sum.re += weight * re;
      sum.im += weight * im;
      sum.weight += weight;
    }
  if (isZero) return [plus.re / plus.weight, plus.im / plus.weight];
  if (plus.weight < least || minus.weight < least) return [0, 0];
  return [(plus.re / plus.weight - minus.re / minus.weight) / 2, (plus.im / plus.weight - minus.im / minus.weight) / 2];
}

interface Sum {
  re: number;
  im: number;
  weight: number;
}

/** How the waves of holograms are computed. */
interface SideBandSelection {
  /** The frequency whose negative becomes frequency 0. */
  readonly position: readonly [number, number];
  /** Rows and columns of a wave. */
  readonly shape: readonly [number, number];
  readonly radius: number;
  /** Order of a Butterworth filter; undefined: a disk. */
  readonly order: number | undefined;
  readonly normalised: boolean;
}

/** The waves [frames, rows, columns], complex interleaved. */
export function wavesOf({ data, nav, sig }: PhaseProblem, selection: SideBandSelection): Float64Array {
  const { position, shape, radius, order, normalised } = selection;
  const [rows, columns] = shape;
  const [height, width] = sig;
  const frames = nav[0] * nav[1];
  const out = new Float64Array(2 * frames * rows * columns);
  // Frequencies −out/2 … out/2 of an even frame, as many as the wave has pixels.
  const first = (n: number, kept: number): number => Math.trunc((n - kept) / 2) - Math.floor(n / 2);
  for (let f = 0; f < frames; f++)
    for (let j = 0; j < rows; j++)
      for (let k = 0; k < columns; k++) {
        const [q, p] = [j + first(height, rows), k + first(width, columns)];
        const r = Math.hypot(distanceFromZero(q, rows), distanceFromZero(p, columns));
        const weight = order === undefined ? inDisk(r, 0, radius) : (1 + (r / radius) ** (2 * order)) ** -0.5;
        if (weight === 0) continue;
        const pixel = (y: number, x: number): number => data[(f * height + y) * width + x] as number;
        const [re, im] = spectrumAt(pixel, sig, q - position[0], p - position[1]);
        const scale = weight / (normalised ? height * width : rows * columns);
        for (let y = 0; y < rows; y++)
          for (let x = 0; x < columns; x++) {
            const [c, s] = phasor((q * y) / rows + (p * x) / columns);
            const at = 2 * ((f * rows + y) * columns + x);
            out[at] = (out[at] as number) + scale * (re * c - im * s);
            out[at + 1] = (out[at + 1] as number) + scale * (re * s + im * c);
          }
      }
  return out;
}

/** Distance of a frequency from 0 in a spectrum of n. */
const distanceFromZero = (k: number, n: number): number => {
  const positive = ((k % n) + n) % n;
  return Math.min(positive, n - positive);
};

/**
 * The image whose gradient is the shift of the centre of mass from (cy, cx), [rows, columns], less its mean over the
 * scan, which would be a ramp; its own mean is 0. The shifts are continued beyond the edges as those of a mirrored
 * image if `mirrored`; `passes` is what a filter keeps of a frequency.
 */
export function integratedShiftsOf(
  { data, nav, sig }: PhaseProblem,
  [cy, cx]: readonly [number, number],
  mirrored: boolean,
  passes: (cycles: number) => number = () => 1,
): Float64Array {
  const [rows, columns] = nav;
  const [height, width] = sig;
  const shifts = Array.from({ length: rows * columns }, (_, f) => {
    let [sum, sy, sx] = [0, 0, 0];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const value = data[(f * height + y) * width + x] as number;
        sum += value;
        sy += value * (y - cy);
        sx += value * (x - cx);
      }
    return [sy / sum, sx / sum] as const;
  });
  const means = [0, 1].map((axis) => shifts.reduce((total, shift) => total + (shift[axis] ?? 0), 0) / shifts.length);
  const [tall, wide] = mirrored ? [2 * rows, 2 * columns] : [rows, columns];
  const component = (axis: 0 | 1) => (y: number, x: number) => {
    const [r, c] = [y < rows ? y : 2 * rows - 1 - y, x < columns ? x : 2 * columns - 1 - x];
    const value = (shifts[r * columns + c] as Complex)[axis] - (means[axis] ?? 0);
    return (axis === 0 ? r === y : c === x) ? value : -value;
  };
  const image = new Float64Array(rows * columns);
  for (let q = 0; q < tall; q++)
    for (let p = 0; p < wide; p++) {
      // The highest frequency of an even length has no derivative.
      const [ky, kx] = [
        2 * q === tall ? 0 : signedFrequency(q, tall) / tall,
        2 * p === wide ? 0 : signedFrequency(p, wide) / wide,
      ];
      if (ky === 0 && kx === 0) continue;
      const [y, x] = [spectrumAt(component(0), [tall, wide], q, p), spectrumAt(component(1), [tall, wide], q, p)];
      const pass = passes(Math.hypot(signedFrequency(q, tall) / tall, signedFrequency(p, wide) / wide));
      const scale = pass / (2 * Math.PI * (ky * ky + kx * kx)) / (tall * wide);
      const [re, im] = [(ky * y[1] + kx * x[1]) * scale, -(ky * y[0] + kx * x[0]) * scale];
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          const [cos, sin] = phasor((q * r) / tall + (p * c) / wide);
          image[r * columns + c] = (image[r * columns + c] as number) + re * cos - im * sin;
        }
    }
  const mean = image.reduce((a, b) => a + b, 0) / image.length;
  return image.map((value) => value - mean);
}
