/** The command and the pages import only entry points: a step that is available only to an application is in the wrong room. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const apps = fileURLToPath(new URL('../../src', import.meta.url));
const filesOf = (app: string): string[] =>
  readdirSync(join(apps, app), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const text = (app: string, file: string): string => readFileSync(join(apps, app, file), 'utf8');

/** The imports of a file, types and `import()` included, that are outside of its application and the entries. */
function rooms(app: string, file: string): string[] {
  const imported = text(app, file).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]*)['"]/g);
  return [...imported]
    .map(([, path = '']) => join(app, dirname(file), path))
    .filter((path) => !path.startsWith(`${app}/`) && !path.startsWith('entries/'));
}

test.for(['cli', 'pages'])('%s imports only entry points', (app) => {
  const files = filesOf(app);
  expect(files.length).toBeGreaterThan(20);
  const found = files.filter((file) => rooms(app, file).length > 0);
  expect(found.map((file) => `${file} imports ${rooms(app, file).join(', ')}`)).toEqual([]);
});

test('the commands are small: anything beyond parsing, calling and printing is in a room', { tags: 'house' }, () => {
  const lines = filesOf('cli').map((file) => text('cli', file).split('\n').length);
  expect(lines.reduce((sum, n) => sum + n, 0)).toBeLessThan(5830);
});

test('no command loads an entry as a whole, which is what import() of it does', () => {
  const found = filesOf('cli').filter((file) => /\bimport\(['"][./]*entries\//.test(text('cli', file)));
  expect(found).toEqual([]);
});

test('the flags and the help of ewald index load none of what runs it', () => {
  const rows = ['frame-rows.ts', 'executor-rows.ts', 'list-rows.ts', 'peak-rows.ts'];
  const imported = rows.flatMap((file) =>
    [...text('cli', file).matchAll(/^import (?!type)[^;]*? from '\.\/([^']*)'/gm)].map(([, one = '']) => one),
  );
  const known = [...rows, 'parameter-flags.ts', 'shell-rows.ts'].map((file) => file.replace('.ts', '.js'));
  expect([...new Set(imported)].filter((file) => !known.includes(file))).toEqual([]);
});
