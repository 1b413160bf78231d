/** What NXmx files say about their beam and the places of their modules: units, chains of transformations, frames. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkGeometryFile } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import { type Context, createContext } from '../../dist/index.node.js';
import { lookup3 } from '../../src/hdf5/fields.js';
import type { WriteNode } from '../../src/hdf5/writer.js';
import { ewaldTogether } from '../support/cli.js';
import { array, axis, group, number, treeFile } from './hdf5-tree.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

const detectorPath = '/entry/instrument/detector';
const transformations = `${detectorPath}/transformations`;
const pixel = 75e-6;

interface Made {
  readonly beam?: Record<string, WriteNode>;
  readonly detector?: Record<string, WriteNode>;
  readonly shape?: readonly number[];
}

/** A module of 60 × 100 pixels whose corner is at an offset, along these directions. */
const module = (
  name: string,
  offset: readonly number[],
  { fast = [1, 0, 0], slow = [0, 1, 0], dependsOn = `${transformations}/det_z`, origin = [0, 0] } = {},
): WriteNode =>
  group(
    {
      data_origin: array(BigInt64Array.from(origin, BigInt), [origin.length]),
      data_size: array(BigInt64Array.from([...origin.slice(2).map(() => 1n), 60n, 100n]), [origin.length]),
      module_offset: axis(0, 'm', 'translation', [1, 0, 0], dependsOn, {
        offset: Float64Array.from(offset, (pixels) => pixels * pixel),
        offset_units: 'm',
      }),
      fast_pixel_direction: axis(75, 'µm', 'translation', fast, 'module_offset'),
      slow_pixel_direction: axis(0.075, 'mm', 'translation', slow, `${detectorPath}/${name}/module_offset`),
    },
    'NXdetector_module',
  );
const along = (children: Record<string, WriteNode>): WriteNode => group(children, 'NXtransformations');
const detZ = (dependsOn = '.') => axis(15, 'cm', 'translation', [0, 0, 1], dependsOn);
const usual: Record<string, WriteNode> = {
  depends_on: { value: 'transformations/det_z' },
  transformations: along({ det_z: detZ() }),
  module: module('module', [-50, -30, 0]),
};

const opened = async (made: Made) => open(await fileOf(made));

function fileOf({ beam, detector = usual, shape = [2, 60, 100] }: Made): Promise<Uint8Array> {
  const data = array(new Uint16Array(shape.reduce((a, b) => a * b, 1)).fill(3), shape);
  return treeFile({
    entry: group(
      {
        definition: { value: 'NXmx' },
        data: { children: { data }, attributes: { NX_class: 'NXdata', signal: 'data' } },
        instrument: group(
          {
            beam: group(beam ?? { incident_wavelength: number(1, { units: 'angstrom' }) }, 'NXbeam'),
            detector: group(detector, 'NXdetector'),
          },
          'NXinstrument',
        ),
      },
      'NXentry',
    ),
  });
}
const warnings = async (made: Made): Promise<string[]> =>
  (await opened(made)).notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text);

