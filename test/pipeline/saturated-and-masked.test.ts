/** Saturated pixels in files with and without a mask of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Context, createContext, type FrameCrystal } from 'ewald';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { writeNxmx } from './hits-support.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const folder = mkdtempSync(join(tmpdir(), 'ewald-saturated-'));
const peaks = { threshold: 12, minSnr: 4.5, minPixCount: 2, localBgRadius: 4 } as const;
let ctx: Context;

beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
});
afterAll(async () => {
  await ctx.dispose();
  rmSync(folder, { recursive: true });
});

describe.skipIf(!dataFolder)(`saturated pixels${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test.each([
    ['u16', Uint16Array, 65535],
    ['i32', Int32Array, 2 ** 31 - 1],
  ] as const)('of %s give the same crystals with a mask in the file and without', async (dtype, type, full) => {
    const source = await open(sim('mono.h5'));
    const frame = type.from(
      Array.from((await source.read(0, 1)) as Uint16Array, (count) => (count > 300 ? full : count)),
    );
    const mask = new Uint8Array(frame.length);
    // Of the beam stop, which the geometry has as well: the crystals must not change.
    mask[512 * 1024 + 512] = 1;
    const file = (name: string): string => join(folder, `${dtype} ${name}.h5`);
    await writeNxmx(file('plain'), source.shape.sig, [frame], { meta: source.meta });
    await writeNxmx(file('masked'), source.shape.sig, [frame], { meta: source.meta, mask });
    await source.dispose();
    const executor = await Executor.inline({ context: { backend: 'wasm' } });
    const found = async (name: string, more: object = {}) => {
      const cell = { cells: [sim('mono.cell')], refineGeometry: 'off', intRadius: [3, 4, 6] } as const;
      const run = { inputs: [file(name)], geometry: sim('mono.geom'), minRes: 20, peaks, ...cell, ...more };
      const crystals: Pick<FrameCrystal, 'reciprocal' | 'reflections' | 'saturated'>[] = [];
      for await (const { result } of ctx.pipeline(run))
        for (const { reciprocal, reflections, saturated } of result?.crystals ?? [])
          crystals.push({ reciprocal, reflections, saturated });
      return crystals;
    };
    const expected = await found('plain');
    expect(expected).toHaveLength(1);
    expect(expected[0]?.saturated).toBeGreaterThan(3);
    expect(await found('masked')).toEqual(expected);
    expect(await found('masked', { executor })).toEqual(expected);
    await executor.dispose();
  });
});
