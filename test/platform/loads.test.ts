/** What a page loads, as docs/install.md states it. */

import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { measureLoads, tableOfLoads, writtenTable } from '../../scripts/loads.mjs';
import { projectOf } from './support.js';

const cellsOf = (table: string): string[][] =>
  table
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test('docs/install.md lists the entry points with what they load, to a tenth', { tags: 'house' }, () => {
  const measured = cellsOf(tableOfLoads(measureLoads()));
  const written = cellsOf(writtenTable());
  expect(measured.length).toBeGreaterThan(10);
  expect(
    written.map(([entry]) => entry),
    'node scripts/loads.mjs writes the table',
  ).toEqual(measured.map(([entry]) => entry));
  for (const [row, [entry, ...sizes]] of measured.entries())
    for (const [column, size] of sizes.entries()) {
      const stated = written[row]?.[column + 1];
      const what = `${entry}, column ${column + 1}: stated ${stated} kB, measured ${size} kB; run node scripts/loads.mjs`;
      if (size === '–') expect(stated, what).toBe('–');
      else expect(Math.abs(Number(stated) - Number(size)), what).toBeLessThanOrEqual(2 + 0.1 * Number(size));
    }
});

test('the scripts and the module of transforms are less than 130 kB, compressed', () => {
  const [fft] = measureLoads('ewald/fft');
  expect((fft?.allCompressed ?? Number.NaN) + (fft?.wasmCompressed ?? Number.NaN)).toBeLessThan(130_000);
});

test.for([
  ['ewald/fft', 60],
  ['ewald/pi', 25],
  ['ewald/indexing', 90],
  ['ewald/data', 25],
  ['ewald/hdf5', 25],
] as const)('the module of %s is less than %i kB, compressed', ([entry, most]) => {
  const [loads] = measureLoads(entry);
  expect(loads?.wasmCompressed ?? Number.NaN).toBeLessThan(most * 1000);
});

test('the scripts that read HDF5 are less than 60 kB, compressed, without the module of the codecs', () => {
  const [hdf5] = measureLoads('ewald/hdf5');
  expect(hdf5?.startCompressed ?? Number.NaN).toBeLessThan(60_000);
});

/** The bytes of a minified bundle of these lines, without what they load on first use. */
async function bundled(script: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: projectOf({}) },
    ...{ bundle: true, format: 'esm', minify: true, write: false, logLevel: 'error' },
    plugins: [
      {
        name: 'on first use',
        setup: ({ onResolve }) =>
          onResolve({ filter: /./ }, ({ kind, path }) =>
            kind === 'dynamic-import' ? { path, external: true } : undefined,
          ),
      },
    ],
  });
  return outputFiles[0]?.contents.length ?? Number.NaN;
}

test.for([
  // It gives a cloned error its class again, and so needs the class.
  ['ewald', 'isEwaldError', 2200],
  ['ewald/data', 'isEwaldError', 2200],
  ['ewald/udf', 'isEwaldError', 2200],
  ['ewald/udf', 'masks', 20_000],
  ['ewald/udf', 'defineUdf', 10_600],
] as const)('a page that imports from %s only %s loads less than %i bytes', async ([entry, name, most]) => {
  expect(await bundled(`import { ${name} } from '${entry}'; console.log(${name})`)).toBeLessThan(most);
});
