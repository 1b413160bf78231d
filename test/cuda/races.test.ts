// @module-tag nightly: many kernels.
/**
 * Kernels of peaks, frame passes and decoding under the strict checks of the emulator: no race, no access outside an
 * allocation, in any order of threads.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';

interface Emulated {
  setMode(mode: { checked?: boolean; orders?: number; seed?: number }): void;
  takeReports(): { finding: string; kernel: string; text: string }[];
}

const path = fileURLToPath(new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url));
const present = existsSync(path);
const addon: Emulated = present ? createRequire(import.meta.url)(path) : (undefined as never);

afterEach(() => {
  if (present) addon.setMode({});
});

const ids = {
  peaks: [
    'peaks:peakfinder8:u16:5x300:narrow',
    'peaks:peakfinder8:i16:120x164:panels=4',
    'peaks:zaef:u16:131x107:max=5',
    'peaks:dispersion-extended:f32:131x107:nan=0.05',
  ],
  'passes over frames': [
    'udf:pass:pixel:u16:3x1x1',
    'udf:pass:one:f32:1x48x64',
    'udf:pass:many:u16:701x3x3',
    'udf:pass:i32:19x37x53',
    'udf:dense=2:u16:3x67x60',
    'udf:dense=7:u16:5x67x60',
    'udf:dense=19:u16:67x67x60',
    'udf:dense-double=5:f32:19x37x53',
    'udf:sparse-double=9:u16:19x37x53',
  ],
  decoding: [
    'udf:decoded:counts:u32:3x107x131',
    'udf:decoded:periods:u16:3x107x131',
    'udf:decoded:noise:u8:3x107x131',
    'udf:decoded:counts:array:u16:3x107x131',
    'udf:decoded:damaged',
    'udf:decoded:broken',
  ],
};

test.skipIf(!present).each(Object.entries(ids))('%s have no race', { timeout: 300_000 }, async (_, chosen) => {
  addon.takeReports();
  addon.setMode({ checked: true, orders: 3, seed: 5 });
  const { counts, rows } = await validate.validate({ createContext, ids: chosen, backends: ['cuda-emulated'] });
  expect(rows.map(({ why }) => why)).toEqual(chosen.map(() => null));
  expect(counts.pass).toBe(chosen.length);
  expect(addon.takeReports()).toEqual([]);
});
