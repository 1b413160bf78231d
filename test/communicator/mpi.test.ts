/** Ranks under mpirun: the program of every communicator, the bits of threads, and a job whose rank dies. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { spmd } from 'ewald/executors';
import { describe, expect, test } from 'vitest';
import { mpiEnv, mpiPresent, mpirun } from '../support/mpi.js';

const program = new URL('./mpi-program.mjs', import.meta.url);
const required = (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).includes('mpi');
test.runIf(required)('the MPI addon was built', () => expect(mpiPresent).toBe(true));

describe.skipIf(!mpiPresent)('mpirun', () => {
  test.each([1, 2, 4, 7])('-n %i: the program of every communicator, with the bits of threads', async (ranks) => {
    const { code, out, err } = await mpirun(ranks, program, 'conformance');
    expect(code, err).toBe(0);
    const hashes = out
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .sort((a, b) => a.rank - b.rank);
    const module = new URL('./program.mjs', import.meta.url);
    expect(hashes).toEqual(await spmd({ module, function: 'onRank' }, { ranks }));
  });

  test('without mpirun it is a job of one', async () => {
    const child = spawn(process.execPath, [fileURLToPath(program), 'conformance'], { env: mpiEnv });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  });

  test('JavaScript goes on while a message is awaited', async () => {
    const { code, out, err } = await mpirun(2, program, 'responsive');
    expect(code, err).toBe(0);
    expect(Number(/ticks (\d+)/.exec(out)?.[1])).toBeGreaterThan(5);
  });

  test.each([
    ['throws', 'rank 1 of 3 failed, which ends the job: it gave up'],
    ['dies', ''],
    ['exits', ''],
  ])('a rank that %s ends the job within seconds', async (how, words) => {
    const began = performance.now();
    const { code, err } = await mpirun(3, program, how);
    expect(code).not.toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(err).toContain(words);
    expect(err.length).toBeGreaterThan(20);
  });

  test('a message of another length is told with both', async () => {
    const { code, err, out } = await mpirun(2, program, 'mismatched');
    expect(code, err).toBe(0);
    expect(out).toContain('Shape: rank 0 sent 16 bytes to rank 1, which expected 20');
    expect(out).toContain('Shape: rank 0 sent more bytes to rank 1, which expected 8');
  });

  test('arrays that are transferred away under a message are not touched any more', async () => {
    const { code, err } = await mpirun(2, program, 'hostile');
    expect(code, err).toBe(0);
  });
});
