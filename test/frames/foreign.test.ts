/**
 * Filters that our HDF5 reader does not support, decoded by h5wasm: files written by h5py, and an error wherever
 * decoding fails.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import type { Codecs } from '../../src/frames/codecs/codecs.js';
import { openSource } from '../../src/frames/open.js';
import { dataFolder } from '../support/data.js';
import { codecsHere } from './hdf5-support.js';

let codecs: Codecs;
const folder = mkdtempSync(join(tmpdir(), 'ewald-foreign-'));
beforeAll(async () => {
  codecs = await codecsHere();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await codecs.dispose();
});

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
const script = `
import h5py, numpy as np, sys
data = (np.arange(6 * 40 * 50) % 4001).astype('i4').reshape(6, 40, 50)
for name, dtype, more in [('scaled', 'i4', dict(scaleoffset=0)), ('scaled_big', '>i4', dict(scaleoffset=0, shuffle=True)),
                          ('szip', 'u2', dict(compression='szip')), ('nbit', None, {})]:
    with h5py.File(sys.argv[1] + '/' + name + '.h5', 'w') as f:
        if name == 'nbit':
            t = h5py.h5t.NATIVE_INT32.copy(); t.set_precision(13)
            p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_chunk((1, 40, 50)); p.set_filter(5, 0)
            h5py.h5d.create(f.id, b'data', t, h5py.h5s.create_simple(data.shape), p).write(h5py.h5s.ALL, h5py.h5s.ALL, data)
        else:
            f.create_dataset('data', data=data.astype(dtype), chunks=(1, 40, 50), **more)
        # A second array, so that a virtual dataset can take both ways.
        f.create_dataset('plain', data=np.arange(10))
with h5py.File(sys.argv[1] + '/virtual.h5', 'w', libver='latest') as f:
    layout = h5py.VirtualLayout((12, 40, 50), 'u2')
    source = h5py.VirtualSource('szip.h5', 'data', (6, 40, 50))
    layout[0:6] = source
    layout[6:12] = source
    f.create_virtual_dataset('data', layout)
`;
const expected = (frame: number, count: number): number[] =>
  Array.from({ length: count * 2000 }, (_, i) => (frame * 2000 + i) % 4001);

describe.skipIf(!python)(python ? 'h5wasm' : 'absent: h5py (Debian: python3-h5py)', () => {
  beforeAll(() => execFileSync(python ?? '', ['-c', script, folder]));

  test.each([
    ['scaled', 'i32', /^scale-offset \(by h5wasm\)$/],
    ['scaled_big', 'i32', /^shuffle \(by h5wasm\)$|^scale-offset \(by h5wasm\)$/],
    ['szip', 'u16', /^SZIP \(by h5wasm\)$/],
  ])('%s', async (name, dtype, filter) => {
    const path = join(folder, `${name}.h5`);
    for (const source of [path, memorySource(new Uint8Array(readFileSync(path)), path)]) {
      const dataset = await open(source, { codecs, dataset: '/data' });
      expect(dataset.dtype).toBe(dtype);
      expect(dataset.filters.at(-1)).toMatch(filter);
      expect([...(await dataset.read(2, 3))]).toEqual(expected(2, 3));
      expect([...(await dataset.read(0, 6))]).toEqual(expected(0, 6));
      await dataset.dispose();
    }
  });

  test('a virtual dataset that refers to a file that only h5wasm reads', async () => {
    const dataset = await open(join(folder, 'virtual.h5'), { codecs });
    expect([...(await dataset.read(5, 2))]).toEqual([...expected(5, 1), ...expected(0, 1)]);
    await dataset.dispose();
  });

  test('a damaged chunk causes an error, and never returns unrelated memory', async () => {
    const bytes = new Uint8Array(readFileSync(join(folder, 'szip.h5')));
    // SZIP stores the decoded size before each chunk; it is set to an impossible value.
    const chunk = Buffer.from(bytes).indexOf(Buffer.from([0xa0, 0x0f, 0, 0]), 2048);
    expect(chunk).toBeGreaterThan(0);
    bytes.fill(0xff, chunk, chunk + 64);
    const path = join(folder, 'damaged.h5');
    writeFileSync(path, bytes);
    const dataset = await open(path, { codecs, dataset: '/data' });
    const read = Promise.all(Array.from({ length: 6 }, (_, i) => dataset.read(i, 1)));
    await expect(read).rejects.toMatchObject({ tag: 'Format', message: expect.stringMatching(/h5wasm cannot read/) });
    await dataset.dispose();
  });

  test('a filter that h5wasm does not support either is refused by number before anything is read', async () => {
    const bytes = new Uint8Array(readFileSync(join(folder, 'scaled.h5')));
    const at = Buffer.from(bytes).indexOf('scaleoffset');
    new DataView(bytes.buffer).setUint16(at - 8, 31337, true);
    await expect(open(memorySource(bytes, 'odd.h5'), { codecs, dataset: '/data' })).rejects.toMatchObject({
      tag: 'Unsupported',
      message: expect.stringMatching(/filter 31337 \(scaleoffset\).*install h5wasm/),
    });
  });

  test('without the library, the error names the filter and gives advice', async () => {
    const bytes = new Uint8Array(readFileSync(join(folder, 'szip.h5')));
    const source = () => memorySource(bytes, 'szip.h5');
    const refusal = { tag: 'Unsupported', message: expect.stringMatching(/filter 4 \(SZIP\).*h5repack/) };
    await expect(openSource(source(), { codecs, dataset: '/data' })).rejects.toMatchObject(refusal);
    const h5wasm = () => Promise.reject(new Error('no such module'));
    await expect(openSource(source(), { codecs, dataset: '/data', h5wasm })).rejects.toMatchObject(refusal);
    const given = await openSource(source(), {
      codecs,
      dataset: '/data',
      h5wasm: async () => [await import('h5wasm')],
    });
    expect([...(await given.read(1, 1))]).toEqual(expected(1, 1));
    await given.dispose();
  });
});

test.skipIf(!dataFolder)('bitshuffle with Zstandard and other plugins are read or refused, never guessed', async () => {
  const path = join(dataFolder ?? '', 'formats-em', 'bitshuffle_regression_0.4.0.h5');
  const error = await open(path, { codecs, dataset: '/compressed_zstd/origional_0' }).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ tag: expect.stringMatching(/Unsupported|Argument/) });
});
