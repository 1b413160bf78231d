/**
 * Numbers of text headers with their units, and detectors that a header says to be turned. The same experiment is stated
 * in the units of each format and in others; the numbers that are expected are those of a person with a pencil.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import type { Dataset } from '../../src/entries/data.node.js';
import { openDetector } from '../../src/frames/detector/detector.js';
import { refuseOtherHeader } from '../../src/frames/detector/stated-header.js';
import { describeMini } from '../../src/frames/formats/cbf-header.js';
import { dectrisMessage } from '../../src/frames/streams/dectris.js';
import type { DectrisStart } from '../../src/frames/streams/dectris-message.js';
import { ewaldTogether } from '../support/cli.js';
import { dectrisMessages, dectrisV1Messages } from '../support/dectris.js';
import { codecsHere } from './hdf5-support.js';

const text = (string: string): Uint8Array => Uint8Array.from(string, (c) => c.charCodeAt(0));
/** Text as a program in UTF-8 writes it. */
const utf8 = (string: string): string => String.fromCharCode(...new TextEncoder().encode(string));
const bytes = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));
const [width, height] = [64, 48];

/** One frame of 64 × 48 zeros whose header has these lines. */
const files = {
  cbf: (lines: readonly string[]): Uint8Array =>
    bytes(
      text(
        '###CBF: VERSION 1.5\n\n_array_data.header_convention "PILATUS_1.2"\n_array_data.header_contents\n;\n' +
          `# Detector: EIGER 1M, S/N E-02\n${lines.map((line) => `# ${line}\n`).join('')};\n\n_array_data.data\n;\n` +
          '--CIF-BINARY-FORMAT-SECTION--\nContent-Type: application/octet-stream;\n     conversions="x-CBF_NONE"\n' +
          `X-Binary-Size: ${4 * width * height}\nX-Binary-Element-Type: "signed 32-bit integer"\n` +
          `X-Binary-Size-Fastest-Dimension: ${width}\nX-Binary-Size-Second-Dimension: ${height}\n\n\x0c\x1a\x04\xd5`,
      ),
      new Uint8Array(4 * width * height),
    ),
  img: (lines: readonly string[]): Uint8Array =>
    bytes(
      text(
        `{\nHEADER_BYTES= 1024;\nSIZE1=${width};\nSIZE2=${height};\nTYPE=unsigned_short;\nBYTE_ORDER=little_endian;\n` +
          `${lines.map((line) => `${line};\n`).join('')}}\n`.padEnd(1024),
      ).subarray(0, 1024),
      new Uint8Array(2 * width * height),
    ),
  edf: (lines: readonly string[]): Uint8Array =>
    bytes(
      text(
        `{\nDim_1 = ${width} ;\nDim_2 = ${height} ;\nDataType = UnsignedShort ;\nByteOrder = LowByteFirst ;\n` +
          `${lines.map((line) => `${line} ;\n`).join('')}}\n`,
      ),
      new Uint8Array(2 * width * height),
    ),
} as const;

type Kind = keyof typeof files;
const opened = (kind: Kind, ...lines: string[]): Promise<Dataset> =>
  open(memorySource(files[kind](lines), `x.${kind}`)) as Promise<Dataset>;

/** 60 mm, 1.3 Å, pixels of 75 µm, the beam at 30.5, 20.25, 20 ms. */
const lines: Readonly<Record<Kind, readonly (readonly string[])[]>> = {
  cbf: [
    [
      'Wavelength 1.3 A',
      'Detector_distance 0.06 m',
      'Pixel_size 75e-6 m x 75e-6 m',
      'Beam_xy (30.5, 20.25) pixels',
      'Exposure_time 0.02 s',
    ],
    [
      'Wavelength 0.13 nm',
      'Detector_distance 60 mm',
      'Pixel_size 75 um x 75 um',
      'Beam_xy (2.2875, 1.51875) mm',
      'Exposure_time 20 ms',
    ],
    [
      utf8('Wavelength: 1.3 Å'),
      'Detector_distance = 6.0 cm',
      utf8('Pixel_size 75 x 75 µm'),
      'Beam_xy (30.5, 20.25)',
      'Exposure_time 20000 us',
    ],
    [
      'Photon_energy 9537.2460333 eV',
      'Detector_distance 60mm',
      'Pixel_size 0.075mm x 0.075mm',
      'Beam_xy 30.5 px, 20.25 px',
      'Exposure_time 0.02',
    ],
    [
      'Wavelength 9.5372460333 keV',
      'Detector_distance 0.06',
      'Pixel_size 75\xb5m x 75\xb5m',
      'Beam_xy (30.5, 20.25) pixels',
      'Exposure_time .02 sec',
    ],
  ],
  img: [
    [
      'WAVELENGTH=1.3',
      'DISTANCE=60.0',
      'PIXEL_SIZE=0.075',
      'BEAM_CENTER_X=1.51875',
      'BEAM_CENTER_Y=2.2875',
      'TIME=0.02',
    ],
    [
      'WAVELENGTH=0.13 nm',
      'DISTANCE=0.06 m',
      'PIXEL_SIZE=75 um',
      'BEAM_CENTER_X=1518.75 um',
      'BEAM_CENTER_Y=2287.5 um',
      'TIME=20 ms',
    ],
    [
      'ENERGY=9.5372460333 keV',
      'DISTANCE=6 cm',
      'PIXEL_SIZE=0.075 mm',
      'BEAM_CENTER_X=20.25 px',
      'BEAM_CENTER_Y=30.5 px',
      'TIME=0.02 s',
    ],
  ],
  edf: [
    [
      'WaveLength = 1.3e-10',
      'SampleDistance = 0.06',
      'PSize_1 = 75e-6',
      'PSize_2 = 75e-6',
      'Center_1 = 30.5',
      'Center_2 = 20.25',
      'ExposureTime = 0.02',
    ],
    [
      'WaveLength = 0.13 nm',
      'SampleDistance = 60 mm',
      'PSize_1 = 75 um',
      'PSize_2 = 75 um',
      'Center_1 = 30.5 pixel',
      'Center_2 = 20.25 pixel',
      'ExposureTime = 20 ms',
    ],
    [
      'WaveLength = 1.3_A',
      'SampleDistance = 6_cm',
      'PSize_1 = 75_um',
      'PSize_2 = 0.075_mm',
      'Center_1 = 2.2875_mm',
      'Center_2 = 1518.75_um',
      'count_time = 20_ms',
    ],
    [
      'energy = 9.5372460333 keV',
      'SampleDistance = 60 mm',
      'title = # Pixel_size 75e-6 m x 75e-6 m',
      'Center_1 = 30.5',
      'Center_2 = 20.25',
      'ExposureTime = 0.02 s',
    ],
  ],
};

