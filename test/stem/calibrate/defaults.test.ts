// @module-tag all: many scans.
/** With a calibration and nothing else, analyses show what was simulated, or say what is wrong. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy } from 'ewald';
import { Context, type Scan } from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';
import { ewaldTogether } from '../../support/cli.js';
import { known, type StrainScan, scanOf, truthAt } from '../strain-scan.js';
import { type ObjectKind, type SimulatedScan, simulatedScan, surveyed } from './simulated-scan.mjs';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

/** Correlation of two images without their planes, which a beam off centre and a ramp of the phase change alike. */
function alike(a: ArrayLike<number>, b: ArrayLike<number>, rows: number, columns: number): number {
  const flat = (image: ArrayLike<number>): number[] => {
    const values = Array.from(image);
    for (const along of [
      () => 1,
      (i: number) => Math.floor(i / columns) - (rows - 1) / 2,
      (i: number) => (i % columns) - (columns - 1) / 2,
    ]) {
      const [top, bottom] = values.reduce(([p, q], value, i) => [p + value * along(i), q + along(i) ** 2], [0, 0]);
      for (const i of values.keys()) values[i] = (values[i] as number) - (top / bottom) * along(i);
    }
    return values;
  };
  return correlation(flat(a), flat(b));
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const centred = (image: ArrayLike<number>): number[] => {
    const mean = Array.from(image).reduce((sum, value) => sum + value, 0) / image.length;
    return Array.from(image, (value) => value - mean);
  };
  const [p, q] = [centred(a), centred(b)];
  const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return dot(p, q) / Math.sqrt(dot(p, p) * dot(q, q));
}
const part = (field: ArrayLike<number>, k: 0 | 1): number[] => Array.from(field).filter((_, i) => i % 2 === k);

/** Voltage, semi-angle and step in kV, mrad and nm of a simulated scan, whose pixels have no size. */
function opticsOf({ n, radius, step }: { n: number; radius: number; step: number }) {
  const [voltage, semiconv] = [200, 20];
  const wavelength = 0.00250793;
  return { voltage, semiconv, dpix: (step * (radius / n) * wavelength) / (semiconv * 1e-3) };
}

/** How alike results and truth are, and what was said, by analysis. */
async function looked(scan: Scan, { truth, shape }: SimulatedScan, optics: object) {
  const calibration = await ctx.calibrate(scan, optics);
  const { rows, columns } = shape;
  const found: Record<string, { alike: number; notes: readonly string[] }> = {};
  const icom = ctx.createIcomAnalysis(scan, { calibration });
  const { phase } = await ctx.run(icom);
  found.icom = { alike: alike(phase.data, truth.seen, rows, columns), notes: icom.notes ?? [] };
  const com = ctx.createComAnalysis(scan, { calibration });
  const { x, y } = await ctx.run(com);
  const both = [
    alike(y.data, part(truth.fields, 0), rows, columns),
    alike(x.data, part(truth.fields, 1), rows, columns),
  ];
  found.com = { alike: Math.min(...both), notes: com.notes ?? [] };
  const ssb = ctx.createSsbAnalysis(scan, { calibration });
  const object = await ctx.run(ssb);
  found.ssb = { alike: alike(object.phase.data, truth.phases, rows, columns), notes: ssb.notes ?? [] };
  return found;
}

/** A scan of a kind, with vacuum around its object. */
function simulated(kind: string, seed: number, object: ObjectKind = 'amorphous') {
  // At the edges of a scan, single side band takes the opposite edge for its neighbour.
  const [radius, step] = [12, 1.4];
  const optics = { dose: 30, strength: 0.3, defocus: 0, radius, step, within: 14, kind: object } as const;
  const made = simulatedScan({ ...surveyed(kind, seed), ...optics });
  return { made, optics: opticsOf({ n: made.shape.n, radius, step }) };
}

