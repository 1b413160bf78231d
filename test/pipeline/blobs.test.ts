/** Runs over frames in Blobs and Files, which have no neighbours and perhaps no name. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Context, cellFromParameters, createContext, type PipelineOptions, type RunEvent } from 'ewald';
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

test('what is given twice as a whole is named once and searched once, also a File, its bytes or a dataset', async () => {
  const one = file('x.h5');
  const sent = { bytes, name: 'y.h5' };
  const dataset = await open(blob());
  const warnings: string[] = [];
  const onEvent = (event: RunEvent): void => void (event.kind === 'warning' && warnings.push(event.text));
  for (const twice of [
    [one, one],
    [one, { file: one }],
    [sent, sent],
    [
      { dataset, filename: 'z' },
      { dataset, filename: 'z' },
    ],
  ] as const) {
    warnings.length = 0;
    expect((await run(twice as Inputs, { onEvent })).peaks).toEqual(onPath.peaks);
    expect(warnings).toEqual([expect.stringMatching(/^[xyz](\.h5)? is given twice; it is read once$/)]);
  }
  // Under another name, it is meant to be another file.
  const two = await run([one, { file: one, filename: 'other.h5' }]);
  expect(two.names).toEqual(['x.h5 //0', 'x.h5 //1', 'other.h5 //0', 'other.h5 //1']);
  await dataset.dispose();
});

test('geometry and cell are files, or their texts, in which lines end', async () => {
  const text = `CrystFEL unit cell file version 1.0\n\nlattice_type = triclinic\n
a = 44 A\nb = 57 A\nc = 68 A\nal = 82 deg\nbe = 97 deg\nga = 104 deg\n`;
  const cells = async (given: unknown): Promise<unknown> => {
    for await (const { chunk } of ctx.pipeline({
      inputs: file('x.h5'),
      geometry,
      cells: given as PipelineOptions['cells'],
      peaks: { threshold: 40 },
    }))
      return chunk?.crystals.length;
  };
  const named = await cells([new Blob([text])]);
  expect(named).toBeGreaterThan(0);
  expect(await cells([text])).toBe(named);
  await refused(() => cells(text), 'Argument', 'cells is the text of a cell', 'cells: [text]');
  await refused(() => cells(['lattice_type = triclinic\na = 44 A\n']), 'Format', 'the cell lacks b, c, al, be, ga');
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

describe('what comes from elsewhere opens nothing that its sender names', () => {
  const at = (name: string): string => join(folder, name);
  const page = new URL('http://127.0.0.1:9/frames.h5').href;
  test.for<[string, (text: string) => Inputs]>([
    ['a File', (text) => new File([text], 'frames.h5')],
    ['a File with the name of a list', (text) => new File([text], 'files.lst')],
    ['a Blob', (text) => new Blob([text])],
    ['bytes', (text) => new TextEncoder().encode(text)],
    ['named bytes', (text) => ({ bytes: new TextEncoder().encode(text), name: 'files.lst' })],
    ['a File with a name of its own', (text) => ({ file: new File([text], 'x'), filename: 'files.lst' })],
    ['a list in a File', (text) => ({ list: new File([text], 'files.lst') })],
    ['a list in bytes', (text) => ({ list: new TextEncoder().encode(text) })],
    [
      'Files of an iterable',
      async function* (text) {
        yield new File([text], 'files.lst');
      },
    ],
  ])('%s', async ([, inputs]) => {
    for (const text of [at('one.h5'), page, 'one.h5', `file://${at('one.h5')}`, '../one.h5']) {
      const error = await run(inputs(`${text}\n`)).then(String, String);
      expect(error).toMatch(/is a text, which holds no frames|not in its folder|none of the known formats/);
    }
  });

  test('a path is a list if its name says so, and stays in its folder unless the caller allows more', async () => {
    const lists = join(folder, 'lists');
    mkdirSync(lists, { recursive: true });
    const list = (name: string, text: string): string => {
      writeFileSync(join(lists, name), `${text}\n`);
      return join(lists, name);
    };
    copyFileSync(at('one.h5'), join(lists, 'own.h5'));
    expect((await run(list('own.lst', 'own.h5'))).peaks).toEqual(onPath.peaks);
    expect((await run({ list: list('whole', join(lists, 'own.h5')) })).peaks).toEqual(onPath.peaks);
    await refused(() => run(list('upload.h5', at('one.h5'))), 'Format', 'is a text, which holds no frames', '{ list }');
    for (const text of ['../one.h5', at('one.h5'), page, 'x/../../one.h5', `file://${at('one.h5')}`]) {
      const outer = list('outer.lst', text);
      await refused(
        () => run({ list: outer }),
        'File',
        `names ${text}, which is not in its folder`,
        'allowOutside: true',
      );
      await refused(() => run(pathToFileURL(outer)), 'File', 'which is not in its folder');
    }
    const outer = list('outer.lst', '../one.h5');
    expect((await run(outer, { allowOutside: true })).peaks).toEqual(onPath.peaks);
    expect((await run(outer, { allowOutside: [folder] })).peaks).toEqual(onPath.peaks);
    await refused(() => run(outer, { allowOutside: [lists] }), 'File', 'not in its folder');
    await refused(() => run(outer, { allowOutside: 'here' as never }), 'Argument', 'allowOutside is "here"');
    const prefix = `${folder}/`;
    expect((await run({ list: new Blob(['one.h5\n']), prefix })).peaks).toEqual(onPath.peaks);
    await refused(() => run({ list: new Blob(['lists/../../one.h5\n']), prefix }), 'File', 'not in its folder');
  });

  test('the list of a server names files below its own folder', async () => {
    const names = (text: string, how = {}) =>
      run({ list: new File([`${text}\n`], 'l'), prefix: 'http://127.0.0.1:9/a/', ...how });
    for (const text of ['../b.h5', 'x%2f..%2f..%2fb.h5']) await refused(() => names(text), 'File', 'not in its folder');
  });

  test('a mask in a file lies beside its geometry or its frames', async () => {
    const geom = (file: string): string => geometry.replaceAll(/p\d\/mask0_data/g, `p0/mask0_file = ${file}\n$&`);
    const far = mkdtempSync(join(tmpdir(), 'ewald-geometry-'));
    try {
      copyFileSync(at('one.h5'), join(far, 'mask.h5'));
      const frames = at('one.h5');
      for (const file of [join(far, 'mask.h5'), `../${basename(far)}/mask.h5`, page]) {
        const given = { geometry: new Blob([geom(file)]) };
        await refused(() => run(frames, given), 'File', 'the geometry names', file, 'allowOutside: true');
      }
      expect((await run(frames, { geometry: geom(at('one.h5')) })).peaks).toEqual(onPath.peaks);
      expect((await run(frames, { geometry: geom('one.h5'), executor })).peaks).toEqual(onPath.peaks);
      writeFileSync(join(far, 'run.geom'), geom('mask.h5'));
      expect((await run(frames, { geometry: join(far, 'run.geom') })).peaks).toEqual(onPath.peaks);
      const allowed = { geometry: geom(join(far, 'mask.h5')), allowOutside: true };
      expect((await run(frames, allowed)).peaks).toEqual(onPath.peaks);
      const dataset = await open(frames);
      await refused(() => run(dataset, { geometry: geom(join(far, 'mask.h5')) }), 'File', 'allowOutside');
      await dataset.dispose();
    } finally {
      rmSync(far, { recursive: true, force: true });
    }
  });
});
