/** Rings pixel by pixel, beside a mask of each ring and order. */
import { expect, test } from 'vitest';
import { radialBinsUdf, radialFourierUdf } from '../../src/stem/builtin/rings.js';
import { harmonicsIn, harmonicsOf } from '../../src/stem/images/ring-harmonics.js';
import { ringTotals } from '../../src/stem/images/rings.js';
import { radialBins } from '../../src/udf/pass/masks.js';

let state = 3;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

// Centres between pixels, on one, at an edge and outside; rings wider and narrower than pixels, with and without a hole.
const grids = [
  { width: 40, height: 31, cx: 19.3, cy: 15.5, ri: 0, ro: 15, bins: 4 },
  { width: 32, height: 32, cx: 16, cy: 16, ri: 0.2, ro: 20, bins: 1 },
  { width: 33, height: 20, cx: 0, cy: 10, ri: 3.1, ro: 17, bins: 31 },
  { width: 25, height: 25, cx: -4.5, cy: 30, ri: 2, ro: 40, bins: 11 },
  { width: 200, height: 170, cx: 95, cy: 80.25, ri: 5, ro: 70, bins: 3 },
] as const;
/** The sums of two frames by a definition, in one tile. */
function tileSums(
  udf: typeof radialBinsUdf | typeof radialFourierUdf,
  params: object,
  frames: Float64Array,
  sig: number[],
  numbers: number,
) {
  const meta = { sig, nav: [2], inputDtype: 'f64' };
  const all = { ...udf.params, ...params };
  const prepared = udf.definition.prepare?.({ params: all, meta } as never);
  const task = udf.definition.getTaskData?.({ params: all, meta, prepared } as never);
  const intensity = new Float64Array(2 * numbers);
  const pixels = frames.length / 2;
  const scope = { tile: frames, depth: 2, firstPixel: 0, pixels, results: { intensity }, task, params: all, meta };
  udf.definition.processTile?.(scope as never);
  return { intensity, task, all };
}

test('sums over rings are those of a mask of each, and what lies in none is not read', () => {
  for (const { width, height, ...grid } of grids) {
    const masks = radialBins({ width, height, ...grid });
    const pixels = width * height;
    const frames = Float64Array.from({ length: 2 * pixels }, () => 100 * random());
    const truth = [0, 1].flatMap((f) =>
      masks.map((mask) => sum(mask.map((w, i) => w * (frames[f * pixels + i] as number)))),
    );
    const outside = masks.reduce(
      (all, mask) => all.map((one, i) => one + (mask[i] as number)),
      new Float64Array(pixels),
    );
    for (const [i, weight] of outside.entries()) if (weight === 0) frames[i] = Number.NaN;
    const { intensity, task, all } = tileSums(radialBinsUdf, grid, frames, [height, width], grid.bins);
    const most = Math.max(...truth);
    for (const [k, value] of truth.entries())
      expect(Math.abs((intensity[k] as number) - value)).toBeLessThan(1e-13 * most);
    const sparse = new Float64Array(grid.bins);
    const listed = [3, 97, 98, 500];
    const values = Float64Array.from(listed, (p) => frames[pixels + p] as number);
    const scope = { starts: Uint32Array.of(0, 4), pixels: Uint32Array.from(listed), values, count: 1 };
    radialBinsUdf.definition.processSparse?.({ ...scope, results: { intensity: sparse }, task, params: all } as never);
    for (const [k, mask] of masks.entries())
      expect(sparse[k]).toBeCloseTo(sum(listed.map((p, i) => (mask[p] as number) * (values[i] as number))), 10);
  }
});

test('components of rings are those of a mask of each ring and order, to 1e-8 of the sum', () => {
  for (const [i, { width, height, ...grid }] of grids.entries()) {
    const maxOrder = [24, 3, 0, 60, 2][i] as number;
    const masks = radialBins({ width, height, ...grid });
    const pixels = width * height;
    const frames = Float64Array.from({ length: 2 * pixels }, () => random());
    const numbers = 2 * grid.bins * (maxOrder + 1);
    const { intensity } = tileSums(radialFourierUdf, { ...grid, maxOrder }, frames, [height, width], numbers);
    for (let f = 0; f < 2; f++)
      for (const [b, mask] of masks.entries())
        for (let o = 0; o <= maxOrder; o += Math.max(2, Math.floor(maxOrder / 3))) {
          let [re, im, whole] = [0, 0, 0];
          for (const [p, weight] of mask.entries()) {
            const angle = o * Math.atan2(Math.floor(p / width) - grid.cy, (p % width) - grid.cx);
            const value = weight * (frames[f * pixels + p] as number);
            re += value * Math.cos(angle);
            im += value * Math.sin(angle);
            whole += value;
          }
          const at = f * numbers + 2 * (b * (maxOrder + 1) + o);
          expect(Math.abs((intensity[at] as number) - re)).toBeLessThanOrEqual(1e-8 * whole);
          expect(Math.abs((intensity[at + 1] as number) - im)).toBeLessThanOrEqual(1e-8 * whole);
        }
    // What is lost of an image of 0 and 1 is found in the same way.
    const ofOne = harmonicsOf(harmonicsIn(grid, { width, height }, maxOrder, undefined), frames.subarray(0, pixels));
    expect(ofOne).toEqual(intensity.subarray(0, numbers));
  }
});

