/** Boxes, divisions and defects, each compared with a count of indices one by one. */
import * as heffte from 'ewald/heffte';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CopyBlock, nativeBlocks } from '../../src/compute/backends/native/blocks.js';
import { blockCopier, copyBlock, joinAxes } from '../../src/heffte/copy.js';
import { traffic } from '../../src/heffte/reshape.js';
import { planStages, type Stage } from '../../src/heffte/stages.js';
import { findDefect } from '../../src/heffte/tiling.js';
import { refused } from '../support/refused.js';
import { someOf } from '../support/variants.js';

const addon = nativeBlocks(`${process.cwd()}/dist/native/${process.platform}-${process.arch}/ewald_native.node`);

type Box = ReturnType<typeof heffte.box3d>;
const box = heffte.box3d;

/** All indices of a box, as strings. */
function indexes({ low, high }: { low: readonly number[]; high: readonly number[] }): string[] {
  const list: string[] = [];
  for (let z = low[2] as number; z <= (high[2] as number); z++)
    for (let y = low[1] as number; y <= (high[1] as number); y++)
      for (let x = low[0] as number; x <= (high[0] as number); x++) list.push(`${x},${y},${z}`);
  return list;
}

describe('a box', () => {
  test('has sizes, counts and orders', () => {
    const b = box([1, 2, 3], [4, 6, 8], [2, 0, 1]);
    expect([b.size, b.count, b.empty, b.is2d()]).toEqual([[4, 5, 6], 120, false, false]);
    expect([b.osize(0), b.osize(1), b.osize(2)]).toEqual([6, 4, 5]);
    expect(b.strides).toEqual([6, 24, 1]);
    expect(b.r2c(1).high).toEqual([4, 4, 8]);
    expect(b.r2c(2).size).toEqual([4, 5, 4]);
    expect(new heffte.box3d([0, 0, 0], [1, 1, 1])).toBeInstanceOf(heffte.Box);
    // The class checks as the function does, and keeps no array of the caller.
    const wrong: [unknown, unknown, unknown, RegExp][] = [
      [[0, 0, 0.5], [1, 1, 1], undefined, /the low of a box is \[0, 0, 0\.5\]; expected three integers/],
      [[0, 0, 0], [1, 1, 2 ** 31], undefined, /the high of a box is \[1, 1, 2147483648\]/],
      [[0, 0, 0], [1], undefined, /the high of a box is \[1\]/],
      [[0, 0, 0], [1, 1, 1], [0, 1, 1], /the order of a box is \[0, 1, 1\]; expected the axes 0, 1 and 2 once each/],
      [[0, 0, 0], Array(3).fill(2 ** 31 - 1), undefined, /more than 2⁵³ indexes/],
    ];
    for (const [low, high, order, said] of wrong)
      for (const make of [
        () => box(low as never, high as never, order as never),
        () => new heffte.Box(low as never, high as never, order as never),
      ])
        expect(make).toThrow(said);
    const low = [0, 0, 0];
    const made = new heffte.Box(low, [1, 2]);
    low[0] = 5;
    expect([made.low, made.high, made.count]).toEqual([[0, 0, 0], [1, 2, 0], 6]);
    expect(box([0, 0], [3, 4]).is2d()).toBe(true);
    expect(box([0, 0], [3, 4]).size).toEqual([4, 5, 1]);
    const none = box([0, 0, 0], [-1, -1, -1]);
    expect([none.empty, none.count, none.size]).toEqual([true, 0, [0, 0, 0]]);
    expect(box(Int32Array.of(0, 0, 0), Int32Array.of(1, 1, 1)).count).toBe(8);
  });

  test('the intersection of two boxes agrees with counting', () => {
    const corner = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: -3, max: 5 })));
    fc.assert(
      fc.property(corner, corner, corner, corner, (a, b, c, d) => {
        const [p, q] = [box(a, b), box(c, d)];
        const both = indexes(p).filter((index) => indexes(q).includes(index));
        expect(p.collide(q).count).toBe(both.length);
        expect(p.collide(q).empty).toBe(both.length === 0);
        expect(p.contains(q)).toBe(both.length === indexes(q).length);
        for (const index of indexes(p).slice(0, 5))
          expect(p.contains(index.split(',').map(Number) as never)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('invalid ones are refused', async () => {
    await refused(async () => box([0, 0], [1, 1, 1, 1]), 'Argument', 'three integers');
    await refused(async () => box([0, 0, 0.5], [1, 1, 1]), 'Argument', 'three integers');
    await refused(async () => box([0, 0, 0], [1, 1, 1], [0, 1, 1]), 'Argument', 'once each');
    await refused(async () => box([0, 0, 0], [2 ** 30, 2 ** 30, 2 ** 30]), 'Limit');
  });
});

describe('divisions', () => {
  test('factors and grids are those of heFFTe', () => {
    expect(heffte.getFactors(935)).toHaveLength(8);
    expect(heffte.getFactors(27)).toEqual([
      [1, 27],
      [3, 9],
      [9, 3],
      [27, 1],
    ]);
    for (const [n, grid] of [
      [20, [4, 5]],
      [17, [1, 17]],
      [6561, [81, 81]],
      [323, [17, 19]],
      [128, [8, 16]],
    ] as const)
      expect(heffte.makeProcgrid(n)).toEqual(grid);
  });

  test('the first parts receive the remainder', () => {
    const parts = heffte.splitWorld(box([0, 0, 0], [10, 0, 4]), [4, 1, 2]);
    expect(parts.map(({ low, high }) => [low[0], high[0], low[2], high[2]])).toEqual([
      [0, 2, 0, 2],
      [3, 5, 0, 2],
      [6, 8, 0, 2],
      [9, 10, 0, 2],
      [0, 2, 3, 4],
      [3, 5, 3, 4],
      [6, 8, 3, 4],
      [9, 10, 3, 4],
    ]);
    expect(heffte.split_world).toBe(heffte.splitWorld);
    expect(heffte.proc_setup).toBe(heffte.procSetupMinSurface);
  });

  test('each division tiles its world', () => {
    const sizes = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 9 })));
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 2 }), (size, n, axis) => {
        const world = box(
          [0, 0, 0],
          size.map((length) => length - 1),
        );
        const grid = heffte.makeProcgrid(n);
        const divisions = [heffte.makePencils(world, grid, axis as 0), heffte.makeSlabs(world, n, axis as 0)];
        const fits = heffte
          .getFactors(n)
          .some(([a, rest]) =>
            heffte
              .getFactors(rest)
              .some(([b, c]) => a <= (size[0] as number) && b <= (size[1] as number) && c <= (size[2] as number)),
          );
        if (fits) divisions.push(heffte.splitWorld(world, heffte.procSetupMinSurface(world, n)));
        for (const boxes of divisions) {
          expect(boxes).toHaveLength(n);
          expect(boxes.flatMap(indexes).sort()).toEqual(indexes(world).sort());
          expect(heffte.findWorld(boxes).size).toEqual(world.size);
        }
        for (const pencil of divisions[0] as Box[])
          expect(pencil.empty || pencil.size[axis] === world.size[axis]).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('the grid of least surface has the least surface of all grids', async () => {
    const world = box([0, 0, 0], [19, 9, 4]);
    for (const n of [1, 2, 6, 8, 12, 30]) {
      const surface = (grid: readonly number[]): number => {
        const [x, y, z] = world.size.map((length, axis) => length / (grid[axis] as number)) as [number, number, number];
        return x * y + y * z + x * z;
      };
      let least = Number.POSITIVE_INFINITY;
      for (let a = 1; a <= 20; a++)
        for (let b = 1; b <= 10; b++)
          for (let c = 1; c <= 5; c++) if (a * b * c === n) least = Math.min(least, surface([a, b, c]));
      expect(surface(heffte.procSetupMinSurface(world, n))).toBeCloseTo(least, 9);
    }
    await refused(async () => heffte.procSetupMinSurface(world, 23), 'Argument', '23 boxes');
    await refused(async () => heffte.splitWorld(world, [1, 1, 6]), 'Argument', 'axis 2 has 5 indexes');
  });
});

