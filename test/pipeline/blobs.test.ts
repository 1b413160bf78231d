/** Runs over frames in Blobs and Files, which have no neighbours and perhaps no name. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, cellFromParameters, createContext, type PipelineOptions } from 'ewald';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { simulateFrames } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';

type Inputs = PipelineOptions['inputs'];

const folder = mkdtempSync(join(tmpdir(), 'ewald-blobs-'));
let ctx: Context;
let executor: Executor;
let [bytes, other] = [new Uint8Array(), new Uint8Array()];
const cell = cellFromParameters(44, 57, 68, 82, 97, 104);
let geometry = '';
let onPath: Awaited<ReturnType<typeof run>>;
beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', strict: true });
  executor = await Executor.workers({ workers: 2, context: { backend: 'wasm', strict: true } });
  // The dead pixels of simulated frames are in a mask of their file, which the geometry names.
  const small = { detectorPx: [96, 96], distanceMm: 20, images: 2, badPixels: 0.001, modules: [2, 1] } as const;
  for (const [name, seed] of [
    ['one', 11],
    ['two', 12],
  ] as const)
    await simulateFrames(folder, { ...small, seed, cell }, { name });
  const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(folder, name)));
  [bytes, other] = [read('one.h5'), read('two.h5')];
  geometry = readFileSync(join(folder, 'one.geom'), 'utf8');
  onPath = await run(join(folder, 'one.h5'));
});
afterAll(async () => {
  await executor.dispose();
  await ctx.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** The peaks of each frame, and the names under which the frames are in the stream. */
async function run(inputs: Inputs, options: Partial<PipelineOptions> = {}) {
  const given = { geometry: new Blob([geometry]), cells: ['44,57,68,82,97,104'], peaks: { threshold: 40 }, ...options };
  const [peaks, names]: [string[], string[]] = [[], []];
  for await (const { chunk, error } of ctx.pipeline({ inputs, ...given })) {
    if (error) throw error;
    peaks.push(
      (chunk?.peaks ?? [])
        .map(({ fs, ss }) => fs + ss)
        .join(' ')
        .slice(0, 400),
    );
    names.push(`${chunk?.filename} ${chunk?.event}`);
  }
  return { peaks, names };
}
const blob = (): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>]);
const file = (name: string, content = bytes): File => new File([content as Uint8Array<ArrayBuffer>], name);

describe('frames in a Blob, with their simulated geometry, whose mask is in the file of the frames', () => {
  const given: readonly (readonly [string, (name: string) => Inputs, string])[] = [
    ['a Blob', () => blob(), 'inputs'],
    ['a list of one Blob', () => [blob()], 'inputs[0]'],
    ['a Blob with a name', (filename) => ({ file: blob(), filename }), 'x.h5'],
    ['a File', (name) => file(name), 'x.h5'],
    ['a File with another name', (filename) => ({ file: file('y.h5'), filename }), 'x.h5'],
    ['a list in a Blob', () => ({ list: blob() }), 'the list'],
    [
      'an iterable of Blobs',
      async function* () {
        yield blob();
      },
      'inputs[0]',
    ],
  ];
  for (const where of ['on this thread', 'on workers'])
    test.for(given)(`%s, ${where}`, async ([, inputs, name]) => {
      const { peaks, names } = await run(inputs('x.h5'), where === 'on workers' ? { executor } : {});
      expect(peaks).toEqual(onPath.peaks);
      expect(names).toEqual([`${name} //0`, `${name} //1`]);
    });

  test('an open dataset', async () => {
    const dataset = await open(blob());
    expect((await run(dataset)).peaks).toEqual(onPath.peaks);
    await dataset.dispose();
  });
});

test('two Blobs are two files, and the mask of each run is that of its File', async () => {
  const two = await run(join(folder, 'two.h5'));
  expect(two.peaks).not.toEqual(onPath.peaks);
  const both = await run([join(folder, 'one.h5'), join(folder, 'two.h5')]);
  expect((await run([blob(), new Blob([other as Uint8Array<ArrayBuffer>])])).peaks).toEqual(both.peaks);
  expect((await run(file('x.h5'), { executor })).peaks).toEqual(onPath.peaks);
  expect((await run(file('x.h5', other), { executor })).peaks).toEqual(two.peaks);
});

test('different Files of one name are refused, and one File may be given twice', async () => {
  const [one, two] = [file('x.h5'), file('x.h5', other)];
  const each = async function* () {
    yield one;
    yield two;
  };
  await refused(() => run([one, two]), 'Argument', 'two of the Files are called x.h5', '{ file, filename }');
  await refused(() => run(each()), 'Argument', 'two of the Files are called x.h5');
  const frames = [0, 1].map((frame) => ({ file: one, frames: [frame] }));
  expect((await run(frames)).peaks).toEqual((await run(one)).peaks);
});

test.for(['on this thread', 'on workers'])('a mask in a separate file is given with the frames, %s', async (where) => {
  const geom = geometry.replace('p0/mask0_data', 'p0/mask0_file = masks/dead.h5\n$&');
  expect(geom).toContain('dead.h5');
  const how = { geometry: new Blob([geom]), ...(where === 'on workers' ? { executor } : {}) };
  const { peaks } = await run([file('x.h5'), file('dead.h5')], how);
  expect(peaks).toEqual(onPath.peaks);
  await refused(() => run(blob(), how), 'Format', 'masks/dead.h5', 'choose it together with the frames');
});

test('workers in other processes cannot be given Files', async () => {
  const far = { kind: 'nats', slots: 1, share: async () => ({ hash: '' }), run: async function* () {} };
  await refused(() => run(file('x.h5'), { executor: far }), 'Argument', 'x.h5 is a File in this process');
});
