/** The metadata that other readers report, compared with ours: values of the headers, not only pixels. */
import { copyFileSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadataText } from 'ewald/shell';
import { expect, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import type { Axis, Metadata } from '../../src/frames/dataset.js';
import { Hdf5Writer } from '../../src/hdf5/writer.js';
import { applyRotation } from '../../src/stem/images/field.js';
import { dataFolder, readData } from '../support/data.js';
import { codecsHere } from './hdf5-support.js';
import { array, group, treeFile } from './hdf5-tree.js';
import { type ExpectedArray, isHdf5, type Sample } from './samples.js';

const samples: readonly (Sample & { xml?: Record<string, string> })[] = dataFolder
  ? JSON.parse(readData('formats-em', 'expect.json'))
  : [];

async function metaOf(file: string): Promise<Metadata> {
  const several = arraysOf(file).length > 1;
  const dataset = await open(join(dataFolder ?? '', 'formats-em', file), several ? { dataset: 0 } : {});
  await dataset.dispose();
  return dataset.meta;
}

const arraysOf = (file: string): readonly ExpectedArray[] =>
  samples.find((sample) => sample.file === file)?.datasets ?? [];
const near = (found: number | undefined, value: number): void => {
  expect(found).toBeDefined();
  expect(Math.abs((found ?? 0) - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value));
};

/** Metres, regardless of the unit: readers use nm, µm, cm, Å. */
const units: Record<string, number> = {
  pm: 1e-12,
  nm: 1e-9,
  µm: 1e-6,
  μm: 1e-6,
  um: 1e-6,
  mm: 1e-3,
  cm: 1e-2,
  m: 1,
  Å: 1e-10,
  A: 1e-10,
};
const inMetres = (scale: number, unit: string | null | undefined): number => {
  const inverse = /^1\s*\/\s*(.+)$/.exec(unit ?? '');
  if (inverse) return scale / (units[inverse[1] ?? ''] ?? 1);
  return scale * (units[unit ?? ''] ?? 1);
};

// Axes as stated in DM, BLO, SER and EMI files. For a .ser file alone, the reader gives reciprocal axes as 1e17 'nm':
// 1e8 per metre, which is the same value.
for (const { file, format, datasets } of samples.filter(({ file }) => /\.(dm3|dm4|blo|ser|emi)$/.test(file))) {
  const axes = datasets[0]?.axes?.filter(({ scale, units }) => scale !== 1 || units) ?? [];
  const nameless = format === 'DM4' && file.includes('packed');
  if (axes.length === 0 || nameless) continue;
  test(`axes of ${file}`, async () => {
    const found = (await metaOf(file)).axes ?? [];
    for (const axis of axes) {
      if (axis.scale === undefined || axis.scale === 1) continue;
      const wanted = inMetres(axis.scale, axis.units);
      const same = (one: Axis): boolean => {
        const scale = inMetres(one.scale ?? 0, one.unit);
        return Math.abs(scale - wanted) <= 1e-5 * Math.abs(wanted) && one.size === axis.size;
      };
      expect(found.some(same), `${JSON.stringify(axis)} among ${JSON.stringify(found)}`).toBe(true);
    }
  });
}

const pictures = samples.find(({ file }) => file === 'tia_64x64_diffraction_acquire_1.ser');
test.skipIf(!pictures)('a SER of pictures says that their rows are turned', async () => {
  expect((await metaOf('tia_64x64_diffraction_acquire_1.ser')).header).toMatchObject({
    rows: 'stored bottom row first; read top row first',
  });
});

// The same for HDF5 files: hspy, NCEM, Prismatic, py4DSTEM, Velox. Readers that transpose the axes list them in
// reverse.
const turned = (file: string): boolean =>
  samples.some((sample) => sample.file === file && /transposed \[\d(, \d)*, 0\]/.test(orderOf(sample)));
const orderOf = (sample: Sample): string =>
  (sample.datasets[0] as (ExpectedArray & { axisOrder?: string }) | undefined)?.axisOrder ?? '';
const calibrated = ['hspy', 'emd', 'py4DSTEM', 'velox'];
for (const { file, datasets } of samples) {
  if (!isHdf5({ file } as Sample) || !calibrated.some((start) => file.startsWith(start))) continue;
  test(`axes of ${file}`, async () => {
    const found = (await metaOf(file)).axes ?? [];
    // The reader stacks two datacubes, of which we open one.
    let wanted = (datasets[0]?.axes ?? []).filter(
      ({ name }) => name !== 'CBED_array_depth' && name !== 'stack_element',
    );
    if (turned(file) && found.at(0)?.size !== wanted.at(0)?.size) wanted = [...wanted].reverse();
    const inner = found.slice(found.length - wanted.length);
    expect(inner.map(({ size }) => size)).toEqual(wanted.map(({ size }) => size));
    for (const [i, { scale = 1, offset = 0, units }] of wanted.entries()) {
      const axis = inner[i];
      const unit = (value: number, text: string | null | undefined): number =>
        text === 's' ? value : inMetres(value, text);
      const step = unit(scale, units);
      expect(Math.abs(unit(axis?.scale ?? 1, axis?.unit) - step), JSON.stringify(axis)).toBeLessThan(1e-5 * step);
      expect(Math.abs(unit(axis?.offset ?? 0, axis?.unit) - unit(offset, units))).toBeLessThan(
        1e-5 * Math.max(step, Math.abs(unit(offset, units))),
      );
    }
  });
}

test.skipIf(!dataFolder)('hspy and Velox: beam, camera, date, exposure', async () => {
  expect(await metaOf('hspy_example2_v3.1.hspy')).toMatchObject({
    voltageV: 200_000,
    cameraLengthM: expect.closeTo(0.32, 9),
    maker: 'FEI Tecnai',
    exposureS: 0.2,
    date: '2014-07-09T18:56:37',
  });
  expect(await metaOf('velox_fei_example_tem_stack.emd')).toMatchObject({
    voltageV: 300_000,
    detector: 'BM-Ceta',
    exposureS: 0.8,
    date: '2019-12-05T10:03:44.000Z',
  });
  const scanned = await metaOf('velox_Test_SI_16x16_ReducedData.emd');
  expect(scanned).toMatchObject({ convergenceRad: 0.02501065271110464, scanRotationDeg: expect.closeTo(-16.41, 9) });
  // A field of view of 460.7 nm over 128 positions.
  expect(scanned.scanStepM?.x).toBeCloseTo(3.5993e-9, 12);
  expect((await metaOf('velox_Camera_Ceta_Diffraction_Micro.emd')).convergenceRad).toBeUndefined();
});

test.skipIf(!dataFolder)('EMPAD: rotation and field of view, and the steps of the scan that they allow', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ewald-empad-'));
  const name = 'EMPAD_v1.2.2_x32_y64_size0.8.xml';
  const text = readFileSync(join(dataFolder ?? '', 'formats-em', name), 'latin1');
  await writeFile(join(folder, 'scan.xml'), text.replaceAll('<scan_rotation>0.0<', '<scan_rotation>-17.5<'));
  await writeFile(join(folder, 'scan_x32_y64.raw'), new Uint8Array(130 * 128 * 4));
  const dataset = await open(join(folder, 'scan.xml'));
  const { meta, notes } = dataset;
  await dataset.dispose();
  await rm(folder, { recursive: true });
  expect(meta.scanRotationDeg).toBe(-17.5);
  expect(meta.header?.fieldOfViewM).toBe(1.272412341559544e-6);
  // 1272.41 nm over 32 positions, and 0.6 of it.
  expect(notes.map(({ text: words }) => words).join()).toContain('39.76 nm, or 23.86 nm if the field of view');
});