describe('the wavelength', () => {
  const [eV, joule] = [12398.41984332, 1.602176634e-19];
  test.each<[string, Record<string, WriteNode>]>([
    ['nm', { incident_wavelength: number(0.1, { units: 'nm' }) }],
    ['m, as an array of one', { incident_wavelength: array(Float64Array.of(1e-10), [1], { units: 'm' }) }],
    ['Ångström', { incident_wavelength: number(1, { units: 'Ångström' }) }],
    ['pm, in single precision', { incident_wavelength: array(Float32Array.of(100), [], { units: 'pm' }) }],
    ['eV', { incident_energy: number(eV, { units: 'eV' }) }],
    ['keV', { incident_energy: number(eV / 1000, { units: 'keV' }) }],
    ['J', { incident_energy: number(eV * 1.602176634e-19, { units: 'J' }) }],
    ['kiloelectronvolts', { incident_energy: number(eV / 1000, { units: 'kiloelectronvolts' }) }],
    ['MeV', { incident_energy: number(eV / 1e6, { units: 'MeV' }) }],
    ['megaelectronvolt', { incident_energy: number(eV / 1e6, { units: 'megaelectronvolt' }) }],
    [
      'joules, one a frame',
      { incident_energy: array(Float64Array.of(1, 1).fill(eV * joule), [2], { units: 'joules' }) },
    ],
    ['no unit', { incident_energy: number(eV) }],
  ])('in %s', async (_, beam) => {
    expect((await opened({ beam })).meta.wavelengthA).toBeCloseTo(1, 6);
  });

  test('of a CXI file, which states joules without a unit', async () => {
    const detector_1 = group({ data: array(new Uint16Array(12), [2, 2, 3]), distance: number(0.1) });
    const instrument_1 = group({ detector_1, source_1: group({ energy: number(eV * joule) }) });
    const bytes = await treeFile({ cxi_version: number(140), entry_1: group({ instrument_1 }) });
    expect((await open(bytes)).meta.wavelengthA).toBeCloseTo(1, 6);
  });

  test('in a unit that is none of an energy is not used, and named', async () => {
    const dataset = await opened({ beam: { incident_energy: number(9, { units: 'furlong' }) } });
    expect(dataset.meta.wavelengthA).toBeUndefined();
    expect(dataset.notes.map(({ text }) => text).join()).toMatch(/incident_energy has the unit "furlong"/);
  });

  test('of 0 is none, and the energy is taken', async () => {
    const zero = { incident_wavelength: number(0, { units: 'angstrom' }) };
    const beam = { ...zero, incident_energy: number(eV, { units: 'eV' }) };
    expect((await opened({ beam })).meta.wavelengthA).toBeCloseTo(1, 6);
    expect((await opened({ beam: zero })).meta.wavelengthA).toBeUndefined();
  });

  test('of each frame', async () => {
    const beam = { incident_wavelength: array(Float64Array.of(0.1, 0.11), [2], { units: 'nm' }) };
    const dataset = await opened({ beam });
    const beams = await (await context.detector(dataset)).beams(dataset.name);
    expect([beams(0).wavelengthA, beams(1).wavelengthA]).toEqual([expect.closeTo(1, 9), expect.closeTo(1.1, 9)]);
  });
});

test('the time of an exposure has its unit', async () => {
  const exposureOf = async (count_time: WriteNode) =>
    (await opened({ detector: { ...usual, count_time } })).meta.exposureS;
  expect(await exposureOf(number(500, { units: 'ms' }))).toBeCloseTo(0.5, 12);
  expect(await exposureOf(number(0.5))).toBe(0.5);
});

