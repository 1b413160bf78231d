/** Files of hits that are damaged, cut, moved or not finished, and runs that a full disk or a kill ends. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Context, createContext } from 'ewald';
import { open } from 'ewald/data';
import { simulateFrames } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isEwaldError } from '../../dist/index.node.js';
import { bytesOfArray } from '../../src/bytes/dtype.js';
import type { Cell } from '../../src/crystal/cell.js';
import { ewald, ewaldTogether } from '../support/cli.js';
import { seeded } from './hits-support.js';

const cli = resolve('dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'ewald-hits-faults-'));
const of = (...names: string[]): string => join(folder, ...names);
const cell: Cell = [
  [79.1, 0, 0],
  [0, 79.1, 0],
  [0, 0, 38.1],
];
/** An empty folder, also at a second attempt. */
const empty = (name: string): void => {
  rmSync(of(name), { recursive: true, force: true });
  mkdirSync(of(name));
};
const random = seeded(20261201);
const upTo = (n: number): number => Math.floor(n * random());
let ctx: Context;

/** The bytes of a small file of hits, and everything that is read of it. */
let whole: Buffer;
let truth: Readonly<Record<string, string>>;
/** Where its frames end and what is said of them begins. */
let framesEnd = 0;

const fields = ['frame', 'serial', 'source', 'source_index', 'kept', 'photon_energy', 'camera_length', 'frames_in_run'];
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    ArrayBuffer.isView(one) ? Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString('base64') : one,
  ) ?? '';

/** All that a file says of its frames, and what its reader warns of. */
async function allOf(file: string): Promise<Record<string, string>> {
  const dataset = await open(file);
  try {
    const { shape, dtype, meta, notes, frames } = dataset;
    const numbers: unknown[] = [];
    for (const name of fields) numbers.push((await dataset.field?.(`/entry/reduction/${name}`))?.values);
    const pixels: string[] = [];
    for (let i = 0; i < frames; i++)
      pixels.push(Buffer.from(bytesOfArray(await dataset.read(i, 1))).toString('base64'));
    return {
      shape: textOf([shape, dtype]),
      meta: textOf(meta),
      mask: textOf(await dataset.mask?.()),
      numbers: textOf(numbers),
      peaks: textOf(await dataset.peaks?.(0, frames)),
      pixels: pixels.join(),
      warned: notes
        .filter(({ kind }) => kind === 'warning')
        .map(({ text }) => text)
        .join('\n'),
    };
  } finally {
    await dataset.dispose();
  }
}

/** How a changed file is read: refused, named, the same, or what differs without a word. */
async function readingOf(bytes: Uint8Array): Promise<string> {
  writeFileSync(of('changed.cxi'), bytes);
  try {
    const found = await allOf(of('changed.cxi'));
    const differ = Object.keys(truth).filter((name) => found[name] !== truth[name]);
    return differ.length === 0 ? 'the same' : found.warned !== '' ? 'named' : `${differ.join(' and ')} without a word`;
  } catch (error) {
    return isEwaldError(error, 'Format') ? 'refused' : `${error}`;
  }
}

beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
  mkdirSync(of('set'));
  const simulation = { cell, images: 12, blank: 0.4, seed: 5, detectorPx: [240, 240], pixelMm: 0.3 } as const;
  await simulateFrames(of('set'), simulation, { name: 'run' });
  await ctx.reduce({ inputs: [of('set/run.h5')], geometry: of('set/run.geom'), output: of('small.cxi') });
  whole = readFileSync(of('small.cxi'));
  truth = await allOf(of('small.cxi'));
  framesEnd = whole.lastIndexOf('FADB', whole.indexOf('peakXPosRaw'));
});
afterAll(async () => {
  await ctx.dispose();
  rmSync(folder, { recursive: true });
});