test.skipIf(!dataFolder)(
  'EMPAD 0.51: its field of view, and the angle of a pixel as calibrated and by the camera',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-empad-'));
    copyFileSync(join(dataFolder ?? '', 'formats-em/map4x4.xml'), join(folder, 'map4x4.xml'));
    await writeFile(join(folder, 'scan_x4_y4.raw'), new Uint8Array(16 * 130 * 128 * 4));
    const dataset = await open(join(folder, 'map4x4.xml'));
    const { meta, notes } = dataset;
    await dataset.dispose();
    await rm(folder, { recursive: true });
    expect(meta.header).toMatchObject({
      fieldOfViewM: 4.5663426505682195e-6,
      calibratedDiffractionAngleRad: 0.00042906574394463665,
    });
    const told = notes.map(({ text }) => text).join();
    // 4566.34 nm over 4 positions, and 0.55 of it; 150 µm at 0.7225 m.
    expect(told).toContain('1142 nm, or 627.9 nm if the field of view');
    expect(told).toContain('0.4291 mrad from the calibration in the XML, or 0.2076 mrad from the camera length');
  },
);

test('EMPAD: a scan that the file does not hold is said to be stated by the file name or the XML', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ewald-empad-'));
  const warningOf = async (): Promise<string | undefined> => {
    const dataset = await open(join(folder, 'scan_x4_y3.raw'));
    const { notes } = dataset;
    await dataset.dispose();
    return notes.find(({ kind }) => kind === 'warning')?.text;
  };
  await writeFile(join(folder, 'scan_x4_y3.raw'), new Uint8Array(2 * 130 * 128 * 4));
  expect(await warningOf()).toBe('the file name states 3 × 4 frames, but the file holds 2');
  await writeFile(join(folder, 'scan_x4_y3.xml'), '<root><pix_x>5</pix_x><pix_y>6</pix_y></root>');
  expect(await warningOf()).toBe('the XML states 6 × 5 frames, but the file holds 2');
  await rm(folder, { recursive: true });
});

