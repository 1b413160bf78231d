/** Patterns with rings, edges and texture: a disk that is right within its error, or a refusal in words. */
import { describe, expect, test } from 'vitest';
import { findBadPixels } from '../../../src/stem/calibrate/bad-pixels.js';
import { type Beam, findBeam } from '../../../src/stem/calibrate/beam.js';
import { blockEdges } from '../../../src/stem/calibrate/block-sums.js';
import { isKnown } from '../../../src/stem/calibrate/calibration.js';
import { byRings } from '../../../src/stem/calibrate/ring-centre.js';
import { findStop, startOf } from '../../../src/stem/calibrate/start.js';
import { termsOf } from '../../../src/stem/calibrate/trend.js';
import { someOf } from '../../support/variants.js';
import { type SimulatedScan, simulatedScan, surveyed, uniform } from './simulated-scan.mjs';

const [side, cy, cx, radius] = [6, 31.3, 33.6, 12];

/** The sums of 6 × 6 blocks of a scan, and of all of them. */
function summed(frame: (block: number) => Float64Array, n: number) {
  const image = { height: n, width: n, data: new Float64Array(n * n) };
  const edges = [...blockEdges(36, side)];
  const span = (k: number): [number, number] => [edges[k] as number, edges[k + 1] as number];
  const blocks = Array.from({ length: side * side }, (_, k) => {
    const sum = frame(k);
    for (const [i, value] of sum.entries()) image.data[i] = (image.data[i] as number) + value;
    return { sum, terms: termsOf([36, 36], span(Math.floor(k / side)), span(k % side)) };
  });
  return { image, blocks };
}

/** What is found in blocks with counts about these means at distances and angles from the centre. */
function beamOf(mean: (r: number, angle: number, block: number) => number): Beam | string {
  const [random, n] = [uniform(7), 64];
  const { image, blocks } = summed((k) => {
    return Float64Array.from({ length: n * n }, (_, i) => {
      const [y, x] = [Math.floor(i / n) - cy, (i % n) - cx];
      const value = 0.4 + 80 * mean(Math.hypot(y, x), Math.atan2(y, x), k);
      return Math.max(0, Math.round(value + Math.sqrt(3 * value) * (random() + random() + random() + random() - 2)));
    });
  }, n);
  const good = new Uint8Array(n * n).fill(1);
  const start = startOf(image, good);
  for (const i of start ? findStop(image, good, start) : []) good[i] = 0;
  return findBeam(blocks, image, good, [36, 36]);
}
const disk = (r: number): number => 1 / (1 + Math.exp((r - radius) / 0.5));
const bell = (r: number, at: number, width: number): number => Math.exp(-(((r - at) / width) ** 2) / 2);

const discs: [string, Parameters<typeof beamOf>[0]][] = [
  ['a plain disk', disk],
  ['rings outside of it', (r) => disk(r) + 0.3 * bell(r, 18, 1.4) + 0.2 * bell(r, 25, 1.4)],
  ['texture within it', (r, angle) => disk(r) * (1 + 0.3 * Math.sin(0.9 * r * Math.sin(angle)))],
  ['a foil of which the half is dim', (r, _, block) => disk(r) * (block % side < 3 ? 1 : 0.3)],
];
test.each(someOf(discs, 2))('%s: centre and radius are within their errors', (_, mean) => {
  const beam = beamOf(mean);
  expect(beam).not.toBeTypeOf('string');
  const { fit, errors, ...centre } = beam as Beam;
  expect(Math.abs(centre.cy - cy) / (errors[0] as number)).toBeLessThan(3);
  expect(Math.abs(centre.cx - cx) / (errors[1] as number)).toBeLessThan(3);
  expect(Math.abs((fit.p[2] as number) - radius) / (errors[2] as number)).toBeLessThan(3);
  expect(errors[2]).toBeLessThan(0.3);
});

test('a disk whose cap lies in rows that count nothing: they are a gap, and centre and radius are right', () => {
  const [random, n, from] = [uniform(9), 64, 40];
  const { image, blocks } = summed(
    () =>
      Float64Array.from({ length: n * n }, (_, i) => {
        const [y, x] = [Math.floor(i / n), i % n];
        const value = 5 + 80 * disk(Math.hypot(y - cy, x - cx));
        return y > from ? 0 : Math.max(0, Math.round(value + Math.sqrt(3 * value) * (random() + random() - 1)));
      }),
    n,
  );
  const { gap } = findBadPixels(image);
  expect(gap).toHaveLength((n - 1 - from) * n);
  const good = new Uint8Array(n * n).fill(1);
  for (const i of gap) good[i] = 0;
  const beam = findBeam(blocks, image, good, [36, 36]) as Beam;
  expect(Math.abs(beam.cy - cy)).toBeLessThan(0.05);
  expect(Math.abs((beam.fit.p[2] as number) - radius)).toBeLessThan(0.05);
  // Without counts beside them, rows are empty and no gap.
  expect(findBadPixels({ ...image, data: image.data.map((value) => (value < 36 * 9 ? 0 : value)) }).gap).toEqual([]);
});

