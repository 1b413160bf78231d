/** Flags that resemble another one, and files that are no frames: the message says what to give. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inShell } from '../../src/apps/cli/command-line.js';
import { formatNpy } from '../../src/io/data/npy.js';
import { ewaldTogether as ewald } from '../support/cli.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-suggestions-'));
  await ewald(['simulate', 'frames', '-o', folder, '--images=3', '--size=96,96']);
});
afterAll(() => rm(folder, { recursive: true }));

test.for(['--treshold=12', '--treshold'])('ewald index %s names the flag that was meant', async (word) => {
  const { code, err } = await ewald(['index', 'run.h5', word]);
  expect(code).toBe(2);
  expect(err).toMatch(/unknown option '--treshold'\n\(Did you mean --threshold\?\)/);
});

test.for([
  [['run', 'sum', 'a.npy', '--no-data-timeout', '5'], '--no-data-timeout of this command is called --stall'],
  [['index', 'a.h5', '--stall=5'], '--stall of this command is called --no-data-timeout'],
] as const)('ewald %j names the present flag', async ([words, message]) => {
  const { code, err } = await ewald(words);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test.for([
  [['cell', 'no.txt', '--tolerance', '0.02'], '--tolerance is called --symmetry-tolerance; the former name'],
  [['cell', 'no.txt', '--max=60'], '--max is called --max-length; the former name works in 0.2 only'],
  [['cell', 'no.txt', '--min=60'], '--min is called --min-length; the former name works in 0.2 only'],
  [['index', 'no.txt', '--max=60'], '--max is called --max-length; the former name works in 0.2 only'],
  [['simulate', 'frames', '-o', 'x', '--scale=x'], '--scale is called --strength'],
  [['run', 'sum', 'no.npy', '--gain', 'no-gain.npy'], '--gain is called --gain-map'],
] as const)('ewald %j takes the former flag with a warning', async ([words, message]) => {
  const { code, err } = await ewald(words);
  expect(code).not.toBe(0);
  expect(err).toContain(message);
  expect(err).not.toContain('unknown option');
});

test.for(['--multi=1', '--no-integrate=yes', '--json=true'])(
  'ewald index %s: the flag takes no value',
  async (word) => {
    const flag = word.replace(/=.*/, '');
    const { code, err } = await ewald(['index', 'run.h5', word]);
    expect([code, err]).toEqual([2, expect.stringContaining(`${flag} takes no value; give ${flag} alone, or leave`)]);
  },
);

test('the next command is printed as a shell takes it', async () => {
  const words = ['simulate', 'frames', '-o', join(folder, 'my data'), '--images=1', '--size=64,64'];
  const { code, out } = await ewald(words);
  const at = (name: string): string => `'${join(folder, 'my data', name)}'`;
  expect([code, out.trimEnd()]).toEqual([
    0,
    `1 frame in ${at('run.h5').slice(1, -1)}; index it with: ewald index ${at('run.h5')} -g ${at('run.geom')} ` +
      `-p ${at('run.cell')} -o ${at('run.stream')}`,
  ]);
  expect(inShell("it's")).toBe("'it'\\''s'");
});

test('options are refused by their former names, and by those of other rooms', async () => {
  const { Context } = await import('../../dist/udf.node.js');
  await using ctx = new Context({ context: { backend: 'wasm' } });
  const options = { follow: true, navShape: [2, 2], noDataTimeout: 5 } as const;
  await expect(ctx.load('a.raw', options as never)).rejects.toThrow('the option noDataTimeout is called stallS');
  const { createContext, FrameSimulator } = await import('../../dist/index.node.js');
  await using context = await createContext({ backend: 'wasm' });
  const run = async () => {
    for await (const _ of context.pipeline({ inputs: 'a.h5', stallS: 5 } as never)) break;
  };
  await expect(run()).rejects.toThrow('the option stallS is called noDataTimeout');
  const cell = [
    [79, 0, 0],
    [0, 79, 0],
    [0, 0, 38],
  ] as const;
  expect(() => new FrameSimulator({ cell, scale: 900 } as never)).toThrow('the option scale is called strength');
});

test.for([
  ['--max-frames', ['index', 'run.h5', '--max-frames', '3'], '--frames'],
  ['--max-image-size', ['index', 'run.h5', '--max-image-size', '3'], undefined],
  ['--min-ress', ['index', 'run.h5', '--min-ress=3'], '--min-res'],
  ['--no-integrat', ['index', 'run.h5', '--no-integrat'], '--no-integrate'],
] as const)('%s suggests flags of near words alone', async ([flag, words, near]) => {
  const { code, err } = await ewald(words);
  expect(code).toBe(2);
  expect(err).toContain(`unknown option '${flag}'\n${near === undefined ? '(--help' : `(Did you mean ${near}?)`}`);
});