test('missing and duplicate indices are found, as a count confirms', () => {
  const corner = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 3 })));
  let [fine, missing, doubled] = [0, 0, 0];
  const one = fc.tuple(corner, corner).map(([low, size]) =>
    box(
      low,
      low.map((l, i) => l + (size[i] as number) - 1),
    ),
  );
  const damaged = fc
    .tuple(fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 3 }))), fc.integer({ min: -1, max: 8 }), one)
    .map(([grid, hurt, other]) => {
      const boxes = heffte.splitWorld(box([0, 0, 0], [3, 3, 3]), grid);
      return boxes.map((b, i) => (i === hurt ? other : b));
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.array(one, { minLength: 1, maxLength: 6 })), (boxes) => {
      const world = heffte.findWorld(boxes);
      const times = new Map(indexes(world).map((index) => [index, 0]));
      for (const index of boxes.flatMap(indexes)) times.set(index, (times.get(index) ?? 0) + 1);
      const defect = findDefect(world, boxes);
      const counts = [...times.values()];
      if (defect?.kind === 'doubled') {
        doubled++;
        expect(times.get(defect.index.join())).toBeGreaterThan(1);
        for (const rank of defect.ranks) expect(boxes[rank]?.contains(defect.index as never)).toBe(true);
      } else if (defect) {
        missing++;
        expect(times.get(defect.index.join())).toBe(0);
      } else {
        fine++;
        expect(counts.every((n) => n === 1)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(fine, missing, doubled)).toBeGreaterThan(50);
});

test('ranks send and receive every index exactly once, at its position', () => {
  const order = fc.constantFrom([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]);
  const size = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 2, max: 6 })));
  const grid = fc.constantFrom([1, 1, 4], [1, 2, 2], [2, 1, 2], [2, 2, 1], [1, 1, 2], [1, 1, 1]);
  const unit = fc.constantFrom(1 as const, 2 as const);
  fc.assert(
    fc.property(size, grid, grid, order, order, unit, fc.integer({ min: 0, max: 3 }), (n, from, to, a, b, u, shift) => {
      const fits = (g: readonly number[]) => g.every((parts, axis) => parts <= (n[axis] as number));
      fc.pre(fits(from) && fits(to));
      const make = (g: readonly number[], o: readonly number[], by: number) => {
        const parts = heffte.splitWorld(
          box(
            [0, 0, 0],
            n.map((l) => l - 1),
            o,
          ),
          g,
        );
        return Array.from({ length: 4 }, (_, r) => parts[(r + by) % 4] ?? box([0, 0, 0], [-1, -1, -1], o));
      };
      const [sources, targets] = [make(from, a, 0), make(to, b, shift)];
      const number = (x: number, y: number, z: number) => 1 + x + 10 * (y + 10 * z);
      const arrays = sources.map((s) => fill(s, u, number));
      const wanted = targets.map((t) => fill(t, u, number));
      const found = targets.map((t) => new Float64Array(u * t.count));
      const all = sources.map((_, rank) => traffic(sources, targets, rank));
      const messages = new Map<string, Float64Array>();
      all.forEach(({ sends, own }, rank) => {
        if (own) copyBlock(arrays[rank] as Float64Array, found[rank] as Float64Array, own, u);
        for (const { peer, count, block } of sends) {
          const message = new Float64Array(u * count);
          copyBlock(arrays[rank] as Float64Array, message, block, u);
          messages.set(`${rank} ${peer}`, message);
        }
      });
      all.forEach(({ receives }, rank) => {
        for (const { peer, block } of receives) {
          copyBlock(messages.get(`${peer} ${rank}`) as Float64Array, found[rank] as Float64Array, block, u);
          messages.delete(`${peer} ${rank}`);
        }
      });
      expect(messages.size).toBe(0);
      expect(found).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});

function fill({ low, size, order, count }: Box, unit: number, number: (x: number, y: number, z: number) => number) {
  const out = new Float64Array(unit * count);
  const index = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    let rest = i;
    for (const axis of order) {
      index[axis] = (low[axis] as number) + (rest % (size[axis] as number));
      rest = Math.floor(rest / (size[axis] as number));
    }
    out[unit * i] = number(...(index as [number, number, number]));
    if (unit === 2) out[2 * i + 1] = -(out[2 * i] as number);
  }
  return out;
}

