/** Where images are on a chip: the rule against a walk over the wells, positions, refusals, and maps in any order. */
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { regionLines } from '../../src/crystal/stream/regions.js';
import { ChipMaps } from '../../src/pipeline/chip/chip-map.js';
import { checkRange, gridText, parseGrid, type RasterGrid, wellAt, wellOfImage } from '../../src/pipeline/chip/grid.js';
import { latticeOf } from '../../src/pipeline/chip/lattice.js';
import { latticeDoubt } from '../../src/pipeline/chip/lattice-doubt.js';
import {
  drawnMap,
  mapColours,
  mapSection,
  rangeOfMap,
  wellColour,
  wellStates,
} from '../../src/pipeline/chip/map-picture.js';
import { type ImagePosition, listedGrid, parsePositions } from '../../src/pipeline/chip/positions.js';
import { GridColumns } from '../../src/pipeline/grid/hdf5-columns.js';
import { imageOf, numberInName, refuseDataFiles } from '../../src/pipeline/grid/image-number.js';
import { addChunk, wellFrame } from '../../src/pipeline/grid/mapped-frame.js';
import { checkRun } from '../../src/pipeline/run-options.js';
import { someOf } from '../support/variants.js';

/** The wells in the order in which a stage goes over them, line after line. */
function walked({ rows, columns, serpentine, alongColumns, repeat = 1 }: RasterGrid): (readonly [number, number])[] {
  const [lines, each] = alongColumns ? [columns, rows] : [rows, columns];
  const wells: (readonly [number, number])[] = [];
  for (let line = 0; line < lines; line++) {
    const along = Array.from({ length: each }, (_, i) => i);
    if (serpentine && line % 2 === 1) along.reverse();
    for (const at of along)
      for (let k = 0; k < repeat; k++) wells.push(alongColumns ? ([at, line] as const) : ([line, at] as const));
  }
  return wells;
}

test.each([
  '3x4',
  '3x4,serpentine',
  '4x3,serpentine,columns',
  '5x2,columns',
  '2x3,serpentine,first=1,repeat=3',
  '3x5,columns,serpentine,first=100,repeat=2',
])('%s: each image is in the well over which the stage stands', (text) => {
  const grid = parseGrid(text);
  const wells = walked(grid);
  const found = wells.map((_, i) => wellOfImage(grid, (grid.first ?? 0) + i));
  expect(found.map(({ row, column }) => [row, column])).toEqual(wells);
  expect(parseGrid(gridText(grid))).toEqual(grid);
  expect(wellOfImage(grid, (grid.first ?? 0) + wells.length)).toMatchObject({ missing: /beyond the last one/ });
});

