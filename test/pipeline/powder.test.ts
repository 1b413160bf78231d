/** Distance and centre of a detector by the rings of a powder, before there is a crystal. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { refinePowderGeometry } from '../../dist/shell.node.js';
import { ewaldTogether } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-powder-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const side = 400;
const pixelMm = 0.3;
const wavelengthA = 0.5;
/** Squares of the first indices of each lattice, and edges in angstrom. */
const powders = {
  LaB6: { edge: 4.156826, squares: [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14] },
  CeO2: { edge: 5.411651, squares: [3, 4, 8, 11, 12, 16, 19, 20, 24, 27] },
  Si: { edge: 5.431144, squares: [3, 8, 11, 16, 19, 24, 27] },
  Au: { edge: 4.0786, squares: [3, 4, 8, 11, 12, 16, 19, 20, 24, 27] },
};
type Powder = keyof typeof powders;

/** Noise of about one standard deviation, from a seed. */
function noiseOf(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    let sum = 0;
    for (let n = 0; n < 4; n++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      sum += (state >>> 0) / 2 ** 32 - 0.5;
    }
    return sum * Math.sqrt(3);
  };
}

interface Truth {
  readonly distanceMm: number;
  /** The centre of the rings, in pixels from the middle of the detector. */
  readonly centrePx: readonly [number, number];
  readonly tiltDeg?: number;
  readonly rings?: number;
  /** Squares of indices whose rings are too weak to be seen. */
  readonly weak?: readonly number[];
}

