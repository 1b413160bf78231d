/**
 * Every command that writes files follows the policy of src/frames/files/write.ts: an input is never an output, a file that
 * ewald did not write is replaced only with --force, a file has one writer, and a failed or interrupted run leaves the
 * file of an earlier run.
 */
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Lock, lockFile } from '../../src/frames/files/lock.js';
import { Commands } from '../support/commands.js';

/** A command that writes one file. */
interface Row {
  readonly name: string;
  /** The arguments, given the name of the output. */
  readonly words: (output: string) => readonly string[];
  readonly ending: string;
  /** The ending of a file that describes the output, beside it. */
  readonly described?: string;
  /** Its inputs, none of which may be the output. */
  readonly inputs: readonly string[];
  /** Whether the file itself records that ewald wrote it, so that a second run replaces it. */
  readonly isOwn?: boolean;
  /**
   * Ctrl-C: 'discards' leaves no file, 'keeps' leaves NAME.part, 'begins' leaves NAME.part once a frame is finished,
   * 'ends' is too short to be interrupted.
   */
  readonly interrupted: 'discards' | 'keeps' | 'begins' | 'ends';
  /** What a failed write leaves: nothing, or a .part file that --resume continues. */
  readonly failed?: 'part';
}

const geometry = ['-g', 'run.geom', '-p', 'run.cell', '--threshold=8', '--backend=wasm', '-j', '1'];
const index = ['index', 'run.h5', ...geometry];
const read = ['run.h5', 'run.geom', 'run.cell'];
const rows: readonly Row[] = [
  {
    name: 'fft',
    words: (out) => ['fft', 'in.npy', '--backend=wasm', '-o', out],
    ending: '.npy',
    inputs: ['in.npy'],
    interrupted: 'discards',
  },
  {
    name: 'convert to .h5',
    words: (out) => ['convert', 'run.h5', '-o', out],
    ending: '.h5',
    inputs: ['run.h5'],
    interrupted: 'discards',
  },
  {
    name: 'convert to .npy',
    words: (out) => ['convert', 'run.h5', '-o', out],
    ending: '.npy',
    inputs: ['run.h5'],
    interrupted: 'discards',
  },
  {
    name: 'run -o .npy',
    words: (out) => ['run', 'sum', 'scan.npy', '--dark', 'dark.npy', '-o', out],
    ending: '.npy',
    described: '.json',
    inputs: ['scan.npy', 'dark.npy'],
    interrupted: 'discards',
  },
  {
    name: 'run -o .h5',
    words: (out) => ['run', 'sum', 'run.h5', '-o', out],
    ending: '.h5',
    inputs: ['run.h5'],
    interrupted: 'discards',
  },
  {
    name: 'run --png',
    words: (out) => ['run', 'sum', 'scan.npy', '--png', out],
    ending: '.png',
    inputs: [],
    interrupted: 'discards',
  },
  {
    name: 'cell',
    words: (out) => ['cell', 'spots.txt', 'turned.txt', '--backend=wasm', '--max-length=60', '-o', out],
    ending: '.cell',
    inputs: ['spots.txt', 'turned.txt'],
    interrupted: 'discards',
  },
  {
    name: 'geometry check -o',
    words: (out) => ['geometry', 'check', 'run.geom', 'run.h5', '-o', out],
    ending: '.geom',
    inputs: ['run.geom', 'run.h5'],
    interrupted: 'ends',
  },
  {
    name: 'geometry check --svg',
    words: (out) => ['geometry', 'check', 'run.geom', '--svg', out],
    ending: '.svg',
    inputs: ['run.geom'],
    interrupted: 'ends',
  },
  {
    name: 'index -o',
    words: (out) => [...index, '-o', out],
    ending: '.stream',
    inputs: read,
    isOwn: true,
    interrupted: 'begins',
    failed: 'part',
  },
  {
    name: 'index --html',
    words: (out) => [...index, '--html', out],
    ending: '.html',
    inputs: read,
    isOwn: true,
    interrupted: 'keeps',
  },
  {
    name: 'index --hdf5',
    words: (out) => [...index, '--hdf5', out],
    ending: '.h5',
    inputs: read,
    interrupted: 'keeps',
  },
  { name: 'index --sol', words: (out) => [...index, '--sol', out], ending: '.sol', inputs: read, interrupted: 'keeps' },
  {
    name: 'index -i STREAM -o',
    words: (out) => ['index', '-i', 'old.stream', '--backend=wasm', '-o', out],
    ending: '.stream',
    inputs: ['old.stream'],
    isOwn: true,
    interrupted: 'begins',
    failed: 'part',
  },
  {
    name: 'stream merge',
    words: (out) => ['stream', 'merge', 'old.stream', '-o', out],
    ending: '.stream',
    inputs: ['old.stream'],
    isOwn: true,
    interrupted: 'ends',
  },
  {
    name: 'validate --html',
    words: (out) => ['validate', 'pi:count:points=4', '--backend=wasm', '--html', out],
    ending: '.html',
    inputs: [],
    isOwn: true,
    interrupted: 'keeps',
  },
  {
    name: 'ffi -o .json',
    words: (out) => ['ffi', 'k.h', '-o', out],
    ending: '.json',
    inputs: [],
    isOwn: true,
    interrupted: 'ends',
  },
  {
    name: 'ffi -o .ts',
    words: (out) => ['ffi', 'k.h', '-o', out],
    ending: '.ts',
    inputs: [],
    isOwn: true,
    interrupted: 'ends',
  },
];

