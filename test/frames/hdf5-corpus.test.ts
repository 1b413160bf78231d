/**
 * A corpus written by h5py with each layout, chunk index, filter, dtype and library version, with attributes, links and
 * virtual datasets. Our reader must return the written values of every dataset.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, describe, expect, test } from 'vitest';
import { elements } from '../../src/bytes/dtype.js';
import { memorySource } from '../../src/bytes/sources/memory.js';
import { Hdf5Dataset } from '../../src/hdf5/dataset.js';
import { isEwaldError } from '../../src/util/errors.js';
import { isQuick } from '../support/variants.js';
import { openHdf5, readAll, sha256 } from './hdf5-support.js';

interface Corpus {
  readonly hdf5: string;
  readonly files: Readonly<
    Record<string, Readonly<Record<string, { shape: number[]; dtype: string; sha256: string }>>>
  >;
}

const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import h5py, numpy']).status === 0,
);
const folder = mkdtempSync(join(tmpdir(), 'ewald-hdf5-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const corpus: Corpus | undefined = python
  ? JSON.parse(execFileSync(python, ['test/frames/hdf5-corpus.py', folder], { encoding: 'utf8', maxBuffer: 2 ** 26 }))
  : undefined;
if (!python) test.skip('absent: h5py (Debian: python3-h5py)', () => undefined);

async function withPlugins() {
  const { default: h5wasm } = await import('h5wasm/node');
  const module = await h5wasm.ready;
  module.insert_plugin_search_path(resolve('node_modules/h5wasm-plugins/plugins'), 0);
  return { h5wasm, module };
}

describe.each(Object.entries(corpus?.files ?? {}))('%s', (name, datasets) => {
  test(`${Object.keys(datasets).length} datasets hold what was written`, { tags: 'all' }, async () => {
    const file = await openHdf5(join(folder, name));
    for (const [path, wanted] of Object.entries(datasets)) {
      const found = await file.get(path);
      expect(found, path).toBeInstanceOf(Hdf5Dataset);
      if (!(found instanceof Hdf5Dataset)) continue;
      expect(found.shape, path).toEqual(wanted.shape);
      const numpy = found.numbers ? elements[found.numbers.dtype].numpy : '';
      expect(numpy, path).toBe(wanted.dtype === 'bool' ? 'uint8' : wanted.dtype);
      expect(sha256(await readAll(found)), path).toBe(wanted.sha256);
    }
    await file.source.close();
  });

  test('h5wasm reads the same', { tags: 'nightly' }, async () => {
    const { h5wasm, module } = await withPlugins();
    const file = new h5wasm.File(join(folder, name), 'r');
    for (const [path, { shape, sha256: wanted }] of Object.entries(datasets)) {
      const bytes = (module.get_dataset_metadata(file.file_id, path) as { size: number }).size;
      const length = shape.reduce((product, n) => product * n, bytes);
      const address = (module as unknown as { _malloc(n: number): number })._malloc(Math.max(1, length));
      const words = (numbers: readonly number[]) => numbers.map(BigInt);
      const all = shape.length === 0 ? null : words(shape);
      const zeros = all && words(shape.map(() => 0));
      const ones = all && words(shape.map(() => 1));
      const { get_dataset_data: get } = module as unknown as { get_dataset_data: (...args: unknown[]) => number };
      expect(length === 0 ? 0 : get(file.file_id, path, all, zeros, ones, BigInt(address)), path).toBe(0);
      const found = (module as unknown as { HEAPU8: Uint8Array }).HEAPU8.slice(address, address + length);
      (module as unknown as { _free(address: number): void })._free(address);
      expect(sha256(found), path).toBe(wanted);
    }
    file.close();
  });

  test('boxes are the same as those cut from the whole array', async () => {
    const file = await openHdf5(join(folder, name));
    let state = 1;
    const whole = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (const path of Object.keys(datasets).filter(
      (path, i) => (i % (isQuick ? 9 : 3) === 0 && !path.startsWith('/many')) || name === 'virtual.h5',
    )) {
      const found = await file.get(path);
      if (!(found instanceof Hdf5Dataset) || found.shape.length === 0 || found.shape.includes(0)) continue;
      const all = await readAll(found);
      const { size } = found.type;
      for (let i = 0; i < 4; i++) {
        const start = found.shape.map((n) => whole(n));
        const count = found.shape.map((n, axis) => 1 + whole(Math.min(50, n - (start[axis] ?? 0))));
        const box = await found.read({ start, count }, new Uint8Array(count.reduce((a, b) => a * b, size)));
        // A plain comparison, element by element.
        const place = count.map(() => 0);
        for (let at = 0; at < box.length; at += size) {
          let from = 0;
          for (let axis = 0; axis < place.length; axis++)
            from = from * (found.shape[axis] ?? 1) + (start[axis] ?? 0) + (place[axis] ?? 0);
          if (Buffer.compare(box.subarray(at, at + size), all.subarray(from * size, (from + 1) * size)) !== 0)
            expect.fail(`${path}: [${start}] + [${place}] of a box of ${count}`);
          for (let axis = place.length - 1; axis >= 0; axis--) {
            place[axis] = (place[axis] ?? 0) + 1;
            if ((place[axis] ?? 0) < (count[axis] ?? 0)) break;
            place[axis] = 0;
          }
        }
      }
    }
    await file.source.close();
  });
});

test('h5wasm writes files with each filter that our reader supports, of each type and index', {
  tags: 'all',
}, async () => {
  const { h5wasm } = await withPlugins();
  const path = join(folder, 'by-h5wasm.h5');
  const file = new h5wasm.File(path, 'w');
  const written = new Map<string, string>();
  const arrays = {
    i1: Int8Array,
    u2: Uint16Array,
    i4: Int32Array,
    u8: BigUint64Array,
    f4: Float32Array,
    f8: Float64Array,
  };
  const packings: [string, number | 'gzip', number[]][] = [
    ['gzip', 'gzip', [6]],
    ['lzf', 32000, []],
    ['lz4', 32004, [0]],
    ['lz4_small_blocks', 32004, [64]],
    ['bitshuffle', 32008, [0, 0]],
    ['bitshuffle_lz4', 32008, [0, 2]],
    ['bitshuffle_lz4_blocks', 32008, [16, 2]],
  ];
  for (const [type, Values] of Object.entries(arrays))
    for (const [packing, compression, options] of packings)
      for (const [index, maxshape] of [
        ['fixed', [23, 17]],
        ['one', [null, 17]],
        ['two', [null, null]],
      ] as const) {
        const data = new Values(23 * 17);
        for (let i = 0; i < data.length; i++) data[i] = (type === 'u8' ? BigInt(i % 7) : i % 100) as never;
        const name = `${type}_${packing}_${index}`;
        file.create_dataset({
          name,
          data: data as never,
          shape: [23, 17],
          chunks: [8, 17],
          maxshape: maxshape as never,
          compression,
          compression_opts: options,
        });
        written.set(name, sha256(new Uint8Array(data.buffer)));
      }
  file.close();
  expect(written.size).toBe(6 * 7 * 3);
  const ours = await openHdf5(path);
  for (const [name, hash] of written) {
    const found = (await ours.need(name)) as Hdf5Dataset;
    expect(found.filters.length, name).toBeGreaterThan(0);
    expect(sha256(await readAll(found)), name).toBe(hash);
  }
  await ours.source.close();
});

describe.skipIf(!corpus)('links, attributes, errors', () => {
  test.each(['earliest.h5', 'latest.h5'])('attributes of %s, few and many', async (name) => {
    const file = await openHdf5(join(folder, name));
    const noted = await file.need('/noted');
    const attributes = await noted.attributes();
    expect(attributes.size).toBe(43);
    for (let i = 0; i < 40; i++)
      expect([...(attributes.get(`attribute ${i}`) as never as bigint[])].map(Number)).toEqual([...Array(i).keys()]);
    expect(attributes.get('text')).toBe('Å');
    expect(attributes.get('fixed')).toBe('fixed');
    expect(attributes.get('texts')).toEqual(['a', 'bc', '']);
    const names = await file.need('/names');
    expect('links' in names && names.links.size).toBe(300);
    await file.source.close();
  });

  test('a link into another file is followed, and a circular one is refused', async () => {
    const file = await openHdf5(join(folder, 'latest.h5'));
    const outside = await file.get('/outside');
    expect(outside instanceof Hdf5Dataset && sha256(await readAll(outside))).toBe(
      corpus?.files['earliest.h5']?.['/index/fixed/gzip']?.sha256,
    );
    await expect(file.get('/round')).rejects.toSatisfy((e) => isEwaldError(e, 'Format') && /cycle/.test(e.message));
    expect(await file.get('/dangling')).toBeUndefined();
    expect(await file.get('/noted/below')).toBeUndefined();
  });

  test('an unknown filter is refused by number and name before a byte is read', async () => {
    const file = await openHdf5(join(folder, 'unknown.h5'));
    const packed = (await file.need('/packed')) as Hdf5Dataset;
    await expect(readAll(packed)).rejects.toThrow(/filter 4 \(SZIP\)/);
  });

  test('a file missing beside a virtual dataset is named; the rest can be read', async () => {
    const alone = mkdtempSync(join(tmpdir(), 'ewald-hdf5-'));
    for (const name of ['virtual.h5', 'part_0.h5', 'part_2.h5']) cpSync(join(folder, name), join(alone, name));
    const file = await openHdf5(join(alone, 'virtual.h5'));
    const stacked = (await file.need('/stacked')) as Hdf5Dataset;
    const frame = (at: number): Promise<Uint8Array> =>
      stacked.read({ start: [at, 0, 0], count: [1, 6, 5] }, new Uint8Array(60));
    await frame(3);
    await frame(8);
    await expect(frame(5)).rejects.toSatisfy(
      (e) => isEwaldError(e, 'File') && /part_1\.h5/.test(e.message) && /does not exist/.test(e.message),
    );
    rmSync(alone, { recursive: true });
  });

  test('a chunk whose checksum is wrong is named; the others can be read', async () => {
    const bytes = readFileSync(join(folder, 'latest.h5'));
    const file = await openHdf5(join(folder, 'latest.h5'));
    const dataset = (await file.need('/index/fixed/fletcher')) as Hdf5Dataset;
    // Find the bytes of the first frames' chunk in the file and change one.
    const first = await dataset.read({ start: [0, 0, 0], count: [1, 8, 4] }, new Uint8Array(64));
    const at = bytes.indexOf(first.subarray(0, 48));
    expect(at).toBeGreaterThan(0);
    bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 1;
    const changed = join(folder, 'changed.h5');
    writeFileSync(changed, bytes);
    const other = (await (await openHdf5(changed)).need('/index/fixed/fletcher')) as Hdf5Dataset;
    await expect(other.read({ start: [0, 0, 0], count: [1, 8, 4] }, new Uint8Array(64))).rejects.toSatisfy(
      (e) =>
        isEwaldError(e, 'Format') &&
        /chunk of \[0, 0, 0\] is damaged: the Fletcher-32 stored with the chunk is [0-9a-f]{8}, but/.test(e.message) &&
        e.detail.checksum === 'Fletcher-32' &&
        e.detail.expected !== e.detail.found &&
        e.detail.frame === 0,
    );
    await other.read({ start: [5, 0, 0], count: [1, 8, 4] }, new Uint8Array(64));
  });

  test('a path that leads out of the folder is refused unless it is allowed', async () => {
    if (!python) return;
    const inside = mkdtempSync(join(folder, 'inside-'));
    const script = `import h5py,sys\nf=h5py.File(sys.argv[1],'w')\nf['up']=h5py.ExternalLink('../earliest.h5','/scalar')`;
    execFileSync(python, ['-c', script, join(inside, 'link.h5')]);
    const refused = await openHdf5(join(inside, 'link.h5'));
    await expect(refused.get('/up')).rejects.toThrow(/outside its folder; open it with allowOutside/);
    const allowed = await openHdf5(join(inside, 'link.h5'), true);
    expect(await allowed.get('/up')).toBeInstanceOf(Hdf5Dataset);
    const words =
      /\(0 objects, 1 link to other files, the first is \/up; name one as dataset \(--dataset\) to follow it; 1 cannot be read, .*allowOutside/;
    await expect(open(join(inside, 'link.h5'))).rejects.toThrow(words);
  });
});

/** Structures with a checksum, and for each a byte of a position or size. */
const structures = {
  OHDR: 24,
  OCHK: 10,
  BTHD: 12,
  BTLF: 8,
  BTIN: 8,
  FRHP: 30,
  FHIB: 22,
  FHDB: 30,
  FAHD: 9,
  FADB: 14,
  EAHD: 20,
  EAIB: 14,
  EASB: 20,
  EADB: 30,
} as const;

