/** A step that only a command can do is in the wrong room: src/cli imports the package's entry points, and nothing behind them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../src/cli', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));

/** Files that still import rooms. Take out what complies; nothing is added. */
const exceptions: readonly string[] = [
  'crystfel-flags.ts',
  'frame-flags.ts',
  'index-lists.ts',
  'list-flags.ts',
  'parameter-flags.ts',
  'peak-flags.ts',
];

/** What a file imports, types and `import()` included, outside of its own folder and the entry points. */
function rooms(file: string): string[] {
  const imported = readFileSync(join(folder, file), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]*)['"]/g);
  return [...imported]
    .map(([, path = '']) => path)
    .filter((path) => !path.startsWith('./') && !path.startsWith('../entries/'));
}

test('the commands import entry points alone', () => {
  const found = files.filter((file) => rooms(file).length > 0 && !exceptions.includes(file));
  expect(found.map((file) => `${file} imports ${rooms(file).join(', ')}`)).toEqual([]);
});
