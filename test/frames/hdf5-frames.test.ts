/** HDF5 files opened with `open`: which array is chosen, its frames, and the metadata of the experiment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileSource, memorySource, open } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { dataFolder, dataRequired, readData } from '../support/data.js';
import { fields, MadeFile, space } from './hdf5-made.js';
import { codecsHere } from './hdf5-support.js';
import { expected, isHdf5, type Sample, summary } from './samples.js';

interface Hdf5Sample extends Sample {
  readonly hdf5?: readonly { path: string; shape?: readonly number[]; dtype?: string; sha256?: string }[];
  readonly datasets: readonly (Sample['datasets'][number] & { hdf5Path?: string; axisOrder?: string })[];
}

const samples: readonly Hdf5Sample[] = dataFolder
  ? JSON.parse(readData('formats-em', 'expect.json')).filter(isHdf5)
  : [];
if (dataRequired) test('the samples are here', () => expect(samples.length).toBeGreaterThan(25));
const path = (...parts: string[]): string => join(dataFolder ?? '', ...parts);

let codecs: Codecs;
beforeAll(async () => {
  codecs = await codecsHere();
});
afterAll(() => codecs.dispose());

/** The choice of 'auto': the array that a person would choose, its navigation axes and its dialect. */
const taken: Readonly<Record<string, { path: string; navigation: number[]; signal: number[]; dialect: string }>> = {
  'nion_ref_F_2_1.dm5': { path: '/ImageList/[0]/ImageData/Data', navigation: [5], signal: [3, 4], dialect: 'DM5' },
  'test_00_master.h5': { path: '/entry/data', navigation: [4, 4], signal: [192, 192], dialect: 'Arina master' },
  'emd_example_axis_len_1.emd': {
    path: '/test_group/data_group/data',
    navigation: [5],
    signal: [1, 5],
    dialect: 'EMD',
  },
  'emd_example_signal.emd': { path: '/signals/__unnamed__/data', navigation: [3], signal: [3, 3], dialect: 'EMD' },
  'emd_Si100_4D.emd': {
    path: '/4DSTEM_simulation/data/datacubes',
    navigation: [2, 11, 11],
    signal: [8, 8],
    dialect: 'EMD',
  },
  'velox_Camera_Ceta_Diffraction_Micro.emd': {
    path: '/Data/Image/5c415056c9dc4df8be289b4bf4d63e8c/Data',
    navigation: [1],
    signal: [512, 512],
    dialect: 'Velox EMD',
  },
  'velox_fei_example_tem_stack.emd': {
    path: '/Data/Image/26f60320a61d4f66a73efd8cde34ffa9/Data',
    navigation: [2],
    signal: [3, 3],
    dialect: 'Velox EMD',
  },
  'velox_fei_example_complex_fft.emd': {
    path: '/Data/Image/127c4de271cd4bbe93cf30a3ba2a9989/Data',
    navigation: [1],
    signal: [3, 4],
    dialect: 'Velox EMD',
  },
  'fpd_file_test.hdf5': { path: '/fpd_expt/fpd_data/data', navigation: [2, 2, 1], signal: [256, 256], dialect: 'fpd' },
  'nexus_nxdata.nxs': {
    path: '/entry1/complex/detector',
    navigation: [5, 6],
    signal: [10, 20],
    dialect: 'NeXus',
  },
  'hspy_stem_diffraction_pattern.hspy': {
    path: '/Experiments/__unnamed__/data',
    navigation: [],
    signal: [167, 167],
    dialect: 'hspy',
  },
  'hspy_example1_v1.2.hdf5': {
    path: '/Experiments/NIO EELS OK SHELL/data',
    navigation: [],
    signal: [21],
    dialect: 'hspy',
  },
  'py4DSTEM_real.h5': {
    path: '/datacube_root/datacube/data',
    navigation: [2, 2],
    signal: [4, 4],
    dialect: 'EMD 1.0 (py4DSTEM)',
  },
  'i22-119583.nxs': {
    path: '/entry1/Pilatus2M/data',
    navigation: [1, 1],
    signal: [1679, 1475],
    dialect: 'NeXus',
  },
  'hdf5_h5py_complex.h5': { path: '/complex_example', navigation: [], signal: [50, 50], dialect: 'HDF5' },
};

/** Files with several arrays of which none is far larger or has more axes: the user has to choose. */
const ambiguous = ['velox_Test_SI_16x16_ReducedData.emd', 'hdf5_numeric_types.h5', 'topspin_test_A.app5'];

