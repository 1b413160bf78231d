/** A ring without a pixel, and sizes that no peak has, are refused before anything is opened, by library and shell. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import { ewald } from '../support/cli.js';

test('minRes beyond maxRes', { tags: 'all' }, async () => {
  const context = await createContext({ backend: 'wasm', strict: true });
  try {
    const words = /minRes is 20 and maxRes 10 pixels from the beam, which leaves no pixel; .* 0 for no limit/;
    const frames = { width: 64, height: 64, dtype: 'u16' as const };
    await expect(context.peaks({ ...frames, minRes: 20, maxRes: 10 })).rejects.toThrow(words);
    await expect(context.peaks({ ...frames, minRes: 20, maxRes: 20 })).rejects.toThrow(/leaves no pixel/);
    await (await context.peaks({ ...frames, minRes: 20 })).dispose();
    await (await context.peaks({ ...frames, minRes: 10, maxRes: 20 })).dispose();
    const run = (async () => {
      for await (const _ of context.pipeline({ inputs: 'absent.h5', cells: [], minRes: 20, maxRes: 10 })) return;
    })();
    await expect(run).rejects.toThrow(words);
    const peaks = { minPixCount: 10, maxPixCount: 2 };
    const sizes = /minPixCount is 10 and maxPixCount 2, which leaves no peak/;
    const finder = await context.peaks(frames);
    await expect(finder.run(new Uint16Array(64 * 64), peaks)).rejects.toThrow(sizes);
    const other = (async () => {
      for await (const _ of context.pipeline({ inputs: 'absent.h5', cells: [], peaks })) return;
    })();
    await expect(other).rejects.toThrow(sizes);
    const absent = (finder.run as () => Promise<unknown>)();
    await expect(absent).rejects.toThrow('the frame is undefined; expected a Uint16Array of 4096');
  } finally {
    await context.dispose();
  }
  const folder = await mkdtemp(join(tmpdir(), 'ewald-ring-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await ewald(['simulate', 'frames', '-o', folder, '--images=1', '--size=256,256']);
  const given = [join(folder, 'run.h5'), '-g', join(folder, 'run.geom'), '-o', join(folder, 'x.stream')];
  const { code, err } = await ewald(['index', ...given, '--min-res=20', '--max-res=10']);
  expect(err).toMatch(/^ewald: --min-res is 20 and --max-res 10 pixels from the beam, which leaves no pixel/);
  expect(code).toBe(2);
  const sized = await ewald(['index', ...given, '--min-pix-count=10', '--max-pix-count=2']);
  expect(sized.err).toMatch(/^ewald: --min-pix-count is 10 and --max-pix-count 2, which leaves no peak/);
  expect(sized.code).toBe(2);
});
