/** Checks the files of examples/cluster with the programs that read them: bash, systemd, nats-server and kubectl. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Executor } from 'ewald/executors';
import { afterAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { NatsServer, WorkerProcess } from '../support/nats.js';

const example = (name: string): string => new URL(`../../examples/cluster/${name}`, import.meta.url).pathname;
const run = (command: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}`.trim() };
};
const present = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

const scripts = ['workers.slurm', 'shards.slurm'];
test.each(scripts)('%s is valid bash', (name) => {
  expect(run('bash', '-n', example(name))).toEqual({ status: 0, said: '' });
  expect(readFileSync(example(name), 'utf8')).toMatch(/^#!.*bash\n(#.*\n)*#SBATCH /);
});

describe('under Slurm 22.05 and later', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-slurm-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  /**
   * The commands that a script starts, and the number of cores of each: a task of srun has one core unless srun itself
   * gets an option for more.
   */
  const started = (name: string, env: Record<string, string>, ...args: string[]): string => {
    const program = (file: string, text: string): void => {
      writeFileSync(join(folder, file), `#!/bin/bash\n${text}\n`);
      chmodSync(join(folder, file), 0o755);
    };
    program(
      'srun',
      'cpus=1; if [[ $1 == --cpus-per-task=* ]]; then cpus=$(cut -d= -f2 <<<"$1"); shift; fi; CPUS=$cpus "$@"',
    );
    program('npx', 'echo "$CPUS cores: $*"');
    const { status, stdout, stderr } = spawnSync('bash', [example(name), ...args], {
      encoding: 'utf8',
      env: { PATH: `${folder}:${process.env.PATH}`, SLURM_CPUS_PER_TASK: '32', ...env },
    });
    expect([status, stderr]).toEqual([0, '']);
    return stdout.trim();
  };

  test('a worker has the cores that it uses', () => {
    const worker = 'ewald worker --jobs 32 --lifetime 6900 --shards';
    expect(started('workers.slurm', {})).toBe(`32 cores: --no-install ${worker} ${process.cwd()}`);
    // The job has two hours.
    expect(readFileSync(example('workers.slurm'), 'utf8')).toContain('#SBATCH --time=02:00:00\n');
    expect(started('workers.slurm', { SHARDS: '/data/results' })).toBe(
      `32 cores: --no-install ${worker} /data/results`,
    );
  });

  test('a job of the array has its shard, its stream and its cores', async () => {
    const array = { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '16' };
    const given = ['my run.lst', 'det.geom', 'lyso.cell', 'run'];
    const index = 'ewald index -i my run.lst -g det.geom -p lyso.cell --jobs 32 --shard 3/16 -o run-3.stream';
    expect(started('shards.slurm', array, ...given)).toBe(`32 cores: --no-install ${index}`);
    const again = { ...array, SLURM_ARRAY_TASK_COUNT: '1', SHARDS: '16' };
    expect(started('shards.slurm', again, ...given, '--resume')).toBe(`32 cores: --no-install ${index} --resume`);
    const { out } = await ewald(['index', '--help']);
    for (const flag of ['-i,', '-g,', '-p,', '--jobs', '--shard', '-o,', '--resume']) expect(out).toContain(flag);
  });
});

test('containers get the address and the token in the form that a worker reads, and have no write permission', () => {
  const [yaml, container] = ['kubernetes.yaml', 'Containerfile'].map((name) => readFileSync(example(name), 'utf8'));
  for (const words of [
    'name: EWALD_NATS,',
    'name: EWALD_NATS_TOKEN',
    'readOnlyRootFilesystem: true',
    'runAsNonRoot: true',
  ])
    expect(yaml).toContain(words);
  expect(container).toMatch(/^USER node$/m);
  const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  for (const name of Object.keys(peerDependencies).filter((one) => one.startsWith('@nats-io/')))
    expect(container).toContain(` ${name}`);
});

const kubectl = present('kubectl', 'version', '--client');
test.skipIf(!kubectl)(kubectl ? 'kubectl reads the deployment' : 'absent: kubectl', () => {
  const { status, said } = run('kubectl', 'label', '--local', '-f', example('kubernetes.yaml'), 'a=b', '-o', 'json');
  expect(status, said).toBe(0);
  expect(JSON.parse(said)).toMatchObject({ kind: 'Deployment', spec: { replicas: 4 } });
});

