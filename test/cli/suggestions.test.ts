/** Flags that resemble another one, and files that are no frames: the message says what to give. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inShell } from '../../src/cli/command-line.js';
import { ewaldTogether as ewald } from '../support/cli.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-suggestions-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.for(['--treshold=12', '--treshold'])('ewald index %s names the flag that was meant', async (word) => {
  const { code, err } = await ewald(['index', 'run.h5', word]);
  expect(code).toBe(2);
  expect(err).toMatch(/unknown option '--treshold'\n\(Did you mean --threshold\?\)/);
});

test.for([
  [['cell', 'spots.txt', '--tolerance', '0.02'], '--tolerance of this command is called --symmetry-tolerance'],
  [['simulate', 'frames', '-o', 'x', '--scale=900'], '--scale of this command is called --strength'],
  [['run', 'sum', 'a.npy', '--no-data-timeout', '5'], '--no-data-timeout of this command is called --stall'],
  [['index', 'a.h5', '--stall=5'], '--stall of this command is called --no-data-timeout'],
] as const)('ewald %j names the present flag', async ([words, message]) => {
  const { code, err } = await ewald(words);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
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
