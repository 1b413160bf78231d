/** `ewald index --view`: its optional port, and the page after the run; `ewald view` of frames that arrive. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { attachBareValues } from '../../src/cli/parameter-flags.js';
import { commandRows } from '../../src/pipeline/parameters.js';
import { ewaldTogether } from '../support/cli.js';

let folder: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-cli-view-'));
  const size = ['--size', '96,96', '--distance', '20', '--images', '2', '--name', 'small'];
  const { code, err } = await ewaldTogether(['simulate', 'frames', '-o', folder, ...size]);
  expect(code, err).toBe(0);
  writeFileSync(join(folder, 'notes.txt'), 'Notes of a shift.\n');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const search = ['-g', 'small.geom', '-p', 'small.cell', '--backend=wasm', '--threshold=5', '-j', '1'];

interface Command {
  readonly child: ChildProcess;
  /** What it has printed so far, on both outputs. */
  readonly text: () => string;
}

/** Starts a command; `terminal` makes its standard error a terminal. */
function start(words: readonly string[], { terminal = false } = {}): Command {
  const { FORCE_COLOR: _, ...others } = process.env;
  const env = { ...others, NO_COLOR: '1' };
  const asTerminal = { NODE_OPTIONS: `--require=${resolve('test/support/terminal.cjs')}` };
  const child = spawn(process.execPath, [resolve('dist/cli.js'), ...words], {
    ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    env: terminal ? { ...env, ...asTerminal } : env,
  });
  children.push(child);
  let text = '';
  for (const output of [child.stdout, child.stderr]) output?.on('data', (piece) => (text += String(piece)));
  return { child, text: () => text };
}

describe('--view', () => {
  test('takes a port only if it is attached, so that a file may follow', () => {
    const attached = (...words: string[]): string[] => attachBareValues(words, commandRows);
    expect(attached('index', '--view', 'run.h5')).toEqual(['index', '--view=0', 'run.h5']);
    expect(attached('index', '--view=8080', 'run.h5')).toEqual(['index', '--view=8080', 'run.h5']);
    expect(attached('index', 'run.h5', '--view')).toEqual(['index', 'run.h5', '--view=0']);
    expect(attached('index', '--', '--view')).toEqual(['index', '--', '--view']);
    expect(() => attached('index', '--view', '8080')).toThrow('--view takes its value attached: --view=8080');
  });

  test('ends with the run where nobody is at a terminal', { tags: 'all' }, async () => {
    const { child, text } = start(['index', '--view', 'small.h5', ...search, '-o', 'a.stream']);
    expect((await once(child, 'close'))[0], text()).toBe(0);
    expect(text()).toMatch(/view: http:\/\/127\.0\.0\.1:\d+\/view\.html/);
    expect(text()).toMatch(/2 frames|of 2/);
  });

  test('remains at a terminal until Ctrl-C, with its frames, and is then a success', { tags: 'all' }, async () => {
    const { child, text } = start(['index', 'small.h5', '--view', ...search, '-o', 'b.stream'], { terminal: true });
    await expect
      .poll(text, { timeout: 60_000 })
      .toMatch(/view: the run is finished; its page remains at \S+ until Ctrl-C/);
    const [url = ''] = /http:\S+/.exec(text()) ?? [];
    const entry = await fetch(url, { redirect: 'manual' });
    const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
    const newest = await fetch(new URL('/live/newest', url), { headers: { cookie } });
    const { index, path } = (await newest.json()) as { index: number; path: string };
    expect(index).toBe(1);
    const range = await fetch(new URL(path, url), { headers: { cookie, range: 'bytes=1-3' } });
    expect(await range.text()).toBe('HDF');
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0], text()).toBe(0);
  });

  test('ends with the run at a terminal, too, if it is told so', { tags: 'all' }, async () => {
    const words = ['index', 'small.h5', '--view', '--no-stay', ...search, '-o', 'c.stream'];
    const { child, text } = start(words, { terminal: true });
    expect((await once(child, 'close'))[0], text()).toBe(0);
    expect(text()).not.toMatch(/remains/);
  });
});

describe('ewald view', () => {
  test('follows a folder until Ctrl-C', { tags: 'all' }, async () => {
    mkdirSync(join(folder, 'run'));
    const { child, text } = start(['view', 'run', '--follow', '--json', '-g', 'small.geom']);
    await expect.poll(text, { timeout: 60_000 }).toMatch(/"url"/);
    const { url } = JSON.parse(text()) as { url: string };
    const entry = await fetch(url, { redirect: 'manual' });
    const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
    const newest = (): Promise<Response> => fetch(new URL('/live/newest', url), { headers: { cookie } });
    expect((await newest()).status).toBe(204);
    copyFileSync(join(folder, 'small.h5'), join(folder, 'run', 'small.h5'));
    await expect.poll(async () => (await newest()).status, { timeout: 20_000 }).toBe(200);
    expect(await (await newest()).json()).toMatchObject({ index: 1, event: 1, name: 'small.h5' });
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0], text()).toBe(0);
  });

  test.each([
    [['absent/run.h5', '--follow'], /absent\/run\.h5: its folder/],
    [['a.h5', '--zmq-input', 'tcp://127.0.0.1:9'], /give only one of them/],
    [['small.h5', '--dataset', '/entry/absent'], /small\.h5.*\/entry\/absent/],
    [['--follow'], /follow is for frames/],
    [['missing.h5'], /missing\.h5.*no such file/],
    [['notes.txt'], /notes\.txt holds no frames in a format that is recognised; expected detector frames, a stream/],
    [['small.h5', '-g', 'small.cell'], /small\.cell/],
    [['small.h5', '-p', 'notes.txt'], /notes\.txt/],
    [['small.h5', '-p', '79,79,38'], /the cell "79,79,38" holds 3 numbers; expected six/],
    [['small.h5', '-p', 'absent.cell'], /the cell "absent\.cell" is neither six or nine numbers nor a file/],
  ])('%j is refused', async (words, message) => {
    const { code, err } = await ewaldTogether(['view', '--no-open', ...words], { cwd: folder });
    expect(err).toMatch(message);
    expect(code).not.toBe(0);
  });
});
