/** The JavaScript of the README: the snippets of a section, concatenated, compile in strict TypeScript and run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { installed, node, projectOf, root } from './support.js';

const sections = readFileSync(join(root, 'README.md'), 'utf8')
  .split(/^## /m)
  .map((text) => ({
    title: text.split('\n', 1)[0] ?? '',
    code: [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code).join('\n'),
  }))
  .filter(({ code }) => code !== '');
const fileOf = (title: string): string => title.toLowerCase().replaceAll(' ', '-');

let project = '';
beforeAll(async () => {
  project = projectOf(
    Object.fromEntries(
      sections.flatMap(({ title, code }) => ['ts', 'js'].map((kind) => [`${fileOf(title)}.${kind}`, code])),
    ),
  );
  const words = ['simulate', 'frames', '-o', 'data', '--images', '4'];
  const { code, err } = await node([join(installed, 'node_modules/ewald/dist/cli.js'), ...words], { cwd: project });
  expect(code, err).toBe(0);
  expect(readdirSync(join(project, 'data'))).toContain('run.h5');
});

test('sections with JavaScript are found', () => {
  expect(sections.map(({ title }) => title)).toEqual(
    expect.arrayContaining(['From JavaScript', 'Frames', 'Stacks of frames', 'Transforms']),
  );
});

test.for(sections)('$title: runs as pasted', async ({ title }) => {
  const { code, err } = await node([`${fileOf(title)}.js`], { cwd: project, seconds: 60 });
  expect(code, err).toBe(0);
});

test('all sections are strict TypeScript', async () => {
  const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: ['node'] };
  const compilerOptions = { ...options, typeRoots: [join(root, 'node_modules/@types')] };
  const args = Object.entries(compilerOptions).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const files = sections.map(({ title }) => `${fileOf(title)}.ts`);
  const { code, out } = await node([join(root, 'node_modules/typescript/bin/tsc'), ...args, ...files], {
    cwd: project,
  });
  expect(out).toBe('');
  expect(code).toBe(0);
});
