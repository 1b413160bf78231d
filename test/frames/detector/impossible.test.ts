/** Geometries that cannot be, mostly by a wrong unit, are refused before a run; unusual ones are not. */
import { describe, expect, test } from 'vitest';
import { checkGeometry } from '../../../src/crystal/geometry/check.js';
import { parseGeometry } from '../../../src/crystal/geometry/parse.js';
import { beamOf } from '../../../src/crystal/geometry/pixels.js';
import { type Dataset, maskPath } from '../../../src/frames/dataset.js';
import { BadPixels } from '../../../src/frames/detector/bad-pixels.js';
import { refuseImpossible } from '../../../src/frames/detector/impossible.js';

const lines = {
  wavelength: '1.3 A',
  clen: '0.08 m',
  res: '13333.3',
  adu_per_photon: '1',
  detector_shift_x: '0',
  no_index: '0',
  'p0/min_fs': '0',
  'p0/max_fs': '1023',
  'p0/min_ss': '0',
  'p0/max_ss': '1023',
  'p0/corner_x': '-512',
  'p0/corner_y': '-512',
  'p0/fs': 'x',
  'p0/ss': 'y',
};

function refusalOf(changed: Partial<Record<keyof typeof lines, string>>): string {
  const text = Object.entries({ ...lines, ...changed }).map(([key, value]) => `${key} = ${value}`);
  try {
    const geometry = parseGeometry(text.join('\n'));
    refuseImpossible(geometry, beamOf(geometry));
  } catch (error) {
    expect(error).toMatchObject({ tag: 'Format' });
    return (error as Error).message;
  }
  return '';
}

describe('a geometry is refused', () => {
  test.for([
    ['with a wavelength of 1 300 Å', { wavelength: '1300 A' }, /wavelength is 1300 Å/],
    ['with a photon energy in keV that is read as eV', { wavelength: '1.3e-7' }, /check the unit/],
    ['80 m away', { clen: '80' }, /ends at a resolution of \d+ Å.*clen/],
    ['0.08 mm away', { clen: '0.08 mm' }, /0.08 mm from the sample/],
    ['with pixels of 9 km', { res: '0.00011' }, /a pixel is 9091 m wide/],
    ['with fs along ss', { 'p0/ss': 'x' }, /nearly parallel/],
    ['of panels that are all ignored', { no_index: '1' }, /all panels have no_index, and nothing is left to search/],
    ['with corners in metres', { 'p0/corner_x': '-0.0384', 'p0/corner_y': '-0.0384' }, /look like metres/],
  ] as const)('%s', ([, changed, message]) => {
    expect(refusalOf(changed)).toMatch(message);
  });
});

test.for([
  ['without adu_per_photon', () => ''],
  ['with long steps, each another one', (i: number) => `adu_per_photon = 1\np${i}/fs = 1.${30 + i}x\n`],
  ['with oblique axes, each another one', (i: number) => `adu_per_photon = 1\np${i}/ss = y +0.${20 + i}x\n`],
] as const)('64 panels %s have one problem', ([, more]) => {
  const panels = Array.from({ length: 64 }, (_, i) => {
    const own = { min_ss: 10 * i, max_ss: 10 * i + 9, min_fs: 0, max_fs: 9, corner_x: 0, corner_y: 20 * i };
    const text = Object.entries(own).map(([key, value]) => `p${i}/${key} = ${value}\n`);
    return `${text.join('')}p${i}/fs = x\np${i}/ss = y\n${more(i)}`;
  });
  const geometry = parseGeometry(`wavelength = 1 A\nclen = 0.1 m\nres = 10000\n${panels.join('')}`);
  const kinds = checkGeometry(geometry, beamOf(geometry)).problems.map((text) => text.replace(/: .*/, ''));
  expect(new Set(kinds).size).toBe(kinds.length);
  expect(kinds[0]).toBe('p0, p1, p2, p3 and 60 more');
});

describe('a geometry is not refused', () => {
  test.for([
    ['that is usual', {}],
    ['whose beam hits the corner of its panel', { 'p0/corner_x': '0', 'p0/corner_y': '0' }],
    ['whose beam hits the middle of the first pixel', { 'p0/corner_x': '-0.5', 'p0/corner_y': '-0.5' }],
    ['of electrons', { wavelength: '0.0251 A', clen: '1.5' }],
    ['at a long distance', { clen: '3', wavelength: '2 A' }],
    ['that is turned', { 'p0/fs': '0.6x +0.8y', 'p0/ss': '-0.8x +0.6y' }],
  ] as const)('%s', ([, changed]) => {
    expect(refusalOf(changed)).toBe('');
  });
});

test.for([
  ['0.75', /the detector of 76\.800\d+ x 76\.800\d+ mm is shifted by 750, 0 mm; .*without a unit are in metres/],
  ['-80 mm', /is shifted by -80, 0 mm; is the unit right/],
  ['0.75 mm', undefined],
  ['-0.07', undefined],
] as const)('a shift of %s that is beyond the detector is doubted', ([shift, problem]) => {
  const text = Object.entries({ ...lines, detector_shift_x: shift }).map(([key, value]) => `${key} = ${value}`);
  const geometry = parseGeometry(text.join('\n'));
  const { problems } = checkGeometry(geometry, beamOf(geometry));
  if (problem) expect(problems.join()).toMatch(problem);
  else expect(problems).toEqual([]);
});

