// @module-tag house: a list of imports.
/**
 * Tests import from src/ only if there is no public entry point; these tests are listed. After an intended change:
 * vitest run --project node test/scripts/imports.test.ts -u
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../', import.meta.url);

/** Whether a source imports values (not only types) from modules of src/ other than its entries. */
function reachesIntoSrc(text: string): boolean {
  return [...text.matchAll(/^import\s+([^;'"]*?)\s+from\s+'(?:\.\.\/)+src\/(?!entries\/)[^']+'/gm)].some(
    ([, what = '']) =>
      !what.startsWith('type ') &&
      !(
        what.startsWith('{') &&
        what
          .slice(1, -1)
          .split(',')
          .every((name) => /^\s*(type\s|$)/.test(name))
      ),
  );
}

test('values are distinguished from types, and src from its entry points', () => {
  expect(reachesIntoSrc("import { a } from '../../src/fft/fft.js';")).toBe(true);
  expect(reachesIntoSrc("import * as all from '../../src/fft/fft.js';")).toBe(true);
  expect(reachesIntoSrc("import {\n  type A,\n  b,\n} from '../../src/fft/fft.js';")).toBe(true);
  expect(reachesIntoSrc("import type { A } from '../../src/fft/fft.js';")).toBe(false);
  expect(reachesIntoSrc("import { type A, type B } from '../../src/fft/fft.js';")).toBe(false);
  expect(reachesIntoSrc("import { a } from '../../src/entries/data.js';")).toBe(false);
});

test('private imports equal those of the list', async () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.test.ts') && reachesIntoSrc(readFileSync(new URL(file, folder), 'utf8')))
    .sort();
  await expect(`${files.join('\n')}\n`).toMatchFileSnapshot('pinned/private-imports.txt');
});
