/** `ewald/hdf5`: any object of a file, as h5py reads it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEwaldError } from 'ewald';
import { afterAll, describe, expect, test } from 'vitest';
import { type ByteSource, type HdfDataset, type HdfFile, memorySource, open } from '../../dist/hdf5.node.js';
import { drawnFiles, readAsTold } from './hdf5-objects.js';

const seed = Number(process.env.EWALD_SEED ?? 1);
const drawn = drawnFiles(seed, 4);
const folder = drawn?.folder ?? '';
afterAll(() => drawn && rmSync(folder, { recursive: true, force: true }));
if (!drawn) test.skip('absent: h5py (Debian: python3-h5py)', () => undefined);
const files = Object.entries(drawn?.told ?? {});

describe.each(files)(`%s, seed ${seed}`, (name, told) => {
  test('groups, attributes, types and selections of datasets are as h5py reads them', async () => {
    expect(await readAsTold(join(folder, name), told)).toEqual(told);
  });

  test('a damaged superblock, root, dataset or end of the file is refused by where it is', async () => {
    const before = process.resourceUsage().maxRSS;
    const whole = readFileSync(join(folder, name));
    const sound = await open(join(folder, name));
    const dataset = await sound.get('/area');
    const places = [sound.root.address, dataset?.address ?? 0];
    await sound.dispose();
    const start = whole.indexOf('\x89HDF', 0, 'latin1');
    const damaged = [
      ...[start, start + 8, ...places.map((address) => start + address)].map((at) => {
        const copy = Uint8Array.from(whole);
        return copy.fill(0xa5, at, at + 4);
      }),
      Uint8Array.from(whole.subarray(0, Math.floor(whole.length / 2))),
    ];
    for (const [i, bytes] of damaged.entries()) {
      const path = join(folder, `damaged-${i}.h5`);
      writeFileSync(path, bytes);
      const error = await readAsTold(path, told).catch((caught) => caught);
      expect(isEwaldError(error, 'Format'), `${i}: ${error}`).toBe(true);
      expect(error.message).toContain(path);
      if (i === 2 || i === 3) expect(error.message).toContain(`${places[i - 2]}`);
      if (i === 3) expect(error.message).toContain('/area');
    }
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(200);
  });
});

test.runIf(drawn)(
  '300 drawn files are as h5py reads them, and take less than 200 MB',
  { tags: 'nightly', timeout: 600_000 },
  async () => {
    const many = drawnFiles(seed + 1, 300) ?? { folder: '', told: {} };
    const before = process.resourceUsage().maxRSS;
    try {
      for (const [name, told] of Object.entries(many.told))
        expect(await readAsTold(join(many.folder, name), told), name).toEqual(told);
    } finally {
      rmSync(many.folder, { recursive: true, force: true });
    }
    expect(Object.keys(many.told)).toHaveLength(300);
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(200);
  },
);

/** A source that counts the bytes that are read of it. */
function counted(bytes: Uint8Array): ByteSource & { read: ByteSource['read']; taken: number } {
  const source = memorySource(bytes, 'counted.h5');
  const counting = {
    ...source,
    taken: 0,
    read(offset: number, into: number | Uint8Array, options = {}) {
      counting.taken += typeof into === 'number' ? into : into.length;
      return source.read(offset, into, options);
    },
  };
  return counting;
}

const datasetOf = async (file: HdfFile, path: string): Promise<HdfDataset> => {
  const found = await file.get(path);
  if (found?.kind !== 'dataset') throw new Error(`${path} is no dataset`);
  return found;
};
const sample = join(process.env.EWALD_TEST_DATA ?? '../shared/data', 'formats/bslz4.h5');

test('a part of an array is read out of the chunks that hold it', async () => {
  const whole = new Uint8Array(readFileSync(sample));
  const source = counted(whole);
  const file = await open(source);
  const data = await datasetOf(file, '/u16');
  const [first] = data.shape ?? [];
  const rows = await data.read([0, [3, 9, 2], [1, 40, 3]], { into: new Uint16Array(39) });
  const all = (await data.read()) as Uint16Array;
  const width = data.shape?.[2] ?? 0;
  expect([...rows]).toEqual([3, 5, 7].flatMap((y) => Array.from({ length: 13 }, (_, x) => all[y * width + 1 + 3 * x])));
  expect([data.chunks?.[0], data.filters[0]?.name, first]).toEqual([1, 'bitshuffle + LZ4', expect.any(Number)]);
  const { taken } = source;
  await data.read([0, [0, 1]]);
  expect(source.taken - taken).toBeLessThan(whole.length / 4);
  await file.dispose();
  await expect(data.read()).rejects.toThrow(/was disposed; open it again/);
});

