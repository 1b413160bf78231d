/** The watch of a run: its log, its state for other programs and its alarms, from JavaScript and in the shell. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellFromParameters, createContext } from 'ewald';
import { type RunWatch, simulateFrames, type WatchRunOptions, watchRun } from 'ewald/shell';
import { serveView } from 'ewald/view';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { LogFile } from '../../src/frames/files/log-file.js';
import { withWatch } from '../../src/server/watch-run.node.js';
import { ewald } from '../support/cli.js';

let folder: string;
const watches: RunWatch[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-watch-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.close();
});

async function watched(options: WatchRunOptions): Promise<RunWatch> {
  const watch = await watchRun({ folder, ...options });
  watches.push(watch);
  return watch;
}

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const eventsOf = (file: string): unknown[] => linesOf(file).map(({ event }) => event);

/** Any frame without peaks. */
const noHit = { hit: false, crystals: [] } as never;

describe('the log', () => {
  test('has a line for each event, with its time in UTC; a second run continues it', async () => {
    const log = join(folder, 'events.log');
    const first = await watched({ log });
    first.onEvent({ kind: 'warning', text: 'two\nlines' });
    first.onEvent({ kind: 'failed', error: new Error('gone') });
    first.sink.fail?.({ origin: { filename: 'a.h5', event: 3, serial: 4 }, tag: 'Format', message: 'damaged' });
    first.sink.fail?.({ origin: { filename: 'a.h5', event: 4, serial: 5 }, tag: 'Format', message: 'damaged' });
    await first.close();
    await first.close();
    const second = await watched({ log });
    await second.close(new Error('no detector'));
    expect(eventsOf(log)).toEqual([
      'start',
      'warning',
      'output-failed',
      'frames-failed',
      'end',
      'start',
      'error',
      'end',
    ]);
    const lines = linesOf(log);
    for (const { time } of lines) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    // By it, lines of several runs in one file are told apart.
    expect(lines.map(({ pid }) => pid)).toEqual(lines.map(() => process.pid));
    expect(lines[1]?.text).toBe('two\nlines');
    expect(lines[3]).toMatchObject({ count: 2, frame: 'a.h5 //3', reason: 'damaged' });
    expect(lines[4]).toMatchObject({ isWhole: true, frames: 2, failed: 2 });
    expect(lines[6]).toMatchObject({ text: 'no detector' });
    expect(lines[7]).toMatchObject({ isWhole: false });
  });

  test('begins a new file at its size, and keeps the last four', async () => {
    const log = join(folder, 'small.log');
    const watch = await watched({ log, logBytes: 1000 });
    for (let i = 0; i < 100; i++) watch.onEvent({ kind: 'warning', text: `${i} ${'x'.repeat(300)}` });
    await watch.close();
    const files = readdirSync(folder).filter((name) => name.startsWith('small.log'));
    expect(files.sort()).toEqual(['small.log', ...[1, 2, 3, 4].map((i) => `small.log.${i}`)]);
    const all = [4, 3, 2, 1].map((i) => `${log}.${i}`).concat(log);
    for (const file of all) expect(statSync(file).size).toBeLessThanOrEqual(1000);
    // The latest lines, none of them lost between two files.
    const numbers = all
      .flatMap(linesOf)
      .flatMap(({ text }) => (text === undefined ? [] : [Number.parseInt(String(text), 10)]));
    expect(numbers).toEqual(Array.from(numbers, (_, i) => 100 - numbers.length + i));
    expect(numbers.length).toBeGreaterThan(6);
  });

  test.skipIf(process.platform === 'win32')('a pipe without a reader keeps nobody waiting', () => {
    const pipe = join(folder, 'log.pipe');
    execFileSync('mkfifo', [pipe]);
    const log = new LogFile(pipe, 1e6);
    for (let i = 0; i < 3000; i++) log.append(new Date(), { event: 'warning', text: 'x'.repeat(50) });
  });

  test('a file of something else is left as it is, and one that cannot be written is refused', async () => {
    const data = join(folder, 'data.h5');
    await writeFile(data, 'not a log');
    await expect(watchRun({ log: data })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringContaining('is no log that ewald wrote'),
    });
    expect(readFileSync(data, 'utf8')).toBe('not a log');
    const missing = join(folder, 'missing', 'run.log');
    await expect(watchRun({ log: missing })).rejects.toMatchObject({ tag: 'File' });
  });

  test('a disk that is full is reported once, and the run goes on', async () => {
    const told: string[] = [];
    const watch = await watched({ log: '/dev/full', onLine: ({ event, text }) => told.push(`${event} ${text ?? ''}`) });
    watch.onEvent({ kind: 'warning', text: 'one' });
    expect(told.filter((text) => text.startsWith('watch-failed'))).toEqual([
      'watch-failed the log is not written: the disk is full',
    ]);
  });
});