describe.each(Object.entries(lines) as [Kind, (typeof lines)[Kind]][])(
  'the units of a header: %s',
  (kind, spellings) => {
    it.each(spellings.map((one) => [one.join('; '), one] as const))('%s', async (_, header) => {
      const { meta, notes } = await opened(kind, ...header);
      expect(meta.wavelengthA).toBeCloseTo(1.3, 8);
      expect(meta.distanceM).toBeCloseTo(0.06, 12);
      expect(meta.pixelSizeM).toEqual({ x: expect.closeTo(75e-6, 12), y: expect.closeTo(75e-6, 12) });
      expect(meta.beamCentrePx).toEqual({ x: expect.closeTo(30.5, 8), y: expect.closeTo(20.25, 8) });
      expect(meta.exposureS).toBeCloseTo(0.02, 12);
      expect(notes.filter((note) => note.kind === 'warning')).toEqual([]);
    });
  },
);

it.each<[Kind, string, RegExp]>([
  ['cbf', 'Detector_distance 60 furlongs', /x\.cbf.*Detector_distance as "60 furlongs".*"furlongs".*m, cm, mm, um, nm/],
  ['cbf', 'Wavelength 1.3 s', /Wavelength as "1\.3 s".*eV, keV/],
  ['cbf', 'Detector_2theta 20 m', /Detector_2theta as "20 m".*deg, rad/],
  ['cbf', 'Beam_xy (1, 2) s', /Beam_xy as "\(1, 2\) s".*pixels/],
  ['img', 'PIXEL_SIZE=75 px', /PIXEL_SIZE as "75 px".*um/],
  ['edf', 'SampleDistance = 60 eV', /SAMPLEDISTANCE as "60 eV".*m, cm, mm/],
  ['edf', 'energy = 12 mm', /ENERGY as "12 mm".*eV, keV, J/],
])(
  'an unknown unit is refused with its key, its value and the units that are known: %s %s',
  async (kind, line, words) => {
    await expect(opened(kind, line)).rejects.toMatchObject({ tag: 'Format', message: expect.stringMatching(words) });
  },
);

it('words instead of numbers, and energies without a unit, state nothing', async () => {
  const { meta } = await opened('cbf', 'Detector_distance not set', 'Energy_range (0, 0) eV', 'Wavelength nan A');
  expect([meta.distanceM, meta.wavelengthA]).toEqual([undefined, undefined]);
  expect((await opened('edf', 'energy = 33.5')).meta.wavelengthA).toBeUndefined();
});

it('a key without a value does not take the next line for it', async () => {
  const { meta } = await opened(
    'cbf',
    'Wavelength',
    'Detector_distance 0.06 m',
    'Exposure_time:',
    'Beam_xy (30.5, 20.25)',
  );
  expect([meta.wavelengthA, meta.exposureS, meta.header?.Wavelength]).toEqual([undefined, undefined, undefined]);
  expect(meta.distanceM).toBe(0.06);
  expect(meta.beamCentrePx).toEqual({ x: 30.5, y: 20.25 });
  const nameless = describeMini({ name: 'x' }, '# Detector:\r\n# Pixel_size 172e-6 m x 172e-6 m\r\n', [4, 4]).meta;
  expect([nameless.detector, nameless.pixelSizeM]).toEqual([undefined, { x: 172e-6, y: 172e-6 }]);
});

