/**
 * The computing parts of fft.html: masks, painting, energy and the layout of the image, compared with the whole
 * spectrum.
 */
import { fftfreq, fftshift, rfftfreq } from 'ewald';
import { describe, expect, it } from 'vitest';
import { energyKept, type Filter, fillMask } from '../../src/apps/pages/fft/filter.js';
import { Painting } from '../../src/apps/pages/fft/painting.js';
import { colourTable, drawSpectrum, levelsOf } from '../../src/apps/pages/fft/view.js';
import { Random } from '../../src/core/random/random.js';

const sizes = [
  [1, 1],
  [2, 1],
  [8, 6],
  [7, 9],
  [9, 8],
  [8, 9],
] as const;
const everything: Filter = {
  kind: 'all',
  from: 0.1,
  to: 0.3,
  edge: 0.05,
  wedge: undefined,
  painted: 'remove',
  keepMean: true,
};

/** The full spectrum of a half array: bin (x, y) of width × height, both counted from zero. */
const whole = (half: ArrayLike<number>, width: number, height: number): number[] =>
  Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const columns = (width >> 1) + 1;
    return half[x < columns ? y * columns + x : ((height - y) % height) * columns + width - x] ?? Number.NaN;
  });

describe.each(sizes)('a spectrum of %i × %i', (width, height) => {
  const columns = (width >> 1) + 1;
  const random = new Random(width, height);
  const power = Float32Array.from({ length: columns * height }, () => random.uniform());
  // The power of a real image is equal at both ends of the two columns that are their own mirror images.
  for (const x of width % 2 === 0 ? [0, width / 2] : [0])
    for (let y = 1; y < height; y++) power[y * columns + x] = power[Math.min(y, height - y) * columns + x] as number;

  it('computes the energy of the whole spectrum', () => {
    const mask = power.map(Math.sqrt);
    const { all, contrast } = energyKept(power, mask, width);
    const [p, m] = [whole(power, width, height), whole(mask, width, height)];
    const sum = (values: number[]): number => values.reduce((total, x) => total + x, 0);
    const kept = p.map((x, i) => x * (m[i] ?? 0) ** 2);
    expect(all).toBeCloseTo(sum(kept) / sum(p), 6);
    const rest = sum(p.slice(1));
    expect(contrast).toBeCloseTo(rest > 0 ? sum(kept.slice(1)) / rest : 1, 6);
  });

  it('is drawn as fftshift orders it', () => {
    const levels = Uint8Array.from(power, (x) => Math.floor(255 * x));
    const pixels = new Uint32Array(width * height);
    const table = colourTable('grey');
    drawSpectrum(pixels, levels, new Float32Array(power.length).fill(1), table, width, height);
    const expected = fftshift(Float64Array.from(whole(levels, width, height)), [height, width]);
    expect([...pixels]).toEqual([...expected].map((level) => table[16 * 256 + level]));
  });

  it('can be painted with its mirror image, across its borders, and restored by undo', () => {
    const painting = new Painting(width, height);
    const expected = new Array<number>(width * height).fill(0);
    const spots = [
      [1, 2, 1],
      [-(width >> 1), -1, 2],
      [0, 0, 0],
    ] as const;
    for (const [x, y, radius] of spots) {
      painting.begin(x, y, radius, false);
      for (let ky = 0; ky < height; ky++) {
        for (let kx = 0; kx < width; kx++) {
          // The nearest of the periodic images of the spot and of its mirror image.
          for (const sign of [1, -1])
            for (let p = -3; p <= 3; p++)
              for (let q = -3; q <= 3; q++) {
                const d = Math.hypot(kx - sign * x + p * width, ky - sign * y + q * height);
                const i = ky * width + kx;
                expected[i] = Math.max(expected[i] ?? 0, Math.min(1, Math.max(0, radius + 1 - d)));
              }
        }
      }
    }
    const found = whole(painting.coverage, width, height);
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6);
    });
    const before = painting.coverage.slice();
    painting.begin(0, 0, 3, true);
    painting.extend(2, 1);
    painting.undo();
    expect(painting.coverage).toEqual(before);
    painting.clear();
    expect([painting.empty, Math.max(...painting.coverage)]).toEqual([true, 0]);
  });
});

