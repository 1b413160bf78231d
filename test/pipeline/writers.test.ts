/** Several runs with one stream: concurrently, after a kill, and after unreadable frames. */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStream } from '../../dist/index.node.js';
import { readRawStream } from '../../src/crystal/stream/raw.js';
import { linesOf } from '../../src/frames/files/lines.js';
import { JoinedStream } from '../../src/pipeline/shards/joined-stream.js';
import { Commands } from '../support/commands.js';

let folder = '';
let commands: Commands;
const at = (name: string): string => join(folder, name);
/** An empty folder `name`, without what an earlier attempt wrote beside it. */
const emptied = (name: string): void => {
  for (const left of readdirSync(folder).filter((file) => file === name || file.startsWith(`${name}.`)))
    rmSync(at(left), { recursive: true });
  mkdirSync(at(name));
};
// The frames are so small that none is a hit: every complete run ends with 1.
const search = ['-g', 'run.geom', '-p', 'run.cell', '--threshold=8', '--backend=wasm', '-j', '1'];
// The first frames need not be awaited: nothing is learnt from so few.
const follow = ['--follow', '--first-frames-timeout=0'];
const serials = (name: string): number[] =>
  [...readFileSync(at(name), 'utf8').matchAll(/^Image serial number: (\d+)$/gm)].map(([, serial]) => Number(serial));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-writers-'));
  commands = await Commands.start(folder);
  const simulation = ['--images=3', '--size=64,64', '--distance=20', '--cell=12,17,21,90,98,90'];
  expect(await commands.run(['simulate', 'frames', '-o', '.', ...simulation])).toMatchObject({ code: 0 });
});
afterAll(() => {
  commands?.stop();
  rmSync(folder, { recursive: true });
});

test('a second run on an active stream is refused with its owner; after kill -9 it may continue', {
  tags: 'all',
}, async () => {
  emptied('watched');
  for (const left of readdirSync(folder).filter((file) => file.startsWith('live.'))) rmSync(at(left));
  copyFileSync(at('run.h5'), at('watched/a.h5'));
  const words = ['index', 'watched', ...search, '-o', 'live.stream', ...follow, '--no-data-timeout=100'];
  const cli = resolve('dist/cli.js');
  const live = spawn(process.execPath, [cli, ...words], { cwd: folder, stdio: 'ignore' });
  try {
    const part = (): string => (existsSync(at('live.stream.part')) ? readFileSync(at('live.stream.part'), 'utf8') : '');
    await expect.poll(() => part().match(/End chunk/g)?.length, { timeout: 60_000 }).toBe(3);
    for (const more of [[], ['--resume'], ['--force']]) {
      const { code, err } = await commands.run(['index', 'run.h5', ...search, '-o', 'live.stream', ...more]);
      expect(code, err).toBe(1);
      expect(err).toContain(`live.stream is being written by process ${live.pid} on `);
      expect(err).not.toContain('did not end');
    }
    expect(serials('live.stream.part')).toEqual([1, 2, 3]);
  } finally {
    const ended = new Promise((done) => live.on('exit', done));
    live.kill('SIGKILL');
    await ended;
  }
  const anew = await commands.run(['index', 'watched', ...search, '-o', 'live.stream']);
  expect(anew).toMatchObject({
    code: 2,
    err: expect.stringContaining('live.stream.part contains the frames of an interrupted run'),
  });
  const again = [...words.slice(0, -1), '--no-data-timeout=0', '--resume'];
  expect(await commands.run(again)).toMatchObject({ code: 1 });
  expect(serials('live.stream')).toEqual([1, 2, 3]);
  expect(readdirSync(folder).filter((name) => name.includes('live'))).toEqual(['live.stream']);
});

test('in a followed folder, damaged files are waited for, reported and counted; completed ones are read', {
  tags: 'all',
}, async () => {
  emptied('arriving');
  const whole = readFileSync(at('run.h5'));
  for (const name of ['a.h5', 'c.h5', 'd.h5']) writeFileSync(at(`arriving/${name}`), whole.subarray(0, 3000));
  copyFileSync(at('run.h5'), at('arriving/b.h5'));
  const words = ['index', 'arriving', ...search, '-o', 'arriving.stream', '--follow', '--no-data-timeout=1.5'];
  const running = commands.run(words);
  const part = (): string =>
    existsSync(at('arriving.stream.part')) ? readFileSync(at('arriving.stream.part'), 'utf8') : '';
  await expect.poll(() => part().match(/End chunk/g)?.length, { timeout: 60_000 }).toBe(3);
  writeFileSync(at('arriving/d.h5'), whole);
  const { code, out, err } = await running;
  expect(code, err).toBe(1);
  expect(out).toContain('2 could not be read');
  for (const name of ['a.h5', 'c.h5']) expect(err).toMatch(new RegExp(`✗ .*${name} //0: .*truncated`));
  const names = readFileSync(at('arriving.stream'), 'utf8').match(/^Image filename: .*$/gm);
  expect(names?.map((name) => name.at(-4))).toEqual(['b', 'b', 'b', 'd', 'd', 'd']);
});

