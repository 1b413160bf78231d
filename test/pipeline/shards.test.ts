/**
 * Results that workers of a cluster store in a shared folder instead of sending them: the same files, also after kills,
 * and nothing written elsewhere.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createContext } from 'ewald';
import { Executor } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32 } from '../../src/base/crc32.js';
import { entriesIn, entryOf, tokenFile } from '../../src/executors/shards.js';
import { openShard, shardsFolder } from '../../src/executors/shards-node.js';
import { openShardFolder } from '../../src/serial/pipeline/shards/folder.node.js';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { refused } from '../support/refused.js';

let folder = '';
const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
const usual = ['index', sim('mono.h5'), ...search];
/** A stream without the line that records how it was made. */
const body = (file: string): string => readFileSync(file, 'utf8').split('\n').toSpliced(2, 1).join('\n');
/** The shards of a stream, and their sizes. */
const shardsOf = (stream: string): number[] =>
  existsSync(`${stream}.shards`)
    ? readdirSync(`${stream}.shards`)
        .filter((name) => name.endsWith('.text'))
        .map((name) => statSync(join(`${stream}.shards`, name)).size)
    : [];
const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((done) => setTimeout(done, 5));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-shards-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!dataFolder || !natsPresent)('a cluster that shares a folder', () => {
  let server: NatsServer;
  let whole = '';
  const workers: WorkerProcess[] = [];
  const worker = (...args: string[]): Promise<WorkerProcess> => {
    const started = new WorkerProcess(server.url, args);
    workers.push(started);
    return started.joined();
  };
  const endAll = async (): Promise<void> => {
    for (const one of workers.splice(0)) {
      one.kill();
      await one.ended();
    }
  };
  beforeAll(async () => {
    server = await new NatsServer().start();
    const stream = join(folder, 'whole.stream');
    const { code, err } = await ewald([...usual, '-j', '1', '-o', stream]);
    expect(code, err).toBe(0);
    whole = body(stream);
  });
  afterAll(async () => {
    await endAll();
    await server?.stop();
  });

  test('the stream is that of a local run, and the folder of shards is removed', async () => {
    await worker('--shards', folder);
    const stream = join(folder, 'nats.stream');
    const running = ewald([...usual, `--executor=${server.url}`, '-o', stream]);
    await until(() => shardsOf(stream).some((size) => size > whole.length / 10));
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(body(stream)).toBe(whole);
    expect(existsSync(`${stream}.shards`)).toBe(false);
    await endAll();
  });

  test('HDF5, orientations and whole items are those of a local run', async () => {
    await worker('--shards', folder);
    const context = await createContext({ backend: 'wasm' });
    const executor = await Executor.connect(server.url);
    const run = async (name: string, more: object): Promise<unknown[]> => {
      const [output, hdf5, sol] = ['stream', 'h5', 'sol'].map((ending) => join(folder, `${name}.${ending}`));
      const given = { inputs: sim('mono.h5'), geometry: sim('mono.geom'), cells: [sim('mono.cell')] };
      const items: unknown[] = [];
      for await (const { origin, result, chunk } of context.pipeline({
        ...{ ...given, output, hdf5, sol, commandLine: 'ewald index', ...more },
      }))
        items.push([origin, result?.spots, result?.crystals.map(({ reflections }) => reflections), chunk]);
      return items;
    };
    const there = await run('there', { executor });
    expect(there).toEqual(await run('here', {}));
    for (const ending of ['stream', 'h5', 'sol'])
      expect(
        Buffer.compare(readFileSync(join(folder, `there.${ending}`)), readFileSync(join(folder, `here.${ending}`))),
      ).toBe(0);
    await executor.dispose();
    await context.dispose();
    await endAll();
  });

  test('a killed run continues with what workers have stored, and searches none of it again', async () => {
    await worker('--shards', folder);
    const stream = join(folder, 'kill.stream');
    const command = [...usual, `--executor=${server.url}`, '-o', stream];
    const child = spawn(process.execPath, ['dist/cli.js', ...command], { stdio: 'ignore' });
    await until(() => shardsOf(stream).some((size) => size > whole.length / 4));
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
    await endAll();
    // Without the stream itself only the shards are left of the run; their last entry is torn.
    rmSync(`${stream}.part`, { force: true });
    const [index = ''] = readdirSync(`${stream}.shards`).filter((name) => name.endsWith('.index'));
    const file = join(`${stream}.shards`, index);
    const entries = [...entriesIn(readFileSync(file))] as { numbers: Float64Array }[];
    // A change of a stored text is in the stream afterwards, unless its frame is searched again.
    const texts = readFileSync(file.replace('.index', '.text'));
    const [{ numbers } = { numbers: new Float64Array(0) }] = entries;
    const first = texts.subarray(0, numbers[14]);
    first.set(Buffer.from('HIT'), first.indexOf('hit'));
    numbers[15] = crc32(first);
    writeFileSync(file.replace('.index', '.text'), texts);
    writeFileSync(file, Buffer.concat([...entries.map(entryOf), entryOf('torn').subarray(0, 9)]));
    const again = await ewald(command);
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/frames of an interrupted run; .*--resume/)]);
    await worker('--shards', folder);
    const { code, err } = await ewald([...command, '--resume']);
    expect(code, err).toBe(0);
    expect(body(stream)).toContain('HIT');
    expect(body(stream).replace('HIT', 'hit')).toBe(whole);
    expect(existsSync(`${stream}.shards`)).toBe(false);
    await endAll();
  });

  test('a worker that may write elsewhere sends its results', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    await worker('--shards', other);
    const stream = join(folder, 'sent.stream');
    const { code, err } = await ewald([...usual, `--executor=${server.url}`, '-o', stream]);
    expect(code, err).toBe(0);
    expect(body(stream)).toBe(whole);
    expect(readdirSync(other)).toEqual([]);
    await endAll();
  });

  test.skipIf(process.getuid?.() !== 0)(
    'a full disk ends the run, which names the file and keeps the rest',
    async () => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status !== 0) return;
      try {
        await worker('--shards', disk);
        const { code, err } = await ewald([...usual, `--executor=${server.url}`, '-o', join(disk, 'full.stream')]);
        expect(err).toMatch(/full\.stream.* cannot be written: the disk is full/);
        expect(code).not.toBe(0);
      } finally {
        await endAll();
        spawnSync('umount', [disk]);
      }
    },
  );
});

