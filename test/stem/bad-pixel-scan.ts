/** A scan with pixels without a count, whatever they say, and the calibration that knows them. */
import type { Calibration } from 'ewald/udf';

export const nav = [6, 6] as const;
export const side = 24;
export const pixels = side * side;
/** Numbers by chance, which begin with a seed. */
const chance = (seed: number) => () => {
  seed = (Math.imul(1664525, seed) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

export const known = { cy: 11.3, cx: 12.2 };
const radius = 4.5;
/** A bright disk that moves a little, on other disks and a background. */
const value = (position: number, i: number, noise: number): number => {
  const [y, x] = [
    Math.floor(i / side) - known.cy - 0.2 * Math.sin(position),
    (i % side) - known.cx - 0.2 * Math.cos(3 * position),
  ];
  const near = (dy: number, dx: number): number => (Math.hypot(y - dy, x - dx) < radius ? 1 : 0);
  const disks = near(0, 0) + 0.5 * (near(0, 10) + near(0, -10) + near(10, 0) + near(-10, 0));
  return Math.round(100 * disks + 20 * noise + 3);
};

const bad = {
  hot: [
    [11, 14],
    [3, 3],
  ],
  dead: [
    [14, 12],
    [20, 9],
  ],
  gap: [[8, 0, side]],
  invalid: [
    [11, 14, 16],
    [22, 20, 22],
  ],
} as const;
const stop = [
  [12, 6, 11],
  [13, 6, 11],
  [14, 6, 10],
] as const;
export const covered = Array.from(
  new Set([
    ...[...bad.hot, ...bad.dead].map(([y, x]) => y * side + x),
    ...[...bad.gap, ...bad.invalid, ...stop].flatMap(([y, a, b]) =>
      Array.from({ length: b - a }, (_, k) => y * side + a + k),
    ),
  ]),
);
export const calibration = {
  format: 'ewald calibration',
  version: 1,
  file: 'made',
  shape: [...nav, side, side],
  centre: { ...known, errors: [0.01, 0.01] },
  disk: { radius, error: 0.01, edge: 0.3 },
  ellipse: { refused: 'a circle' },
  descan: { refused: 'none' },
  rotation: { scanRotation: 30, error: 1, flipY: false, halfTurn: 'known' },
  optics: {
    voltage: { value: 200, source: 'given' },
    semiconv: { value: 20, source: 'given' },
    dpix: { value: 0.08, source: 'given' },
  },
  badPixels: bad,
  stop,
  notes: [],
} as unknown as Calibration;

/** The scan with what its bad pixels say by chance. */
export function framesOf(seed: number, most: number): Uint16Array {
  const [noise, lies] = [chance(1), chance(seed)];
  const frames = new Uint16Array(36 * pixels);
  for (let p = 0; p < 36; p++) for (let i = 0; i < pixels; i++) frames[p * pixels + i] = value(p, i, noise());
  for (let p = 0; p < 36; p++) for (const i of covered) frames[p * pixels + i] = Math.floor(most * lies());
  return frames;
}
