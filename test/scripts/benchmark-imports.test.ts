// @module-tag house: a script of the repository.
/** Benchmarks import from the build by file and name, which no compiler checks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

/** `import { a } from '…/build/esm/x.js'` and `const { a } = await load('build/esm/x.js')`. */
const imports = /\{([^{}]*)\}\s*(?:from\s+|=\s*await\s+[^'"`]*)['"`][./]*((?:build\/esm|dist)\/[\w/.-]+\.js)['"`]/g;

const found = readdirSync('benchmarks', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.mjs') && !path.includes('node_modules'))
  .map((path) => join('benchmarks', path))
  .flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(imports)].map(([, names = '', from = '']) => ({ file, names, from })),
  );

test('what benchmarks import from the build exists under its name', async () => {
  expect(found.length).toBeGreaterThan(15);
  const missing: string[] = [];
  for (const { file, names, from } of found) {
    const exports = existsSync(from) ? ((await import(pathToFileURL(from).href)) as object) : {};
    for (const name of names.split(',').map((word) => word.split(/\bas\b|:/)[0]?.trim() ?? ''))
      if (name !== '' && !(name in exports)) missing.push(`${file}: ${name} of ${from}`);
  }
  expect(missing).toEqual([]);
});