describe('the place of a detector', () => {
  test('that faces the beam is its distance and its beam centre', async () => {
    const { meta, notes } = await opened({});
    expect(notes.filter(({ kind }) => kind === 'warning')).toEqual([]);
    expect(meta.panels).toBeUndefined();
    expect([meta.distanceM, meta.pixelSizeM?.x, meta.beamCentrePx]).toEqual([
      expect.closeTo(0.15, 12),
      expect.closeTo(pixel, 12),
      { x: expect.closeTo(50, 9), y: expect.closeTo(30, 9) },
    ]);
  });

  test.each<[string, number | Float64Array, string]>([
    ['degrees', 30, 'degrees'],
    ['rad, one for each frame', Float64Array.of(Math.PI / 6, Math.PI / 6), 'rad'],
  ])('on an arm that is turned, in %s', async (_, angle, units) => {
    const detector = {
      ...usual,
      beam_center_x: number(50),
      beam_center_y: number(30),
      transformations: along({
        det_z: detZ('two_theta'),
        two_theta: axis(angle, units, 'rotation', [-1, 0, 0], '.'),
      }),
    };
    const dataset = await opened({ detector });
    expect(dataset.notes.map(({ text }) => text).join()).toMatch(
      /states a beam centre of 50, 30.* beside the detector/,
    );
    // The middle of the panel is straight above, 30° from the beam.
    const at = (await context.detector(dataset)).positionOf(50, 30);
    const expected = [0, 0.15 * Math.sin(Math.PI / 6), 0.15 * Math.cos(Math.PI / 6)];
    expect(at).toEqual(expected.map((one) => expect.closeTo(one, 12)));
  });

  test('whose rows run against x', async () => {
    const detector = { ...usual, module: module('module', [50, -30, 0], { fast: [-1, 0, 0] }) };
    const dataset = await opened({ detector });
    expect((await context.detector(dataset)).positionOf(0, 0)?.[0]).toBeCloseTo(50 * pixel, 12);
  });

  test('of two modules, side by side in the frame or on an axis of their own', async () => {
    const two = (origins: [number[], number[]]) => ({
      ...usual,
      module: module('module', [-110, -30, 0], { origin: origins[0] }),
      module2: module('module2', [10, -30, 0], { origin: origins[1] }),
    });
    const flat = await opened({
      detector: two([
        [0, 0],
        [0, 100],
      ]),
      shape: [2, 60, 200],
    });
    const wide = await context.detector(flat);
    expect(wide.geometry.panels.map(({ minFs, corner: [x] }) => [minFs, Math.round(x)])).toEqual([
      [0, -110],
      [100, 10],
    ]);
    const stack = await opened({
      detector: two([
        [0, 0, 0],
        [1, 0, 0],
      ]),
      shape: [2, 2, 60, 100],
    });
    const stacked = await context.detector(stack);
    expect(stacked.geometry.panels.map(({ minSs, corner: [x] }) => [minSs, Math.round(x)])).toEqual([
      [0, -110],
      [60, 10],
    ]);
  });

  test('that the header contradicts is a warning: centre, distance, a chain that ends nowhere, a unit, frames', async () => {
    const stated = (x: number): Made => ({
      detector: { ...usual, beam_center_x: number(x), beam_center_y: number(30) },
    });
    expect(await warnings(stated(50.4))).toEqual([]);
    expect(await warnings(stated(58))).toEqual([expect.stringContaining('put it at 50, 30 pixels')]);
    expect(await warnings({ detector: { ...usual, distance: number(200, { units: 'mm' }) } })).toEqual([
      expect.stringContaining('a distance of 200 mm, but its transformations one of 150 mm'),
    ]);
    const broken = (det_z: WriteNode): Made => ({ detector: { ...usual, transformations: along({ det_z }) } });
    expect(await warnings(broken(detZ('arm')))).toEqual([expect.stringMatching(/arm does not exist/)]);
    expect(await warnings(broken(axis(1, 'furlong', 'translation', [0, 0, 1], '.')))).toEqual([
      expect.stringMatching(/unit "furlong"/),
    ]);
    expect(await warnings(broken(detZ('det_z')))).toEqual([expect.stringMatching(/depends on itself/)]);
    const moving = axis(Float64Array.of(0.15, 0.16), 'm', 'translation', [0, 0, 1], '.');
    expect(await warnings(broken(moving))).toEqual([
      expect.stringMatching(/det_z differs from frame to frame, from 0.15 to 0.16 m; .* as in the first/),
    ]);
    const bare = number(0.15, { vector: Float64Array.of(0, 0, 1), depends_on: '.' });
    expect(await warnings(broken(bare))).toEqual([
      expect.stringMatching(/det_z has neither a transformation_type nor a unit; 0.15 was taken as a translation in m/),
    ]);
  });

  test.each([
    ['two_theta', [20, 20], 'two_theta 20 deg'],
    ['two_theta_start', [-15], 'two_theta_start -15 deg'],
    ['two_theta_start', [0], undefined],
  ])('on the arm of a DECTRIS detector, which has no axis: %s %j', async (name, angles, words) => {
    const detector = {
      x_pixel_size: number(75e-6, { units: 'm' }),
      y_pixel_size: number(75e-6, { units: 'm' }),
      beam_center_x: number(50),
      beam_center_y: number(30),
      detector_distance: number(0.15, { units: 'm' }),
      goniometer: group({ [name]: array(Float64Array.from(angles), [angles.length]) }),
    };
    const dataset = await opened({ detector });
    const { meta, notes } = dataset;
    expect(meta.turned).toEqual(words && [`${detectorPath}/goniometer/${words}`]);
    expect([meta.distanceM, meta.beamCentrePx]).toEqual(words ? [undefined, undefined] : [0.15, { x: 50, y: 30 }]);
    expect(
      notes
        .map(({ text }) => text)
        .join()
        .includes(`goniometer/${words}`),
    ).toBe(words !== undefined);
    const placed = context.detector(dataset);
    await (words ? expect(placed).rejects.toThrow(/its detector is turned .*give geometry/) : placed);
  });

  test('of each frame is read with it where the header states a distance, and else a warning with its range', async () => {
    const { distance, detector_distance, beam_center_x, two_theta } = {
      distance: array(Float64Array.of(150, 160), [2], { units: 'mm' }),
      detector_distance: array(Float64Array.of(0.15, 0.15), [2], { units: 'm' }),
      beam_center_x: array(Float64Array.of(50, 52), [2]),
      two_theta: axis(Float64Array.of(10, 30), 'deg', 'rotation', [1, 0, 0], '.'),
    };
    const alone = {
      x_pixel_size: number(75e-6, { units: 'm' }),
      y_pixel_size: number(75e-6, { units: 'm' }),
      beam_center_x: number(50),
      beam_center_y: number(30),
    };
    const dataset = await opened({ detector: { ...alone, distance } });
    expect(dataset.notes.filter(({ kind }) => kind === 'warning')).toEqual([]);
    const beams = await (await context.detector(dataset)).beams(dataset.name);
    expect([beams(0).distanceM, beams(1).distanceM]).toEqual([expect.closeTo(0.15, 12), expect.closeTo(0.16, 12)]);
    expect(await warnings({ detector: { ...alone, detector_distance } })).toEqual([]);
    expect(await warnings({ detector: { ...alone, distance, beam_center_x } })).toEqual([
      expect.stringMatching(/beam_center_x has 2 numbers for 2 frames, from 50 to 52 pixel; the first one is used/),
    ]);
    expect(await warnings({ detector: { ...alone, distance }, shape: [3, 60, 100] })).toEqual([
      expect.stringMatching(/distance has 2 numbers for 3 frames, from 150 to 160 mm/),
    ]);
    expect(await warnings({ detector: { ...usual, distance } })).toEqual([
      expect.stringMatching(/distance has 2 numbers for 2 frames, from 150 to 160 mm/),
    ]);
    const arm = { ...alone, depends_on: { value: 'transformations/det_z' } };
    const transformations = along({ det_z: detZ('two_theta'), two_theta });
    expect(await warnings({ detector: { ...arm, transformations } })).toEqual([
      expect.stringMatching(/two_theta differs from frame to frame, from 10 to 30 deg/),
    ]);
  });
});

