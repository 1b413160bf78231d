// @module-tag all: refinements on many crystals.
/** The position of the detector: estimated from crystals, and checked by `ewald geometry check`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beamOf, formatGeometry, meanDistance, parseGeometry } from '../../dist/index.node.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-detector-'));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (...parts: string[]): string => resolve(dataFolder ?? '', ...parts);
const geometryText = (changes: readonly (readonly [string, string])[]): string =>
  changes.reduce(
    (text, [from, to]) => {
      expect(text).toContain(from);
      return text.replace(from, to);
    },
    readFileSync(at('sim', 'run.geom'), 'utf8'),
  );
const written = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe.skipIf(!dataFolder)(`crystals and the detector${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const index = (geometry: string, ...more: string[]) => indexWith(at('sim', 'run.cell'), geometry, ...more);
  const indexWith = (cell: string, geometry: string, ...more: string[]) =>
    ewald([
      ...['index', at('sim', 'run.h5'), '-g', geometry, '-p', cell, '--threshold=12', '-j', '1'],
      ...['--min-res=20', '--no-integrate', '--backend=wasm', ...more],
    ]);

  /** Distances are also positions of a stage, which may be negative, with the rest in coffset. */
  const stages = [
    ['in clen', (metres: number) => `clen = ${metres} m`],
    ['in coffset', (metres: number) => `clen = -500 mm\ncoffset = ${metres + 0.5}`],
  ] as const;

  test.each(stages)(
    'a distance %s that is wrong is reported, and the refined geometry corrects it',
    async (where, clenOf) => {
      const off = written(
        'off.geom',
        geometryText([
          ['clen = 0.06 m', clenOf(0.0605)],
          ['corner_x = -515.3', 'corner_x = -516.1'],
        ]),
      );
      const refined = join(folder, `refined ${where}.geom`);
      // What an interrupted run left of the geometry goes when a run has written all of it.
      writeFileSync(`${refined}.part`, formatGeometry(parseGeometry(readFileSync(off, 'utf8'))));
      const run = await index(off, '--refine-geometry=off', '--refined-geometry', refined);
      // The geometry is kept, so the cells of the stream are wrong by as much.
      expect(run.err).toMatch(
        /all edges of 12 crystals are 0\.9\d ± 0\.0\d % longer .* the distance or the wavelength is/,
      );
      expect(run.code, run.err).toBe(1);
      expect(run.out).toMatch(
        /according to 12 crystals, .* 0\.8\d % \(0\.\d\d mm\) nearer .*shifted by 0\.\d\d, -?0\.\d\d pixels/,
      );
      expect(existsSync(`${refined}.part`)).toBe(false);
      const geometry = parseGeometry(readFileSync(refined, 'utf8'));
      const beam = beamOf(geometry);
      // The values of the simulation: 60 mm, and 0.8 pixels of 75 µm.
      expect(Math.abs(meanDistance(geometry, beam) - 0.06)).toBeLessThan(0.00002);
      expect(Math.abs(beam.shiftM[0] - 0.8 * 75e-6)).toBeLessThan(4e-6);
      expect(Math.abs(beam.shiftM[1])).toBeLessThan(4e-6);
      const stream = join(folder, `refined ${where}.stream`);
      expect((await index(refined, '-o', stream)).out).not.toMatch(/the detector is/);
      const { out } = await ewald(['stream', 'compare', stream, at('sim', 'run.truth.json'), '--json']);
      expect(JSON.parse(out)).toMatchObject({ crystalsRight: 12, crystalsWrong: 0 });
      expect(JSON.parse(out).misorientationMedianDeg).toBeLessThan(0.02);
    },
  );

  test.each(stages)(
    'a distance %s that is wrong is refined before the run, reported and written',
    async (where, clenOf) => {
      const off = written('off-3.geom', geometryText([['clen = 0.06 m', clenOf(0.0607)]]));
      const refined = join(folder, `refined before ${where}.geom`);
      const run = await index(off, '--refined-geometry', refined);
      expect(run.code, run.err).toBe(0);
      const [, error = '', away = ''] =
        /according to 12 crystals .* 0\.\d+ ± (0\.00\d+) mm nearer .*\(at (\S+) mm\).*--refine-geometry off/.exec(
          run.err,
        ) ?? [];
      expect(run.out).not.toMatch(/assuming that the known cell/);
      const geometry = parseGeometry(readFileSync(refined, 'utf8'));
      const distanceM = meanDistance(geometry, beamOf(geometry));
      expect(Math.abs(distanceM - 0.06), run.err).toBeLessThan((3 * Number(error)) / 1000);
      expect(Number(away)).toBeCloseTo(1000 * distanceM, 2);
      expect(readFileSync(refined, 'utf8')).toMatch(/^; ewald refined this geometry on 12 crystals/);
    },
  );

  test.each([
    ['82,82,39.5,90,90,90'],
    ['79.4,79.4,38.2,90,90,90'],
    ['78,78,37.5,90,90,90'],
    ['79.3,79.3,38,90,90,90'],
    ['79,79,38.2,90,90,90'],
  ])('a wrong cell, %s, does not move the detector, and the run names the right one', async (cell) => {
    const refined = join(folder, `refined-${cell}.geom`);
    const run = await indexWith(cell, at('sim', 'run.geom'), '--refined-geometry', refined);
    expect(run.code, run.err).toBe(1);
    expect(run.err).not.toMatch(/geometry: according to/);
    const [, found = '', errors = ''] =
      /^warning: the cell of 12 crystals is ([\d.]+ [\d.]+ [\d.]+) .*\(lengths ± ([\d., ]+) Å\).*check the cell/m.exec(
        run.err,
      ) ?? [];
    for (const [i, x] of found.split(' ').entries()) {
      const error = Number(errors.split(', ')[i]);
      const real = [79, 79, 38][i] ?? Number.NaN;
      expect(Math.abs(Number(x) - real), `${found} ± ${errors}`).toBeLessThan(3 * error);
      expect(error).toBeLessThan(0.03);
    }
    expect(run.out).not.toMatch(/assuming that the known cell is right/);
    const beam = beamOf(parseGeometry(readFileSync(refined, 'utf8')));
    expect(beam.distanceM).toBe(0.06);
    expect(beam.shiftM).toEqual([0, 0]);
  });

  test('a cell and a distance that are both wrong are named together, and nothing counts as refined', async () => {
    const off = written('both.geom', geometryText([['clen = 0.06 m', 'clen = 0.0618 m']]));
    const refined = join(folder, 'both-refined.geom');
    const run = await indexWith('80.6,80.6,38.8,90,90,90', off, '--refined-geometry', refined);
    expect(run.code, run.err).toBe(1);
    const [, z, cell = ''] =
      /detector is ([\d.]+) ± .* mm nearer .*both wrong; with .* -p ([\d.,]+),/.exec(run.err) ?? [];
    expect(Math.abs(Number(z) - 1.8)).toBeLessThan(0.03);
    expect(run.out).toMatch(/nothing was refined: the given geometry is in /);
    expect(run.out).not.toMatch(/^refined geometry in/m);
    // The way out that it names leads to the truth.
    const again = await indexWith(cell, off, '--refined-geometry', refined, '--force');
    expect(again.code, again.err).toBe(0);
    // The cells of the crystals took the distance up, so residuals alone hardly show it.
    expect(again.err).toMatch(
      /0\.\d\d pixels from .* \(0\.\d\d with the given geometry, and with cells of other lengths\)/,
    );
    const { distanceM } = beamOf(parseGeometry(readFileSync(refined, 'utf8')));
    expect(Math.abs(distanceM - 0.06)).toBeLessThan(0.00002);
  });

  test('a pixel size that the file contradicts is named', async () => {
    const wrong = written('pixels.geom', geometryText([['res = 13333.3333', 'res = 13000']]));
    const said =
      /the pixel size is 76\.9231 um in the geometry, and \S*run\.h5 states 75 um: 2\.6 % more than the file/;
    const checked = await ewald(['geometry', 'check', wrong, at('sim', 'run.h5')]);
    expect([checked.code, `${checked.out}${checked.err}`]).toEqual([1, expect.stringMatching(said)]);
  });

  test('a wavelength that is 3 % too long is named before the cell, whose edges are off by one factor', async () => {
    const long = written('long.geom', geometryText([['wavelength = 1.3 A', 'wavelength = 1.34 A']]));
    const run = await index(long);
    expect(run.code, run.out).toBe(1);
    expect(run.err).toMatch(/the wavelength is 1\.34 Å in the geometry, and \S*run\.h5 states 1\.3 Å: 3\.1 % more/);
    expect(run.err).toMatch(
      /^warning: .*all edges are 1\.031 of .*wavelength .* 3\.1 % too long .*check the wavelength .* first/m,
    );
  });

  test('without a cell, a wavelength that the file contradicts leaves the cell in doubt', {
    tags: 'nightly',
  }, async () => {
    const long = written('longer.geom', geometryText([['wavelength = 1.3 A', 'wavelength = 1.6 A']]));
    const said = /^warning: \S*longer\.geom: the wavelength is 1\.6 Å .*1\.3 Å: 23\.1 % more .*wrong by as much$/m;
    const common = ['--threshold=12', '--min-res=20', '--backend=wasm'];
    for (const command of ['cell', 'index']) {
      const rest = [...common, ...(command === 'index' ? ['--no-integrate', '-j', '1'] : [])];
      const wrong = await ewald([command, at('sim', 'run.h5'), '-g', long, ...rest]);
      expect([wrong.code, wrong.err], command).toEqual([1, expect.stringMatching(said)]);
      const right = await ewald([command, at('sim', 'run.h5'), '-g', at('sim', 'run.geom'), ...rest]);
      expect(right.code, right.err).toBe(0);
    }
  });

  test('a distance that the file contradicts is a doubt only where crystals do not tell it', {
    tags: 'nightly',
  }, async () => {
    for (const [metres, code] of [
      ['0.0615', 0],
      ['0.054', 1],
    ] as const) {
      const off = written(`clen-${metres}.geom`, geometryText([['clen = 0.06 m', `clen = ${metres} m`]]));
      const given = ['index', at('sim', 'run.h5'), '-g', off, '--threshold=12', '--min-res=20', '--no-integrate'];
      const run = await ewald([...given, '-j', '1', '--backend=wasm']);
      expect(run.err).toMatch(/the distance is [\d.]+ mm in the geometry, and \S*run\.h5 states 60 mm/);
      expect(run.code, run.err).toBe(code);
      expect(/do not tell the distance, which differs/.test(run.err)).toBe(code === 1);
    }
  });

  test('an edge keeps its known length where that fits as well: the median of a run is no measurement', async () => {
    const stream = join(folder, 'kept.stream');
    const run = await indexWith('79.05,79.05,38.02,90,90,90', at('sim', 'run.geom'), '-o', stream);
    const kept = readFileSync(stream, 'utf8').match(/^Cell parameters 7\.9050\d* 7\.9050\d* 3\.8020\d* nm/gm);
    expect(kept?.length, run.err).toBeGreaterThan(6);
    expect(run.out).toMatch(/median cell 79\.05 79\.05 38\.02 Å/);
  });

  test('crystals in doubt stop at the limits of the search, and their median is no cell', {
    tags: 'nightly',
  }, async () => {
    const run = await indexWith('60,65,45,90,95,90', at('sim', 'run.geom'), '--first=6');
    expect(run.code, run.err).toBe(1);
    expect(run.out).toMatch(/median cell .*°, within the limits of the search: the crystals are doubtful/);
    expect((await index(at('sim', 'run.geom'), '--first=6')).out).toMatch(/median cell .*°\n/);
  });

  test('the first of two determined cells, and what was doubtful about it, are void', { tags: 'nightly' }, async () => {
    const off = written('six.geom', geometryText([['corner_x = -515.3', 'corner_x = -509.3']]));
    const run = await ewald(['index', at('sim', 'run.h5'), '-g', off, '-j', '1', '--no-integrate', '--backend=wasm']);
    expect(run.code, run.err).toBe(0);
    expect(run.err).toMatch(/warning: the lattices .*\ncell: determined again .* are void\ncell: .*\(tP;/s);
  });

  test('at small angles a known cell decides about the distance only if it is trusted', {
    tags: 'nightly',
  }, async () => {
    const small = ['--distance', '240', '--size', '600,600', '--images', '14', '--seed', '5', '--name', 'far'];
    const simulated = await ewald(['simulate', 'frames', '-o', folder, '-p', '120,150,180,90,90,90', ...small]);
    expect(simulated.code, simulated.err).toBe(0);
    const [right, frames] = [join(folder, 'far.geom'), join(folder, 'far.h5')];
    const off = written('far-off.geom', readFileSync(right, 'utf8').replace('clen = 0.24 m', 'clen = 0.24072 m'));
    const far = (geometry: string, cell: string, ...more: string[]) =>
      ewald(['index', frames, '-g', geometry, '-p', cell, '--threshold=12', '--no-integrate', '-j', '1', ...more]);
    const larger = await far(right, '120.36,150.45,180.54,90,90,90');
    const farther = await far(off, '120.000,150.000,180.000,90,90,90');
    for (const { code, err } of [larger, farther]) {
      expect(code, err).toBe(1);
      expect(err).not.toMatch(/^geometry:/m);
      expect(err).toMatch(
        /^warning: .*cell is about 0\.3 % too .*, or the detector 0\.3\d % .* the distance is kept; .*--trust-cell/m,
      );
    }
    const trusted = await far(off, '120.000,150.000,180.000,90,90,90', '--trust-cell');
    const [, z, error] = /detector is ([\d.]+) ± ([\d.]+) mm nearer/.exec(trusted.err) ?? [];
    expect(Math.abs(Number(z) - 0.72)).toBeLessThan(3 * Number(error));
    expect(Number(error)).toBeLessThan(0.1);
    expect(trusted.out + trusted.err).not.toMatch(/trust-cell/);
    // A cell that was found at this distance says nothing about it, nor do the peaks.
    const farther3 = written('far-3.geom', readFileSync(right, 'utf8').replace('clen = 0.24 m', 'clen = 0.2472 m'));
    const refined = join(folder, 'far-refined.geom');
    const search = ['--threshold=12', '--no-integrate', '-j', '1', '--refined-geometry', refined];
    const unknown = await ewald(['index', frames, '-g', farther3, ...search]);
    expect(unknown.out).toMatch(/the peaks do not tell from the size of the cell: if one of them is wrong by 1 %/);
    expect(unknown.out + unknown.err).not.toMatch(/known cell is right|(nearer|farther away) than in the geometry/);
    expect(beamOf(parseGeometry(readFileSync(refined, 'utf8'))).distanceM).toBe(0.2472);
  });

  test('a geometry is refined on a stream, and one that is right is written unchanged', async () => {
    const off = written('off-stream.geom', geometryText([['clen = 0.06 m', 'clen = 0.0605 m']]));
    const [stream, better, same] = ['off.stream', 'better.geom', 'same.geom'].map((name) => join(folder, name));
    await index(off, '--refine-geometry=off', '-o', `${stream}`);
    const first = await ewald(['geometry', 'refine', `${stream}`, '-o', `${better}`]);
    expect(first.out, first.err).toMatch(
      /according to 12 crystals .* 0\.(49|50)\d ± 0\.00\d mm nearer .*refined geometry/s,
    );
    const text = readFileSync(`${better}`, 'utf8');
    expect(Math.abs(beamOf(parseGeometry(text)).distanceM - 0.06)).toBeLessThan(0.000005);
    const again = ['geometry', 'refine', `${stream}`, '-g', at('sim', 'run.geom'), '-o', `${same}`];
    const second = await ewald([...again, '--json']);
    expect(JSON.parse(second.out)).toMatchObject({ moved: [], crystals: 12 });
    expect(readFileSync(`${same}`, 'utf8')).toBe(readFileSync(at('sim', 'run.geom'), 'utf8'));
    expect((await ewald(again)).code).toBe(2);
  });

  test('no remark is made about a detector in its correct position', async () => {
    const { out } = await index(at('sim', 'run.geom'));
    expect(out).not.toMatch(/the detector is|drifts/);
  });
});

