// @module-tag all: processes.
/** `ewald merge` on every executor: the same files, byte for byte, wherever the fits are computed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { simulateStream } from './simulated.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-merge-executors-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(
  at('a.stream'),
  // Two ways to index, so that tasks depend on what the first process has decided.
  simulateStream({ crystals: 24, symmetry: '4/m', parameters: [28, 28, 21, 90, 90, 90], ways: ['h,k,l', 'k,h,-l'] })
    .text,
);
const words = (name: string): string[] =>
  [
    [
      'merge',
      at('a.stream'),
      '-y',
      '4/m',
      '-n',
      '3',
      '--no-polarisation',
      '--backend',
      'wasm',
      '-o',
      at(`${name}.hkl`),
    ],
    ['--mtz', at(`${name}.mtz`), '--assignments', at(`${name}.txt`)],
  ].flat();
const written = (name: string): Buffer[] =>
  ['.hkl', '.hkl1', '.hkl2', '.mtz', '.txt'].map((ending) => readFileSync(at(name + ending)));

beforeAll(async () => {
  const { code, err } = await ewaldTogether(words('alone'));
  expect(code, err).toBe(0);
  expect(readFileSync(at('alone.hkl'), 'utf8').split('\n').length).toBeGreaterThan(200);
});

test('workers', async () => {
  const { code, err } = await ewaldTogether([...words('workers'), '-j', '2']);
  expect(code, err).toBe(0);
  expect(written('workers')).toEqual(written('alone'));
});

test.skipIf(!mpiPresent)(`ranks${mpiPresent ? '' : ' (absent: no mpirun)'}`, async () => {
  const { code, err } = await mpirun(2, new URL('../../dist/cli.js', import.meta.url), ...words('ranks'));
  expect(code, err).toBe(0);
  expect(written('ranks')).toEqual(written('alone'));
});

const processes: WorkerProcess[] = [];
afterEach(async () => {
  for (const started of processes.splice(0)) {
    started.kill();
    await started.ended();
  }
});

test.skipIf(!natsPresent)(`a cluster${natsPresent ? '' : ' (absent: no nats-server)'}`, async () => {
  const server = await new NatsServer().start();
  try {
    processes.push(new WorkerProcess(server.url), new WorkerProcess(server.url));
    await Promise.all(processes.map((one) => one.joined()));
    const { code, err } = await ewaldTogether([...words('nats'), '--executor', server.url]);
    expect(code, err).toBe(0);
    expect(written('nats')).toEqual(written('alone'));
  } finally {
    await server.stop();
  }
});
