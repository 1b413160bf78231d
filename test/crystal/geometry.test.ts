/** Geometries: the grammar, the mapping of pixels, comparison with the truth of the data, invalid lines. */
import { describe, expect, test } from 'vitest';
import { formatGeometry, parseGeometry } from '../../dist/index.node.js';
import { checkGeometry } from '../../src/crystal/geometry/check.js';
import { wavelengthOf } from '../../src/crystal/geometry/geometry.js';
import { panelNumbers, panelNumbersLength, xOf, yOf, zOf } from '../../src/crystal/geometry/panel-numbers.js';
import { PanelPlaces } from '../../src/crystal/geometry/panel-places.js';
import {
  badPixels,
  beamOf,
  extentOf,
  PanelPlace,
  positionOf,
  reciprocalOf,
} from '../../src/crystal/geometry/pixels.js';
import { unitsOf } from '../../src/refinement/units.js';
import { dataFolder, listData, readData } from '../support/data.js';

const simple = `
; a detector of two panels
photon_energy = 9.5 keV
clen = 80 mm
res = 10000 ; pixels a metre
adu_per_photon = 2
mask_bad = 0xff
mask = /mask
dim0 = %
dim1 = ss
dim2 = fs
left/min_fs = 0
left/max_fs = 9
left/min_ss = 0
left/max_ss = 4
left/corner_x = -10.5
left/corner_y = -2
left/fs = x
left/ss = +0.0x +1.0y
max_adu = 65000
right/min_fs = 0
right/max_fs = 9
right/min_ss = 5
right/max_ss = 9
right/corner_x = 1
right/corner_y = 3
right/fs = -0.1x - y
right/ss = 1e0x -0.1y +.5z
right/coffset = 0.001
right/mask_edge_pixels = 1
bad_stop/min_x = -2
bad_stop/max_x = 0
bad_stop/min_y = -1
bad_stop/max_y = 1
bad_pixel/min_fs = 3
bad_pixel/max_fs = 3
bad_pixel/min_ss = 7
bad_pixel/max_ss = 7
bad_pixel/panel = right
group_q = left,right
group_all = q
rigid_group_old = left
`;

