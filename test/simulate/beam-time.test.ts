/** What happens during a simulated beam time: ice, a jet that stops, a pump. */
import { expect, test } from 'vitest';
import { pumped } from '../../src/simulate/beam-time.js';
import { FrameSimulator } from '../../src/simulate/frames.js';

const cell = [
  [79, 0, 0],
  [0, 79, 0],
  [0, 0, 38],
] as const;
const usual = {
  cell,
  images: 8,
  detectorPx: [96, 96],
  pixelMm: 0.7,
  distanceMm: 60,
  background: 20,
  strength: 0,
} as const;
const sum = (counts: Uint16Array, first = 0, last = counts.length): number =>
  counts.subarray(first, last).reduce((total, count) => (count === 65535 ? total : total + count), 0);

test('frames have ice, no jet and a pump where the options say so, and are else as without them', () => {
  const plain = new FrameSimulator(usual);
  const time = new FrameSimulator({ ...usual, iceFrames: [2, 4], jetOff: [4, 6], pump: 0.1 });
  const ratio = (frame: number): number => {
    const [a, b] = [time, plain].map((one) => sum(one.frame(frame).counts, 96 * 40)) as [number, number];
    return a / b;
  };
  expect(time.frame(0).counts).toEqual(plain.frame(0).counts);
  for (const frame of [2, 3]) expect(ratio(frame)).toBeGreaterThan(1.01);
  for (const frame of [4, 5]) expect(ratio(frame)).toBeLessThan(0.2);
  expect(time.frame(4).lattices).toEqual([]);
  // The lamp of every other frame.
  for (let frame = 0; frame < 8; frame++) {
    const lamp = sum(time.frame(frame).counts, 0, 16) / 16;
    expect(lamp > 40).toBe(frame % 2 === 1);
  }
});

test('the pump changes both Friedel mates alike, and as many reflections up as down', () => {
  const signs = [0, 0];
  for (let h = -6; h <= 6; h++)
    for (let k = -6; k <= 6; k++)
      for (let l = -6; l <= 6; l++) {
        const change = pumped([h, k, l], 0.1);
        expect([h, k, l, change]).toEqual([h, k, l, pumped([-h, -k, -l], 0.1)]);
        signs[change > 1 ? 0 : 1] = (signs[change > 1 ? 0 : 1] as number) + 1;
      }
  expect(Math.abs((signs[0] as number) / 13 ** 3 - 0.5)).toBeLessThan(0.05);
});

test.each([[[1]], [[3, 1]]])('frames %j are no pairs in order', (iceFrames) => {
  expect(() => new FrameSimulator({ ...usual, iceFrames })).toThrow(/iceFrames is .*; expected pairs of frames/);
});
