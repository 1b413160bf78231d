/** A run that is killed, resumed, sharded, followed or distributed always gives the same stream. */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald, ewaldTogether } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';

let folder = '';
let whole = '';
const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
const usual = ['index', sim('mono.h5'), ...search];
/** A stream without the line that records how it was made. */
const body = (file: string): string => readFileSync(file, 'utf8').split('\n').toSpliced(2, 1).join('\n');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-run-'));
  if (!dataFolder) return;
  const stream = join(folder, 'whole.stream');
  const { code, err } = await ewald([...usual, '-j', '1', '-o', stream]);
  expect(code, err).toBe(0);
  whole = body(stream);
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a command and kills it without cleanup once its stream has some bytes. */
function killed(args: readonly string[], part: string, bytes: number): Promise<void> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ['dist/cli.js', ...args], { stdio: 'ignore' });
    const watch = setInterval(() => {
      if (existsSync(part) && statSync(part).size > bytes) child.kill('SIGKILL');
    }, 5);
    child.on('exit', () => {
      clearInterval(watch);
      done();
    });
  });
}

describe.skipIf(!dataFolder)(`runs${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('killed at any moment and continued: the same stream', { tags: 'nightly' }, async () => {
    const stream = join(folder, 'killed.stream');
    for (const bytes of [-1, 100, 90_000]) {
      await killed([...usual, '-j', '1', '-o', stream], `${stream}.part`, bytes);
      if (existsSync(stream)) rmSync(stream);
      else expect(existsSync(`${stream}.part`)).toBe(true);
      const { code, err } = await ewald([...usual, '-j', '1', '-o', stream, '--resume']);
      expect(code, err).toBe(0);
      expect(body(stream)).toBe(whole);
      expect(existsSync(`${stream}.part`)).toBe(false);
      rmSync(stream);
    }
  });

  test('the files of a killed run are neither replaced nor continued by another run', { tags: 'nightly' }, async () => {
    const stream = join(folder, 'left.stream');
    writeFileSync(`${stream}.part`, readFileSync(join(folder, 'whole.stream'), 'utf8').slice(0, 120_000));
    const anew = await ewald([...usual, '-o', stream]);
    expect(anew.code).toBe(2);
    expect(anew.err).toMatch(/left\.stream\.part contains the frames of an interrupted run; .*--resume.*--force/s);
    const other = await ewald([...usual, '-o', stream, '--resume', '--min-snr=7']);
    expect(other.code).toBe(2);
    expect(other.err).toMatch(
      /was started as "ewald index .* -g .* -o .*", which differs from this run.* -g .*--min-snr=7/s,
    );
    expect(readFileSync(`${stream}.part`, 'utf8')).toHaveLength(120_000);
  });

  // With a report, results are kept beside the stream, and are larger than it.
  test.each([
    ['full.stream', []],
    ['full-frames.stream', ['--html', 'full.html']],
  ])(
    'a full disk leaves complete frames, and the run can be continued once there is space: %s',
    {
      tags: 'nightly',
    },
    async (name, more) => {
      const [stream, file] = [join(folder, name), more[1]];
      const also = file === undefined ? [] : ['--html', join(folder, file)];
      const limited = `trap '' XFSZ; ulimit -f 150; exec "$@"`;
      const args = ['-c', limited, 'sh', process.execPath, 'dist/cli.js', ...usual, '-j', '1', '-o', stream, ...also];
      const err = await new Promise<string>((done) => {
        const child = spawn('sh', args, { stdio: ['ignore', 'ignore', 'pipe'] });
        let text = '';
        child.stderr?.on('data', (piece) => {
          text += piece;
        });
        child.on('exit', (code) => done(`${code} ${text}`));
      });
      expect(err).toMatch(
        file === undefined ? /^1 .*full\.stream.*--resume/s : /^1 .*frames cannot be written.*--resume/s,
      );
      expect(existsSync(stream)).toBe(false);
      const part = readFileSync(`${stream}.part`, 'utf8');
      // The first results may not have had the room.
      const hasFrames = file === undefined || part.includes('Begin chunk');
      expect(part.endsWith('----- End chunk -----\n')).toBe(hasFrames);
      const { code } = await ewald([...usual, '-j', '1', '-o', stream, ...also, '--resume']);
      expect(code).toBe(0);
      expect(body(stream)).toBe(whole);
    },
  );

  test('the first frames of a run, continued with all of them: the same stream', { tags: 'all' }, async () => {
    const stream = join(folder, 'first.stream');
    expect((await ewaldTogether([...usual, '-j', '1', '-o', stream, '--first=2'])).code).toBe(0);
    const { out } = await ewaldTogether(['stream', 'info', stream, '--json']);
    expect(JSON.parse(out)).toMatchObject({ frames: 2 });
    expect((await ewaldTogether([...usual, '-j', '1', '-o', stream, '--resume'])).code).toBe(0);
    expect(body(stream)).toBe(whole);
  });

  test('shards merge into the stream of the whole run', { tags: 'all' }, async () => {
    const shards = [1, 2].map((i) => join(folder, `shard-${i}.stream`));
    for (const [i, shard] of shards.entries())
      expect((await ewaldTogether([...usual, '-j', '1', '-o', shard, `--shard=${i + 1}/2`])).code).toBe(0);
    const merged = join(folder, 'merged.stream');
    const { code, out } = await ewaldTogether(['stream', 'merge', ...shards.toReversed(), '-o', merged]);
    expect(code).toBe(0);
    expect(out).toMatch(/6 frames of 2 streams/);
    expect(body(merged)).toBe(whole);
    const { out: json } = await ewaldTogether(['stream', 'info', merged, '--json']);
    expect(JSON.parse(json)).toMatchObject({ frames: 6, hits: 6, indexed: 6, crystals: 6, torn: false });
  });

  test('streams that each count from 1 are concatenated and renumbered', async () => {
    const [one, both] = [join(folder, 'whole.stream'), join(folder, 'both.stream')];
    const copy = join(folder, 'copy.stream');
    copyFileSync(one, copy);
    const { code, err, out } = await ewaldTogether(['stream', 'merge', one, copy, '-o', both]);
    // Frames that count twice are for the user to look at.
    expect(code).toBe(1);
    expect(err).toMatch(/renumbered/);
    expect(err).toMatch(/warning: 6 frames are in the streams more than once, the first of them .*mono\.h5 \/\/0/);
    expect(out).toMatch(/12 frames of 2 streams/);
    const serials = [...readFileSync(both, 'utf8').matchAll(/^Image serial number: (\d+)$/gm)].map(([, n]) =>
      Number(n),
    );
    expect(serials).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  test('a stream that is given twice, by whatever names, is joined once', async () => {
    const [one, other, joined] = ['whole.stream', 'link.stream', 'once.stream'].map((name) => join(folder, name));
    symlinkSync(one as string, other as string);
    const files = [one, one, other] as string[];
    const { code, err, out } = await ewaldTogether(['stream', 'merge', ...files, '-o', joined as string]);
    expect(code).toBe(0);
    expect(err).toMatch(/note: \S*whole\.stream is given twice; it is read once/);
    expect(err).toMatch(/note: \S*link\.stream, which is \S*whole\.stream, is given twice; it is read once/);
    expect(out).toMatch(/6 frames of 1 stream are/);
    expect(body(joined as string)).toBe(whole);
  });

  test('a stream is compared with its truth and with itself', async () => {
    const stream = join(folder, 'whole.stream');
    const truth = await ewaldTogether(['stream', 'compare', stream, sim('mono.truth.json'), '--json']);
    expect(JSON.parse(truth.out)).toMatchObject({
      crystalsThere: 6,
      crystalsRight: 6,
      crystalsWrong: 0,
      peaksFalse: 0,
    });
    const self = await ewaldTogether(['stream', 'compare', stream, stream, '--json']);
    expect(JSON.parse(self.out)).toMatchObject({ indexedInBoth: 6, peaksInFirstAlone: 0 });
    expect(JSON.parse(self.out).misorientationMostDeg).toBeLessThan(1e-6);
  });

  test('the peaks of a stream are indexed again, without its frames', async () => {
    const [old, anew] = [join(folder, 'whole.stream'), join(folder, 'anew.stream')];
    const { code, err, out } = await ewaldTogether(['index', '-i', old, '-o', anew, '--backend=wasm']);
    expect(code, err).toBe(0);
    expect(out).toMatch(/6 of 6 frames indexed/);
    const facts = JSON.parse((await ewaldTogether(['stream', 'compare', old, anew, '--json'])).out);
    expect(facts).toMatchObject({ framesOfBoth: 6, indexedInBoth: 6, latticesThatDiffer: 0, peaksInFirstAlone: 0 });
    // Peaks in a stream are rounded to a hundredth of a pixel.
    expect(facts.misorientationMostDeg).toBeLessThan(0.005);
    for (const flag of ['--threshold=3', '--int-radius=3,4,5']) {
      const wrong = await ewaldTogether(['index', '-i', old, '-o', anew, flag]);
      expect(wrong.code).toBe(2);
      const name = flag.replace(/=.*/, '');
      expect(wrong.err).toMatch(`${name} belongs to `);
      expect(wrong.err).toMatch(' is a stream, whose peaks are indexed again as they are');
    }
  });

  test('a folder is followed: files that arrive during the run are in the stream', { tags: 'all' }, async () => {
    const watched = join(folder, 'watched');
    mkdirSync(watched);
    copyFileSync(sim('mono.h5'), join(watched, 'a-1.h5'));
    const stream = join(folder, 'followed.stream');
    const args = ['index', watched, ...search, '-j', '1', '-o', stream, '--follow', '--no-data-timeout=4'];
    const page = join(folder, 'followed.html');
    const run = ewald([...args, '--html', page]);
    await expect.poll(() => existsSync(`${stream}.part`), { timeout: 60_000 }).toBe(true);
    copyFileSync(sim('mono.h5'), join(folder, 'a-2.tmp'));
    renameSync(join(folder, 'a-2.tmp'), join(watched, 'a-2.h5'));
    const { code, err } = await run;
    expect(code, err).toBe(0);
    const text = readFileSync(stream, 'utf8');
    expect([...text.matchAll(/^Image filename: .*(a-\d)\.h5$/gm)].map(([, name]) => name)).toEqual([
      ...Array(6).fill('a-1'),
      ...Array(6).fill('a-2'),
    ]);
    const report = readFileSync(page, 'utf8');
    expect(report).toMatch(/maximum of every pixel over 12 frames/);
    expect(report).toMatch(/a-2\.h5|a-1\.h5/);
  });

  test('a damaged file in a list is reported, counted and skipped', { tags: 'all' }, async () => {
    const damaged = join(folder, 'damaged.h5');
    writeFileSync(damaged, readFileSync(sim('mono.h5')).subarray(0, 3000));
    const list = join(folder, 'damaged.lst');
    writeFileSync(list, `${sim('mono.h5')} //0\n${damaged}\n${sim('mono.h5')} //1\n`);
    const stream = join(folder, 'damaged.stream');
    const { code, out, err } = await ewald([
      'index',
      '-i',
      list,
      '--allow-outside',
      ...search,
      '-j',
      '1',
      '-o',
      stream,
    ]);
    expect(code).toBe(1);
    expect(err).toMatch(/✗ .*damaged\.h5.*is truncated/);
    expect(out).toMatch(/2 of 3 frames indexed.*1 could not be read/);
    expect(readFileSync(stream, 'utf8').match(/Image serial number: \d/g)).toEqual([
      'Image serial number: 1',
      'Image serial number: 3',
    ]);
  });

  test('this thread, two and eight workers, ranks, and a cluster with and without a folder give the same bytes', {
    tags: 'all',
    timeout: 300_000,
  }, async () => {
    const given = (more: readonly string[], name: string): string[] => [
      ...usual,
      ...more,
      '-o',
      join(folder, `${name}.stream`),
    ];
    const wrong: Record<string, unknown> = {};
    const compare = (name: string, { code, err }: { code: unknown; err: unknown }): void => {
      if (code !== 0 || body(join(folder, `${name}.stream`)) !== whole) wrong[name] = [code, err];
    };
    for (const [name, ...more] of [
      ['inline', '--executor=inline'],
      ['two', '-j', '2'],
      ['eight', '-j', '8'],
    ] as const)
      compare(name, await ewald(given(more, name)));
    if (mpiPresent)
      compare('ranks', await mpirun(3, new URL('../../dist/cli.js', import.meta.url), ...given([], 'ranks')));
    if (natsPresent) {
      const server = await new NatsServer().start();
      for (const [name, ...more] of [['sent'], ['stored', '--shards', folder]] as const) {
        const worker = new WorkerProcess(server.url, more);
        await worker.joined();
        compare(name, await ewald(given([`--executor=${server.url}`], name)));
        worker.kill();
        await worker.ended();
      }
      await server.stop();
    }
    expect(wrong).toEqual({});
  });

  test.for([
    [['--shard=3/2'], /--shard is "3\/2"; expected i\/n/],
    [['--frames=4'], /--frames is "4"; expected first:end or first:end:step/],
    [['--frames=9:'], /the run has 6 frames, counted from 0; 9: selects no frame/],
    [['--first=2', '--frames=1:'], /--first and --frames both select frames/],
    [['--resume'], /--resume requires a stream to continue/],
    [['--executor=moon'], /--executor is "moon"; expected inline, workers, mpi/],
    [['--mille-dir=x'], /--mille-dir is a flag of CrystFEL's indexamajig that ewald does not have: .*--mille-file/],
    [['--indexing=xgandalf'], /--indexing is a flag of CrystFEL.*--method/],
    [['--accept-by=luck'], /--accept-by.*chance, crystfel/],
    [['--tolerance=5,5', '--accept-by=crystfel'], /--tolerance is "5,5"; expected 6 numbers, 0 or more/],
    [['--highres=0'], /--highres/],
  ] as const)('%j is refused with a message that says what is expected', async ([words, message]) => {
    const { code, err } = await ewaldTogether([...usual, '-j', '1', ...words]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});
