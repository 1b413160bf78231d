/** `ewald run` with typical user input: files of every kind, regions, corrections, user-defined functions, mistakes. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { formatNpy, readNpy } from 'ewald';
import { open } from 'ewald/data';
import { loadUdfs } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ewaldTogether as ewald, type Run } from '../support/cli.js';
import { refused } from '../support/refused.js';
import { golden, goldenFrames } from './golden.js';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  vi.stubEnv('EWALD_BACKEND', 'wasm');
  folder = await mkdtemp(join(tmpdir(), 'ewald-run-'));
  await writeFile(at('scan.raw'), goldenFrames());
  const made = await ewald([
    'convert',
    at('scan.raw'),
    '--format',
    'raw',
    '--dtype',
    'u16',
    '--sig-shape',
    '8,10',
    '--nav-shape',
    '6,5',
    '-o',
    at('scan.npy'),
  ]);
  expect(made.code, made.err).toBe(0);
  await writeFile(
    at('dark.npy'),
    formatNpy({ shape: [8, 10], data: Float32Array.from({ length: 80 }, (_, i) => i % 7), complex: false }),
  );
  for (const [name, shape] of [
    ['turned.npy', [10, 8]],
    ['turned-region.npy', [5, 6]],
  ] as const) {
    const data = new Float32Array(shape[0] * shape[1]).fill(1);
    await writeFile(at(name), formatNpy({ shape, data, complex: false }));
  }
});
afterAll(() => rm(folder, { recursive: true }));

type Ended = Pick<Run, 'code' | 'out' | 'err'>;
const run = (...args: string[]): Promise<Ended> => ewald(['run', ...args], { cwd: folder });
const scan = ['scan.npy', '--nav-shape', '6,5'];
const mistaken = ({ code, out, err }: Ended, expected: number, ...words: string[]): void => {
  expect(code, err).toBe(expected);
  for (const word of words) expect(err).toContain(word);
  expect(err).not.toMatch(/\n\s+at /);
  expect(err).not.toContain('defect');
  expect(out).toBe('');
};

describe.skipIf(!golden)('LiberTEM’s numbers from the shell', () => {
  test('a disk as .npy, with its picture and a description in JSON', { tags: 'all' }, async () => {
    const { code, out, err } = await run('disk', ...scan, '-o', 'disk.npy', '--png', 'disk.png', '--json');
    expect([code, err]).toEqual([0, '']);
    const told = JSON.parse(out);
    expect(Object.keys(told)).toEqual([
      'input',
      'shape',
      'dtype',
      'frames',
      'positions',
      'results',
      'files',
      'warnings',
      'seconds',
      'bytesPerSecond',
    ]);
    expect(told.results).toEqual([
      {
        name: 'intensity',
        shape: [6, 5],
        dtype: 'f64',
        min: Math.min(...golden.disk_default.data),
        max: Math.max(...golden.disk_default.data),
      },
    ]);
    const { shape, data } = readNpy(await readFile(at('disk.npy')), 'disk.npy');
    expect(shape).toEqual([6, 5]);
    expect([...data]).toEqual(golden.disk_default.data);
    const png = await readFile(at('disk.png'));
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
    // A value is a square of 86 × 86 pixels, which follow the filter of their row; a bar and words are beside.
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    expect([width > 5 * 86 + 100, height]).toEqual([true, 6 * 86 + 56]);
    expect(png.length).toBeLessThan(20_000);
    const rows = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));
    const pixels = Array.from({ length: 87 }, (_, x) => rows.readUInt32BE(1 + 4 * x));
    expect(new Set(pixels.slice(0, 86)).size).toBe(1);
    expect(pixels[86]).not.toBe(pixels[0]);
  });

  test('several analyses in one pass, as HDF5', async () => {
    const { code, err } = await run('com,sum', ...scan, '--cx', '4.5', '--cy', '3.5', '-o', 'all.h5');
    expect([code, err]).toEqual([0, '']);
    const sum = await open(at('all.h5'), { dataset: '/results/sum-intensity' });
    expect([...((await sum.read(0, sum.frames)) as Float64Array)]).toEqual(golden.sum.intensity.data);
    expect(sum.arrays.map(({ name }) => name)).toContain('/results/com-curl');
    await sum.dispose();
  });

  test('a scan of one axis has results of one axis, also in HDF5', async () => {
    expect((await run('sum,disk', 'scan.npy', '--nav-shape', '30', '-o', 'axis.h5')).code).toBe(0);
    const found = await open(at('axis.h5'), { dataset: '/results/disk-intensity' });
    // It was 30 × 1, as a .npy is not.
    expect(found.arrays.find(({ name }) => name === '/results/disk-intensity')?.shape).toEqual([30]);
    expect([...((await found.read(0, 1)) as Float64Array)]).toEqual(golden.disk_default.data);
    await found.dispose();
  });

  test('several analyses as a group of Zarr, which is not replaced', async () => {
    const { code, err, out } = await run('com,sum', ...scan, '--cx', '4.5', '--cy', '3.5', '-o', 'all.zarr');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('all.zarr');
    // One chunk, without compression: the numbers themselves.
    // Others may read it as they may read other outputs.
    await mkdir(at('plain'));
    expect((await stat(at('all.zarr'))).mode).toBe((await stat(at('plain'))).mode);
    const chunk = await readFile(at('all.zarr/sum-intensity/0.0'));
    expect([...new Float64Array(new Uint8Array(chunk).buffer)]).toEqual(golden.sum.intensity.data);
    expect(JSON.parse(await readFile(at('all.zarr/com-field/.zarray'), 'utf8'))).toEqual({
      zarr_format: 2,
      shape: [6, 5, 2],
      chunks: [6, 5, 2],
      dtype: '<f8',
      compressor: null,
      fill_value: null,
      order: 'C',
      filters: null,
    });
    expect(JSON.parse(await readFile(at('all.zarr/com-x/.zattrs'), 'utf8'))).toEqual({
      _ARRAY_DIMENSIONS: ['scan_y', 'scan_x'],
      units: 'px',
      description: 'shift along x, pixels',
    });
    // Python's zarr 2 reads metadata as ASCII.
    expect((await run('icom', ...scan, '--cx', '4.5', '--cy', '3.5', '-o', 'icom.zarr')).code).toBe(0);
    for (const file of ['.zmetadata', 'phase/.zattrs', '.zattrs'])
      expect(await readFile(at(`icom.zarr/${file}`))).toSatisfy((bytes: Buffer) => bytes.every((byte) => byte < 128));
    expect(JSON.parse(await readFile(at('icom.zarr/phase/.zattrs'), 'utf8'))).toMatchObject({
      units: 'px · positions',
    });
    // All metadata are in one file as well, for readers that cannot list folders.
    const { metadata } = JSON.parse(await readFile(at('all.zarr/.zmetadata'), 'utf8'));
    for (const file of ['.zgroup', '.zattrs', 'com-field/.zarray', 'com-x/.zattrs'])
      expect(metadata[file]).toEqual(JSON.parse(await readFile(at(`all.zarr/${file}`), 'utf8')));
    const read = await open(at('all.zarr'), { dataset: 'sum-intensity' });
    expect([...((await read.read(0, read.frames)) as Float64Array)]).toEqual(golden.sum.intensity.data);
    await read.dispose();
    mistaken(await run('sum', ...scan, '-o', 'all.zarr', '--force'), 2, 'all.zarr exists already', 'another name');
    mistaken(await run('sum', ...scan, '-o', 'absent/all.zarr'), 1, 'absent/all.zarr');
  });

  test('results carry their unit, the step of the scan, and the parameters and calibration of the run', async () => {
    const words = ['icom', ...scan, '--dpix', '0.05', '--cx', '4.5', '--cy', '3.5'];
    const { code, err, out } = await run(...words, '-o', 'about.npy');
    expect(code, err).toBe(0);
    expect(out).toContain('about.npy.json');
    const about = JSON.parse(await readFile(at('about.npy.json'), 'utf8'));
    expect(about).toMatchObject({ input: 'scan.npy', stepNm: 0.05, creator: expect.stringContaining('ewald') });
    expect(about.analyses).toMatchObject([{ name: 'icom', parameters: { cx: 4.5 }, options: { dpix: 0.05, cy: 3.5 } }]);
    expect(about.results).toMatchObject([
      { name: 'phase', file: 'about-phase.npy', unit: 'px · positions', overScan: true },
      { name: 'x', unit: 'px' },
      { name: 'y', unit: 'px' },
    ]);
    expect((await run(...words, '-o', 'about.h5')).code).toBe(0);
    const text = (await readFile(at('about.h5'))).toString();
    for (const part of ['scan_step_units', 'px · positions', '"parameters":{"cx":4.5']) expect(text).toContain(part);
    // Another file of that name is not replaced by what belongs to the results.
    await writeFile(at('other.npy.json'), '{}');
    mistaken(await run(...words, '-o', 'other.npy'), 2, 'other.npy.json exists');
  });

  test('half a description of a headerless file, or bytes that are left over, name what may be missing', async () => {
    await writeFile(at('plain.raw'), new Uint8Array(2 * 64 * 64 + 100));
    const output = ['-o', 'plain.npy'];
    mistaken(await run('sum', 'plain.raw', '--dtype', 'u16', ...output), 1, 'describe them: --dtype u16 --sig-shape');
    const { code, err } = await run('sum', 'plain.raw', '--dtype', 'u16', '--sig-shape', '64,64', ...output);
    // A file that was cut looks the same.
    expect(code, err).toBe(1);
    expect(err).toContain('100 bytes are left over after the last complete frame');
    expect(err).toContain('or the file has a header, gaps between its frames, or frames of another size');
    expect((await readdir(folder)).filter((name) => name.startsWith('.all'))).toEqual([]);
  });

  test.each([
    ['-o', '-'],
    ['--stdout', 'npy'],
  ])('one result as .npy on standard output: %s %s', { tags: 'all' }, async (...output) => {
    const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
    const words = ['run', 'disk', ...scan, ...output, '--json'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { cwd: folder });
    expect(status, String(stderr)).toBe(0);
    // The record goes where it does not mix with the result.
    const record = String(stderr)
      .split('\n')
      .find((line) => line.startsWith('{'));
    expect(JSON.parse(record ?? '')).toMatchObject({ frames: 30, results: [{ name: 'intensity', shape: [6, 5] }] });
    const { shape, data } = readNpy(stdout, 'standard output');
    expect([shape, [...data]]).toEqual([[6, 5], golden.disk_default.data]);
    mistaken(await run('com', ...scan, ...output), 2, 'standard output holds one result', 'field', '--channel');
  });

  test('standard output takes a known format, and is no second place', async () => {
    mistaken(await run('sum', ...scan, '--stdout', 'png'), 2, '--stdout', 'npy', 'png');
    mistaken(await run('sum', ...scan, '--stdout', 'npy', '-o', 'sum.npy'), 2, '--stdout npy and -o sum.npy');
  });

  test('a table', async () => {
    const { code } = await run('ring,point', ...scan, '-o', 'table.csv');
    expect(code).toBe(0);
    const [head, first, ...rest] = (await readFile(at('table.csv'), 'utf8')).trim().split('\n');
    expect(head).toBe('scan_y,scan_x,ring-intensity,point-intensity');
    expect(first).toBe(`0,0,${golden.ring_default.data[0]},${golden.point_default.data[0]}`);
    expect(rest).toHaveLength(29);
  });

  test('columns of a table say of which radius, ring and component they are', async () => {
    const headOf = async (...given: string[]): Promise<string | undefined> => {
      expect((await run(...given, '--force', '-o', 'heads.csv')).code).toBeLessThan(2);
      return (await readFile(at('heads.csv'), 'utf8')).split('\n')[0];
    };
    const radii = [0, 1].map((k) => `mean (radius ${2 * k} pixels)`).join(',');
    const polar = ['polar', ...scan, '--ro', '4', '--n-bins', '2'];
    expect(await headOf(...polar, '--channel', 'mean')).toBe(`scan_y,scan_x,${radii}`);
    expect(await headOf(...polar, '--channel', 'polar')).toBe('azimuth (°),radius (pixels),polar');
    // Results of several analyses are chosen by the names that they have.
    const both = ['radial-bins,com', ...scan, '--ro', '4', '--n-bins', '1', '--channel'];
    expect(await headOf(...both, 'radial-bins-bin_0', '--channel', 'field')).toBe(
      'scan_y,scan_x,radial-bins-bin_0 (0 to 4 pixels),com-field_y,com-field_x',
    );
  });

  test('a table of an image of the detector has a row for each of its pixels', async () => {
    for (const [name, columns] of [
      ['sum', 'intensity'],
      ['stddev', 'std,mean,var,sum'],
    ] as const) {
      expect((await run(name, ...scan, '-o', `${name}.csv`)).code).toBe(0);
      const lines = (await readFile(at(`${name}.csv`), 'utf8')).trim().split('\n');
      expect([lines[0], lines.length]).toEqual([`sig_y,sig_x,${columns}`, 81]);
    }
    const words = ['intensity has 8 × 10 pixels of a frame', 'sumsig-intensity has 6 × 5 positions of the scan'];
    mistaken(await run('sum,sumsig', ...scan, '-o', 'both.csv'), 2, 'one row for each', ...words);
  });

  test('a picked frame keeps the dtype of its file, and says which values of 64 bits are rounded', async () => {
    expect((await run('pick', ...scan, '--at', '1,2', '-o', 'picked.npy')).code).toBe(0);
    const picked = await open(at('picked.npy'));
    expect([picked.dtype, picked.shape.sig]).toEqual(['u16', [8, 10]]);
    expect(await picked.read(0, 1)).toEqual(goldenFrames().subarray(7 * 80, 8 * 80));
    await picked.dispose();
    await writeFile(at('wide.raw'), BigInt64Array.of(2n ** 60n + 1n, 5n, -(2n ** 53n), 7n, 8n, 9n));
    const wide = ['wide.raw', '--format', 'raw', '--dtype', 'i64', '--sig-shape', '1,3', '--nav-shape', '2'];
    const words = /beyond 2⁵³ (is|are) rounded: functions see the i64 of wide\.raw as float64/;
    const first = await run('pick', ...wide, '--at', '0');
    expect(first.err).toMatch(words);
    expect(first.err).toContain('2 values');
    expect((await run('pick', ...wide, '--at', '1')).err).not.toContain('rounded');
    expect((await run('point', ...wide, '--x', '0', '--y', '0')).err).toMatch(words);
  });

  test('bytes behind the array of a .npy file are a warning', async () => {
    await writeFile(at('longer.npy'), Buffer.concat([await readFile(at('scan.npy')), new Uint8Array(1000)]));
    const { code, err } = await run('sum', 'longer.npy');
    expect(code, err).toBe(0);
    expect(err).toMatch(/warning: .*it has 5928 bytes, and its array ends at byte 4928: what follows is not read/);
    expect((await run('sum', 'scan.npy')).err).not.toContain('what follows');
  });

  test('values that no pixel can have are refused in corrections, but not at excluded pixels', async () => {
    const map = (name: string, values: Readonly<Record<number, number>>, rest: number) => {
      const data = Float32Array.from({ length: 80 }, (_, i) => values[i] ?? rest);
      return writeFile(at(name), formatNpy({ shape: [8, 10], data, complex: false }));
    };
    await map('nan.npy', { 23: Number.NaN }, 1);
    await map('none.npy', { 23: 0 }, 1);
    await map('endless.npy', { 23: Number.POSITIVE_INFINITY }, 1);
    await map('bad.npy', { 23: 1 }, 0);
    for (const [flag, file, value] of [
      ['--dark', 'nan.npy', 'NaN'],
      ['--gain-map', 'none.npy', '0'],
      ['--gain-map', 'endless.npy', 'Infinity'],
    ] as const) {
      mistaken(await run('sum', ...scan, flag, file), 2, `${flag}: ${file} is ${value} at pixel (2, 3)`);
      const { code, err } = await run('sum', ...scan, flag, file, '--excluded-pixels', 'bad.npy');
      expect(code, err).toBe(0);
    }
  });

  test('a parameter beyond the range of numbers is refused', async () => {
    await writeFile(
      at('huge.mjs'),
      `export const huge = { name: 'huge', params: { k: 1 }, buffers: { n: { kind: 'nav', dtype: 'f32' } },
         processFrame() {} };`,
    );
    const given = await run(...scan, '--udf', 'huge.mjs', '--param', 'k=1e400');
    mistaken(given, 2, 'the parameter k of the UDF huge is "1e400"', 'expected a number');
  });

  test('a file that ends within a frame, in the words of NumPy', async () => {
    const frames = Uint8Array.from({ length: 15 }, (_, i) => i % 7);
    await writeFile(at('whole.raw'), frames.subarray(0, 8));
    await writeFile(at('cut.raw'), frames);
    const read = (file: string, dtype: string) => run('sumsig', file, '--dtype', dtype, '--sig-shape', '2,2', '--json');
    for (const [dtype, sum] of [
      ['uint16', 2316],
      ['<u2', 2316],
      ['>u2', 3081],
    ] as const)
      expect(JSON.parse((await read('whole.raw', dtype)).out).results[0].max, dtype).toBe(sum);
    expect(await read('cut.raw', '>u2')).toMatchObject({ code: 1, err: expect.stringContaining('was truncated') });
    mistaken(await read('whole.raw', 'uint17'), 2, '--dtype is "uint17"; expected one of u8');
  });

  test('a sync offset, and a region of interest', { tags: 'all' }, async () => {
    expect((await run('sumsig', ...scan, '--sync-offset', '3', '-o', 'moved.npy')).code).toBe(0);
    // LiberTEM's zeros at the three positions without a frame are NaN.
    const moved = golden.sumsig_sync_offset_3.intensity.data as readonly number[];
    expect([...readNpy(await readFile(at('moved.npy')), '').data]).toEqual([
      ...moved.slice(0, 27),
      ...Array(3).fill(NaN),
    ]);
    const { code, out } = await run('sumsig', ...scan, '--roi', '1:3,2', '-o', 'roi.npy', '--json');
    const told = JSON.parse(out);
    // Only two of the thirty frames of 8 × 10 u16 were read.
    expect([code, told.frames, Math.round(told.bytesPerSecond * told.seconds)]).toEqual([0, 2, 320]);
    const found = [...readNpy(await readFile(at('roi.npy')), '').data];
    expect(found.filter((value) => !Number.isNaN(value))).toEqual([7, 12].map((i) => golden.sumsig.intensity.data[i]));
    for (const [flag, value, wanted] of [
      ['--first', '3', [0, 1, 2]],
      ['--frames', '2:20:9', [2, 11]],
      ['--frames', '28:99', [28, 29]],
    ] as const) {
      const some = await run('sumsig', ...scan, flag, value, '-o', 'some.npy', '--force', '--json');
      expect(JSON.parse(some.out).frames).toBe(wanted.length);
      const sums = [...readNpy(await readFile(at('some.npy')), '').data];
      for (const [i, sum] of sums.entries())
        expect(sum).toBe((wanted as readonly number[]).includes(i) ? golden.sumsig.intensity.data[i] : NaN);
    }
  });

  test('a dark frame, workers, and a user-defined function', { tags: 'all' }, async () => {
    const module = fileURLToPath(new URL('./module.mjs', import.meta.url));
    await writeFile(at('own.mjs'), (await readFile(module, 'utf8')).replace(/export const (?!brightest)/g, 'const '));
    const { code, out, err } = await run(
      ...scan.slice(0, 1),
      ...scan.slice(1),
      '--udf',
      'own.mjs',
      '--executor',
      'workers',
      '-j',
      '2',
      '--dark',
      'dark.npy',
      '--channel',
      'value',
      '--json',
    );
    expect([code, err]).toEqual([0, '']);
    const most = Math.max(...[...goldenFrames()].map((value, i) => value - ((i % 80) % 7)));
    expect(JSON.parse(out).results).toMatchObject([{ name: 'value', dtype: 'f32', max: most }]);
  });
});

test('very many files are announced before the work, with what gives fewer', { tags: 'all' }, async () => {
  const orders = ['radial-fourier', ...scan, '--max-order', '3'];
  const many = await run(...orders, '-o', 'orders.npy');
  expect([many.code, many.err]).toEqual([
    0,
    expect.stringContaining('14 files will be written, orders-dominant_0.npy'),
  ]);
  expect(many.err).toContain('--channel NAME');
  expect((await readdir(folder)).filter((name) => name.startsWith('orders-'))).toHaveLength(14);
  for (const [file, ...more] of [['orders.h5'], ['one.npy', '--channel', 'absolute_0_2']] as const)
    expect(await run(...orders, '-o', file, ...more)).toMatchObject({ code: 0, err: '' });
});

describe('mistakes', () => {
  test('an existing file for one of several results is reported before a frame is processed', {
    tags: 'all',
  }, async () => {
    await writeFile(
      at('loud.mjs'),
      `export const loud = { name: 'loud', buffers: { n: { kind: 'nav', dtype: 'f32' } },
         processFrame() { process.stderr.write('a frame was seen'); } };`,
    );
    const found = await run('com', ...scan, '--udf', 'loud.mjs', '--channel', 'y', '--channel', 'n', '-o', 'way.npy');
    expect(found.code, found.err).toBe(0);
    await rm(at('way-com-y.npy'));
    await writeFile(at('way-com-y.npy'), 'mine');
    const refusal = await run('com', ...scan, '--udf', 'loud.mjs', '-o', 'way.npy');
    mistaken(refusal, 2, 'way-com-y.npy exists', '--force');
    expect(refusal.err).not.toContain('a frame was seen');
    const table = await run('sum', ...scan, '--udf', 'loud.mjs', '-o', 'loud.csv');
    mistaken(table, 2, 'one row for each position');
    expect(table.err).not.toContain('a frame was seen');
  });

  test('parameters of functions are set by --param, in the type that is declared', async () => {
    await writeFile(
      at('scaled.mjs'),
      `export const scaled = { name: 'scaled', params: { factor: 1, name: 'a', on: false, list: [1, 2],
         weights: new Float32Array(2), table: { a: 1 } }, buffers: { v: { kind: 'nav', dtype: 'f64' } }, processFrame({ params, results }) {
         results.v[0] = params.factor * (params.on ? 10 : 1) + params.list[1]; } };`,
    );
    const file = at('scaled.mjs');
    const given = ['factor=-2.5e1', 'name=x=y', 'on=true', 'list=7, 8,9', 'weights=0.5,2'];
    const [{ params } = { params: undefined }] = await loadUdfs([file], { params: given });
    const [factor, name, on, list, weights] = [-25, 'x=y', true, [7, 8, 9], Float32Array.of(0.5, 2)];
    expect(params).toEqual({ factor, name, on, list, weights, table: { a: 1 } });
    const wrong =
      (...texts: string[]) =>
      () =>
        loadUdfs([file], { params: texts });
    await refused(wrong('factr=2'), 'Argument', 'scaled has no parameter "factr"', 'did you mean "factor"');
    await refused(wrong('factor=two'), 'Argument', 'factor of the UDF scaled is "two"; expected a number');
    await refused(wrong('on=1'), 'Argument', 'expected true or false');
    await refused(wrong('list=1,b'), 'Argument', 'numbers separated by commas');
    await refused(wrong('table=1'), 'Argument', 'table', 'withParams');
    await refused(wrong('factor'), 'Argument', 'params is "factor"; expected name=value');
    const found = await run('scan.npy', '--udf', 'scaled.mjs', '--param', 'factor=3', '--param', 'on=true', '--json');
    expect(found.code, found.err).toBe(0);
    expect(JSON.parse(found.out).results).toMatchObject([{ name: 'v', min: 32, max: 32 }]);
    mistaken(
      await run('scaled', 'scan.npy', '--udf', 'scaled.mjs'),
      2,
      'functions of --udf are not named',
      'ewald run FILE',
    );
  });

  test('a function with a typing error, and one in TypeScript', async () => {
    await writeFile(at('slip.mjs'), 'export const a = 1;\nexport const b = {{\n');
    mistaken(await run('scan.npy', '--udf', 'slip.mjs'), 1, 'slip.mjs, line 2,', 'Unexpected token');
    await writeFile(
      at('typed.ts'),
      `export const least = { name: 'least', buffers: { value: { kind: 'nav', dtype: 'f32' } },
         processFrame({ frame, results }: { frame: Uint16Array; results: any }) { results.value[0] = Math.min(...frame); } };`,
    );
    const typed = await run(...scan, '--udf', 'typed.ts', '--json');
    // Node supports TypeScript types since 22.18; before that the command explains what to do.
    if (process.features.typescript) {
      expect(JSON.parse(typed.out).results[0].min).toBe(Math.min(...goldenFrames()));
    } else mistaken(typed, 1, 'typed.ts cannot be loaded', 'Node 22.18', 'npx esbuild typed.ts --outfile=typed.mjs');
  });

  test.each([
    [['dsk', 'scan.npy'], 2, ['"dsk"', 'did you mean "disk"']],
    [['disk'], 2, ['ewald run disk scan.mib']],
    [['disk', 'nowhere.npy'], 1, ['nowhere.npy']],
    [['disk', 'scan.npy', '--cx', '99'], 2, ['ewald: --cx is 99,', '0 to 9']],
    [
      ['disk', 'scan.npy', '--ri', '3'],
      2,
      [
        '--ri belongs to ring, ',
        'cluster, com and icom; disk does not use it and takes --cx, --cy, -r, --calibration\n',
      ],
    ],
    [['ring', 'scan.npy', '--ri', '4', '--ro', '3'], 2, ['ewald: --ri is 4 and --ro 3;']],
    [['sum', 'scan.npy', '--nav-shape', '7,5'], 1, ['30 frames', '7 × 5', '5 × 6']],
    [['sumsig', 'scan.npy', '--nav-shape', '6,5', '--roi', '9,9'], 2, ['--roi', '6 × 5', '0:6,0:5']],
    [['sum', 'scan.npy', '--frames', '30:'], 2, ['the scan has 30 frames, counted from 0; 30: selects no frame']],
    [['sum', 'scan.npy', '--frames', '3'], 2, ['--frames is "3"; expected first:end or first:end:step']],
    [['sum', 'scan.npy', '--first', '3', '--frames', ':3'], 2, ['--first and --frames both select frames']],
    [['sum', 'scan.npy', '--first', '3', '--roi', '1'], 2, ['--roi selects frames, as --first and --frames do']],
    [['sum', 'scan.npy', '-o', 'sum.txt'], 2, ['.npy', '.h5', '.csv']],
    [['sum', 'scan.npy', '-o', 'scan.npy'], 2, ['scan.npy is the input itself']],
    [['sum', 'scan.npy', '--executor', 'dask'], 2, ['"dask"', 'workers']],
    [['sum', 'scan.npy', '-j', '4', '--executor', 'inline'], 2, ['-j', '--executor workers']],
    [['scan.npy', '--udf', 'none.mjs'], 1, ['none.mjs']],
    [['pick', 'scan.npy', '--nav-shape', '6,5', '--at', '9,9'], 2, ['ewald: --at is (9, 9)', '6 × 5']],
    [
      ['pick', 'scan.npy', '--nav-shape', '6,5', '--sync-offset=-3', '--at', '0,1'],
      2,
      ['--at is (0, 1), which has no frame', 'the positions 3 to 29'],
    ],
    [['scan.npy', '--udf', 'loud.mjs', '--udf', 'loud.mjs', '-o', 'way.h5'], 2, ['two functions are named']],
    [['masks', 'scan.npy'], 2, ['--mask']],
    [
      ['masks', 'scan.npy', '--mask', 'turned.npy'],
      1,
      ['--mask: turned.npy is [10, 8]; expected [8, 10]; is it transposed?'],
    ],
    [['sum', 'scan.npy', '--dark', 'turned.npy'], 1, ['--dark: turned.npy is [10, 8]']],
    [['sum', 'scan.npy', '--gain-map', 'turned.npy'], 1, ['--gain-map: turned.npy is [10, 8]']],
    [['sum', 'scan.npy', '--excluded-pixels', 'turned.npy'], 1, ['--excluded-pixels: turned.npy is [10, 8]']],
    [
      ['sum', 'scan.npy', '--nav-shape', '6,5', '--roi', 'turned-region.npy'],
      1,
      ['--roi: turned-region.npy is [5, 6]; expected [6, 5]; is it transposed?'],
    ],
    [['com', 'scan.npy', '--regression', 'cubic'], 2, ['--regression is "cubic"', 'none, mean, plane, calibrated']],
  ] as const)('%j', { tags: 'all' }, async (args, code, words) => {
    const before = await readdir(folder);
    mistaken(await run(...args), code, ...words);
    expect(await readdir(folder)).toEqual(before);
  });
});

test('errors of a run name its analysis, not the functions that it calls; a line has no divergence, and why', async () => {
  await writeFile(
    join(folder, 'empty.npy'),
    formatNpy({ shape: [2, 2, 32, 32], data: new Float32Array(4096), complex: false }),
  );
  const empty = await run('strain', 'empty.npy', '-r', '3', '-o', 'strain.npy');
  expect(empty.err).toMatch(/^ewald: strain: the correlation with the pattern has no maximum/m);
  await writeFile(
    join(folder, 'line.npy'),
    formatNpy({ shape: [1, 4, 8, 8], data: Float32Array.from({ length: 256 }, (_, i) => i % 7), complex: false }),
  );
  const line = await run('com', 'line.npy', '-o', 'line-com.npy');
  expect(line.out).toMatch(
    /curl .*no numbers \(defined where positions have neighbours along two axes; this scan is a line of 4\)/,
  );
});
