import { Random } from '../../../entries/pages.js';
/**
 * Generated images, so that there is something to see before a file is loaded. Their sizes are primes, which shows that
 * no length requires padding.
 */

export type SampleName = 'lattice' | 'diffraction' | 'print' | 'colour';

export interface Sample {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, 0 … 255, of the pixel at (x, y). */
  readonly pixel: (x: number, y: number) => readonly [number, number, number];
  /**
   * Explanation of what can be seen with the controls set to `preset` and with `spots` painted, which are bins from the
   * zero frequency.
   */
  readonly about: string;
  readonly preset: Readonly<Record<string, string | boolean>>;
  readonly spots: readonly (readonly [number, number])[];
}

const grey = (value: number): readonly [number, number, number] => [value, value, value];
const wave = (x: number, y: number, fx: number, fy: number): number => Math.cos(2 * Math.PI * (fx * x + fy * y));

/** Two crystals that meet at a boundary, with as much noise as signal. */
function lattice(): Sample {
  const random = new Random(11, 1);
  const directions = [0.06, 0.34].map((angle) =>
    [0, 1, 2].map((k) => [Math.cos(angle + (k * Math.PI) / 3) / 11, Math.sin(angle + (k * Math.PI) / 3) / 11] as const),
  );
  return {
    width: 509,
    height: 509,
    about:
      'Two crystals under heavy noise. Only a ring of the spectrum passes: ' +
      'the atoms remain, the noise disappears.',
    preset: { kind: 'band', from: '33', to: '39', edge: '20', zoom: '1' },
    spots: [],
    pixel: (x, y) => {
      const side = x + 0.35 * y + 22 * Math.sin(y / 60) > 330 ? 1 : 0;
      const atoms = (directions[side] ?? []).reduce((sum, [fx, fy]) => sum + wave(x, y, fx, fy), 0);
      return grey(118 + 17 * atoms + 34 * random.normal());
    },
  };
}

/** Spots of a rotated square lattice on rings, weaker towards the outside, behind a beam stop. */
function diffraction(): Sample {
  const random = new Random(5, 2);
  const [wide, high] = [499, 421];
  const spots = new Float32Array(wide * high);
  for (let h = -9; h <= 9; h++) {
    for (let k = -9; k <= 9; k++) {
      const [sx, sy] = [25.3 * h - 6.1 * k, 7.4 * h + 24.6 * k];
      const strength = 210 * Math.exp(-(sx * sx + sy * sy) / 26000) * (0.35 + 0.65 * random.uniform());
      const [cx, cy] = [Math.round(sx) + 249, Math.round(sy) + 210];
      for (let y = Math.max(0, cy - 7); y <= Math.min(high - 1, cy + 7); y++) {
        for (let x = Math.max(0, cx - 7); x <= Math.min(wide - 1, cx + 7); x++) {
          const i = y * wide + x;
          spots[i] = (spots[i] as number) + strength * Math.exp(-((x - 249 - sx) ** 2 + (y - 210 - sy) ** 2) / 5);
        }
      }
    }
  }
  return {
    width: wide,
    height: high,
    about: 'Spots, rings and a beam stop. High-pass: the glow and the rings fade, the spots remain.',
    preset: { kind: 'high', from: '26', edge: '30', palette: 'sea', stretch: true },
    spots: [],
    pixel: (x, y) => {
      const [dx, dy] = [x - 249, y - 210];
      const radius = Math.hypot(dx, dy);
      const glow =
        70 * Math.exp(-radius / 60) +
        26 * Math.exp(-(((radius - 118) / 7) ** 2)) +
        16 * Math.exp(-(((radius - 171) / 8) ** 2)) +
        8;
      const stopped = radius < 21 || (Math.abs(dx - 0.25 * dy) < 6 && dy > 0);
      return grey((stopped ? 5 : glow + (spots[y * wide + x] as number)) + 5 * random.normal());
    },
  };
}

/** Brightness, 0 … 1, and colour of a scene of two balls on a table. */
function scene(u: number, v: number): readonly [number, readonly [number, number, number]] {
  const balls = [
    { x: 0.38, y: 0.5, r: 0.27, colour: [1, 0.55, 0.34] },
    { x: 0.83, y: 0.62, r: 0.16, colour: [0.42, 0.72, 1] },
  ] as const;
  for (const { x, y, r, colour } of balls) {
    const [nx, ny] = [(u - x) / r, (v - y) / r];
    const rest = 1 - nx * nx - ny * ny;
    if (rest > 0) return [0.16 + 0.8 * Math.max(0, -0.5 * nx - 0.6 * ny + 0.62 * Math.sqrt(rest)), colour];
  }
  if (v < 0.58) return [0.72 - 0.35 * v, [0.92, 0.95, 1]];
  const shadow = balls.reduce(
    (dark, { x, y, r }) =>
      dark * (1 - 0.6 * Math.exp(-(((u - x - 0.4 * r) / (1.1 * r)) ** 2) - ((v - y - r) / (0.3 * r)) ** 2)),
    1,
  );
  return [(0.5 + 0.3 * (v - 0.58)) * shadow, [1, 0.94, 0.86]];
}

/**
 * A wave with a whole number of periods across the image, so that it is a single spot of the spectrum and its mirror
 * image.
 */
const [width, height] = [613, 457];
const stripe = (x: number, y: number, [h, k]: readonly [number, number]): number => wave(x, y, h / width, k / height);

/** The scene printed with a halftone screen. */
function print(): Sample {
  const screen = [
    [80, 35],
    [-47, 60],
  ] as const;
  return {
    width,
    height,
    about: 'A print with a halftone screen. Four painted spots, two and their mirror images, remove the screen.',
    preset: { brush: '13' },
    spots: screen,
    pixel: (x, y) => {
      const [light] = scene(x / height, y / height);
      const dots = stripe(x, y, screen[0]) + stripe(x, y, screen[1]);
      return grey(20 + 215 * light + 46 * dots * (0.35 + light * (1.2 - light)));
    },
  };
}

/** The scene in colour with interference, as from a bad cable: one stripe pattern in each channel. */
function colour(): Sample {
  const random = new Random(3, 3);
  const stripes = [
    [55, 73],
    [116, 14],
    [74, -50],
  ] as const;
  return {
    width,
    height,
    about: 'Interference in each colour channel, removed by one painted spot for each of the three waves.',
    preset: { colour: true, brush: '4' },
    spots: stripes,
    pixel: (x, y) => {
      const [light, tint] = scene(x / height, y / height);
      const noise = 7 * random.normal();
      const channel = (c: 0 | 1 | 2): number => 34 + 190 * light * tint[c] + 24 * stripe(x, y, stripes[c]) + noise;
      return [channel(0), channel(1), channel(2)];
    },
  };
}

export const samples: Readonly<Record<SampleName, () => Sample>> = { lattice, diffraction, print, colour };
