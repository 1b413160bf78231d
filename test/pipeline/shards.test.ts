// @module-tag all: clusters of processes.
/**
 * Results that workers of a cluster and ranks store in a shared folder instead of sending them: the same files, also
 * after kills, and nothing written elsewhere.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext } from 'ewald';
import { Executor, joinCluster } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entriesIn, entryOf, tokenFile } from '../../src/parallel/shards.js';
import { openShard, shardsFolder } from '../../src/parallel/shards-node.js';
import type { FrameRecord } from '../../src/pipeline/record.js';
import { type BriefTask, briefRecords, briefTask } from '../../src/pipeline/shards/brief.js';
import { openShardFolder } from '../../src/pipeline/shards/folder.node.js';
import { crc32 } from '../../src/util/crc32.js';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { mpiEnv, mpiPresent, mpirun } from '../support/mpi.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { refused } from '../support/refused.js';

const cli = new URL('../../dist/cli.js', import.meta.url);
let folder = '';
const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
const usual = ['index', sim('mono.h5'), ...search];
/** A stream without the line that records how it was made. */
const body = (file: string): string => readFileSync(file, 'utf8').split('\n').toSpliced(2, 1).join('\n');
/** The shards of a stream, and their sizes. */
const sizesOf = (stream: string, end: '.text' | '.index'): number[] =>
  existsSync(`${stream}.shards`)
    ? readdirSync(`${stream}.shards`)
        .filter((name) => name.endsWith(end))
        .map((name) => statSync(join(`${stream}.shards`, name)).size)
    : [];
const shardsOf = (stream: string): number[] => sizesOf(stream, '.text');
const isLinux = process.platform === 'linux';
/** Files of the shards of a stream that a process has open. */
const openIn = (pid: number, stream: string): string[] =>
  readdirSync(`/proc/${pid}/fd`)
    .map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    })
    .filter((name) => name.startsWith(`${stream}.shards`));
/** The number of shards of a stream, of which each must end with the last text that its index names. */
const wholeShards = (stream: string): number => {
  const folder = `${stream}.shards`;
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const [texts, indexes] = ['.text', '.index'].map((end) => names.filter((name) => name.endsWith(end)));
  expect(texts?.map((name) => name.slice(0, -5)).sort()).toEqual(indexes?.map((name) => name.slice(0, -6)).sort());
  for (const name of indexes ?? []) {
    const tasks = [...entriesIn(readFileSync(join(folder, name)))] as BriefTask[];
    const ends = tasks.flatMap((task) =>
      briefRecords(task).map((one) =>
        'storedText' in one && one.storedText ? one.storedText.at + one.storedText.length : 0,
      ),
    );
    expect(statSync(join(folder, name.replace('.index', '.text'))).size).toBe(Math.max(...ends));
  }
  return texts?.length ?? 0;
};
/**
 * Changes the first text that an interrupted run has stored: it is in the stream unless its frame is searched again.
 * What is stored behind it was damaged on the disk, the last entry of its shard is torn, and the stream is gone. Returns
 * the number of damaged bytes.
 */
