/** Where a command runs its work: ranks share one job, names select an executor, and secrets are not recorded. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatNpy, readNpy } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutSecrets } from '../../src/cli/command-line.js';
import { FrameCost } from '../../src/pipeline/frame-cost.js';
import { workersFor } from '../../src/pipeline/spare-workers.js';
import { ewald } from '../support/cli.js';
import { mpiPresent, mpirun, mpirunUntil } from '../support/mpi.js';

const cli = new URL('../../dist/cli.js', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'ewald-executor-'));
const at = (name: string): string => join(folder, name);
const scan = at('scan.npy');
const frames = 16;

beforeAll(() => {
  // Four megabytes, which a run divides into four partitions.
  const data = Float32Array.from({ length: frames * 65536 }, (_, i) => Math.floor(i / 65536) + (i % 3));
  writeFileSync(scan, formatNpy({ shape: [frames, 256, 256], data, complex: false }));
  writeFileSync(
    at('who.mjs'),
    `export const who = { name: 'who', module: import.meta.url, buffers: { pid: { kind: 'nav', dtype: 'f64' } },
       processFrame({ results }) { results.pid[0] += globalThis.process.pid; } };`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...more: string[]): string[] => ['run', 'sumsig', scan, ...more];
const numbers = (file: string): number[] => [...readNpy(readFileSync(at(file)), file).data].map(Number);
const expected = Array.from({ length: frames }, (_, f) => {
  let sum = 0;
  for (let i = 0; i < 65536; i++) sum += f + ((f * 65536 + i) % 3);
  return sum;
});

const executors: [string, string[]][] = [
  ['inline', []],
  ['inline', ['--executor', 'inline']],
  ['workers', ['-j', '2']],
  ['workers', ['--executor', 'workers', '-j', '2']],
  ...(mpiPresent ? [['mpi alone', ['--executor', 'mpi']] satisfies [string, string[]]] : []),
];
test.each(executors)('run: %s %j', { tags: 'all', concurrent: true }, async (kind, words) => {
  const out = `${kind}${words.length}.npy`;
  const { code, err } = await ewald([...run('-o', at(out)), ...words], { env: { EWALD_BACKEND: 'wasm' } });
  expect([code, err]).toEqual([0, '']);
  expect(numbers(out)).toEqual(expected);
});

describe.skipIf(!mpiPresent)('under mpirun', () => {
  test('ranks share the frames of a run, and one of them writes and prints', { tags: 'all' }, async () => {
    const [one, who] = await Promise.all([
      mpirun(3, cli, ...run('-o', at('mpi.npy'), '--json', '--backend', 'wasm')),
      mpirun(3, cli, 'run', scan, '--udf', at('who.mjs'), '-o', at('who.npy')),
    ]);
    expect([one.code, one.err]).toEqual([0, '']);
    expect(one.out.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(one.out)).toMatchObject({ frames, files: ['mpi.npy', 'mpi.npy.json'].map(at) });
    expect(numbers('mpi.npy')).toEqual(expected);
    expect([who.code, who.err]).toEqual([0, '']);
    // Rank 0 distributes the work; each frame was counted once, by one of the two other ranks.
    expect(new Set(numbers('who.npy')).size).toBe(2);
  });

  test('flags are refused before MPI starts, so that it reports no abort of its ranks', { tags: 'all' }, async () => {
    const { code, out, err } = await mpirun(2, cli, ...run('--param', 'a=1'));
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('--param belongs to --udf');
    expect(err).not.toMatch(/MPI_ABORT|ORTE_ERROR/i);
  });

  test('an existing output file is reported once, by one rank, and ends the job', { tags: 'all' }, async () => {
    writeFileSync(at('mine.npy'), 'precious');
    const { code, out, err } = await mpirun(2, cli, ...run('-o', at('mine.npy')));
    expect([code, out]).toEqual([2, '']);
    expect(err.match(/mine\.npy exists/g)).toHaveLength(1);
    expect(readFileSync(at('mine.npy'), 'utf8')).toBe('precious');
  });

  test('a run of frames that is ended keeps its own frames, and no earlier stream under its name', {
    tags: 'all',
    timeout: 120_000,
  }, async () => {
    for (const name of ['six', 'run.stream', 'run.stream.part']) rmSync(at(name), { recursive: true, force: true });
    const made = ['simulate', 'frames', '-o', at('six'), ...'--images 6 --size 700,700 --symmetry 4/mmm'.split(' ')];
    expect((await ewald(made)).code).toBe(0);
    const [frames, geometry, cell] = ['run.h5', 'run.geom', 'run.cell'].map((name) => join(at('six'), name));
    const how = [`-g ${geometry} -p ${cell} --threshold 20 --min-snr 5 --backend wasm -o ${at('run.stream')}`];
    const index = ['index', frames as string, ...(how[0] as string).split(' ')];
    expect((await ewald([...index, '-j', '1'])).code).toBe(0);
    const chunks = (name: string) =>
      existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('End chunk').length - 1 : 0;
    expect(chunks('run.stream')).toBe(6);
    // Waits for further frames when these have been searched.
    const searched = () => chunks('run.stream.part') === 4;
    const { code, out, err } = await mpirunUntil(searched, 2, cli, ...index, '--follow', '--frames', '2:');
    expect(code, err).not.toBe(0);
    expect(out, 'colours without a terminal').not.toContain('\u001b');
    // Those of before are six.
    expect(chunks('run.stream') + chunks('run.stream.part')).toBe(4);
  });
});

test
  .skipIf(!mpiPresent)
  .each([
    [run('-o', at('alone.npy'))],
    [['index', scan, '-p', 'none', '-o', at('alone.stream')]],
    [['fft', scan, '-o', at('alone-fft.npy')]],
  ])('ranks that do not see each other write nothing: %j', { tags: 'all', concurrent: true }, async (words) => {
  // As srun starts the ranks when its MPI is not that of the addon.
  const { code, out, err } = await ewald(words, { env: { SLURM_STEP_NUM_TASKS: '2', SLURM_PROCID: '1' } });
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain('started as one of 2');
  expect(readdirSync(folder).filter((name) => name.startsWith('alone'))).toEqual([]);
});

test('with --shard the tasks of a Slurm step are separate runs, and need no MPI', { tags: 'all' }, async () => {
  const env = { SLURM_STEP_NUM_TASKS: '2', SLURM_PROCID: '1', EWALD_BACKEND: 'wasm' };
  const { err } = await ewald(['index', scan, '-p', 'none', '--shard', '2/2', '-o', at('shard.stream')], { env });
  // The executor was opened; the run then fails because the frames do not describe their detector sufficiently.
  expect(err).toContain('give -g FILE');
});

test.each([
  [
    ['--executor', 'dask'],
    ['--executor is "dask"', 'inline, workers, mpi', 'nats://host:4222'],
  ],
  [
    ['--executor', 'inline', '-j', '2'],
    ['-j is the number of workers', 'the executor is inline'],
  ],
  [['--executor', 'workers', '-j', '0'], ['-j is "0"']],
  [
    ['--token', 'x'],
    ['--token requires a cluster', '--executor nats://'],
  ],
  [['--tls-ca', 'x'], ['--tls-ca requires a cluster']],
  [['--executor', 'nats://127.0.0.1:9', '--tls-ca', 'no.pem'], ['--tls-ca is "no.pem": the file does not exist']],
] as const)('%j is refused by run and index', { tags: 'all', concurrent: true }, async (words, says) => {
  const commands = [run(), ['index', fileURLToPath(new URL('../frames', import.meta.url)), '-p', 'none']];
  for (const result of await Promise.all(commands.map((command) => ewald([...command, ...words])))) {
    expect([result.code, result.out]).toEqual([2, '']);
    for (const one of says) expect(result.err).toContain(one);
  }
});

test.each([
  ['index a.h5 --token secret -o x', 'index a.h5 --token *** -o x'],
  ['index a.h5 --token=secret', 'index a.h5 --token=***'],
  ['run --executor nats://secret@head:4222 a', 'run --executor nats://head:4222 a'],
  ['run --executor=tls://me:secret@head:4222', 'run --executor=tls://head:4222'],
  ['run --executor=nats://me:secret@:99999999', 'run --executor=nats://***@:99999999'],
  ['index a@b.h5 --creds my.creds', 'index a@b.h5 --creds my.creds'],
])('a recorded command line holds no secret: %s', (typed, recorded) => {
  expect(withoutSecrets(typed.split(' ')).join(' ')).toBe(recorded);
});

test('work under two seconds has no workers, and more has as many as pay', () => {
  expect([0.1, 1.9, 2, 10, Number.POSITIVE_INFINITY].map((seconds) => workersFor(seconds, 16))).toEqual([
    0, 0, 4, 16, 16,
  ]);
  expect(workersFor(100, 1)).toBe(0);
});

test('workers are asked for by the time of frames that are searched in whole', () => {
  let [used, waiting] = [0, 0];
  const cost = new FrameCost(() => ({ processor: used, waiting }));
  const searched = (ms: number, beforehand = 0, record: object = { ms: {} }): boolean => {
    used += ms;
    return cost.isKnownAfter({ record } as never, beforehand);
  };
  // Frames that were searched beforehand are only integrated, and those that cannot be read cost nothing.
  for (let left = 20; left > 0; left--) expect(searched(1, left)).toBe(false);
  expect([100, 50, 50, 50, 50].map((ms) => searched(ms))).not.toContain(true);
  expect([10, 12, 8].map((ms) => searched(ms))).not.toContain(true);
  expect(searched(0, 0, { error: 'unreadable' })).toBe(false);
  expect([10, 12, 8, 10].map((ms) => searched(ms))).toEqual([false, false, false, true]);
  expect(cost.fastestMs).toBe(10);
  // Files of a slow storage hide less of their time than workers do.
  const slow = new FrameCost(() => ({ processor: used, waiting }));
  for (let i = 0; i < 12; i++) {
    used += 5;
    waiting += 30;
    slow.isKnownAfter({ record: { ms: {} } } as never, 0);
  }
  expect(slow.fastestMs).toBe(30);
});
