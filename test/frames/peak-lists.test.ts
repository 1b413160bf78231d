/** Peak lists in the files of the frames: CXI's columns and CrystFEL's tables, in files of our writer and of h5py. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { codecsHere } from './hdf5-support.js';

let codecs: Codecs;
beforeAll(async () => {
  codecs = await codecsHere();
});
afterAll(() => codecs.dispose());

/** A CXI file of `frames` frames, 3 × 4 pixels each, with the children of result_1. */
async function cxi(frames: number, result: Record<string, WriteNode>, more: Record<string, WriteNode> = {}) {
  const parts: Uint8Array[] = [];
  const writer = await Hdf5Writer.create(
    {
      append: async (bytes) => void parts.push(bytes.slice()),
      patch: async (_, bytes) => parts[0]?.set(bytes),
    },
    codecs,
  );
  const series = writer.series({ frames, signal: [3, 4], dtype: 'u16' });
  await series.write(Uint16Array.from({ length: 12 * frames }, (_, i) => i));
  const group = (children: Record<string, WriteNode>): WriteNode => ({ children });
  await writer.finish({
    cxi_version: { value: 140 },
    entry_1: group({ data_1: group({ data: { frames: series } }), result_1: group(result) }),
    ...more,
  });
  return memorySource(new Uint8Array(Buffer.concat(parts)), 'run.cxi');
}

const columns = (rows: number, width: number): Record<string, WriteNode> => ({
  nPeaks: { value: Int32Array.from({ length: rows }, (_, i) => i % (width + 1)), shape: [rows] },
  peakXPosRaw: { value: Float32Array.from({ length: rows * width }, (_, i) => i), shape: [rows, width] },
  peakYPosRaw: { value: Float64Array.from({ length: rows * width }, (_, i) => 1000 + i), shape: [rows, width] },
  peakTotalIntensity: { value: Float32Array.from({ length: rows * width }, (_, i) => 10 * i), shape: [rows, width] },
});

test('CXI: counts, positions from the corner of the first pixel, intensities', async () => {
  const dataset = await open(await cxi(300, columns(300, 4)), { codecs });
  expect(dataset.peakList).toBe('/entry_1/result_1');
  expect(dataset.meta.header?.dialect).toBe('CXI');
  const { counts, fs, ss, intensity } = (await dataset.peaks?.(1, 4)) ?? expect.fail();
  expect([...counts]).toEqual([1, 2, 3, 4]);
  expect([...fs]).toEqual([4.5, 8.5, 9.5, 12.5, 13.5, 14.5, 16.5, 17.5, 18.5, 19.5]);
  expect([...ss]).toEqual([...fs].map((x) => x + 1000));
  expect([...(intensity ?? [])]).toEqual([...fs].map((x) => 10 * (x - 0.5)));
  const plain = await dataset.peaks?.(2, 1, { halfPixel: false });
  expect([...(plain?.fs ?? [])]).toEqual([8, 9]);
  // All peaks, in several batches.
  const all = await dataset.peaks?.(0, 300);
  expect(all?.fs.length).toBe(all?.counts.reduce((a, b) => a + b, 0));
  expect(all?.fs.at(-1)).toBe(4 * 299 + (299 % 5) - 1 + 0.5);
  expect((await dataset.peaks?.(3, 0))?.fs.length).toBe(0);
  await expect(dataset.peaks?.(299, 2)).rejects.toMatchObject({ tag: 'Argument' });
  await dataset.dispose();
  await expect(dataset.peaks?.(0, 1)).rejects.toMatchObject({ tag: 'Disposed' });
});

