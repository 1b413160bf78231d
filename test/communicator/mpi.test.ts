/** Ranks under mpirun: the program of every communicator, the bits of threads, and a job whose rank dies. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spmd } from 'ewald/executors';
import { describe, expect, test } from 'vitest';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const addon = here(`../../dist/native/${process.platform}-${process.arch}/ewald_mpi.node`);
const present = existsSync(addon);
const required = (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).includes('mpi');
test.runIf(required)('the MPI addon was built', () => expect(present).toBe(true));

/** Open MPI wants to be told that it may run as root, and more ranks than cores; MPICH knows neither. */
const env = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
};

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
export const mpirun = (ranks: number, script: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn('mpirun', ['-n', String(ranks), process.execPath, here(script), ...args], { env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });

describe.skipIf(!present)('mpirun', () => {
  test.each([1, 2, 4, 7])('-n %i: the program of every communicator, with the bits of threads', async (ranks) => {
    const { code, out, err } = await mpirun(ranks, 'mpi-program.mjs', 'conformance');
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
    const child = spawn(process.execPath, [here('mpi-program.mjs'), 'conformance'], { env });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  });

  test('JavaScript goes on while a message is awaited', async () => {
    const { code, out, err } = await mpirun(2, 'mpi-program.mjs', 'responsive');
    expect(code, err).toBe(0);
    expect(Number(/ticks (\d+)/.exec(out)?.[1])).toBeGreaterThan(5);
  });

  test.each([
    ['throws', 'rank 1 of 3 failed, which ends the job: it gave up'],
    ['dies', ''],
    ['exits', ''],
  ])('a rank that %s ends the job within seconds', async (how, words) => {
    const began = performance.now();
    const { code, err } = await mpirun(3, 'mpi-program.mjs', how);
    expect(code).not.toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(err).toContain(words);
    expect(err.length).toBeGreaterThan(20);
  });

  test('a message of another length is told with both', async () => {
    const { code, err, out } = await mpirun(2, 'mpi-program.mjs', 'mismatched');
    expect(code, err).toBe(0);
    expect(out).toContain('Shape: rank 0 sent 16 bytes to rank 1, which expected 20');
    expect(out).toContain('Shape: rank 0 sent more bytes to rank 1, which expected 8');
  });

  test('arrays that are transferred away under a message are not touched any more', async () => {
    const { code, err } = await mpirun(2, 'mpi-program.mjs', 'hostile');
    expect(code, err).toBe(0);
  });
});
