/**
 * The rows that the first tier runs on WebGPU and on emulated CUDA cover every feature of their tables: each word of an
 * address, and each line of the generated transform kernels. `node test/conformance/choose.mjs` selects them again.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as validate from '../../dist/validate.js';
import { candidates, caught, kernelsOfTransforms } from './choose.mjs';
import { cover, linesOf, runsOn, wordsOf } from './features.mjs';
import chosen from './first-tier.json' with { type: 'json' };
import { inFirstTier, room, roomOf, wanted } from './table.js';

const { rows } = validate;
const backends = ['webgpu', 'cuda-emulated'] as const;
const missing = (all: ReturnType<typeof candidates>, ids: readonly string[]): string[] => {
  const shown = new Set(all.filter(({ id }) => ids.includes(id)).flatMap(({ features }) => features));
  return [...new Set(all.flatMap(({ features }) => features))].filter((feature) => !shown.has(feature));
};

test.each(backends)('on %s each word of an address is covered, and rows that caught a mutant stay', (backend) => {
  const ids = Object.keys(chosen[backend]);
  const known = new Set(rows.map(({ id }) => id));
  expect(ids.filter((id) => !known.has(id))).toEqual([]);
  expect(missing(candidates(backend), ids)).toEqual([]);
  expect(Object.keys(caught(backend)).filter((id) => !ids.includes(id))).toEqual([]);
});

test.each(['wasm', 'native'] as const)(
  'on %s each word of an address is covered by a row that is not long',
  (backend) => {
    const ids = rows.flatMap(({ id }) => (inFirstTier(backend, id) ? [id] : []));
    expect(ids.length).toBeLessThan(rows.length);
    const shown = new Set(ids.flatMap((id) => wordsOf({ id })));
    // Not the large frames, which differ from others in size alone.
    const words = rows.flatMap(wordsOf).filter((word) => !/ #M?$/.test(word));
    expect([...new Set(words)].filter((word) => !shown.has(word))).toEqual([]);
  },
);

test.runIf(room === '')(
  'every row runs on wasm and native in Node, every short one on wasm in a window; on cards each word does',
  () => {
    const words = (backend: Parameters<typeof inFirstTier>[0], place: 'Node' | 'browser') =>
      new Set(rows.filter(wanted(validate, backend, place)).flatMap(wordsOf));
    for (const backend of ['wasm', 'native'] as const)
      expect(rows.filter(wanted(validate, backend, 'Node')).length).toBe(rows.length);
    const inWindow = wanted(validate, 'wasm', 'browser');
    expect(rows.filter((row) => inFirstTier('wasm', row.id) && !inWindow(row))).toEqual([]);
    for (const backend of backends) {
      const able = new Set(rows.filter((row) => runsOn(backend, row)).flatMap(wordsOf));
      expect([...able].filter((word) => !words(backend, 'Node').has(word))).toEqual([]);
    }
  },
);

test('on WebGPU each line of the kernels of transforms is compiled', { tags: 'all' }, async ({ skip }) => {
  const kernels = await kernelsOfTransforms().catch((error: Error) => {
    if ((process.env.EWALD_REQUIRE ?? '').includes('webgpu')) throw error;
    return skip(`absent: ${error.message}`);
  });
  expect(missing(candidates('webgpu', kernels), Object.keys(chosen.webgpu))).toEqual([]);
});

test('the features of a row are precision, rank, options and kinds of axes, not its numbers', () => {
  expect(wordsOf({ id: 'fft:heffte:r2c-np8:r2c:f64:n=11x13x13:reducedAxis=0' })).toEqual([
    'fft r2c f64',
    'fft r2c n=#x#x#',
    'fft r2c reducedAxis',
  ]);
  expect(wordsOf({ id: 'fft:r2r:f32:n=6x10x8:r2r=dct2-dst1-dct4' }).slice(2)).toEqual([
    'fft dct2',
    'fft dst1',
    'fft dct4',
  ]);
  expect(wordsOf({ id: 'peaks:dispersion-extended:u16:131x107:bad=0.1' })).toEqual([
    'peaks dispersion-extended',
    'peaks u16',
    'peaks dispersion frame',
    'peaks dispersion bad',
  ]);
  expect(linesOf(['let x = f(a[i + 3], 2.5e-3f);  // why\nlet y12 = vec2f(0, 1);\n'])).toEqual([
    'let x = f(a[#], #);',
    'let y# = vec2f(#);',
    'passes of the plan: 1',
  ]);
});

test('the cheapest rows that cover everything are chosen', () => {
  const row = (id: string, cost: number, ...features: string[]) => ({ id, cost, features });
  expect(cover([row('a', 3, 'x', 'y'), row('b', 1, 'x'), row('c', 1, 'y', 'z'), row('d', 1, 'z')])).toEqual({
    c: 'y and 1 more',
    b: 'x',
  });
});

test('test/README.md states how many rows each table has', () => {
  const guide = readFileSync('test/README.md', 'utf8');
  const stated = [...guide.matchAll(/^\| ([a-z, ]+) \| (\d+) \| all/gm)].map(([, tables = '', count]) => {
    const names = tables.split(', ');
    return [tables, Number(count), rows.filter(({ id }) => names.includes(roomOf(id))).length] as const;
  });
  expect(stated.length).toBe(6);
  expect(stated.filter(([, count, found]) => count !== found)).toEqual([]);
});