test('a followed folder that disappears is reported, and looked for; without it the run ends with 1', {
  tags: 'all',
}, async () => {
  rmSync(at('elsewhere'), { recursive: true, force: true });
  emptied('mounted');
  copyFileSync(at('run.h5'), at('mounted/a.h5'));
  // Every frame is a hit of a search without peaks, so that nothing but the folder is wrong.
  const hits = ['-g', 'run.geom', '-p', 'none', '--threshold=8', '--min-peaks=0', '--backend=wasm', '-j', '1'];
  const words = ['index', 'mounted', ...hits, '-o', 'mounted.stream', '--follow', '--log=mounted.log'];
  expect(await commands.run([...words, '--no-data-timeout=0.5'])).toMatchObject({ code: 0 });
  for (const name of ['mounted.log', 'mounted.stream']) rmSync(at(name));
  const logged = (): string => (existsSync(at('mounted.log')) ? readFileSync(at('mounted.log'), 'utf8') : '');
  const running = commands.run([...words, '--no-data-timeout=4']);
  const part = (): string =>
    existsSync(at('mounted.stream.part')) ? readFileSync(at('mounted.stream.part'), 'utf8') : '';
  await expect.poll(() => part().match(/End chunk/g)?.length, { timeout: 60_000 }).toBe(3);
  renameSync(at('mounted'), at('elsewhere'));
  await expect.poll(logged, { timeout: 60_000 }).toContain('mounted has disappeared; the run looks');
  renameSync(at('elsewhere'), at('mounted'));
  await expect.poll(logged, { timeout: 60_000 }).toContain('mounted is back');
  renameSync(at('mounted'), at('elsewhere'));
  const { code, out, err } = await running;
  expect(code, err).toBe(1);
  expect(out).toMatch(/3 frames.*\n.*mounted has disappeared: frames that arrived there meanwhile are missing/);
});

test('a followed folder in which nothing arrives is no mistake of the words', async () => {
  emptied('empty');
  const words = ['index', 'empty', ...search, '-o', 'empty.stream', '--follow', '--no-data-timeout=0.5'];
  expect(await commands.run(words)).toMatchObject({
    code: 1,
    err: expect.stringContaining('contains no files of frames yet; files of unknown formats are passed over; nothing'),
  });
});

test('Ctrl-C ends a followed run: stream and report are complete, and --resume continues', {
  tags: 'all',
}, async () => {
  emptied('ended');
  copyFileSync(at('run.h5'), at('ended/a.h5'));
  const words = ['index', 'ended', ...search, '-o', 'ended.stream', '--html', 'ended.html', ...follow];
  const cli = resolve('dist/cli.js');
  const run = spawn(process.execPath, [cli, ...words, '--no-data-timeout=100'], { cwd: folder, stdio: 'ignore' });
  const part = (): string => (existsSync(at('ended.stream.part')) ? readFileSync(at('ended.stream.part'), 'utf8') : '');
  await expect.poll(() => part().match(/End chunk/g)?.length, { timeout: 60_000 }).toBe(3);
  const ended = new Promise((done) => run.on('exit', done));
  run.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(serials('ended.stream')).toEqual([1, 2, 3]);
  expect(readFileSync(at('ended.html'), 'utf8')).toContain('maximum of every pixel over 3 frames');
  const files = (): string[] =>
    readdirSync(folder)
      .filter((name) => name.includes('ended.'))
      .sort();
  expect(files()).toEqual(['ended.html', 'ended.stream', 'ended.stream.frames']);
  copyFileSync(at('run.h5'), at('ended/b.h5'));
  expect(await commands.run([...words, '--no-data-timeout=1', '--resume'])).toMatchObject({ code: 1 });
  expect(serials('ended.stream')).toEqual([1, 2, 3, 4, 5, 6]);
  expect(readFileSync(at('ended.html'), 'utf8')).toContain('maximum of every pixel over 6 frames');
  expect(files()).toEqual(['ended.html', 'ended.stream']);
});