test('a grid that is no grid says what one is', () => {
  const refused = (given: unknown): string => {
    try {
      parseGrid(given as string);
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };
  expect(refused('400')).toMatch(/grid is "400": "400" is no number of rows and of columns.*'400x400,serpentine'/);
  expect(refused('4x4,snake')).toMatch(/"snake" is none of serpentine, columns, first=N, repeat=K/);
  expect(refused('4x4,first=-1')).toMatch(/"first=-1" is none/);
  expect(refused('0x4')).toMatch(/rows is 0; expected a whole number from 1/);
  expect(refused('9999x9999')).toMatch(/99980001 wells; expected at most 4194304/);
  expect(refused('4x4,repeat=0')).toMatch(/repeat is 0/);
  expect(refused({ rows: 2 })).toMatch(/expected rows and columns/);
  expect(refused({ rows: 2, columns: 2, snake: true })).toMatch(/it has no snake; there are rows, columns/);
  expect(refused({ rows: 2, columns: 2, serpentine: true })).toBe('taken');
});

test('images beyond the grid are refused with what has room for them', () => {
  const range = (first: number, last: number) => ({ first, last, of: 'run.h5' });
  const said = (text: string, first: number, last: number) => (): void =>
    checkRange(parseGrid(text), range(first, last));
  expect(said('3x4', 0, 11)).not.toThrow();
  expect(said('3x4', 0, 12)).toThrow(/run\.h5 has images 0 to 12, and grid 3x4 has wells for images 0 to 11; 4x4 has/);
  expect(said('3x4', 0, 35)).toThrow(/3x4,repeat=3 if each well has 3 images; 9x4 has room for them/);
  expect(said('3x4,columns', 0, 14)).toThrow(/3x5,columns has room for them/);
  expect(said('3x4,first=1', 0, 11)).toThrow(/grid begins with image 1: 3x4,first=0 begins earlier/);
  expect(said('3x4,serpentine,first=1', 1, 13)).toThrow(/images 1 to 12; 4x4,serpentine,first=1 has room/);
});

describe('positions', () => {
  const scan = (rows: number, columns: number, jitter: number, seed = 1): ImagePosition[] => {
    let s = seed;
    const random = (): number => {
      s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
      return s / 2 ** 32 - 0.5;
    };
    return Array.from({ length: rows * columns }, (_, k) => {
      const [row, column] = [Math.floor(k / columns), k % columns];
      return [k, -3 + 0.125 * column + 0.125 * jitter * random(), 7 + 0.2 * row + 0.2 * jitter * random()] as const;
    });
  };
  test.each([
    ['exact', 0],
    ['with a scatter of a tenth of a step', 0.2],
  ])('%s: rows and columns are found, also where some are missing', (_, jitter) => {
    const all = scan(20, 30, jitter);
    // Columns 4 to 9, and row 11 except for one well, have no images.
    const some = all.filter(([k]) => !(k % 30 >= 4 && k % 30 <= 9) && (Math.floor(k / 30) !== 11 || k % 30 === 0));
    const grid = listedGrid(some, 'positions.txt');
    expect(grid.lattice.isExact).toBe(true);
    expect([grid.rows, grid.columns]).toEqual([20, 30]);
    for (const [k] of some)
      expect(wellOfImage(grid, k)).toMatchObject({ row: Math.floor(k / 30), column: k % 30, image: k });
    expect(wellOfImage(grid, 4)).toEqual({ image: 4, missing: 'image 4 is not in the list of positions' });
  });

  test('a single row with scatter is one row', () => {
    const line = listedGrid(scan(1, 40, 0.1), 'line');
    expect([line.rows, line.columns]).toEqual([1, 40]);
    const single = listedGrid([[5, 1, 1]], 'one');
    expect([single.rows, single.columns]).toEqual([1, 1]);
  });

  test('positions on no nodes get cells as large as the space of an image', { tags: 'all' }, () => {
    const some = scan(1, 400, 0).map(([k]) => [k, Math.sin(k * 12.9898) * 50, Math.cos(k * 78.233) * 50] as const);
    const grid = listedGrid(some, 'spiral');
    expect(grid.lattice.isExact).toBe(false);
    expect(grid.rows * grid.columns).toBeLessThan(1000);
    for (const [k] of some) expect(wellOfImage(grid, k).row).toBeGreaterThanOrEqual(0);
  });

  /** A chip of 30 × 30 wells, turned about its middle; scatter is rms, as a share of the pitch. */
  const turned = (degrees: number, scatter: number, pitch: readonly [number, number] = [25, 25]): ImagePosition[] => {
    const random = randomOf(degrees + 100 * scatter);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    return Array.from({ length: 900 }, (_, k) => {
      const u = pitch[0] * ((k % 30) - 14.5 + scatter * normal());
      const v = pitch[1] * (Math.floor(k / 30) - 14.5 + scatter * normal());
      return [k, 1000 + c * u - s * v, -40 + s * u + c * v] as const;
    });
  };
  const randomOf = (seed: number) => {
    let s = Math.round(seed * 1000) + 7;
    return (): number => {
      s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
      return s / 2 ** 32;
    };
  };
  const wrongOf = (rows: readonly ImagePosition[], columns = 30): number => {
    const grid = listedGrid(rows, 'p.txt');
    return rows.filter(([k]) => {
      const { row, column } = wellOfImage(grid, k);
      return row !== Math.floor(k / columns) || column !== k % columns;
    }).length;
  };
  const doubtOf = (rows: readonly ImagePosition[]): string | undefined => {
    const { x, y, lattice } = listedGrid(rows, 'p.txt');
    return latticeDoubt(lattice, x, y);
  };

  const turns = [
    [0.3, 0.1],
    [0, 0.1],
    [1, 0.02],
    [-1, 0.1],
    [4, 0.08],
    [20, 0.05],
    [-37, 0.1],
  ] as const;
  test.each(someOf(turns, 2))(
    'a chip turned by %d° with a scatter of %d: each image is in its well, without a doubt',
    (degrees, scatter) => {
      expect(wrongOf(turned(degrees, scatter))).toBe(0);
      expect(doubtOf(turned(degrees, scatter))).toBeUndefined();
    },
  );

  test('a turned chip with missing wells, wells twice, and another pitch along y', { tags: 'all' }, () => {
    const all = turned(2, 0.04, [0.1, 0.25]);
    const some = all.filter(([k]) => k % 7 !== 3 && (k < 240 || k >= 300));
    const again = all.map(([k, x, y]) => [k + 900, x + 0.003, y - 0.002] as const);
    expect(wrongOf(some)).toBe(0);
    expect(doubtOf([...all, ...again])).toBeUndefined();
  });

  test('a scatter of 15 % leaves a few images in doubt, and random positions all', { tags: 'all' }, () => {
    expect(wrongOf(turned(0, 0.15))).toBeLessThan(5);
    expect(doubtOf(turned(0, 0.15))).toMatch(/^\d+ of 900 images lie between wells/);
    const random = randomOf(5);
    const some = Array.from({ length: 400 }, (_, k) => [k, 500 * random(), 500 * random()] as const);
    expect(doubtOf(some)).toMatch(/positions lie on no rows and columns.* \d+ of 400 images share a well/);
  });

  test('a text of rows; what is wrong is named by its line', () => {
    const rows = parsePositions('image,x,y\n# a comment\n0, 1.5, -2\n\n7\t2.5 -2\n', 'p.csv');
    expect(rows).toEqual([
      [0, 1.5, -2],
      [7, 2.5, -2],
    ]);
    expect(() => parsePositions('0 1 2\n1 2\n', 'p.txt')).toThrow(
      /p\.txt:2: "1 2" is no position; expected "image x y"/,
    );
    expect(() => parsePositions('0.5 1 2\n', 'p.txt')).toThrow(/p\.txt:1/);
    expect(() =>
      listedGrid(
        [
          [3, 0, 0],
          [1, 0, 1],
          [3, 5, 5],
        ],
        'p.txt',
      ),
    ).toThrow(
      expect.objectContaining({
        tag: 'Argument',
        message: expect.stringContaining('p.txt has image 3 twice, at 0, 0 and at 5, 5; an image is in one well'),
      }),
    );
    expect(() => listedGrid([], 'p.txt')).toThrow(/has no positions/);
    expect(() => checkRange(listedGrid(rows, 'p.csv'), { first: 0, last: 9, of: 'run.h5' })).toThrow(
      /gridFile has images 0 to 7, and none 9; run\.h5 has images 0 to 9/,
    );
  });

  test('a position outside of the wells has none', () => {
    const lattice = latticeOf(Float64Array.of(0, 1, 2, 0, 1, 2), Float64Array.of(0, 0, 0, 1, 1, 1));
    expect(wellAt(lattice, 2.2, 0.9)).toMatchObject({ row: 1, column: 2 });
    expect(wellAt(lattice, 9, 0)).toMatchObject({ missing: /outside of the wells, x 0 to 2, y 0 to 1/ });
  });
});

test('the number of an image: in a file of many frames, in a name, by its detector', () => {
  const of = (filename: string, event?: number) => ({ filename, event, serial: 1 });
  expect(imageOf('frames', of('a/run.h5', 17))).toEqual({ image: 17, series: 'a/run.h5' });
  expect(imageOf('names', of('a/lyso_2_00017.cbf.gz'))).toEqual({ image: 17, series: 'lyso_2_' });
  expect(imageOf('live', { ...of('tcp://a', 3), image: 9, series: 'series 4' })).toEqual({
    image: 9,
    series: 'series 4',
  });
  expect(numberInName('scan.0123').image).toBe(123);
  expect(numberInName('C:\\data\\scan7_0123_master.img').image).toBe(123);
  expect(numberInName('frame.cbf').image).toBeUndefined();
  expect(() => refuseDataFiles(['r_data_000001.h5', 'r_data_000002.h5'])).toThrow(/give the file .* r_master\.h5/);
  expect(() => refuseDataFiles(['a.h5', 'b.h5'])).not.toThrow();
});

test('the number of an image in an HDF5 file may have more than 31 bits', () => {
  const columns = new GridColumns();
  const numbers = [2 ** 31, 2 ** 40 + 1, undefined];
  for (const image of numbers) columns.add({ row: 0, column: 0, image });
  const { image } = (columns.within({ children: {} }) as unknown as { children: Record<string, { value: unknown }> })
    .children;
  expect(Array.from(image?.value as ArrayLike<number | bigint>, Number)).toEqual([2 ** 31, 2 ** 40 + 1, -1]);
});

test('a map of what a run does not measure is refused, with the flag that measures it', () => {
  const given = (map: string, measures = {}) => checkRun({ inputs: 'a.h5', grid: '2x2', map: [map], ...measures });
  expect(() => given('background=b.png')).toThrow(/does not measure; add --radial-profile/);
  expect(() => given('roi:x.sum=x.npy')).toThrow(/"x" is no region of the run, which has none; add --roi 'x=/);
  expect(() => given('roi:x.total=x.npy', { rois: ['x=ring:1:2'] })).toThrow(/with a field of sum, max/);
  given('background=b.png', { profile: true });
  given('roi:x.sum=x.npy', { rois: ['x=ring:1:2'] });
});

/** The numbers of the colours of a PNG with a palette. */
function pixelsOf(png: Uint8Array) {
  const view = new DataView(png.buffer, png.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const parts: Uint8Array[] = [];
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at))
    if (Buffer.from(png.subarray(at + 4, at + 8)).toString() === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + view.getUint32(at)));
  const bytes = inflateSync(Buffer.concat(parts));
  return { width, height, row: (y: number) => bytes.subarray(y * (width + 1) + 1, (y + 1) * (width + 1)) };
}

