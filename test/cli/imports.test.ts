/** src/apps/cli imports only entry points: a step that is available only to a command is in the wrong room. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../src/apps/cli', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));

/** The imports of a file, types and `import()` included, that are outside of its own folder and the entry points. */
function rooms(file: string): string[] {
  const imported = readFileSync(join(folder, file), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]*)['"]/g);
  return [...imported]
    .map(([, path = '']) => path)
    .filter((path) => !path.startsWith('./') && !path.startsWith('../../entries/'));
}

test('the commands import only entry points', () => {
  const found = files.filter((file) => rooms(file).length > 0);
  expect(found.map((file) => `${file} imports ${rooms(file).join(', ')}`)).toEqual([]);
});

test('the commands are small: anything beyond parsing, calling and printing is in a room', () => {
  const lines = files.map((file) => readFileSync(join(folder, file), 'utf8').split('\n').length);
  expect(lines.reduce((sum, n) => sum + n, 0)).toBeLessThan(5700);
});
