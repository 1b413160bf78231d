/**
 * Single side band ptychography: which detector pixels carry which scan frequency (Rodenburg, McCallum & Nellist,
 * Ultramicroscopy 48, 304 (1993); definitions and names of ptychography40, Strauch et al., Microsc. Microanal. 27, 1078
 * (2021)).
 */
import { checkedValue, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import { inspect, knownOptions } from '../../util/options.js';
import { rint } from '../disks/lattice.js';
import { marked, type PixelList } from '../images/without-count.js';

/** Geometry of a scan for single side band reconstruction. */
export interface SsbOptions {
  /** Wavelength of the electrons in metres; or `voltage`. */
  readonly lamb?: number | undefined;
  /** Acceleration voltage in volts. */
  readonly voltage?: number | undefined;
  /** Step of the scan in metres, or (y, x). */
  readonly dpix: number | readonly [number, number];
  /** Convergence semi-angle in radians. */
  readonly semiconv: number;
  /** Radius of the central disk on the detector in pixels. */
  readonly semiconvPix: number;
  /** Centre of the central disk in pixels; default: the middle pixel, half the size rounded down. */
  readonly cy?: number | undefined;
  readonly cx?: number | undefined;
  /** Angle between detector and scan in degrees, and whether y of the detector is inverted; as in `comUdf`. */
  readonly scanRotation?: number | undefined;
  readonly flipY?: boolean | undefined;
  /** Turns directions of the scan (y, x) into those of the detector, [[yy, yx], [xy, xx]]; instead of the two above. */
  readonly transformation?: readonly (readonly [number, number])[] | undefined;
  /** Scan frequencies whose overlaps have a smaller sum of weights are skipped; default 1. */
  readonly cutoff?: number | undefined;
  /** Pixels (y, x) that are skipped, such as hot ones; default: none. */
  readonly without?: PixelList | undefined;
}

const names = [
  ...['lamb', 'voltage', 'dpix', 'semiconv', 'semiconvPix', 'cy', 'cx', 'scanRotation', 'flipY', 'transformation'],
  ...['cutoff', 'without'],
];

/** The wavelength of electrons in metres, relativistic, for an acceleration voltage in volts. */
export function electronWavelength(voltage: number): number {
  const [h, m, e, c] = [6.62607015e-34, 9.1093837015e-31, 1.602176634e-19, 299792458];
  return h / Math.sqrt(2 * m * e * voltage * (1 + (e * voltage) / (2 * m * c * c)));
}

/** Checked options as plain numbers, which can be cloned between threads. */
export interface SsbGeometry {
  readonly lamb: number;
  readonly dpix: readonly [number, number];
  readonly semiconv: number;
  readonly semiconvPix: number;
  /** NaN: the middle pixel. */
  readonly cy: number;
  readonly cx: number;
  readonly transformation: readonly [number, number, number, number];
  readonly cutoff: number;
  readonly without: PixelList;
}

/** Checks the options. Throws `Argument`. */
export function checkSsb(what: string, options: SsbOptions): SsbGeometry {
  if (typeof options !== 'object' || options === null)
    throw new EwaldError('Argument', `${what} requires lamb or voltage, dpix, semiconv and semiconvPix`);
  knownOptions(what, options, names);
  const { lamb, voltage, dpix, transformation } = options;
  if ((lamb === undefined) === (voltage === undefined))
    throw new EwaldError('Argument', `${what}: expected either lamb, the wavelength in metres, or voltage, in volts`);
  if (transformation && (options.scanRotation !== undefined || options.flipY !== undefined))
    throw new EwaldError('Argument', `${what}: transformation replaces scanRotation and flipY; pass one or the other`);
  const steps = typeof dpix === 'number' ? [dpix, dpix] : dpix;
  if (!Array.isArray(steps) || steps.length !== 2)
    throw new EwaldError(
      'Argument',
      `${what}: dpix is ${inspect(dpix)}; expected the step of the scan in metres, or (y, x)`,
    );
  const required = (name: string, value: number | undefined, low: number, high: number, unit?: string) =>
    checkedValue(`${what}: ${name}`, value, { ...row.required(row.number(low, high)), unit });
  const flat = transformation?.flat() ?? scanRotationMatrix(options.scanRotation ?? 0, options.flipY ?? false);
  if (flat.length !== 4 || !flat.every(Number.isFinite))
    throw new EwaldError('Argument', `${what}: transformation is [${flat}]; expected [[yy, yx], [xy, xx]]`);
  return {
    lamb:
      lamb === undefined
        ? electronWavelength(required('voltage', voltage, 1, 3e6, 'V'))
        : required('lamb', lamb, 1e-15, 1, 'm'),
    dpix: [required('dpix', steps[0], 1e-15, 1, 'm'), required('dpix', steps[1], 1e-15, 1, 'm')],
    semiconv: required('semiconv', options.semiconv, 1e-9, 1.5, 'rad'),
    semiconvPix: required('semiconvPix', options.semiconvPix, 0.5, 1e5),
    cy: options.cy === undefined ? Number.NaN : required('cy', options.cy, -1e6, 1e6),
    cx: options.cx === undefined ? Number.NaN : required('cx', options.cx, -1e6, 1e6),
    transformation: flat as [number, number, number, number],
    cutoff: checkedValue(`${what}: cutoff`, options.cutoff, row.number(0, 1e9, 1)),
    without: options.without ?? [],
  };
}

/** Centres of mass are turned from the detector to the scan; this is the inverse, for row vectors. */
function scanRotationMatrix(degrees: number, flipY: boolean): number[] {
  const angle = (degrees * Math.PI) / 180;
  const [c, s, y] = [Math.cos(angle), Math.sin(angle), flipY ? -1 : 1];
  return [y * c, s, -y * s, c];
}

/** Sizes of a run. */
export interface SsbSizes {
  readonly nav: readonly [number, number];
  readonly sig: readonly [number, number];
}

/**
 * Rejects a geometry in which the shifted disks overlap nowhere, or everywhere, at every scan frequency. Throws
 * `Argument`.
 */
export function checkSideBands(geometry: SsbGeometry, sizes: SsbSizes): void {
  if (new SideBands(geometry, sizes).hasSideBands) return;
  const { lamb, dpix, semiconv, semiconvPix: radius } = geometry;
  const lowest = Math.min(
    ...dpix.map((step, axis) => (lamb * radius) / Math.sin(semiconv) / (step * (sizes.nav[axis] as number))),
  );
  const [shift, most] = [lowest, 2 * radius].map((pixels) => pixels.toPrecision(3));
  throw new EwaldError(
    'Argument',
    `ssb: no scan frequency has side bands, so that the object would be flat: the lowest frequency shifts the disk ` +
      `by ${shift} pixels, and disks overlap in part at shifts from a fraction of a pixel to ${most}. Check voltage ` +
      '(kV in an analysis), the step of the scan (dpix), the convergence angle and the radius of the disk on the ' +
      'detector (semiconvPix)',
    { detail: { shift: lowest, radius } },
  );
}

/** Weight of a disk at a distance from its centre; its edge is one pixel wide. */
export const weightAt = (distance: number, radius: number): number =>
  Math.max(0, Math.min(1, radius / 2 + 0.5 - Math.abs(distance - radius / 2)));

/** A detector pixel inside the central disk. */
interface Pixel {
  readonly y: number;
  readonly x: number;
  readonly weight: number;
}

/**
 * The sums of a reconstruction: spectra over the scan of detector pixels are added, one after another, into the sums of
 * both side bands of each scan frequency [rows, columns], rows up to half of the scan.
 */
export class SideBands {
  /** Scan frequencies: rows 0 … floor(rows / 2) of the scan, all columns. */
  readonly rows: number;
  readonly columns: number;
  /** Pixels inside the central disk. */
  readonly pixels: readonly Pixel[];
  /** Pixels of a row of a frame. */
  readonly width: number;
  readonly #geometry: SsbGeometry;
  readonly #centre: readonly [number, number];
  /** Shift of the disk for each scan frequency. */
  readonly #shiftY: Float64Array;
  readonly #shiftX: Float64Array;
  /** Sums of the spectra over both overlaps, and of the weights. */
  readonly #plus: Float64Array;
  readonly #minus: Float64Array;
  readonly #plusWeight: Float64Array;
  readonly #minusWeight: Float64Array;

  constructor(geometry: SsbGeometry, { nav, sig }: SsbSizes) {
    const { lamb, dpix, semiconv, semiconvPix: radius, transformation } = geometry;
    this.#geometry = geometry;
    this.rows = Math.floor(nav[0] / 2) + 1;
    this.columns = nav[1];
    this.width = sig[1];
    const [cy, cx] = [
      Number.isNaN(geometry.cy) ? Math.floor(sig[0] / 2) : geometry.cy,
      Number.isNaN(geometry.cx) ? Math.floor(sig[1] / 2) : geometry.cx,
    ];
    this.#centre = [cy, cx];
    const pixels: Pixel[] = [];
    const left = marked(geometry.without, { height: sig[0], width: sig[1] });
    for (let y = 0; y < sig[0]; y++)
      for (let x = 0; x < sig[1]; x++) {
        const weight = this.#weight(y, x, cy, cx);
        if (weight > 0 && !left[y * sig[1] + x]) pixels.push({ y, x, weight });
      }
    this.pixels = pixels;
    if (pixels.length === 0)
      throw new EwaldError(
        'Argument',
        `ssb: the central disk at (${cy}, ${cx}) with a radius of ${radius} pixels has no pixel in frames of ` +
          `${sig[0]} × ${sig[1]}; check cy, cx and semiconvPix`,
      );
    const size = this.rows * this.columns;
    this.#shiftY = new Float64Array(size);
    this.#shiftX = new Float64Array(size);
    const [yy, yx, xy, xx] = transformation;
    // One detector pixel in 1/m.
    const pixel = Math.sin(semiconv) / lamb / radius;
    for (let q = 0; q < this.rows; q++)
      for (let p = 0; p < this.columns; p++) {
        const frequency = (k: number, length: number, step: number): number =>
          (k > length / 2 ? k - length : k) / (length * step);
        const [fy, fx] = [frequency(q, nav[0], dpix[0]), frequency(p, nav[1], dpix[1])];
        const [sy, sx] = [(fy * yy + fx * xy) / pixel, (fy * yx + fx * xx) / pixel];
        const there = sy * sy + sx * sx <= 4 * radius * radius;
        const at = q * this.columns + p;
        this.#shiftY[at] = there ? sy : Number.NaN;
        this.#shiftX[at] = there ? sx : Number.NaN;
      }
    this.#plus = new Float64Array(2 * size);
    this.#minus = new Float64Array(2 * size);
    this.#plusWeight = new Float64Array(size);
    this.#minusWeight = new Float64Array(size);
  }

  /**
   * Whether any scan frequency but 0 has both side bands with enough weight; without one, the object would be flat.
   */
  get hasSideBands(): boolean {
    const { cutoff, semiconvPix: radius } = this.#geometry;
    const [cy, cx] = this.#centre;
    const reach = (radius + 0.5) * (radius + 0.5);
    const isNear = (y: number, x: number): boolean => (y - cy) * (y - cy) + (x - cx) * (x - cx) < reach;
    for (let at = 1; at < this.#shiftY.length; at++) {
      const [sy, sx] = [this.#shiftY[at] as number, this.#shiftX[at] as number];
      if (Number.isNaN(sy)) continue;
      let [plus, minus] = [0, 0];
      for (const { y, x, weight } of this.pixels) {
        const [ahead, behind] = [isNear(y - sy, x - sx), isNear(y + sy, x + sx)];
        if (ahead === behind) continue;
        if (ahead) plus += weight * this.#weight(y, x, cy + sy, cx + sx);
        else minus += weight * this.#weight(y, x, cy - sy, cx - sx);
        if (plus > 0 && minus > 0 && plus >= cutoff && minus >= cutoff) return true;
      }
    }
    return false;
  }

  /** Adds the spectrum of a pixel of `pixels`, [rows, columns] complex from `from` on. */
  add(index: number, spectrum: Float32Array | Float64Array, from: number): void {
    const { y, x, weight } = this.pixels[index] as Pixel;
    const [shiftY, shiftX, plus, minus] = [this.#shiftY, this.#shiftX, this.#plus, this.#minus];
    const [cy, cx] = this.#centre;
    const { semiconvPix: radius } = this.#geometry;
    const reach = (radius + 0.5) * (radius + 0.5);
    const [dy, dx] = [y - cy, x - cx];
    // Frequency 0: the whole disk.
    plus[0] = (plus[0] as number) + weight * (spectrum[from] as number);
    this.#plusWeight[0] = (this.#plusWeight[0] as number) + weight;
    for (let at = 1; at < shiftY.length; at++) {
      const [sy, sx] = [shiftY[at] as number, shiftX[at] as number];
      const ahead = (dy - sy) * (dy - sy) + (dx - sx) * (dx - sx);
      const behind = (dy + sy) * (dy + sy) + (dx + sx) * (dx + sx);
      const [nearPlus, nearMinus] = [ahead < reach, behind < reach];
      // Where both disks overlap, the bands cancel; a frequency without overlap has the shift NaN, near nothing.
      if (nearPlus === nearMinus) continue;
      const w = weight * (nearPlus ? this.#weight(y, x, cy + sy, cx + sx) : this.#weight(y, x, cy - sy, cx - sx));
      const [sums, weights] = nearPlus ? [plus, this.#plusWeight] : [minus, this.#minusWeight];
      sums[2 * at] = (sums[2 * at] as number) + w * (spectrum[from + 2 * at] as number);
      sums[2 * at + 1] = (sums[2 * at + 1] as number) + w * (spectrum[from + 2 * at + 1] as number);
      weights[at] = (weights[at] as number) + w;
    }
  }

  /**
   * The spectrum of the object, [rows, columns] complex: half the difference of the mean of both side bands. `out` is
   * added to, and the sums begin anew.
   */
  finish(out: Float64Array): void {
    const { cutoff } = this.#geometry;
    for (let at = 0; at < this.#plusWeight.length; at++) {
      const [p, m] = [this.#plusWeight[at] as number, this.#minusWeight[at] as number];
      for (const k of [2 * at, 2 * at + 1]) {
        const [a, b] = [this.#plus[k] as number, this.#minus[k] as number];
        if (at === 0) out[k] = (out[k] as number) + a / p;
        else if (p >= cutoff && m >= cutoff && p > 0 && m > 0) out[k] = (out[k] as number) + (a / p - b / m) / 2;
      }
    }
    for (const array of [this.#plus, this.#minus, this.#plusWeight, this.#minusWeight]) array.fill(0);
  }

  #weight(y: number, x: number, cy: number, cx: number): number {
    if (rint(cy) === y && rint(cx) === x) return 1;
    return weightAt(Math.sqrt((y - cy) * (y - cy) + (x - cx) * (x - cx)), this.#geometry.semiconvPix);
  }
}
