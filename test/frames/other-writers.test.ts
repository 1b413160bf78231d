/** Files as other programs write them: BLISS, Zarr 3.1, NumPy of Python 2, HDF5 with arrays that are no numbers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, expect, test } from 'vitest';
import { zarrArray } from '../../src/frames/zarr/metadata.js';

const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import h5py, numpy']).status === 0,
);
const folder = mkdtempSync(join(tmpdir(), 'ewald-writers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs statements of Python in the folder. */
const made = (...lines: string[]) =>
  execFileSync(python as string, ['-c', ['import os, h5py', 'import numpy as np', ...lines].join('\n')], {
    cwd: folder,
  });

async function opened(name: string, options: Parameters<typeof open>[1] = {}) {
  const dataset = await open(join(folder, name), options);
  try {
    const { shape, notes, arrays, meta } = dataset;
    const [value] = await dataset.read(0, 1);
    const path = arrays.find(({ chosen }) => chosen)?.name ?? meta.header?.path;
    return { frames: dataset.frames, sig: shape.sig, value: Number(value), path, notes: notes.map(({ text }) => text) };
  } finally {
    await dataset.dispose();
  }
}

test.runIf(python)(
  'entries of BLISS that are links to groups of other files are followed, with permission outside',
  async () => {
    made(
      'for k in (1, 2):',
      '    os.makedirs(f"bliss/scan{k}")',
      '    with h5py.File(f"bliss/scan{k}/scan.h5", "w") as f:',
      '        f["1.1/measurement/counter"] = np.arange(5.)',
      '        f["1.1/instrument/eiger/data"] = np.full((5, 4, 4), k, "u4")',
      'os.makedirs("other")',
      'link = h5py.ExternalLink',
      'with h5py.File("bliss/one.h5", "w") as f: f["1.1"] = link("scan1/scan.h5", "/1.1")',
      'with h5py.File("bliss/two.h5", "w") as f:',
      '    for k in (1, 2): f[f"{k}.1"] = link(f"scan{k}/scan.h5", "/1.1")',
      'with h5py.File("bliss/gone.h5", "w") as f: f["1.1"] = link("scan9/scan.h5", "/1.1")',
      'with h5py.File("other/out.h5", "w") as f: f["1.1"] = link("../bliss/scan2/scan.h5", "/1.1")',
    );
    const own = { frames: 5, sig: [4, 4], value: 1, path: '/1.1/instrument/eiger/data' };
    expect(await opened('bliss/one.h5')).toMatchObject(own);
    await expect(opened('bliss/two.h5')).rejects.toThrow(
      /\/1\.1\/instrument\/eiger\/data.*\/2\.1\/instrument\/eiger\/data/,
    );
    const second = { ...own, value: 2, path: '/2.1/instrument/eiger/data' };
    for (const dataset of ['/2.1', '2.1', '/2.1/instrument', '/2.1/instrument/eiger/data'])
      expect(await opened('bliss/two.h5', { dataset }), dataset).toMatchObject(second);
    await expect(opened('bliss/gone.h5')).rejects.toThrow(/scan9\/scan\.h5 does not exist/);
    await expect(opened('other/out.h5')).rejects.toThrow(/outside its folder; open it with allowOutside: true/);
    for (const options of [{}, { dataset: '/1.1' }])
      expect(await opened('other/out.h5', { ...options, allowOutside: true })).toMatchObject({ ...own, value: 2 });
  },
);

test.runIf(python)('arrays of HDF5 that are not read are named with the reason', async () => {
  made(
    'record = [("x", "f4"), ("y", "S4")]',
    'with h5py.File("odd.h5", "w") as f:',
    '    f["a"] = np.zeros((3, 4, 4), record)',
    '    f["b"] = np.zeros((3, 4, 4), "u2")',
    'with h5py.File("odder.h5", "w") as f: f["a"] = np.zeros((3, 4, 4), record)',
  );
  const why = /\/a is not read: it is 3 × 4 × 4 records \{x: f32, y: text of 4\}/;
  expect(await opened('odd.h5')).toMatchObject({
    path: '/b',
    notes: expect.arrayContaining([expect.stringMatching(why)]),
  });
  await expect(opened('odder.h5')).rejects.toThrow(why);
});

test('names that Zarr 3.1 writes without a configuration are those of 3.0', () => {
  const long = {
    zarr_format: 3,
    node_type: 'array',
    shape: [4, 8, 8],
    data_type: 'uint16',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [1, 8, 8] } },
    chunk_key_encoding: { name: 'default' },
    fill_value: 0,
    codecs: [{ name: 'bytes', configuration: { endian: 'little' } }, { name: 'crc32c' }],
  };
  const short = {
    ...long,
    data_type: { name: 'uint16' },
    chunk_key_encoding: 'default',
    codecs: [long.codecs[0], 'crc32c'],
  };
  const { key, ...array } = zarrArray(short);
  const { key: ofLong, ...expected } = zarrArray(long);
  expect(array).toEqual(expected);
  expect(key([1, 2])).toBe(ofLong([1, 2]));
  expect(zarrArray({ ...short, chunk_key_encoding: 'v2' }).key([1, 2])).toBe('1.2');
  expect(zarrArray({ ...short, data_type: 'uint8', codecs: ['bytes'] }).codecs).toEqual([]);
});

test('.npy files of Python 2, whose lengths end with L, are read', async () => {
  const header = "{'descr': u'<u2', 'fortran_order': False, 'shape': (2L, 3L, 4L), }".padEnd(117);
  const data = Uint16Array.from({ length: 24 }, (_, i) => i);
  const bytes = Buffer.concat([Buffer.from(`\x93NUMPY\x01\0\x76\0${header}\n`, 'latin1'), Buffer.from(data.buffer)]);
  const dataset = await open(new File([bytes], 'a.npy'));
  expect(dataset.shape).toEqual({ nav: [2], sig: [3, 4] });
  expect([...(await dataset.read(1, 1))]).toEqual([...data.subarray(12)]);
  await dataset.dispose();
});