describe('the state', () => {
  const get = async (watch: RunWatch, path: string, headers: Record<string, string> = {}) => {
    const url = new URL(watch.url as string);
    const answer = await fetch(`${url.origin}${path}`, { headers });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  const tokenOf = (watch: RunWatch): string => new URL(watch.url as string).searchParams.get('token') as string;

  test('keeps a token of its user out of what is printed and logged', async () => {
    vi.stubEnv('EWALD_STATUS_TOKEN', 'a-secret-of-16-letters');
    const log = join(folder, 'secret.log');
    const told: string[] = [];
    await withWatch(
      { status: '0', log, searches: true, output: '-', tell: (text) => told.push(text) },
      async (watch) => {
        const { url = '' } = watch ?? {};
        expect(new URL(url).searchParams.get('token')).toBe('a-secret-of-16-letters');
        const headers = { authorization: 'Bearer a-secret-of-16-letters' };
        expect((await fetch(`${new URL(url).origin}/health`, { headers })).status).toBe(200);
      },
    );
    vi.unstubAllEnvs();
    expect(told.join('\n')).toMatch(/\/health, with the token EWALD_STATUS_TOKEN/);
    expect(told.join('\n') + readFileSync(log, 'utf8')).not.toContain('a-secret');
  });

  test('answers beside forty clients that never finish their requests', async () => {
    const watch = await watched({ status: '0' });
    const { port } = new URL(watch.url as string);
    const slow = Array.from({ length: 40 }, () => connect(Number(port), '127.0.0.1'));
    await Promise.all(
      slow.map((socket) =>
        once(
          socket.on('error', () => undefined),
          'connect',
        ),
      ),
    );
    for (const socket of slow) socket.write('GET /health HTTP/1.1\r\nX: ');
    const timeout = AbortSignal.timeout(5000);
    expect((await fetch(watch.url as string, { signal: timeout })).status).toBe(200);
    for (const socket of slow) socket.destroy();
    await watch.close();
  });

  test('is given to those who have the token, as an address or as a Bearer', async () => {
    const watch = await watched({ status: '0' });
    expect(new URL(watch.url as string).hostname).toBe('127.0.0.1');
    const token = tokenOf(watch);
    expect(token.length).toBe(22);
    for (const path of ['/health', '/metrics', '/health?token=wrong', '/'])
      expect((await get(watch, path)).status, path).toBe(403);
    for (const authorization of ['Bearer wrong', `Basic ${token}`, 'Bearer', `Bearer ${token}x`])
      expect((await get(watch, '/metrics', { authorization })).status, authorization).toBe(403);
    const health = await get(watch, `/health?token=${token}`);
    expect(health).toMatchObject({ status: 200, type: 'application/json' });
    expect(JSON.parse(health.text)).toMatchObject({ healthy: true, state: 'waiting', frames: 0 });
    const metrics = await get(watch, '/metrics', { authorization: `Bearer ${token}` });
    expect(metrics).toMatchObject({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    expect(metrics.text).toContain('\newald_resident_memory_bytes ');
    expect(metrics.text).toContain('\newald_disk_free_bytes ');
    expect((await get(watch, '/other', { authorization: `bearer ${token}` })).status).toBe(404);
    const answer = await fetch(watch.url as string, { method: 'POST' });
    expect(answer.status).toBe(405);
    await watch.close();
    await expect(fetch(watch.url as string)).rejects.toThrow();
  });

  test('an address that cannot be used is refused before the run', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      await expect(watchRun({ status: `127.0.0.1:${port}` })).rejects.toMatchObject({
        tag: 'Argument',
        message: expect.stringContaining(`port ${port} cannot be used: something else is listening there`),
      });
    } finally {
      taken.close();
    }
    for (const status of ['', 'localhost', '70000', 'a:b:1', '1.2.3.4:', '[::1', '-1', 'http://localhost:80'])
      await expect(watchRun({ status }), status).rejects.toMatchObject({
        tag: 'Argument',
        message: expect.stringContaining('expected a port from 0 to 65535, or host:port'),
      });
    await expect(watchRun({ status: '192.0.2.1:0' })).rejects.toMatchObject({ tag: 'Argument' });
  });

  test('an alarm makes it unhealthy, is shown by the viewer, and runs a command at both ends', async () => {
    const file = join(folder, 'alarms.txt');
    const lines: string[] = [];
    const watch = await watched({
      status: '0',
      alarm: ['disk<9000TB for 1s', 'hits<5%'],
      onAlarm: `echo "$EWALD_ALARM_STATE $EWALD_ALARM" >> '${file}'`,
      onLine: ({ event }) => lines.push(event),
    });
    await watch.sink.add(noHit);
    await expect
      .poll(() => get(watch, `/health?token=${tokenOf(watch)}`), { timeout: 20_000 })
      .toMatchObject({
        status: 503,
      });
    expect(watch.sink.status?.()).toMatch(/^⚠ disk<9000TB for 1s: /);
    const metrics = await get(watch, `/metrics?token=${tokenOf(watch)}`);
    expect(metrics.text).toContain('ewald_alarm{alarm="disk<9000TB for 1s"} 1\newald_alarm{alarm="hits<5%"} 0\n');
    await watch.close();
    expect(readFileSync(file, 'utf8')).toBe('begin disk<9000TB for 1s\nend disk<9000TB for 1s\n');
    expect(lines.filter((event) => event.startsWith('alarm'))).toEqual(['alarm-begin', 'alarm-end']);
  });

  test('a command that fails is reported', async () => {
    const lines: string[] = [];
    const onLine: WatchRunOptions['onLine'] = ({ event, text }) => lines.push(`${event} ${text}`);
    const watch = await watched({ alarm: ['disk<9000TB for 1s'], onAlarm: 'exit 3', onLine });
    await expect
      .poll(() => lines, { timeout: 20_000 })
      .toContain('watch-failed the command of the alarm "exit 3" ended with 3');
    await watch.close();
  });

  test('options without what they belong to, and wrong ones, are refused', async () => {
    for (const options of [{ onAlarm: 'true' }, { logBytes: 2000 }, { alarm: ['x'] }, { logBytes: 10, log: 'x' }])
      await expect(watchRun(options), JSON.stringify(options)).rejects.toMatchObject({ tag: 'Argument' });
    await expect(watchRun({ searches: false, alarm: ['hits<5%'] })).rejects.toMatchObject({ tag: 'Argument' });
    expect(existsSync('x')).toBe(false);
  });
});

describe('a run', () => {
  test('of frames is watched from JavaScript, beside a viewer', { tags: 'all' }, async () => {
    const { frames, geometry, cell } = await simulateFrames(join(folder, 'sim'), {
      images: 4,
      symmetry: '4/mmm',
      cell: cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90),
    });
    const log = join(folder, 'js.log');
    const watch = await watched({ log, status: '0' });
    const view = await serveView([]);
    const context = await createContext({ backend: 'wasm' });
    try {
      const options = { inputs: frames, geometry, cells: [cell], onEvent: watch.onEvent, sinks: [watch.sink], view };
      for await (const _ of context.pipeline(options));
      const answer = await fetch(watch.url as string);
      expect(await answer.json()).toMatchObject({ state: 'whole', frames: 4, hits: 4, indexed: 4, crystals: 4 });
    } finally {
      await context.dispose();
      await view.close();
    }
    await watch.close();
    expect(eventsOf(log)).toEqual(['start', 'tuned', 'end']);
    expect(linesOf(log).at(-1)).toMatchObject({ isWhole: true, done: 4, hits: 4 });
  });

  test('that waits for its first frame answers, and Ctrl-C ends its server and its log', { tags: 'all' }, async () => {
    const log = join(folder, 'waits.log');
    const words = ['run', 'sum', join(folder, 'later.npy'), '--follow', '--nav-shape', '2,2', '--timeout', '100'];
    const child = spawn(process.execPath, ['dist/cli.js', ...words, '--status', '0', '--log', log], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const ended = new Promise((done) => child.once('exit', done));
    await expect.poll(() => err, { timeout: 30_000 }).toContain('waiting for its first frame');
    const [url = ''] = /http:\S+/.exec(err) ?? [];
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ healthy: true, state: 'waiting' });
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    await expect(fetch(url)).rejects.toThrow();
    expect(eventsOf(log)).toEqual(['start', 'error', 'end']);
  });

  test('whose alarm or address is wrong is refused by its flags, before any work', { tags: 'all' }, async () => {
    const of = async (...words: string[]) => {
      const { code, err } = await ewald(['run', 'sum', join(folder, 'none.npy'), ...words]);
      return [code, err.split('\n')[0]];
    };
    expect(await of('--alarm', 'lag>3')).toEqual([
      2,
      'ewald: --alarm is "lag>3": "3" is no number with a unit of lag (s, min, h); an alarm reads like ' +
        '"hits<5% for 2min", "lag>30s" or "disk<50GB"',
    ]);
    expect(await of('--on-alarm', 'x')).toEqual([2, 'ewald: --on-alarm belongs to --alarm; give both, or neither']);
    expect((await of('--status', 'x'))[1]).toMatch(/^ewald: --status is "x"; expected a port/);
  });
});

