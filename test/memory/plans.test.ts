// Opening, running and disposing native indexers leaves the C heap unchanged; the soak loop `cycles` runs ten thousand.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { devices } from 'ewald';
import { expect, test } from 'vitest';
import { heapSpace } from '../support/heap-space.mjs';

const cycles = 320;
const script = fileURLToPath(new URL('./plan-cycles.mjs', import.meta.url));

test('native indexers give their memory back, and its space is used again', { tags: 'all' }, async ({ skip }) => {
  if (!heapSpace) return skip('this C library does not report what its heap holds');
  if (!(await devices({ backend: 'native' })).some(({ available }) => available)) return skip('absent: native');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, String(cycles)]);
  const { planBytes, stages } = JSON.parse(stdout) as { planBytes: number; stages: { used: number; free: number }[] };
  // A leak takes memory in every quarter. One kilobyte per cycle is detected; a regression leaked more than 1500 bytes
  // for each disposed plan.
  const grown = stages.slice(1).map(({ used }, i) => used - (stages[i]?.used ?? 0));
  expect(Math.min(...grown)).toBeLessThan(1000 * (cycles / 4));
  // Eight plans were alive at a time: later plans reuse the space they freed, whatever is allocated in between.
  expect(Math.max(...stages.map(({ free }) => free))).toBeLessThan(4 * 8 * planBytes);
});