for (const sample of samples) {
  const { file } = sample;
  test(file, { tags: 'all' }, async () => {
    if (file.startsWith('bitshuffle_regression')) {
      await expect(open(path('formats-em', file), { codecs })).rejects.toThrow(/contains no array of numbers/);
      return;
    }
    const several = ambiguous.includes(file);
    if (several)
      await expect(open(path('formats-em', file), { codecs })).rejects.toThrow(/arrays that may hold the frames/);
    const dataset = await open(path('formats-em', file), { codecs, ...(several && { dataset: 0 }) });
    try {
      const wanted = taken[file];
      const header = dataset.meta.header ?? {};
      if (wanted) {
        const { nav: navigation, sig: signal } = dataset.shape;
        expect({ path: header.path, navigation, signal, dialect: header.dialect }).toEqual(wanted);
      }
      // Every array of the file by name, compared with the values stored by other readers.
      for (const stored of sample.hdf5 ?? []) {
        if (!stored.sha256 || !stored.shape || stored.path.endsWith('bf16')) continue;
        if (stored.path.startsWith('/compressed')) continue; // byte strings: hdf5-samples.test.ts
        if (!dataset.arrays.some(({ name }) => name === stored.path)) continue;
        const one = await open(path('formats-em', file), { codecs, dataset: stored.path });
        try {
          const found = await summary(one);
          // Velox stores frames along its last axis; the array is then transposed.
          if (header.dialect === 'Velox EMD' && /Data$/.test(stored.path)) continue;
          expect({ ...found, path: stored.path }).toMatchObject({ shape: stored.shape, sha256: stored.sha256 });
        } finally {
          await one.dispose();
        }
      }
      for (const array of sample.datasets) {
        if (array.hdf5Path === undefined || array.dtype === 'float64') continue;
        if (array.axisOrder !== undefined && header.dialect !== 'Velox EMD') continue;
        const one = await open(path('formats-em', file), { codecs, dataset: array.hdf5Path });
        const found = await summary(one);
        expect(found.sha256).toBe(expected(array).sha256);
        await one.dispose();
      }
    } finally {
      await dataset.dispose();
    }
  });
}

test.skipIf(!dataFolder)('colours of hspy are returned as a last axis', async () => {
  const dataset = await open(path('formats-em', 'hspy_test_rgba16.hdf5'), { codecs });
  expect(await summary(dataset)).toEqual(
    expected(samples.find(({ file }) => /rgba16/.test(file))?.datasets[0] as never),
  );
  await dataset.dispose();
});

test.skipIf(!dataFolder)('frames along the last axis are returned in their order', async () => {
  const name = 'velox_fei_example_tem_stack.emd';
  const dataset = await open(path('formats-em', name), { codecs });
  const all = await dataset.read(0, 2);
  const single = [await dataset.read(0, 1), await dataset.read(1, 1)];
  expect([...all]).toEqual(single.flatMap((frame) => [...frame].map(Number)));
  const array = samples.find(({ file }) => file === name)?.datasets[0];
  let sum = 0;
  for (const value of all) sum += Number(value);
  expect(sum).toBe(array?.sum);
  await dataset.dispose();
});

test.skipIf(!dataFolder)('half of a transform of Velox is complex, as other readers have it', async () => {
  const name = 'velox_fei_example_complex_fft.emd';
  const dataset = await open(path('formats-em', name), { codecs });
  const [array] = samples.find(({ file }) => file === name)?.datasets ?? [];
  expect([dataset.dtype, dataset.shape.sig]).toEqual(['c64', array?.shape]);
  expect((await summary(dataset)).sha256).toBe(array?.sha256);
  expect(dataset.notes.map(({ text }) => text)).toContainEqual(expect.stringContaining('only half of the Fourier'));
  await dataset.dispose();
});

/** A file of Velox with one frame of 2 × 3 pairs, whose members have these names. */
const pairsOfVelox = (names: readonly [string, string]): Uint8Array => {
  const file = new MadeFile();
  const bytes = [...new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i - 5).buffer)];
  const f32 = fields().uint(1, 0x11, 0x20, 31, 0).uint(4, 4).uint(2, 0, 32).uint(1, 23, 8, 0, 23).uint(4, 127).list;
  const pair = fields().uint(1, 0x36, 2, 0, 0).uint(4, 8);
  for (const [i, member] of names.entries()) {
    pair.text(member, '\0').uint(1, 4 * i);
    pair.list.push(...f32);
  }
  const layout = fields().uint(1, 3, 1).uint(8, file.place(bytes), bytes.length).list;
  const data = file.object([space([2, 3, 1]), [3, pair.list], [8, layout]]);
  const image = file.group({ made: file.group({ Data: data }) });
  return file.finish(file.group({ Data: file.group({ Image: image }) }));
};

test.for([
  [['realFloat', 'imagFloat'], 'c64', [2, 3], 0],
  [['realFloatHalfEven', 'imagFloatHalfEven'], 'c64', [2, 3], 1],
  [['realFloatHalfOdd', 'imagFloatHalfOdd'], 'c64', [2, 3], 1],
  // Two numbers that are not the parts of one are a last axis.
  [['realFloat', 'imagFloatHalfEven'], 'f32', [2, 3, 2], 0],
  [['x', 'y'], 'f32', [2, 3, 2], 0],
] as const)('members %j of Velox are %s', async ([names, dtype, signal, notes]) => {
  const dataset = await open(memorySource(pairsOfVelox(names), 'made.emd'), { codecs });
  expect([dataset.dtype, dataset.shape.sig, dataset.meta.header?.dialect]).toEqual([dtype, signal, 'Velox EMD']);
  expect(Array.from((await dataset.read(0, 1)) as Float32Array)).toEqual(Array.from({ length: 12 }, (_, i) => i - 5));
  expect(dataset.notes.filter(({ text }) => /half of the Fourier/.test(text))).toHaveLength(notes);
  await dataset.dispose();
});

