/** The examples of user-defined functions in the READMEs compile unchanged as TypeScript, and are correct. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Context, type Udf } from 'ewald/udf';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** The block of code that defines `brightest`, without indentation. */
const blocks: Readonly<Record<string, string | undefined>> = {
  'docs/scans.md': [...read('docs/scans.md').matchAll(/```js\n([\s\S]*?)```/g)].find(([, code]) =>
    code?.includes('brightest'),
  )?.[1],
  'src/udf/README.md': /(?:^ {4}.*\n)+/m.exec(read('src/udf/README.md'))?.[0].replace(/^ {4}/gm, ''),
};

test('compile as strict TypeScript', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-udf-readme-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/ewald'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const files = Object.values(blocks).map((code, i) => {
      expect(code).toContain('defineUdf');
      const file = join(folder, `${i}.ts`);
      writeFileSync(file, code as string);
      return file;
    });
    const options = { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', target: 'es2022', types: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
    const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each(Object.entries(blocks))(
  '%s: finds the brightest pixel of large frames, also of negative ones',
  async (_, code = '') => {
    // Only the part before the run is used: here the file is replaced by memory.
    const definition = /const brightest = ([\s\S]*?\n}\));/.exec(code)?.[1] ?? '';
    const { defineUdf } = await import('ewald/udf');
    const make = new Function('defineUdf', `return ${definition.replace('import.meta.url', 'undefined')}`);
    const udf = make(defineUdf) as Udf;
    const frames = new Int16Array(2 * 600 * 600).fill(-7);
    frames[5] = -3;
    frames[600 * 600 + 9] = 12;
    const ctx = new Context();
    const { value } = (await ctx.runUdf(
      ctx.fromMemory(frames, { navShape: [2], sigShape: [600, 600] }),
      udf,
    )) as unknown as {
      value: { data: Float32Array };
    };
    expect([...value.data]).toEqual([-3, 12]);
    await ctx.close();
  },
);
