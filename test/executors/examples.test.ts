/** The files of examples/cluster by those who will read them: bash, systemd and nats-server. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const example = (name: string): string => new URL(`../../examples/cluster/${name}`, import.meta.url).pathname;
const run = (command: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}`.trim() };
};
const present = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

test('the Slurm script is sound bash', () => {
  expect(run('bash', '-n', example('workers.slurm'))).toEqual({ status: 0, said: '' });
  expect(readFileSync(example('workers.slurm'), 'utf8')).toMatch(/^#!.*bash\n(#.*\n)*#SBATCH /);
});

const shellcheck = present('shellcheck', '--version');
test.skipIf(!shellcheck)(shellcheck ? 'shellcheck has nothing to say' : 'absent: shellcheck', () => {
  expect(run('shellcheck', example('workers.slurm'))).toEqual({ status: 0, said: '' });
});

const systemd = present('systemd-analyze', '--version');
test.skipIf(!systemd)(systemd ? 'systemd takes the unit' : 'absent: systemd-analyze', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-unit-'));
  const unit = join(folder, 'ewald-worker.service');
  // Where npx lies is the machine's matter; that it is there is not what is checked.
  writeFileSync(unit, readFileSync(example('ewald-worker.service'), 'utf8').replace('/usr/bin/npx', '/bin/sh'));
  const { status, said } = run('systemd-analyze', 'verify', unit);
  rmSync(folder, { recursive: true, force: true });
  expect(said.split('\n').filter((line) => line.includes('ewald-worker'))).toEqual([]);
  expect(status, said).toBe(0);
});

const nats = present('nats-server', '--version');
test.skipIf(!nats)(nats ? 'nats-server takes its configuration' : 'absent: nats-server', () => {
  process.env.EWALD_NATS_TOKEN ??= 'a-token';
  const { status, said } = run('nats-server', '-c', example('nats.conf'), '-t');
  expect(status, said).toBe(0);
});