test('consecutive rows are joined, and long and short rows are copied correctly', () => {
  expect(joinAxes({ sizes: [4, 3, 2], from: 0, fromStrides: [1, 4, 12], to: 0, toStrides: [1, 4, 12] }).sizes).toEqual([
    24, 1, 1,
  ]);
  expect(joinAxes({ sizes: [4, 3, 2], from: 0, fromStrides: [1, 8, 24], to: 0, toStrides: [1, 4, 12] }).sizes).toEqual([
    4, 6, 1,
  ]);
  const source = Float32Array.from({ length: 2 * 40 * 40 }, (_, i) => i);
  const target = new Float32Array(source.length);
  copyBlock(source, target, { sizes: [40, 40, 1], from: 0, fromStrides: [40, 1, 0], to: 0, toStrides: [1, 40, 0] }, 2);
  for (let i = 0; i < 40; i++)
    for (let j = 0; j < 40; j++) expect(target[2 * (40 * j + i) + 1]).toBe(source[2 * (40 * i + j) + 1]);
});

test.each([...(addon ? [['by the addon', addon] as const] : []), ['here', undefined]] as const)(
  'blocks of every order are copied %s',
  (_, copy) => {
    const copyBlock = blockCopier(() => copy);
    const axes: (0 | 1 | 2)[][] = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    // Sizes around the lengths of squares and patches.
    for (const size of [
      [70, 9, 8],
      [8, 66, 5],
      [17, 16, 15],
      [129, 1, 65],
      [1, 64, 64],
    ] as const)
      for (const order of axes)
        for (const unit of [1, 2] as const)
          for (const ArrayType of someOf([Float32Array, Float64Array], copy ? 2 : 1)) {
            // The source is in an array one longer along each axis; the target is in any order without gaps.
            const [s1, s2] = [size[0] + 1, (size[0] + 1) * (size[1] + 1)];
            const strides = { 0: 1, 1: s1, 2: s2 } as const;
            const count = size[0] * size[1] * size[2];
            const source = new ArrayType(unit * s2 * (size[2] + 1));
            for (let i = 0; i < source.length; i++) source[i] = Math.imul(i, 40503) & 0xffffff;
            const target = new ArrayType(unit * (count + 6)).fill(-1);
            const triple = (of: (axis: 0 | 1 | 2) => number) => order.map(of) as [number, number, number];
            const sizes = triple((axis) => size[axis]);
            copyBlock(
              source,
              target,
              {
                sizes,
                from: 1,
                fromStrides: triple((axis) => strides[axis]),
                to: 2,
                toStrides: [1, sizes[0], sizes[0] * sizes[1]],
              },
              unit,
              1,
              1,
            );
            const wanted = new ArrayType(target.length).fill(-1);
            const [a, b, c] = triple((axis) => strides[axis]);
            for (let i = 0; i < count; i++) {
              const [x, y] = [i % sizes[0], Math.floor(i / sizes[0]) % sizes[1]];
              const from = 2 + x * a + y * b + Math.floor(i / (sizes[0] * sizes[1])) * c;
              wanted.set(source.subarray(unit * from, unit * (from + 1)), unit * (3 + i));
            }
            expect(target.every((x, i) => x === wanted[i])).toBe(true);
          }
  },
);