describe('the grammar', () => {
  const geometry = parseGeometry(simple);
  const [left, right] = geometry.panels;

  test('panels take the defaults in force when they are first named', () => {
    expect(left).toMatchObject({ name: 'left', maximum: Number.POSITIVE_INFINITY, unitsPerPhoton: 2, fs: [1, 0, 0] });
    expect(right).toMatchObject({ maximum: 65000, fs: [-0.1, -1, 0], ss: [1, -0.1, 0.5], offsetM: 0.001, badEdge: 1 });
    expect(left?.dimensions).toEqual(['%', 'ss', 'fs']);
    expect(left?.masks).toEqual([{ index: 0, path: '/mask', file: undefined, goodBits: 0, badBits: 255 }]);
    expect(geometry.groups.get('q')).toEqual(['left', 'right']);
    expect(geometry.warnings).toEqual([]);
  });

  test('units: keV and mm; numbers alone; paths of the file', () => {
    expect(beamOf(geometry)).toEqual({ wavelengthA: 12398.41984332003 / 9500, distanceM: 0.08, shiftM: [0, 0] });
    const read = (text: string, header?: (path: string) => number) =>
      beamOf(
        parseGeometry(simple.replace('photon_energy = 9.5 keV', text).replace('clen = 80 mm', 'clen = /d')),
        header,
      );
    // A distance read from a path without a unit is in millimetres; a number without a unit is in metres.
    expect(read('wavelength = 1.3 A', () => 60)).toMatchObject({ wavelengthA: 1.3, distanceM: 0.06 });
    expect(read('photon_energy = /e keV', (path) => (path === '/e' ? 12 : 60)).wavelengthA).toBeCloseTo(1.0332, 4);
    expect(() => read('wavelength = 1.3 A')).toThrow(/the distance from \/d, a number in the file of the frames/);
    expect(() => read('wavelength = 1.3 A', () => undefined as never)).toThrow(/from \/d, which is not in the file/);
    // 200 kV: 0.02507934 Å (relativistic), textbooks say 2.51 pm.
    expect(wavelengthOf('electronVoltage', 2e5)).toBeCloseTo(0.02507934, 6);
  });

  test.each([
    ['photon_energy = 9500', 12398.41984332003 / 9500],
    ['photon_energy = 0.0095 MeV', 12398.41984332003 / 9500],
    ['photon_energy = 1.5220678e-15 J', 12398.41984332003 / 9500],
    ['photon_energy = 9.5 kiloelectronvolts', 12398.41984332003 / 9500],
    ['photon_energy = /e J', 12398.41984332003 / 9500],
    ['wavelength = 1.3e-10', 1.3],
    ['wavelength = 1.3e-10 m', 1.3],
    ['wavelength = 0.13 nm', 1.3],
    ['wavelength = 130 pm', 1.3],
    ['wavelength = 1.3 Å', 1.3],
    ['electron_voltage = 200 kV', 0.02507934],
    ['electron_voltage = 0.2 MV', 0.02507934],
  ])('the beam in %s', (line, wavelengthA) => {
    const text = simple.replace('photon_energy = 9.5 keV', line);
    expect(beamOf(parseGeometry(text), () => 1.5220678e-15).wavelengthA).toBeCloseTo(wavelengthA, 6);
  });

  test('a geometry written and read again is the same', () => {
    const again = parseGeometry(formatGeometry(geometry));
    expect(again).toEqual(geometry);
  });

  test('rigid groups are kept, and are the parts of a refinement where there are no groups', () => {
    expect(geometry.rigidGroups).toEqual(new Map([['old', ['left']]]));
    const lines = 'rigid_group_a = left,right\nrigid_group_b = far\nrigid_group_collection_c = a,b\n';
    const far = simple.slice(simple.indexOf('left/min_fs'), simple.indexOf('max_adu')).replace(/^left/gm, 'far');
    const body = simple
      .replace(/^(rigid_)?group_.*\n/gm, '')
      .replace('left/min_fs', `${far.replace(/corner_x = .*/, 'corner_x = 200')}left/min_fs`);
    const rigid = parseGeometry(`${body}${lines}`);
    expect(formatGeometry(rigid)).toContain(lines);
    expect(unitsOf(rigid).map(({ name }) => name)).toEqual([undefined, 'a', 'far', 'left', 'right']);
    expect(unitsOf(parseGeometry(body)).map(({ name }) => name)).toEqual([undefined, 'far', 'left', 'right']);
  });

  test('members of groups that are nothing, and regions with exchanged ends, are problems', () => {
    const odd = `${simple}group_r = left,typo\nrigid_group_s = old,other\nbad_x/min_fs = 9\nbad_x/max_fs = 0\nbad_x/min_ss = 0\nbad_x/max_ss = 4\nbad_y/min_fs = 900\nbad_y/max_fs = 910\nbad_y/min_ss = 0\nbad_y/max_ss = 4\nbad_y/panel = left\n`;
    const problemsOf = (text: string): readonly string[] => {
      const parsed = parseGeometry(text);
      return checkGeometry(parsed, beamOf(parsed)).problems;
    };
    const before = problemsOf(simple);
    expect(problemsOf(odd).filter((text) => !before.includes(text))).toEqual([
      'group_r names typo, which is neither a panel nor a group',
      'rigid_group_s names other, which is neither a panel nor a group',
      'bad_x has no pixels: min_fs is 9 and max_fs 0',
      expect.stringMatching(
        /^bad_y has no pixels: it is fs 900 to 910, ss 0 to 4, counted in the frame .* left has fs/,
      ),
    ]);
  });

  test.each(['adu_per_photon = 0', 'adu_per_photon = -1', 'adu_per_eV = -0.001'])('%s is refused', (line) => {
    expect(() => parseGeometry(simple.replace('adu_per_photon = 2', line))).toThrow(
      /adu_per_\w+ is \S+; expected a number above 0/,
    );
  });

  test('panels as rows of numbers have the same positions and intersections, to the last bit', () => {
    const geometry = parseGeometry(simple);
    const beam = { ...beamOf(geometry), shiftM: [0.0013, -0.0007] } as const;
    const numbers = panelNumbers(geometry, beam);
    const places = new PanelPlaces(geometry, beam);
    for (const [i, panel] of geometry.panels.entries()) {
      const row = panelNumbersLength * i;
      const place = new PanelPlace(panel, beam);
      for (const [fs, ss] of [
        [0.5, 0.5],
        [3.17, 2.71],
        [9.99, 4.9],
      ] as const) {
        const position = positionOf(panel, beam, fs, ss);
        const [x, y] = [panel.minFs + fs, panel.minSs + ss];
        // In floating point, adding and subtracting the first pixel may change the last bit of the argument.
        const same = positionOf(panel, beam, x - panel.minFs, y - panel.minSs);
        expect([xOf, yOf, zOf].map((coordinate) => coordinate(numbers, row, x, y))).toEqual(same);
        expect(place.find(...position)).toBe(true);
        expect(places.find(...position)).toBe(i);
        expect([places.fs, places.ss]).toEqual([place.fs, place.ss]);
      }
    }
    expect(places.find(0, 0, -1)).toBe(-1);
  });

  test('bad pixels: regions in laboratory and file coordinates, edges, pixels outside of panels', () => {
    expect(extentOf(geometry)).toEqual({ fs: 10, ss: 10 });
    const bad = badPixels(geometry, { fs: 11, ss: 10 });
    const at = (fs: number, ss: number) => bad[ss * 11 + fs];
    // left: x from -10.5, so centres at -10, …, -1 of fs 0 … 9; y from -2: centres at -1.5 … 2.5.
    expect([7, 8, 9].map((fs) => at(fs, 1))).toEqual([0, 1, 1]);
    expect([0, 1, 2, 3].map((ss) => at(9, ss))).toEqual([0, 1, 1, 0]);
    expect(at(10, 1)).toBe(1);
    expect([at(3, 7), at(4, 7), at(0, 7), at(4, 5), at(4, 6)]).toEqual([1, 0, 1, 1, 0]);
  });

  test.for([
    ['p0/min_fs 0', /:1: "p0\/min_fs 0" has no "="/],
    ['p0/min_fs = zero', /:1: min_fs is "zero"; expected a number/],
    ['p0/fs = sideways', /:1: fs is "sideways"/],
    ['clen = 3 ft', /:1: clen has the unit "ft"; expected one of m, cm, mm, um/],
    ['electron_voltage = 200', /expected a number with its unit: V, kV, MV/],
    ['bad_x/min_q = 3', /the bad region bad_x does not take "min_q"/],
    ['res = -1', /res is -1/],
    ['photon_energy = 0', /expected a positive number/],
    ['', /no panel is defined/],
    ['p0/min_fs = 0', /the panel p0 lacks max_fs, min_ss, max_ss, corner_x, corner_y, fs, ss, res/],
  ] as const)('%s', ([text, message]) => {
    let error: unknown;
    try {
      parseGeometry(text, 'x.geom');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ tag: 'Format', message: expect.stringMatching(message) });
  });

  test('unknown keys cause a warning with the nearest known one', () => {
    const { warnings } = parseGeometry(`${simple}\nleft/corner_xx = 3\nphton_energy = 3`);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/"corner_xx".*did you mean "corner_x"/);
    expect(warnings[1]).toMatch(/did you mean "photon_energy"/);
  });

  test('a mask that can call no pixel bad is named once, and bits that masks do not have are refused', () => {
    const said = (...lines: string[]) => parseGeometry(simple.replace('mask_bad = 0xff', lines.join('\n'))).warnings;
    expect(said()).toEqual([expect.stringMatching(/^mask \(\/mask\) calls no pixel bad.*mask_badbits/)]);
    expect(said('mask_good = 0', 'mask_bad = 0')).toHaveLength(1);
    expect(said('mask_bad = 1', 'mask1_badbits = 1')).toEqual([expect.stringMatching(/^mask1 has .*"mask1 = \/path"/)]);
    expect(said('mask_good = 0xffffffff')).toEqual([]);
    for (const bits of ['0x10000000000', '-1'])
      expect(() => said(`mask_bad = ${bits}`)).toThrow(/:7: mask_bad is .*expected bits of a mask, from 0x0 to 0xff/);
  });

  test('a default that no panel takes is named, and panels have one clen', () => {
    const { warnings } = parseGeometry(`${simple}max_adu = 3\nmax_adu = 4\n`);
    expect(warnings).toEqual([expect.stringMatching(/^line 4\d: max_adu has no effect after the last panel/)]);
    expect(parseGeometry(`${simple}left/clen = 0.08 m\nright/clen = 80 mm\n`).warnings).toEqual([]);
    expect(() => parseGeometry(`${simple}right/clen = 0.05`)).toThrow(/clen of right is another than before/);
  });
});

