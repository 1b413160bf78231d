/** The same frames give the same results in every format that this package writes, and in those of detectors. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Context, comUdf, type LoadOptions, masks, masksUdf, stddevUdf, sumUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';

// The limits of each format: EMPAD has frames of 128 × 128, blockfiles have square ones of bytes.
const [navShape, sigShape] = [
  [3, 4],
  [128, 128],
] as const;
const [frames, side, pixels] = [12, 128, 128 * 128];
/** Counts of a moving peak on a fluctuating background. */
const counts = Uint8Array.from({ length: frames * pixels }, (_, i) => {
  const [f, p] = [Math.floor(i / pixels), i % pixels];
  const [y, x] = [Math.floor(p / side) - 60 - f, (p % side) - 70 + 2 * f];
  return Math.floor(180 * Math.exp(-(y * y + x * x) / 300)) + ((Math.imul(i, 2654435761) >>> 8) % 50);
});
const size = { width: side, height: side };
const disk = masks.circular({ ...size, cx: 60, cy: 70, r: 25 });
const slope = masks.gradientX(size);

/** Sums of all frames, standard deviations, centres of mass and sums under the masks, by plain loops. */
function oracle() {
  const at = (f: number, p: number): number => counts[f * pixels + p] as number;
  const each = Array.from({ length: frames }, (_, f) => {
    let [s, y, x, d] = [0, 0, 0, 0];
    for (let p = 0; p < pixels; p++) {
      s += at(f, p);
      y += at(f, p) * Math.floor(p / side);
      x += at(f, p) * (p % side);
      d += at(f, p) * (disk[p] as number);
    }
    return { com: [y / s, x / s], under: [d, x] };
  });
  const sum = new Float64Array(pixels);
  const std = new Float64Array(pixels);
  for (let p = 0; p < pixels; p++) {
    for (let f = 0; f < frames; f++) sum[p] = (sum[p] as number) + at(f, p);
    const mean = (sum[p] as number) / frames;
    let squares = 0;
    for (let f = 0; f < frames; f++) squares += (at(f, p) - mean) ** 2;
    std[p] = Math.sqrt(squares / frames);
  }
  return { sum, std, com: each.flatMap(({ com }) => com), under: each.flatMap(({ under }) => under) };
}
const wanted = oracle();
const udfs = [sumUdf(), stddevUdf(), comUdf({ cy: 0, cx: 0 }), masksUdf({ masks: [disk, slope] })] as const;

let ctx: Context;
let folder: string;
const at = (name: string): string => join(folder, name);

/** Runs over a file, and compares the results with the loops. */
async function agrees(name: string, { format, filters = [] as readonly string[], ...options }: LoadOptions & Said) {
  const scan = await ctx.load(at(name), { ...options, navShape, ...(format === 'raw' && { format }) });
  expect([scan.format, scan.shape.nav, scan.shape.sig, scan.dataset.filters]).toEqual([
    format,
    navShape,
    sigShape,
    filters,
  ]);
  const [sum, stddev, com, under] = await ctx.runUdf(scan, udfs);
  const integers = scan.dtype !== 'f32';
  // Sums of integers are integers in every dtype, and so are those under the disk.
  expect(Buffer.compare(bytes(sum.intensity.data as Float64Array), bytes(wanted.sum)), 'sum').toBe(0);
  expect(far(com.rawCom.data, wanted.com), 'com').toBe(0);
  const found = under.intensity.data as Float64Array;
  for (let f = 0; f < frames; f++) expect(found[2 * f], `frame ${f} under the disk`).toBe(wanted.under[2 * f]);
  // Products in float32: a few roundings of 2⁻²⁴.
  expect(far(found, wanted.under), 'under the slope').toBeLessThan(2e-6);
  expect(far(stddev.std.data, wanted.std), 'stddev').toBeLessThan(integers ? 1e-14 : 1e-12);
  await scan.dispose();
}
interface Said {
  readonly format: string;
  readonly filters?: readonly string[];
}
const bytes = (array: ArrayBufferView): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
/** Largest relative difference. */
const far = (found: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(found.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < found.length; i++) {
    const want = expected[i] as number;
    worst = Math.max(worst, Math.abs((found[i] as number) - want) / Math.abs(want));
  }
  return worst;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-forms-'));
  ctx = new Context({ context: { backend: 'wasm' } });
  await writeFile(at('source.raw'), Uint16Array.from(counts));
});
afterAll(async () => {
  await ctx.close();
  await rm(folder, { recursive: true });
});