describe('what a worker may create', () => {
  const token = 'a'.repeat(24);
  const made = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, tokenFile), token);
    return path;
  };

  test('is a shard in a folder below the allowed one that has the token', async () => {
    const allowed = await shardsFolder(made('allowed'));
    const run = made('allowed/run');
    const shard = await openShard(allowed, run, token);
    expect(await shard?.append([Buffer.from('ab'), Buffer.from('c')], (at) => ({ at }))).toBe(0);
    expect(await shard?.append([Buffer.from('d')], (at) => ({ at }))).toBe(3);
    await shard?.dispose();
    expect(readFileSync(join(run, `${shard?.name}.text`), 'utf8')).toBe('abcd');
    expect([...entriesIn(readFileSync(join(run, `${shard?.name}.index`)))]).toEqual([{ at: 0 }, { at: 3 }]);
  });

  test('is nothing elsewhere', async () => {
    const allowed = await shardsFolder(made('only'));
    const outside = made('outside');
    made('only-not');
    symlinkSync(outside, join(allowed, 'link'));
    const untold = join(allowed, 'untold');
    mkdirSync(join(untold, tokenFile), { recursive: true });
    const places = [outside, join(allowed, '../outside'), join(allowed, 'link'), join(folder, 'only-not'), untold];
    for (const place of [...places, join(allowed, 'absent'), allowed, '', '/'])
      expect(await openShard(allowed, place, token), place).toBe(undefined);
    for (const wrong of ['', 'b'.repeat(24), '../../etc/passwd', `${token}a`])
      expect(await openShard(allowed, made('only/run'), wrong), wrong).toBe(undefined);
    expect(readdirSync(outside)).toEqual([tokenFile]);
    await refused(() => shardsFolder(join(folder, 'nothing')), 'Argument', 'there is no such folder', 'shares');
    await refused(() => shardsFolder(join(outside, tokenFile)), 'Argument', 'it is a file');
  });

  test('a folder beside the stream with files of others is left alone', async () => {
    const stream = join(folder, 'mine.stream');
    mkdirSync(`${stream}.shards`);
    writeFileSync(join(`${stream}.shards`, 'thesis.tex'), '');
    const how = { resume: false, force: true, head: '' };
    await refused(() => openShardFolder(stream, how), 'Argument', 'thesis.tex', 'move it away');
    expect(readdirSync(`${stream}.shards`)).toEqual(['thesis.tex']);
  });
});
