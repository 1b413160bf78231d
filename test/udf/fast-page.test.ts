/** The page on fast functions: its functions compile as strict TypeScript, are valid, and slow and fast ones agree. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Context, type Udf, validateUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(root, 'src/stem/project/README.md'), 'utf8');
const blocks = [...page.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code as string);
const names = blocks.flatMap((code) => [...code.matchAll(/^export const (\w+) = defineUdf/gm)].map(([, name]) => name));
const pairs = names.flatMap((name) => (name?.startsWith('slow') ? [name.slice('slow'.length)] : []));

let folder: string;
const udfs: Record<string, Udf> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-fast-page-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/ewald'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [i, code] of blocks.entries())
    for (const ending of ['ts', 'mjs']) writeFileSync(join(folder, `block${i}.${ending}`), code);
  for (const i of blocks.keys()) Object.assign(udfs, await import(pathToFileURL(join(folder, `block${i}.mjs`)).href));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the page on fast functions', () => {
  test('has pairs of slow and fast functions', () => expect(pairs).toEqual(['Variance', 'Profile']));

  test.each(names)('%s is valid', async (name) => {
    const report = await validateUdf(udfs[name as string] as Udf);
    expect(report.pass, JSON.stringify(report)).toBe(true);
  });

  test.each(pairs)('slow%s and its fast form agree', async (name) => {
    const frames = Uint16Array.from({ length: 6 * 35 * 27 }, (_, i) => (i * 7919) % 4099);
    const ctx = new Context();
    const scan = ctx.fromMemory(frames, { navShape: [6], sigShape: [35, 27] });
    const pair = [udfs[`slow${name}`] as Udf, udfs[`fast${name}`] as Udf] as const;
    const [slow, fast] = (await ctx.runUdf(scan, pair)).map(
      (results) => [...(Object.values(results)[0]?.rawData ?? [])] as number[],
    ) as [number[], number[]];
    await ctx.close();
    expect(slow.length).toBeGreaterThan(0);
    // Sums of integers are exact; the variance is not.
    for (const [i, value] of slow.entries())
      expect(Math.abs(value - (fast[i] as number))).toBeLessThan(1e-9 * value + 1e-9);
  });

  test('is strict TypeScript', { tags: 'all' }, () => {
    const options = { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', target: 'es2022', types: [] };
    const files = blocks.map((_, i) => join(folder, `block${i}.ts`));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
    const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });
});
