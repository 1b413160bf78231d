/** Scans of known truth are calibrated from their frames, with errors that hold, or refused in words. */
import { type CalibrateOptions, type Calibration, Context, type EwaldError } from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from '../../../src/compute/random/random.js';
import { ScanSimulator } from '../../../src/simulate/scan.js';
import { deviations, drawnScan, type SimulatedScanOptions, simulatedScan, surveyed } from './simulated-scan.mjs';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

type Frames = Float32Array | Uint16Array;
const calibrated = async (
  frames: Frames,
  [rows, columns, n]: readonly [number, number, number],
  options?: CalibrateOptions,
): Promise<Calibration> => {
  const scan = ctx.fromMemory(frames, { sigShape: [n, n], navShape: [rows, columns] });
  try {
    return await ctx.calibrate(scan, options);
  } finally {
    await scan.dispose();
  }
};
async function simulated(options: SimulatedScanOptions, calibrating?: CalibrateOptions) {
  const { frames, shape, truth } = simulatedScan(options);
  return { result: await calibrated(frames, [shape.rows, shape.columns, shape.n], calibrating), truth, frames };
}
/** A part that has a value. */
function known<T extends object>(part: T): Exclude<T, { readonly refused: string }> {
  expect(part).not.toHaveProperty('refused');
  return part as Exclude<T, { readonly refused: string }>;
}

describe('an empty scan', () => {
  test.each([
    ['without descan', 0.5, undefined],
    ['with a plane of descan', 20, (u: number, v: number) => [1.1 * u - 0.3 * v, 0.4 * v] as const],
  ])('%s has a centre and a radius, and no rotation', { tags: 'all' }, async (_, dose, descan) => {
    const { result, truth } = await simulated({
      kind: 'empty',
      dose,
      seed: 11,
      centre: [1.3, -2.2],
      ...(descan && { descan }),
    });
    const { cy, cx, errors } = known(result.centre);
    expect(Math.hypot(cy - truth.cy, cx - truth.cx)).toBeLessThan(0.03);
    expect(Math.abs(known(result.disk).radius - truth.radius)).toBeLessThan(0.05);
    expect(Math.max(...errors)).toBeLessThan(0.05);
    expect(known(result.descan).order).toBe(descan ? 1 : 0);
    expect(result.rotation).toEqual({ refused: expect.stringContaining('noise') });
    // Without an object there is no field that could be confused with descan.
    expect(result.notes.some((note) => note.includes('constant'))).toBe(descan !== undefined);
  });

  // Its pixels are wholly in or out, so that many disks have the same ones: it had an ellipse of 2.5 and 5.5 %, ± .2.
  test.each([
    [8, 16, 16],
    [6, 11, 14],
  ])('of pixels that were cut out, radius %d, has the errors of that', async (R, y, x) => {
    const [n, random] = [40, new Random(4, 0)];
    const counts = Uint16Array.from({ length: 64 * n * n }, (_, i) => {
      const mean = Math.hypot((Math.floor(i / n) % n) - y, (i % n) - x) < R ? 202 : 2;
      return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
    });
    const { centre, disk, ellipse } = await calibrated(counts, [8, 8, n]);
    const { cy, cx, errors } = known(centre);
    expect(Math.abs(cy - y)).toBeLessThan(3 * errors[0]);
    expect(Math.abs(cx - x)).toBeLessThan(3 * errors[1]);
    const { radius, error } = known(disk);
    expect(Math.abs(radius - R)).toBeLessThan(3 * error);
    const { e1, e2, errors: off } = known(ellipse);
    expect(Math.hypot(e1 / off[0], e2 / off[1])).toBeLessThan(2);
  });

  test('and fringes have no rotation', { tags: 'nightly' }, async () => {
    const { result } = await simulated({ kind: 'fringes', dose: 20, seed: 4 });
    known(result.centre);
    expect(result.rotation).toEqual({ refused: expect.any(String) });
  });
});

describe('a crystal at 37 degrees, mirrored', () => {
  const options = { kind: 'crystal', seed: 42, rows: 32, columns: 32, dose: 20, strength: 0.2, rotation: 37 } as const;
  test.each([true, false])('flipY %s', { tags: 'nightly' }, async (flipY) => {
    const seen: number[] = [];
    const { result } = await simulated(
      { ...options, flipY },
      { semiconv: 20, onProgress: ({ done }) => seen.push(done) },
    );
    const { scanRotation, error, halfTurn, flipY: found } = known(result.rotation);
    expect(found).toBe(flipY);
    expect(halfTurn).toBe('assumed');
    expect(Math.abs(scanRotation - 37)).toBeLessThan(3);
    expect(error).toBeLessThan(5);
    expect(known(result.milliradians ?? { refused: '' }).value).toBeCloseTo(20 / known(result.disk).radius, 10);
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });
});

