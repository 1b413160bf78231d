// @module-tag all: a tenth of the soak.
/**
 * A tenth of the cycles of the soak test: contexts, plans and indexers must not leak memory. Runs in a separate
 * process, because it measures memory.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const soak = fileURLToPath(new URL('../../scripts/soak.mjs', import.meta.url));

test('a thousand contexts, plans and indexers do not increase memory use', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [soak, 'cycles', '--scale', '0.1']);
  console.log(
    stdout
      .split('\n')
      .filter((line) => line.includes('cycles in'))
      .join('\n'),
  );
  expect(stdout).toMatch(/wasm: 1000 cycles/);
});

test('plans of FFTW do not increase memory use', async ({ skip }) => {
  const { stdout } = await promisify(execFile)(process.execPath, [soak, 'engines', '--scale', '0.03']);
  const absent = /absent: .*/.exec(stdout)?.[0];
  if (absent) skip(absent);
  expect(stdout).toMatch(/fftw: 3000 cycles/);
});

test('a thousand images through run and stream do not increase memory use, on every backend', {
  tags: 'nightly',
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [soak, 'indexing', '--scale', '0.01']);
  const lines = stdout.split('\n').filter((line) => line.includes('images in'));
  console.log(lines.join('\n'));
  expect(stdout).toMatch(/wasm: 2 × 1000 images/);
});

test('a thousand plans of transforms on each backend do not increase memory use', { tags: 'nightly' }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [soak, 'plans', '--scale', '0.01']);
  const lines = stdout.split('\n').filter((line) => line.includes('cycles in') || line.includes('absent'));
  console.log(lines.join('\n'));
  expect(lines).toHaveLength(4);
  expect(stdout).toMatch(/wasm: 1000 cycles/);
});
