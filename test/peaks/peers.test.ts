/** The peaks of the simulated sets equal those of CrystFEL's peakfinder8 one by one, with the same parameters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import { createContext, parseGeometry, readStream } from '../../dist/index.node.js';
import { dataFolder, dataRequired } from '../support/data.js';
import { someOf } from '../support/variants.js';

test.runIf(dataRequired)('the data is there', () => expect(dataFolder).toBeDefined());

describe.skipIf(dataFolder === undefined)('compared with CrystFEL (absent without the data)', () => {
  test.each(someOf(['run', 'hard', 'weak', 'multi', 'mono'], 2))('%s', async (set) => {
    const sims = join(dataFolder ?? '', 'sim');
    const lines = readFileSync(join(sims, `peers/${set}.asdf.stream`), 'utf8')
      .trimEnd()
      .split('\n');
    const context = await createContext({ backend: 'wasm', strict: true });
    const dataset = await open(join(sims, `${set}.h5`));
    const [height = 0, width = 0] = dataset.shape.sig;
    const mask = await dataset.mask?.();
    const finder = await context.peaks({
      ...{ width, height, dtype: dataset.dtype as 'u16', minRes: 20 },
      geometry: parseGeometry(readFileSync(join(sims, `${set}.geom`), 'utf8'), `${set}.geom`),
      ...(mask ? { bad: Uint8Array.from(mask, (v) => (v ? 1 : 0)) } : {}),
    });
    let compared = 0;
    for await (const chunk of (await readStream(lines, set)).chunks()) {
      const frame = (await dataset.read(Number(chunk.event?.replace('//', '') ?? 0), 1)) as Uint16Array;
      const { count, fs, ss } = await finder.run(frame, { threshold: 12, minSnr: 4.5, localBgRadius: 4 });
      expect(count).toBe(chunk.peaks.length);
      for (const [i, theirs] of chunk.peaks.entries()) {
        expect(Math.abs((fs[i] ?? 0) - theirs.fs)).toBeLessThan(0.006);
        expect(Math.abs((ss[i] ?? 0) - theirs.ss)).toBeLessThan(0.006);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(300);
    await finder.dispose();
    await dataset.dispose();
    await context.dispose();
  });
});