const markStored = (stream: string): number => {
  rmSync(`${stream}.part`, { force: true });
  const indexes = readdirSync(`${stream}.shards`).filter((name) => name.endsWith('.index'));
  // Other workers may not have got as far as their first task.
  const file = indexes.map((name) => join(`${stream}.shards`, name)).find((name) => statSync(name).size > 0) as string;
  const entries = [...entriesIn(readFileSync(file))] as { numbers: Float64Array }[];
  const texts = readFileSync(file.replace('.index', '.text'));
  const [{ numbers } = { numbers: new Float64Array(0) }] = entries;
  const first = texts.subarray(0, numbers[14]);
  first.set(Buffer.from('HIT'), first.indexOf('hit'));
  numbers[15] = crc32(first);
  const damaged = texts.subarray(first.length, first.length + 2);
  damaged.fill('#');
  writeFileSync(file.replace('.index', '.text'), texts);
  writeFileSync(file, Buffer.concat([...entries.map(entryOf), entryOf('torn').subarray(0, 9)]));
  return damaged.length;
};
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

  test('HDF5, orientations and whole items are those of a local run', { tags: 'nightly' }, async () => {
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

  /** Kills a run after some frames. */
  const interrupted = async (command: readonly string[], stream: string): Promise<void> => {
    await worker('--shards', folder);
    const child = spawn(process.execPath, ['dist/cli.js', ...command], { stdio: 'ignore' });
    await until(() => shardsOf(stream).some((size) => size > whole.length / 4));
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
    await endAll();
    expect(markStored(stream)).toBe(2);
  };

  const following = ['--follow', '--no-data-timeout=1'];
  const continues = async (where: string, how: readonly string[], on?: string): Promise<void> => {
    const stream = join(folder, `killed on ${where}.stream`);
    const command = [...usual, ...how, '-o', stream];
    const cluster = `--executor=${server.url}`;
    await interrupted([...command, cluster], stream);
    const anew = [...command, on ?? cluster];
    const again = await ewald(anew);
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/frames of an interrupted run; .*--resume/)]);
    if (!on) await worker('--shards', folder);
    const { code, err } = await ewald([...anew, '--resume']);
    expect(code, err).toBe(0);
    expect(body(stream)).toContain('HIT');
    // Files that are followed are identified by their frames.
    const plain = (text: string): string =>
      text.replace('HIT', 'hit').replace(/^(; ewald input |ewald\/frame_sum = ).*\n/gm, '');
    expect(plain(body(stream))).toBe(plain(whole));
    expect(existsSync(`${stream}.shards`)).toBe(false);
    await endAll();
  };

  test.each([['the cluster', []]] as const)(
    'a killed run continues on %s with what workers have stored, and searches none of it again',
    continues,
  );

  test.each([
    ['the cluster, following', following],
    ['this thread, following', following, '--executor=inline'],
    ['this thread', [], '--executor=inline'],
    ['two threads', [], '--jobs=2'],
  ] as const)('a killed run continues on %s as well', { tags: 'nightly' }, continues);

  test('frames that were stored without their peaks are searched again for a caller who reads them', {
    tags: 'nightly',
  }, async () => {
    const stream = join(folder, 'brief.stream');
    await interrupted([...usual, `--executor=${server.url}`, '-o', stream], stream);
    // The head of the stream holds the command line that --resume compares.
    const commandLine = ['ewald', ...usual, '-o', stream].join(' ');
    const context = await createContext({ backend: 'wasm' });
    const given = { inputs: sim('mono.h5'), geometry: sim('mono.geom'), cells: [sim('mono.cell')] };
    const peaks = { threshold: 12 };
    let count = 0;
    for await (const { result, chunk } of context.pipeline({
      ...{ ...given, output: stream, commandLine, resume: true, peaks, minRes: 20 },
    })) {
      expect(result?.peaks.fs.length).toBe(result?.peaks.count);
      expect(chunk?.crystals.length).toBe(1);
      count++;
    }
    expect(count).toBe(6);
    expect(body(stream)).toBe(whole);
    await context.dispose();
  });

  /** Kills a client, and waits until the worker of process `pid` has forgotten it. */
  const forgotten = async (stream: string, pid: number): Promise<void> => {
    const command = [...usual, `--executor=${server.url}`, '-o', stream];
    const child = spawn(process.execPath, ['dist/cli.js', ...command], { stdio: 'ignore' });
    await until(() => shardsOf(stream).some((size) => size > 0));
    expect(openIn(pid, stream)).toHaveLength(2);
    child.kill('SIGKILL');
    const executor = await Executor.connect(server.url);
    const busy = async (): Promise<unknown> => {
      const [{ now } = {}] = await executor.workers();
      return [now?.runs, now?.running, now?.waiting, openIn(pid, stream)];
    };
    await expect.poll(busy, { timeout: 60_000, interval: 100 }).toEqual([0, 0, 0, []]);
    await executor.dispose();
    expect(wholeShards(stream)).toBeGreaterThan(0);
  };

  test.skipIf(!isLinux)(
    'a worker closes the files of a client that was killed, and is free',
    { tags: 'nightly' },
    async () => {
      const joined = await joinCluster(server.url, {
        ...{ workers: 1, context: { backend: 'wasm' }, shards: folder, clientTimeoutS: 1 },
      });
      await forgotten(join(folder, 'gone.stream'), process.pid);
      await joined.leave();
    },
  );

  test.skipIf(!isLinux)(
    'within a minute nothing is left of a client that was killed but what can be resumed',
    { tags: 'nightly', timeout: 300_000 },
    async () => {
      const { pid = 0 } = await worker('--shards', folder);
      await forgotten(join(folder, 'minute.stream'), pid);
      await endAll();
    },
  );

  test('a worker that may write elsewhere sends its results', { tags: 'nightly' }, async () => {
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
        const { pid = 0 } = await worker('--shards', disk);
        const stream = join(disk, 'full.stream');
        const running = ewald([...usual, `--executor=${server.url}`, '-o', stream]);
        await until(() => shardsOf(stream).length > 0);
        const began = performance.now();
        const { code, err } = await running;
        expect(err).toMatch(/full\.stream.* cannot be written: the disk is full/);
        expect(code).not.toBe(0);
        // Five frames and three seconds; a busy machine takes longer.
        expect(performance.now() - began).toBeLessThan(30_000);
        if (isLinux) await expect.poll(() => openIn(pid, stream), { timeout: 30_000 }).toEqual([]);
        wholeShards(stream);
      } finally {
        await endAll();
        spawnSync('umount', [disk]);
      }
    },
  );
});

