/**
 * The audit: agreement is counted, a deviating backend is detected, and anything that cannot be checked is reported.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, type ContextOptions, createContext, devices, isEwaldError } from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellFromParameters, simulateSpots } from '../../dist/index.node.js';

const addon = new URL(`../../dist/native/${process.platform}-${process.arch}/ewald_native.node`, import.meta.url)
  .pathname;
const present = (await devices()).find(({ backend }) => backend === 'native')?.available ?? false;
let folder: string;
let drifting: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-audit-'));
  drifting = join(folder, 'drifting.cjs');
  // An addon with our interface but wrong results: one hit too many, and every cell rotated by half a degree.
  await writeFile(
    drifting,
    `const real = require(${JSON.stringify(addon)});
     const turn = 0.5 * Math.PI / 180, [c, s] = [Math.cos(turn), Math.sin(turn)];
     module.exports = { ...real,
       piCount: async (params) => (await real.piCount(params)) + 1n,
       indexerRun: async (...args) => {
         await real.indexerRun(...args);
         const found = new Float32Array(args[7].buffer, args[7].byteOffset, args[7].byteLength / 4);
         for (let i = 0; i + 16 <= found.length; i += 16)
           for (let r = i; r < i + 9; r += 3) [found[r], found[r + 1]] = [c * found[r] - s * found[r + 1], s * found[r] + c * found[r + 1]];
       } };`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function withContext<T>(options: ContextOptions, work: (context: Context) => Promise<T>): Promise<T> {
  const context = await createContext({ backend: 'native', strict: true, log: { sink: () => {} }, ...options });
  try {
    return await work(context);
  } finally {
    await context.dispose();
  }
}

const images = simulateSpots({ cell: cellFromParameters(79, 79, 38, 90, 90, 90), images: 8, spots: 80, seed: 11 });
const spots = Float32Array.from(images.flatMap((image) => [...image.spots]));
const offsets = images.reduce((all, image) => [...all, (all.at(-1) ?? 0) + image.spots.length / 3], [0]);
const cells = cellFromParameters(79, 79, 38, 90, 90, 90);

describe.skipIf(!present)('audit (absent without the native addon)', () => {
  it('counts agreement, and its result is undefined if it was not requested', async () => {
    await withContext({ audit: 1 }, async (context) => {
      const pi = await context.pi();
      const indexer = await context.indexer({ batch: 8 });
      const { hits } = await pi.run({ points: 1e7, seed: 3 });
      await withContext({}, async (plain) => {
        expect(plain.audit).toBeUndefined();
        expect((await (await plain.pi()).run({ points: 1e7, seed: 3 })).hits).toBe(hits);
      });
      await indexer.run({ spots, offsets, cells });
      await context.dispose();
      expect(context.audit).toMatchObject({ drifted: 0, unchecked: 0, results: 11, drawn: 11, agreed: 11 });
    });
  });

  it('draws about the requested fraction, the same with the same seed', { tags: 'all' }, async () => {
    const drawn = async (seed: number): Promise<number | undefined> =>
      withContext({ audit: { fraction: 0.25, seed } }, async (context) => {
        const indexer = await context.indexer({ batch: 8 });
        for (let i = 0; i < 20; i++) await indexer.run({ spots, offsets, cells });
        return context.audit?.drawn;
      });
    const first = await drawn(1);
    expect(first).toBeGreaterThan(20);
    expect(first).toBeLessThan(60);
    expect(await drawn(1)).toBe(first);
  });

  it('warns about a deviation, and continues', async () => {
    const lines: string[] = [];
    await withContext(
      { audit: 1, addonPath: drifting, log: { sink: (level, line) => lines.push(`${level}: ${line}`) } },
      async (context) => {
        await (await context.pi()).run({ points: 1e6, seed: 3 });
        await (await context.indexer({ batch: 8 })).run({ spots, offsets, cells });
        await context.dispose();
        expect(context.audit).toMatchObject({ drifted: 9, agreed: 0 });
        expect(lines.join('\n')).toMatch(/warn: audit: pi on native: 1000000 points .* counted \d+, the reference \d+/);
        expect(lines.join('\n')).toMatch(
          /indexing on native: an image of \d+ spots differs .* turned by 0\.5\d* degrees/,
        );
      },
    );
  });

  it('fails the run on request', async () => {
    await withContext({ audit: { fraction: 1, onDrift: 'fail' }, addonPath: drifting }, async (context) => {
      const plan = await context.pi();
      const error = await plan.run({ points: 1e6 }).catch((thrown) => thrown);
      expect(isEwaldError(error, 'Mismatch')).toBe(true);
      expect(error.message).toContain('ewald validate');
    });
  });

  it('counts runs that its budget or a missing worker leaves unchecked', async () => {
    await withContext({ audit: { fraction: 1, budgetS: 0 } }, async (context) => {
      await (await context.pi()).run({ points: 1e6 });
      expect(context.audit).toMatchObject({ drawn: 1, unchecked: 1, agreed: 0 });
    });
    await withContext({ audit: 1, worker: new URL('file:///nowhere/worker.js') }, async (context) => {
      await (await context.pi()).run({ points: 1e6 });
      await context.dispose();
      expect(context.audit).toMatchObject({ drawn: 1, unchecked: 1 });
    });
  });

  it('refuses invalid fractions', async () => {
    for (const audit of [-0.1, 1.5, Number.NaN])
      await expect(createContext({ audit })).rejects.toThrow('createContext({ audit }): fraction');
  });
});
