/** A beam stop over disks of diffraction is found by what it cuts, and patterns without one have none. */
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { ScanSimulator } from '../../../src/simulate/scan.js';
import { findStop, startOf } from '../../../src/stem/calibrate/start.js';
import { uniform } from './simulated-scan.mjs';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

/** Kinds of patterns: radii of disks in pixels, distances between them in radii, and how many disks there are. */
const kinds = {
  many: { radius: [5, 8], distance: [2.3, 3.6], disks: Number.POSITIVE_INFINITY },
  five: { radius: [5, 8], distance: [2.3, 3.6], disks: 5 },
  two: { radius: [6, 9], distance: [2.3, 3.6], disks: 2 },
  large: { radius: [14, 20], distance: [2.1, 2.6], disks: Number.POSITIVE_INFINITY },
  overlapping: { radius: [6, 12], distance: [1.3, 1.95], disks: Number.POSITIVE_INFINITY },
} as const;

/** The sum of a pattern: a lattice of disks, tilted, of any strength, about any centre, with noise; behind a bar or not. */
function pattern(seed: number, hasStop: boolean, kind: keyof typeof kinds = 'many') {
  const { radius, distance, disks } = kinds[kind];
  const random = uniform(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const [n, R] = [96 + 32 * (seed % 2), between(radius[0], radius[1])];
  const [g, turn, corner] = [between(distance[0], distance[1]) * R, between(0, Math.PI), between(1, 1.7)];
  const c = [n / 2 + between(-5, 5), n / 2 + between(-5, 5)] as const;
  const aside = seed % 3 === 0 && kind === 'many' ? ([between(-g, g), between(-g, g)] as const) : undefined;
  const mean = new Float64Array(n * n).fill(between(0, 0.004));
  const span = Array.from({ length: 17 }, (_, i) => i - 8);
  const far = (v: number, u: number): boolean => Math.max(Math.abs(v), Math.abs(u)) > n / 2 + 5 + R;
  const all = span.flatMap((i) =>
    span.map((j) => ({
      v: g * (i * Math.sin(turn) + j * Math.sin(turn + corner)),
      u: g * (i * Math.cos(turn) + j * Math.cos(turn + corner)),
    })),
  );
  const nearest = all
    .filter(({ v, u }) => !far(v, u))
    .sort((p, q) => Math.hypot(p.v, p.u) - Math.hypot(q.v, q.u))
    .slice(0, disks);
  for (const { v, u } of nearest) {
    const shell = aside ? ((v - aside[0]) ** 2 + (u - aside[1]) ** 2 - aside[0] ** 2 - aside[1] ** 2) / 3 / g ** 2 : 0;
    const height = v || u ? between(0.2, 0.8) * Math.exp(-(v * v + u * u) / 12 / g ** 2 - shell * shell) : 1;
    const [cy, cx, reach] = [c[0] + v, c[1] + u, R + 4];
    for (let y = Math.max(0, Math.ceil(cy - reach)); y < Math.min(n, cy + reach); y++)
      for (let x = Math.max(0, Math.ceil(cx - reach)); x < Math.min(n, cx + reach); x++) {
        const edge = Math.exp((Math.hypot(y - cy, x - cx) - R) / 0.25);
        mean[y * n + x] = (mean[y * n + x] as number) + height / (1 + edge);
      }
  }
  const [angle, beside, half, tip] = [
    between(0, 2 * Math.PI),
    between(-R, R),
    between(0.4, 0.9) * R,
    between(-0.3, 1) * R,
  ];
  const lost = new Uint8Array(n * n);
  const data = Float64Array.from(mean, (value, k) => {
    const [y, x] = [Math.floor(k / n) - c[0], (k % n) - c[1]];
    const [s, t] = [
      y * Math.sin(angle) + x * Math.cos(angle) - tip,
      x * Math.sin(angle) - y * Math.cos(angle) - beside,
    ];
    const isBehind = hasStop && s > 0 && Math.abs(t) < half;
    if (isBehind && value > 0.1) lost[k] = 1;
    const counts = 2000 * (isBehind ? 0.02 : 1) * value;
    return Math.max(0, Math.round(counts + Math.sqrt(3 * counts) * (random() + random() + random() + random() - 2)));
  });
  const good = new Uint8Array(n * n).fill(1);
  const image = { data, height: n, width: n };
  const start = startOf(image, good);
  return { lost, stop: start ? findStop(image, good, start) : [], bright: mean.filter((value) => value > 0.1).length };
}

test.each(Object.keys(kinds) as (keyof typeof kinds)[])(
  'patterns of %s disks without a stop have none, whatever their tilt, lattice and centre',
  { tags: 'all' },
  (kind) => {
    for (let seed = 1; seed <= 12; seed++) expect(pattern(seed, false, kind).stop, `${seed}`).toEqual([]);
  },
);

// A bar that cuts no bright disk in two is not seen, nor are disks on one another, of which few arcs are left. Where it
// cuts one side of one disk of two, its direction is open, and a part of it is covered.
test.each([
  ['many', 17],
  ['five', 14],
  ['two', 11],
  ['large', 14],
  ['overlapping', 5],
] as const)(
  'a stop over %s bright disks is found where it cuts them, and covers what is behind it',
  { tags: 'all' },
  (kind, least) => {
    let [found, hidden, covered] = [0, 0, 0];
    for (let seed = 1; seed <= 20; seed++) {
      const { lost, stop, bright } = pattern(seed, true, kind);
      if (stop.length === 0) continue;
      found++;
      hidden += lost.reduce((sum, one) => sum + one, 0);
      const behind = stop.filter((k) => lost[k]).length;
      covered += behind;
      expect(stop.length, `${seed}`).toBeLessThan(0.4 * lost.length);
      expect(behind, `${seed}`).toBeLessThan(bright);
    }
    expect(found).toBeGreaterThanOrEqual(least);
    expect(covered / hidden).toBeGreaterThan(kind === 'two' ? 0.4 : 0.8);
  },
);

test('`calibrate` leaves out a bar across disks of a scan, and the centre is right', { tags: 'all' }, async () => {
  const simulator = new ScanSimulator({
    navShape: [8, 8],
    sigShape: [128, 128],
    diskRadiusPx: 7,
    spacingPx: 20,
    shiftPx: 0.1,
  });
  const [cy, cx] = simulator.truth.zero;
  const calibrated = async (isBehind: (y: number, x: number) => boolean) => {
    const frames = new Uint16Array(64 * 128 * 128);
    for (let i = 0; i < 64; i++)
      frames.set(
        simulator.frame(i).map((value, k) => (isBehind(Math.floor(k / 128) - cy, (k % 128) - cx) ? 0 : value)),
        i * 128 * 128,
      );
    const scan = ctx.fromMemory(frames, { sigShape: [128, 128], navShape: [8, 8] });
    const result = await ctx.calibrate(scan);
    await scan.dispose();
    return result;
  };
  expect((await calibrated(() => false)).stop).toEqual([]);
  const { stop, centre, notes } = await calibrated((y, x) => x > 3 && Math.abs(y - 4) < 6);
  expect(stop.length).toBeGreaterThan(10);
  expect(notes.join()).toContain('a beam stop covers');
  if ('refused' in centre) throw new Error(centre.refused);
  expect(Math.hypot(centre.cy - cy, centre.cx - cx)).toBeLessThan(0.15);
});