test('a plane of descan is no ellipse of the sum', { tags: 'nightly' }, async () => {
  const { result, truth } = await simulated({
    kind: 'crystal',
    seed: 5,
    dose: 5,
    centre: [-1, 2],
    descan: (u, v) => [1.5 * u, 0.4 * u - 0.6 * v],
  });
  expect(known(result.ellipse).ellipticity).toBeLessThan(0.005);
  const { cy, cx } = known(result.centre);
  expect(Math.hypot(cy - truth.cy, cx - truth.cx)).toBeLessThan(0.1);
  const { order, coefficients, span } = known(result.descan);
  expect(order).toBe(1);
  expect(coefficients[1]?.[0]).toBeCloseTo(1.5, 1);
  expect(coefficients[2]?.[1]).toBeCloseTo(-0.6, 1);
  expect(span).toBeGreaterThan(2.7);
  expect(result.notes.join()).toMatch(/moves by .* vacuum/);
});

test.each([
  ['a beam stop', { stop: true }, 0.2],
  ['gaps', { gaps: true, hot: 4, dead: 4 }, 0.35],
] as const)('%s: found, and the centre is right', { tags: 'nightly' }, async (_, covered, most) => {
  const { result, truth } = await simulated({
    kind: 'crystal',
    seed: 41,
    dose: 8,
    radius: 11,
    centre: [1, -2],
    ...covered,
  });
  const { cy, cx } = known(result.centre);
  expect(Math.hypot(cy - truth.cy, cx - truth.cx)).toBeLessThan(most);
  expect(result.stop.length > 0).toBe('stop' in covered);
  expect(result.badPixels.gap.length > 0).toBe('gaps' in covered);
  expect(deviations(result, truth).wrong).toEqual([]);
});

test.each([
  [14, 5, 0],
  [24, 10, 0],
  // A gap between modules, of three rows, through the direct beam.
  [24, 6, 3],
])(
  'separate disks, %i pixels apart with a radius of %i, are not one disk behind a stop, a gap of %i rows or not',
  { tags: 'all' },
  async (spacingPx, radius, gap) => {
    const simulator = new ScanSimulator({ spacingPx, diskRadiusPx: radius, shiftPx: 0.1, navShape: [8, 8] });
    const [n, positions] = [128, 64];
    const frames = new Uint16Array(positions * n * n);
    for (let i = 0; i < positions; i++) frames.set(simulator.frame(i).fill(0, 63 * n, (63 + gap) * n), i * n * n);
    const result = await calibrated(frames, [8, 8, n]);
    expect(result.stop).toEqual([]);
    const { cy, cx, errors } = known(result.centre);
    const [y, x] = simulator.truth.zero;
    expect(Math.hypot(cy - y, cx - x)).toBeLessThan(0.03 + 3 * Math.max(...errors));
    expect(Math.abs(known(result.disk).radius - radius)).toBeLessThan(0.2);
  },
);

test('a wedge: the result says that a constant field and descan are the same', { tags: 'nightly' }, async () => {
  const { result } = await simulated({ kind: 'wedge', seed: 6, dose: 10 });
  expect(result.notes.join()).toMatch(/constant .* field .* as descan does, and only a scan of vacuum/);
});