test('--resume retries unreadable frames until they can be read', { tags: 'all' }, async () => {
  const whole = readFileSync(at('run.h5'));
  copyFileSync(at('run.h5'), at('b.h5'));
  writeFileSync(at('c.h5'), whole.subarray(0, 3000));
  writeFileSync(at('list.lst'), 'run.h5 //0\nc.h5 //1\nb.h5 //2\n');
  const words = ['index', '-i', 'list.lst', ...search, '-o', 'failed.stream'];
  const first = await commands.run(words);
  expect(first, first.err).toMatchObject({ code: 1, out: expect.stringContaining('1 could not be read') });
  expect(serials('failed.stream')).toEqual([1, 3]);
  const info = await commands.run(['stream', 'info', 'failed.stream', '--json']);
  expect(JSON.parse(info.out)).toMatchObject({ frames: 2, unread: 1, torn: false });
  // Code that reads the frames skips the note.
  let frames = 0;
  for await (const _ of (await readStream(linesOf(at('failed.stream')))).chunks()) frames++;
  expect(frames).toBe(2);

  const second = await commands.run([...words, '--resume']);
  expect(second).toMatchObject({ code: 1, err: expect.stringMatching(/after frame 3; 1 frame .*tried again/) });
  expect(serials('failed.stream')).toEqual([1, 3]);

  writeFileSync(at('c.tmp'), whole);
  renameSync(at('c.tmp'), at('c.h5'));
  expect(await commands.run([...words, '--resume'])).toMatchObject({ code: 1 });
  expect(serials('failed.stream')).toEqual([1, 3, 2]);
  const beside = ['--html', 'third.html', '--mille', '--mille-file', 'third.bin'];
  const third = await commands.run([...words, '--resume', ...beside]);
  expect(third).toMatchObject({ code: 1, err: expect.not.stringContaining('tried again') });
  expect(third.err).toMatch(
    /html and mille will cover only frames of this session: the results of 3 of the 3 .* were not kept/,
  );
});

test('a finished stream is kept until the longer one is complete', { tags: 'all' }, async () => {
  const words = ['index', 'run.h5', ...search, '-o', 'more.stream', '--resume'];
  const two = ['index', '-i', 'two.lst', ...search, '-o', 'more.stream'];
  writeFileSync(at('two.lst'), 'run.h5 //0\nrun.h5 //1\n');
  expect(await commands.run(two)).toMatchObject({ code: 1 });
  // The same run with other files.
  const text = readFileSync(at('more.stream'), 'utf8').replace(/^ewald .*$/m, `ewald ${words.slice(0, -1).join(' ')}`);
  writeFileSync(at('more.stream'), text);
  expect(await commands.run(words, { fault: 'unflushed' })).toMatchObject({ code: 1 });
  expect(readFileSync(at('more.stream'), 'utf8')).toBe(text);
  expect(serials('more.stream.part')).toEqual([1, 2, 3]);
  expect(await commands.run(words)).toMatchObject({ code: 1 });
  expect(serials('more.stream')).toEqual([1, 2, 3]);
  expect(existsSync(at('more.stream.part'))).toBe(false);
});

test('the complete part of a stream ends with its last complete line', async () => {
  const chunk = '----- Begin chunk -----\nImage filename: a.h5\nImage serial number: 1\nhit = 1\n----- End chunk -----';
  const head = 'CrystFEL stream format 2.3\nGenerated by ewald\newald index\n';
  const note = '; ewald could not read the frame of serial number 12.';
  const read = async (text: string) => {
    const lines = async function* () {
      yield* text.split('\n').filter((line, i, all) => i < all.length - 1 || line !== '');
    };
    const stream = await readRawStream(lines(), 'a.stream');
    for await (const _ of stream.chunks());
    return { head: stream.head, torn: stream.torn(), ...stream.read() };
  };
  const all = `${head}${note}\n${chunk}\n${note}\n`;
  expect(await read(all)).toEqual({ head, torn: false, end: all.length, unread: new Set([12]), heads: [], cut: 0 });
  // Truncated within the number, which would then be that of another frame.
  expect(await read(all.slice(0, -3))).toMatchObject({
    torn: true,
    end: all.length - note.length - 1,
    unread: new Set([12]),
  });
  expect(await read(`${head}${chunk}\n${note.slice(0, -2)}`)).toMatchObject({ torn: true, unread: new Set() });
  // A line of the geometry that looks like a note still belongs to the geometry.
  expect(await read(`${head}${note}\nclen = 1\n${chunk}\n`)).toMatchObject({ head: `${head}${note}\nclen = 1\n` });
});

test('a stream whose texts cannot be joined is left for resume, not left open', async () => {
  const calls: string[] = [];
  const stream = {
    write: async () => void calls.push('write'),
    leave: async () => void calls.push('leave'),
    close: async () => void calls.push('close'),
  };
  const folder = {
    read: () => Promise.reject(new Error('a shard is damaged')),
    close: async (keep: boolean) => void calls.push(`close folder, keep: ${keep}`),
  };
  const joined = new JoinedStream(stream as never, folder as never);
  await joined.write('----- Begin chunk -----');
  await joined.join({ shard: 'a', at: 0, length: 4, crc: 0 });
  await expect(joined.close()).rejects.toThrow('a shard is damaged');
  expect(calls).toEqual(['write', 'close folder, keep: true', 'leave']);
});