test.each<[string, Parameters<typeof beamOf>[0]]>([
  ['rings of a thick crystal in it', (r) => disk(r) * (0.5 + 0.5 * Math.cos(0.5 * r))],
  ['narrower ones', (r) => disk(r) * (0.5 + 0.5 * Math.cos(0.8 * r))],
  ['a bright rim', (r) => disk(r) * (0.05 + bell(r, 9, 1.4))],
  ['a ring that touches it', (r) => disk(r) + 0.6 * bell(r, 14.5, 1.2)],
  ['a ring that is all there is', (r) => bell(r, 18, 1.3) + 0.5 * bell(r, 22, 1.3) + 0.5 * Math.exp(-r / 9)],
])('a disk with %s is refused', { tags: 'all' }, (_, mean) => {
  expect(beamOf(mean)).toMatch(/rings|no edge/);
});

/** The beam of a simulated scan of 6 × 6 blocks. */
function beamOfScan({ frames, shape: { rows, columns, n } }: SimulatedScan): Beam {
  const edges = blockEdges(rows, side);
  const of = (i: number): number => edges.findIndex((edge) => edge > i) - 1;
  const { image, blocks } = summed((k) => {
    const sum = new Float64Array(n * n);
    for (let at = 0; at < rows * columns; at++)
      if (of(Math.floor(at / columns)) * side + of(at % columns) === k)
        for (let i = 0; i < n * n; i++) sum[i] = (sum[i] as number) + (frames[at * n * n + i] as number);
    return sum;
  }, n);
  return findBeam(blocks, image, new Uint8Array(n * n).fill(1), [rows, columns]) as Beam;
}

test.each([
  [2, 6],
  [5, 1],
  // Wider than the scan, where it looks like a parabola of descan.
  [5, 1002],
  [40, 1014],
])('the edge of a foil of phase %i moves the disk aside: the errors say so', { tags: 'nightly' }, (inner, seed) => {
  const made = simulatedScan({ ...surveyed('plain', seed), kind: 'foil', inner, rows: 18, columns: 18 });
  const found = beamOfScan(made);
  const off = [found.cy - made.truth.cy, found.cx - made.truth.cx];
  for (const part of [0, 1]) expect(Math.abs((off[part] as number) / (found.errors[part] as number))).toBeLessThan(2.5);
  // What remains of descan may be none.
  const { coefficients = [], errors = [] } = found.trend ?? {};
  for (const [k, pair] of coefficients.slice(1).entries())
    for (const part of [0, 1] as const)
      expect(Math.abs(pair[part] / (errors[k + 1]?.[part] as number))).toBeLessThan(2.5);
});

test.each([
  [5, 20025],
  [2, 20008],
])(
  'the edge of a foil of phase %i beside a parabola of descan: the errors say so',
  { tags: 'nightly' },
  (inner, seed) => {
    const made = simulatedScan({ ...surveyed('drift', seed), kind: 'foil', inner, rows: 18, columns: 18 });
    const found = beamOfScan(made);
    const off = [found.cy - made.truth.cy, found.cx - made.truth.cx];
    for (const part of [0, 1])
      expect(Math.abs((off[part] as number) / (found.errors[part] as number))).toBeLessThan(2.5);
  },
);

test.each([[20, 2]])(
  'the edge of a foil of phase %i, at which the pattern is two disks, leaves no centre',
  { tags: 'all' },
  (inner, seed) => {
    const made = simulatedScan({ ...surveyed('plain', seed), kind: 'foil', inner, rows: 18, columns: 18 });
    expect(beamOfScan(made)).toMatch(
      /objects move the disk by .*take a scan of vacuum|the error of the centre would be/,
    );
  },
);

test('the edge of an object in a strip of the scan is no descan, and the centre is that beside it', {
  tags: 'all',
}, () => {
  const strip = (block: number): number =>
    Math.exp(-((((block % side) - 2.3 + Math.floor(block / side) / 4) / 0.8) ** 2) / 2);
  const beam = beamOf((r, angle, block) =>
    disk(Math.hypot(r * Math.sin(angle) - 0.4 * strip(block), r * Math.cos(angle) - 0.9 * strip(block))),
  );
  const { cy: y, cx: x, errors, trend, edge } = beam as Beam;
  expect(trend?.order).toBe(0);
  expect(Math.hypot(...(edge?.shift ?? []))).toBeCloseTo(1, 1);
  expect(Math.hypot(y - cy, x - cx)).toBeLessThan(0.08);
  expect(Math.hypot(y - cy, x - cx)).toBeLessThan(2 * Math.hypot(errors[0] as number, errors[1] as number));
});

