/** Runs that a page starts: what may be asked for, by whom, and what they write. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { Context } from 'ewald/udf';
import { type ServedView, type ServeViewOptions, serveView } from 'ewald/view';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shellWords } from '../../src/options/shell-words.js';
import { simulatedScan } from '../stem/calibrate/simulated-scan.mjs';
import { ewald } from '../support/cli.js';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const views: ServedView[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-started-'));
  const data = Float32Array.from({ length: 6 * 5 * 16 * 16 }, (_, i) => (i * 7919) % 97);
  writeFileSync(at('scan.npy'), formatNpy({ shape: [6, 5, 16, 16], data, complex: false }));
});
afterAll(async () => {
  for (const view of views) await view.close();
  rmSync(folder, { recursive: true, force: true });
});

let folders = 0;
/** A server of a file whose page may start runs, and a function that asks it, by default as its own page does. */
async function served(files: readonly string[], options: ServeViewOptions = {}) {
  const out = options.outputDir ?? at(`out${folders++}`);
  mkdirSync(out, { recursive: true });
  const view = await serveView(files, { outputDir: out, ...options });
  views.push(view);
  const { pathname, port: stated, searchParams } = new URL(view.url);
  const port = stated || pathname.split('/')[2] || '';
  const cookie = `ewald-${port}=${searchParams.get('token')}`;
  const own = { cookie, origin: `http://127.0.0.1:${port}`, 'content-type': 'application/json' };
  const ask = (path: string, body?: unknown, headers: Record<string, string> = {}, method?: string) =>
    new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const sent: Record<string, string> = { ...own, 'content-length': String(Buffer.byteLength(text)), ...headers };
      const kept = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== ''));
      const how = method ?? (body === undefined ? 'GET' : 'POST');
      request({ host: '127.0.0.1', port, path, method: how, headers: kept }, (answer) => {
        let said = '';
        answer.on('data', (piece) => {
          said += piece;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: said, headers: answer.headers }));
      })
        .on('error', reject)
        .end(text);
    });
  const json = async <T>(path: string, body?: unknown): Promise<T> => {
    const { status, text } = await ask(path, body);
    expect(status, text).toBe(200);
    return JSON.parse(text) as T;
  };
  return { view, port, own, out, ask, json };
}
interface Shown {
  id: number;
  name: string;
  command: string;
  state: string;
  share?: number;
  words: string;
  resumable: boolean;
  files: string[];
}
type Served = Awaited<ReturnType<typeof served>>;