describe.skipIf(!dataFolder)(`ewald geometry check${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const check = (...words: string[]) => ewald(['geometry', 'check', ...words]);

  test.each([
    ['distance', 'clen = 0.06 m', 'clen = 0.066 m', 'the distance is 66 mm .* states 60 mm: 10\\.0 % more'],
    ['wavelength', 'wavelength = 1.3 A', 'wavelength = 1.27 A', 'the wavelength is 1\\.27 Å .* 1\\.3 Å: 2\\.3 % less'],
    [
      'beam',
      'corner_x = -515.3',
      'corner_x = -509.3',
      'at 509\\.3, 506\\.3 .* states 515\\.3, 506\\.3: -6\\.0, 0\\.0 pixels',
    ],
  ])('reports a %s that contradicts what the file states, as a run does', async (name, from, to, text) => {
    const off = written(`contradicts-${name}.geom`, geometryText([[from, to]]));
    const { code, out } = await check(off, at('sim', 'run.h5'));
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`✗ the .*${text}`.replace('the .*the', 'the')));
    expect(out).not.toContain('it is consistent');
    const run = await ewald(['index', at('sim', 'run.h5'), '-g', off, '-p', at('sim', 'run.cell'), '--first=1']);
    expect(run.err).toMatch(new RegExp(`warning: .*${text}`));
    const right = await check(at('sim', 'run.geom'), at('sim', 'run.h5'));
    expect(right).toMatchObject({ code: 0, out: expect.stringContaining('✓ it is consistent') });
  });

  test('explains a detector of many panels, with the numbers of its frames, and draws it', async () => {
    const frames = at('real', 'frames', 'cspad_thermolysin_dev.h5');
    const svg = join(folder, 'cspad.svg');
    const { code, out } = await check(at('real', 'frames', 'cspad_thermolysin.geom'), frames, '--svg', svg);
    expect(code).toBe(0);
    expect(out).toMatch(/9\.742\d keV/);
    expect(out).toMatch(/64, 2\.30 Mpixel of 109\.92 µm/);
    expect(out).toMatch(/✓ it is consistent/);
    const picture = readFileSync(svg, 'utf8');
    expect(picture.match(/<polygon/g)).toHaveLength(64);
    expect(picture).not.toMatch(/NaN|undefined/);
  });

  test('a file of frames has its own geometry, and a written geometry is read back unchanged', async () => {
    const geom = join(folder, 'own.geom');
    const { code, out } = await check(at('sim', 'run.h5'), '-o', geom);
    expect(code).toBe(0);
    expect(out).toMatch(/beam hits p0 at fs 515\.30, ss 506\.30/);
    const [own, given] = [geom, at('sim', 'run.geom')].map((file) => parseGeometry(readFileSync(file, 'utf8')));
    expect(own?.panels[0]?.corner[0]).toBeCloseTo(given?.panels[0]?.corner[0] ?? 0, 6);
    expect(own && beamOf(own).distanceM).toBeCloseTo(given ? beamOf(given).distanceM : 0, 9);
  });

  test.for([
    [
      'steps that are no pixel',
      [['p0/fs = +1.0x +0.0y', 'p0/fs = +0.5x +0.0y']],
      /p0: a step along fs is 0\.500 pixels long/,
    ],
    [
      'axes that are not square',
      [['p0/fs = +1.0x +0.0y', 'p0/fs = +0.9x +0.43y']],
      /p0: the angle between fs and ss is 64\.\d+°/,
    ],
    ['a distance in millimetres', [['clen = 0.06 m', 'clen = 60']], /the distance is 60 m; is the unit right\?/],
    [
      'an energy in keV',
      [['wavelength = 1.3 A', 'photon_energy = 9.5']],
      /the wavelength is 1305\.\d+ Å; is the unit right\?/,
    ],
    ['panels for other frames', [['p0/max_ss = 1023', 'p0/max_ss = 2047']], /the panel p0 ends at fs 1023, ss 2047/],
    [
      'overlapping panels',
      [
        [
          'bad_beamstop/min_x',
          'p1/min_fs = 0\np1/max_fs = 99\np1/min_ss = 0\np1/max_ss = 99\np1/corner_x = 0\np1/corner_y = 0\np1/fs = x\np1/ss = y\nbad_beamstop/min_x',
        ],
      ],
      /p0 and p1 read the same pixels of the file\n✗ p0 and p1 overlap/,
    ],
  ] as const)('%s', async ([, changes, message]) => {
    const { code, out } = await check(written('bad.geom', geometryText(changes)), at('sim', 'run.h5'));
    expect(out).toMatch(message);
    expect(code).toBe(1);
  });
});
