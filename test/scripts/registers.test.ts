// @module-tag house: lists of rooms.
/** The lists of rooms. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
const textOf = (file: string): string => readFileSync(`src/${file}`, 'utf8');
/** The files of src that a file imports. */
const importsOf = (file: string): string[] =>
  [...textOf(file).matchAll(/(?:from |import |import\()'(\.[^']+)\.js'/g)].map(([, from]) =>
    posix.join(posix.dirname(file), `${from}.ts`),
  );

test.each([
  ['context/room-list.ts', /^(?:\w+\/)?\w+\/room\.ts$/],
  ['context/kernels.node.ts', /^(?!context)(?:\w+\/)?\w+\/kernels\.node\.ts$/],
  ['context/served.ts', /^(?!context)\w+\/served\.ts$/],
  ['context/public.worker.ts', /^\w+\/calls\.ts$/],
  ['entries/tasks.ts', /^(?!parallel)\w+\/task\.ts$/],
  ['validate/tables.ts', /^validate\/cases\/\w+\/table\.ts$/],
])('%s has every room with such a file, and no other', (register, pattern) => {
  const files = sources.filter((file) => pattern.test(file));
  expect(files.length).toBeGreaterThan(0);
  const name = pattern.source.replace(/^.*\//, '').replace(/[\\$]/g, '');
  expect(
    importsOf(register)
      .filter((file) => file.endsWith(`/${name}`))
      .sort(),
  ).toEqual(files.sort());
});

test('the kernels of native and CUDA are all in the list of their room', () => {
  const kernels = sources.filter(
    (file) => file.endsWith('.ts') && /^export (?:const|function) \w+Op\b.*(?:Native|Cuda)Host/m.test(textOf(file)),
  );
  expect(kernels.length).toBeGreaterThan(12);
  const listed = sources.filter((file) => file.endsWith('/kernels.node.ts')).flatMap(importsOf);
  expect(kernels.filter((file) => !listed.includes(file))).toEqual([]);
});