test('geometry check says what the file contradicts, instead of that it is consistent', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'ewald-places-')), 'made.h5');
  writeFileSync(path, await fileOf({ detector: { ...usual, beam_center_x: number(58), beam_center_y: number(30) } }));
  expect((await checkGeometryFile(path)).problems.join()).toContain('put it at 50, 30 pixels');
  writeFileSync(path, await fileOf({}));
  expect((await checkGeometryFile(path)).problems).toEqual([]);
  rmSync(dirname(path), { recursive: true });
});

test.each<[string, WriteNode]>([
  ['a unit', axis(15, 'furlong', 'translation', [0, 0, 1], '.')],
  ['a kind', axis(15, 'cm', 'shear' as 'rotation', [0, 0, 1], '.')],
  ['a direction', axis(15, 'cm', 'translation', [0, 0, 0], '.')],
  ['an axis', detZ('arm')],
])('geometry check of a detector on %s that means nothing does not say that it is consistent', async (_, det_z) => {
  const path = join(mkdtempSync(join(tmpdir(), 'ewald-places-')), 'made.h5');
  const detector = { ...usual, transformations: along({ det_z }) };
  writeFileSync(path, await fileOf({ detector }));
  const checked = await checkGeometryFile(path).then(
    ({ problems }) => problems.join(),
    (error: Error) => error.message,
  );
  expect(checked).not.toBe('');
  const stated = { beam_center_x: number(50), beam_center_y: number(30), distance: number(0.2, { units: 'm' }) };
  const pixels = { x_pixel_size: number(pixel, { units: 'm' }), y_pixel_size: number(pixel, { units: 'm' }) };
  writeFileSync(path, await fileOf({ detector: { ...detector, ...stated, ...pixels } }));
  expect((await checkGeometryFile(path)).problems).not.toEqual([]);
  rmSync(dirname(path), { recursive: true });
});