describe.skipIf(!dataFolder)(`geometries of the data${dataFolder ? '' : ' (absent)'}`, () => {
  test.for([
    ...listData('sim', '.geom').map((name) => ['sim', name] as const),
    ...listData('real/frames', '.geom').map((name) => ['real/frames', name] as const),
  ])('%s/%s is read without a warning and comes back', ([folder, name]) => {
    const geometry = parseGeometry(readData(folder, name), name);
    expect(geometry.warnings).toEqual([]);
    expect(parseGeometry(formatGeometry(geometry))).toEqual(geometry);
  });

  test('true spots lie at nodes of their lattice', () => {
    const { frames } = JSON.parse(readData('sim', 'run.truth.json'));
    const geometry = parseGeometry(readData('sim', 'run.geom'));
    const [panel] = geometry.panels;
    const beam = beamOf(geometry);
    if (!panel) throw new Error('no panel');
    let worst = 0;
    for (const { lattices } of frames)
      for (const { astar, bstar, cstar, spots } of lattices)
        for (const [x, y, h, k, l] of spots) {
          const q = reciprocalOf(panel, beam, x, y);
          const node = [0, 1, 2].map((i) => h * astar[i] + k * bstar[i] + l * cstar[i]);
          worst = Math.max(worst, Math.hypot(...q.map((value, i) => value - (node[i] ?? 0))));
          // The reverse: the ray through the spot hits the panel at the position of the spot.
          const place = new PanelPlace(panel, beam);
          expect(place.find(q[0], q[1], q[2] + 1 / beam.wavelengthA)).toBe(true);
          expect(Math.hypot(place.fs - x, place.ss - y)).toBeLessThan(1e-6);
        }
    // A lattice point is off the sphere by at most its excitation error, some 1e-3 1/Å.
    expect(worst).toBeLessThan(3e-3);
    expect(worst).toBeGreaterThan(0);
  });

  test('a tilted panel: a point and its ray', () => {
    const geometry = parseGeometry(readData('real/frames', 'cspad_thermolysin.geom'));
    const beam = { wavelengthA: 1.3, distanceM: 0.13, shiftM: [1e-4, -2e-4] as const };
    for (const panel of geometry.panels.slice(0, 8)) {
      const q = reciprocalOf(panel, beam, 17.25, 140.5);
      const place = new PanelPlace(panel, beam);
      expect(place.find(q[0], q[1], q[2] + 1 / beam.wavelengthA)).toBe(true);
      expect(place.fs).toBeCloseTo(17.25, 8);
      expect(place.ss).toBeCloseTo(140.5, 8);
      // The opposite direction, and a ray that misses the panel.
      expect(place.find(-q[0], -q[1], -q[2] - 1 / beam.wavelengthA)).toBe(false);
      expect(place.find(1, 0, 0.01)).toBe(false);
    }
  });
});
