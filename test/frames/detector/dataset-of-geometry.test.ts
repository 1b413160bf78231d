/** Which dataset a geometry means: one answer for the check, the run, the search for a cell and JavaScript. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, createContext, parseGeometry } from 'ewald';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Hdf5Writer, type WriteNode } from '../../../src/hdf5/writer.js';
import { ewaldTogether } from '../../support/cli.js';
import { refused } from '../../support/refused.js';
import { codecsHere } from '../hdf5-support.js';

const size = 64;
const folder = mkdtempSync(join(tmpdir(), 'ewald-dataset-'));
const at = (name: string): string => join(folder, name);
let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
  await write('two.h5', async (writer) => ({
    dark: { frames: await frames(writer, 2, 0) },
    bright: { frames: await frames(writer, 2, 5) },
    link: { link: { file: 'two.h5', path: '/bright' } },
  }));
  // The larger array is the file's own choice.
  await write('own.h5', async (writer) => ({
    dark: { frames: await frames(writer, 40, 0) },
    group: { children: { bright: { frames: await frames(writer, 2, 5) } } },
  }));
  for (const [name, path] of Object.entries({
    bright: '/bright',
    linked: '/link',
    absent: '/no/such',
    within: '/group/bright',
    group: '/group',
  }))
    writeFileSync(at(`${name}.geom`), geometry(`data = ${path}`));
  writeFileSync(at('silent.geom'), geometry(''));
});
afterAll(async () => {
  await context.dispose();
  rmSync(folder, { recursive: true });
});

const geometry = (data: string): string => `wavelength = 1 A
clen = 0.1
adu_per_photon = 1
${data}
p/min_fs = 0
p/max_fs = ${size - 1}
p/min_ss = 0
p/max_ss = ${size - 1}
p/corner_x = -32
p/corner_y = -32
p/fs = +1x +0y
p/ss = +0x +1y
p/res = 10000
p/dim0 = %
p/dim1 = ss
p/dim2 = fs
`;

async function write(name: string, content: (writer: Hdf5Writer) => Promise<Record<string, WriteNode>>) {
  const codecs = await codecsHere();
  const parts: Uint8Array[] = [];
  const sink = {
    append: async (bytes: Uint8Array) => void parts.push(bytes.slice()),
    patch: async (_: number, bytes: Uint8Array) => parts[0]?.set(bytes),
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  await writer.finish(await content(writer));
  await codecs.dispose();
  writeFileSync(at(name), Buffer.concat(parts));
}

/** Frames with some peaks on a flat background. */
async function frames(writer: Hdf5Writer, count: number, peaks: number) {
  const series = writer.series({ frames: count, signal: [size, size], dtype: 'u16' });
  const numbers = new Uint16Array(count * size ** 2).fill(10);
  for (let frame = 0; frame < count; frame++)
    for (let peak = 0; peak < peaks; peak++)
      for (const near of [0, 1, size, size + 1])
        numbers[frame * size ** 2 + (10 + 10 * peak) * size + 12 + 7 * peak + near] = 5000;
  await series.write(numbers);
  return series;
}

const searching = ['-p', 'none', '--threshold', '100', '--min-snr', '4', '-j', '1', '--backend', 'wasm'];
const ewald = (...words: string[]) => ewaldTogether(words, { cwd: folder });
const index = (file: string, name: string, ...more: string[]) =>
  ewald('index', file, '-g', `${name}.geom`, ...searching, '-o', `${name}.stream`, '--force', ...more);
/** Peaks of the frames of a stream. */
const peaksOf = (name: string): number[] =>
  [...readFileSync(at(`${name}.stream`), 'utf8').matchAll(/^num_peaks = (\d+)/gm)].map(([, n]) => Number(n));

describe('a dataset that the geometry states', () => {
  test.for([
    ['two.h5', 'bright'],
    ['two.h5', 'linked'],
    ['own.h5', 'within'],
  ] as const)('is read from %s: %s', async ([file, name]) => {
    const checked = await ewald('geometry', 'check', `${name}.geom`, file);
    expect(checked.code, checked.err + checked.out).toBe(0);
    const run = await index(file, name);
    expect(run.code, run.err).toBe(0);
    expect(peaksOf(name)).toEqual([5, 5]);
    const found: number[] = [];
    const options = { cells: [], peaks: { threshold: 100, minSnr: 4 } } as const;
    for await (const item of context.pipeline({ inputs: at(file), geometry: at(`${name}.geom`), ...options }))
      found.push(item.error ? -1 : item.result.peaks.count);
    expect(found).toEqual([5, 5]);
  });

  test('and does not exist is refused everywhere, with what there is', async () => {
    for (const [file, name] of [
      ['two.h5', 'absent'],
      ['own.h5', 'absent'],
      ['own.h5', 'group'],
    ] as const) {
      const stated = name === 'group' ? '/group' : '/no/such';
      const there = file === 'own.h5' ? '/group/bright (2 × 64 × 64 u16)' : '/bright (2 × 64 × 64 u16)';
      for (const { code, err } of [
        await ewald('geometry', 'check', `${name}.geom`, file),
        await index(file, name),
        await ewald('cell', file, '-g', `${name}.geom`, '--backend', 'wasm'),
      ]) {
        expect(err).toContain(`data = ${stated}`);
        expect(err).toContain(there);
        expect(code, err).toBe(2);
      }
      const run = context.pipeline({ inputs: at(file), geometry: at(`${name}.geom`), cells: [] });
      await refused(() => run.next(), 'Argument', `data = ${stated}`, there);
    }
  });

  test('is compared with the one from which open frames come', async () => {
    const given = parseGeometry(geometry('data = /bright'));
    const dark = await open(at('two.h5'), { dataset: '/dark' });
    await refused(() => context.detector(dark, { geometry: given }), 'Argument', '/dark', "{ dataset: '/bright' }");
    await refused(
      () => context.pipeline({ inputs: dark, geometry: at('bright.geom'), cells: [] }).next(),
      'Argument',
      "{ dataset: '/bright' }",
    );
    await dark.dispose();
    const bright = await open(at('two.h5'), { dataset: '/bright' });
    for (const path of ['/bright', '/link'])
      await context.detector(bright, { geometry: parseGeometry(geometry(`data = ${path}`)) });
    await bright.dispose();
  });
});

test('a geometry that states no dataset leaves the choice to the file, which may ask', async () => {
  expect((await ewald('geometry', 'check', 'silent.geom', 'own.h5')).code).toBe(0);
  const { code, err } = await index('two.h5', 'silent');
  expect(code).toBe(2);
  expect(err).toContain('name one with --dataset: ');
});

test('--dataset is read instead of the dataset of the geometry, and stated in the stream', async () => {
  const { code, err } = await index('own.h5', 'within', '--dataset', '/dark');
  expect(code, err).toBeLessThan(2);
  expect(peaksOf('within')).toHaveLength(40);
  expect(readFileSync(at('within.stream'), 'utf8')).toContain('p/data = /dark\n');
});

test('frames in the place of the geometry are refused', async () => {
  for (const second of ['bright.geom', 'own.h5']) {
    const { code, err } = await ewald('geometry', 'check', 'two.h5', second);
    expect(code).toBe(2);
    expect(err).toContain('two.h5 holds frames');
    expect(err).toContain('expected a geometry first');
  }
});