test('of two detectors the one that is meant is not known, and the run says which is taken', async () => {
  const far = { ...usual, distance: number(0.15, { units: 'm' }) };
  const data = array(new Uint16Array(2 * 60 * 100), [2, 60, 100]);
  const signal = { children: { data }, attributes: { NX_class: 'NXdata', signal: 'data' } };
  const beam = group({ incident_wavelength: number(1, { units: 'angstrom' }) }, 'NXbeam');
  const detectors = { detector: group(far, 'NXdetector'), front: group(usual, 'NXdetector') };
  const instrument = group({ beam, ...detectors }, 'NXinstrument');
  const { notes } = await open(await treeFile({ entry: group({ data: signal, instrument }, 'NXentry') }));
  expect(notes.map(({ text }) => text).join()).toMatch(
    /the file has 2 detectors and does not say which .*; \/entry\/instrument\/\w+ is taken/,
  );
});

test('a run tells what is wrong with its files', async () => {
  const bytes = await fileOf({ detector: { ...usual, beam_center_x: number(58), beam_center_y: number(30) } });
  const told: string[] = [];
  const page: string[] = [];
  const run = context.pipeline({
    inputs: [new File([new Uint8Array(bytes)], 'made.h5')],
    cells: [],
    peaks: { threshold: 10 },
    html: (part: string | Uint8Array) =>
      void page.push(typeof part === 'string' ? part : new TextDecoder().decode(part)),
    onEvent: (event) => void (event.kind === 'warning' && told.push(event.text)),
  });
  let frames = 0;
  for await (const _ of run) frames++;
  expect(frames).toBe(2);
  // Whoever reads the report learns it, too.
  expect(page.join('')).toMatch(/class="remarks">.*put it at 50, 30 pixels/s);
  expect(told.filter((text) => text.includes('put it at 50, 30 pixels'))).toHaveLength(1);
});

test('a mask whose header is damaged is not left out: the file is refused with its name', async () => {
  const detector = { ...usual, pixel_mask: array(new Uint32Array(60 * 100).fill(1, 0, 7), [60, 100]) };
  const bytes = Buffer.from(await fileOf({ detector }));
  expect((await (await open(bytes)).mask?.())?.filter(Boolean)).toHaveLength(7);
  // The name is in the heap of its group, and the header of the array behind it: each byte of headers is tried.
  const said = new Set<string>();
  for (let at = 0; at < bytes.length; at++) {
    if (bytes.toString('latin1', at, at + 4) !== 'OHDR') continue;
    const damaged = Buffer.from(bytes);
    damaged[at + 4] = 99;
    const opened = await open(damaged).catch((error: Error) => error.message);
    if (typeof opened === 'string') said.add(opened);
    else expect((await opened.mask?.().catch(() => [1]))?.length, `${at}`).toBeGreaterThan(0);
  }
  expect([...said].join('\n')).toMatch(/pixel_mask/);
});

test('a mask of another shape than the frames is named', async () => {
  const detector = { ...usual, pixel_mask: array(new Uint32Array(50 * 40), [50, 40]) };
  const { notes, mask } = await open(await fileOf({ detector }));
  expect(mask).toBeUndefined();
  expect(notes.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/pixel_mask is not used: it is 50 x 40, and the frames are 60 x 100/),
  );
});

/** A file whose superblock claims another kilobyte. */
function cutEnd(whole: Uint8Array): Buffer {
  const bytes = Buffer.from(whole);
  bytes.writeBigUInt64LE(BigInt(bytes.length + 1024), 28);
  bytes.writeUInt32LE(lookup3(bytes.subarray(0, 44)), 44);
  return bytes;
}