describe.skipIf(!dataFolder)('NXmx', () => {
  test.each(['run', 'weak', 'hard', 'multi', 'mono'])('sim/%s.h5', async (name) => {
    const dataset = await open(path('sim', `${name}.h5`), { codecs });
    const truth = JSON.parse(readData('sim', `${name}.truth.json`));
    const geom = readData('sim', `${name}.geom`);
    const number = (key: string): number =>
      Number(new RegExp(`^(?:p0/)?${key}\\s*=\\s*([-\\d.e+]+)`, 'm').exec(geom)?.[1]);
    expect(dataset.shape.sig).toEqual([1024, 1024]);
    expect(dataset.frames).toBe(truth.frames?.length ?? truth.images?.length ?? dataset.frames);
    expect(dataset.meta.header?.dialect).toBe('NeXus NXmx');
    expect(dataset.meta.distanceM).toBeCloseTo(number('clen'), 9);
    expect(dataset.meta.pixelSizeM?.x).toBeCloseTo(1 / number('res'), 12);
    expect(dataset.meta.beamCentrePx?.x).toBeCloseTo(-number('corner_x'), 6);
    expect(dataset.meta.beamCentrePx?.y).toBeCloseTo(-number('corner_y'), 6);
    expect(dataset.meta.wavelengthA).toBeCloseTo(number('wavelength'), 9);
    // The true spots are brighter than their surroundings, so positions are those of the file.
    const frame = (await dataset.read(0, 1)) as Uint16Array;
    const spots: number[][] = (truth.frames ?? truth.images ?? truth)[0]?.spots ?? [];
    const strong = spots.filter((spot) => (spot[5] ?? 0) > 300).slice(0, 50);
    const hit = strong.filter(([x = 0, y = 0]) => (frame[Math.floor(y) * 1024 + Math.floor(x)] ?? 0) > 15);
    if (strong.length > 0) expect(hit.length / strong.length).toBeGreaterThan(0.9);
    await dataset.dispose();
  });

  test.each(['pilatus_thaumatin_dev', 'cspad_thermolysin_dev'])(
    'real/frames/%s: gzip and bitshuffle agree',
    { tags: 'all' },
    async (name) => {
      const [a, b] = [`${name}.h5`, `${name}_bslz4.h5`].map((file) => path('real', 'frames', file));
      const [gzip, packed] = [await open(a ?? '', { codecs }), await open(b ?? '', { codecs })];
      expect(gzip.filters).toEqual(['shuffle', expect.stringMatching(/^gzip/)]);
      expect(packed.filters).toEqual(['bitshuffle + LZ4']);
      const found = await summary(gzip);
      expect(await summary(packed)).toEqual(found);
      const mask = await gzip.mask?.();
      expect(mask?.length).toBe(gzip.frameLength);
      // The CSPAD mask marks no pixel.
      expect(mask?.some((value) => value === 1)).toBe(name.startsWith('pilatus'));
      await Promise.all([gzip.dispose(), packed.dispose()]);
    },
  );
});

test.skipIf(!dataFolder)('one frame as u16, u32, gzip and plain', async () => {
  const file = path('formats', 'bslz4.h5');
  const { datasets, sum, shape } = JSON.parse(readData('formats', 'expect.json'))['bslz4.h5'];
  for (const name of datasets) {
    const dataset = await open(file, { codecs, dataset: `/${name}` });
    expect([...dataset.shape.nav, ...dataset.shape.sig]).toEqual(shape);
    let total = 0;
    for (const value of await dataset.read(0, dataset.frames)) total += Number(value);
    expect(total, name).toBe(sum);
    await dataset.dispose();
  }
});

test.skipIf(!dataFolder)('a master without its data file names that file and where it was searched for', async () => {
  const bytes = readFileSync(path('formats-em', 'test_00_master.h5'));
  const alone = memorySource(bytes, 'test_00_master.h5', {});
  const error = await open(alone, { codecs }).catch((caught: unknown) => caught);
  expect(isEwaldError(error, 'File'), String(error)).toBe(true);
  expect(String(error)).toMatch(/data_000001 is in another file: .*test_00_data_000001\.h5.*does not exist/);
});

test.skipIf(!dataFolder)('an array that does not exist in a file is named, with those that do', async () => {
  const file = path('formats', 'bslz4.h5');
  await expect(open(file, { codecs, dataset: '/nothing' })).rejects.toThrow(/not found; arrays: .*\/u16/);
  await expect(open(file, { codecs, dataset: '/u16', sigShape: [3, 3] })).rejects.toThrow(/is not its end/);
  await expect(open(file, { codecs, dataset: '/u16', endian: 'big' })).rejects.toThrow(/states its endian itself/);
  const source = await fileSource(file);
  await source.close();
});
