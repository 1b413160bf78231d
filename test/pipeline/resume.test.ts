/** A run that is killed and resumed: every output equals that of a run that was not interrupted. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';

const cli = resolve('dist/cli.js');
const search = ['../sim/run.h5', '-g', '../sim/run.geom', '-p', '../sim/run.cell', '--backend=wasm'];
const outputs = ['--hdf5=run.h5', '--sol=run.sol', '--html=run.html', '--mille', '--mille-file=run.mille'];
const usual = ['index', ...search, '-o', 'run.stream', ...outputs, '--merge=4/mmm'];

let folder = '';
let whole: Record<string, string> = {};
const place = (name: string): string => {
  mkdirSync(join(folder, name), { recursive: true });
  return join(folder, name);
};

/** The outputs of a run; durations, and how the stream was made, are omitted. */
function written(cwd: string): Record<string, string> {
  // The number of jobs is part of the command line.
  const text = (name: string): string => readFileSync(join(cwd, name), 'latin1').replaceAll('-j 2', '-j 1');
  return {
    names: readdirSync(cwd).sort().join(' '),
    stream: text('run.stream').split('\n').toSpliced(2, 1).join('\n'),
    hdf5: text('run.h5'),
    sol: text('run.sol'),
    mille: text('run.mille'),
    html: text('run.html')
      .replace(/<h2>Time<\/h2><section>.*?<\/section>/s, '')
      .replace(/[\d.]+<\/b>([^<]*<[^>]*>)*\s*frames a second/, ''),
  };
}

/** The last words of the running merge. */
const mergeOf = (out: string): string | undefined => out.match(/^CC1\/2 .*$/gm)?.at(-1);

/** Runs a command and kills it without cleanup as soon as a file of its folder has this many bytes. */
function killed(argv: readonly string[], cwd: string, name: string, bytes: number): Promise<number | null> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [cli, ...argv], { stdio: 'ignore', cwd });
    const watch = setInterval(() => {
      const file = join(cwd, name);
      if (existsSync(file) && statSync(file).size > bytes) child.kill('SIGKILL');
    }, 2);
    child.on('exit', (code) => {
      clearInterval(watch);
      done(code);
    });
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-resume-'));
  const simulation = ['simulate', 'frames', '-o', 'sim', '--images=10', '--symmetry=4/mmm'];
  expect(await ewald(simulation, { cwd: folder })).toMatchObject({ code: 0 });
  const run = await ewald([...usual, '-j', '1'], { cwd: place('whole') });
  expect(run.code, run.err).toBe(0);
  whole = { ...written(place('whole')), merge: mergeOf(run.out) ?? run.out };
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a resumed run', () => {
  test.for([
    ['1', 'run.stream.frames', 0],
    ['2', 'run.stream.part', 60_000],
  ] as const)(
    'killed three times, with %s jobs: HDF5, orientations, report, calibration data and merge are whole',
    {
      tags: ['all'],
    },
    async ([jobs, name, first]) => {
      const cwd = place(`killed-${jobs}`);
      let kills = 0;
      for (const bytes of [first, 100_000, 200_000]) {
        const resume = existsSync(join(cwd, 'run.stream.part')) ? ['--resume'] : [];
        if ((await killed([...usual, '-j', jobs, ...resume], cwd, name, bytes)) === null) kills++;
      }
      expect(kills).toBe(3);
      const { code, out, err } = await ewald([...usual, '-j', jobs, '--resume'], { cwd });
      expect(code, err).toBe(0);
      expect(written(cwd)).toEqual({ ...whole, merge: undefined });
      expect(mergeOf(out) ?? out).toBe(whole.merge);
    },
  );

  test('killed as soon as the stream has its name: the other outputs are whole', async () => {
    const cwd = place('named');
    await killed([...usual, '-j', '1'], cwd, 'run.stream', 0);
    const { code, err } = await ewald([...usual, '-j', '1', '--resume'], { cwd });
    expect(code, err).toBe(0);
    expect(written(cwd)).toEqual({ ...whole, merge: undefined });
  });

  test('that was finished leaves its outputs as they are; a new frame would not be in all of them', async () => {
    const cwd = place('finished');
    const copy = (name: string) => copyFileSync(join(folder, 'sim', name), join(folder, 'finished', name));
    const own = ['index', 'run.h5', '-g', '../sim/run.geom', '-p', '../sim/run.cell', '--backend=wasm', '-j', '1'];
    const argv = [...own, '-o', 'run.stream', '--sol=run.sol', '--html=run.html', '--first=4'];
    copy('run.h5');
    expect(await ewald(argv, { cwd })).toMatchObject({ code: 0 });
    const files = () => ['run.stream', 'run.sol', 'run.html'].map((name) => readFileSync(join(cwd, name), 'latin1'));
    const before = files();
    const again = await ewald([...argv, '--resume'], { cwd });
    expect(again.code, again.err).toBe(0);
    expect(files()).toEqual(before);
    const longer = await ewald([...argv.slice(0, -1), '--resume'], { cwd });
    expect(longer.code, longer.err).toBe(2);
    expect(longer.err).toMatch(/--sol would lack frames: 4 of the 4 frames in the stream were searched without it/);
    expect(files()).toEqual(before);
    expect(readdirSync(cwd).sort()).toEqual(['run.h5', 'run.html', 'run.sol', 'run.stream']);
  });

  test('interrupted by Ctrl-C: the other outputs are continued as the stream is', async () => {
    const cwd = place('cut');
    const file = join(cwd, 'run.stream.part');
    const interruptWhen = (): boolean => existsSync(file) && statSync(file).size > 60_000;
    const cut = await ewald([...usual, '-j', '1'], { cwd, interruptWhen });
    expect(cut.code, cut.err).toBe(130);
    expect(cut.err).toContain('run.stream.part; --resume continues it\n');
    expect(await ewald([...usual, '-j', '1', '--resume'], { cwd })).toMatchObject({ code: 0 });
    expect(written(cwd)).toEqual({ ...whole, merge: undefined });
  });

  test('whose earlier results are gone, or were never kept, is refused for outputs that would lack them', async () => {
    const cwd = place('alone');
    const plain = ['index', ...search, '-o', 'run.stream', '-j', '1'];
    await killed(plain, cwd, 'run.stream.part', 60_000);
    const before = readFileSync(join(cwd, 'run.stream.part'));
    const { code, err } = await ewald([...plain, '--resume', '--hdf5=run.h5'], { cwd });
    expect(code, err).toBe(2);
    expect(err).toMatch(
      /--hdf5 would lack frames: (\d+) of the \1 frames in the stream were searched without it; leave/,
    );
    expect(err).toMatch(/leave it out with --resume, or begin again with --force/);
    expect(readFileSync(join(cwd, 'run.stream.part')).subarray(0, 1000)).toEqual(before.subarray(0, 1000));
    expect(await ewald([...plain, '--resume'], { cwd })).toMatchObject({ code: 0 });
    const stream = readFileSync(join(cwd, 'run.stream'), 'latin1');
    expect(stream.split('\n').toSpliced(2, 1).join('\n')).toBe(whole.stream);
  });
});