describe('a file of hits', () => {
  test('a bit that changes anywhere is refused or named', { tags: 'all' }, async () => {
    const found: Record<string, number> = {};
    for (let n = 0; n < 240; n++) {
      // What is said of the frames is smaller than they are, and is looked at as often.
      const at = n % 2 ? upTo(whole.length) : whole.length - 1 - upTo(whole.length - framesEnd);
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ (1 << upTo(8));
      const reading = await readingOf(bytes);
      found[reading] = (found[reading] ?? 0) + 1;
    }
    // A few bytes are nobody's: how the command was typed.
    expect(Object.keys(found).filter((how) => !['refused', 'named', 'the same'].includes(how))).toEqual([]);
    expect(found['the same'] ?? 0).toBeLessThan(12);
  });

  test('one that is cut anywhere is refused when it is opened', async () => {
    const lengths = [0, 1, 47, 48, whole.length - 1, ...Array.from({ length: 20 }, () => upTo(whole.length))];
    for (const length of lengths)
      expect([length, await readingOf(whole.subarray(0, length))]).toEqual([length, 'refused']);
  });

  test('one whose run has moved, or is gone, is read and reduced as before', { tags: 'all' }, async () => {
    for (const name of ['moved', 'run2']) empty(name);
    for (const name of ['run.h5', 'run.geom']) copyFileSync(of('set', name), of('run2', name));
    const usual = { inputs: [of('run2/run.h5')], geometry: of('run2/run.geom'), blanks: 0.5 };
    const first = await ctx.reduce({ ...usual, output: of('here.cxi'), force: true });
    rmSync(of('run2'), { recursive: true });
    for (const name of ['here.cxi', 'here.geom']) renameSync(of(name), of('moved', name));
    const { numbers } = await allOf(of('moved/here.cxi'));
    const again = { inputs: [of('moved/here.cxi')], geometry: of('moved/here.geom'), blanks: 1 };
    expect(await ctx.reduce({ ...again, output: of('again.cxi'), force: true })).toMatchObject({
      kept: first.kept,
      hits: first.hits,
    });
    // Why a frame is kept may change; where it was recorded does not.
    expect((await allOf(of('again.cxi'))).numbers).toBe(numbers);
    const shown = ['view', of('moved/here.cxi'), '-g', of('moved/here.geom'), '--save', of('moved.html')];
    const { code, err } = await ewaldTogether(shown);
    expect(code, err).toBe(0);
    expect(/recorded as \d+ of [^"]*/.exec(readFileSync(of('moved.html'), 'utf8'))?.[0]).toMatch(
      /^recorded as \d of run\.h5$/,
    );
  });
});

describe('a reduction that is ended', { tags: 'all' }, () => {
  const search = ['--backend=wasm', '-j', '1'];
  const reduce = (set: string, file: string) => [
    'reduce',
    of(set, 'run.h5'),
    '-g',
    of(set, 'run.geom'),
    ...search,
    '-o',
    file,
  ];
  /** Files of a folder, without the locks that a kill leaves. */
  const filesOf = (name: string): string[] => readdirSync(of(name)).filter((file) => !file.endsWith('.lock'));
  let expected: Readonly<Record<string, string>>;

  beforeAll(async () => {
    mkdirSync(of('large'));
    const simulation = { cell, images: 40, blank: 0.3, seed: 3, detectorPx: [400, 400], pixelMm: 0.19 } as const;
    await simulateFrames(of('large'), simulation, { name: 'run' });
    const { code, err } = await ewaldTogether(reduce('large', of('expected.cxi')));
    expect(code, err).toBe(0);
    expected = await allOf(of('expected.cxi'));
  });

  /** Kills a command once the files whose names match have this many bytes; returns whether it came to that. */
  const killed = (args: readonly string[], folder: string, match: RegExp, bytes: number): Promise<boolean> =>
    new Promise((done) => {
      const child: ChildProcess = spawn(process.execPath, [cli, ...args], { stdio: 'ignore' });
      const watch = setInterval(() => {
        const sizes = readdirSync(folder).map((name) =>
          match.test(name) ? (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) : 0,
        );
        if (sizes.reduce((sum, one) => sum + one, 0) >= bytes) child.kill('SIGKILL');
      }, 1);
      child.on('exit', (_, signal) => {
        clearInterval(watch);
        done(signal === 'SIGKILL');
      });
    });

  /** Files beside hits from which a reduction that was ended goes on. */
  const journal = ['hits.cxi.run', 'hits.cxi.run.frames'];

  test.each([
    ['all frames', []],
    ['a shard', ['--shard', '1/2']],
  ] as const)(
    'one of %s that is killed leaves no file of hits, and goes on to the bytes of one that was not',
    async (_, shard) => {
      empty('killed');
      const file = of('killed', 'hits.cxi');
      const args = [...reduce('large', file), ...shard];
      const unbroken = await ewald(args);
      expect(unbroken.code, unbroken.err).toBe(0);
      const bytes = readFileSync(file);
      empty('killed');
      for (const [i, size] of [1, bytes.length * random() * 0.5, bytes.length * (0.5 + random() * 0.45)].entries()) {
        const resume = i > 0 ? ['--resume'] : [];
        expect(await killed([...args, ...resume], of('killed'), /^\.hits\.cxi.*tmp$/, size)).toBe(true);
        expect(existsSync(file)).toBe(false);
      }
      // Whoever finds what is left of it is told that it is no file yet.
      const left = filesOf('killed').find((name) => name.startsWith('.hits.cxi')) as string;
      copyFileSync(of('killed', left), of('half.cxi'));
      await expect(open(of('half.cxi'))).rejects.toSatisfy((error) => isEwaldError(error, 'Format'));
      const refused = await ewald(args);
      expect([refused.code, refused.err]).toEqual([
        2,
        expect.stringMatching(
          /hits\.cxi\.run(\.part)? contains the frames of an interrupted run; continue it with --resume/,
        ),
      ]);
      const { code, err } = await ewald([...args, '--resume']);
      expect(code, err).toBe(0);
      expect(err).toMatch(/going on after frame \d+/);
      // Not even a lock is left.
      expect(readdirSync(of('killed')).sort()).toEqual(['hits.cxi', 'hits.geom']);
      expect(readFileSync(file).equals(bytes)).toBe(true);
      const again = await ewald([...args, '--resume']);
      expect([again.code, again.err]).toEqual([
        2,
        expect.stringMatching(/hits\.cxi is complete, so that there is nothing to continue/),
      ]);
    },
  );

  test('a run that is killed again and again, and resumed, keeps the hits of one that was not', async () => {
    empty('resumed');
    const [stream, file] = [of('resumed', 'run.stream'), of('resumed', 'hits.cxi')];
    const run = ['index', of('large/run.h5'), '-g', of('large/run.geom'), '-p', of('large/run.cell'), ...search];
    const args = [...run, '-o', stream, '--hits', file];
    for (const bytes of [0.2, 0.5, 0.8].map((share) => (share + 0.2 * random()) * 6e5)) {
      const resume = existsSync(`${stream}.part`) ? ['--resume'] : [];
      expect(await killed([...args, ...resume], of('resumed'), /^run\.stream\.part$/, bytes)).toBe(true);
      expect(existsSync(file)).toBe(false);
    }
    const { code, err } = await ewald([...args, '--resume']);
    expect(code, err).toBe(0);
    expect(filesOf('resumed').sort()).toEqual(['hits.cxi', 'hits.geom', 'run.stream']);
    expect(await allOf(file)).toEqual(expected);
  });

  test('a file that may not grow ends it, and leaves none', async () => {
    empty('limited');
    const file = of('limited', 'hits.cxi');
    const kilobytes = Math.floor(((0.1 + 0.8 * random()) * statSync(of('expected.cxi')).size) / 1024);
    const limited = `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`;
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', limited, 'bash', process.execPath, cli, ...reduce('large', file)],
      {
        encoding: 'utf8',
      },
    );
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/hits\.cxi cannot be written: the file would be larger/),
    ]);
    expect(filesOf('limited').sort()).toEqual(journal);
    const { code, err } = await ewald([...reduce('large', file), '--resume']);
    expect(code, err).toBe(0);
    expect(filesOf('limited').sort()).toEqual(['hits.cxi', 'hits.geom']);
    expect(await allOf(file)).toEqual(expected);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'a disk that is full ends it, and leaves no file; with room it goes on',
    async () => {
      empty('disk');
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', of('disk')], { encoding: 'utf8' });
      expect(mounted.status, mounted.stderr).toBe(0);
      try {
        const file = of('disk', 'hits.cxi');
        const { code, err } = await ewald(reduce('large', file));
        expect([code, err]).toEqual([1, expect.stringMatching(/hits\.cxi cannot be written: the disk is full/)]);
        expect(filesOf('disk').sort()).toEqual(journal);
        spawnSync('mount', ['-o', 'remount,size=16m', of('disk')]);
        const again = await ewald([...reduce('large', file), '--resume']);
        expect(again.code, again.err).toBe(0);
        expect(await allOf(file)).toEqual(expected);
      } finally {
        spawnSync('umount', [of('disk')]);
      }
    },
  );
});