/** Ctrl-C as soon as the command has started a file. */
const started = { interrupt: 'begun' } as const;
let folder = '';
let originals = '';
let commands: Commands;
const at = (...name: string[]): string => join(folder, ...name);
const text = (file: string): string => readFileSync(file, 'latin1');

/** A .npy file of one or three axes. */
function npy(shape: readonly number[], of: (i: number) => number): Buffer {
  const numbers = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => of(i));
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const padded = `${head.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\0v\0', 'latin1'),
    Buffer.from(padded),
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength),
  ]);
}

beforeAll(async () => {
  originals = mkdtempSync(join(tmpdir(), 'ewald-originals-'));
  folder = mkdtempSync(join(tmpdir(), 'ewald-policy-'));
  commands = await Commands.start(folder);
  const simulation = ['--images=2', '--size=192,192', '--distance=20', '--cell=20,25,31,90,98,90', '--seed=3'];
  const strong = ['--background=1', '--mosaicity=0.2', '--strength=3000'];
  expect(await commands.run(['simulate', 'frames', '-o', '.', ...simulation, ...strong])).toMatchObject({ code: 0 });
  writeFileSync(at('in.npy'), npy([8, 8], Math.sin));
  writeFileSync(
    at('scan.npy'),
    npy([4, 8, 8], (i) => i % 7),
  );
  writeFileSync(
    at('dark.npy'),
    npy([8, 8], () => 1),
  );
  writeFileSync(at('k.h'), 'int f(int x);\n');
  // Two orientations of one crystal, which decide its lattice.
  const [spots, turned] = [['20 0 0 0 25 0 0 0 31'], ['20 0 0 0 25 0 0 0 31']];
  for (const [h, k, l] of [0, 1, 2, 3].flatMap((h) => [0, 1, 2, 3].flatMap((k) => [0, 1, 2].map((l) => [h, k, l]))))
    if (h || k || l) {
      const [x, y, z] = [(h ?? 0) / 20, (k ?? 0) / 25, (l ?? 0) / 31];
      spots.push(`${x} ${y} ${z}`);
      turned.push(`${y} ${z} ${x}`);
    }
  writeFileSync(at('spots.txt'), `${spots.join('\n')}\n`);
  writeFileSync(at('turned.txt'), `${turned.join('\n')}\n`);
  expect(await commands.run([...index, '-o', 'old.stream'])).toMatchObject({ code: 0 });
  for (const name of readdirSync(folder)) copyFileSync(at(name), join(originals, name));
});
afterAll(() => {
  commands?.stop();
  for (const one of [folder, originals]) rmSync(one, { recursive: true, force: true });
});

/** A folder that contains only the inputs. */
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(at(name), { recursive: true });
  for (const name of readdirSync(originals)) copyFileSync(join(originals, name), at(name));
});
const inputsStand = (): void => {
  for (const name of readdirSync(originals)) expect(text(at(name)), name).toBe(text(join(originals, name)));
};
/** The files in the folder other than the inputs. */
const besides = (): string[] => readdirSync(folder).filter((name) => !existsSync(join(originals, name)));

/** The outputs that `npm run test:all` tries in every way; `npm run nightly` tries the others. */
const usual = ['fft', 'convert to .h5', 'run -o .npy', 'geometry check -o', 'index -o', 'index --hdf5', 'ffi -o .ts'];

describe.each(rows)('$name', ({ name, words, ending, described, inputs, isOwn, interrupted, failed }) => {
  const often = usual.includes(name) ? 'all' : 'nightly';
  const out = `out${ending}`;
  const all = [out, ...(described ? [`${out}${described}`] : [])];

  test('writes its file, and replaces it without --force only if its content states that ewald wrote it', {
    tags: often,
  }, async () => {
    const first = await commands.run(words(out));
    expect(first.code, first.err).toBe(0);
    expect(besides()).toEqual(all);
    const written = text(at(out));
    expect(written).not.toBe('');
    const second = await commands.run(words(out));
    expect(second.code, second.err).toBe(isOwn ? 0 : 2);
    if (!isOwn) expect(second.err).toMatch(/out\.\w+ exists and .*choose another name, or pass --force/);
    expect(besides()).toEqual(all);
    expect((await commands.run([...words(out), '--force'])).code).toBe(0);
    inputsStand();
  });

  test('replaces no file of another kind without --force, and no folder with it', { tags: often }, async () => {
    writeFileSync(at(out), 'precious');
    const refused = await commands.run(words(out));
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/exists and .*--force/) });
    expect(text(at(out))).toBe('precious');
    rmSync(at(out));
    mkdirSync(at(out));
    const ofFolder = await commands.run([...words(out), '--force']);
    expect(ofFolder).toMatchObject({ code: 1, err: expect.stringContaining('it is a folder, not a file') });
    const nowhere = await commands.run(words(join('nowhere', out)));
    expect(nowhere).toMatchObject({
      code: 1,
      err: expect.stringMatching(/the folder \S*nowhere does not exist; make it first/),
    });
    expect(besides()).toEqual([out]);
    inputsStand();
  });

  test.each(inputs)('does not replace its input %s by any name', { tags: often }, async (input) => {
    // The format of some outputs follows from their extension: then the input is only reached by links with that
    // extension.
    symlinkSync(input, at(`soft${ending}`));
    linkSync(at(input), at(`hard${ending}`));
    for (const name of [`soft${ending}`, `hard${ending}`, ...(input.endsWith(ending) ? [input] : [])]) {
      const { code, err } = await commands.run([...words(name), '--force']);
      expect([code, err], name).toEqual([2, expect.stringMatching(/is the input itself|would be one of the files/)]);
    }
    expect(lstatSync(at(`soft${ending}`)).isSymbolicLink()).toBe(true);
    inputsStand();
    expect(besides().toSorted()).toEqual([`hard${ending}`, `soft${ending}`]);
  });

  test('has one writer: a second one is refused with the name of the first, even with --force', async () => {
    const lock: Lock = await lockFile(out, at(out));
    try {
      const { code, err } = await commands.run([...words(out), '--force']);
      expect(code, err).toBe(1);
      expect(err).toMatch(new RegExp(`${out} is being written by process ${process.pid} on \\S+, since 20\\d\\d-`));
      expect(besides()).toEqual([`.${out}.lock`]);
    } finally {
      await lock.release();
    }
    expect(besides()).toEqual([]);
  });

  const isInterrupted = interrupted !== 'ends';
  test.each(isInterrupted ? ['Ctrl-C'] : [])(
    'interrupted by %s, leaves the file of an earlier run',
    { tags: often },
    async () => {
      expect((await commands.run(words(out))).code).toBe(0);
      const whole = text(at(out));
      const when = interrupted === 'discards' ? ({ interrupt: 'listening' } as const) : started;
      const { code, err } = await commands.run([...words(out), '--force'], when);
      expect(code, err).toBe(130);
      // What is under the name of a stream is never that of another run.
      const stands = failed === 'part' ? `${out}.before` : out;
      expect(text(at(stands))).toBe(whole);
      expect(besides()).toEqual(interrupted === 'keeps' ? [stands, `${out}.part`] : stands === out ? all : [stands]);
      inputsStand();
    },
  );

  test.each([
    ['full', 'the disk is full'],
    ['unflushed', 'the disk quota is exceeded'],
  ] as const)(
    'reports a disk that is %s, exit 1, and leaves the file of an earlier run',
    { tags: often },
    async (fault, why) => {
      expect((await commands.run(words(out))).code).toBe(0);
      const whole = text(at(out));
      const { code, err } = await commands.run([...words(out), '--force'], { fault });
      expect(err).toContain(why);
      expect(code).toBe(1);
      const stands = failed === 'part' ? `${out}.before` : out;
      expect(text(at(stands))).toBe(whole);
      expect(besides()).toEqual(failed === 'part' ? [stands, `${out}.part`] : all);
      if (failed === 'part')
        expect(err).toContain(`finished frames are in ${out}.part: continue with resume (--resume)`);
      inputsStand();
    },
  );
});

test('folders and patterns: an output that would be an input of the next run is refused at the start', async () => {
  mkdirSync(at('dir'));
  for (const name of ['a', 'b']) copyFileSync(at('scan.npy'), at('dir', `${name}.npy`));
  symlinkSync('dir', at('alias'));
  for (const words of [
    ['run', 'sum', 'dir/*.npy', '-o', 'dir/x.npy'],
    ['run', 'sum', 'dir/*.npy', '-o', 'alias/x.npy'],
    ['run', 'sum', 'dir', '-o', 'dir/x.npy'],
    ['run', 'sum,sumsig', 'dir', '-o', 'dir/x.npy'],
    ['convert', 'dir/?.npy', '-o', 'dir/x.npy'],
    ['convert', 'dir', '-o', 'dir/a.npy'],
    ['index', 'dir', ...geometry, '--hdf5', 'dir/x.h5'],
  ]) {
    const { code, err } = await commands.run([...words, '--force']);
    expect([code, err], words.join(' ')).toEqual([2, expect.stringMatching(/would be one of the files of dir/)]);
  }
  expect(readdirSync(at('dir'))).toEqual(['a.npy', 'b.npy']);
  // A file of another format, or with a name that the pattern does not match, is not an input.
  expect((await commands.run(['run', 'sum', 'dir/?.npy', '-o', 'dir/total.npy'])).code).toBe(0);
  expect((await commands.run(['convert', 'dir/?.npy', '-o', 'dir/x.h5'])).code).toBe(0);
});

test.runIf(process.platform === 'linux')(
  'a file that is only named by the input cannot be an output, not even with --force',
  async () => {
    // EMPAD: a description that names the file with the frames, each of 130 × 128 numbers.
    const frames = Buffer.alloc(130 * 128 * 4, 1);
    writeFileSync(at('scan.raw'), frames);
    writeFileSync(at('scan.xml'), '<?xml version="1.0"?><root><raw_file filename="scan.raw"/></root>');
    for (const words of [
      ['convert', 'scan.xml', '-o', 'scan.raw'],
      ['convert', 'scan.xml', '-o', 'link.raw'],
    ]) {
      if (words.includes('link.raw')) symlinkSync('scan.raw', at('link.raw'));
      const { code, err } = await commands.run([...words, '--force']);
      expect([code, err]).toEqual([2, expect.stringMatching(/\.raw is being read, as a part of an input/)]);
    }
    expect(readFileSync(at('scan.raw')).equals(frames)).toBe(true);
    const other = await commands.run(['convert', 'scan.xml', '-o', 'other.npy']);
    expect(other.code, other.err).toBe(0);
  },
);

test.for([
  ['index', ...['--sol', 'x.out', '--html', 'x.out']],
  ['index', ...['-o', 'x.stream', '--html', './x.stream']],
  ['index', ...['-o', 'x.stream', '--sol', 'alias/x.stream']],
  ['index', ...['-o', 'x.out', '--html', 'x.out.part']],
  ['index', ...['-o', '-', '--sol', '-']],
  ['merge', 'old.stream', '-y', '1', ...['--mtz', 'x.mtz', '--unmerged', 'x.mtz']],
  ['merge', 'old.stream', '-y', '1', ...['-o', 'x.hkl', '--state', 'x.hkl1']],
  ['run', 'sum', 'scan.npy', ...['-o', 'x.npy', '--record', './x.npy']],
])('%s %s …: two outputs of one command must be different files', { tags: 'all' }, async (words) => {
  symlinkSync('.', at('alias'));
  // A geometry that was read would be found missing.
  const given = words[0] === 'index' ? ['index', 'run.h5', '-g', 'absent.geom', ...words.slice(1)] : words;
  const { code, err } = await commands.run([...given, '--force']);
  expect([code, err]).toEqual([2, expect.stringMatching(/outputs have the same name|are one file/)]);
  expect(besides()).toEqual(['alias']);
});

test('two outputs may go to the same device', async () => {
  const { code, err } = await commands.run([...index, '-o', '/dev/null', '--sol', '/dev/null']);
  expect(code, err).toBe(0);
});

test('Ctrl-C before the first frame leaves nothing to resume, and reports it', async () => {
  writeFileSync(at('x.stream'), 'of an earlier run');
  const { code, err } = await commands.run([...index, '-o', 'x.stream', '--force'], started);
  expect(code, err).toBe(130);
  expect(err).toContain('interrupted before a frame was finished');
  expect(err).not.toContain('--resume');
  expect(besides()).toEqual(['x.stream.before']);
});

test('a finished run removes what an interrupted one left of its outputs', { tags: 'all' }, async () => {
  const beside = ['--html', 'x.html', '--hdf5', 'x.h5', '--sol', 'x.sol', '--mille', '--mille-file', 'x.bin'];
  const words = [...index, ...beside];
  expect((await commands.run(words)).code).toBe(0);
  for (const name of besides()) copyFileSync(at(name), at(`${name}.part`));
  writeFileSync(at('old.stream.part'), 'precious');
  expect((await commands.run([...words, '--force'])).code).toBe(0);
  expect(besides().toSorted()).toEqual(['old.stream.part', 'x.bin', 'x.h5', 'x.html', 'x.sol']);
});

test('simulate frames does not replace a cell that it reads, and leaves all its files or none', async () => {
  const words = ['simulate', 'frames', '-o', '.', '--images=1', '--size=64,64', '--cell=run.cell', '--force'];
  expect(await commands.run(words)).toMatchObject({ code: 2, err: expect.stringContaining('run.cell is the input') });
  inputsStand();
  writeFileSync(at('new.geom'), 'mine');
  const other = await commands.run([...words.slice(0, -1), '--name=new']);
  expect(other).toMatchObject({ code: 2, err: expect.stringContaining('new.geom exists') });
  expect(besides()).toEqual(['new.geom']);
  expect(await commands.run([...words, '--name=new'], { interrupt: 'listening' })).toMatchObject({ code: 130 });
  expect([besides(), text(at('new.geom'))]).toEqual([['new.geom'], 'mine']);
});

test('simulate spots: an earlier simulation is kept until the new one is complete', async () => {
  const words = ['simulate', 'spots', '-o', 'lists', '--images=3'];
  expect((await commands.run(words)).code).toBe(0);
  const names = ['spots-001.txt', 'spots-002.txt', 'spots-003.txt', 'truth.json'];
  const whole = names.map((name) => text(at('lists', name)));
  expect((await commands.run(words)).code).toBe(2);
  const again = ['simulate', 'spots', '-o', 'lists', '--images=2', '--seed=5', '--force'];
  for (const disturbance of [{ interrupt: 'listening' }, { fault: 'full' }, { fault: 'unflushed' }] as const) {
    expect((await commands.run(again, disturbance)).code).not.toBe(0);
    expect(readdirSync(at('lists'))).toEqual(names);
    expect(names.map((name) => text(at('lists', name)))).toEqual(whole);
  }
  expect((await commands.run(again)).code).toBe(0);
  expect(readdirSync(at('lists'))).toEqual([...names.slice(0, 2), 'truth.json']);
});

test('outputs beside a stream are independent: a failed one is reported, others are written, exit code 1', {
  tags: 'all',
}, async () => {
  const words = [...index, '-o', 'a.stream', '--sol', '/dev/full', '--html', 'a.html', '--hdf5', 'a.h5'];
  const { code, out, err } = await commands.run(words);
  expect([code, err]).toEqual([1, expect.stringContaining('/dev/full cannot be written: the disk is full')]);
  expect(out).toMatch(/crystals in a\.h5\n.*report in a\.html/);
  expect(err).toContain('the results of the frames are kept: resume (--resume) writes the outputs once more');
  expect(besides()).toEqual(['a.h5', 'a.html', 'a.stream', 'a.stream.frames']);
  // Without another search, the output that failed is written.
  const stream = text(at('a.stream'));
  const again = await commands.run(words.map((word) => word.replace('/dev/full', 'a.sol')).concat('--resume'));
  expect(again.code, again.err).toBe(0);
  expect(besides()).toEqual(['a.h5', 'a.html', 'a.sol', 'a.stream']);
  expect(text(at('a.stream'))).toBe(stream);
  expect(text(at('a.sol')).split('\n').length).toBeGreaterThan(1);
});