it('an eraser removes only what it covers', () => {
  const painting = new Painting(40, 30);
  const at = (x: number, y: number): number | undefined => painting.coverage[((y + 30) % 30) * 21 + x];
  painting.begin(5, 3, 3, false);
  painting.begin(-5, -3, 0, true);
  expect([at(5, 3), at(6, 3), at(5, 5), at(5, 6)]).toEqual([0, 1, 1, 1]);
  painting.extend(-5, -5);
  expect([at(5, 3), at(5, 4), at(5, 5), at(6, 4)]).toEqual([0, 0, 0, 1]);
});

describe('a mask', () => {
  const [width, height] = [40, 30];
  const [rows, columns] = [fftfreq(height), rfftfreq(width)];
  const mask = new Float32Array(rows.length * columns.length);
  const fill = (filter: Partial<Filter>, painted?: Float32Array): Float32Array => {
    fillMask(mask, rows, columns, { ...everything, ...filter }, painted);
    return mask.slice();
  };
  const radius = (i: number): number =>
    Math.hypot(rows[Math.floor(i / columns.length)] ?? 0, columns[i % columns.length] ?? 0);

  it('passes its ring completely, and nothing beyond the soft edge', () => {
    expect(fill({}).every((value) => value === 1)).toBe(true);
    const [low, high, band, stop] = (['low', 'high', 'band', 'stop'] as const).map((kind) => fill({ kind }));
    for (let i = 1; i < mask.length; i++) {
      const f = radius(i);
      if (f <= 0.3) expect(low?.[i]).toBe(1);
      if (f >= 0.35) expect(low?.[i]).toBe(0);
      if (f >= 0.1) expect(high?.[i]).toBe(1);
      if (f <= 0.05) expect(high?.[i]).toBe(0);
      expect(band?.[i]).toBeCloseTo((low?.[i] ?? 0) * (high?.[i] ?? 0), 6);
      expect(stop?.[i]).toBeCloseTo(1 - (band?.[i] ?? 0), 6);
      // In the middle of the edge, half of the power passes.
      if (f > 0.3 && f < 0.35) expect(low?.[i]).toBeCloseTo(0.5 + 0.5 * Math.cos((Math.PI * (f - 0.3)) / 0.05), 5);
    }
    expect([fill({ kind: 'high' })[0], fill({ kind: 'high', keepMean: false })[0]]).toEqual([1, 0]);
  });

  it('treats opposite directions in the same way', () => {
    const at = (x: number, y: number): number => mask[((y + height) % height) * columns.length + x] ?? Number.NaN;
    // Up and right on the screen, where rows count downwards: y < 0.
    fill({ wedge: { angle: 45, width: 10 } });
    expect([at(4, -3), at(4, 3), at(8, 0), at(0, 6)]).toEqual([1, 0, 0, 0]);
    fill({ wedge: { angle: 178, width: 10 } });
    expect([at(8, 0), at(0, 6)]).toEqual([1, 0]);
  });

  it('removes the painted bins, or keeps only those', () => {
    const painted = Float32Array.from(mask, (_, i) => (i % 5) / 4);
    fill({ keepMean: false }, painted).forEach((value, i) => {
      expect(value).toBe(1 - (painted[i] ?? 0));
    });
    fill({ keepMean: false, painted: 'keep' }, painted).forEach((value, i) => {
      expect(value).toBe(painted[i]);
    });
  });
});

describe('levels', () => {
  it('are the logarithm between the bottom tenth and the strongest wave', () => {
    const power = Float32Array.from({ length: 1000 }, (_, i) => 10 ** (6 - (i - 1) / 200));
    power[0] = 1e12;
    const levels = levelsOf(power);
    expect([levels[0], levels[1], levels[999]]).toEqual([255, 255, 0]);
    for (let i = 1; i < 890; i++)
      expect(Math.abs((levels[i] ?? 0) - 255 * (1 - (i - 1) / 899)), `${i}`).toBeLessThan(2);
  });

  it('stay dark for an image of one colour despite rounding', () => {
    const power = new Float32Array(100).fill(1e-9);
    power[0] = 1e10;
    expect([...levelsOf(power).slice(1)].every((level) => level < 128)).toBe(true);
    expect([...levelsOf(new Float32Array(1))]).toHaveLength(1);
  });
});