describe('what has no disk is refused in words', () => {
  const [rows, columns, n] = [8, 8, 32];
  const pixels = n * n;
  const filled = (of: (y: number, x: number, i: number) => number): Float32Array =>
    Float32Array.from({ length: rows * columns * pixels }, (_, k) =>
      of(Math.floor((k % pixels) / n), k % n, Math.floor(k / pixels)),
    );
  const inDisk = (y: number, x: number, cy = 16, cx = 16): boolean => Math.hypot(y - cy, x - cx) < 8;
  const noisy = (k: number): number => ((k * 2654435761) % 97) / 10;
  test.each([
    ['zeros', filled(() => 0), /no counts/],
    ['not a number', filled(() => Number.NaN), /no counts/],
    ['the same everywhere', filled(() => 7), /same counts|saturated|disk/],
    ['a saturated disk', filled((y, x) => (inDisk(y, x) ? 255 : 0)), /saturated/],
    ['a beam outside', filled((y, x, i) => (inDisk(y, x, 16, -4) ? 20 : 0) + noisy(y * n + x + i)), /edge|disk|region/],
    ['a point', filled((y, x, i) => (y === 16 && x === 16 ? 900 : 0) + noisy(y * n + x * 3 + i)), /point|disk|counts/],
    ['noise alone', filled((y, x, i) => noisy(y * 31 + x * 17 + i * 13)), /./],
  ])('%s', { tags: 'all' }, async (_, frames, reason) => {
    const { centre, disk, rotation } = await calibrated(frames, [rows, columns, n]);
    expect(disk).toEqual({ refused: expect.stringMatching(reason) });
    expect(centre).toEqual(disk);
    expect(rotation).toEqual(disk);
  });

  test('frames without a scan, and invalid options', async () => {
    const frame = new Float32Array(pixels);
    const refusal = async (given: Promise<unknown>) => given.catch((error: EwaldError) => [error.tag, error.message]);
    expect(await refusal(calibrated(frame, [1, 1, n]))).toEqual([
      'Argument',
      expect.stringMatching(/1 × 1.*4 positions/),
    ]);
    const zeros = filled(() => 0);
    expect(await refusal(calibrated(zeros, [rows, columns, n], { semiconv: -1 }))).toEqual([
      'Argument',
      expect.stringContaining('semiconv'),
    ]);
    expect(await refusal(calibrated(zeros, [rows, columns, n], { radius: 3 } as object))).toEqual([
      'Argument',
      expect.stringContaining('radius'),
    ]);
    expect(await refusal(calibrated(zeros, [rows, columns, n], { signal: AbortSignal.abort() }))).toEqual([
      'Aborted',
      expect.any(String),
    ]);
    expect(await refusal(ctx.calibrate({} as never))).toEqual(['Argument', expect.stringContaining('scan')]);
  });
});

test('pixels that are not numbers are named and skipped', { tags: 'all' }, async () => {
  const { frames, shape, truth } = simulatedScan({ kind: 'empty', seed: 3, dose: 10 });
  frames[9 * shape.n * shape.n + 20 * shape.n + 22] = Number.NaN;
  const result = await calibrated(frames, [shape.rows, shape.columns, shape.n]);
  expect(result.badPixels.invalid).toEqual([[20, 22, 23]]);
  expect(known(result.centre).cy).toBeCloseTo(truth.cy, 1);
});

test('a frame without any number is omitted and reported', { tags: 'nightly' }, async () => {
  const { frames, shape, truth } = simulatedScan({ kind: 'empty', seed: 3, dose: 10 });
  frames.fill(Number.NaN, 9 * shape.n * shape.n, 10 * shape.n * shape.n);
  const result = await calibrated(frames, [shape.rows, shape.columns, shape.n]);
  expect(result.badPixels.invalid).toEqual([]);
  expect(result.notes.join()).toContain('1 of the frames have no finite number');
  expect(known(result.centre).cy).toBeCloseTo(truth.cy, 1);
});

test('counts of which a background was subtracted have no hot and no dead pixels', { tags: 'all' }, async () => {
  const { frames, shape } = simulatedScan({ kind: 'crystal', seed: 8, dose: 5 });
  const { hot, dead } = (
    await calibrated(
      frames.map((value) => value - 0.5),
      [shape.rows, shape.columns, shape.n],
    )
  ).badPixels;
  expect([hot, dead]).toEqual([[], []]);
});

test.each([
  ['dark lines between disks', 'bright', 910003],
  ['the beam at the tip of a stop', 'stop', 910001],
])('%s are no bad pixels', { tags: 'nightly' }, async (_, kind, seed) => {
  const { result, truth } = await simulated(surveyed(kind, seed));
  expect(deviations(result, truth).wrong).toEqual([]);
});

test('the field of an object is no descan, which has its order', { tags: 'nightly' }, async () => {
  const { result } = await simulated(surveyed('gap', 961007));
  expect(known(result.descan).order).toBe(0);
});

test.each([
  ['gap', 960005, 0],
  ['large', 960003, 0],
  ['drift', 961007, 2],
] as const)('descan of the scan %s %i has the order %i', { tags: 'nightly' }, async (kind, seed, order) => {
  const { result } = await simulated(surveyed(kind, seed));
  expect(known(result.descan).order).toBe(order);
});

