// @module-tag all: whole runs.
/** Runs with external events: workers and ranks that are killed, a growing file, another program that reads. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';

let folder = '';
let whole = '';
let usual: string[] = [];
const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
/**
 * A stream without its command line and what it records about its input: a growing file has no record in the header,
 * but its first chunk has the sum of its frame.
 */
const body = (file: string): string =>
  readFileSync(file, 'utf8')
    .split('\n')
    .toSpliced(2, 1)
    .filter((line) => !/^(; ewald input |ewald\/frame_sum = )/.test(line))
    .join('\n');
const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);
const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
const mpiPresent = existsSync(`dist/native/${process.platform}-${process.arch}/ewald_mpi.node`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-live-'));
  if (!dataFolder) return;
  const list = join(folder, 'files.lst');
  // So many that a run is killed long before its end; a file that is listed again is read once.
  const copies = Array.from({ length: 8 }, (_, n) => join(folder, `mono-${n}.h5`));
  for (const copy of copies) copyFileSync(sim('mono.h5'), copy);
  writeFileSync(list, copies.join('\n'));
  usual = ['index', '-i', list, ...search];
  const stream = join(folder, 'whole.stream');
  const { code, err } = await ewald([...usual, '-j', '1', '-o', stream]);
  expect(code, err).toBe(0);
  whole = body(stream);
});
afterAll(() => rm(folder, { recursive: true }));

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => child.on('exit', (code) => done(code)));

/** The state that the system reports for a process; empty if it does not exist. */
function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '';
  }
}

