/** Files that are written over while a run reads them. */
import { copyFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { Context, sumSigUdf } from 'ewald/udf';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { changedFiles } from '../../src/frames/dataset.js';
import { open } from '../../src/frames/opening.node.js';
import { ewaldTogether as ewald } from '../support/cli.js';

let folder: string;
const at = (name: string): string => join(folder, name);
const frames = (value: number, count = 32) =>
  formatNpy({ shape: [count, 4, 4], data: new Float32Array(count * 16).fill(value), complex: false });
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-changed-'));
  await writeFile(at('old.npy'), frames(1));
  await writeFile(at('new.npy'), frames(2));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a context prints of a run over a file with which something happens after its first partition. */
async function printedOf(input: string, meddle: () => Promise<unknown>): Promise<string> {
  const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const ctx = new Context();
  try {
    const scan = await ctx.load(input);
    for (let run = 0; run < 2; run++) {
      let seen = 0;
      for await (const _ of ctx.runUdfIter(scan, sumSigUdf(), { numPartitions: 8 }))
        if (seen++ + run === 0) await meddle();
    }
    return printed.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    printed.mockRestore();
    await ctx.close();
  }
}

test('a file that is written over during a run is said to have changed, once', async () => {
  await copyFile(at('old.npy'), at('scan.npy'));
  expect(await printedOf(at('scan.npy'), async () => undefined)).toBe('');
  const printed = await printedOf(at('scan.npy'), () => copyFile(at('new.npy'), at('scan.npy')));
  expect(printed).toMatch(/^warning: .*scan\.npy changed while it was read: it was written again at 2\d+-.*results\n$/);
  const grown = await printedOf(at('scan.npy'), () => writeFile(at('scan.npy'), frames(3, 40)));
  expect(grown).toMatch(/scan\.npy changed while it was read: it had 2176 bytes, and has 2688;/);
});

test('files of a series are examined, those that were closed as well', async () => {
  await mkdir(at('series'));
  for (let i = 0; i < 20; i++) await writeFile(at(`series/f_${i + 10}.npy`), frames(1, 2));
  const past = new Date(0);
  const printed = await printedOf(at('series'), () => utimes(at('series/f_10.npy'), past, past));
  expect(printed).toMatch(/^warning: .*f_10\.npy changed while it was read[^\n]*\n$/);
});

test('a file of a series that has changed when it is done is said, though it is gone at the end', async () => {
  await mkdir(at('gone'));
  for (let i = 0; i < 20; i++) await writeFile(at(`gone/f_${i + 10}.npy`), frames(1, 2));
  const dataset = await open(at('gone'));
  const past = new Date(0);
  for (let frame = 0; frame < 40; frame++) {
    await dataset.read(frame, 1);
    if (frame === 0) await utimes(at('gone/f_10.npy'), past, past);
    if (frame === 38) await rm(at('gone/f_10.npy'));
  }
  expect(await dataset[changedFiles]?.()).toEqual([expect.stringMatching(/f_10\.npy changed while it was read/)]);
  await dataset.dispose();
});

test('the shell warns of such a file, and ends with 1', async () => {
  await copyFile(at('old.npy'), at('shell.npy'));
  await writeFile(
    at('meddle.mjs'),
    `import { copyFileSync } from 'node:fs';
     import { defineUdf } from ${JSON.stringify(import.meta.resolve('../../dist/udf.node.js'))};
     let seen = 0;
     export const meddle = defineUdf({
       name: 'meddle', buffers: { sum: { kind: 'nav', dtype: 'f64' } },
       processFrame({ frame, results }) {
         if (seen++ === 0) copyFileSync(${JSON.stringify(at('new.npy'))}, ${JSON.stringify(at('shell.npy'))});
         results.sum[0] = frame[0];
       },
     });`,
  );
  const { code, err } = await ewald(['run', 'shell.npy', '--udf', 'meddle.mjs', '-o', 'sum.npy'], { cwd: folder });
  expect(code, err).toBe(1);
  expect(err.match(/shell\.npy changed while it was read/g)).toHaveLength(1);
});
