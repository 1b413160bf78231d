// @module-tag all: Chromium.
// In a page: the wasm core as a library, opened through its own header; its heap as memory for rows; a call in a
// worker.
import { expect, test } from 'vitest';
import header from '../../cpp/include/ewald.h?raw';
import layout from '../../cpp/include/generated/layout.h?raw';
import { getLibHandle, type Library, parseHeader } from '../../src/entries/ffi.js';
import { IndirectMemory2D } from '../../src/entries/memory.js';

// biome-ignore lint/suspicious/noExplicitAny: only the header declares the functions
const open = (): Promise<Library<any>> =>
  getLibHandle({
    header: { source: header, name: 'ewald.h' },
    include: (name) => ({ name, text: layout }),
    library: new URL('../../dist/ewald.wasm', import.meta.url),
  });

test('the core can be opened through its header', async () => {
  const core = await open();
  expect(core.ewald_abi_version()).toBe(core.table.constants.EWALD_ABI_VERSION?.value);
  expect(core.ewald_instruction_set()).toBe('simd128');
  const hits = new BigUint64Array(1);
  expect(core.ewald_pi_count({ points_lo: 1000, threads: 1 }, hits)).toBe(0);
  expect(Number(hits[0])).toBeGreaterThan(700);
  expect(() => core.ewald_pi_count({ points_lo: 1.5 }, hits)).toThrow(/points_lo is 1\.5; uint32_t needs/);
  expect(() => core.ewald_pi_counts()).toThrow(/did you mean "ewald_pi_count"/);
  expect(core.ewald_live_bytes()).toBe(0);
  core.dispose();
});

test('a call in a worker', async () => {
  const core = await open();
  const hits = new BigUint64Array(1);
  expect(await core.ewald_pi_count.async({ points_lo: 1000, threads: 1 }, hits)).toBe(0);
  expect(Number(hits[0])).toBeGreaterThan(700);
  expect(await core.ewald_instruction_set.async()).toBe('simd128');
  await expect(core.ewald_live_bytes.async(1)).rejects.toMatchObject({ tag: 'Argument' });
  core.dispose();
});

test('rows in the heap of the core remain valid when it grows', async () => {
  const core = await open();
  const memory = IndirectMemory2D.create(2, 3, 'float64', { memory: core.memory });
  memory.set(1, 2, 7);
  expect(memory.pointer).toBeTypeOf('number');
  const row = memory.row(1);
  const more = core.alloc('double', 2 ** 21);
  expect(row.at(2)).toBe(7);
  more.dispose();
  memory.dispose();
  expect(core.liveBytes).toBe(0);
  core.dispose();
});

test('a header with a mistake shows its location', () => {
  expect(() => parseHeader('double f(intt x);', { name: 'a.h' })).toThrow(
    /a\.h:1:10: unknown type name "intt"; did you mean "int"\?/,
  );
});