test('an edge that a parabola of descan hides is seen by the counts within the disk, and the errors allow for it', {
  tags: 'nightly',
}, () => {
  const [v, u] = [(k: number) => (k % side) / 2.5 - 1, (k: number) => Math.floor(k / side) / 2.5 - 1];
  const beamAt = (rise: number) =>
    beamOf((r, angle, k) => {
      const strip = Math.exp(-(((v(k) - 0.1) / 0.6) ** 2) / 2);
      const x = 0.8 * (v(k) ** 2 - 7 / 15) - 0.5 * u(k) * v(k) + (rise > 0 ? 0.6 * strip : 0);
      const moved = [r * Math.sin(angle), r * Math.cos(angle) - x] as const;
      return disk(Math.hypot(...moved)) * (1 + (rise * strip * moved[1]) / radius);
    }) as Beam;
  const [still, foil] = [beamAt(0), beamAt(0.12)];
  expect([still.trend?.order, foil.trend?.order]).toEqual([2, 2]);
  expect(Math.abs(still.cx - cx) / (still.errors[1] as number)).toBeLessThan(3);
  expect(still.hidden).toBeUndefined();
  expect(still.errors[1]).toBeLessThan(0.05);
  // By far more than the error of the same disk at rest.
  expect(Math.abs(foil.cx - cx)).toBeGreaterThan(0.2);
  expect(Math.abs(foil.cx - cx) / (foil.errors[1] as number)).toBeLessThan(2.5);
});

test('a disk that moves as it is, and not as a parabola, hides no edge: the error of the centre is below a pixel', () => {
  const wave = (k: number): number => (2 * Math.PI * k) / (side - 1);
  const beam = beamOf((r, angle, block) => {
    const [y, x] = [0.5 * Math.sin(wave(block % side)), -0.5 * Math.cos(wave(Math.floor(block / side)))];
    return disk(Math.hypot(r * Math.sin(angle) - y, r * Math.cos(angle) - x));
  });
  const { otherwise, errors } = beam as Beam;
  expect(otherwise).toBeUndefined();
  expect(Math.max(errors[0] as number, errors[1] as number)).toBeLessThan(1);
});

describe('rings of gold without a disk', () => {
  const gold = [0.2355, 0.2039, 0.1442, 0.123];
  const [n, scale, y, x] = [200, 0.1011, 100.6, 96.2];
  const pattern = (beam: (r: number, dy: number, dx: number) => number, ellipticity = 0) => {
    const random = uniform(3);
    const data = Float64Array.from({ length: n * n }, (_, i) => {
      const [dy, dx] = [Math.floor(i / n) - y, (i % n) - x];
      const square = dy * dy + dx * dx + 1e-9;
      const r = Math.sqrt(square) / (1 + ((ellipticity / 2) * (dx * dx - dy * dy)) / square);
      const rings = gold.reduce((sum, d, k) => sum + (k ? 2 : 4) * bell(r, 1 / d / scale, 1.3), 0);
      const value = 30 * Math.max(0, beam(r, dy, dx) + (beam(r, dy, dx) < 0 ? 0 : 0.3 + 2 * Math.exp(-r / 20) + rings));
      return Math.max(0, Math.round(value + Math.sqrt(3 * value) * (random() + random() + random() + random() - 2)));
    });
    return byRings({ data, height: n, width: n }, new Uint8Array(n * n).fill(1), gold);
  };
  test.each<[string, Parameters<typeof pattern>]>([
    ['no beam at all', [() => 0]],
    ['a point', [(r) => 3000 / (1 + Math.exp((r - 1.5) / 0.3)), 0.02]],
    ['a beam of 3 pixels', [(r) => 1000 / (1 + Math.exp((r - 3) / 0.3))]],
    ['a round stop', [(r) => (r < 12 ? -9 : 0)]],
    ['a bar from the side', [(_, dy, dx) => (Math.abs(dy - 2) < 5 && dx < 6 ? -9 : 0)]],
  ])('%s: centre, ellipse and scale are within their errors', { tags: 'all' }, (_, given) => {
    const found = pattern(...given);
    expect(found.scale).not.toHaveProperty('refused');
    if (!('centre' in found) || !isKnown(found.centre) || !isKnown(found.ellipse) || !found.scale) throw new Error();
    expect(Math.hypot(found.centre.cy - y, found.centre.cx - x)).toBeLessThan(0.05);
    expect(Math.abs(found.ellipse.ellipticity - (given[1] ?? 0))).toBeLessThan(0.002);
    if (!isKnown(found.scale)) throw new Error();
    expect(Math.abs(found.scale.value - scale)).toBeLessThan(3 * found.scale.error);
    expect(found.scale.error).toBeLessThan(1e-4);
  });
});