/** The processes of the ranks that a process of mpirun has started, by rank. */
const ranksOf = (mpirun: number): Map<string, number> => {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = new Map<string, number>();
  for (const pid of pids)
    try {
      const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      const [, rank] = /OMPI_COMM_WORLD_RANK=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1')) ?? [];
      if (Number(parent) === mpirun && rank !== undefined) found.set(rank, Number(pid));
    } catch {
      // It has ended.
    }
  return found;
};

describe.skipIf(!dataFolder || !mpiPresent)('ranks that share a folder', () => {
  const stored = (stream: string): string[] => [...usual, '--shards', folder, '-o', stream];

  test('store the results of a stream, which is that of a local run', {
    tags: 'nightly',
    timeout: 300_000,
  }, async () => {
    // Both files hold the command line, which is the same for one rank alone.
    const [stream, hdf5] = [join(folder, 'ranks.stream'), join(folder, 'ranks.h5')];
    const command = [...stored(stream), '--executor=mpi', `--hdf5=${hdf5}`];
    const outputs = (): Buffer[] => [stream, hdf5].map((file) => readFileSync(file));
    const alone = await ewald(command);
    expect(alone.code, alone.err).toBe(0);
    const wanted = outputs();
    for (const file of [stream, hdf5]) rmSync(file);
    const running = mpirun(3, cli, ...command);
    await until(() => shardsOf(stream).some((size) => size > 0));
    const { code, err } = await running;
    expect(code, err).toBe(0);
    for (const [i, bytes] of outputs().entries()) expect(Buffer.compare(bytes, wanted[i] as Buffer)).toBe(0);
    expect(existsSync(`${stream}.shards`)).toBe(false);
  });

  test.skipIf(!isLinux)(
    'of which one dies leave what they have stored, and nothing under the name of the stream',
    { tags: 'nightly', timeout: 300_000 },
    async () => {
      const [stream, alone] = [join(folder, 'dead rank.stream'), join(folder, 'no dead rank.stream')];
      const child = spawn('mpirun', ['-n', '3', process.execPath, fileURLToPath(cli), ...stored(stream)], {
        env: mpiEnv,
      });
      let err = '';
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      const ended = new Promise<number | null>((done) => child.once('close', done));
      // The index follows the text, and what it does not name is computed again.
      await until(() => sizesOf(stream, '.index').some((size) => size > 0));
      process.kill(ranksOf(child.pid as number).get('1') as number, 'SIGKILL');
      expect(await ended).toBeGreaterThan(0);
      expect(err).toMatch(/rank 1\b.*(killed|signal 9)/is);
      expect(existsSync(stream)).toBe(false);
      markStored(stream);
      const again = await mpirun(3, cli, ...stored(stream), '--resume');
      expect(again.code, again.err).toBe(0);
      expect((await ewald([...usual, '-j', '1', '-o', alone])).code).toBe(0);
      expect(body(stream)).toContain('HIT');
      expect(body(stream).replace('HIT', 'hit')).toBe(body(alone));
      expect(existsSync(`${stream}.shards`)).toBe(false);
    },
  );

  test('are refused a folder that does not exist, and other executors any', { tags: 'nightly' }, async () => {
    const words = [...usual, '-o', join(folder, 'refused.stream'), '--shards', join(folder, 'nothing')];
    const alone = await ewald([...words, '--executor=inline']);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('ewald worker --shards')]);
    const ranks = await mpirun(2, cli, ...words);
    expect(ranks.code).toBeGreaterThan(0);
    expect(ranks.err).toMatch(/nothing": there is no such folder/);
    expect(existsSync(join(folder, 'refused.stream'))).toBe(false);
  });
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

  test('is removed again if nothing was stored in it', async () => {
    const allowed = await shardsFolder(made('empty'));
    const shard = await openShard(allowed, made('empty/run'), token);
    expect(readdirSync(join(allowed, 'run'))).toHaveLength(3);
    await shard?.dispose();
    expect(readdirSync(join(allowed, 'run'))).toEqual([tokenFile]);
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

  test('texts of an earlier session that are damaged or missing are not used', async () => {
    const stream = join(folder, 'damaged.stream');
    const shards = await openShardFolder(stream, { make: true, resume: true, force: false, head: 'head' });
    writeFileSync(join(`${stream}.shards`, 'a.text'), 'abcd');
    const bytes = (text: string) => crc32(new TextEncoder().encode(text));
    const holds = (shard: string, at: number, text: string) =>
      shards?.holds({ shard, at, length: text.length, crc: bytes(text) });
    expect(
      await Promise.all([holds('a', 1, 'bc'), holds('a', 1, 'bX'), holds('a', 2, 'cde'), holds('b', 0, 'a')]),
    ).toEqual([true, false, false, false]);
    await shards?.close(false);
  });

  test('a folder beside the stream with files of others is left alone', async () => {
    const stream = join(folder, 'mine.stream');
    mkdirSync(`${stream}.shards`);
    writeFileSync(join(`${stream}.shards`, 'thesis.tex'), '');
    const how = { resume: false, force: true, head: '', make: true };
    await refused(() => openShardFolder(stream, how), 'Argument', 'thesis.tex', 'move it away');
    expect(readdirSync(`${stream}.shards`)).toEqual(['thesis.tex']);
  });
});

test('chunks that are sent are bytes, also beyond ASCII, and none may be missing', () => {
  const texts = ['größer\n', '', '300 Å\n'].map((text) => new TextEncoder().encode(text));
  const records = texts.map((_, serial) => ({
    ...{ origin: { filename: 'a.h5', event: serial, serial }, hit: true, peaks: { count: 0 }, crystals: [], spots: [] },
    ...{ beam: { wavelengthA: 1, distanceM: 1, shiftM: [0, 0] }, ms: { read: 0, peaks: 0, index: 0, integrate: 0 } },
    ...{ backends: {}, headers: undefined, chunk: '' },
  })) as unknown as FrameRecord[];
  const none = { length: 0, crc: 0 };
  const extents = texts.map(({ length }) => [{ length, crc: 0 }, none] as const);
  const place = { filename: 'a.h5', shard: undefined, at: 0, texts: Buffer.concat(texts) };
  const task = briefTask(records, place, extents, false);
  const found = briefRecords(task).map((record) => ('text' in record ? record.text : undefined));
  expect(found.map((text) => new TextDecoder().decode(text))).toEqual(['größer\n', '', '300 Å\n']);
  expect(() => briefRecords({ ...task, texts: task.texts.subarray(1) })).toThrow(/in another form/);
});
