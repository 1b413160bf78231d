/** The stated error of the scan rotation is that of fields with known rotation and noise. */
import { expect, test } from 'vitest';
import { findRotation } from '../../../src/stem/calibrate/rotation.js';
import { uniform } from './simulated-scan.mjs';

/** Shifts (y, x): the gradient of Gaussians turned by `degrees`, and noise. */
function fieldOf(n: number, atoms: number, noise: number, degrees: number, seed: number): Float64Array {
  const random = uniform(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const shifts = new Float64Array(2 * n * n);
  for (let atom = 0; atom < atoms; atom++) {
    const [ay, ax] = [n * random(), n * random()];
    for (let i = 0; i < n * n; i++) {
      const [dy, dx] = [Math.floor(i / n) - ay, (i % n) - ax];
      const slope = Math.exp(-(dy * dy + dx * dx) / 6);
      // The inverse of what turns shifts into axes of the scan.
      shifts[2 * i] = (shifts[2 * i] as number) + slope * (c * dy - s * dx);
      shifts[2 * i + 1] = (shifts[2 * i + 1] as number) + slope * (s * dy + c * dx);
    }
  }
  return shifts.map((value) => value + noise * normal());
}

test.each([
  ['many atoms, much noise', 60, 0.6],
  ['many atoms, little noise', 60, 0.02],
  ['few atoms', 12, 0.1],
  ['few atoms, hardly any noise', 12, 0.01],
])('%s', (_, atoms, noise) => {
  const found = Array.from({ length: 40 }, (__, seed) => {
    const turn = 9 * seed - 180;
    const axes = findRotation(fieldOf(32, atoms, noise, turn, seed + 1), [32, 32], undefined);
    if (typeof axes === 'string') return undefined;
    const off = axes.scanRotation - turn;
    return (off - 180 * Math.round(off / 180)) / axes.error;
  }).filter((z) => z !== undefined);
  expect(found.length).toBeGreaterThan(30);
  const rms = Math.sqrt(found.reduce((sum, z) => sum + z * z, 0) / found.length);
  expect(rms).toBeGreaterThan(0.85);
  expect(rms).toBeLessThan(1.35);
});

test.each([
  [0.25, 1],
  [0.3, 3],
  [0.15, 4],
])('an error that is refused reads as more than the limit: noise %f, seed %i', (noise, seed) => {
  const refusal = findRotation(fieldOf(16, 12, noise, 30, seed), [16, 16], undefined);
  const [, error, limit] =
    /error of the angle would be ([\d.]+) degrees; the limit is (\d+)/.exec(String(refusal)) ?? [];
  expect(Number(error), String(refusal)).toBeGreaterThan(Number(limit));
});
