// @module-tag all: runs that are killed and resumed.
/** A run that is killed and resumed: every output equals that of a run that was not interrupted. */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageBegin } from '../../src/report/page.js';
import { ewald } from '../support/cli.js';
import { tier, variants } from '../support/variants.js';

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

/** Runs a command and kills it without cleanup some ms after a file of its folder has this many bytes. */
function killed(
  argv: readonly string[],
  cwd: string,
  name: string,
  bytes: number,
  delayMs = 0,
): Promise<number | null> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [cli, ...argv], { stdio: 'ignore', cwd });
    const watch = setInterval(() => {
      const file = join(cwd, name);
      if (!existsSync(file) || statSync(file).size <= bytes) return;
      clearInterval(watch);
      setTimeout(() => child.kill('SIGKILL'), delayMs);
    }, 2);
    child.on('exit', (code) => {
      clearInterval(watch);
      done(code);
    });
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-resume-'));
  const simulation = ['simulate', 'frames', '-o', 'sim', '--images=12', '--symmetry=4/mmm'];
  expect(await ewald(simulation, { cwd: folder })).toMatchObject({ code: 0 });
  const run = await ewald([...usual, '-j', '1'], { cwd: place('whole') });
  expect(run.code, run.err).toBe(0);
  whole = { ...written(place('whole')), merge: mergeOf(run.out) ?? run.out };
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a resumed run', () => {
  test.for(
    variants([
      ['1', 'run.stream.frames', 0],
      ['2', 'run.stream.part', 60_000],
    ] as const),
  )(
    'killed three times, with %s jobs: HDF5, orientations, report, calibration data and merge are whole',
    { tags: tier },
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

  test('killed again and again at random: every output is whole, and so is the merge', {
    tags: 'nightly',
    timeout: 600_000,
  }, async () => {
    // Park and Miller's generator. EWALD_KILLS and EWALD_SEED ask for more of them, and for others.
    let seed = Number(process.env.EWALD_SEED ?? 38);
    const random = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    random();
    const most = whole.stream?.length ?? 0;
    const wanted = Number(process.env.EWALD_KILLS ?? 6);
    const part = (cwd: string): string => join(cwd, 'run.stream.part');
    let kills = 0;
    for (let round = 0; kills < wanted; round++) {
      const cwd = place(`random-${round}`);
      const jobs = String(1 + (round % 2));
      for (let i = 0; i < 4 && kills < wanted; i++) {
        const has = existsSync(part(cwd)) ? statSync(part(cwd)).size : 0;
        const resume = has > 0 ? ['--resume'] : [];
        const at = has + random() * 0.6 * (most - has);
        const argv = [...usual, '-j', jobs, ...resume];
        if ((await killed(argv, cwd, 'run.stream.part', at, 50 * random())) !== null) break;
        kills++;
      }
      const isNamed = existsSync(join(cwd, 'run.stream'));
      const again = existsSync(part(cwd)) || isNamed ? ['--resume'] : [];
      const { code, out, err } = await ewald([...usual, '-j', jobs, ...again], { cwd });
      expect(code, err).toBe(0);
      expect(written(cwd), `round ${round}`).toEqual({ ...whole, merge: undefined });
      // A stream that has its name is not searched, nor merged, again.
      if (!isNamed) expect(mergeOf(out) ?? out, `round ${round}`).toBe(whole.merge);
    }
    expect(kills).toBe(wanted);
  });

  test('killed as soon as the stream has its name: the other outputs are whole', { tags: 'nightly' }, async () => {
    const cwd = place('named');
    await killed([...usual, '-j', '1'], cwd, 'run.stream', 0);
    const { code, err } = await ewald([...usual, '-j', '1', '--resume'], { cwd });
    expect(code, err).toBe(0);
    expect(written(cwd)).toEqual({ ...whole, merge: undefined });
  });

  test('of the first frames that goes on without them: each output is that of the whole run', {
    tags: 'nightly',
  }, async () => {
    const cwd = place('first');
    const own = [...usual, '-j', '1'];
    // The merge of four frames says nothing yet.
    const some = await ewald([...own, '--first=4'], { cwd });
    expect([some.code, some.err]).toEqual([1, expect.stringMatching(/^merge: The halves have \d reflections? in/m)]);
    expect(readdirSync(cwd)).toContain('run.stream.frames');
    const longer = await ewald([...own, '--resume'], { cwd });
    expect(longer.code, longer.err).toBe(0);
    expect(longer.err).not.toContain('were not kept');
    expect(written(cwd)).toEqual({ ...whole, merge: undefined });
    expect(mergeOf(longer.out) ?? longer.out).toBe(whole.merge);
  });

  test('that was finished is not replaced by one of fewer frames', { tags: 'nightly' }, async () => {
    const cwd = place('fewer');
    const own = ['index', ...search, '-o', 'run.stream', '-j', '1', '--no-integrate'];
    expect(await ewald([...own, '--first=4'], { cwd })).toMatchObject({ code: 0 });
    const before = readFileSync(join(cwd, 'run.stream'), 'utf8');
    for (const fewer of ['--first=2', '--frames=0:3']) {
      const { code, err } = await ewald([...own, fewer], { cwd });
      expect([code, err]).toEqual([
        2,
        expect.stringMatching(/run\.stream is the stream of a finished run, with more frames than the \d .* --force/),
      ]);
      expect(readFileSync(join(cwd, 'run.stream'), 'utf8')).toBe(before);
    }
    expect(await ewald([...own, '--first=4'], { cwd })).toMatchObject({ code: 0 });
    expect(await ewald([...own, '--first=2', '--resume'], { cwd })).toMatchObject({
      ...{ code: 0, err: expect.stringContaining('keeps the 4 frames that it has, more than the 2') },
    });
    expect(await ewald([...own, '--first=2', '--force'], { cwd })).toMatchObject({ code: 0 });
    const two = readFileSync(join(cwd, 'run.stream'), 'utf8');
    expect(two.match(/Begin chunk/g)).toHaveLength(2);
    for (const others of ['--frames=1:6', '--frames=::2']) {
      const { code, err } = await ewald([...own, others, '--resume'], { cwd });
      expect([code, err]).toEqual([
        2,
        expect.stringMatching(/all frames from 0 on, some of which --frames leaves out/),
      ]);
    }
    expect(readFileSync(join(cwd, 'run.stream'), 'utf8')).toBe(two);
    expect(await ewald([...own, '--frames=0:5', '--resume'], { cwd })).toMatchObject({ code: 0 });
  });

  test('of frames that were received is not replaced, nor is its report', { tags: 'nightly' }, async () => {
    const cwd = place('received');
    const frames = 'Image filename: tcp://dcu:31001\nEvent: //0\nImage serial number: 1\nhit = 0\n';
    const chunk = `----- Begin chunk -----\n${frames}----- End chunk -----\n`;
    const stream = `CrystFEL stream format 2.3\nGenerated by ewald 0.2.0\newald index\n${chunk}`;
    writeFileSync(join(cwd, 'run.stream'), stream);
    writeFileSync(join(cwd, 'run.html'), pageBegin);
    const live = ['index', '--zmq-input', 'tcp://127.0.0.1:9', '--zmq-pull', '-p', 'none', '--no-data-timeout=1'];
    for (const own of [live, ['index', ...search]])
      expect(await ewald([...own, '-o', 'run.stream'], { cwd })).toMatchObject({
        code: 2,
        err: expect.stringMatching(/run\.stream is of frames that were received, and cannot come again.* --force/),
      });
    const { code, err } = await ewald([...live, '-o', 'other.stream', '--html', 'run.html'], { cwd });
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/run\.html exists and may be of frames that cannot come .*--force/),
    ]);
    expect(readFileSync(join(cwd, 'run.stream'), 'utf8')).toBe(stream);
  });

  test('that was finished leaves its outputs as they are; a new frame would not be in all of them', async () => {
    const cwd = place('finished');
    const copy = (name: string) => copyFileSync(join(folder, 'sim', name), join(folder, 'finished', name));
    const own = ['index', 'run.h5', '-g', '../sim/run.geom', '-p', '../sim/run.cell', '--backend=wasm', '-j', '1'];
    const argv = [...own, '-o', 'run.stream', '--sol=run.sol', '--html=run.html', '--frames=:4'];
    copy('run.h5');
    expect(await ewald(argv, { cwd })).toMatchObject({ code: 0 });
    const files = () => ['run.stream', 'run.sol', 'run.html'].map((name) => readFileSync(join(cwd, name), 'latin1'));
    const before = files();
    const again = await ewald([...argv, '--resume'], { cwd });
    expect(again.code, again.err).toBe(0);
    expect(files()).toEqual(before);
    const longer = await ewald([...argv.slice(0, -1), '--resume'], { cwd });
    expect(longer.code, longer.err).toBe(2);
    expect(longer.err).toMatch(/--sol would lack frames: the results of 4 of the 4 frames in the stream were not kept/);
    expect(files()).toEqual(before);
    expect(readdirSync(cwd).sort()).toEqual(['run.h5', 'run.html', 'run.sol', 'run.stream']);
  });

  test('that was finished is merged as it was, and its doubts end it as before', async () => {
    const cwd = place('merged-again');
    const argv = ['index', ...search, '-o', 'run.stream', '-j', '1', '--frames=:6', '--merge=4/mmm'];
    const run = await ewald(argv, { cwd });
    const again = await ewald([...argv, '--resume'], { cwd });
    const merged = (text: string) => text.match(/CC1\/2 .*$/gm)?.at(-1);
    expect(merged(run.out + run.err), run.err).toBeDefined();
    expect([again.code, merged(again.out + again.err)]).toEqual([run.code, merged(run.out + run.err)]);
  });

  test('interrupted by Ctrl-C: the other outputs are continued as the stream is', { tags: 'nightly' }, async () => {
    const cwd = place('cut');
    const file = join(cwd, 'run.stream.part');
    const interruptWhen = (): boolean => existsSync(file) && statSync(file).size > 60_000;
    const cut = await ewald([...usual, '-j', '1'], { cwd, interruptWhen });
    expect(cut.code, cut.err).toBe(130);
    expect(cut.err).toContain('run.stream.part; --resume continues it\n');
    expect(await ewald([...usual, '-j', '1', '--resume'], { cwd })).toMatchObject({ code: 0 });
    expect(written(cwd)).toEqual({ ...whole, merge: undefined });
  });

  test('whose earlier results are gone, or were never kept, is refused for outputs that would lack them', {
    tags: 'nightly',
  }, async () => {
    const cwd = place('alone');
    const plain = ['index', ...search, '-o', 'run.stream', '-j', '1'];
    await killed(plain, cwd, 'run.stream.part', 60_000);
    const before = readFileSync(join(cwd, 'run.stream.part'));
    const { code, err } = await ewald([...plain, '--resume', '--hdf5=run.h5'], { cwd });
    expect(code, err).toBe(2);
    expect(err).toMatch(
      /--hdf5 would lack frames: the results of (\d+) of the \1 frames in the stream were not kept; leave/,
    );
    expect(err).toMatch(/leave it out with --resume, or begin again with --force/);
    expect(readFileSync(join(cwd, 'run.stream.part')).subarray(0, 1000)).toEqual(before.subarray(0, 1000));
    expect(await ewald([...plain, '--resume'], { cwd })).toMatchObject({ code: 0 });
    const stream = readFileSync(join(cwd, 'run.stream'), 'latin1');
    expect(stream.split('\n').toSpliced(2, 1).join('\n')).toBe(whole.stream);
  });
});
