// @module-tag all: other readers, in Python.
/** Results as other programs read them: axes, scale and units by h5py and tifffile, and as xarray finds them in Zarr. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ewaldTogether as ewald } from '../support/cli.js';

let folder: string;
const at = (name: string): string => join(folder, name);
const [rows, columns, side] = [6, 5, 8];
const written = async (what: string, ...more: string[]) => {
  const step = what.includes('icom') ? ['--dpix', '0.25'] : [];
  const { code, err } = await ewald(['run', what, at('scan.npy'), ...step, ...more]);
  expect(code, err).toBe(0);
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-readers-'));
  const data = Float32Array.from({ length: rows * columns * side * side }, (_, i) => (i * 7919) % 101);
  await writeFile(at('scan.npy'), formatNpy({ shape: [rows, columns, side, side], data, complex: false }));
});
afterAll(() => rm(folder, { recursive: true }));

const python = (modules: string, program: string): unknown => {
  const head = `import json, sys\ntry:\n import numpy, ${modules}\nexcept ImportError: print('null'); sys.exit()\n`;
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', head + program], { encoding: 'utf8' }));
};

test('a .h5 of results is an NXdata with signal, axes, steps and units', async ({ skip }) => {
  await written('icom,com,sum', '-o', at('all.h5'));
  const found = python(
    'h5py',
    `f = h5py.File(${JSON.stringify(at('all.h5'))})
r = f[f.attrs['default']]
text = lambda v: v.decode() if isinstance(v, bytes) else str(v)
signal = text(r.attrs['signal'])
print(json.dumps({
  'class': text(r.attrs['NX_class']), 'shape': list(r[signal].shape), 'axes': [text(a) for a in r.attrs['axes']],
  'x': list(r['scan_x'][...]), 'unit': text(r['scan_x'].attrs['units']),
  'same': all(r[text(n)].shape == r[signal].shape for n in r.attrs['auxiliary_signals']),
  'names': {k: [text(a) for a in r[k].attrs['_ARRAY_DIMENSIONS']] for k in ('com-field', 'sum-intensity', 'scan_y')}}))`,
  );
  if (found === null) skip('absent: h5py');
  expect(found).toEqual({
    class: 'NXdata',
    shape: [rows, columns],
    axes: ['scan_y', 'scan_x'],
    x: [0, 0.25, 0.5, 0.75, 1],
    unit: 'nm',
    same: true,
    names: {
      'com-field': ['scan_y', 'scan_x', 'component'],
      'sum-intensity': ['sig_y', 'sig_x'],
      scan_y: ['scan_y'],
    },
  });
});

test('a .zarr of results names its axes as xarray does, each of one length, and has their numbers', async () => {
  await written('icom,com,sum', '-o', at('all.zarr'));
  const { metadata } = JSON.parse(readFileSync(at('all.zarr/.zmetadata'), 'utf8'));
  const lengths: Record<string, number> = {};
  for (const name of ['com-x', 'com-field', 'sum-intensity', 'scan_y', 'scan_x']) {
    const { shape } = metadata[`${name}/.zarray`];
    const axes = metadata[`${name}/.zattrs`]._ARRAY_DIMENSIONS as string[];
    expect(axes).toHaveLength(shape.length);
    for (const [i, axis] of axes.entries()) {
      expect(lengths[axis] ?? shape[i]).toBe(shape[i]);
      lengths[axis] = shape[i];
    }
  }
  expect(lengths).toEqual({ scan_y: rows, scan_x: columns, component: 2, sig_y: side, sig_x: side });
  expect(metadata['scan_x/.zattrs'].units).toBe('nm');
  const chunk = new Uint8Array(readFileSync(at('all.zarr/scan_x/0')));
  expect([...new Float64Array(chunk.buffer)]).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

test.for([
  ['icom', ['phase', 'x', 'y'], 0.25, 'nm'],
  ['com', ['x', 'y', 'field y', 'field x'], 1, null],
] as const)(
  'a .tif of %s has an image of float32 for each result, with names, step and unit',
  async (row, { skip }) => {
    const [what, names, step, unit] = row;
    await written(what, '-o', at(`${what}.tif`));
    await written(what, '-o', at(`${what}.h5`));
    const found = python(
      'h5py, tifffile',
      `t = tifffile.TiffFile(${JSON.stringify(at(`${what}.tif`))})
r = h5py.File(${JSON.stringify(at(`${what}.h5`))})['results']
names = [p.tags['PageName'].value for p in t.pages]
def of(name):
  if name in r: return r[name][...]
  base, part = name.rsplit(' ', 1)
  return r[base][..., ['y', 'x'].index(part)]
p = t.pages[0]
print(json.dumps({
  'same': all(numpy.array_equal(p.asarray(), of(n).astype('f4'), equal_nan=True) for p, n in zip(t.pages, names)),
  'names': names, 'dtype': str(p.dtype), 'unit': t.imagej_metadata.get('unit'), 'images': t.imagej_metadata['images'],
  'step': p.tags['XResolution'].value[1] / p.tags['XResolution'].value[0]}))`,
    ) as { names: string[] } | null;
    if (found === null) return skip('absent: h5py or tifffile');
    expect(found).toMatchObject({ same: true, dtype: 'float32', unit, step, images: found.names.length });
    expect(found.names).toEqual(expect.arrayContaining([...names]));
  },
);

test('a .tif of what is no image is refused', async () => {
  const { code, err } = await ewald(['run', 'disk', at('scan.npy'), '--nav-shape', '30', '-o', at('line.tif')]);
  expect(code).not.toBe(0);
  expect(err).toMatch(/a \.tif file holds images of real numbers, and intensity has f64 of \[30\]/);
});