test.skipIf(!dataFolder)('py4DSTEM: centre and hand of its calibration', async () => {
  const { beamCentrePx, detectorAxes, axes = [] } = await metaOf('py4DSTEM_real.h5');
  expect(detectorAxes).toEqual({ flipY: true });
  // The axes have their origin at the centre, in pixels whose centres are at whole numbers.
  const [y, x] = axes.slice(2).map(({ offset, scale }) => -(offset as number) / (scale as number));
  expect(beamCentrePx).toEqual({
    x: expect.closeTo((x as number) + 0.5, 9),
    y: expect.closeTo((y as number) + 0.5, 9),
  });
});

test.each([
  [25, 0],
  [25, 1],
  [-140, 1],
])('py4DSTEM: an angle of %d degrees with flip %d turns shifts as scanRotation and flipY do', async (degrees, flip) => {
  const codecs = await codecsHere();
  const parts: Uint8Array[] = [];
  const sink = {
    append: async (bytes: Uint8Array) => void parts.push(bytes.slice()),
    patch: async (at: number, bytes: Uint8Array) => parts[0]?.set(bytes, at),
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  const series = writer.series({ frames: 4, navigation: [2, 2], signal: [3, 3], dtype: 'u16' });
  await series.write(new Uint16Array(36));
  const calibration = { QR_rotation_degrees: { value: degrees }, QR_flip: { value: flip } };
  const cube = { attributes: { emd_group_type: 'array' }, children: { data: { frames: series } } };
  const root = { datacube: cube, metadatabundle: { children: { calibration: { children: calibration } } } };
  await writer.finish({ root: { children: root } });
  await codecs.dispose();
  const dataset = await open(new Blob(parts as BlobPart[]));
  const { detectorAxes } = dataset.meta;
  await dataset.dispose();
  // Shifts (y, x) of the detector are (x, y) of py4DSTEM, whose first axis is x.
  const [y, x] = [0.3, 1.1];
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [a, b] = flip ? [x, y] : [y, x];
  const { degrees: scanRotation = Number.NaN, flipY = false } = detectorAxes ?? {};
  const turned = applyRotation(Float64Array.of(y, x), { scanRotation, flipY });
  expect([...turned]).toEqual([expect.closeTo(c * a - s * b, 9), expect.closeTo(s * a + c * b, 9)]);
});

test('semi-angle, rotation and step are described in words', () => {
  const meta = { convergenceRad: 0.0215, scanRotationDeg: -90, scanStepM: { x: 2.5e-10, y: 2.5e-10 } };
  expect([...metadataText(meta)]).toEqual([
    ['probe', 'convergence semi-angle 21.5 mrad'],
    ['scan', 'steps of 0.25 nm × 0.25 nm (x × y), turned by -90°, as the microscope states'],
  ]);
  expect([...metadataText({ detectorAxes: { degrees: 12.5, flipY: true } })]).toEqual([
    ['scan', 'at 12.5° and mirrored on the detector'],
  ]);
});

test.skipIf(!dataFolder)('CBF: wavelength, pixel, exposure, trusted range of dxtbx', async () => {
  const meta = await metaOf('phi_scan_001.cbf');
  const dxtbx = arraysOf('phi_scan_001.cbf')[0]?.dxtbx as Record<string, number & number[]>;
  near(meta.wavelengthA, dxtbx.wavelength_A ?? 0);
  near(meta.pixelSizeM?.x, ((dxtbx.pixel_mm as number[])[0] ?? 0) / 1000);
  near(meta.exposureS, dxtbx.exposure_s ?? 0);
  expect(meta.saturation).toBe((dxtbx.trusted as number[])[1]);
  near(meta.oscillationDeg?.range, (dxtbx.oscillation_deg as number[])[1] ?? 0);
});

test.skipIf(!dataFolder)('OXD: what fabio finds in the binary sections', async () => {
  const meta = await metaOf('oxd_b191_1_9_1.img');
  const fabio = arraysOf('oxd_b191_1_9_1.img')[0]?.metadata as Record<string, string>;
  near(meta.wavelengthA, Number(fabio['Wavelength alpha']));
  near(meta.pixelSizeM?.x, Number(fabio['Real pixel size x (mm)']) / 1000);
  near(meta.exposureS, Number(fabio['Exposure time in sec']));
  expect(meta.saturation).toBe(Number(fabio['Overflow threshold']));
  near(meta.oscillationDeg?.start, Number(fabio['Omega start in deg']));
  near((meta.oscillationDeg?.start ?? 0) + (meta.oscillationDeg?.range ?? 0), Number(fabio['Omega end in deg']));
  expect(meta.date).toBe(fabio.Time);
  expect(meta.header).toMatchObject({ binning: { x: 2, y: 2 }, gain: Number(fabio.Gain) });
});

for (const { file, datasets } of samples.filter(({ format }) => format.startsWith('MIB (')))
  test(`MIB: the frame header of ${file}`, async () => {
    const said = datasets[0]?.metadata as Record<string, unknown> & { MQ1A?: { bitDepth: string } };
    const meta = await metaOf(file);
    if (said.shutterTime_s !== undefined) near(meta.exposureS, said.shutterTime_s as number);
    if (said.timestamp !== undefined) expect(meta.date).toBe(said.timestamp);
    expect(meta.bitDepth).toBe(said.MQ1A ? Number(said.MQ1A.bitDepth) : undefined);
    expect(meta.header).toMatchObject({ layout: said.layout, type: said.pixelType });
  });

for (const { file, datasets } of samples.filter(({ file }) => /\.(mrc|map)$/.test(file)))
  test(`MRC: the header of ${file}`, async () => {
    const said = datasets[0]?.metadata as {
      mode: number;
      extendedHeaderBytes: number;
      voxel_A: number[];
      nstart: number[];
    };
    const { header, axes } = await metaOf(file);
    expect(header).toMatchObject({ mode: said.mode, extendedBytes: said.extendedHeaderBytes, starts: said.nstart });
    // Voxel sizes by the axis along which they run: x, y, z of the cell.
    for (const [i, name] of ['x', 'y', 'z'].entries()) {
      const voxel = said.voxel_A[i] ?? 0;
      const scale = axes?.find((axis) => axis.name === name)?.scale;
      if (voxel === 0) expect(scale).toBeUndefined();
      else expect(Math.abs((scale ?? 0) - voxel)).toBeLessThan(1e-4 * Math.abs(voxel));
    }
  });

for (const { file, datasets } of samples.filter(({ format }) => format.startsWith('TIFF')))
  test(`TIFF: the tags of ${file}`, async () => {
    const said = datasets[0]?.metadata as {
      byteOrder: string;
      bigTiff: boolean;
      compression: number;
      bitsPerSample: number;
    };
    if (said.compression === 7 || said.compression === 50000) return;
    const { header } = await metaOf(file);
    const { byteOrder, bigTiff, compression, bitsPerSample } = said;
    expect(header).toMatchObject({ byteOrder, bigTiff, compression, bitsPerSample });
  });

for (const { file, datasets } of samples.filter(({ file }) => file.endsWith('.edf')))
  test(`EDF: the header of ${file}`, async () => {
    const said = datasets[0]?.metadata as Record<string, string>;
    const upper = Object.fromEntries(Object.entries(said).map(([key, value]) => [key.toUpperCase(), value]));
    expect((await metaOf(file)).header).toMatchObject(upper);
  });

test.skipIf(!dataFolder)('TVIPS, SEQ and EMI: beam, rate, date', async () => {
  const tvips = await metaOf('test_tvips_2345_000.tvips');
  expect(tvips).toMatchObject({ voltageV: 200_000, header: { magnification: 80 } });
  near(tvips.wavelengthA, 0.02507934);
  expect((await metaOf('sample_norpix6.seq')).header).toMatchObject({
    version: 5,
    framesPerSecond: 10,
    allocatedFrames: 6,
  });
  const emi = await metaOf('tia_64x64_diffraction_acquire.emi');
  expect(emi).toMatchObject({ voltageV: 200_000, cameraLengthM: 0.49, detector: 'WA-Orius' });
  // Names of people are removed from the displayed metadata.
  expect(JSON.stringify(emi)).not.toMatch(/ERIC/);
});

test('hyperspy: an experiment has its own metadata', async () => {
  const experiment = (kilovolts: number, date: string) =>
    group({
      data: array(new Uint16Array(24), [2, 3, 4]),
      metadata: group({
        General: { children: {}, attributes: { date } },
        Acquisition_instrument: group({ TEM: { children: {}, attributes: { beam_energy: kilovolts } } }),
      }),
    });
  const bytes = await treeFile({
    Experiments: group({ a: experiment(200, '2020-01-01'), ab: experiment(300, '2021-01-01') }),
  });
  for (const [name, voltageV, date] of [
    ['a', 200_000, '2020-01-01'],
    ['ab', 300_000, '2021-01-01'],
  ] as const)
    expect((await open(bytes, { dataset: `/Experiments/${name}/data` })).meta).toMatchObject({ voltageV, date });
});