/** Shows a command, starts it, and returns it. */
async function started({ json }: Served, run: object): Promise<Shown> {
  const { command, name } = await json<{ command: string; name: string }>('/runs/command', { run });
  return json<Shown>('/runs/start', { run: { ...run, name, command } });
}
async function until({ json }: Served, id: number, holds: (run: Shown) => boolean): Promise<Shown> {
  for (;;) {
    const { runs } = await json<{ runs: Shown[] }>('/runs/list');
    const one = runs.find((run) => run.id === id) as Shown;
    if (holds(one)) return one;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const isOver = ({ state }: Shown): boolean => state !== 'running' && state !== 'stopping';

/** A geometry of one panel, with further lines. */
const geometryText = (more = ''): string =>
  [
    ...['photon_energy = 9000 eV', 'clen = 0.1 m', 'res = 10000', more],
    ...['a/min_fs = 0', 'a/max_fs = 15', 'a/min_ss = 0', 'a/max_ss = 15', 'a/corner_x = -8', 'a/corner_y = -8'],
    ...['a/fs = x', 'a/ss = y', ''],
  ].join('\n');

const disk = { kind: 'run', analysis: 'disk', settings: { cx: 8, cy: 7.5, r: 3, channels: ['intensity'] } };

test('without a folder for outputs nothing is offered, and nothing is taken', async () => {
  const view = await serveView([at('scan.npy')]);
  views.push(view);
  const { origin, port, searchParams } = new URL(view.url);
  const headers = { cookie: `ewald-${port}=${searchParams.get('token')}`, 'content-type': 'application/json', origin };
  const session = await fetch(`${origin}/session.json`, { headers });
  expect(await session.json()).not.toHaveProperty('starts');
  const post = await fetch(`${origin}/runs/start`, { method: 'POST', headers, body: JSON.stringify({ run: disk }) });
  expect(post.status).toBe(405);
  expect((await fetch(`${origin}/runs/list`, { headers })).status).toBe(404);
});

describe('who may ask', () => {
  let one: Served;
  beforeAll(async () => {
    one = await served([at('scan.npy')], {
      baseUrl: 'https://hub.example.org/x/{port}/',
      trustProxies: ['10.0.0.1'],
    });
  });
  test.for([
    ['a foreign page', { origin: 'https://evil.example' }, 403],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['a page without an origin', { origin: '' }, 403],
    ['a page in a sandbox', { origin: 'null' }, 403],
    ['a page of another site, by what the browser says', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of another port, by what the browser says', { 'sec-fetch-site': 'same-site' }, 403],
    ['nobody', { cookie: '' }, 403],
    ['another token', { cookie: 'ewald-1=AAAAAAAAAAAAAAAAAAAAAA' }, 403],
    ['a rebinding name', { host: 'evil.example' }, 403],
    ['a forged forwarded header', { 'x-forwarded-host': 'hub.example.org' }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form of plain text', { 'content-type': 'text/plain' }, 415],
    ['a body without its length', { 'content-length': '', 'transfer-encoding': 'chunked' }, 413],
  ] as const)('%s is refused', async ([, headers, status]) => {
    for (const path of ['/runs/start', '/runs/command', '/runs/stop', '/runs/resume'])
      expect((await one.ask(path, { run: disk, id: 1 }, headers)).status, path).toBe(status);
    expect(readdirSync(one.out)).toEqual([]);
  });

  test('its own page and that of the proxy are answered, and other methods, paths and bodies are not', async () => {
    expect((await one.ask('/runs/command', { run: disk })).status).toBe(200);
    const proxied = { host: 'hub.example.org', origin: 'https://hub.example.org', 'sec-fetch-site': 'same-origin' };
    expect((await one.ask(`/x/${one.port}/runs/command`, { run: disk }, proxied)).status).toBe(200);
    expect((await one.ask('/runs/start', undefined)).status).toBe(404);
    expect((await one.ask('/runs/1/start', undefined)).status).toBe(404);
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      expect((await one.ask('/runs/start', { run: disk }, {}, method)).status, method).toBe(405);
    expect((await one.ask('/session.json', { run: disk })).status).toBe(405);
    expect((await one.ask('/runs/other', { run: disk })).status).toBe(404);
    expect((await one.ask('/runs/start', [])).status).toBe(400);
    expect((await one.ask('/runs/start', { run: 'x'.repeat(2 ** 22) })).status).toBe(413);
    expect((await one.ask('/runs/stop', { id: 7 })).text).toMatch(/there is no run 7/);
    expect(readdirSync(one.out)).toEqual([]);
  });
});

describe('what a page cannot ask for', () => {
  let one: Served;
  beforeAll(async () => {
    one = await served([at('scan.npy')]);
  });
  const index = { kind: 'index', settings: {} };
  const set = (settings: object, of: object = index) => ({ ...of, settings });
  test.for([
    [{ ...disk, name: '../out' }, /name is "\.\.\/out"/],
    [{ ...disk, name: '..' }, /the name is/],
    [{ ...disk, name: '/tmp/x' }, /the name is/],
    [{ ...disk, name: 'a.stream' }, /the name is/],
    [{ ...disk, name: '-o' }, /the name is/],
    [{ ...disk, name: 'a\nb' }, /the name is/],
    [{ ...disk, kind: 'merge' }, /kind is "merge"/],
    [{ ...disk, analysis: '--udf' }, /the analysis is "--udf"; expected one of/],
    [{ ...disk, analysis: 'toString' }, /the analysis is/],
    [{ ...disk, files: ['/etc/passwd'] }, /files/],
    [{ ...disk, isCalibrated: true }, /needs a calibration/],
    [set({ constants: '/etc/passwd' }, disk), /cannot set "constants"/],
    [set({ dataset: '/entry' }, disk), /cannot set "dataset"/],
    [set({ udfs: ['x.mjs'] }, disk), /cannot set "udfs"/],
    [set({ calibration: '/etc/passwd' }, disk), /cannot set "calibration"/],
    [set({ record: '/tmp/x' }, disk), /cannot set "record"/],
    [set({ output: '/tmp/x' }, disk), /cannot set "output"/],
    [set({ template: 'x' }, { ...disk, analysis: 'strain' }), /cannot set "template"/],
    [set({ roi: '--udf=x' }, disk), /roi is "--udf=x"; expected y,x/],
    [set({ channels: ['--udf'] }, disk), /channels is/],
    [set({ cx: 'x' }, disk), /cx is "x"; expected a number/],
    [set({ cx: null }, disk), /cx is null/],
    [set({ __proto__: null, toString: 1 }, disk), /cannot set "toString"/],
    [set({ onAlarm: 'rm -r /' }), /cannot set "onAlarm"/],
    [set({ log: '/tmp/x' }), /cannot set "log"/],
    [set({ hdf5: '/tmp/x' }), /cannot set "hdf5"/],
    [set({ executor: 'nats://x' }), /cannot set "executor"/],
    [set({ geometry: '/etc/passwd' }), /cannot set "geometry"/],
    [set({ mille: true }), /cannot set "mille"/],
    [set({ cells: ['/etc/passwd'] }), /cells is/],
    [set({ rois: ['--on-alarm'] }), /region "--on-alarm"/],
    [set({ frames: '--view' }), /frames/],
    [set({ minSnr: -1 }), /minSnr is -1; expected/],
    [set({ finder: 'x' }), /finder is "x"; expected one of/],
    [set({ minSnrr: 5 }), /did you mean minSnr\?/],
    [set([]), /settings are/],
    [{ ...index, geometry: 5 }, /the geometry is 5; expected the text/],
    [{ ...index, geometry: 'photon' }, /the geometry of the page/],
    [{ ...index, geometry: geometryText('mask0 = /m\nmask0_file = /etc/passwd') }, /names the file \/etc\/passwd/],
    [{ ...index, calibration: {} }, /ewald index takes no calibration/],
    [{ ...disk, geometry: geometryText() }, /ewald run takes no geometry/],
    [{ ...disk, isCalibrated: true, calibration: { centre: '/etc/passwd' } }, /the calibration of the page/],
  ] as const)('%j', async ([run, said]) => {
    for (const path of ['/runs/command', '/runs/start']) {
      const { status, text } = await one.ask(path, { run });
      expect([status, text]).toEqual([400, expect.stringMatching(said)]);
    }
    expect(readdirSync(one.out)).toEqual([]);
  });

  test('what the page has not shown', async () => {
    const { status, text } = await one.ask('/runs/start', { run: { ...disk, command: 'ewald run sum scan.npy' } });
    expect([status, text]).toEqual([409, expect.stringMatching(/another one than the page has shown/)]);
  });

  test('what would be written over a file, or by way of a link', async () => {
    const command = (run: object) => one.json<{ refusal?: string; command: string }>('/runs/command', { run });
    writeFileSync(join(one.out, 'kept.npy'), 'mine');
    symlinkSync(at('elsewhere'), join(one.out, 'led.npy'));
    mkdirSync(join(one.out, 'sub.log'));
    for (const [name, said] of [
      ['kept', /kept\.npy is there already/],
      ['KEPT', /kept\.npy is there already/],
      ['led', /led\.npy is there and is no file/],
      ['sub', /sub\.log is there and is no file/],
    ] as const) {
      const { refusal, command: text } = await command({ ...disk, name });
      expect(refusal).toMatch(said);
      const start = await one.ask('/runs/start', { run: { ...disk, name, command: text } });
      expect([start.status, start.text]).toEqual([409, expect.stringMatching(said)]);
    }
    // A link is not followed with the user's force either.
    const forced = await served([at('scan.npy')], { outputDir: one.out, force: true });
    const offered = await forced.json<{ refusal?: string; command: string }>('/runs/command', {
      run: { ...disk, name: 'led' },
    });
    expect(offered.refusal).toMatch(/led\.npy is there and is no file/);
    const replaced = await forced.json<{ refusal?: string; command: string; replaces: string[] }>('/runs/command', {
      run: { ...disk, name: 'kept' },
    });
    expect(replaced).toMatchObject({ replaces: ['kept.npy'], command: expect.stringMatching(/ --force$/) });
    expect(existsSync(at('elsewhere'))).toBe(false);
  });

  test('is given as a file of the page unless it is there, and is not written before the run begins', async () => {
    const geometry = geometryText('bad_spot/min_x = 1\nbad_spot/max_x = 2\nbad_spot/min_y = 1\nbad_spot/max_y = 2');
    const run = { ...index, name: 'own', geometry };
    const before = readdirSync(one.out);
    const { command } = await one.json<{ command: string }>('/runs/command', { run });
    expect(shellWords(command)).toEqual([
      ...['ewald', 'index', at('scan.npy'), '-g', join(one.out, 'own.geom'), '-o', join(one.out, 'own.stream')],
    ]);
    expect(readdirSync(one.out)).toEqual(before);
    writeFileSync(join(one.out, 'own.geom'), 'mine');
    const offered = await one.json<{ command: string; refusal: string }>('/runs/command', { run });
    expect(offered.refusal).toMatch(/own\.geom is there already/);
    expect(offered.command).not.toContain('--force');
    expect((await one.ask('/runs/start', { run: { ...run, command } })).status).toBe(409);
    expect(readFileSync(join(one.out, 'own.geom'), 'utf8')).toBe('mine');
  });

  test('files that were not written by a run', async () => {
    for (const path of ['/runs/1/kept.npy', '/runs/1/..%2fscan.npy', '/runs/1/../../scan.npy', '/runs/1'])
      expect((await one.ask(path)).status, path).toBeGreaterThanOrEqual(400);
  });
});

test('a client that leaves within its request starts nothing, and one that is slow or dead keeps nobody waiting', async () => {
  const one = await served([at('scan.npy')]);
  const { command, name } = await one.json<{ command: string; name: string }>('/runs/command', { run: disk });
  const body = JSON.stringify({ run: { ...disk, name, command } });
  const { cookie, origin, 'content-type': type } = one.own;
  const head =
    `POST /runs/start HTTP/1.1\r\nHost: 127.0.0.1:${one.port}\r\nCookie: ${cookie}\r\nOrigin: ${origin}\r\n` +
    `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const sockets: Socket[] = [];
  for (let i = 0; i < 40; i++) {
    const socket = connect(Number(one.port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    // Half a request; every other client is gone then.
    socket.write(head + body.slice(0, body.length / 2));
    if (i % 2 === 0) socket.destroy();
    sockets.push(socket);
  }
  expect(await one.json('/runs/list')).toMatchObject({ runs: [] });
  expect((await one.ask('/files/0/scan.npy')).status).toBe(200);
  for (const socket of sockets) socket.destroy();
  expect(await one.json('/runs/list')).toMatchObject({ runs: [] });
  expect(readdirSync(one.out)).toEqual([]);
});

test('in a folder, runs are of its files of frames alone: none of lists, streams, links and what is outside', async () => {
  const many = at('many');
  mkdirSync(many);
  copyFileSync(at('scan.npy'), join(many, 'in.npy'));
  writeFileSync(join(many, 'all.lst'), `${at('scan.npy')}\n`);
  writeFileSync(join(many, 'run.txt'), `CrystFEL stream format 2.3\nImage filename: ${at('scan.npy')}\n`);
  symlinkSync(at('scan.npy'), join(many, 'link.npy'));
  const one = await served([many]);
  const status = async (item: string, within = '') =>
    (await one.ask('/runs/command', { in: within, item, run: disk })).status;
  expect(await status('in.npy')).toBe(200);
  for (const item of ['all.lst', 'run.txt', 'link.npy', '../scan.npy', 'missing.npy', ''])
    expect(await status(item), item).toBe(404);
  expect(await status('scan.npy', '..')).toBe(404);
  const session = (item: string) => one.json<object>(`/session.json?in=&item=${item}`);
  expect(await session('in.npy')).toHaveProperty('starts');
  expect(await session('run.txt')).not.toHaveProperty('starts');
});

test('a geometry and a cell among the files are those of the run', async () => {
  const [geometry, cell] = [at('a.geom'), at('b.CELL')];
  writeFileSync(
    geometry,
    'clen = 0.1\nres = 1e4\nphoton_energy = 9500\ndata = /x\n0/min_fs = 0\n0/max_fs = 15\n0/min_ss = 0\n' +
      '0/max_ss = 15\n0/corner_x = 0\n0/corner_y = 0\n0/fs = x\n0/ss = y\n',
  );
  writeFileSync(cell, '79.1 79.1 38.1 90 90 90\n');
  const one = await served([at('scan.npy'), geometry, cell]);
  const { command } = await one.json<{ command: string }>('/runs/command', { run: { kind: 'index', name: 'x' } });
  expect(command).toBe(`ewald index ${at('scan.npy')} -g ${geometry} -p ${cell} -o ${join(one.out, 'x.stream')}`);
});

test('a folder that is none is refused, and so are options without it and inputs that are no files', async () => {
  const refused = (files: readonly string[], options: ServeViewOptions, message: RegExp) =>
    expect(serveView(files, options)).rejects.toThrow(message);
  await refused([at('scan.npy')], { outputDir: at('missing') }, /missing: /);
  await refused([at('scan.npy')], { outputDir: at('scan.npy') }, /this is no folder/);
  await refused([at('scan.npy')], { keepRuns: true }, /keepRuns belongs to outputDir/);
  await refused([], { outputDir: folder }, /outputDir is for files of frames/);
});

test('an analysis writes what its command writes, byte for byte', { tags: 'all' }, async () => {
  const one = await served([at('scan.npy')], { navShape: [6, 5] });
  const run = await started(one, { ...disk, report: true });
  expect(run.command).toBe(
    `ewald run disk ${at('scan.npy')} --nav-shape 6,5 --cx 8 --cy 7.5 --radius 3 --channel intensity -o ` +
      `${join(one.out, 'scan.npy')} --html ${join(one.out, 'scan.html')}`,
  );
  const done = await until(one, run.id, isOver);
  expect(done, await (await one.ask(`/runs/${run.id}`)).text).toMatchObject({
    state: 'finished',
    files: ['scan.npy', 'scan.npy.json', 'scan.html', 'scan.log'],
  });
  expect(JSON.parse((await one.ask(`/runs/${run.id}/scan.npy.json`)).text)).toHaveProperty('creator');
  const before = readFileSync(join(one.out, 'scan.npy'));
  const report = readFileSync(join(one.out, 'scan.html'), 'utf8');
  rmSync(join(one.out, 'scan.npy'));
  rmSync(join(one.out, 'scan.html'));
  expect((await ewald(shellWords(run.command).slice(1))).code).toBe(0);
  expect(readFileSync(join(one.out, 'scan.npy')).equals(before)).toBe(true);
  // A report states when it was made.
  const undated = (text: string): string => text.replace(/"date":"[^"]*"/, '');
  expect(undated(readFileSync(join(one.out, 'scan.html'), 'utf8')) === undated(report)).toBe(true);
  writeFileSync(join(one.out, 'scan.html'), report);
  const page = await one.ask(`/runs/${run.id}/scan.html`);
  expect(page.text === report).toBe(true);
  expect(page.headers['content-security-policy']).toMatch(/sandbox allow-scripts allow-downloads;/);
  expect((await one.ask(`/runs/${run.id}/scan.npy`)).headers['content-disposition']).toMatch(/^attachment/);
});

test('a calibration of the page is written beside its run, which takes it', { tags: 'all' }, async () => {
  const { frames } = simulatedScan({
    ...{ kind: 'amorphous', rows: 8, columns: 6, n: 32, radius: 7, dose: 400, rotation: 30, seed: 5, step: 2 },
  });
  const data = Float32Array.from(frames);
  writeFileSync(at('disk.npy'), formatNpy({ shape: [8, 6, 32, 32], data, complex: false }));
  await using ctx = new Context();
  const calibration = await ctx.calibrate(await ctx.load(at('disk.npy')));
  const one = await served([at('disk.npy')]);
  const com = { kind: 'run', analysis: 'com', settings: { channels: ['magnitude'] }, isCalibrated: true, calibration };
  const run = await started(one, com);
  const file = join(one.out, 'disk.cal.json');
  expect(shellWords(run.command).join(' ')).toContain(`--calibration ${file}`);
  expect(await until(one, run.id, isOver), (await one.ask(`/runs/${run.id}`)).text).toMatchObject({
    files: ['disk.npy', 'disk.npy.json', 'disk.cal.json', 'disk.log'],
  });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(calibration)));
  const before = readFileSync(join(one.out, 'disk.npy'));
  rmSync(join(one.out, 'disk.npy'));
  expect((await ewald(shellWords(run.command).slice(1))).code).toBeLessThan(2);
  expect(readFileSync(join(one.out, 'disk.npy')).equals(before)).toBe(true);
});

describe('frames', { tags: 'all' }, () => {
  let frames: string[];
  beforeAll(() => {
    const words = ['dist/cli.js', 'simulate', 'frames', '-o', at('seen'), '--images', '60'];
    execFileSync(process.execPath, words, { stdio: 'ignore' });
    frames = Array.from({ length: 6 }, (_, i) => at('seen', `run${i}.h5`));
    for (const file of frames) copyFileSync(at('seen', 'run.h5'), file);
  });
  const options = (): ServeViewOptions => ({ geometry: at('seen', 'run.geom'), cell: at('seen', 'run.cell') });
  const settings = { threshold: 9, minSnr: 4.5, rois: ['water=ring:1.85:2.05'], integrate: false };
  const asked = (name: string) => ({ kind: 'index', settings, name });
  /** Starts an index, and returns it once it has searched a frame. */
  async function begun(one: Served, name: string): Promise<Shown> {
    const { id } = await started(one, asked(name));
    return until(one, id, ({ share = 0 }) => share > 0);
  }
  /** What runs in the folder. */
  const processes = (out: string): number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${out}/`);
        } catch {
          return false;
        }
      })
      .map(Number);

  test('an index that is stopped and resumed writes what its command writes, byte for byte; one runs at a time', async () => {
    const one = await served(frames, options());
    const run = await begun(one, 'whole');
    const file = join(one.out, 'whole.stream');
    expect(run.command).toContain(` --threshold 9 --min-snr 4.5 --roi water=ring:1.85:2.05 --no-integrate -o ${file}`);
    const second = await one.json<{ command: string; refusal: string }>('/runs/command', { run: asked('second') });
    expect(second.refusal).toMatch(/^whole is running/);
    const refused = await one.ask('/runs/start', { run: { ...asked('second'), command: second.command } });
    expect([refused.status, refused.text]).toEqual([409, expect.stringMatching(/^whole is running/)]);
    await one.json('/runs/stop', { id: run.id });
    const stopped = await until(one, run.id, isOver);
    expect(stopped, (await one.ask(`/runs/${run.id}`)).text).toMatchObject({ state: 'stopped', resumable: true });
    expect(existsSync(file)).toBe(false);
    await one.json('/runs/resume', { id: run.id });
    expect(await until(one, run.id, isOver)).toMatchObject({
      ...{ state: 'finished', share: 1, resumable: false, files: ['whole.stream', 'whole.log'] },
    });
    expect((await one.ask('/runs/resume', { id: run.id })).status).toBe(409);
    expect((await one.ask(`/runs/${run.id}`)).text).toMatch(
      /continuing after frame \d+\n[\s\S]*360 of 360 frames indexed/,
    );
    const found = readFileSync(file);
    rmSync(file);
    const pasted = await ewald(shellWords(run.command).slice(1));
    expect(pasted.code, pasted.err).toBe(0);
    expect(readFileSync(file).equals(found)).toBe(true);
  }, 120_000);

  test('a run that is killed can be resumed, and one is ended with its server, or goes on where that is said', async () => {
    const one = await served(frames, options());
    const { id } = await begun(one, 'killed');
    for (const pid of processes(one.out)) process.kill(pid, 'SIGKILL');
    expect(await until(one, id, isOver)).toMatchObject({ state: 'failed', resumable: true });
    await one.json('/runs/resume', { id });
    await until(one, id, ({ share = 0 }) => share > 0);
    await one.view.close();
    expect(processes(one.out)).toEqual([]);
    expect(readdirSync(one.out).sort()).toEqual(['killed.log', 'killed.stream.part']);
    expect(readFileSync(join(one.out, 'killed.log'), 'utf8')).toMatch(/interrupted/i);

    const left = await served(frames, { ...options(), keepRuns: true });
    await begun(left, 'left');
    await left.view.close();
    const [pid] = processes(left.out);
    expect(pid).toBeDefined();
    while (processes(left.out).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(readFileSync(join(left.out, 'left.log'), 'utf8')).toMatch(/360 of 360 frames indexed/);
    expect(existsSync(join(left.out, 'left.stream'))).toBe(true);
  }, 120_000);
});
