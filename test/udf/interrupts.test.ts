// @module-tag all: runs over frames of 4 Mpixel in processes of their own, which signals end
/** `ewald run` over large frames, interrupted in each of its phases, leaves whole files and nothing else. */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { tier, variants } from '../support/variants.js';

const side = 2048;
let [data, folder] = ['', ''];
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'ewald-interrupts-'));
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (3, ${side}, ${side}), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text.padEnd(117)}\n`, 'latin1');
  const frames = Buffer.alloc(3 * side * side, 1);
  for (let i = 0; i < frames.length; i += 5) frames[i] = i % 251;
  writeFileSync(join(data, 'large.npy'), Buffer.concat([head, frames]));
});
afterAll(() => rm(data, { recursive: true }));

/** The names in the folder of the results, hidden ones too. */
const left = (): string[] => readdirSync(folder).sort();
const whole = async (file: string): Promise<void> => {
  const results = await open(join(folder, file), { dataset: '/results/std' });
  expect(results.arrays.map(({ name }) => name).sort()).toEqual(
    ['mean', 'std', 'sum', 'var'].map((name) => `/results/${name}`),
  );
  await results.dispose();
};

const words = (): string[] => ['run', 'stddev', join(data, 'large.npy'), '--backend', 'wasm'];
const begin = async (): Promise<void> => {
  folder = await mkdtemp(join(data, 'results-'));
};

test.each(
  variants([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const),
)(
  '%s while pictures are drawn leaves the results, and no part of a picture',
  { tags: tier },
  async (signal, wanted) => {
    await begin();
    const interruptWhen = (): boolean => existsSync(join(folder, 'std.h5'));
    const files = ['-o', 'std.h5', '--png', 'std.png'];
    const { code, out, err } = await ewald([...words(), ...files], { cwd: folder, interruptWhen, signal });
    expect([code, err]).toEqual([wanted, expect.stringContaining('interrupted: what was finished is kept')]);
    expect(out).toMatch(/^std\.h5$/m);
    const pictures = left().filter((name) => name !== 'std.h5');
    expect(pictures.length).toBeLessThan(4);
    for (const name of pictures) expect(name).toMatch(/^std-\w+\.png$/);
    await whole('std.h5');
  },
);

test('SIGINT while results are written leaves them whole', async () => {
  await begin();
  const interruptWhen = (): boolean =>
    left().some((name) => name.endsWith('.tmp') && statSync(join(folder, name), { throwIfNoEntry: false })?.size);
  const { code } = await ewald([...words(), '-o', 'std.h5'], { cwd: folder, interruptWhen });
  expect([code, left()]).toEqual([130, ['std.h5']]);
  await whole('std.h5');
});

test('SIGTERM while frames are read leaves a part or nothing', { tags: 'nightly' }, async () => {
  await begin();
  const interruptWhen = (): boolean => left().some((name) => name.endsWith('.tmp'));
  const files = ['-o', 'std.h5', '--png', 'std.png'];
  const { code } = await ewald([...words(), ...files], { cwd: folder, interruptWhen, signal: 'SIGTERM' });
  expect(code).toBe(143);
  for (const name of left()) expect(name).toMatch(/^std(\.h5|-\w+\.png)\.part$/);
});
