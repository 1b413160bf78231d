/** Each entry point of the installed package does a small job in Node; `npm run everywhere` does the same elsewhere. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { node, projectOf, root } from './support.js';

const entries = Object.keys(manifest.exports)
  .filter((path) => !/\.(wasm|json)$/.test(path))
  .map((path) => path.replace('.', 'ewald'));

test.for(['wasm', 'native'])('every entry point does a small job on %s', async (backend) => {
  const project = projectOf({
    'main.mjs': `import { smoke } from './smoke.mjs';
console.log(JSON.stringify(await smoke(${JSON.stringify(entries)}, (entry) => import(entry), '${backend}')));`,
  });
  copyFileSync(join(root, 'scripts/everywhere/smoke.mjs'), join(project, 'smoke.mjs'));
  const { code, out, err } = await node(['main.mjs'], { cwd: project });
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual(Object.fromEntries(entries.map((entry) => [entry, 'ok'])));
});
