// @module-tag all: emulated devices.
/** Scans whose frames go to a device as the file has packed them: the same results, and fewer bytes on the bus. */
import { mkdtemp, open as openFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context, comUdf, stddevUdf, sumUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';
import { type EmulatedCard, loadAddon, present, resetCard, testThatItWasBuilt } from '../support/emulated-card.js';

testThatItWasBuilt();

interface CountingCard extends EmulatedCard {
  copied(): { readonly up: number; readonly down: number };
}
const addon = loadAddon<CountingCard>();

const [rows, columns, height, width] = [6, 5, 40, 52];
const pixels = height * width;
const counts = Uint16Array.from({ length: rows * columns * pixels }, (_, i) => (i % 97 === 0 ? i % 4000 : (i * i) % 5));
let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-packed-scan-'));
  const head = `{'descr': '<u2', 'fortran_order': False, 'shape': (${[rows, columns, height, width]}), }`;
  const text = `\x93NUMPY\x01\x00\x76\x00${head.padEnd(117)}\n`;
  await writeFile(at('scan.npy'), Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(counts.buffer)]));
  const { code, err } = await ewaldTogether(['convert', at('scan.npy'), '-o', at('scan.h5')]);
  expect(code, err).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

/** The results over a file. */
async function results(backend: 'cuda-emulated' | 'webgpu', file: string) {
  const ctx = new Context({ context: { backend, log: { level: 'error' } } });
  const scan = await ctx.load(at(file));
  const before = present ? addon.copied() : { up: 0, down: 0 };
  const found = await ctx.runUdf(scan, [sumUdf(), stddevUdf(), comUdf({ cx: 20, cy: 20 })], { numPartitions: 3 });
  const after = present ? addon.copied() : before;
  const numbers = found.flatMap((one) =>
    Object.values(one as unknown as Record<string, { data: ArrayLike<number> }>).map(({ data }) => Array.from(data)),
  );
  await ctx.close();
  return { numbers, up: after.up - before.up, down: after.down - before.down };
}

describe('a scan that a device decodes', () => {
  test.skipIf(!present)('has on CUDA the results of its numbers, and sends a part of their bytes', async () => {
    resetCard(addon);
    // The first run of a process tests the device.
    await results('cuda-emulated', 'scan.h5');
    const [packed, plain] = [await results('cuda-emulated', 'scan.h5'), await results('cuda-emulated', 'scan.npy')];
    expect(packed.numbers).toEqual(plain.numbers);
    expect(plain.up).toBeGreaterThan(counts.byteLength);
    expect(packed.up - (plain.up - counts.byteLength)).toBeLessThan(counts.byteLength / 2);
    // Whether a block was damaged: a word for each partition.
    expect(packed.down).toBe(plain.down + 3 * 4);
  });

  test.skipIf(!present)('is read on cores where a chunk is damaged, which say what is wrong', async () => {
    const damaged = at('damaged.h5');
    const { code, err } = await ewaldTogether(['convert', at('scan.npy'), '-o', damaged]);
    expect(code, err).toBe(0);
    const file = await openFile(damaged, 'r+');
    const { size } = await file.stat();
    // In the middle of the chunks.
    await file.write(Buffer.alloc(64, 255), 0, 64, size >> 1);
    await file.close();
    await expect(results('cuda-emulated', 'damaged.h5')).rejects.toThrow('is damaged');
  });

  test('has on WebGPU the results of its numbers', { timeout: 120_000 }, async () => {
    const [packed, plain] = [await results('webgpu', 'scan.h5'), await results('webgpu', 'scan.npy')];
    expect(packed.numbers).toEqual(plain.numbers);
  });
});
