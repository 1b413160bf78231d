/** A stop over the direct beam is a bar, whatever it cuts out of the disk, and centre and ellipse are those without one. */
import { expect, test } from 'vitest';
import { diskParameters, fitDisk } from '../../../src/stem/calibrate/disk.js';
import { findStop, startOf } from '../../../src/stem/calibrate/start.js';
import { stopOfDisk } from '../../../src/stem/calibrate/stop-of-disk.js';
import { uniform } from './simulated-scan.mjs';

/** The sum of an elliptical disk behind a bar of any direction, which 4 % of the counts pass, or without one. */
function behindBar(seed: number, hasStop: boolean) {
  const random = uniform(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const [n, R, width] = [96, between(14, 24), between(0.25, 0.8)];
  const [cy, cx] = [n / 2 + between(-5, 5), n / 2 + between(-5, 5)];
  const [e, axis] = [between(0, 0.015), between(0, Math.PI)];
  const [e1, e2] = [e * Math.cos(2 * axis), e * Math.sin(2 * axis)];
  const [angle, aside, half, tip] = [
    between(0, 2 * Math.PI),
    between(-0.85, 0.85) * R,
    between(0.12, 0.4) * R,
    between(-0.6, 0.9) * R,
  ];
  const counts = between(3000, 80000);
  const data = Float64Array.from({ length: n * n }, (_, k) => {
    const [y, x] = [Math.floor(k / n) - cy, (k % n) - cx];
    const [r, phi] = [Math.hypot(y, x), Math.atan2(y, x)];
    const edge = R * (1 + e1 * Math.cos(2 * phi) + e2 * Math.sin(2 * phi));
    const [s, t] = [y * Math.sin(angle) + x * Math.cos(angle) - tip, x * Math.sin(angle) - y * Math.cos(angle) - aside];
    const isBehind = hasStop && s > 0 && Math.abs(t) < half;
    const mean = counts * (0.002 + 1 / (1 + Math.exp((r - edge) / width))) * (isBehind ? 0.04 : 1);
    return Math.max(0, Math.round(mean + Math.sqrt(3 * mean) * (random() + random() + random() + random() - 2)));
  });
  const image = { data, height: n, width: n };
  const good = new Uint8Array(n * n).fill(1);
  const start = startOf(image, good);
  const stop = start ? stopOfDisk(image, good, findStop(image, good, start)) : [];
  for (const i of stop) good[i] = 0;
  const fit = fitDisk(image, good, diskParameters(startOf(image, good) as NonNullable<typeof start>));
  const [fy = 0, fx = 0, , , , , f1 = 0, f2 = 0] = fit?.p ?? [];
  return { stop, off: Math.hypot(fy - cy, fx - cx), distorted: Math.hypot(f1 - e1, f2 - e2) };
}

test('a bar that cuts a disk anywhere moves neither its centre nor its ellipse', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const { off, distorted } = behindBar(seed, true);
    expect(off, `${seed}`).toBeLessThan(0.1);
    expect(distorted, `${seed}`).toBeLessThan(0.005);
  }
});

test('a disk without a stop has none', () => {
  for (let seed = 1; seed <= 12; seed++) expect(behindBar(seed, false).stop, `${seed}`).toEqual([]);
});