describe('a lattice of disks of radius 5', () => {
  const [side, n, radius] = [16, 128, 5];
  /** Frames whose disks move on a wave of some pixels, without the counts behind a stop of some radius. */
  const lattice = (shiftPx: number, stop = 0): Uint16Array => {
    const simulator = new ScanSimulator({ shiftPx, navShape: [side, side], sigShape: [n, n], diskRadiusPx: radius });
    const [cy, cx] = simulator.truth.zero;
    const frames = new Uint16Array(side * side * n * n);
    for (let i = 0; i < side * side; i++)
      frames.set(
        simulator.frame(i).map((value, p) => (Math.hypot(Math.floor(p / n) - cy, (p % n) - cx) < stop ? 0 : value)),
        i * n * n,
      );
    return frames;
  };

  test('that moves on waves, which are no parabola: errors are large', { tags: 'nightly' }, async () => {
    const { disk, ellipse } = await calibrated(lattice(1), [side, side, n]);
    const { radius: found, error } = known(disk);
    expect(Math.abs(found - radius)).toBeLessThan(2 * error);
    const { e1, e2, errors } = known(ellipse);
    expect(Math.abs(e1)).toBeLessThan(2 * errors[0]);
    expect(Math.abs(e2)).toBeLessThan(2 * errors[1]);
  });

  test('that moves farther has larger errors, which hold', { tags: 'nightly' }, async () => {
    const { centre, disk, stop } = await calibrated(lattice(2), [side, side, n]);
    expect(stop).toEqual([]);
    const { cy, cx, errors } = known(centre);
    const [y, x] = new ScanSimulator({ navShape: [side, side], sigShape: [n, n], diskRadiusPx: radius }).truth.zero;
    expect(Math.abs(cy - y)).toBeLessThan(2 * errors[0]);
    expect(Math.abs(cx - x)).toBeLessThan(2 * errors[1]);
    const { radius: found, error } = known(disk);
    expect(error).toBeGreaterThan(0.2);
    expect(Math.abs(found - radius)).toBeLessThan(2 * error);
  });

  test.each([6, 8])(
    'behind a stop of radius %i: the direct beam is not confused with another disk',
    { tags: 'all' },
    async (stop) => {
      const { centre, disk } = await calibrated(lattice(1, stop), [side, side, n]);
      expect(centre).toEqual({ refused: expect.stringMatching(/covers|dark|edge/) });
      expect(disk).toEqual(centre);
    },
  );
});

test('the result is the same on workers', { tags: 'all' }, async () => {
  const { frames, shape } = simulatedScan({ kind: 'crystal', seed: 8, dose: 5 });
  const here = await calibrated(frames, [shape.rows, shape.columns, shape.n]);
  await using workers = await Context.makeWith('workers', { cpus: 2, context: { backend: 'wasm' } });
  const scan = workers.fromMemory(frames, { sigShape: [shape.n, shape.n], navShape: [shape.rows, shape.columns] });
  expect(await workers.calibrate(scan)).toEqual(here);
});

test('stated errors hold over twenty scans, and no claim is wrong', { tags: 'nightly', timeout: 600_000 }, async () => {
  const sums: Record<string, number[]> = {};
  const wrong: string[] = [];
  for (let seed = 301; seed <= 320; seed++) {
    const { result, truth } = await simulated(drawnScan(seed));
    const found = deviations(result, truth);
    wrong.push(...found.wrong.map((one) => `${seed}: ${one}`));
    for (const [name, z] of Object.entries(found.z)) {
      sums[name] ??= [];
      sums[name].push(z);
    }
  }
  expect(wrong).toEqual([]);
  expect(sums.cy?.length).toBeGreaterThan(17);
  const both = (a: string, b: string): number[] => [...(sums[a] ?? []), ...(sums[b] ?? [])];
  for (const [name, z] of [
    ['centre', both('cy', 'cx')],
    ['ellipse', both('e1', 'e2')],
    ['radius', sums.radius ?? []],
  ] as const) {
    const rms = Math.sqrt(z.reduce((sum, one) => sum + one * one, 0) / z.length);
    // Errors allow for an edge that motion hides, and these scans hide none.
    expect(rms, name).toBeGreaterThan(0.5);
    expect(rms, name).toBeLessThan(1.5);
  }
});