// CrystFEL 0.10 to 0.12: im_get_length with a usual unit of 1e-3 for clen, and of 1 for a shift.
test('a distance that a path names without a unit is in millimetres, and a shift in metres', () => {
  const text = Object.entries({ ...lines, clen: '/stage', detector_shift_x: '/shift' });
  const geometry = parseGeometry(text.map(([key, value]) => `${key} = ${value}`).join('\n'));
  const beam = (unit?: string) =>
    beamOf(geometry, (path) => {
      const value = path === '/stage' ? 80 : 0.002;
      return unit === undefined ? value : { value, unit };
    });
  expect(beam()).toMatchObject({ distanceM: 0.08, shiftM: [0.002, 0] });
  expect(beam('mm')).toMatchObject({ distanceM: 0.08, shiftM: [2e-6, 0] });
});

test.for([
  ['0x0', '0xffff', undefined],
  ['0x1', '0x0', /the mask \/mask marks 92 % of the pixels of its panels as bad, as if good and bad were exchanged/],
] as const)('a mask of zeros with mask_good = %s is usual, or inverted', async ([good, bad, message]) => {
  const text = Object.entries({ mask: '/mask', mask_good: good, mask_bad: bad, ...lines });
  const geometry = parseGeometry(text.map(([key, value]) => `${key} = ${value}`).join('\n'));
  // 7 % of the pixels are marked, as in the gaps of a detector.
  const pixels = Uint32Array.from({ length: 1024 * 1024 }, (_, i) => (i % 100 < 7 ? 1 : 0));
  const shape = { nav: [], sig: [1024, 1024] };
  const mask = { shape, frames: 1, frameLength: pixels.length, read: async () => pixels, dispose: async () => {} };
  const frames = { shape, frames: 1, name: 'a.h5' } as unknown as Dataset;
  const openOther = async (): Promise<Dataset> => mask as unknown as Dataset;
  const read = BadPixels.open(geometry, frames, { openOther, opensOwn: true });
  if (message) await expect(read).rejects.toMatchObject({ tag: 'Format', message: expect.stringMatching(message) });
  else expect((await read).always.filter((x) => x !== 0).length).toBeGreaterThan(70_000);
});

test.for([
  [1, 1, 100],
  [1, 0.95, undefined],
  [3, 1, undefined],
] as const)(
  'a mask of %s of four panels that marks %s of them is of dead modules, or inverted',
  async ([masked, part, bad]) => {
    const panel = (name: string, i: number) =>
      [
        `${name}/min_fs = 0\n${name}/max_fs = 9\n${name}/min_ss = ${10 * i}\n${name}/max_ss = ${10 * i + 9}`,
        `${name}/corner_x = 0\n${name}/corner_y = ${10 * i}\n${name}/fs = +1.0x\n${name}/ss = +1.0y`,
        ...(i < masked ? [`${name}/mask = /mask`] : []),
      ].join('\n');
    const head = 'photon_energy = 9500\nclen = 0.08\nres = 13333\nmask_good = 0x0\nmask_bad = 0xffff\n';
    const geometry = parseGeometry(head + ['a', 'b', 'c', 'd'].map(panel).join('\n'));
    const pixels = Uint32Array.from({ length: 400 }, (_, i) => (i % 100 < 100 * part ? 1 : 0));
    const shape = { nav: [], sig: [40, 10] };
    const mask = { shape, frames: 1, frameLength: pixels.length, read: async () => pixels, dispose: async () => {} };
    const frames = { shape, frames: 1, name: 'a.h5' } as unknown as Dataset;
    const openOther = async (): Promise<Dataset> => mask as unknown as Dataset;
    const read = BadPixels.open(geometry, frames, { openOther, opensOwn: true });
    if (bad === undefined)
      await expect(read).rejects.toMatchObject({ tag: 'Format', message: expect.stringMatching(/exchanged/) });
    else expect((await read).always.filter((x) => x !== 0)).toHaveLength(bad);
  },
);

test.for([
  ['/mask', '0x0', true, 0],
  ['mask', '0x0', true, 0],
  ['/other', '0x0', true, 1],
  ['/mask', '0x1', true, 1],
  // Only its bits tell whether a mask that marks nearly all pixels is inverted.
  ['/full', '0x0', true, 1],
  // The caller may open something else.
  ['/mask', '0x0', false, 1],
] as const)("the file's own mask as %s with mask_good = %s, own: %s, is read %i times more", async (row) => {
  const [path, good, opensOwn, expected] = row;
  const size = { 'p0/max_fs': '63', 'p0/max_ss': '63' };
  const text = Object.entries({ mask: path, mask_good: good, mask_bad: '0x6', ...lines, ...size });
  const geometry = parseGeometry(text.map(([key, value]) => `${key} = ${value}`).join('\n'));
  const share = path === '/full' ? 95 : 7;
  const values = Uint32Array.from({ length: 64 * 64 }, (_, i) => (i % 100 < share ? 1 + (i % 3) : 0));
  const marked = Uint8Array.from(values, (value) => Number(value !== 0));
  const shape = { nav: [], sig: [64, 64] };
  let reads = 0;
  const other = {
    ...{ shape, frames: 1, frameLength: values.length, dispose: async () => {} },
    async read() {
      reads++;
      // With mask_good = 1, every pixel with that bit is good.
      return good === '0x1' ? values.map((value) => (value === 0 ? 1 : value)) : values;
    },
  };
  const own = path === '/full' ? path : '/mask';
  const frames = { shape, frames: 1, name: 'a.h5', mask: async () => marked, [maskPath]: own } as unknown as Dataset;
  const bad = await BadPixels.open(geometry, frames, { openOther: async () => other as unknown as Dataset, opensOwn });
  expect([reads, bad.always.length, bad.always.every((x, i) => x === marked[i])]).toEqual([expected, 2 ** 12, true]);
  expect(await bad.of({ ...frames, name: 'b.h5' } as Dataset, 0)).toBeUndefined();
});
