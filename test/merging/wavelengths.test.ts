/** Merged files state one wavelength where the crystals were measured with one, and none with a word where they were not. */
import { createContext } from 'ewald';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statedWavelength } from '../../src/merging/collection/stated-wavelength.js';
import { simulateStream } from './simulated.js';

let context: Awaited<ReturnType<typeof createContext>>;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

const of = (...wavelengths: number[]) =>
  statedWavelength(Float64Array.from(wavelengths), new Uint8Array(wavelengths.length).fill(1));

test('wavelengths a gap apart are several, those of a source that jitters are one', () => {
  const unit = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(unit, { minLength: 60, maxLength: 120 }), fc.integer({ min: 3, max: 60 }), (jitter, far) => {
      const one = jitter.map((x) => 1.3 * (1 + 4e-4 * x));
      expect(of(...one)).toEqual({ wavelengthA: expect.closeTo(1.3, 3) });
      const other = one.slice(0, far).map((x) => x * 0.7);
      const { wavelengthA, remark } = of(...one, ...other);
      expect(wavelengthA).toBe(0);
      expect(remark).toMatch(
        new RegExp(`2 wavelengths, ${far} crystals at 0.9\\d+ Å, ${jitter.length} crystals at 1.3`),
      );
    }),
    { numRuns: 30 },
  );
  const even = Array.from({ length: 200 }, (_, i) => 1.3 * (1 + 1e-4 * (i - 99.5)));
  expect(of(...even)).toEqual({
    wavelengthA: expect.closeTo(1.3, 6),
    remark: expect.stringContaining('1.2871 to 1.3129 Å'),
  });
  // Crystals that are not merged have no say.
  expect(statedWavelength(Float64Array.of(1, 1, 2), Uint8Array.of(1, 1, 0))).toEqual({ wavelengthA: 1 });
});

test('a merge of two wavelengths states none of them, and that of each crystal in its batch', async () => {
  const { text } = simulateStream({ crystals: 24, symmetry: 'mmm', parameters: [12, 14, 16, 90, 90, 90] });
  let n = 0;
  const energies = text.replace(/photon_energy_eV = ([\d.]+)/g, (_, own) => {
    n++;
    return `photon_energy_eV = ${n > 16 ? Number(own) * 1.02 : own}`;
  });
  const merger = await context.merger({ symmetry: '222', polarisation: 'none', model: 'unity' });
  await merger.addStream({ name: 'two.stream', bytes: [new TextEncoder().encode(energies)] });
  const result = await merger.run();
  expect(result.remarks.join('\n')).toMatch(/2 wavelengths, 8 crystals at 1\.2745 Å, 16 crystals at 1\.3 Å/);
  expect(result.toTable1()).toMatch(/Wavelength \(Å\) +several/);
  // In a notebook.
  const show = (result as unknown as Record<symbol, () => Promise<object>>)[Symbol.for('Jupyter.display')];
  const said = [result.toTable1(), ...result.remarks].join('\n');
  expect(await show?.()).toEqual({ 'text/plain': said, 'text/html': expect.stringMatching(/^<pre>[^<]+<\/pre>$/) });
  expect(result.toCif()).toMatch(/_diffrn_radiation_wavelength\.wavelength +\?\n/);
  const bytes = result.toUnmergedMtz();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const heads = [...new TextDecoder('latin1').decode(bytes).matchAll(/BH {5,}\d/g)];
  // Behind two records of 80 bytes and 29 integers, the 87th real number is the wavelength.
  const stated = heads.map(({ index }) => view.getFloat32(index + 160 + 4 * (29 + 86), true).toFixed(4));
  expect([stated.length, new Set(stated)]).toEqual([24, new Set(['1.3000', '1.2745'])]);
});