describe.skipIf(!corpus)('one flipped bit', () => {
  const whole = corpus ? readFileSync(join(folder, 'latest.h5')) : new Uint8Array(0);
  // One file for each chunk index, and some others.
  const written = Object.entries(corpus?.files['latest.h5'] ?? {}).filter(
    ([path], i) => /^\/(index\/[^/]+\/(none|gzip)|sparse|many|names|noted)/.test(path) || i % 60 === 0,
  );
  const placesOf = (signature: string): number[] => {
    const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.length);
    const places: number[] = [];
    for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 1)) places.push(at);
    return places;
  };
  /** Changes some bytes of the file. Returns the datasets that are silently wrong, and the checksum errors. */
  const readWith = async (places: readonly number[], checksums = true) => {
    const bytes = Uint8Array.from(whole);
    for (const place of places) bytes[place] = (bytes[place] ?? 0) ^ 8;
    const found = { wrong: [] as string[], checksum: 0, other: 0, right: 0 };
    const file = await openHdf5(memorySource(bytes), false, checksums);
    for (const [path, { sha256: wanted }] of written)
      try {
        const dataset = await file.get(path);
        if (dataset instanceof Hdf5Dataset && sha256(await readAll(dataset)) === wanted) found.right++;
        else found.wrong.push(path);
      } catch (error) {
        if (!isEwaldError(error, 'Format')) found.wrong.push(`${path}: ${error}`);
        else if (error.detail.checksum === undefined) found.other++;
        else found.checksum++;
      }
    return found;
  };

  test.each(Object.entries(structures))(
    'in every %s is found by its checksum',
    { tags: 'all' },
    async (signature, offset) => {
      const places = placesOf(signature);
      expect(places.length).toBeGreaterThan(0);
      const { wrong, checksum } = await readWith(places.map((place) => place + offset));
      expect(wrong).toEqual([]);
      expect(checksum).toBeGreaterThan(0);
    },
  );

  test('in pages of fixed arrays is found by their checksums', { tags: 'all' }, async () => {
    const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
    const pages = placesOf('FAHD').flatMap((at) => {
      const [bits, count, block] = [whole[at + 7] ?? 0, view.getUint32(at + 8, true), view.getUint32(at + 16, true)];
      const pageCount = count > 2 ** bits ? Math.ceil(count / 2 ** bits) : 0;
      return pageCount > 0 && block < whole.length ? [block + 14 + Math.ceil(pageCount / 8) + 4] : [];
    });
    expect(pages.length).toBeGreaterThan(0);
    const { wrong, checksum } = await readWith(pages);
    expect(wrong).toEqual([]);
    expect(checksum).toBeGreaterThan(0);
  });

  test('in a checksum itself does no harm without checksums', { tags: 'nightly' }, async () => {
    const blocks = placesOf('FAHD').map((at) => at + 24);
    expect((await readWith(blocks)).checksum).toBeGreaterThan(0);
    expect(await readWith(blocks, false)).toEqual({ wrong: [], checksum: 0, other: 0, right: written.length });
  });
});
