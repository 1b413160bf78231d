/** The mask that multiplies a half spectrum: a ring, directions and painted spots, each with soft edges. */

/**
 * Settings of the filter. Frequencies in cycles per pixel, angles in degrees, anticlockwise from the horizontal as seen
 * on the screen.
 */
export interface Filter {
  readonly kind: 'all' | 'low' | 'high' | 'band' | 'stop';
  readonly from: number;
  readonly to: number;
  /** Width over which the ring fades, outside the pass band. */
  readonly edge: number;
  /** Passes only frequencies whose direction is within `width` of `angle` or of the opposite direction. */
  readonly wedge: { readonly angle: number; readonly width: number } | undefined;
  /** Whether painted spots are removed or are the only ones kept. */
  readonly painted: 'remove' | 'keep';
  /** The zero frequency always passes. */
  readonly keepMean: boolean;
}

/** Highest frequency of an image: the corner of the spectrum. */
export const highest = Math.SQRT1_2;

const wedgeFade = 4;

/** A cosine from 1 at x ≤ 0 to 0 at x ≥ 1, which causes less ringing than a straight line. */
const fade = (x: number): number => (x <= 0 ? 1 : x >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * x));

/**
 * Fills `mask` (rows × columns, values 0 … 1) for the frequencies of the rows (`fftfreq`) and columns (`rfftfreq`) of a
 * half spectrum; `painted` has the same shape and is 1 where painted.
 */
export function fillMask(
  mask: Float32Array,
  rows: Float64Array,
  columns: Float64Array,
  filter: Filter,
  painted: Float32Array | undefined,
): void {
  const { kind, from, to, wedge, keepMean } = filter;
  const edge = Math.max(filter.edge, 1e-9);
  const width = columns.length;
  const above = (f: number): number => fade((from - f) / edge);
  const below = (f: number): number => fade((f - to) / edge);
  const ring: Record<Filter['kind'], (f: number) => number> = {
    all: () => 1,
    low: below,
    high: above,
    band: (f) => above(f) * below(f),
    stop: (f) => 1 - above(f) * below(f),
  };
  const passes = ring[kind];
  for (let y = 0; y < rows.length; y++) {
    const fy = rows[y] as number;
    for (let x = 0; x < width; x++) {
      const fx = columns[x] as number;
      let value = kind === 'all' ? 1 : passes(Math.sqrt(fx * fx + fy * fy));
      if (wedge && value > 0 && (fx !== 0 || fy !== 0))
        value *= fade((turn(fx, fy, wedge.angle) - wedge.width) / wedgeFade);
      mask[y * width + x] = value;
    }
  }
  if (painted) {
    const keep = filter.painted === 'keep';
    for (let i = 0; i < mask.length; i++)
      mask[i] = (mask[i] as number) * (keep ? (painted[i] as number) : 1 - (painted[i] as number));
  }
  if (keepMean) mask[0] = 1;
}

/** Degrees between the direction of a frequency and `angle`, 0 … 90; opposite directions are equal. */
function turn(fx: number, fy: number, angle: number): number {
  // Rows count downwards.
  const between = Math.abs((Math.atan2(-fy, fx) * 180) / Math.PI - angle) % 180;
  return Math.min(between, 180 - between);
}

/**
 * How often column `x` of a half spectrum occurs in the full spectrum of an image of `width`: all but two have a mirror
 * image.
 */
export const copies = (x: number, width: number): number => (x === 0 || 2 * x === width ? 1 : 2);

/** Fractions of the energy, and of the energy without the mean, that pass a mask. */
export function energyKept(power: Float32Array, mask: Float32Array, width: number): { all: number; contrast: number } {
  const half = (width >> 1) + 1;
  let kept = 0;
  let total = 0;
  for (let i = 0; i < power.length; i++) {
    const energy = (power[i] as number) * copies(i % half, width);
    const factor = mask[i] as number;
    kept += energy * factor * factor;
    total += energy;
  }
  const mean = power[0] as number;
  const keptMean = mean * (mask[0] as number) ** 2;
  // A uniform image only has a mean; rounding errors in the other bins are not contrast.
  const rest = total - mean;
  return { all: total > 0 ? kept / total : 1, contrast: rest > total * 1e-12 ? (kept - keptMean) / rest : 1 };
}