test.runIf(drawn)('what does not fit is refused by the path, what was found and what is needed', async () => {
  const file = await open(join(folder, '0.h5'));
  const area = await datasetOf(file, '/area');
  const wrong = [
    [[[0, 7]], {}, 'Argument', /\/area: axis 0 has 6 indices, from 0 on, but 0 to 7 was asked for/],
    [[-1], {}, 'Argument', /axis 0: .*expected integers from 0 on/],
    [[null, null, 0], {}, 'Argument', /the selection has 3 axes, but the array has 2 \(6 × 7\)/],
    [[{ start: 0, count: 2, block: 3, stride: 2 }], {}, 'Argument', /blocks of 3 every 2 overlap/],
    [
      undefined,
      { into: new Float32Array(42) },
      'Shape',
      /into is a Float32Array.* \(168 bytes\); .* need an Int32Array/,
    ],
    [undefined, { into: new Int32Array(41) }, 'Shape', /42 elements of i32 need an Int32Array of 168 bytes/],
    [undefined, { signal: AbortSignal.abort() }, 'Aborted', /./],
  ] as const;
  for (const [selection, options, tag, message] of wrong) {
    const error = await area.read(selection as never, options as never).catch((caught) => caught);
    expect(isEwaldError(error, tag), `${error}`).toBe(true);
    expect(error.message).toMatch(message);
  }
  await expect(file.at({ kind: 'none' })).rejects.toThrow(/leads nowhere/);
  expect(await file.get('/nowhere/at/all')).toBeUndefined();
  await file.dispose();
  const small = await open(join(folder, '0.h5'), { maxFrameBytes: 100 });
  await expect(datasetOf(small, '/area').then((one) => one.read())).rejects.toThrow(/42 elements of 4 bytes are more/);
  await small.dispose();
});

test.runIf(drawn)(
  'a file outside of the folder is opened by permission, and one text is not read without end',
  async () => {
    const inside = mkdtempSync(join(tmpdir(), 'ewald-hdf5-inside-'));
    const script = [
      'import h5py, numpy, os',
      "open('../outside.raw', 'wb').write(bytes(range(16)))",
      "h5py.File('../outside.h5', 'w')['x'] = numpy.arange(4)",
      "f = h5py.File('a.h5', 'w')",
      "f['link'] = h5py.ExternalLink('../outside.h5', '/x')",
      "layout = h5py.VirtualLayout((4,), 'i8')",
      "layout[:] = h5py.VirtualSource('../outside.h5', 'x', (4,))",
      "f.create_virtual_dataset('virtual', layout)",
      "f.create_dataset('raw', (16,), 'u1', external='../outside.raw')",
      "f['half'] = numpy.array([1, -2, 0.5], 'f2')",
      "text = f.create_dataset('texts', (4096,), h5py.string_dtype())",
      "text[0] = 'x' * 100000",
      'at = text.id.get_offset()',
      'f.close()',
      "raw = bytearray(open('a.h5', 'rb').read())",
      '# Every element refers to the one text.',
      'raw[at : at + 4096 * 16] = raw[at : at + 16] * 4096',
      "open('a.h5', 'wb').write(raw)",
    ].join('\n');
    const nested = join(inside, 'nested');
    mkdirSync(nested);
    expect(spawnSync('/usr/bin/python3', ['-c', script], { cwd: nested }).status).toBe(0);
    for (const path of ['/link', '/virtual', '/raw']) {
      const closed = await open(join(nested, 'a.h5'));
      const read = datasetOf(closed, path).then((one) => one.read());
      await expect(read).rejects.toThrow(/outside its folder; .*allowOutside/);
      await closed.dispose();
      const allowed = await open(join(nested, 'a.h5'), { allowOutside: true });
      const values = await (await datasetOf(allowed, path)).read();
      expect(Array.from(values as ArrayLike<number>, Number)).toEqual([...Array(values.length).keys()]);
      await allowed.dispose();
    }
    const full = await open(join(nested, 'a.h5'), { maxFrameBytes: 2 ** 24 });
    const half = await datasetOf(full, '/half');
    expect(await half.read([[0, 2]])).toEqual(Uint16Array.of(0x3c00, 0xc000));
    const texts = await datasetOf(full, '/texts');
    expect((await texts.read([[0, 9]])).length).toBe(9);
    await expect(texts.read()).rejects.toThrow(/a value has more elements or bytes than are read at once/);
    await full.dispose();
    rmSync(inside, { recursive: true, force: true });
  },
);
