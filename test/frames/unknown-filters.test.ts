/** Filters that the HDF5 reader does not have, in files of h5py: refused by number and name before anything is read. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { dataFolder } from '../support/data.js';
import { codecsHere } from './hdf5-support.js';

let codecs: Codecs;
const folder = mkdtempSync(join(tmpdir(), 'ewald-filters-'));
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
for name, dtype, more in [('scaled', 'i4', dict(scaleoffset=0)), ('szip', 'u2', dict(compression='szip'))]:
    with h5py.File(sys.argv[1] + '/' + name + '.h5', 'w') as f:
        f.create_dataset('data', data=data.astype(dtype), chunks=(1, 40, 50), **more)
with h5py.File(sys.argv[1] + '/virtual.h5', 'w', libver='latest') as f:
    layout = h5py.VirtualLayout((6, 40, 50), 'u2')
    layout[0:6] = h5py.VirtualSource('szip.h5', 'data', (6, 40, 50))
    f.create_virtual_dataset('data', layout)
`;

describe.skipIf(!python)(python ? 'a filter that is not known' : 'absent: h5py (Debian: python3-h5py)', () => {
  beforeAll(() => execFileSync(python ?? '', ['-c', script, folder]));
  const refusal = (filter: RegExp) => ({ tag: 'Unsupported', message: expect.stringMatching(filter) });

  test('is named when the file is opened', async () => {
    const filter = /filter 4 \(SZIP\), which is not supported; repack it, for example by h5repack -f GZIP=1/;
    const path = join(folder, 'szip.h5');
    for (const source of [path, memorySource(new Uint8Array(readFileSync(path)), path)])
      await expect(open(source, { codecs })).rejects.toMatchObject(refusal(filter));
  });

  test('is named in the file that a virtual dataset refers to', async () => {
    const read = open(join(folder, 'virtual.h5'), { codecs }).then((dataset) => dataset.read(0, 1));
    await expect(read).rejects.toMatchObject(refusal(/szip\.h5.*filter 4 \(SZIP\)/));
  });

  test('is named as the file writes it where no table has its number', async () => {
    const bytes = new Uint8Array(readFileSync(join(folder, 'scaled.h5')));
    const at = Buffer.from(bytes).indexOf('scaleoffset');
    new DataView(bytes.buffer).setUint16(at - 8, 31337, true);
    await expect(open(memorySource(bytes, 'odd.h5'), { codecs })).rejects.toMatchObject(
      refusal(/filter 31337 \(scaleoffset\)/),
    );
  });
});

test.skipIf(!dataFolder)('bitshuffle with Zstandard and other plugins are read or refused, never guessed', async () => {
  const path = join(dataFolder ?? '', 'formats-em', 'bitshuffle_regression_0.4.0.h5');
  const error = await open(path, { codecs, dataset: '/compressed_zstd/origional_0' }).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ tag: expect.stringMatching(/Unsupported|Argument/) });
});
