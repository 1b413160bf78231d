/** A full CBF describes its detector by axes: it needs no geometry file. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect, memorySource, open } from 'ewald/data';
import { expect, test } from 'vitest';
import { createContext, parseGeometry } from '../../../dist/index.node.js';
import { ewaldTogether } from '../../support/cli.js';
import { dataFolder } from '../../support/data.js';

const at = (name: string): string => resolve(dataFolder ?? '', 'real', 'frames', name);

test.skipIf(!dataFolder)('axes without settings position nothing (absent: no test data)', async () => {
  const bytes = readFileSync(at('idx-20130301060858401.cbf'));
  // The distance is the setting of one axis, in two tables.
  const text = bytes.toString('latin1').replaceAll('-130.106632672914', '0'.padEnd(17));
  const dataset = await open(memorySource(Buffer.from(text, 'latin1'), 'x.cbf'));
  expect(dataset.meta.panels).toBeUndefined();
  expect(dataset.notes).toContainEqual({ kind: 'missing', text: expect.stringContaining('use a .geom file') });
  await dataset.dispose();
});

test.skipIf(!dataFolder)(
  'a report names what indexing would need, which panels state (absent: no test data)',
  { tags: 'all' },
  async () => {
    const file = at('idx-20130301060858401.cbf');
    expect((await inspect(file)).missing).toEqual([]);
    const { code, out } = await ewaldTogether(['info', file]);
    expect(code).toBe(0);
    expect(out).not.toContain('missing');
    expect(out).toMatch(/panels +64 panels with stated positions, at 130\.107 mm, pixels of 109\.9\d* µm/);
    const bytes = readFileSync(file);
    const dark = Buffer.from(
      bytes.toString('latin1').replaceAll('diffrn_radiation_wavelength', 'diffrn_radiation_wavelongth'),
      'latin1',
    );
    expect((await inspect(memorySource(dark, 'x.cbf'))).missing).toEqual(['wavelength']);
  },
);

test.skipIf(!dataFolder)('the axes of a CBF of CSPAD position its 64 panels (absent: no test data)', async () => {
  const context = await createContext({ backend: 'wasm' });
  const dataset = await open(at('idx-20130301060858401.cbf'));
  const expected = parseGeometry(readFileSync(at('cspad_thermolysin.geom'), 'utf8'));
  const detector = await context.detector(dataset);
  expect([detector.width, detector.height]).toEqual([388, 32 * 185]);
  const { panels } = detector.geometry;
  expect(panels).toHaveLength(64);
  for (const [i, panel] of panels.entries()) {
    const known = expected.panels[i];
    if (!known) throw new Error('no such panel');
    expect([panel.maxFs - panel.minFs, panel.maxSs - panel.minSs]).toEqual([193, 184]);
    expect([panel.minFs, panel.minSs]).toEqual([194 * (i % 2), 185 * Math.floor(i / 2)]);
    // All corners of the panel, in pixels.
    for (const [x, y] of [
      [0, 0],
      [194, 0],
      [0, 185],
      [194, 185],
    ] as const)
      for (const axis of [0, 1] as const) {
        const place = (one: typeof known): number => one.corner[axis] + x * one.fs[axis] + y * one.ss[axis];
        expect(Math.abs(place(panel) - place(known))).toBeLessThan(1e-3);
      }
    expect(Math.abs(detector.beam.distanceM + panel.offsetM - 0.130106633)).toBeLessThan(1e-8);
  }
  await dataset.dispose();
  await context.dispose();
});