describe('the clock of the computer', () => {
  afterEach(() => vi.restoreAllMocks());

  test('is set back by an hour: the log reports it, its times do not go back, and alarms go on', {
    tags: 'all',
  }, async () => {
    const log = join(folder, 'clock.log');
    const real = Date.now.bind(Date);
    let setBack = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => real() - setBack);
    const lines: Record<string, unknown>[] = [];
    const watch = await watched({ log, alarm: ['disk<9000TB for 1s'], onLine: (line) => lines.push(line) });
    watch.onEvent({ kind: 'warning', text: 'before' });
    setBack = 3_600_000;
    await expect.poll(() => lines.map(({ event }) => event), { timeout: 20_000 }).toContain('clock-set');
    await expect.poll(() => lines.map(({ event }) => event), { timeout: 20_000 }).toContain('alarm-begin');
    // The clock is right again.
    setBack = 0;
    await expect.poll(() => lines.filter(({ event }) => event === 'clock-set'), { timeout: 20_000 }).toHaveLength(2);
    await watch.close();
    const set = lines.filter(({ event }) => event === 'clock-set').map(({ seconds }) => Math.round(Number(seconds)));
    expect(set).toEqual([-3600, 3600]);
    const times = linesOf(log).map(({ time }) => Date.parse(String(time)));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect((times.at(-1) as number) - (times[0] as number)).toBeLessThan(60_000);
    expect(linesOf(log).filter(({ event }) => event === 'alarm-begin')).toHaveLength(1);
  });
});
