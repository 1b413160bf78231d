/**
 * Ranks under mpirun: the common program of the communicators gives the same bits as on threads. Also tests a job in
 * which a rank dies.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { spmd } from 'ewald/executors';
import { describe, expect, test } from 'vitest';
import { mpiEnv, mpiPresent, mpirun } from '../../support/mpi.js';
import { tier, variants } from '../../support/variants.js';
import { expectLost, expectRefusals } from './refusals.js';

const program = new URL('./mpi-program.mjs', import.meta.url);
const required = (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).includes('mpi');
test.runIf(required)('the MPI addon was built', () => expect(mpiPresent).toBe(true));

describe.skipIf(!mpiPresent)('mpirun', () => {
  const sameBits = '-n %i: the common program, with the same bits as on threads';
  test.for([1, 2, 4])(sameBits, { tags: 'all' }, hasTheSameBits);
  test.for([7])(sameBits, { tags: 'nightly' }, hasTheSameBits);

  async function hasTheSameBits(ranks: number) {
    const { code, out, err } = await mpirun(ranks, program, 'conformance');
    expect(code, err).toBe(0);
    const hashes = out
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .sort((a, b) => a.rank - b.rank);
    const module = new URL('./program.mjs', import.meta.url);
    expect(hashes).toEqual(await spmd({ module, function: 'onRank' }, { ranks }));
  }

  test('without mpirun the job has one rank', { tags: 'all' }, async () => {
    const child = spawn(process.execPath, [fileURLToPath(program), 'conformance'], { env: mpiEnv });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  });

  test('JavaScript continues to run while a message is awaited', { tags: 'nightly' }, async () => {
    const { code, out, err } = await mpirun(2, program, 'responsive');
    expect(code, err).toBe(0);
    expect(out).toContain('went on');
  });

  test.each(
    variants([
      ['throws', 'rank 1 of 3 failed, which ends the job: it gave up'],
      ['dies', ''],
      ['exits', ''],
    ]),
  )('a rank that %s ends the job', { tags: tier }, async (how, words) => {
    const { code, err } = await mpirun(3, program, how);
    // The result is null if the job had to be killed.
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(words);
    expect(err.length).toBeGreaterThan(20);
  });

  test.each(variants([2, 3]))(
    '-n %i: ranks that disagree are all refused as on threads, and can continue',
    { tags: tier },
    async (ranks) => {
      const { code, out, err } = await mpirun(ranks, program, 'wrong');
      expect(code, err).toBe(0);
      const lines = out.split('\n').filter((line) => line.startsWith('{'));
      const told = lines.map((line) => JSON.parse(line)).sort((a, b) => a.rank - b.rank);
      expectRefusals(told.map(({ heard }) => heard));
    },
  );

  // A regression: MPI_Finalize of one rank used to wait for the others, which waited for messages from it.
  test.each(variants(['recv', 'send', 'bcast', 'group'], 2))(
    'a call that waits for a lost rank is rejected: %s',
    { tags: tier },
    async (how) => {
      const { code, out, err } = await mpirun(4, program, 'leaving', how);
      expect(code, err).toBe(0);
      const lines = out.trim().split('\n').sort();
      expect(lines.map((line) => Number(line[0]))).toEqual([0, 1, 2, 3]);
      expectLost(lines.map((line) => line.slice(2)));
    },
  );

  test('a message of the wrong length is reported with both lengths', { tags: 'all' }, async () => {
    const { code, err, out } = await mpirun(2, program, 'mismatched');
    expect(code, err).toBe(0);
    expect(out).toContain('Shape: rank 0 sent 16 bytes to rank 1, which expected 20');
    expect(out).toContain('Shape: rank 0 sent 16 bytes to rank 1, which expected 8');
  });

  test('arrays that are transferred away during a message are no longer accessed', { tags: 'all' }, async () => {
    const { code, err } = await mpirun(2, program, 'hostile');
    expect(code, err).toBe(0);
  });
});
