/** The self-test of a card, on emulated cards in which one mechanism is faulty. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cudaEmulatedLoader } from '../../src/compute/backends/cuda/cuda.js';
import { roomsThatUse, type Uses, uses } from '../../src/compute/backends/mechanisms.js';
import { report } from '../../src/compute/backends/open.js';
import { options } from '../webgpu/support.js';

interface Emulated {
  open(): Promise<object>;
  close(handle: object): void;
  liveBytes(handle: object): number;
  selfTest(handle: object): Promise<string>;
  setMode(mode: { checked?: boolean; orders?: number; strictOrders?: boolean }): void;
  takeReports(): { text: string }[];
  judgeSelfTest(): { broken: string; faults: string }[];
}

const path = fileURLToPath(new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url));
const present = existsSync(path);
const addon: Emulated = present ? createRequire(import.meta.url)(path) : (undefined as never);

describe.runIf(present)('the self-test of CUDA', () => {
  const outcomes = present ? addon.judgeSelfTest() : [];
  test.each(outcomes)('a card on which "$broken" is faulty is detected, with only that fault', ({ broken, faults }) => {
    expect(faults.split('\n').flatMap((line) => (line ? [line.split('\t')[0]] : []))).toEqual(broken ? [broken] : []);
  });

  test('there is a broken card for each mechanism that a room uses', () => {
    const used = new Set(Object.values<Uses>(uses).flatMap(({ cuda }) => cuda ?? []));
    expect(new Set(outcomes.flatMap(({ broken }) => (broken ? [broken] : [])))).toEqual(used);
  });

  test('it has no race in any thread order, and leaks no memory', async () => {
    const handle = await addon.open();
    const before = addon.liveBytes(handle);
    addon.setMode({ checked: true, orders: 4, strictOrders: true });
    addon.takeReports();
    expect(await addon.selfTest(handle)).toBe('');
    expect(addon.takeReports()).toEqual([]);
    addon.setMode({});
    expect(addon.liveBytes(handle)).toBe(before);
    addon.close(handle);
  });

  test('a fault is in the report of devices with the rooms that are refused for it', async () => {
    const probe = await cudaEmulatedLoader.probe({
      ...options,
      addonPath: { 'cuda-emulated': path },
    });
    if (!probe.available) throw new Error(probe.reason);
    expect(await probe.faults?.()).toEqual([]);
    const faults = [{ mechanism: 'shuffles', reason: 'exchange within a warp: word 0 is 1, expected 2' }] as const;
    const [row] = await report(
      [{ name: 'cuda-emulated', probe: { ...probe, faults: async () => faults }, automatic: false }],
      undefined,
      true,
    );
    expect(row?.faults).toEqual([{ ...faults[0], rooms: roomsThatUse('cuda', 'shuffles') }]);
    expect(roomsThatUse('cuda', 'shuffles')).toEqual(['pi', 'indexing', 'peaks', 'udf']);
  });
});