test('a file that was cut is told, and makes a run doubtful', async () => {
  const bytes = cutEnd(await fileOf({}));
  const told: { text: string; isDoubtful: boolean | undefined }[] = [];
  const run = context.pipeline({
    inputs: [new File([new Uint8Array(bytes)], 'cut.h5')],
    cells: [],
    peaks: { threshold: 10 },
    onEvent: (event) => {
      if (event.kind === 'warning') told.push({ text: event.text, isDoubtful: event.isDoubtful });
    },
  });
  for await (const _ of run);
  expect(told).toContainEqual({ text: expect.stringMatching(/cut\.h5.*it was cut: it has/), isDoubtful: true });
});

test.each([
  [['.', 'q'], /the axis q is not one of a detector: these are integrated or polar patterns, not frames/],
  [['azimuthal_axis', 'radial_axis'], /the axes azimuthal axis and radial axis are not those of a detector/],
  [['y', 'x'], undefined],
  [['qy', 'qx'], undefined],
] as const)('of arrays whose axes are %s it is said whether they are frames', async (axes, words) => {
  const named = axes.filter((name) => name !== '.').map((name) => [name, array(Float64Array.from([1, 2]), [2])]);
  const I = array(new Float32Array(600), [30, 20]);
  const data = {
    children: { I, ...Object.fromEntries(named) },
    attributes: { NX_class: 'NXdata', signal: 'I', axes: `[${axes.join(',')}]` },
  };
  const dataset = await open(await treeFile({ entry: group({ data }, 'NXentry') }));
  const { notes } = dataset;
  const found = notes.filter(({ text }) => text.includes('of a detector')).map(({ text }) => text);
  expect(found).toEqual(words ? [expect.stringMatching(words)] : []);
  await dataset.dispose();
});

test('what is wrong with a file is said by every command that reads it, and one that was cut ends with 1', {
  tags: 'all',
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-notes-'));
  const pixel_mask = array(new Uint32Array(50 * 40), [50, 40]);
  const whole = await fileOf({
    detector: { ...usual, beam_center_x: number(58), beam_center_y: number(30), pixel_mask },
  });
  writeFileSync(join(folder, 'doubt.h5'), whole);
  writeFileSync(join(folder, 'cut.h5'), cutEnd(whole));
  const of = async (words: string) => {
    const { code, out, err } = await ewaldTogether(words.split(' '), { cwd: folder });
    return { code, said: out + err };
  };
  try {
    for (const [words, end] of [
      ['info', ''],
      ['index', '-p none --threshold 10 --backend wasm --force -o out.stream'],
      ['convert', '--force -o out.npy'],
      ['run sum', '--backend wasm --force -o sum.npy'],
    ] as const) {
      const { code, said } = await of(`${words} doubt.h5 ${end}`.trim());
      expect(said, words).toMatch(/warning:? .*put it at 50, 30 pixels; these are used/);
      expect(said, words).toMatch(/warning:? .*pixel_mask is not used: it is 50 x 40, and the frames are 60 x 100/);
      // Of frames without peaks a run is doubtful anyway.
      if (words !== 'index') expect(code, words).toBe(0);
      const cut = await of(`${words} cut.h5 ${end}`.trim());
      expect(cut, words).toMatchObject({ code: 1, said: expect.stringMatching(/was cut|expected, \d+ found/) });
    }
    // A geometry says where the detector is, and what the file says of it in vain does not matter.
    const corner = 'p0/corner_x = -58\np0/corner_y = -30';
    const beam = 'wavelength = 1 A\nclen = 0.1\nres = 13333.3\nadu_per_photon = 1';
    const panel = 'p0/min_fs = 0\np0/max_fs = 99\np0/min_ss = 0\np0/max_ss = 59\np0/fs = x\np0/ss = y';
    writeFileSync(join(folder, 'own.geom'), `${beam}\n${panel}\n${corner}\n`);
    const { said } = await of('index -g own.geom -p none --threshold 10 --backend wasm --force -o out.stream doubt.h5');
    expect(said).toMatch(/pixel_mask is not used/);
    expect(said).not.toMatch(/these are used/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