test.skipIf(!addon)('the addon refuses blocks outside the arrays', () => {
  const copy = addon as CopyBlock;
  const [from, to] = [new Float32Array(100), new Float32Array(100)];
  for (const [bytes, ...block] of [
    [4, 101, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0],
    [4, 10, 10, 2, 0, 1, 10, 100, 0, 1, 10, 50],
    [8, 10, 10, 1, 0, 1, 10, 0, 0, 1, 10, 0],
    [4, 10, 1, 1, 91, 1, 0, 0, 0, 1, 0, 0],
    [4, 10, 1, 1, 0, 1, 0, 0, 91, 1, 0, 0],
    [4, 2 ** 52, 2, 2, 0, 2 ** 52, 1, 1, 0, 1, 1, 1],
  ] as const)
    expect(() => copy(from, to, bytes, ...block)).toThrow(/outside the arrays/);
  expect(() => copy(from, to, 3, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1)).toThrow(/4, 8 or 16 bytes/);
  expect(() => copy(from, to, 4, -1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1)).toThrow();
});

describe('stages', () => {
  const plan = (
    n: number,
    size: number[],
    inGrid: number[],
    outGrid: number[],
    more: Partial<Parameters<typeof planStages>[0]> = {},
  ): readonly Stage[] => {
    const world = box(
      [0, 0, 0],
      size.map((l) => l - 1),
    );
    const pad = (boxes: Box[]) => Array.from({ length: n }, (_, i) => boxes[i] ?? box([0, 0, 0], [-1, -1, -1]));
    return planStages({
      inboxes: pad(heffte.splitWorld(world, inGrid)),
      outboxes: pad(heffte.splitWorld(world, outGrid)),
      axes: [0, 1, 2],
      reduced: undefined,
      decomposition: 'auto',
      reorder: false,
      computing: Array.from({ length: n }, (_, i) => i),
      ...more,
    });
  };
  const words = (stages: readonly Stage[]): string[] =>
    stages.map((stage) => (stage.what === 'fft' ? stage.axes.map((axis) => 'xyz'[axis]).join('') : '|'));

  test('one rank transforms all axes at once', () => {
    expect(words(plan(1, [8, 8, 8], [1, 1, 1], [1, 1, 1]))).toEqual(['xyz']);
  });
  test('slabs as input and output need one division', () => {
    expect(words(plan(2, [8, 8, 8], [1, 1, 2], [1, 2, 1]))).toEqual(['xy', '|', 'z']);
    expect(words(plan(4, [8, 8, 8], [1, 1, 4], [1, 1, 4]))).toEqual(['xy', '|', 'z', '|']);
  });
  test('boxes need three divisions, in which pencils may be slabs', () => {
    const pencils = words(plan(8, [8, 8, 8], [2, 2, 2], [2, 2, 2], { decomposition: 'pencils' }));
    expect(pencils.filter((word) => word === '|')).toHaveLength(3);
    const slabs = words(plan(8, [8, 8, 8], [2, 2, 2], [2, 2, 2], { decomposition: 'slabs' }));
    expect(slabs.filter((word) => word === '|')).toHaveLength(3);
  });
  test('every axis is transformed once, and divisions are consecutive', () => {
    for (const computing of [[0], [1, 3], [0, 1, 2, 3, 4, 5, 6, 7]])
      for (const decomposition of ['auto', 'pencils', 'slabs'] as const) {
        const stages = plan(8, [5, 6, 7], [2, 2, 2], [1, 2, 4], { computing, decomposition });
        expect(words(stages).join('').replaceAll('|', '').split('').sort().join('')).toBe('xyz');
        stages.forEach((stage, i) => {
          if (i > 0) expect(stage.from).toBe(stages[i - 1]?.to);
          if (stage.what === 'fft')
            stage.from.forEach((b, rank) => {
              expect(b.empty || computing.includes(rank)).toBe(true);
            });
        });
      }
  });
  test('a plan for 1000 ranks can be made', { tags: 'all' }, () => {
    const grid = heffte.procSetupMinSurface(box([0, 0, 0], [2047, 2047, 2047]), 1000);
    const stages = plan(1000, [2048, 2048, 2048], [...grid], [...grid]);
    expect(stages.length).toBeGreaterThan(3);
  });
});
