/**
 * Each file has one writer. Tests who holds a lock, when a lock counts as abandoned, and that exactly one of many
 * processes takes it over.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openOutput } from '../../dist/shell.node.js';
import { type Lock, lockFile } from '../../src/frames/files/lock.js';
import { followed } from '../../src/frames/files/names.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-lock-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  // Tests leave nothing behind: no candidate, no guard, no lock.
  expect(readdirSync(folder).filter((name) => name !== 'link')).toEqual([]);
});
const file = (): string => join(folder, 'run.stream');
const lockName = (): string => join(folder, '.run.stream.lock');

/** A lock as its owner left it, with changes. */
async function left(changes: Record<string, unknown>, ageS = 0): Promise<void> {
  const lock = await lockFile('run.stream', file());
  const content = JSON.parse(readFileSync(lockName(), 'utf8'));
  await lock.release();
  writeFileSync(lockName(), JSON.stringify({ ...content, ...changes }));
  const then = Date.now() / 1000 - ageS;
  utimesSync(lockName(), then, then);
}

const attempt = (): Promise<Lock> => lockFile('run.stream', file());
const refused = async (message: RegExp): Promise<void> => {
  await expect(attempt()).rejects.toMatchObject({ tag: 'File', message: expect.stringMatching(message) });
  rmSync(lockName());
};
const takes = async (): Promise<void> => {
  const lock = await attempt();
  await lock.confirm();
  await lock.release();
};

test('the second writer is refused until the first releases the lock, also through a link', async () => {
  const lock = await attempt();
  await expect(attempt()).rejects.toMatchObject({
    tag: 'File',
    detail: { path: 'run.stream', pid: process.pid },
    message: expect.stringMatching(/^run\.stream is being written by this process; wait/),
  });
  symlinkSync('run.stream', join(folder, 'link'));
  await expect(lockFile('link', await followed(join(folder, 'link')))).rejects.toThrow(/link is being written/);
  await lock.release();
  await takes();
});

test('the lock of a killed process is taken over, even if a later process has received its number', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  await left({ pid });
  await takes();
  await left({ pid: process.ppid, started: '1' });
  await takes();
});

test('the lock of a process that was killed before it had its name is removed, and that of a running one is not', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  const held = await attempt();
  const content = JSON.parse(readFileSync(lockName(), 'utf8'));
  await held.release();
  const [gone, running] = ['0123456789ab', 'ba9876543210'].map((hex) => join(folder, `.run.stream.${hex}.lock`)) as [
    string,
    string,
  ];
  writeFileSync(gone, JSON.stringify({ ...content, pid }));
  writeFileSync(running, JSON.stringify(content));
  await takes();
  expect(readdirSync(folder).filter((name) => name.endsWith('.lock'))).toEqual([basename(running)]);
  rmSync(running);
});

test('what a killed process was writing is removed with its lock, and nothing else', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  const killed = await attempt();
  const content = JSON.parse(readFileSync(lockName(), 'utf8'));
  await killed.release();
  const other = join(folder, '.run.stream.0123456789ab.tmp');
  for (const name of [killed.temporary, other]) writeFileSync(name, 'frames');
  writeFileSync(lockName(), JSON.stringify({ ...content, pid }));
  const output = await openOutput(file());
  const writing = readdirSync(folder).filter((name) => name.endsWith('.tmp'));
  expect(writing).toHaveLength(2);
  expect(writing).not.toContain(basename(killed.temporary));
  await output.discard();
  expect(readdirSync(folder).filter((name) => name !== 'link')).toEqual([basename(other)]);
  rmSync(other);
});

test.runIf(process.platform === 'linux')('a process that has ended but is not yet reaped holds no lock', async () => {
  // exec replaces the shell by another program, which does not wait for the child that ends afterwards.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const pid = Number(await new Promise((done) => parent.stdout.once('data', done)));
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), { timeout: 30_000 }).toMatch(/\) Z /);
    await left({ pid, started: '' });
    await takes();
  } finally {
    parent.kill();
  }
});

test('a running process keeps its lock, however long it is silent', async () => {
  // Its start time is unknown: the number alone shows that it is running.
  await left({ pid: process.ppid, started: '' }, 1e6);
  await refused(new RegExp(`is being written by process ${process.ppid} on \\S+, since \\d{4}-.* UTC; wait for it`));
});

test('an owner on another machine is gone after two minutes without a sign of life', async () => {
  const changes = { host: 'node07', pid: 1 };
  await left({ ...changes, since: '2026-03-01T12:30:00.000Z' }, 60);
  await refused(/process 1 on \S+, since 2026-03-01 12:30:00 UTC; .*last seen 6\d s ago.*after 120 s.*remove .*\.lock/);
  await left(changes, 130);
  await takes();
});

test('an unreadable lock counts as held while it is recent', async () => {
  writeFileSync(lockName(), '{"pid":');
  await refused(/an unidentified process/);
  writeFileSync(lockName(), '');
  utimesSync(lockName(), 0, 0);
  await takes();
});

test('exactly one of several processes takes over the lock of a killed one', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  await left({ pid });
  const all = await Promise.allSettled(Array.from({ length: 12 }, attempt));
  const locks = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(locks).toHaveLength(1);
  await locks[0]?.confirm();
  await locks[0]?.release();
});

test('an owner whose lock was taken over stops writing, and keeps the lock of the new owner', async () => {
  const lock = await attempt();
  const output = await openOutput(join(folder, 'other'));
  const other = join(folder, '.other.lock');
  for (const name of [lockName(), other])
    writeFileSync(name, JSON.stringify({ ...JSON.parse(readFileSync(name, 'utf8')), token: 'abc', pid: 1, host: 'b' }));
  await expect(lock.confirm()).rejects.toThrow(/run\.stream was taken over by process 1 on b/);
  await expect(output.close()).rejects.toThrow(/other was taken over by process 1 on b/);
  await lock.release();
  expect(readdirSync(folder).toSorted()).toEqual(['.other.lock', '.run.stream.lock', 'link']);
  for (const name of [lockName(), other]) rmSync(name);
});

test('files with the longest names can be locked and written, also with multi-byte characters', async () => {
  for (const name of [`${'x'.repeat(248)}.stream`, `${'測'.repeat(82)}.stream`]) {
    const output = await openOutput(join(folder, name));
    await expect(openOutput(join(folder, name))).rejects.toThrow(/being written by this process/);
    await output.write('x');
    await output.close();
    rmSync(join(folder, name));
  }
});
