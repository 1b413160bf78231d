// The live answer on fresh seeds: tests that draw random numbers are run again with others, and print what they measure:
// bias and χ² of radial profiles on flat and tilted panels, ice, regions against plain code, wells of a chip with lost
// images, and forecasts of simulated runs with their ranges. `npm run soak -- forecast` has those of whole merges.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../../scripts/lib/run.mjs';

export const name = 'answers';
export const about = 'profiles, ice, regions, wells and forecasts of a live run, on fresh seeds';
export const minutes = 6;

const files = [
  'test/pipeline/profile.test.ts',
  'test/pipeline/regions.test.ts',
  'test/pipeline/chip-grid.test.ts',
  'test/merging/forecast-runs.test.ts',
];

export async function run({ scale = 1, seeds, note = () => {} } = {}) {
  const first = 1 + (Date.now() % 2 ** 16);
  const all = seeds ?? Array.from({ length: Math.max(1, Math.round(3 * scale)) }, (_, i) => first + i);
  const failed = [];
  for (const seed of all) {
    const env = { ...process.env, EWALD_TEST_COMMAND: 'all', EWALD_TEST_SEED: String(seed) };
    const words = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'node', ...files];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, env, encoding: 'utf8' });
    const lines = [...stripVTControlCharacters(stdout).matchAll(/^measured: (.*)$/gm)].map(([, text]) => text);
    // What is repeated after a failure measures the same.
    for (const text of new Set(lines)) note(`seed ${seed}: ${text}`);
    if (status !== 0) failed.push(`seed ${seed}:\n${stderr.slice(-3000)}`);
  }
  if (failed.length > 0) throw new Error(failed.join('\n'));
}