describe('files written by ewald convert', () => {
  test.each([
    ['gzip.h5', ['--packing', 'gzip'], { format: 'hdf5', filters: ['gzip 6'] }],
    ['bitshuffle.h5', ['--packing', 'bitshuffle'], { format: 'hdf5', filters: ['bitshuffle + LZ4'] }],
  ] as const)('%s', async (name, packing, said) => {
    const shape = ['--sig-shape', '128,128', '--nav-shape', '3,4'];
    const given = ['--format', 'raw', '--dtype', 'u16', ...shape, '-o', at(name), ...packing];
    const { code, err } = await ewald(['convert', at('source.raw'), ...given]);
    expect(code, err).toBe(0);
    await agrees(name, said);
  });

  test('a scan that is exported', async () => {
    const scan = await ctx.load(at('source.raw'), { format: 'raw', dtype: 'u16', sigShape, navShape });
    await ctx.exportDataset(scan, at('exported.npy'));
    await agrees('exported.npy', { format: 'npy' });
  });
});

describe('HDF5 as HDF5’s own library packs it', () => {
  test('LZ4, bitshuffle alone and with LZ4', async () => {
    const { default: h5wasm } = await import('h5wasm/node');
    const module = await h5wasm.ready;
    module.insert_plugin_search_path(resolve('node_modules/h5wasm-plugins/plugins'), 0);
    const shape = [...navShape, ...sigShape];
    for (const [name, compression, compression_opts, filter] of [
      ['lz4.h5', 32004, [0], 'LZ4'],
      ['bits.h5', 32008, [0, 0], 'bitshuffle'],
      ['bits-lz4.h5', 32008, [0, 2], 'bitshuffle + LZ4'],
    ] as const) {
      const file = new h5wasm.File(at(name), 'w');
      const data = Uint16Array.from(counts);
      // Chunks that are cropped at an edge of the frame, and chunks of several frames.
      const chunks = [1, 2, 128, 50];
      file.create_dataset({
        name: 'frames',
        data,
        shape,
        chunks,
        compression,
        compression_opts: [...compression_opts],
      });
      file.close();
      await agrees(name, { format: 'hdf5', filters: [filter] });
    }
  });

  const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
  test.skipIf(!python)(python ? 'shuffle and gzip' : 'absent: h5py (Debian: python3-h5py)', async () => {
    const script = [
      'import h5py, numpy as np, sys',
      'a = np.fromfile(sys.argv[1], "<u2").reshape(3, 4, 128, 128)',
      'f = h5py.File(sys.argv[2], "w")',
      'f.create_dataset("frames", data=a, chunks=(2, 3, 40, 128), shuffle=True, compression="gzip")',
      'f.close()',
    ].join('\n');
    execFileSync(python ?? '', ['-c', script, at('source.raw'), at('shuffle.h5')]);
    await agrees('shuffle.h5', { format: 'hdf5', filters: ['shuffle', 'gzip 4'] });
  });
});

describe('formats as detectors write them', () => {
  test('BLO: a mark and a number before each pattern', async () => {
    const file = Buffer.alloc(256 + frames * (6 + pixels));
    file.write('IMGBLO');
    file.writeUInt16LE(0x0102, 6);
    file.writeUInt32LE(256, 12);
    for (const [i, value] of [side, 0, navShape[1], navShape[0]].entries()) file.writeUInt16LE(value, 20 + 2 * i);
    for (let f = 0; f < frames; f++) {
      const start = 256 + f * (6 + pixels);
      file.writeUInt16LE(0x55aa, start);
      file.writeUInt32LE(f, start + 2);
      file.set(counts.subarray(f * pixels, (f + 1) * pixels), start + 6);
    }
    await writeFile(at('scan.blo'), file);
    await agrees('scan.blo', { format: 'blo' });
  });

  test('EMPAD: float32, two extra rows per frame', async () => {
    const file = new Float32Array(frames * 130 * side).fill(Number.NaN);
    for (let f = 0; f < frames; f++) file.set(counts.subarray(f * pixels, (f + 1) * pixels), f * 130 * side);
    await writeFile(at('scan_x4_y3.raw'), file);
    const xml = '<root><raw_file filename="scan_x4_y3.raw"/><pix_x>4</pix_x><pix_y>3</pix_y></root>';
    await writeFile(at('empad.xml'), xml);
    await agrees('empad.xml', { format: 'empad' });
    await agrees('scan_x4_y3.raw', { format: 'empad' });
  });

  test('MIB: a text before each frame, big-endian', async () => {
    const file = Buffer.alloc(frames * (384 + 2 * pixels));
    for (let f = 0; f < frames; f++) {
      const start = f * (384 + 2 * pixels);
      const number = String(f + 1).padStart(6, '0');
      file.write(`MQ1,${number},00384,01,0128,0128,U16,   1x1,01,2021-04-15 15:00:20.096668,0.001000,`, start);
      for (let p = 0; p < pixels; p++) file.writeUInt16BE(counts[f * pixels + p] as number, start + 384 + 2 * p);
    }
    await writeFile(at('scan.mib'), file);
    await agrees('scan.mib', { format: 'mib' });
  });
});