/** The children of a process that run this program. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => {
      try {
        const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid && stat.includes('(node)');
      } catch {
        return false;
      }
    });
}

describe.skipIf(!dataFolder)(`killed from outside${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test.skipIf(!natsPresent)(
    'a worker of the cluster is killed: another one processes its frames, and the bytes are the same',
    { tags: 'all' },
    async () => {
      const server = await new NatsServer().start();
      const workers = [new WorkerProcess(server.url), new WorkerProcess(server.url)];
      try {
        for (const worker of workers) await worker.joined();
        const stream = join(folder, 'nats.stream');
        const run = ewald([...usual, `--executor=${server.url}`, '-o', stream]);
        await expect.poll(() => sizeOf(`${stream}.part`), { timeout: 60_000, interval: 20 }).toBeGreaterThan(100_000);
        workers[0]?.kill();
        const { code, err } = await run;
        expect(code, err).toBe(0);
        expect(body(stream)).toBe(whole);
      } finally {
        for (const worker of workers) worker.kill();
        for (const worker of workers) await worker.ended();
        await server.stop();
      }
    },
  );

  test.skipIf(!mpiPresent || process.platform !== 'linux')(
    'a rank is killed: the job ends, --resume continues',
    { tags: 'nightly' },
    async () => {
      const stream = join(folder, 'mpi.stream');
      const words = ['--allow-run-as-root', '--oversubscribe', '-n', '3', process.execPath, 'dist/cli.js', ...usual];
      const job = spawn('mpirun', [...words, '-o', stream], { stdio: 'ignore' });
      const over = ended(job);
      await expect.poll(() => sizeOf(`${stream}.part`), { timeout: 60_000, interval: 20 }).toBeGreaterThan(100_000);
      const ranks = childrenOf(job.pid as number);
      expect(ranks).toHaveLength(3);
      process.kill(ranks[2] as number, 'SIGKILL');
      expect(await over).not.toBe(0);
      // mpirun does not wait for the ranks that it kills.
      const runs = (pid: number): boolean => !/^$|\) [ZX] /.test(statOf(pid));
      await expect.poll(() => ranks.some(runs), { timeout: 60_000, interval: 50 }).toBe(false);
      expect(existsSync(stream)).toBe(false);
      const { code, err } = await ewald([...usual, '-j', '1', '-o', stream, '--resume']);
      expect(code, err).toBe(0);
      expect(body(stream)).toBe(whole);
      rmSync(stream);
    },
  );
});

describe.skipIf(!dataFolder || !python)(
  `files and h5py${dataFolder ? '' : ' (absent: no test data)'}${python ? '' : ' (absent: h5py)'}`,
  () => {
    test('a file that grows is followed frame by frame', { tags: 'nightly' }, async () => {
      const [grown, plain, followed] = ['grown.h5', 'plain.stream', 'followed.stream'].map((name) =>
        join(folder, name),
      ) as [string, string, string];
      const gzip = join(folder, 'gzip.h5');
      expect((await ewald(['convert', sim('mono.h5'), '-o', gzip, '--packing', 'gzip'])).code).toBe(0);
      const writer = spawn(python ?? '', ['test/pipeline/grow.py', gzip, grown, '0.7'], { stdio: 'inherit' });
      const written = ended(writer);
      const run = ewald([
        'index',
        grown,
        ...search,
        '-j',
        '1',
        '-o',
        followed,
        '--follow',
        '--no-data-timeout=5',
        '--first-frames-timeout=0',
      ]);
      expect(await written).toBe(0);
      const early = sizeOf(`${followed}.part`);
      const { code, err } = await run;
      expect(code, err).toBe(0);
      // Frames were searched while others had not arrived yet.
      expect(early).toBeGreaterThan(10_000);
      expect((await ewald(['index', grown, ...search, '-j', '1', '-o', plain])).code).toBe(0);
      expect(body(followed)).toBe(body(plain));
      const facts = JSON.parse((await ewald(['stream', 'compare', followed, sim('mono.truth.json'), '--json'])).out);
      expect(facts).toMatchObject({ frames: 6, crystalsRight: 6, crystalsWrong: 0 });
    });

    test('h5py opens the peaks and cells of a run, and simulated electron frames as NXmx', {
      tags: 'nightly',
    }, async () => {
      const simulated = [
        'simulate',
        'frames',
        '-o',
        folder,
        '--name',
        'ed',
        '--radiation',
        'electron',
        '--size',
        '512,512',
      ];
      expect((await ewald([...simulated, '--images', '2', '--json'])).code).toBe(0);
      const [frames, unpacked, peaks] = ['ed.h5', 'ed-gzip.h5', 'ed-peaks.h5'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      const known = ['-g', join(folder, 'ed.geom'), '-p', join(folder, 'ed.cell'), '--backend=wasm', '-j', '1'];
      const stream = join(folder, 'ed.stream');
      const { code, err } = await ewald(['index', frames, ...known, '-o', stream, '--hdf5', peaks]);
      expect(code, err).toBe(0);
      const facts = JSON.parse(
        (await ewald(['stream', 'compare', stream, join(folder, 'ed.truth.json'), '--json'])).out,
      );
      expect(facts).toMatchObject({ crystalsRight: 2, crystalsWrong: 0 });
      // Debian's h5py has no bitshuffle.
      expect((await ewald(['convert', frames, '-o', unpacked, '--packing', 'gzip'])).code).toBe(0);
      const script = `
import h5py, json, sys
with h5py.File(sys.argv[1]) as f, h5py.File(sys.argv[2]) as g, h5py.File(sys.argv[3]) as p:
    d = f["/entry/instrument/detector"]
    print(json.dumps({
        "definition": f["/entry/definition"][()].decode(), "class": f["/entry"].attrs["NX_class"],
        "shape": f["/entry/data/data"].shape, "sum": int(g["/entry/data/data"][0].astype("u8").sum()),
        "wavelength": float(f["/entry/instrument/beam/incident_wavelength"][()]), "depends": f["/entry/sample/depends_on"][()].decode(),
        "modules": [k for k in d if d[k].attrs.get("NX_class") == b"NXdetector_module" or d[k].attrs.get("NX_class") == "NXdetector_module"],
        "peaks": p["/entry/frames/peaks"][()].tolist(), "cells": p["/entry/crystals/cell"].shape,
    }, default=lambda x: x.decode() if isinstance(x, bytes) else x.item()))`;
      const seen = JSON.parse(
        execFileSync(python ?? '', ['-c', script, frames, unpacked, peaks], { encoding: 'utf8' }),
      );
      expect(seen).toMatchObject({
        definition: 'NXmx',
        class: 'NXentry',
        shape: [2, 512, 512],
        depends: '.',
        cells: [2, 3, 3],
      });
      expect(seen.modules).toEqual(['module']);
      expect(seen.wavelength).toBeCloseTo(0.0251, 4);
      expect(seen.sum).toBeGreaterThan(512 * 512);
      expect(seen.peaks).toHaveLength(2);
    });
  },
);
