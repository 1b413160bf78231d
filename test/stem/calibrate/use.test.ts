/** Analyses take a calibration: what is certain in it, unless the user says otherwise, and words about the rest. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Calibration, Context, type EwaldError, type Scan, ssbUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contradictions } from '../../../src/stem/calibrate/optics.js';
import { ewaldTogether } from '../../support/cli.js';
import { simulatedScan } from './simulated-scan.mjs';

const ctx = new Context({ context: { backend: 'wasm' } });
const folder = mkdtempSync(join(tmpdir(), 'ewald-calibrate-'));
const object = { kind: 'amorphous', seed: 66, rows: 28, columns: 28, dose: 20, strength: 0.3 } as const;
const turned = { ...object, rotation: 37, flipY: true, centre: [1.4, -2.3], hot: 4 } as const;
const made = simulatedScan(turned);
const { rows, columns, n } = made.shape;
let scan: Scan;
let calibration: Calibration;
beforeAll(async () => {
  scan = ctx.fromMemory(made.frames, { sigShape: [n, n], navShape: [rows, columns] });
  calibration = await ctx.calibrate(scan);
  await ctx.exportDataset(scan, join(folder, 'scan.npy'));
}, 120_000);
afterAll(async () => {
  await ctx.close();
  rmSync(folder, { recursive: true });
});

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const centred = (x: ArrayLike<number>): number[] => {
    const mean = Array.from(x).reduce((p, q) => p + q, 0) / x.length;
    return Array.from(x, (value) => value - mean);
  };
  const [p, q] = [centred(a), centred(b)];
  const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return dot(p, q) / Math.sqrt(dot(p, p) * dot(q, q));
}
const refusal = (f: () => unknown): [string, string] => {
  try {
    f();
  } catch (error) {
    return [(error as EwaldError).tag, (error as EwaldError).message];
  }
  return ['', 'nothing was refused'];
};

test('icom with a calibration shows the object; without rotation it does not', async () => {
  const image = (options?: object) => ctx.run(ctx.createIcomAnalysis(scan, options));
  const right = await image({ calibration });
  expect([correlation(right.phase.data, made.truth.phases) > 0.9, right.notes.join()]).toEqual([
    true,
    expect.not.stringContaining('wrong'),
  ]);
  const wrong = await image();
  expect(Math.abs(correlation(wrong.phase.data, made.truth.phases))).toBeLessThan(0.6);
  expect(wrong.notes.join()).toMatch(/the image is wrong: .* scan rotation of 3[678] ± \d degrees .* with flipY/);
});

test('the half turn is called an assumption, which an object of dips is against', { tags: 'all' }, async () => {
  expect(calibration.rotation).toMatchObject({ halfTurn: 'assumed', scanRotation: expect.closeTo(37, -1) });
  const said = /assumes that fields point to atoms; in an object of dips, .* half a turn more/;
  expect(calibration.notes.join()).toMatch(said);
  // The same object with the other sign.
  const pores = simulatedScan({ ...turned, strength: -turned.strength });
  const found = await ctx.calibrate(ctx.fromMemory(pores.frames, { sigShape: [n, n], navShape: [rows, columns] }));
  expect(found.rotation).toMatchObject({ halfTurn: 'assumed', scanRotation: expect.closeTo(37 - 180, -1) });
  expect(found.notes.join()).toMatch(said);
});

test('com takes centre, rotation and hot pixels, and what the user gives comes first', () => {
  const params = (options: object) => ctx.createComAnalysis(scan, options).udf.params as Record<string, unknown>;
  const { centre, rotation, badPixels } = calibration as unknown as Record<string, Record<string, unknown>>;
  expect(params({ calibration })).toMatchObject({
    cy: centre?.cy,
    cx: centre?.cx,
    scanRotation: rotation?.scanRotation,
    flipY: true,
    without: expect.arrayContaining(badPixels?.hot as unknown[]),
  });
  expect(badPixels?.hot).toHaveLength(4);
  expect(params({ calibration, cx: 20, scanRotation: 5 })).toMatchObject({
    cx: 20,
    cy: centre?.cy,
    scanRotation: 5,
    flipY: true,
  });
  expect(params({ calibration, cx: undefined })).toMatchObject({ cx: centre?.cx });
  expect(params({ calibration, flipY: false })).toMatchObject({ flipY: false, scanRotation: 0 });
  // The rotation of the calibration was dropped without a word.
  expect(ctx.createComAnalysis(scan, { calibration, flipY: false }).notes?.join()).toMatch(
    /scan rotation is taken as 0 degrees: .* of scans that are flipped/,
  );
});

test('ssb takes centre and radius', () => {
  const optics = { voltage: 200, dpix: 0.05, semiconv: 20 };
  const analysis = ctx.createSsbAnalysis(scan, { ...optics, calibration });
  expect(JSON.stringify(analysis.udf.params)).toContain(String((calibration.disk as { radius: number }).radius));
  expect(refusal(() => ctx.createSsbAnalysis(scan, optics))[1]).toContain('semiconvPix is required');
});

describe('what the file states', () => {
  const stated = async (mrad: number, options: object = {}, more: object = {}) => {
    const axes = ['y', 'x', 'ky', 'kx'].map((name, i) => ({
      name,
      size: [rows, columns, n, n][i] as number,
      scale: i < 2 ? 0.25 : mrad,
      unit: i < 2 ? 'Å' : 'mrad',
    }));
    const meta = { voltageV: 2e5, convergenceRad: 0.02, axes, ...more };
    const known = ctx.fromMemory(made.frames, { sigShape: [n, n], navShape: [rows, columns], meta });
    return ctx.calibrate(known, options);
  };
  test('is taken unless options say otherwise, and gives ssb all that it needs', async () => {
    const { radius } = calibration.disk as { radius: number };
    const { optics, notes } = await stated(20 / radius, { semiconv: 20.1 });
    expect(optics).toEqual({
      voltage: { value: 200, source: 'file' },
      semiconv: { value: 20.1, source: 'given' },
      dpix: { value: expect.closeTo(0.025, 12), source: 'file' },
    });
    expect(notes.join()).not.toContain('the file states');
    const given = { ...calibration, optics } as Calibration;
    // The wavelength of electrons of 200 kV: 2.5079 pm.
    expect(JSON.stringify(ctx.createSsbAnalysis(scan, { calibration: given }).udf.params)).toContain('2.5079');
  });

  test('in units of lengths and angles is taken whatever its sign, and other units are named', () => {
    const optics = { semiconv: { value: 10, source: 'given' }, voltage: { value: 200, source: 'given' } } as const;
    const seen = { radius: 20, cy: 0, cx: 0, rotation: { refused: '' } };
    const said = (scale: number, unit: string, nav = 'nm') => {
      const axes = ['y', 'x', 'ky', 'kx'].map((name, i) => ({ name, size: 9, scale, unit: i < 2 ? nav : unit }));
      return contradictions({ axes }, optics, seen as never);
    };
    // 10 mrad over 20 pixels: .5 mrad a pixel; sin θ = λ k, with electrons of 2.5079 pm.
    const right: [number, string][] = [
      [0.5, 'mrad'],
      [5e-4, 'rad'],
      [0.0286479, '°'],
      [0.0286479, 'deg'],
      [0.19937, '1/nm'],
      [0.019937, '1/Å'],
      [1.9937e-4, '1/pm'],
    ];
    for (const [scale, unit] of right)
      for (const sign of [1, -1]) {
        expect(said(sign * scale, unit), unit).toEqual([]);
        expect(said(2 * sign * scale, unit).join(), unit).toMatch(/states 1 mrad a pixel, .* 20 mrad by that/);
      }
    expect(said(1, 'px', 'px')).toEqual([]);
    expect(said(0.5, '')).toEqual([]);
    expect(said(0.5, 'nm')).toEqual([
      expect.stringMatching(/steps of 0.5 "nm" along the detector, a unit that is not known/),
    ]);
    expect(said(0.5, 'mrad', 'inch')).toEqual([
      expect.stringMatching(
        /steps of 0.5 "inch" along the scan, a unit that is not known for lengths: they are not used/,
      ),
    ]);
  });

  test('against the radius of the disk is named', async () => {
    const { radius } = calibration.disk as { radius: number };
    const { notes } = await stated(22 / radius);
    expect(notes[0]).toMatch(
      /^the file states .* mrad a pixel, .* is 22(\.\d)? mrad by that, but the semi-angle is 20 mrad/,
    );
  });

  test('against options, or as the step of axes, is named', async () => {
    const { radius } = calibration.disk as { radius: number };
    const more = { scanStepM: { y: 5e-11, x: 5e-11 } };
    const { notes } = await stated(20 / radius, { voltage: 300, dpix: 0.025 }, more);
    expect(notes).toEqual(
      expect.arrayContaining([
        'the voltage is given as 300 kV, and the file states 200 kV',
        'the step of the scan is given as 0.025 nm, and the file states 0.05 nm',
        'the file states two steps of the scan: 0.05 nm, and 0.025 nm as that of its axes',
      ]),
    );
  });

  test.each([
    [{ degrees: 37, flipY: true }, undefined],
    [{ degrees: undefined, flipY: true }, undefined],
    [{ degrees: 57, flipY: true }, /a scan rotation of 57.0 degrees, and the frames show 3\d\.\d ± \d/],
    [{ degrees: 37, flipY: false }, /the scan is not mirrored on the detector, and the frames show that it is$/],
  ])('of the axes of the scan, %o', async (detectorAxes, said) => {
    const { cy, cx, radius } = { ...calibration.centre, ...calibration.disk } as Record<'cy' | 'cx' | 'radius', number>;
    const there = { x: cx + 0.5, y: cy + 0.5 };
    const { notes } = await stated(20 / radius, {}, { detectorAxes, beamCentrePx: there });
    const about = notes.filter((note) => note.startsWith('the file states'));
    expect(about).toEqual(said === undefined ? [] : [expect.stringMatching(said)]);
  });

  test('as a centre that is elsewhere, is named', async () => {
    const { radius } = calibration.disk as { radius: number };
    const { notes } = await stated(20 / radius, {}, { beamCentrePx: { x: 24.5, y: 24.5 } });
    expect(notes.join()).toMatch(/the file states a centre at y 24.0, x 24.0, and the disk is at y 25.\d, x 21.\d/);
  });
});

test('descan of the calibration is subtracted where that is asked for, and named where it is not', {
  tags: 'all',
}, async () => {
  const descan = (u: number, v: number) => [1.5 * u + 0.5 * v * v, -0.7 * v] as const;
  const moved = simulatedScan({ ...turned, hot: 0, descan });
  const drifting = ctx.fromMemory(moved.frames, { sigShape: [n, n], navShape: [rows, columns] });
  const own = await ctx.calibrate(drifting);
  const run = async (of: Scan, options: object): Promise<ArrayLike<number>> =>
    (await ctx.run(ctx.createIcomAnalysis(of, options))).phase.data;
  expect(ctx.createIcomAnalysis(drifting, { calibration: own }).notes?.join()).toMatch(
    /moves by 3.* pixels .* plane or calibrated/,
  );
  expect(ctx.createIcomAnalysis(drifting, { calibration: own, regression: 'calibrated' }).notes).toEqual([]);
  expect(
    correlation(await run(drifting, { calibration: own, regression: 'calibrated' }), moved.truth.phases),
  ).toBeGreaterThan(0.8);
  expect(Math.abs(correlation(await run(drifting, { calibration: own }), moved.truth.phases))).toBeLessThan(0.6);
});

test('com and icom use the pixels that the disk of the calibration reaches, unless others are given', async () => {
  const { disk, descan } = calibration;
  if ('refused' in disk) throw new Error('the disk is not known');
  const moves = 'refused' in descan ? 0 : descan.span / 2;
  const within = (options: object): unknown => ctx.createComAnalysis(scan, { calibration, ...options }).udf.params.r;
  expect(within({})).toBeCloseTo(disk.radius + 2 * disk.edge + 1 + moves, 9);
  expect(ctx.createIcomAnalysis(scan, { calibration }).udf.params.r).toBe(within({}));
  expect(within({ maskRadius: 5 })).toBe(5);
  // Another centre may be anywhere.
  expect(within({ cx: 1 })).toBeNull();
  expect(within({ calibration: undefined })).toBeNull();
  expect(() => ctx.createComAnalysis(scan, { maskRadius: 0.5 })).toThrow(/maskRadius is 0.5: within it is one pixel/);
  const polar = (ro: number) => () => ctx.createPolarAnalysis(scan, { calibration, ro });
  expect(polar(300)).toThrow(/ro is 300, and no pixel is farther than \d+ away/);
  expect(polar(n / 2)).not.toThrow();
});

describe('an invalid calibration', () => {
  const other = (change: object): object => ({ ...calibration, ...change });
  test.each([
    [() => ({}), 'Format', /is no calibration/],
    [() => null, 'Format', /is no calibration/],
    [() => ({ format: 'other' }), 'Format', /of the format "other" is no calibration/],
    [() => other({ version: 2 }), 'Format', /version is 2/],
    [() => other({ centre: { cy: 'x', cx: 1 } }), 'Format', /cy of its centre is "x"/],
    [() => other({ centre: { cy: '12', cx: 1 } }), 'Format', /cy of its centre is "12"/],
    [() => other({ disk: { radius: -5, error: 0.1, edge: 1 } }), 'Format', /radius of its disk is -5/],
    [() => other({ disk: { radius: 5, error: 0.1, edge: -1 } }), 'Format', /edge of its disk is -1/],
    [() => other({ descan: { order: 1, span: 3, coefficients: [[1]] } }), 'Format', /coefficients of its descan/],
    [() => other({ shape: [rows, columns, n, n + 1] }), 'Shape', /calibration is of frames of 48 × 49/],
    [() => other({ badPixels: undefined }), 'Format', /hot pixels/],
    [() => other({ optics: { dpix: { value: -1, source: 'file' } } }), 'Format', /dpix of its optics is -1/],
  ])('%#', (given, tag, message) => {
    for (const what of [
      'createComAnalysis',
      'createSsbAnalysis',
      'createDiskAnalysis',
      'createClusterAnalysis',
      'createStrainAnalysis',
    ] as const)
      expect(refusal(() => ctx[what](scan, { calibration: given() as Calibration }))).toEqual([
        tag,
        expect.stringMatching(message),
      ]);
  });

  test('or one of another scan, or none at all, for its descan', () => {
    const regression = 'calibrated';
    expect(refusal(() => ctx.createComAnalysis(scan, { regression }))).toEqual([
      'Argument',
      expect.stringMatching(/no calibration/),
    ]);
    const given = other({ shape: [rows + 1, columns, n, n] }) as Calibration;
    expect(refusal(() => ctx.createComAnalysis(scan, { regression, calibration: given }))).toEqual([
      'Shape',
      expect.stringMatching(/29 × 28/),
    ]);
  });
});

test('com and ssb have the same centre in frames of odd sizes: the middle pixel', async () => {
  const frames = new Float32Array(16 * 15 * 15).map((_, i) => ((i * 7919) % 101) + (i % 225 === 112 ? 900 : 0));
  const odd = ctx.fromMemory(frames, { sigShape: [15, 15], navShape: [4, 4] });
  expect(ctx.createComAnalysis(odd).udf.params).toMatchObject({ cy: 7, cx: 7 });
  const optics = { voltage: 2e5, dpix: 2e-11, semiconv: 0.03, semiconvPix: 4 };
  const [usual, given] = [
    await ctx.runUdf(odd, ssbUdf({ ...optics, cutoff: 0 })),
    await ctx.runUdf(odd, ssbUdf({ ...optics, cutoff: 0, cy: 7, cx: 7 })),
  ];
  expect(usual.phase.data).toEqual(given.phase.data);
});

test('a calibrated descan leaves nothing of a scan of vacuum with background, and words if it does', {
  tags: 'all',
}, async () => {
  const [height, width, most] = [48, 56, 9];
  let state = 11;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  const count = (mean: number): number =>
    Math.max(0, Math.round(mean + Math.sqrt(-2 * mean * Math.log(random())) * Math.cos(2 * Math.PI * random())));
  const frames = new Uint16Array(most * most * height * width).map((_, k) => {
    const [pixel, position] = [k % (height * width), Math.floor(k / (height * width))];
    const [i, j] = [Math.floor(position / most) - 4, (position % most) - 4];
    const r = Math.hypot(Math.floor(pixel / width) - 24 + 0.6 * i, (pixel % width) - 27 - 0.8 * j);
    // The disk, a background of a hundredth of it, and the halo of what is around the object.
    return count(40 / (1 + Math.exp(2 * (r - 8))) + 0.5 + 3 * Math.exp(-((r - 17) ** 2) / 6));
  });
  const vacuum = ctx.fromMemory(frames, { sigShape: [height, width], navShape: [most, most] });
  const own = await ctx.calibrate(vacuum);
  const spread = async (regression: 'plane' | 'calibrated', more = {}) => {
    const { x, y, notes } = await ctx.run(ctx.createComAnalysis(vacuum, { calibration: own, regression, ...more }));
    const size = Math.sqrt(
      [...Array.from(x.data), ...Array.from(y.data)].reduce((sum, one) => sum + one * one, 0) / (2 * x.data.length),
    );
    return { size, notes: notes.join() };
  };
  const [plane, calibrated] = [await spread('plane'), await spread('calibrated')];
  expect(calibrated.size).toBeLessThan(1.35 * plane.size);
  expect(calibrated.notes).not.toMatch(/follow the descan/);
  // A mask that cuts the disk at the ends of the scan sees another descan.
  const cut = await spread('calibrated', { maskRadius: 6 });
  expect(cut.notes).toMatch(/% of the variance of the shifts follow the descan that was subtracted/);
});

describe('the command', () => {
  const ewald = (...words: string[]) => ewaldTogether(words, { cwd: folder });
  const shape = ['--nav-shape', `${rows},${columns}`, '--backend', 'wasm'];

  test('writes what JavaScript returns, says it, and replaces only its own file', { tags: 'all' }, async () => {
    const first = await ewald('calibrate', 'scan.npy', ...shape, '-o', 'scan.cal.json');
    expect(first.err).not.toContain('ewald:');
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^centre +y .* ± .*, x .* ± .* pixels\nradius/);
    expect(first.out).toContain('y of the detector inverted');
    expect(first.err).toMatch(/note: .*vacuum/);
    const written = JSON.parse(readFileSync(join(folder, 'scan.cal.json'), 'utf8'));
    expect({ ...written, file: '' }).toEqual(JSON.parse(JSON.stringify({ ...calibration, file: '' })));
    writeFileSync(join(folder, 'mine.json'), '{"a":1}');
    const mine = await ewald('calibrate', 'scan.npy', ...shape, '-o', 'mine.json');
    expect(mine.code).toBe(2);
    expect(mine.err).toContain('--force');
    expect((await ewald('calibrate', 'scan.npy', '-o', 'scan.npy')).code).toBe(2);
    expect((await ewald('calibrate', 'scan.npy', '--nav-shape', '1,-1')).err).toMatch(/1 × 784.*4 positions/);
  });

  test('run takes the file, and says what is wrong with another', { tags: 'all' }, async () => {
    const run = await ewald(
      'run',
      'icom',
      'scan.npy',
      ...shape,
      '--calibration',
      'scan.cal.json',
      '-o',
      'icom.npy',
      '--channel',
      'phase',
    );
    expect(run.err).toMatch(/^warning: \d pixels? of \d+ of the disk ha(s|ve) no count \(.*\n$/);
    expect(run.code).toBe(0);
    const bytes = readFileSync(join(folder, 'icom.npy'));
    const phase = new Float64Array(new Uint8Array(bytes.subarray(bytes.length - 8 * rows * columns)).buffer);
    expect(correlation(phase, made.truth.phases)).toBeGreaterThan(0.9);
    const kept = await ewald('calibrate', 'scan.npy', ...shape);
    expect(kept.out).toContain('nothing was written: -o FILE.json keeps it for --calibration');
    const blind = { ...calibration, disk: { refused: 'no beam' } };
    writeFileSync(join(folder, 'blind.json'), JSON.stringify(blind));
    for (const [flags, words] of [
      [
        ['strain', '--calibration', 'blind.json'],
        /--radius is required.* because the calibration has none \(no beam\)/,
      ],
      [['strain', '-r', '500'], /^ewald: strain: the template has/],
      [['com', '-r', '0.5'], /^ewald: -r is 0.5: .*expected at least 1/],
      [['polar', '--ro', '300'], /^ewald: --ro is 300, .*expected at most \d+/],
    ] as const) {
      const [name, ...rest] = flags;
      const refused = await ewald('run', name, 'scan.npy', ...shape, ...rest, '-o', 'x.npy');
      expect([refused.code === 0, refused.err]).toEqual([false, expect.stringMatching(words)]);
    }
    writeFileSync(join(folder, 'bad.json'), 'no');
    const bad = await ewald('run', 'com', 'scan.npy', ...shape, '--calibration', 'bad.json', '-o', 'x.npy');
    expect(bad.err).toContain('bad.json is no JSON');
    expect(
      (await ewald('run', 'com', 'scan.npy', ...shape, '--calibration', 'mine.json', '-o', 'x.npy')).err,
    ).toContain('no calibration');
    expect((await ewald('run', 'pick', 'scan.npy', ...shape, '--calibration', 'scan.cal.json')).code).toBe(2);
  });

  test('a simulated scan of separate disks is calibrated, and strain takes its radius and keeps the calibration', {
    tags: 'all',
  }, async () => {
    const words = ['--spacing', '14', '--shift', '0', '--nav-shape', '8,8', '--name', 'disks'];
    expect((await ewald('simulate', 'scan', '-o', '.', ...words)).code).toBe(0);
    const found = await ewald('calibrate', 'disks.h5', '-o', 'disks.cal.json', '--backend', 'wasm');
    // Nothing moves the disk, and without an object there is no field: neither is remarked on.
    expect([found.code, found.err]).toEqual([0, '']);
    const { zero } = JSON.parse(readFileSync(join(folder, 'disks.truth.json'), 'utf8'));
    const own = JSON.parse(readFileSync(join(folder, 'disks.cal.json'), 'utf8')) as Calibration;
    if ('refused' in own.centre || 'refused' in own.disk) throw new Error('centre and radius are refused');
    const { cy, cx, errors } = own.centre;
    const { radius } = own.disk;
    expect(own.stop).toEqual([]);
    expect(Math.abs(cy - zero[0])).toBeLessThan(0.01 + 3 * errors[0]);
    expect(Math.abs(cx - zero[1])).toBeLessThan(0.01 + 3 * errors[1]);
    expect(radius).toBeCloseTo(5, 1);
    const calibrated = ['--calibration', 'disks.cal.json', '--backend', 'wasm'];
    const strain = await ewald('run', 'strain', 'disks.h5', ...calibrated, '-o', 'disks-strain.npy');
    expect(strain.code, strain.err).toBe(0);
    const { analyses } = JSON.parse(readFileSync(join(folder, 'disks-strain.npy.json'), 'utf8'));
    expect(analyses[0]).toMatchObject({ parameters: { pattern: { radius } }, calibration: own });
    // The same with frames that have no disks: half of the map is NaN.
    expect((await ewald('convert', 'disks.h5', '-o', 'half.npy')).code).toBe(0);
    const half = readFileSync(join(folder, 'half.npy'));
    writeFileSync(join(folder, 'half.npy'), half.fill(0, half.length - 32 * 128 * 128 * 2));
    const other = await ewald('run', 'strain', 'half.npy', '--nav-shape', '8,8', ...calibrated, '-o', 'lacks.npy');
    expect([other.code, other.err]).toEqual([
      1,
      expect.stringContaining('error: only 32 of 64 positions have a value'),
    ]);
  });
});
