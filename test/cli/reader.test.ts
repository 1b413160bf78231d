/** Commands whose reader closes the pipe, as `head` does: files and exit code are those of a run without a pipe. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { formatNpy } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-reader-'));
  const data = Float32Array.from({ length: 2 ** 18 }, Math.sin);
  writeFileSync(join(folder, 'scan.npy'), formatNpy({ shape: [4, 256, 256], complex: false, data }));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command whose standard output has no reader. */
const unread = (words: readonly string[]): Promise<{ code: number | null; err: string }> =>
  new Promise((done) => {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const child = spawn(process.execPath, [resolve('dist/cli.js'), ...words], { cwd: folder, stdio: [...stdio] });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (piece) => {
      err += piece;
    });
    child.on('close', (code) => done({ code, err }));
  });

test('a failure that follows the first line of the output keeps its exit code', { tags: 'all' }, async () => {
  const words = ['info', 'scan.npy', 'absent.npy'];
  const { code, err } = await unread(words);
  expect(code).toBe(1);
  expect(err).toBe((await ewald(words, { cwd: folder })).err);
});

test('files are written after the reader has left', async () => {
  expect(await unread(['simulate', 'spots', '-o', 'lists', '--images=2'])).toEqual({ code: 0, err: '' });
  expect(existsSync(join(folder, 'lists', 'truth.json'))).toBe(true);
});

test('a file that goes to standard output ends without a message', { tags: 'all' }, async () => {
  expect(await unread(['fft', 'scan.npy', '--backend=wasm', '-o', '-'])).toMatchObject({ code: 0, err: '' });
});

test('frames whose lines have no reader are not computed to the end', { tags: 'all' }, async () => {
  const simulation = ['--images=200', '--size=64,64', '--distance=20', '--cell=12,17,21,90,98,90'];
  expect((await ewald(['simulate', 'frames', '-o', '.', ...simulation], { cwd: folder })).code).toBe(0);
  const search = ['-g', 'run.geom', '-p', 'run.cell', '--threshold=8', '--backend=wasm', '-j', '1'];
  // The report would take as long as all frames do, and is written; lines alone are not.
  const { code, err } = await unread(['index', 'run.h5', ...search, '-o', '-', '--html', 'run.html']);
  expect([code, err]).toEqual([1, expect.stringContaining('standard output cannot be written')]);
  expect((await unread(['index', 'run.h5', ...search])).code).toBe(0);
  // The log of the whole run is a result.
  await unread(['index', 'run.h5', ...search, '--log', 'run.log']);
  const lines = readFileSync(join(folder, 'run.log'), 'utf8').trim().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'end', done: 200 });
});