test('a threshold that is no number is refused, and its unit is stated', async () => {
  const { code, err } = await ewald(['index', join(folder, 'run.h5'), '--threshold', 'banana']);
  expect([code, err]).toEqual([2, 'ewald: --threshold is "banana"; expected a number, in units of the frame\n']);
});

/** The beginnings of files that are no lists of spots, and what to do with each. */
const others = [
  [
    'run.stream',
    'CrystFEL stream format 2.3\nGenerated by x\n',
    /it is a stream: ewald stream info .* ewald index searches its peaks/,
  ],
  ['run.geom', 'wavelength  = 1.0 A\n', /it is a geometry of a detector: give it as geometry \(-g\)/],
  [
    'said.geom',
    '; made by hand\n\n  ; twice\nq0/min_fs = 0\n',
    /it is a geometry of a detector: give it as geometry \(-g\)/,
  ],
  ['run.cell', 'CrystFEL unit cell file version 1.0\n', /it is a known cell: give it as one of the cells \(-p\)/],
  ['merged.hkl', 'CrystFEL reflection list version 2.0\n', /it is a list of merged reflections: ewald merge/],
] as const;

test.for(others)('ewald cell and ewald index name what %s is', async ([name, text, words]) => {
  const file = join(folder, `list-${name}`);
  await writeFile(file, text);
  const cell = await ewald(['cell', file]);
  expect([cell.code, cell.err]).toEqual([1, expect.stringMatching(words)]);
  // A stream is an input of ewald index.
  if (name.endsWith('.stream')) return;
  const { code, out } = await ewald(['index', file]);
  expect([code, out]).toEqual([1, expect.stringMatching(words)]);
});

test('an output in a folder that does not exist names the folder, as far as possible as it was written', async () => {
  const input = join(folder, 'ones.npy');
  await writeFile(input, formatNpy({ shape: [4], data: new Float64Array(4), complex: false }));
  const absent = join(folder, 'absent');
  for (const [file, named, cwd] of [
    [join(absent, 'a.npy'), absent, undefined],
    ['absent/a.npy', 'absent', folder],
  ] as const) {
    const { code, err } = await ewald(['fft', input, '-o', file, '--kind', 'c2c'], cwd === undefined ? {} : { cwd });
    expect([code, err]).toEqual([
      1,
      `ewald: ${file} cannot be written: the folder ${named} does not exist; make it first\n`,
    ]);
  }
});

test('frames that fail for one reason are one line and their number', async () => {
  const bytes = await readFile(join(folder, 'run.h5'));
  await writeFile(join(folder, 'cut.h5'), bytes.subarray(0, bytes.length / 2));
  const cut = Array.from({ length: 80 }, (_, i) => `cut.h5 //${i}`);
  const lines = ['run.h5 //0', ...cut, 'run.h5 //1', 'cut.h5 //0', 'absent.h5 //3', ''];
  await writeFile(join(folder, 'cut.lst'), lines.join('\n'));
  const flags = ['-g', join(folder, 'run.geom'), '-p', join(folder, 'run.cell')];
  const { code, err } = await ewald(['index', '-i', join(folder, 'cut.lst'), ...flags, '-o', join(folder, 'c.stream')]);
  expect(code).toBe(1);
  const failed = err.match(/^✗.*/gm) ?? [];
  expect(failed).toEqual([
    expect.stringMatching(/cut\.h5 \/\/0.*it is truncated/),
    '✗ 79 further frames for the same reason',
    expect.stringMatching(/cut\.h5 \/\/0.*it is truncated/),
    `✗ ${join(folder, 'absent.h5')} //3 does not exist`,
  ]);
  for (const line of failed) expect(line.split('.h5').length).toBeLessThanOrEqual(2);
});

test.for([
  ['merged.hkl', 'CrystFEL reflection list version 2.0\nSymmetry: 4/m\n', /list of merged reflections: ewald merge/],
  ['merged.mtz', 'MTZ \u0015\u0000\u0000\u0000', /MTZ file of reflections: ewald merge/],
  ['run.stream', 'CrystFEL stream format 2.3\n', /a stream: ewald stream info/],
  ['notes.txt', 'nothing\n', /a text file, which holds no frames/],
] as const)('ewald info recognises %s', async ([name, text, words]) => {
  const file = join(folder, name);
  await writeFile(file, text, 'latin1');
  const { code, err } = await ewald(['info', file]);
  expect(code).toBe(1);
  expect(err).toMatch(words);
});