test('damaged or missing parts are named', async () => {
  const cases: [Record<string, WriteNode>, RegExp][] = [
    [{}, /lists no peaks: no group has nPeaks/],
    [{ nPeaks: { value: Int32Array.of(1, 2) } }, /lists no peaks/],
    [
      { ...columns(2, 3), nPeaks: { value: Int32Array.of(1, 99) } },
      /claims 99 peaks for frame 1; its rows have room for 3/,
    ],
    [{ ...columns(2, 3), nPeaks: { value: Int32Array.of(1) } }, /nPeaks is 1 i32|nPeaks is .*expected 2 rows/],
    [{ ...columns(2, 3), nPeaks: { value: Int32Array.of(1, -1) } }, /claims -1 peaks for frame 1/],
    [
      { ...columns(2, 3), peakYPosRaw: { value: Float32Array.of(1, 2) } },
      /peakYPosRaw is 2 .*expected 2 rows, one per frame/,
    ],
  ];
  for (const [result, says] of cases) {
    const dataset = await open(await cxi(2, result), { codecs });
    await expect(dataset.peaks?.(0, 2)).rejects.toThrow(says);
    await expect(dataset.peaks?.(0, 2)).rejects.toMatchObject({ tag: 'Format' });
    await dataset.dispose();
  }
  const dataset = await open(await cxi(2, columns(2, 3)), { codecs });
  await expect(dataset.peaks?.(0, 1, { path: '/nowhere' })).rejects.toThrow(/no peak list at \/nowhere/);
  await expect(dataset.peaks?.(0, 1, { path: '/entry_1/data_1/data' })).rejects.toThrow(
    /only valid for a single frame/,
  );
  await dataset.dispose();
});

test('a table of fs, ss, intensity, for a file of one frame', async () => {
  const peaks: WriteNode = { value: Float64Array.of(1, 2, 30, 4, 5, 60), shape: [2, 3] };
  const dataset = await open(await cxi(1, {}, { processing: { children: { peaks } } }), { codecs });
  const { counts, fs, ss, intensity } = (await dataset.peaks?.(0, 1, { path: '/processing/peaks' })) ?? expect.fail();
  expect([[...counts], [...fs], [...ss], [...(intensity ?? [])]]).toEqual([[2], [1.5, 4.5], [2.5, 5.5], [30, 60]]);
  await dataset.dispose();
});

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
describe.skipIf(!python)(python ? 'h5py' : 'absent: h5py (Debian: python3-h5py)', () => {
  test('chunked, compressed, growing columns of single and half precision, as detectors write them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-cxi-'));
    const path = join(folder, 'run.cxi');
    const script = `
import h5py, numpy as np, sys
f = h5py.File(sys.argv[1], 'w')
f['cxi_version'] = 150
f.create_dataset('entry_1/data_1/data', data=np.zeros((7, 5, 6), 'i2'), chunks=(1, 5, 6), maxshape=(None, 5, 6))
r = f.create_group('entry_1/result_1')
n = np.array([0, 3, 1, 0, 2, 5, 4])
r.create_dataset('nPeaks', data=n, maxshape=(None,), chunks=(2,))
for i, name in enumerate(['peakXPosRaw', 'peakYPosRaw', 'peakTotalIntensity']):
    d = np.zeros((7, 5), '<f2' if i == 0 else '>f4')
    for k in range(7): d[k, :n[k]] = np.arange(n[k]) + 10 * k + 1000 * i
    r.create_dataset(name, data=d, maxshape=(None, 5), chunks=(2, 3), compression='gzip', shuffle=True)
`;
    execFileSync(python ?? '', ['-c', script, path]);
    const dataset = await open(path, { codecs });
    const { counts, fs, ss } = (await dataset.peaks?.(0, 7)) ?? expect.fail();
    expect([...counts]).toEqual([0, 3, 1, 0, 2, 5, 4]);
    expect([...fs]).toEqual([10, 11, 12, 20, 40, 41, 50, 51, 52, 53, 54, 60, 61, 62, 63].map((x) => x + 0.5));
    expect([...ss]).toEqual([...fs].map((x) => x + 1000));
    await dataset.dispose();
    rmSync(folder, { recursive: true });
  });
});