describe('twenty scans', { tags: 'nightly', timeout: 900_000 }, () => {
  let wrong = 0;
  test.each(Array.from({ length: 20 }, (_, i) => i))('%i', async (i) => {
    const kind = i % 5 < 3 ? 'plain' : 'drift';
    const { made, optics } = simulated(kind, 700 + i, i % 2 ? 'crystal' : 'amorphous');
    const { rows, columns, n } = made.shape;
    const scan = ctx.fromMemory(made.frames, { sigShape: [n, n], navShape: [rows, columns] });
    const found = await looked(scan, made, optics);
    await scan.dispose();
    for (const [name, { alike: likeness, notes }] of Object.entries(found)) {
      if (likeness > 0.95) continue;
      wrong++;
      expect(kind, `${name} is wrong: ${likeness}`).toBe('drift');
      expect(notes.join(), name).toMatch(
        /the disk moves by \d\.\d\d pixels over the scan, which remains in the result/,
      );
    }
  });

  test('descan is seen in those that have it', () => {
    expect(wrong).toBeGreaterThan(12);
  });
});

test('the command shows the same with no other flag', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-defaults-'));
  const ewald = (...words: string[]) => ewaldTogether(words, { cwd: folder });
  try {
    const { made, optics } = simulated('plain', 701);
    const { rows, columns, n } = made.shape;
    const scan = ctx.fromMemory(made.frames, { sigShape: [n, n], navShape: [rows, columns] });
    await ctx.exportDataset(scan, join(folder, 'scan.npy'));
    const shape = ['scan.npy', '--nav-shape', `${rows},${columns}`, '--backend', 'wasm'];
    const stated = Object.entries(optics).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const calibrated = await ewald('calibrate', ...shape, ...stated, '-o', 'scan.cal.json');
    expect([calibrated.code, JSON.parse(readFileSync(join(folder, 'scan.cal.json'), 'utf8')).optics.dpix]).toEqual([
      0,
      { value: optics.dpix, source: 'given' },
    ]);
    for (const [name, truth] of [
      ['icom', made.truth.seen],
      ['ssb', made.truth.phases],
    ] as const) {
      const words = ['--calibration', 'scan.cal.json', '--channel', 'phase', '-o', `${name}.npy`];
      expect(await ewald('run', name, ...shape, ...words)).toMatchObject({ code: 0, err: '' });
      const { data } = readNpy(readFileSync(join(folder, `${name}.npy`)), name);
      expect(alike(data, truth, rows, columns), name).toBeGreaterThan(0.95);
    }
    const without = await ewald('run', 'ssb', ...shape, '-o', 'none.npy');
    expect([without.code, without.err]).toEqual([2, expect.stringContaining('--voltage, --dpix')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('strain needs nothing but a calibration, and says whose axes it has', () => {
  const { n, sig } = known;
  test.each<[string, StrainScan]>([
    ['of a nearly square lattice', known],
    ['of a hexagonal one', { ...known, radius: 4, zero: [60.2, 66.7], a: [0.7, 20.2], b: [17.6, 9.8], seed: 2 }],
    ['of large disks', { ...known, radius: 7, zero: [64.9, 61.6], a: [24.3, 2.2], b: [-3.4, 22.9], seed: 3 }],
    ['with descan', { ...known, seed: 4, descan: 3 }],
  ])('%s', { timeout: 120_000 }, async (_, made) => {
    const scan = ctx.fromMemory(scanOf(made), { sigShape: [sig, sig], navShape: [n, n] });
    const calibration = await ctx.calibrate(scan);
    const analysis = ctx.createStrainAnalysis(scan, { calibration });
    const maps = await ctx.run(analysis);
    await scan.dispose();
    for (const name of ['eyy', 'exx', 'exy', 'theta'] as const) {
      const truth = Array.from({ length: n * n }, (__, i) => truthAt(Math.floor(i / n), i % n)[name]);
      expect(correlation(maps[name].data, truth), name).toBeGreaterThan(0.95);
    }
    expect(analysis.notes?.join()).toMatch(/strain is along the axes of the detector/);
  });
});
