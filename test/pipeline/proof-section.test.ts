/** What the report draws of a proof, and of the pixels that are kept. */
import { expect, test } from 'vitest';
import { errorBars, keptPixelsSvg } from '../../src/pipeline/reduce/proof-section.js';

const numbersOf = (svg: string, pattern: RegExp): number[] => [...svg.matchAll(pattern)].map(([, x]) => Number(x));

test('error bars stand at their values, with two errors on both sides, between the limits', () => {
  const svg = errorBars(
    [
      { label: 'a', known: { value: 0, error: 0.01 } },
      { label: 'b', known: { value: 0.04, error: 0.01 } },
    ],
    0.02,
  );
  const [zero = 0, high = 0] = numbersOf(svg, /<circle[^>]* cy="([^"]+)"/g);
  expect(high).toBeLessThan(zero);
  const targets = numbersOf(svg, /class="target"[^>]* y1="([^"]+)"/g);
  expect(zero - Math.min(...targets)).toBeCloseTo((zero - high) / 2, 1);
  const [from = 0, to = 0] = ['y1', 'y2'].map(
    (name) => numbersOf(svg, new RegExp(`class="line line-0"[^>]* ${name}="([^"]+)"`, 'g'))[1] ?? 0,
  );
  expect(from - to).toBeCloseTo(zero - high, 1);
});

test('kept pixels are drawn where they are, however large the frame is', () => {
  const [width, height] = [640, 320];
  const kept = new Uint8Array(width * height);
  for (let row = 100; row < 108; row++) kept.fill(1, row * width + 200, row * width + 212);
  expect(keptPixelsSvg({ kept, width, height })).toContain('d="M50 25h3v1H50zM50 26h3v1H50z"');
  expect(keptPixelsSvg({ kept, width, height })).toContain('viewBox="0 0 160 80"');
});