describe('maps', () => {
  const frame = (spots: number, crystals = 0) => ({ hit: spots > 9, spots, crystals, resolutionA: 30 / spots });
  test('in any order, with several images a well, unreadable ones, and wells that stay empty', {
    tags: 'all',
  }, async () => {
    const maps = new ChipMaps({ rows: 2, columns: 3 });
    const add = (row: number, column: number, spots: number | undefined) =>
      maps.add({ row, column, image: 1 }, spots === undefined ? undefined : frame(spots, spots > 19 ? 1 : 0));
    add(1, 2, 20);
    add(0, 0, 4);
    add(1, 2, 30);
    add(0, 1, undefined);
    maps.add({ image: 9, missing: 'beyond' }, frame(5));
    const [map] = maps.maps;
    if (!map) throw new Error('no map');
    const values = (quantity: string) => [...map.values(quantity).values];
    expect(values('hits')).toEqual([0, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 2]);
    expect(values('indexed')[5]).toBe(2);
    expect(values('spots')).toEqual([4, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 25]);
    expect(values('resolution')).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 1]);
    expect([map.frames, map.unplaced]).toEqual([4, 1]);
    expect([...map.came.unreadable]).toEqual([0, 1, 0, 0, 0, 0]);
    expect(map.quantities).toEqual(['hits', 'indexed', 'spots', 'resolution']);
    const { png } = await drawnMap(map, 'spots', 'test');
    expect([...png.subarray(1, 4)]).toEqual([...'PNG'].map((letter) => letter.charCodeAt(0)));
    const [plain, legended] = [png, (await drawnMap(map, 'spots', 'test', true)).png].map(pixelsOf);
    if (!plain || !legended) throw new Error('no picture');
    // The map itself is as without a legend; beside it is the bar of its colours, with numbers.
    for (let y = 0; y < plain.height; y++) expect(legended.row(y).subarray(0, plain.width)).toEqual(plain.row(y));
    const bar = (y: number): number | undefined => legended.row(y)[plain.width + 20];
    expect([bar(0), bar(plain.height - 1)]).toEqual([mapColours - 1, 0]);
    const inked = (from: number, to: number, left = 0): boolean =>
      Array.from({ length: to - from }, (_, y) => legended.row(from + y).subarray(left)).some((row) =>
        row.includes(255),
      );
    expect([inked(0, 20, plain.width), inked(plain.height - 20, plain.height, plain.width)]).toEqual([true, true]);
    expect(inked(plain.height, legended.height)).toBe(true);
    for (const state of Object.values(wellStates)) expect(legended.row(legended.height - 15)).toContain(state);
    expect(await mapSection(maps.maps)).toMatch(/2 x 3 wells, 4 images, 1 image without a well/);
  });

  test('regions have the same numbers in the map of a run and in that of its stream', () => {
    const region = { max: 90, pixels: 4, mean: 42.5, variance: 600.25, x: 10.125, y: 20.5 };
    const rois = { jet: { sum: 170n, sumSquares: 9626n, ...region } };
    const record = { hit: true, peaks: { count: 0 }, spots: new Float32Array(0), crystals: [], rois };
    const { more } = wellFrame({ ...record, profile: { background: 1.5 } } as never);
    const names = ['sum', 'max', 'pixels', 'mean', 'variance', 'x', 'y'].map((field) => `roi:jet.${field}`);
    expect(Object.keys(more ?? {})).toEqual(names);
    expect(more?.['roi:jet.sum']).toBe(170);
    const maps = new ChipMaps();
    const text = [...regionLines(rois), 'ewald/background = 1.5 at 5-3 A', 'ewald/grid = 0 0'].join('\n');
    addChunk(maps, 'frames', { filename: 'a.h5', event: '//0', serial: 1, hit: true, cells: [], text });
    for (const name of names) expect(maps.maps[0]?.values(name).values[0], name).toBeCloseTo(more?.[name] ?? -1, 3);
    expect(maps.maps[0]?.values('background').values[0]).toBe(1.5);
  });

  test('further numbers, series, and sizes that are not known', () => {
    const maps = new ChipMaps();
    maps.add({ series: 'b', row: 2, column: 1 }, { ...frame(12), background: 1.5, more: { 'roi:jet.sum': 7 } });
    maps.add({ series: 'a', row: 0, column: 0 }, frame(3));
    maps.add({ series: 'b', row: 0, column: 0 }, { ...frame(3), background: 0.5 });
    const [b, a] = maps.maps;
    expect([b?.series, b?.rows, b?.columns, a?.series, a?.rows]).toEqual(['b', 3, 2, 'a', 1]);
    expect(b?.values('background').values[5]).toBe(1.5);
    expect(b?.values('roi:jet.sum').values[5]).toBe(7);
    expect(b?.quantities).toEqual(['hits', 'indexed', 'spots', 'resolution', 'background', 'roi:jet.sum']);
    const loose = new ChipMaps();
    for (let k = 0; k < 12; k++) loose.add({ x: 0.5 * (k % 4), y: Math.floor(k / 4) }, frame(k));
    const [map] = loose.maps;
    expect([map?.rows, map?.columns]).toEqual([3, 4]);
    expect([...(map?.values('spots').values ?? [])]).toEqual(Array.from({ length: 12 }, (_, k) => k));
  });

  test('a well of more images than 16 bits count has all of them', () => {
    const maps = new ChipMaps({ rows: 1, columns: 1 });
    const images = 2 ** 16 + 4;
    for (let k = 0; k < images; k++) maps.add({ row: 0, column: 0 }, { ...frame(3), hit: true, background: 2 });
    const [map] = maps.maps;
    expect(map?.came.images[0]).toBe(images);
    expect(map?.values('hits').values[0]).toBe(images);
    expect(map?.values('background').values[0]).toBe(2);
  });

  test('what a well looks like', () => {
    const range = rangeOfMap('resolution', Float32Array.of(2, 4, Number.NaN, 3));
    expect(range).toEqual({ from: 4, to: 2 });
    expect(wellColour('resolution', range, 2)).toBeGreaterThan(wellColour('resolution', range, 3));
    expect(wellColour('resolution', range, Number.NaN)).toBe(wellStates.none);
    expect(wellColour('hits', { from: 0, to: 1 }, 0)).toBe(wellStates.none);
    expect(rangeOfMap('hits', Float32Array.of(0, 0))).toEqual({ from: 0, to: 1 });
  });
});
