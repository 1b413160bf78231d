/** The examples in examples/heffte and examples/mpi on several ranks. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mpiPresent, mpirun } from '../support/mpi.js';

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