describe('a detector that is turned', () => {
  const flat = { cbf: lines.cbf[0], img: lines.img[0], edf: lines.edf[0] } as Record<Kind, readonly string[]>;

  it.each<[Kind, string, string]>([
    ['cbf', 'Detector_2theta 20.0000 deg.', 'Detector_2theta 20.0000 deg.'],
    ['cbf', 'Detector_2theta -0.35 rad', 'Detector_2theta -0.35 rad'],
    ['cbf', 'Detector_tilt 3 deg.', 'Detector_tilt 3 deg.'],
    ['img', 'TWOTHETA=20', 'TWOTHETA 20'],
    ['img', 'TWO_THETA=-15.0', 'TWO_THETA -15.0'],
    ['img', 'DETECTOR_ROLL=0.5', 'DETECTOR_ROLL 0.5'],
    ['edf', 'DetectorRotation_1 = 0.02', 'DETECTORROTATION_1 0.02'],
    ['edf', 'Detector_2theta = 20_deg', 'DETECTOR_2THETA 20_deg'],
  ])('%s: %s has no place without a geometry', async (kind, line, words) => {
    const dataset = await opened(kind, ...(flat[kind] ?? []), line);
    expect(dataset.meta.turned).toEqual([words]);
    expect([dataset.meta.distanceM, dataset.meta.beamCentrePx]).toEqual([undefined, undefined]);
    expect(dataset.notes).toContainEqual({ kind: 'missing', text: expect.stringContaining(words) });
    await expect(openDetector(dataset)).rejects.toMatchObject({
      tag: 'Format',
      message: expect.stringMatching(/its detector is turned \(.*give geometry/),
    });
    const straight = await opened(kind, ...(flat[kind] ?? []));
    const { geometry } = await openDetector(straight);
    expect(() => refuseOtherHeader(geometry, dataset)).toThrow(words);
    expect(() => refuseOtherHeader(geometry, straight)).not.toThrow();
  });

  it.each<[Kind, string]>([
    ['cbf', 'Detector_2theta 0.0000 deg.'],
    ['cbf', 'Detector_2theta not set'],
    ['img', 'TWOTHETA=0.00'],
    ['edf', 'DetectorRotation_2 = 0'],
    ['edf', 'motor_pos = 10 0.001 ;\nmotor_mne = phi tth'],
  ])('%s: %s is silent', async (kind, line) => {
    const dataset = await opened(kind, ...(flat[kind] ?? []), line);
    expect([dataset.meta.turned, dataset.meta.distanceM]).toEqual([undefined, expect.closeTo(0.06, 12)]);
    expect(dataset.notes.filter((note) => note.kind !== 'guess')).toEqual([]);
  });

  it.each<[Kind, string, string]>([
    ['img', 'OMEGA_OFFSET=5', 'OMEGA_OFFSET 5'],
    ['edf', 'motor_pos = 10 20.5 ;\nmotor_mne = phi tth', 'motor tth 20.5'],
  ])('%s: %s may be of the sample, which is a warning', async (kind, line, words) => {
    const dataset = await opened(kind, ...(flat[kind] ?? []), line);
    expect(dataset.notes).toContainEqual({
      kind: 'warning',
      text: expect.stringContaining(`${words} may turn the detector`),
    });
    await openDetector(dataset);
  });
});

it.each([
  [20, ['two_theta 20 deg']],
  [0, undefined],
  [undefined, undefined],
])('a detector that sends its frames, with its arm at %s°', async (twoTheta, turned) => {
  const codecs = await codecsHere();
  const image = new Uint16Array(width * height);
  const [v1] = await dectrisV1Messages([image], [height, width], { twoTheta });
  const [v2] = await dectrisMessages([image], [height, width], { twoTheta });
  for (const parts of [v1, [v2]] as Uint8Array[][]) {
    const { meta } = await (dectrisMessage(parts) as DectrisStart).open(codecs as never);
    expect(meta.turned).toEqual(turned);
    expect(meta.distanceM).toBe(turned ? undefined : 0.06);
  }
  await codecs.dispose();
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'ewald-headers-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('info says that a detector is turned, and index refuses it', async () => {
  const file = joinPath(folder, 'turned.cbf');
  const cell = joinPath(folder, 'a.cell');
  await writeFile(file, files.cbf([...(lines.cbf[0] ?? []), 'Detector_2theta 20.0000 deg.']));
  await writeFile(
    cell,
    'CrystFEL unit cell file version 1.0\n\nlattice_type = tetragonal\nunique_axis = c\ncentering = P\na = 79 A\n' +
      'b = 79 A\nc = 38 A\nal = 90 deg\nbe = 90 deg\nga = 90 deg\n',
  );
  const info = await ewaldTogether(['info', file]);
  expect(info.out).toMatch(/missing.*Detector_2theta 20\.0000 deg\..*geometry \(-g/s);
  const index = await ewaldTogether(['index', file, '-p', cell, '-o', joinPath(folder, 'x.stream')]);
  expect([index.code, index.err]).toEqual([1, expect.stringMatching(/Detector_2theta 20\.0000 deg\..*-g FILE/s)]);
});
