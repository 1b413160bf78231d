/** The examples in examples/heffte and examples/mpi on several ranks; the estimate; `ewald bench fft` on ranks. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as heffte from 'ewald/heffte';
import { describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { refused } from '../support/refused.js';

const example = (name: string): URL => new URL(`../../examples/heffte/${name}.mjs`, import.meta.url);
const said = {
  cpu: /largest difference after forward and backward: \d/,
  gpu: /largest difference|webgpu is not here: /,
  rocm: /largest difference|rocFFT is not here: /,
  workspace: /two plans; largest difference \d/,
};

test.each(Object.entries(said))('the example %s', { tags: 'all' }, async (name, words) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(example(name))], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(words);
});

test.skipIf(!mpiPresent).each(['cpu', 'workspace'] as const)(
  'the example %s on two ranks',
  { tags: 'all' },
  async (name) => {
    const { code, out, err } = await mpirun(2, example(name));
    expect(code, err).toBe(0);
    expect(out).toMatch(said[name]);
  },
);

test.skipIf(!mpiPresent).each([1, 2, 3])(
  'the example of MPI on %i ranks: as on one',
  { tags: 'all' },
  async (ranks) => {
    const { code, out, err } = await mpirun(ranks, new URL('../../examples/mpi/transform.mjs', import.meta.url));
    expect(code, err).toBe(0);
    const [, size, differs] = /^(.*) ranks: differs by (\S+) of the largest value from one rank\n$/.exec(out) ?? [];
    expect(size, out).toBe(`48 x 32 x 24 on ${ranks}`);
    expect(Number(differs)).toBeLessThan(1e-13);
  },
);

describe('the estimate', () => {
  const measured = { size: [64, 64, 64], oneRankS: 1, latencyS: 1e-6, bytesPerS: 1e9 } as const;
  const estimate = (ranks: number, more = {}) => heffte.estimateFft3d({ size: [64, 64, 64], ranks, measured, ...more });

  test('the time of one rank is unchanged, and ranks share the work', () => {
    expect(estimate(1).seconds).toBeCloseTo(1, 12);
    expect(estimate(1).messageS).toBe(0);
    const { transformS, messageS, stages } = estimate(4);
    expect(transformS).toBeCloseTo(1 / 4, 12);
    // Slabs: each rank sends three quarters of its quarter of the world to three other ranks.
    expect(stages.map(({ what, messages, bytes }) => [what, messages, bytes])).toEqual([
      ['transform', 0, 0],
      ['reshape', 3, (8 * 64 ** 3 * 3) / 16],
      ['transform', 0, 0],
    ]);
    expect(messageS).toBeCloseTo(3e-6 + (8 * 64 ** 3 * 3) / 16 / 1e9, 12);
    expect(estimate(4, { cores: 2 }).transformS).toBeCloseTo(1 / 2, 12);
  });

  test('invalid numbers are refused', async () => {
    await refused(async () => estimate(0), 'Argument');
    await refused(async () => estimate(2, { measured: { ...measured, bytesPerS: 0 } }), 'Argument', 'above 0');
  });
});

test('ewald bench fft on workers verifies, times, and prints stages and the estimate', {
  tags: 'nightly',
}, async () => {
  const run = await ewald(['bench', 'fft', '--shape', '32,16,8', '--ranks', '2', '--json']);
  expect(run.code, run.err).toBe(0);
  const { rows } = JSON.parse(run.out);
  expect(rows.map(({ ranks }: { ranks: number }) => ranks)).toEqual([1, 2]);
  for (const { text, seconds, estimateS } of rows) {
    expect(text).toContain('transform');
    expect(seconds).toBeGreaterThan(0);
    expect(estimateS).toBeGreaterThan(0);
  }
  const wrong = await ewald(['bench', '--shape', '8,8,8']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('ewald bench fft --shape')]);
  const shape = await ewald(['bench', 'fft', '--shape', '8,8']);
  expect([shape.code, shape.err]).toEqual([2, expect.stringContaining('expected 3 integers')]);
});

test.skipIf(!mpiPresent)('ewald bench fft on the ranks of a job', { tags: 'nightly' }, async () => {
  const cli = new URL('../../dist/cli.js', import.meta.url);
  const { code, out, err } = await mpirun(2, cli, 'bench', 'fft', '--shape', '16,16,16', '--executor', 'mpi');
  expect(code, err).toBe(0);
  expect(out).toContain('2 ranks');
});
