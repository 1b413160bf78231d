/** A beam stop over disks of diffraction is found by what it cuts, and patterns without one have none. */
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { ScanSimulator } from '../../../src/simulate/scan.js';
import { findStop, startOf } from '../../../src/stem/calibrate/start.js';
import { uniform } from './simulated-scan.mjs';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

/** The sum of a pattern: a lattice of disks, tilted, of any strength, about any centre, with noise; behind a bar or not. */
function pattern(seed: number, hasStop: boolean) {
  const random = uniform(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const [n, R] = [96 + 32 * (seed % 2), between(5, 8)];
  const [g, turn, corner] = [between(2.3, 3.6) * R, between(0, Math.PI), between(1, 1.7)];
  const c = [n / 2 + between(-5, 5), n / 2 + between(-5, 5)] as const;
  const aside = seed % 3 === 0 ? ([between(-g, g), between(-g, g)] as const) : undefined;
  const mean = new Float64Array(n * n).fill(between(0, 0.004));
  for (let i = -8; i <= 8; i++)
    for (let j = -8; j <= 8; j++) {
      const v = g * (i * Math.sin(turn) + j * Math.sin(turn + corner));
      const u = g * (i * Math.cos(turn) + j * Math.cos(turn + corner));
      const shell = aside
        ? ((v - aside[0]) ** 2 + (u - aside[1]) ** 2 - aside[0] ** 2 - aside[1] ** 2) / 3 / g ** 2
        : 0;
      const height = i || j ? between(0.2, 0.8) * Math.exp(-(v * v + u * u) / 12 / g ** 2 - shell * shell) : 1;
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

test('patterns of disks without a stop have none, whatever their tilt, lattice and centre', { tags: 'all' }, () => {
  for (let seed = 1; seed <= 12; seed++) expect(pattern(seed, false).stop, `${seed}`).toEqual([]);
});

test('a stop over bright disks is found where it cuts them, and covers what is behind it', { tags: 'all' }, () => {
  let found = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const { lost, stop, bright } = pattern(seed, true);
    if (stop.length === 0) continue;
    found++;
    const behind = stop.filter((k) => lost[k]).length;
    expect(behind, `${seed}`).toBeGreaterThan(0.7 * lost.reduce((sum, one) => sum + one, 0));
    expect(stop.length, `${seed}`).toBeLessThan(0.4 * lost.length);
    expect(behind, `${seed}`).toBeLessThan(bright);
  }
  // A bar that cuts no bright disk in two is not seen.
  expect(found).toBeGreaterThan(6);
});

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