test('as steps of the core, rings have the same weights, in the order of their columns', () => {
  for (const { width, height, ...grid } of grids.slice(0, 4)) {
    const meta = { sig: [height, width], nav: [1], inputDtype: 'u16' };
    const frame = Float64Array.from({ length: width * height }, () => Math.floor(100 * random()));
    const both = Float64Array.from([...frame, ...frame]);
    for (const [udf, more, numbers] of [
      [radialBinsUdf, {}, grid.bins],
      [radialFourierUdf, { maxOrder: 5 }, 12 * grid.bins],
    ] as const) {
      const { intensity: truth } = tileSums(udf, { ...grid, ...more }, both, [height, width], numbers);
      const part = udf.definition.kernel?.({ params: { ...udf.params, ...grid, ...more }, meta } as never);
      const nav: number[] = [];
      for (const step of part?.steps ?? []) {
        if (step.kind === 'dense')
          for (let k = 0; k < step.masks; k++)
            nav.push(sum(frame.map((value, i) => value * (step.weights[k * frame.length + i] as number))));
        if (step.kind === 'sparse') {
          const { starts, pixels, weights } = step.masks;
          for (let k = 0; k + 1 < starts.length; k++) {
            let found = 0;
            for (let e = starts[k] as number; e < (starts[k + 1] as number); e++)
              found += (frame[pixels[e] as number] as number) * (weights[e] as number);
            nav.push(found);
          }
        }
      }
      const intensity = new Float64Array(numbers);
      part?.finish?.(
        { nav: Float64Array.from(nav), sig: [], columns: numbers, frames: 1 } as never,
        { intensity } as never,
      );
      const most = Math.max(...truth.map(Math.abs));
      for (const [k, value] of intensity.entries())
        expect(Math.abs(value - (truth[k] as number))).toBeLessThan(3e-7 * most);
    }
  }
  // 4096 × 4096 pixels would have weights of gigabytes.
  const meta = { sig: [4096, 4096], nav: [1], inputDtype: 'u16' };
  const params = { ...radialBinsUdf.params, cx: 2048, cy: 2048, ro: 2048, bins: 64 };
  expect(radialBinsUdf.definition.kernel?.({ params, meta } as never)).toBeUndefined();
});

test('the weights of rings are counted with and without the pixels that have no count', () => {
  const { width, height, ...grid } = grids[0];
  const masks = radialBins({ width, height, ...grid });
  const marks = Uint8Array.from({ length: width * height }, () => Number(random() < 0.1));
  const { sums, lost, rest, pixels, without } = ringTotals(grid, { width, height }, marks);
  for (const [k, mask] of masks.entries()) {
    expect(sums[k]).toBeCloseTo(sum(mask), 10);
    expect(lost[k]).toBeCloseTo(sum(mask.map((w, i) => w * (marks[i] as number))), 10);
    expect((lost[k] as number) + (rest[k] as number)).toBeCloseTo(sum(mask), 10);
  }
  const isIn = (i: number): boolean => masks.some((mask) => mask[i] !== 0);
  expect(pixels).toBe(sum(marks.map((_, i) => Number(isIn(i)))));
  expect(without).toBe(sum(marks.map((is, i) => Number(is && isIn(i)))));
});

test('runs of pixels have the weights of masks, wherever a tile is cut and pixels are left out', () => {
  for (let round = 0; round < 40; round++) {
    const [width, height] = [20 + Math.floor(60 * random()), 20 + Math.floor(60 * random())];
    const [cx, cy] = [width * (1.4 * random() - 0.2), height * (1.4 * random() - 0.2)].map((at) =>
      random() < 0.3 ? Math.round(at) : at,
    ) as [number, number];
    const ri = random() < 0.5 ? 0.7 * random() : 15 * random();
    const grid = { cx, cy, ri, ro: ri + 1 + 40 * random(), bins: 1 + Math.floor(12 * random()) };
    const frame = Uint16Array.from({ length: width * height }, () => 65535 * random());
    const without = Array.from({ length: 30 }, () => [Math.floor(height * random()), Math.floor(width * random())]);
    const masks = radialBins({ width, height, ...grid });
    for (const [y, x] of without as [number, number][]) for (const mask of masks) mask[y * width + x] = 0;
    const params = { ...radialBinsUdf.params, ...grid, without };
    const meta = { sig: [height, width], nav: [1], inputDtype: 'u16' };
    const task = radialBinsUdf.definition.getTaskData?.({ params, meta } as never);
    const intensity = new Float64Array(grid.bins);
    const cut = Math.floor(frame.length * random());
    for (const [first, end] of [
      [0, cut],
      [cut, frame.length],
    ] as const) {
      const scope = { tile: frame.subarray(first, end), depth: 1, firstPixel: first, pixels: end - first };
      radialBinsUdf.definition.processTile?.({ ...scope, results: { intensity }, task, params, meta } as never);
    }
    for (const [k, mask] of masks.entries()) {
      const truth = sum(mask.map((weight, i) => weight * (frame[i] as number)));
      expect(Math.abs((intensity[k] as number) - truth), JSON.stringify(grid)).toBeLessThanOrEqual(
        1e-11 * truth + 1e-9,
      );
    }
  }
});