const shellcheck = present('shellcheck', '--version');
test.skipIf(!shellcheck)(shellcheck ? 'shellcheck reports nothing' : 'absent: shellcheck', () => {
  expect(run('shellcheck', ...scripts.map(example))).toEqual({ status: 0, said: '' });
});

const systemd = present('systemd-analyze', '--version');
test.skipIf(!systemd)(systemd ? 'systemd accepts the unit' : 'absent: systemd-analyze', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-unit-'));
  const unit = join(folder, 'ewald-worker.service');
  // The location of npx depends on the machine, and its presence is not under test.
  writeFileSync(unit, readFileSync(example('ewald-worker.service'), 'utf8').replace('/usr/bin/npx', '/bin/sh'));
  const { status, said } = run('systemd-analyze', 'verify', unit);
  rmSync(folder, { recursive: true, force: true });
  expect(said.split('\n').filter((line) => line.includes('ewald-worker'))).toEqual([]);
  expect(status, said).toBe(0);
});

/** The arguments of `ewald worker` in a file; /data and /results are `folder`. */
function workerArguments(name: string, folder: string): string[] {
  const found = /ewald worker (.*)|args: \[worker, (.*)\]/.exec(readFileSync(example(name), 'utf8'));
  const words = (found?.[1] ?? found?.[2] ?? '').split(/[ ,]+/).map((word) => word.replace(/^"(.*)"$/, '$1'));
  return words.map((word) => word.replace(/^\/(data|results)$/, folder));
}

const nats = present('nats-server', '--version');
test.skipIf(!nats)(nats ? 'nats-server accepts its configuration' : 'absent: nats-server', () => {
  process.env.EWALD_NATS_TOKEN ??= 'a-token';
  const { status, said } = run('nats-server', '-c', example('nats.conf'), '-t');
  expect(status, said).toBe(0);
});

test.skipIf(!nats)(
  nats ? 'workers start as in the examples, with their server' : 'absent: nats-server',
  { tags: 'all' },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-example-'));
    const conf = readFileSync(example('nats.conf'), 'utf8').replace(/^(port|websocket).*$/gm, '');
    process.env.EWALD_NATS_TOKEN = 'a-token';
    const server = await new NatsServer(conf).start();
    const names = ['ewald-worker.service', 'kubernetes.yaml'];
    const workers = names.map(
      (name) => new WorkerProcess(server.url, [...workerArguments(name, folder), '--name', name]),
    );
    try {
      for (const worker of workers) await worker.joined();
      const { code, out, err } = await ewald(['cluster', '--connect', server.url, '--json']);
      expect(code, err).toBe(0);
      for (const name of names) expect(out).toContain(`"${name}"`);
      // Without the token nobody is let in.
      const alone = await ewald(['cluster', '--connect', server.url], { env: { EWALD_NATS_TOKEN: '' } });
      expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('pass its token')]);
      for (const worker of workers) worker.kill('SIGINT');
      for (const worker of workers) expect(await worker.ended()).toBe(130);
    } finally {
      delete process.env.EWALD_NATS_TOKEN;
      for (const worker of workers) worker.kill();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test.skipIf(!nats)(
  nats ? 'submit.mjs counts the points that one executor counts' : 'absent: nats-server',
  { tags: 'all' },
  async () => {
    const points = 1e6;
    const alone = await Executor.inline();
    let hits = 0n;
    for await (const { value } of alone.run([{ module: 'pi', function: 'count', argument: { points } }]))
      hits += value as bigint;
    await alone.dispose();
    const server = await new NatsServer().start();
    const worker = new WorkerProcess(server.url);
    try {
      await worker.joined();
      const { status, said } = run(process.execPath, example('submit.mjs'), server.url, String(points));
      expect(said).toBe(`${(4 * Number(hits)) / points} from 1 tasks at once`);
      expect(status).toBe(0);
    } finally {
      worker.kill();
      await worker.ended();
      await server.stop();
    }
  },
);