/** Writes an image of a powder, and a geometry that has it at 100 mm with the beam in the middle. */
function write(
  name: Powder,
  seed: number,
  { distanceMm, centrePx: [cx, cy], tiltDeg = 0, rings = 99, weak = [] }: Truth,
): [string, string] {
  const { edge, squares } = powders[name];
  const seen = squares.slice(0, rings).filter((square) => !weak.includes(square));
  const angles = seen.map((square) => 2 * Math.asin((wavelengthA * Math.sqrt(square)) / (2 * edge)));
  const noise = noiseOf(seed);
  const values = new Float32Array(side * side);
  const [sine, cosine] = [Math.sin((tiltDeg * Math.PI) / 180), Math.cos((tiltDeg * Math.PI) / 180)];
  for (let i = 0; i < values.length; i++) {
    const [x, y] = [(i % side) + 0.5 - side / 2, Math.floor(i / side) + 0.5 - side / 2].map((v) => v * pixelMm) as [
      number,
      number,
    ];
    const [px, py, pz] = [x - cx * pixelMm, y * cosine - cy * pixelMm, distanceMm + y * sine];
    const angle = Math.atan2(Math.hypot(px, py), pz);
    let level = 20;
    for (const [n, ring] of angles.entries()) {
      const off = ((angle - ring) * distanceMm) / (1.2 * pixelMm);
      level +=
        (name === 'CeO2' && (seen[n] as number) % 4 === 0 && (seen[n] as number) % 8 !== 0 ? 6 : 40) *
        Math.exp((-off * off) / 2);
    }
    values[i] = level + Math.sqrt(level) * noise();
  }
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (1, ${side}, ${side}), }`.padEnd(117);
  const bytes = new Uint8Array(128 + values.byteLength);
  bytes.set([0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0]);
  bytes.set(new TextEncoder().encode(`${head}\n`), 10);
  bytes.set(new Uint8Array(values.buffer), 128);
  const [image, geometry] = [at(`${name}-${seed}.npy`), at(`${name}-${seed}.geom`)];
  writeFileSync(image, bytes);
  writeFileSync(
    geometry,
    `wavelength = ${wavelengthA} A\nclen = 0.1 m\nres = ${1000 / pixelMm}\np0/min_fs = 0\np0/max_fs = ${side - 1}\n` +
      `p0/min_ss = 0\np0/max_ss = ${side - 1}\np0/corner_x = ${-side / 2}\np0/corner_y = ${-side / 2}\np0/fs = x\np0/ss = y\n`,
  );
  return [image, geometry];
}

const output = at('refined.geom');
const refined = (name: Powder, seed: number, truth: Truth, powder: string = name) => {
  const [image, geometry] = write(name, seed, truth);
  return refinePowderGeometry(image, { powder, geometry, output, force: true });
};

describe('the rings of a powder', () => {
  const tellsThePlace = async (name: Powder, distanceMm: number, x: number, y: number): Promise<void> => {
    const found = await refined(name, 1, { distanceMm, centrePx: [x, y] });
    const off = [
      1000 * found.distanceM - distanceMm,
      -found.shiftM[0] / found.pixelM - x,
      -found.shiftM[1] / found.pixelM - y,
    ] as const;
    const [z, dx, dy] = [1000 * found.distanceErrorM, ...found.shiftErrorM.map((error) => error / found.pixelM)];
    expect(Math.abs(off[0] / distanceMm)).toBeLessThan(5e-4);
    expect(Math.max(Math.abs(off[1]), Math.abs(off[2]))).toBeLessThan(0.15);
    for (const [i, error] of [z, dx, dy].entries())
      expect(Math.abs(off[i] as number)).toBeLessThan(4 * (error as number));
    expect(found.turnRad).toEqual([0, 0]);
    expect(readFileSync(output, 'utf8')).toMatch(/^; ewald refined this geometry: according to \d+ rings of /);
  };
  it('tell distance and centre within their errors', () => tellsThePlace('Si', 101.4, 0.3, 7.7));
  it.each([
    ['LaB6', 97.3, 4.2, -6.1],
    ['CeO2', 102.6, -5.3, 2.4],
    ['Au', 98.8, -2.8, -1.2],
  ] as const)('of %s as well', { tags: 'all' }, tellsThePlace);

  it('tell a tilt if it is far beyond its error', { tags: 'all' }, async () => {
    const { turnRad, turnErrorRad } = await refined('LaB6', 2, { distanceMm: 100, centrePx: [0, 0], tiltDeg: 1 });
    expect(Math.abs((180 / Math.PI) * turnRad[0] - 1)).toBeLessThan(4 * (180 / Math.PI) * turnErrorRad[0]);
    expect(Math.abs(turnRad[1])).toBeLessThan(4 * turnErrorRad[1]);
  });

  it('of another calibrant are refused, and named', { tags: 'all' }, async () => {
    const truth: Truth = { distanceMm: 101, centrePx: [1, 1] };
    await expect(refined('Si', 3, truth, 'CeO2')).rejects.toThrow(
      /of CeO2 are missing.*those of Si fit at 10[01]\.\d\d mm/,
    );
    await expect(refined('CeO2', 3, truth, 'Si')).rejects.toThrow(/not of it.*those of CeO2 fit at 10[01]\.\d\d mm/);
  });

  it('at a distance far from that of the geometry, and fewer than three, are refused', { tags: 'all' }, async () => {
    await expect(refined('Au', 4, { distanceMm: 127, centrePx: [0, 0] })).rejects.toThrow(
      /1\.27 times the 100\.00 mm.*clen/,
    );
    await expect(refined('LaB6', 4, { distanceMm: 100, centrePx: [0, 0], rings: 2 })).rejects.toThrow(
      /2 rings of LaB6.*need 3|not lie on/,
    );
  });

  it('are named by the shell, as spacings or as a calibrant', { tags: 'all' }, async () => {
    const [image, geometry] = write('Si', 5, { distanceMm: 100.7, centrePx: [2, 3] });
    const run = (powder: string, ...more: string[]) =>
      ewaldTogether([
        'geometry',
        'refine',
        image,
        '-g',
        geometry,
        '--powder',
        powder,
        '-o',
        output,
        '--force',
        ...more,
      ]);
    const spacings = powders.Si.squares.map((square) => (powders.Si.edge / Math.sqrt(square)).toFixed(5)).join();
    const listed = await run(spacings);
    expect([listed.code, listed.out]).toEqual([0, expect.stringMatching(/the detector is at 100\.\d+ ± 0\.\d+ mm/)]);
    expect(JSON.parse((await run('si', '--json')).out)).toMatchObject({ powder: 'si', rings: expect.any(Number) });
  });

  it('may go on beyond the last one that is listed', async () => {
    const { distanceM, distanceErrorM, rings } = await refined(
      'Si',
      6,
      { distanceMm: 101, centrePx: [2, -3] },
      '3.13567,1.92020,1.63755',
    );
    expect(rings).toBe(3);
    expect(Math.abs(1000 * distanceM - 101)).toBeLessThan(4000 * distanceErrorM);
  });

  it('of a cell may be too weak to be seen, those of a calibrant are not', async () => {
    const cell = at('lab6.cell');
    writeFileSync(
      cell,
      'CrystFEL unit cell file version 1.0\nlattice_type = cubic\ncentering = P\na = 4.156826 A\nb = 4.156826 A\nc = 4.156826 A\n' +
        'al = 90 deg\nbe = 90 deg\nga = 90 deg\n',
    );
    const truth: Truth = { distanceMm: 99, centrePx: [1, 4], weak: [3, 5, 8, 9] };
    const found = await refined('LaB6', 7, truth, cell);
    expect(Math.abs(1000 * found.distanceM - 99)).toBeLessThan(4000 * found.distanceErrorM);
    await expect(refined('LaB6', 7, truth)).rejects.toThrow(/of 1\d rings of LaB6 are missing/);
  });

  it('of a file that is not there are not looked for', async () => {
    const missing = refinePowderGeometry(at('missing.h5'), { powder: 'Si', output, force: true });
    await expect(missing).rejects.toThrow(/missing\.h5 does not exist/);
  });

  it('that are no powder are refused before frames are read', async () => {
    const run = (...words: string[]) =>
      ewaldTogether(['geometry', 'refine', at('none.npy'), '-o', output, '--force', '--powder', ...words]);
    expect((await run('CeO')).err).toMatch(/no calibrant \(LaB6, CeO2, Si, Au\).*did you mean CeO2/);
    expect((await run('3.1,1.9')).err).toMatch(/2 spacings.*three\s+rings at least/s);
    expect((await run('Si', '--cell', '5,5,5,90,90,90')).err).toMatch(/--powder takes no --cell/);
  });
});

it('of stills of few spots, the stills themselves tell the place', { tags: 'all', timeout: 120_000 }, async () => {
  const electrons = '--radiation electron --distance 1140 --pixel 0.055 --size 512,512 --highres 0.9 --domain 330';
  const crystals = '--mosaicity 0.11 --strength 300 --b-factor 4 --images 40 --seed 7 -p 6.83,10.94,17.42,90,90,90';
  const made = await ewaldTogether(['simulate', 'frames', '-o', at('few'), ...`${electrons} ${crystals}`.split(' ')]);
  expect(made.code, made.err).toBe(0);
  const geometry = readFileSync(at('few/run.geom'), 'utf8').replace('clen = 1.14 m', 'clen = 1.1571 m');
  expect(geometry).toContain('1.1571');
  writeFileSync(at('few/off.geom'), geometry);
  const peaks = [
    'index',
    at('few/run.h5'),
    '-g',
    at('few/off.geom'),
    '-o',
    at('peaks.stream'),
    '--frame-centre',
    'off',
  ];
  // None is indexed at this distance, which is said by the exit code; the peaks are written.
  await ewaldTogether(peaks);
  expect(readFileSync(at('peaks.stream'), 'utf8')).toContain('Begin chunk');
  const words = ['geometry', 'refine', at('peaks.stream'), '--powder', at('few/run.cell'), '-o', at('few/new.geom')];
  const { code, out, err } = await ewaldTogether(words);
  expect(code, err).toBe(0);
  expect(out).toMatch(
    /according to \d+ of \d+ stills of few spots of .*, the detector is at (1139|1140)\.\d+ ± 0\.\d+ mm/,
  );
});
