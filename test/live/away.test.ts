// @module-tag all: waits for a file system.
/** A file system that does not answer during a run, and later does, as NFS does when its server restarts. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readNpy } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { tier, variants } from '../support/variants.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-away-'));
  const words = ['--images=3', '--size=64,64', '--distance=20', '--cell=12,17,21,90,98,90'];
  expect(await ewald(['simulate', 'frames', '-o', folder, ...words])).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command for which a folder is on a file system that stops answering. */
const ewaldOn = (mount: string, argv: readonly string[], env: Record<string, string> = {}) =>
  ewald(argv, {
    cwd: folder,
    env: {
      NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, '../support/away.mjs')).href}`,
      EWALD_MOUNT: at(mount),
      EWALD_AWAY: at(`${mount}.away`),
      ...env,
    },
  });
const textOf = (name: string): string => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
const chunks = (name: string): number => textOf(name).match(/End chunk/g)?.length ?? 0;
/** Every frame is a hit of a search without peaks, so that nothing but the file system is wrong. */
const index = (name: string, ...more: string[]): string[] =>
  ['index', name, '-g', 'run.geom', '-p', 'none', '--threshold=8', '--min-peaks=0', '--backend=wasm'].concat(
    ['-o', `${name}.stream`, '--log', `${name}.log`, '--follow', '--first-frames-timeout=0'],
    more,
  );

describe('a followed folder', () => {
  test.for(variants(['EIO', 'ESTALE', 'ENOTCONN']))(
    'whose file system answers %s is waited for, and nothing is lost',
    {
      tags: tier,
    },
    async (code) => {
      const name = `folder-${code}`;
      mkdirSync(at(name));
      copyFileSync(at('run.h5'), at(`${name}/a.h5`));
      const running = ewaldOn(name, index(name, '-j', '1', '--no-data-timeout=8'));
      await expect.poll(() => chunks(`${name}.stream.part`), { timeout: 60_000 }).toBe(3);
      writeFileSync(at(`${name}.away`), code);
      copyFileSync(at('run.h5'), at(`${name}/b.h5`));
      await expect.poll(() => textOf(`${name}.log`), { timeout: 60_000 }).toContain('has disappeared; the run looks');
      rmSync(at(`${name}.away`));
      const { code: ended, err } = await running;
      expect(textOf(`${name}.log`)).toContain(`${name} is back`);
      expect(chunks(`${name}.stream`), err).toBe(6);
      expect(ended, err).toBe(0);
    },
  );

  test('whose run is stopped for longer than it waits is looked at again', { tags: 'nightly' }, async () => {
    mkdirSync(at('stopped'));
    copyFileSync(at('run.h5'), at('stopped/a.h5'));
    const running = ewald(index('stopped', '-j', '1', '--no-data-timeout=2'), { cwd: folder });
    await expect.poll(() => chunks('stopped.stream.part'), { timeout: 60_000 }).toBe(3);
    const { pid } = JSON.parse(textOf('stopped.log').split('\n')[0] ?? '') as { pid: number };
    process.kill(pid, 'SIGSTOP');
    copyFileSync(at('run.h5'), at('stopped/b.h5'));
    await new Promise((resolve) => setTimeout(resolve, 2100));
    process.kill(pid, 'SIGCONT');
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(chunks('stopped.stream')).toBe(6);
  });

  test('that stays away ends the run with 1 and its name', async () => {
    mkdirSync(at('gone'));
    copyFileSync(at('run.h5'), at('gone/a.h5'));
    const running = ewaldOn('gone', index('gone', '-j', '1', '--no-data-timeout=3'));
    await expect.poll(() => chunks('gone.stream.part'), { timeout: 60_000 }).toBe(3);
    writeFileSync(at('gone.away'), 'EIO');
    const { code, out, err } = await running;
    expect(code, err).toBe(1);
    expect(out).toMatch(/3 frames.*\n.*gone has disappeared: frames that arrived there meanwhile are missing/);
  });

  test('with a file whose header states another distance: its frames fail, and the others are searched', {
    tags: 'nightly',
  }, async () => {
    mkdirSync(at('two'));
    const words = ['--images=2', '--size=64,64', '--distance=30', '--cell=12,17,21,90,98,90'];
    expect(await ewald(['simulate', 'frames', '-o', at('far'), ...words])).toMatchObject({ code: 0 });
    copyFileSync(at('run.h5'), at('two/a.h5'));
    copyFileSync(at('far/run.h5'), at('two/b.h5'));
    const own = index('two', '-j', '1', '--no-data-timeout=1').filter((word) => word !== '-g' && word !== 'run.geom');
    const { code, out, err } = await ewald(own, { cwd: folder });
    expect(code, err).toBe(1);
    expect(err).toMatch(/b\.h5 \/\/0: its header states a distance of 0\.03 m, not 0\.02 m/);
    expect(out).toContain('2 could not be read');
    expect(chunks('two.stream')).toBe(3);
  });

  // Its file, and the mask that the geometry names, are read some thirty times before the first frame.
  test.for(
    variants(
      [
        ['EIO', 'open 3', '1'],
        ['ENOENT', 'open 3', '1'],
        ['EIO', 'read 12', '1'],
        ['ESTALE', 'read 26', '1'],
        ['EIO', 'open 1', '2'],
      ],
      2,
    ),
  )(
    'that is away (%s) from %s on is waited for before the first frame, %s jobs',
    { tags: tier },
    async ([code = '', when = '', jobs = '']) => {
      const name = `early-${code}-${when.replace(' ', '-')}`;
      mkdirSync(at(name));
      copyFileSync(at('run.h5'), at(`${name}/a.h5`));
      const running = ewaldOn(name, index(name, '-j', jobs, '--no-data-timeout=3'), {
        EWALD_LEAVES: `${when} ${code} ${jobs === '2' ? 'worker' : ''}`,
      });
      await expect.poll(() => existsSync(at(`${name}.away`)), { timeout: 60_000 }).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 300));
      if (code === 'ENOENT') renameSync(at(`${name}.away`), at(name));
      else rmSync(at(`${name}.away`));
      const { code: ended, err } = await running;
      expect(ended, err).toBe(0);
      expect(chunks(`${name}.stream`), err).toBe(3);
    },
  );

  // Where the handles of open files become invalid depends on how often the file is read before.
  test.for([
    ['1', '4'],
    ['1', '12'],
    ['1', '20'],
    ['2', '12'],
  ])(
    'whose open files become invalid is opened again: %s jobs, from read %s on',
    { tags: ['nightly'] },
    async ([jobs = '', read = '']) => {
      const name = `stale-${jobs}-${read}`;
      mkdirSync(at(name));
      copyFileSync(at('run.h5'), at(`${name}/a.h5`));
      const { code, err } = await ewaldOn(name, index(name, '-j', jobs, '--no-data-timeout=2'), { EWALD_STALE: read });
      expect(code, err).toBe(0);
      expect(chunks(`${name}.stream`), err).toBe(3);
    },
  );
});

describe('a scan of files that are followed', () => {
  const pixels = Uint16Array.from({ length: 12 * 16 }, (_, i) => i % 251);
  const bytes = (from: number, to: number): Uint8Array => new Uint8Array(pixels.buffer, 32 * from, 32 * (to - from));
  const scan = (path: string, ...more: string[]): string[] =>
    ['run', 'sumsig', path, '-o', `${path}.npy`, '--follow', '--format=raw', '--dtype=u16', '--sig-shape=4,4'].concat(
      ['--nav-shape=3,4', '--log', `${path}.log`],
      more,
    );

  test.for(variants(['EIO', 'ENOTCONN']))(
    'whose file system answers %s goes on where it was',
    { tags: tier },
    async (code) => {
      const name = `scan-${code}`;
      mkdirSync(at(name));
      await writeFile(at(`${name}/f_1.raw`), bytes(0, 4));
      const running = ewaldOn(name, scan(name, '--status', '0', '--stall=30'));
      await expect.poll(() => textOf(`${name}.log`), { timeout: 60_000 }).toContain('"start"');
      writeFileSync(at(`${name}.away`), code);
      await writeFile(at(`${name}/f_2.raw`), bytes(4, 8));
      await new Promise((resolve) => setTimeout(resolve, 1000));
      rmSync(at(`${name}.away`));
      await appendFile(at(`${name}/f_2.raw`), bytes(8, 12));
      const { code: ended, err } = await running;
      expect(ended, err).toBe(0);
      const { data } = readNpy(readFileSync(at(`${name}.npy`)));
      expect([...data]).toEqual(
        Array.from({ length: 12 }, (_, i) => pixels.subarray(16 * i, 16 * i + 16).reduce((a, b) => a + b)),
      );
    },
  );

  test('whose file system goes away between its format and its first frame goes on where it was', async () => {
    mkdirSync(at('early'));
    await writeFile(at('early/f_1.raw'), bytes(0, 4));
    const running = ewaldOn('early', scan('early', '--stall=30'), { EWALD_CLOSED: 'EIO' });
    await expect.poll(() => textOf('early.away'), { timeout: 60_000 }).toBe('EIO');
    await new Promise((resolve) => setTimeout(resolve, 500));
    rmSync(at('early.away'));
    await writeFile(at('early/f_2.raw'), bytes(4, 12));
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(readNpy(readFileSync(at('early.npy'))).data).toHaveLength(12);
  });
});
